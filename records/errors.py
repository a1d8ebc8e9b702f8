"""Every error the records raise on purpose.

RecordsError
├── DatabaseAddressError      a database address that cannot be used: not an address, or of no known kind
├── DatabaseUnavailableError  the database cannot be reached or is held by another for too long; worth trying again
└── SchemaTooNewError         the database was brought up to date by a newer version of the program
"""

from __future__ import annotations


class RecordsError(Exception):
    """Base of the records' errors; its text is fit to be shown to a person."""


class DatabaseAddressError(RecordsError):
    """The address of the database is of no use. Never repeats the address: it may bear a password."""


class DatabaseUnavailableError(RecordsError):
    """The database does not answer, or another writer holds it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"پایگاه داده در دسترس نیست ({reason}). کمی بعد دوباره تلاش کنید.")


class SchemaTooNewError(RecordsError):
    """The stored schema is of a revision that this program does not know."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"پایگاه داده با نسخه‌ی تازه‌تری از برنامه به‌روز شده است (ویرایش {revision})؛ برنامه را به‌روز کنید."
        )
