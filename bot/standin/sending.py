"""The methods that put a new message into a chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.standin import limits
from bot.standin.arguments import Arguments
from bot.standin.entities import Parsed
from bot.standin.errors import Json, MistakeError
from bot.standin.wire import Upload
from bot.standin.world import Chat, Shown, World

Act = Callable[[World, Arguments], Any]


class Methods(dict[str, Act]):
    """What the stand-in does for a method, by the method's name."""

    def __call__(self, *names: str) -> Callable[[Act], Act]:
        """Register a function as what these methods do."""

        def register(act: Act) -> Act:
            self.update(dict.fromkeys(names, act))
            return act

        return register


METHODS = method = Methods()


def shown_text(world: World, source: str, parse_mode: str | None, field: str, sloppy: list[str]) -> Parsed:
    """The text as shown; in ``sloppy`` go character references that Telegram shows as written."""
    if not world.check:
        return Parsed(source)
    parsed = limits.read_text(source, parse_mode, field, bale=world.bale)
    sloppy += parsed.undecoded
    return parsed


class Content:
    """The text or caption of a call, read and checked once: its JSON, its source, and what was sloppy in it."""

    def __init__(self, world: World, data: Json, field: str, where: str | None = None) -> None:
        self.sloppy: list[str] = []
        self.source: str = data.get(field) or ""
        where = where or field
        parsed = shown_text(world, self.source, data.get("parse_mode"), where, self.sloppy)
        entities = data.get("entities" if field == "text" else "caption_entities")
        self.json: Json = {field: parsed.text} if parsed.text else {}
        if entities or parsed.entities:
            self.json[f"{'caption_' if field == 'caption' else ''}entities"] = entities or parsed.entities
        if field == "text" and not parsed.text:
            raise MistakeError(where, "message text is empty")
        if world.check:
            text = field == "text"
            limit = limits.TEXT_LIMIT if text else limits.CAPTION_LIMIT
            limits.check_length(parsed, limit, where, f"message {'' if text else 'caption '}is too long")
        if self.sloppy:
            world.note_sloppy(where, self.sloppy)


def markup_of(world: World, call: Arguments) -> Json | None:
    """The call's keyboard, checked."""
    markup: Json | None = call.get("reply_markup")
    if world.check:
        limits.check_keyboard(markup)
    return markup


def reply_of(world: World, chat: Chat, call: Arguments) -> Json:
    """``reply_to_message`` of the new message, when the call replies to one."""
    parameters = call.get("reply_parameters") or {}
    target = parameters.get("message_id", call.get("reply_to_message_id"))
    if target is None:
        return {}
    if parameters.get("allow_sending_without_reply") and target not in chat.messages:
        return {}
    stored = world.message(chat, int(target), "message to be replied")
    quoted = {name: value for name, value in stored.shown.data.items() if name != "reply_to_message"}
    return {"reply_to_message": quoted}


def send(world: World, call: Arguments, content: Json, source: str = "") -> Json:
    """Post the bot's message with the call's keyboard and reply; the message's JSON."""
    chat = world.chat(call["chat_id"])
    markup = markup_of(world, call)
    content = {**reply_of(world, chat, call), **content}
    return world.post(chat, world.me, content, source=source, markup=markup).data


@method("sendMessage")
def send_message(world: World, call: Arguments) -> Json:
    """Text, 1 to 4096 UTF-16 code units as shown."""
    content = Content(world, call.values, "text")
    return send(world, call, content.json, content.source)


_FOLDERS = {
    "photo": "photos",
    "document": "documents",
    "voice": "voice",
    "video": "videos",
    "audio": "music",
    "animation": "animations",
    "video_note": "video_notes",
    "sticker": "stickers",
}
_EXTRAS: dict[str, Json] = {
    "voice": {"duration": 1, "mime_type": "audio/ogg"},
    "video": {"duration": 1, "width": 640, "height": 360},
    "audio": {"duration": 1},
    "animation": {"duration": 1, "width": 640, "height": 360},
    "video_note": {"duration": 1, "length": 240},
    "sticker": {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
}


def media_json(world: World, kind: str, given: Upload | str | None, where: str) -> Any:
    """The JSON of a photo, document, voice … made of an upload, a known ``file_id`` or an address."""
    if isinstance(given, Upload):
        return _uploaded(world, kind, given, where)
    if given is None:
        raise MistakeError(where, f"there is no {kind} in the request")
    known = world.files.get(given)
    if known is None and not given.startswith(("http://", "https://")):
        description = "Bad Request: wrong file identifier/HTTP URL specified"
        raise MistakeError(where, f"{given[:60]!r} is neither a known file nor an address", description)
    data = dict(known.data if known else world.store(b"", given.rpartition("/")[2], "", _FOLDERS[kind]))
    data.pop("file_path", None)
    if kind != "photo":
        return {**_EXTRAS.get(kind, {}), **data}
    size = limits.picture_size(known.content) if known else None
    width, height = size or (90, 90)
    return [{**data, "width": width, "height": height}]


def _uploaded(world: World, kind: str, upload: Upload, where: str) -> Any:
    if world.check:
        limits.check_file(upload.data, where)
        if not upload.data:
            raise MistakeError(where, "the file is empty", "Bad Request: file must be non-empty")
    if kind == "photo":
        size = limits.check_photo(upload.data, where) if world.check else limits.picture_size(upload.data)
        width, height = size or (90, 90)
        data = world.upload(upload, "photos")
        small = {**data, "file_id": data["file_id"] + "s", "file_unique_id": data["file_unique_id"] + "s"}
        world.files[small["file_id"]] = world.files[data["file_id"]]
        scale = max(width, height, 90) / 90
        small.update(width=max(1, int(width / scale)), height=max(1, int(height / scale)))
        return [small, {**data, "width": width, "height": height}]
    data = world.upload(upload, _FOLDERS[kind])
    if kind in {"document", "audio", "video", "animation"}:
        data.update(file_name=upload.filename, mime_type=upload.mime)
    return {**_EXTRAS.get(kind, {}), **data}


@method(
    "sendPhoto", "sendDocument", "sendVoice", "sendVideo", "sendAudio", "sendAnimation", "sendVideoNote", "sendSticker"
)
def send_media(world: World, call: Arguments) -> Json:
    """A file with an optional caption."""
    kind = {"sendVideoNote": "video_note"}.get(call.method.name, call.method.name.removeprefix("send").lower())
    world.chat(call["chat_id"])
    caption = Content(world, call.values, "caption")
    content = {kind: media_json(world, kind, call.file(kind), kind), **caption.json}
    if kind == "voice" and call.get("duration"):
        content[kind]["duration"] = call["duration"]
    if kind == "animation":
        content["document"] = {name: content[kind][name] for name in ("file_id", "file_unique_id", "file_size")}
    call.file("thumbnail")
    return send(world, call, content, caption.source)


@method("sendMediaGroup")
def send_media_group(world: World, call: Arguments) -> list[Json]:
    """An album of 2 to 10; documents and audio only with their own kind."""
    chat = world.chat(call["chat_id"])
    media: list[Json] = call["media"]
    if world.check and not 2 <= len(media) <= 10:
        raise MistakeError("media", f"{len(media)} items, not 2 to 10", "Bad Request: media group must have 2-10 items")
    kinds = {item["type"] for item in media}
    if world.check and len(kinds) > 1 and kinds & {"document", "audio"}:
        raise MistakeError(
            "media",
            f"{' and '.join(sorted(kinds))} in one album",
            "Bad Request: document and audio can't be mixed with other media types",
        )
    group = str(world.number())
    contents = [input_media(world, call, item, f"media[{index}]") for index, item in enumerate(media)]
    reply = reply_of(world, chat, call)
    return [
        world.post(chat, world.me, {**reply, **json, "media_group_id": group}, source=source).data
        for json, source in contents
    ]


def input_media(world: World, call: Arguments, item: Json, where: str) -> tuple[Json, str]:
    """The content of a message made of an ``InputMedia…`` object, and its caption as sent."""
    caption = Content(world, item, "caption", f"{where}.caption")
    given = call.attached(item["media"], f"{where}.media")
    call.attached(item.get("thumbnail"), f"{where}.thumbnail")
    json = {item["type"]: media_json(world, item["type"], given, f"{where}.media"), **caption.json}
    return json, caption.source


@method("sendLocation")
def send_location(world: World, call: Arguments) -> Json:
    """A point on the map, degrees."""
    for name, bound in (("latitude", 90), ("longitude", 180)):
        if world.check and abs(call[name]) > bound:
            raise MistakeError(name, f"not within ±{bound} degrees", f"Bad Request: wrong {name} specified")
    return send(world, call, {"location": {"latitude": call["latitude"], "longitude": call["longitude"]}})


@method("sendContact")
def send_contact(world: World, call: Arguments) -> Json:
    """A telephone number with a name."""
    names = ("phone_number", "first_name", "last_name", "vcard")
    return send(world, call, {"contact": {name: call[name] for name in names if call.get(name)}})


@method("sendVenue")
def send_venue(world: World, call: Arguments) -> Json:
    """A place with its address."""
    location = {"latitude": call["latitude"], "longitude": call["longitude"]}
    return send(world, call, {"venue": {"location": location, "title": call["title"], "address": call["address"]}})


@method("sendPoll")
def send_poll(world: World, call: Arguments) -> Json:
    """A question of 1 to 300 characters with 1 to 12 options of 1 to 100 each."""
    options = [{"text": option} if isinstance(option, str) else option for option in call["options"]]
    if world.check:
        limits.check_span(call["question"], 1, 300, "question", "poll question must be 1-300 characters long")
        limits.check_span(call.get("explanation"), 0, 200, "explanation", "poll explanation is too long")
        if not 1 <= len(options) <= 12:
            raise MistakeError("options", "not 1 to 12 options", "Bad Request: poll must have 1-12 options")
        for index, option in enumerate(options):
            limits.check_span(option["text"], 1, 100, f"options[{index}]", "poll option must be 1-100 characters long")
    poll = {
        **world.plausible("Poll"),
        "id": str(world.number()),
        "question": call["question"],
        "options": [
            {"persistent_id": str(index), "text": option["text"], "voter_count": 0}
            for index, option in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": bool(call.get("is_closed", False)),
        "is_anonymous": bool(call.get("is_anonymous", True)),
        "type": call.get("type", "regular"),
        "allows_multiple_answers": bool(call.get("allows_multiple_answers", False)),
    }
    return send(world, call, {"poll": poll})


@method("sendDice")
def send_dice(world: World, call: Arguments) -> Json:
    """A die that always shows four."""
    return send(world, call, {"dice": {"emoji": call.get("emoji", "🎲"), "value": 4}})


def _copied(world: World, call: Arguments, shown: Shown, *, forward: bool) -> Shown:
    chat = world.chat(call["chat_id"])
    kept = {"message_id", "from", "chat", "date", "edit_date", "reply_to_message", "reply_markup", "forward_origin"}
    content = {name: value for name, value in shown.data.items() if name not in kept}
    source, markup = shown.source, None
    if forward:
        sender = shown.data["from"]
        content["forward_origin"] = {"type": "user", "date": shown.data["date"], "sender_user": sender}
    else:
        markup = markup_of(world, call)
        if "caption" in call.values or call.get("remove_caption"):
            for name in ("caption", "caption_entities"):
                content.pop(name, None)
            caption = Content(world, call.values, "caption")
            content.update(caption.json)
            source = caption.source
    return world.post(chat, world.me, content, source=source, markup=markup)


@method("copyMessage", "forwardMessage")
def copy_message(world: World, call: Arguments) -> Json:
    """One message into another chat: forwarded whole, copied as a ``MessageId``."""
    forward = call.method.name == "forwardMessage"
    source = world.known_chat(call["from_chat_id"])
    stored = world.message(source, call["message_id"], f"message to {'forward' if forward else 'copy'}")
    shown = _copied(world, call, stored.shown, forward=forward)
    return shown.data if forward else {"message_id": shown.message_id}


@method("copyMessages", "forwardMessages")
def copy_messages(world: World, call: Arguments) -> list[Json]:
    """1 to 100 messages; deleted ones are left out, but not all may be."""
    forward = call.method.name == "forwardMessages"
    numbers: list[int] = call["message_ids"]
    if world.check and not 1 <= len(numbers) <= 100:
        raise MistakeError("message_ids", "not 1 to 100 messages")
    source = world.known_chat(call["from_chat_id"])
    wanted = f"messages to {'forward' if forward else 'copy'}"
    stored = [source.messages.get(number) for number in numbers]
    found = [one for one in stored if one is not None and not one.deleted]
    if not found:
        world.message(source, max(numbers), wanted)
    return [{"message_id": _copied(world, call, one.shown, forward=forward).message_id} for one in found]
