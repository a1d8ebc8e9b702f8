"""One call's arguments: decoded, checked against the reference, with the files that came with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.standin.errors import Json, MistakeError
from bot.standin.schema import Method, decode, reference
from bot.standin.wire import Upload

_ATTACH = "attach://"


class Arguments:
    """The fields of a call by name. ``values`` holds what was sent, decoded; uploads stand in ``files``."""

    def __init__(self, method: Method, raw: Mapping[str, Any], files: dict[str, Upload]) -> None:
        self.method = method
        self.files = files
        self.used: set[str] = set()
        self.values: Json = dict(raw)
        self._raw = raw

    def read(self, *, check: bool, extra: frozenset[str] = frozenset()) -> None:
        """Decode every field, and with ``check`` hold it against the reference; ``extra`` names fields it lacks.

        Raises:
            MistakeError: an unknown field, a missing one, or a value of no declared type.
        """
        fields = self.method.fields
        for name, raw in self._raw.items():
            if name in fields:
                self.values[name] = decode(self.method, name, raw)
            elif check and name not in extra:
                raise MistakeError(name, f'{self.method.name} has no field "{name}"')
        if check:
            self._check()

    def _check(self) -> None:
        fields = self.method.fields
        for name in self.method.required:
            if name not in self.values and name not in self.files:
                raise MistakeError(name, f"{name.replace('_', ' ')} is required", self._missing(name))
        for name, value in self.values.items():
            kinds = fields.get(name)
            problem = reference().check(kinds, value, name) if kinds else None
            if problem is not None:
                raise MistakeError(problem[0], f"{name}: {problem[0]} {problem[1]}")
        for name in self.files:
            if name in fields and "InputFile" not in fields[name]:
                raise MistakeError(name, f"{name} does not take a file")

    @staticmethod
    def _missing(name: str) -> str:
        return {
            "chat_id": "Bad Request: chat_id is empty",
            "text": "Bad Request: message text is empty",
            "message_id": "Bad Request: message identifier is not specified",
        }.get(name, f'Bad Request: parameter "{name}" is required')

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field, or ``default`` when it was not sent."""
        return self.values.get(name, default)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def file(self, name: str) -> Upload | str | None:
        """The upload sent as (or attached to) the field ``name``; the text of the field when it names no upload."""
        if name in self.files:
            self.used.add(name)
            return self.files[name]
        return self.attached(self.values.get(name), name)

    def attached(self, value: Any, where: str) -> Upload | str | None:
        """The upload that ``attach://…`` names; any other text as it is.

        Raises:
            MistakeError: no such upload came with the call.
        """
        if not isinstance(value, str) or not value.startswith(_ATTACH):
            return value if isinstance(value, str) else None
        name = value.removeprefix(_ATTACH)
        if name not in self.files:
            raise MistakeError(where, f"{value} names no file of this call", "Bad Request: can't find attached file")
        self.used.add(name)
        return self.files[name]

    def unused_files(self) -> list[str]:
        """Uploads that no field names."""
        return [name for name in self.files if name not in self.used and name not in self.method.fields]
