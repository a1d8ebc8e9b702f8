"""Telegram and Bale over python-telegram-bot: updates come in as turns, parts of replies go out.

`api` (the bot and its HTTP), `dialect` (what differs between the two), `updates` (an update as a Turn or an event),
`intake` (one update to its commit), `polling` and `webhook` (where updates come from), `sender` (parts to messages),
`inline` and `commands` (Telegram only).
"""
