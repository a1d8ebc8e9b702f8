"""Our own backup format: a ZIP with `manifest.json` and one member of JSON lines a table, a row a line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Table

from records.errors import BackupError
from records.holdings import PAGE, DatabaseSource, RowValues, Sum, Summing, decoded, encoded

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `columns` in the order of the tables' references; `highest`: ids given so far."""

    kind: Literal["sqlite", "pg_dump", "portable"]
    revision: str
    columns: Mapping[str, tuple[str, ...]]
    highest: Mapping[str, int]
    sums: dict[str, Sum]

    def as_json(self) -> str:
        """The manifest as it stands in the archive."""
        tables = {
            name: {
                "columns": columns,
                "rows": self.sums[name].count,
                "digest": self.sums[name].digest,
                "highest": self.highest.get(name),
            }
            for name, columns in self.columns.items()
        }
        plain = {"khedmatyar": FORMAT, "kind": self.kind, "revision": self.revision, "tables": tables}
        return json.dumps(plain, indent=1)


def read_manifest(path: Path) -> Manifest:
    """The manifest of an archive; BackupError when it is none of ours."""
    with zipfile.ZipFile(path) as archive:
        try:
            plain = json.loads(archive.read(MANIFEST))
            if plain["khedmatyar"] != FORMAT or plain["kind"] not in ("pg_dump", "portable"):
                raise BackupError(f"قالب پشتیبان {path} شناخته نیست؛ با نسخه‌ی دیگری از برنامه ساخته شده است.")
            tables = plain["tables"]
            return Manifest(
                plain["kind"],
                plain["revision"],
                {name: tuple(one["columns"]) for name, one in tables.items()},
                {name: one["highest"] for name, one in tables.items() if one["highest"] is not None},
                {name: Sum(one["rows"], one["digest"]) for name, one in tables.items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BackupError(f"فایل {path} پشتیبان خدمت‌یار نیست.") from None


async def put_rows(archive: zipfile.ZipFile, source: DatabaseSource) -> Manifest:
    """Write every table into the archive."""
    sums = {}
    for name, columns in source.columns.items():
        summing = Summing()
        with archive.open(_member(name), "w", force_zip64=True) as member:
            async for rows in source.pages(source.table(name), columns):
                summing.add(rows)
                member.write("".join(encoded(row) + "\n" for row in rows).encode())
        sums[name] = summing.sum
    return Manifest("portable", source.revision, source.columns, source.highest, sums)


class DumpSource:
    """Such an archive as the source of a copy."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._path = path
        self._manifest = manifest
        self.revision = manifest.revision
        self.columns: Mapping[str, tuple[str, ...]] = manifest.columns
        self.highest: Mapping[str, int] = manifest.highest

    def prove(self) -> None:
        """BackupError unless every member is as it was written and bears what the manifest says."""
        with zipfile.ZipFile(self._path) as archive:
            for name, was in self._manifest.sums.items():
                summing = Summing()
                try:
                    with archive.open(_member(name)) as member:
                        for line in member:
                            summing.add([tuple(json.loads(line))])
                except (KeyError, ValueError):
                    raise BackupError(f"در پشتیبان {self._path} جدول {name} نیست یا خراب است.") from None
                if summing.sum != was:
                    raise BackupError(f"در پشتیبان {self._path} جدول {name} آن نیست که نوشته شده بود.")

    async def pages(self, table: Table, columns: tuple[str, ...]) -> AsyncIterator[list[RowValues]]:
        with zipfile.ZipFile(self._path) as archive, archive.open(_member(table.name)) as member:
            page = []
            for line in member:
                page.append(decoded(line.decode(), table, columns))
                if len(page) == PAGE:
                    yield page
                    page = []
            if page:
                yield page


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"
