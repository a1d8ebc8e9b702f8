"""What cannot be done with a complaint.

RecordsError
└── ComplaintError           something asked of a complaint cannot be done
    ├── TrackingCodeError    the text is no tracking code, or it was mistyped
    ├── TransitionError      a complaint cannot go from this state to that one
    ├── ChangedError         somebody else changed the complaint first
    └── CodesExhaustedError  no free tracking code was found
"""

from __future__ import annotations

from records.errors import RecordsError


class ComplaintError(RecordsError):
    """Something asked of a complaint cannot be done."""


class TrackingCodeError(ComplaintError):
    """No sound tracking code. `typed` is what was given."""

    def __init__(self, typed: str) -> None:
        self.typed = typed
        super().__init__("کد درست نوشته نشده است.")


class TransitionError(ComplaintError):
    """A state may not follow another."""

    def __init__(self, before: str, after: str) -> None:
        self.before = before
        self.after = after
        super().__init__(f"شکایت از وضعیت {before} به {after} نمی‌رود.")


class ChangedError(ComplaintError):
    """The complaint is no longer as the caller saw it: somebody was quicker, or it is gone."""

    def __init__(self, complaint: int) -> None:
        self.complaint = complaint
        super().__init__("این شکایت همین حالا به دست کس دیگری تغییر کرد.")


class CodesExhaustedError(ComplaintError):
    """Every tracking code drawn was taken already."""

    def __init__(self) -> None:
        super().__init__("کد رهگیری تازه‌ای ساخته نشد.")
