"""Top floor: channels and running. Telegram/Bale, web chat, terminal, settings, command line, wiring."""
