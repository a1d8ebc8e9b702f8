"""Where personal text is sealed before it is stored, and opened when it is read."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Seals and opens one text. `opened(sealed(text)) == text`; a sealed text is plain ASCII or the text itself."""

    def sealed(self, text: str) -> str:
        """The text as it is stored."""
        ...

    def opened(self, stored: str) -> str:
        """The text that was stored."""
        ...


class PlainVault:
    """Keeps the text as it is: for an operator who gave no key."""

    def sealed(self, text: str) -> str:
        return text

    def opened(self, stored: str) -> str:
        return stored


PLAIN = PlainVault()
