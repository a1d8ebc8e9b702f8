"""Every error the project raises on purpose.

KhedmatyarError
├── DataError            a data file (or a staff edit) does not hold together: file, service, field, reason
│   └── DataFileError    the file cannot be read at all: missing, not YAML, not UTF-8
├── UnknownServiceError  a service code that the catalogue does not have
├── UnknownBureauError   a bureau slug that the catalogue does not have
├── NoWorkflowError      the booklet shows no workflow for the service, so there is nothing to draw
├── DrawingError         a workflow could not be drawn
└── ModelError           the finder's artefact is missing, damaged or of other data
"""

from __future__ import annotations

from dataclasses import dataclass


class KhedmatyarError(Exception):
    """Base of all errors raised on purpose; its text is fit to be shown to a person."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one place of the data. `reason` is Persian, for the person who edits the file."""

    file: str
    service: str | None
    field: str | None
    reason: str

    def __str__(self) -> str:
        place = " · ".join(part for part in (self.file, self.service, self.field) if part)
        return f"{place}: {self.reason}"


class DataError(KhedmatyarError):
    """The data does not hold together; `problems` names every place found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class DataFileError(DataError):
    """A data file that cannot be read as YAML text."""


class UnknownServiceError(KhedmatyarError, KeyError):
    """No service has this code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"خدمتی با کد «{code}» در فهرست نیست.")

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownBureauError(KhedmatyarError, KeyError):
    """No bureau has this slug."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"دفتری با نام «{slug}» در فهرست نیست.")

    def __str__(self) -> str:
        return str(self.args[0])


class NoWorkflowError(KhedmatyarError):
    """The service has no workflow in the booklet."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"کتابچه مراحل انجام خدمت «{code}» را ننوشته است.")


class DrawingError(KhedmatyarError):
    """A workflow could not be drawn; `cause` names what went wrong, for the log."""

    def __init__(self, cause: str = "") -> None:
        self.cause = cause
        super().__init__("نمودار این خدمت کشیده نشد.")


class ModelError(KhedmatyarError):
    """The finder's stored model cannot be used."""
