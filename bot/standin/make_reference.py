"""Writes the compact copy of the Bot API reference that the stand-in checks calls against.

``python -m bot.standin.make_reference ../shared/reference/telegram_bot_api.json`` rewrites ``bot_api.json`` beside this
module. In the copy a field is one word, its types joined by ``|`` and ended by ``!`` when it is required
(``"Integer|String!"``); a type is an object of fields, or the list of the types it stands for.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

COPY = Path(__file__).with_name("bot_api.json")


def _fields(fields: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: "|".join(field["types"]) + "!" * field["required"] for name, field in fields.items()}


def compact(reference: dict[str, Any]) -> str:
    """The reference in the form of the committed copy, as one line of JSON."""
    copy = {
        "version": reference["version"],
        "methods": {
            name: {"returns": "|".join(method["returns"]), "fields": _fields(method["fields"])}
            for name, method in reference["methods"].items()
        },
        "types": {
            name: kind["subtypes"] if kind.get("subtypes") else _fields(kind["fields"])
            for name, kind in reference["types"].items()
        },
    }
    return json.dumps(copy, ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Read the reference named on the command line and rewrite the copy."""
    parser = argparse.ArgumentParser(prog="python -m bot.standin.make_reference", description=__doc__)
    parser.add_argument("reference", type=Path, help="telegram_bot_api.json: every method and type of the Bot API")
    reference = json.loads(parser.parse_args().reference.read_text(encoding="utf-8"))
    COPY.write_text(compact(reference), encoding="utf-8")


if __name__ == "__main__":
    main()
