"""Columns whose text is sealed on its way into the database and opened on its way out, by the vault in use."""

from __future__ import annotations

from sqlalchemy import Dialect, Text, TypeDecorator

from records.vault import PLAIN, Vault


class _Use:
    vault: Vault = PLAIN


def use(vault: Vault) -> None:
    """Set the vault of all `SealedText` columns of this process; once, before the first turn."""
    _Use.vault = vault


class SealedText(TypeDecorator[str]):
    """Text that the vault in use seals. Not to be searched or compared in SQL: the same text is stored otherwise each
    time.

    Raises (when a row is read):
        UnknownKeyError, DamagedSecretError: see `records.vault`.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _Use.vault.sealed(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _Use.vault.opened(value)
