"""Every error the records raise on purpose.

RecordsError
├── DatabaseAddressError      a database address that cannot be used: not an address, or of no known kind
├── DatabaseUnavailableError  the database cannot be reached or is held by another for too long; worth trying again
├── SchemaTooNewError         the database was brought up to date by a newer version of the program
├── SchemaTooOldError         the database must be upgraded by command before the program runs on it
├── UnfinishedCopyError       a move or restore into the database began and did not end
├── VaultError                a sealed text or its key is of no use
│   ├── WeakKeyError          a key that is too short, too long, or not random
│   ├── UnknownKeyError       a text was sealed with a key that is not at hand
│   └── DamagedSecretError    a sealed text was changed or cut short
└── BackupError               a backup, restore or move could not be done, or did not come out the same
    ├── TargetNotEmptyError   what is to be restored or moved into already holds records
    ├── UnfitValueError       a value that the other database cannot hold
    └── CopyMismatchError     counts or checksums differ after copying
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
        if "disk" in reason:
            told = f"دیسک یا سهمیه پر است، یا دیسک خراب ({reason}). آنچه نوشته شده بود سالم است؛ جا باز کنید."
        else:
            told = f"پایگاه داده در دسترس نیست ({reason}). کمی بعد دوباره تلاش کنید."
        super().__init__(told)


class SchemaTooNewError(RecordsError):
    """The stored schema is of a revision that this program does not know."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"پایگاه داده با نسخه‌ی تازه‌تری از برنامه به‌روز شده است (ویرایش {revision})؛ برنامه را به‌روز کنید."
        )


class SchemaTooOldError(RecordsError):
    """The stored schema is older than the program, which upgrades this kind of database by command only."""

    def __init__(self, revision: str, wanted: str) -> None:
        self.revision = revision
        self.wanted = wanted
        super().__init__(
            f"پایگاه داده در ویرایش {revision} است و برنامه {wanted} می‌خواهد. نخست این فرمان را اجرا کنید: "
            "khedmatyar db upgrade"
        )


class UnfinishedCopyError(RecordsError):
    """A move or a restore was cut short: what the database holds is not whole."""

    def __init__(self) -> None:
        super().__init__(
            "انتقال یا بازگردانی در این پایگاه داده نیمه‌کاره مانده است؛ همان فرمان (khedmatyar db move یا restore) را "
            "دوباره اجرا کنید تا تمام شود."
        )


class VaultError(RecordsError):
    """Something is wrong with a sealed text or a key."""


class WeakKeyError(VaultError):
    """A key that must not be used. `reason` is Persian; the key itself is never repeated."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"کلید رمزنگاری پذیرفته نیست: {reason}. کلید تازه: khedmatyar db key")


class UnknownKeyError(VaultError):
    """Sealed with another key. `identity`: which; empty when the stored text does not tell any more."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        super().__init__(
            f"این نوشته با کلید «{identity or 'ناشناخته'}» رمز شده است که در دست نیست؛ آن را در KHEDMATYAR_DATA_KEY یا "
            "KHEDMATYAR_DATA_KEYS_OLD بگذارید."
        )


class DamagedSecretError(VaultError):
    """It does not open with the key that sealed it."""

    def __init__(self) -> None:
        super().__init__("نوشته‌ی رمزشده آسیب دیده است و با کلید خودش هم باز نمی‌شود.")


class BackupError(RecordsError):
    """A backup, a restore or a move could not be done; what was there before is as it was."""


class TargetNotEmptyError(BackupError):
    """The target holds records. `tables`: which tables."""

    def __init__(self, tables: tuple[str, ...]) -> None:
        self.tables = tables
        super().__init__(
            f"پایگاه داده‌ی مقصد خالی نیست ({'، '.join(tables)}). بازگردانی و انتقال تنها در پایگاه خالی انجام می‌شود."
        )


class UnfitValueError(BackupError):
    """A value does not fit the target's column. The value itself is not repeated: it may be personal."""

    def __init__(self, table: str, key: str, column: str, reason: str) -> None:
        super().__init__(f"جدول {table}، سطر {key}، ستون {column}: {reason}؛ PostgreSQL آن را نمی‌پذیرد.")


class CopyMismatchError(BackupError):
    """What was copied is not the same. `tables`: which tables."""

    def __init__(self, tables: tuple[str, ...]) -> None:
        self.tables = tables
        super().__init__(f"پس از رونوشت، شمار یا چکیده‌ی این جدول‌ها یکی نبود: {'، '.join(tables)}.")
