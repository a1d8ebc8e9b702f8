"""Updates that no honest client sends: every kind and every type of message, then broken; hostile words in all of them.

All choices come from one `random.Random`, so a seed names a run, and hypothesis can play the chooser and shrink.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

Json = dict[str, Any]

PEOPLE = tuple(range(1001, 1041))
"""Ids of people (and of their private chats) that most updates are of."""

GROUP = -1009
STAFF = (1001, 1002, 1003)
"""Of these people, an admin, an officer and an editor, where the harness makes them so."""

LONG = 100_000

WORDS = (
    *(
        "سلام",
        "می‌خواهم پهپاد پرواز بدهم",
        "مدارکش چیه؟",
        "شکایت دارم",
        "شکایتم چه شد",
        "کارت اتباع خارجی",
        "پیگیری",
        "۲",
    ),
    *("", " ", "\n\n\n", "؟", ".", "/", "/start", "/start s_nothing", "/start@bot", "/help", "/cancel", "/forget"),
    *("/desk", "/staff add 1 2 3", "/announce", "/edit", "/export", "/stats", "/misses", "/complaint", "/nothing ' --"),
    *(
        "کد ملی من 0012345679 است",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "6037-9912-3456-7893",
        "'; DROP TABLE updates; --",
        "{{7*7}}",
        "%s%n%x",
    ),
    *(
        "<b>",
        "</b><script>alert(1)</script>",
        "&amp;&lt;&#0;",
        "<a href='javascript:x'>x</a>",
        "*_[`](~)`_*",
        "#let x = 1",
    ),
    *(
        "\u202eمتن وارونه\u202c",
        "\u2066a\u2067b\u2068c\u2069",
        "م\u200c\u200c\u200cی",
        "\u200b\u200d\u2060\ufeff",
        "\x00",
        "a\x00b",
    ),
    *("\x1b[31mred", "\r\nINFO fake log line", "\ud800", "\udfff\ud800", "\ufffe\uffff", "👨‍👩‍👧‍👦🇮🇷", "e\u0301" * 30),
    *("كيك يأجوج", "ﷺ ﷲ ﻻ", "٠١٢٣٤٥٦٧٨٩", "۰" * 40, "0" * 4096, "ا" * 4097, "ـ" * 5000, "\u0652" * 2000),
    *("=cmd|' /C calc'!A0", "../../etc/passwd", "file:///etc/passwd", "http://[::1", "https://a.ir/?" + "q" * 900),
)
VERBS = (
    *(
        "s",
        "bb",
        "bd",
        "cnew",
        "csend",
        "cdone",
        "cview",
        "crate",
        "cfile",
        "dcard",
        "dtake",
        "dwrite",
        "dgive",
        "dstat",
    ),
    *(
        "dsrole",
        "forgetyes",
        "home",
        "ms",
        "msok",
        "nvote",
        "nwgo",
        "nwyes",
        "nwrecall",
        "nyes",
        "pic",
        "pdf",
        "up",
        "upok",
    ),
    *("upf", "link", "yes", "none", "not", "next", "nothing", "S", "s:s", ""),
)
ARGUMENTS = (
    "",
    "1",
    "0",
    "-1",
    "99999999999999999999",
    "admin-52",
    "x" * 40,
    "ب",
    "../..",
    "a;b",
    "\u202e",
    "1'--",
    "٣",
)
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**30, 0.5, -1e308, "", "0", "x", "\x00", "\ud83d"),
    *([], [None], [[[[]]]], {}, {"id": None}, {"": {}}, {"id": {"id": {"id": 1}}}, "\u202e" * 50),
)


def hostile_update(chance: Random, number: int) -> Json:
    """The update of this number: most are of a good form with hostile content, a third is broken in places."""
    kind = chance.choice(_LIKELY)
    update: Json = {"update_id": number, kind: _KINDS[kind](chance, number)}
    if chance.random() < 0.03:
        other = chance.choice(tuple(_KINDS))
        update[other] = _KINDS[other](chance, number)
    if chance.random() < 0.25:
        for _ in range(chance.randint(1, 4)):
            _break(chance, update)
    if chance.random() < 0.01:
        update["update_id"] = _odd(chance)
    return update


def hostile_text(chance: Random) -> str:
    """Words that somebody might send to break something."""
    pieces = [chance.choice(WORDS) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    text = chance.choice(("", " ", "\u200c", "\n")).join(pieces)
    if chance.random() < 0.002:
        return (text or "ا") * (LONG // max(1, len(text)))
    return text[: chance.choice((4096, 4096, 5000))]


def _break(chance: Random, update: Json) -> None:
    """Take away, replace or add one thing somewhere below the update."""
    places: list[tuple[Json | list[Any], Any]] = []
    waiting: list[Json | list[Any]] = [update]
    while waiting and len(places) < 400:
        one = waiting.pop()
        keys: Sequence[Any] = list(one) if isinstance(one, dict) else range(len(one))
        for key in keys:
            if one is update and key == "update_id":
                continue
            places.append((one, key))
            if isinstance(one[key], dict | list):
                waiting.append(one[key])
    if not places:
        return
    owner, key = chance.choice(places)
    match chance.randrange(4):
        case 0:
            del owner[key]
        case 1:
            owner[key] = _odd(chance)
        case 2:
            owner[key] = _nested(chance.choice((3, 30, 200)))
        case _:
            if isinstance(owner, dict):
                owner[chance.choice(("chat", "from", "text", "date", "photo", "reply_markup", "x"))] = _odd(chance)
            else:
                owner.append(_odd(chance))


def _odd(chance: Random) -> Any:
    # A copy: what is broken further in one update must not be broken in the next.
    return deepcopy(chance.choice(ODD))


def _nested(depth: int) -> Any:
    value: Any = "x"
    for level in range(depth):
        value = {"reply_to_message": value} if level % 2 else [value]
    return value


def _user(chance: Random) -> Json:
    number = chance.choice(PEOPLE)
    if chance.random() < 0.03:
        number = chance.choice((0, -5, 2**52, 777000, 1087968824, 5))
    user: Json = {"id": number, "is_bot": chance.random() < 0.02, "first_name": chance.choice(WORDS)[:64]}
    if chance.random() < 0.3:
        user |= {
            "last_name": hostile_text(chance)[:64],
            "username": "a_b",
            "language_code": chance.choice(("fa", "xx", "")),
        }
    return user


def _chat(chance: Random, user: Json) -> Json:
    if chance.random() < 0.9:
        return {"id": user["id"], "type": "private", "first_name": "x"}
    kind = chance.choice(("group", "supergroup", "channel", "private", "sender", ""))
    return {"id": chance.choice((GROUP, -1, -(10**13), 1001, 0)), "type": kind, "title": hostile_text(chance)[:128]}


def _file(chance: Random, **more: Any) -> Json:
    size = chance.choice((0, 1, 10**6, 10**9, 2**53, -1))
    return {"file_id": f"F{chance.randrange(50)}", "file_unique_id": "u", "file_size": size, **more}


def _photo(chance: Random) -> list[Json]:
    return [_file(chance, width=chance.choice((1, 0, -3, 10**9)), height=1) for _ in range(chance.randrange(4))]


_CONTENTS: dict[str, Callable[[Random], Any]] = {
    "text": hostile_text,
    "photo": _photo,
    "voice": lambda chance: _file(chance, duration=chance.choice((0, 3, -1, 10**9)), mime_type="audio/ogg"),
    "audio": lambda chance: _file(chance, duration=3, title=hostile_text(chance)[:64]),
    "video": lambda chance: _file(chance, duration=3, width=1, height=1),
    "video_note": lambda chance: _file(chance, duration=3, length=1),
    "animation": lambda chance: _file(chance, duration=3, width=1, height=1),
    "document": lambda chance: _file(chance, file_name=chance.choice(WORDS), mime_type=chance.choice(("", "x"))),
    "sticker": lambda chance: _file(
        chance, type="regular", width=1, height=1, is_animated=False, is_video=False, emoji=chance.choice(WORDS)
    ),
    "location": lambda chance: {"latitude": chance.choice((36.5, 91.0, -1e308)), "longitude": 181.5},
    "venue": lambda chance: {"location": {"latitude": 1.0, "longitude": 2.0}, "title": "", "address": ""},
    "contact": lambda chance: {"phone_number": chance.choice(WORDS), "first_name": "x", "user_id": 1001},
    "poll": lambda chance: {
        "id": "1", "question": hostile_text(chance), "options": [], "total_voter_count": 0, "is_closed": False,
        "is_anonymous": True, "type": "regular", "allows_multiple_answers": False,
    },
    "dice": lambda _: {"emoji": "🎲", "value": 7},
    "story": lambda chance: {"chat": {"id": 1, "type": "private"}, "id": 1},
    "web_app_data": lambda chance: {"data": hostile_text(chance), "button_text": "x"},
    "successful_payment": lambda _: {
        "currency": "IRR", "total_amount": 1, "invoice_payload": "x", "telegram_payment_charge_id": "x",
        "provider_payment_charge_id": "x",
    },
    "new_chat_members": lambda chance: [_user(chance)],
    "left_chat_member": _user,
    "pinned_message": lambda chance: {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}},
    "migrate_to_chat_id": lambda _: -1001,
    "group_chat_created": lambda _: True,
    "unknown_content": lambda chance: {"x": hostile_text(chance)},
}  # fmt: skip


def _message(chance: Random, number: int) -> Json:
    user = _user(chance)
    message: Json = {
        "message_id": chance.choice((number, number, number, 1, 0, -1)),
        "from": user,
        "chat": _chat(chance, user),
        "date": chance.choice((1_795_000_000 + number, 1_795_000_000 + number, 0, 1, 2**31)),
    }
    kind = "text" if chance.random() < 0.6 else chance.choice(tuple(_CONTENTS))
    message[kind] = _CONTENTS[kind](chance)
    if kind != "text" and chance.random() < 0.4:
        message["caption"] = hostile_text(chance)
    if chance.random() < 0.1:
        message["media_group_id"] = chance.choice(("1", "2", ""))
    if chance.random() < 0.15:
        message["entities"] = [
            {"type": chance.choice(("bot_command", "mention", "x")), "offset": chance.choice((0, -1, 9**9)),
             "length": chance.choice((1, 0, 9**9)), "url": "javascript:x"}
            for _ in range(chance.choice((1, 2, 100)))
        ]  # fmt: skip
    if chance.random() < 0.1:
        message["reply_to_message"] = {
            "message_id": 1,
            "date": 0,
            "chat": message["chat"],
            "text": hostile_text(chance),
        }
    if chance.random() < 0.1:
        origin = chance.choice(("user", "hidden_user", "chat", "channel", "x"))
        message["forward_origin"] = {"type": origin, "date": 1, "sender_user": _user(chance), "sender_user_name": "x"}
    return message


def _press(chance: Random, number: int) -> Json:
    data = ":".join([chance.choice(VERBS), *(chance.choice(ARGUMENTS) for _ in range(chance.randrange(4)))])
    user = _user(chance)
    press: Json = {
        "id": f"q{number}",
        "from": user,
        "chat_instance": "1",
        "data": chance.choice((data, data, hostile_text(chance))),
    }
    match chance.randrange(5):
        case 0:
            press["inline_message_id"] = "i1"
        case 1:
            press["message"] = {"message_id": 1, "date": 0, "chat": _chat(chance, user)}
        case _:
            bot = {"id": 42, "is_bot": True, "first_name": "bot"}
            message = {"message_id": chance.choice((1, number)), "date": 1_795_000_000, "from": bot, "text": "x"}
            press["message"] = {**message, "chat": _chat(chance, user)}
    return press


def _membership(chance: Random, _: int) -> Json:
    user = _user(chance)
    states = ("member", "kicked", "left", "administrator", "restricted", "creator", "x")
    bot = {"id": 42, "is_bot": True, "first_name": "bot"}
    return {
        "chat": _chat(chance, user), "from": user, "date": 1_795_000_000,
        "old_chat_member": {"user": bot, "status": chance.choice(states), "until_date": 0},
        "new_chat_member": {"user": bot, "status": chance.choice(states), "until_date": 0},
    }  # fmt: skip


_KINDS: dict[str, Callable[[Random, int], Json]] = {
    "message": _message,
    "callback_query": _press,
    "edited_message": lambda chance, number: {**_message(chance, number), "edit_date": 1_795_000_100},
    "inline_query": lambda chance, number: {
        "id": f"n{number}", "from": _user(chance), "query": hostile_text(chance), "offset": chance.choice(("", "x")),
    },
    "chosen_inline_result": lambda chance, _: {"result_id": chance.choice(WORDS), "from": _user(chance), "query": "x"},
    "my_chat_member": _membership,
    "chat_member": _membership,
    "channel_post": _message,
    "edited_channel_post": _message,
    "business_message": _message,
    "chat_join_request": lambda chance, _: {
        "chat": {"id": GROUP, "type": "group"}, "from": _user(chance), "user_chat_id": 1, "date": 1,
    },
    "poll_answer": lambda chance, _: {"poll_id": "1", "user": _user(chance), "option_ids": [0, 99]},
    "message_reaction": lambda chance, _: {
        "chat": {"id": 1, "type": "private"}, "message_id": 1, "user": _user(chance), "date": 1, "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    },
    "pre_checkout_query": lambda chance, number: {
        "id": f"p{number}", "from": _user(chance), "currency": "IRR", "total_amount": 1, "invoice_payload": "x",
    },
    "no_such_kind": lambda chance, _: {"text": hostile_text(chance)},
}  # fmt: skip
_LIKELY = ("message",) * 20 + ("callback_query",) * 10 + ("edited_message",) * 4 + tuple(_KINDS)
"""Two thirds are what a handler sees."""
