"""Where else to go: the confirmed contacts (سامد 111, فواد 128), one line each."""

from __future__ import annotations

from functools import cache

from handlers.reply import Items
from knowledge.tables import Contact, load_contacts


@cache
def contact_items() -> Items:
    """The contacts as a list."""
    return Items(tuple(_line(contact) for contact in load_contacts().values()))


def _line(contact: Contact) -> str:
    note = f" ({contact.phone_note})" if contact.phone_note else ""
    line = f"{contact.name}، {contact.full_name}: تلفن {contact.phone}{note}؛ {contact.use_for}."
    if contact.asks_for:
        line += f" می‌پرسد: {'، '.join(contact.asks_for)}."
    if contact.gives:
        line += f" می‌دهد: {contact.gives}."
    if contact.follow_up:
        line += f" پیگیری: {contact.follow_up}"
    return line
