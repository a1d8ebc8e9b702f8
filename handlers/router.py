"""Which handler answers a turn: a button by its verb, a command by its name, an open dialogue, else the question."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

from handlers import announcements, ask, browse, complaint, desk, followup, handoff, menu, show, upkeep, votes
from handlers.reply import Reply, message
from handlers.topic import Command, Handler, Topic
from handlers.visit import LONGEST, Visit

QUIET = timedelta(hours=1)
"""After so long without a word the talk is of nothing any more."""

TOPICS: tuple[Topic, ...] = (
    menu.TOPIC,
    browse.TOPIC,
    show.TOPIC,
    votes.TOPIC,
    followup.TOPIC,
    announcements.TOPIC,
    handoff.TOPIC,
    complaint.TOPIC,
    desk.TOPIC,
    upkeep.TOPIC,
)
COMMANDS: dict[str, Command] = {command.name: command for topic in TOPICS for command in topic.commands}
BUTTONS: dict[str, Handler] = {verb: handler for topic in TOPICS for verb, handler in topic.buttons.items()}

COMMAND = re.compile(r"/([a-z_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.IGNORECASE)
DATA = re.compile(r"[a-z]+(?::[A-Za-z0-9_-]{0,40})*")

COMPLAIN = re.compile(
    r"شکایت\w* (?:را |رو |)?(?:ثبت|بنویس)|ثبت\w* کن\w* (?:این )?شکایت|شکایت دارم|شکایت کنم|شکایت بکنم"
)
ASKS_HOW = re.compile(r"\b(?:کجا|چطور|چگونه|چه جور|چجور|کدام|کدوم|چه کسی|کی)")
ASKS_OF_OLD = re.compile(r"چه شد|چی شد|پیگیری|کجا رسید|به کجا|نتیجه")

STICKER = "🌱 بنویسید چه کاری با استانداری دارید."
CONTACT = "شماره را گرفتم ولی به کاری نمی‌آید. بنویسید چه کاری با استانداری دارید."
NOT_READ = "این نوع پیام را نمی‌توانم بخوانم. لطفاً بنویسید چه می‌خواهید."
FILE_KINDS = frozenset({"photo", "voice", "audio", "video", "document", "location"})


async def handle(visit: Visit) -> Reply:
    """The reply to one turn; changes the visit's state and records."""
    _freshen(visit)
    reply = await _route(visit)
    visit.state.at = visit.turn.at
    if visit.turn.edited and reply.parts:
        first = dataclasses.replace(reply.parts[0], replaces="answer")
        reply = dataclasses.replace(reply, parts=(first, *reply.parts[1:]))
    return reply


def _freshen(visit: Visit) -> None:
    state = visit.state
    if state.at is not None and visit.turn.at - state.at > QUIET:
        state.service, state.step, state.offered, state.waiting, state.question = None, 0, (), (), ""
        state.subject = None


async def _route(visit: Visit) -> Reply:
    turn = visit.turn
    if turn.button is not None:
        return await _pressed(visit, turn.button)
    text = turn.text.strip()[:LONGEST]
    if text.startswith("/"):
        return await _commanded(visit, text)
    for take in (_at_the_desk, upkeep.take, announcements.take):
        if (reply := await take(visit)) is not None:
            return reply
    if visit.state.topic == "complaint":
        reply = await complaint.go_on(visit)
        if reply is not None:
            return reply
        inner = await _talk(visit, text)
        return dataclasses.replace(inner, parts=(*inner.parts, complaint.reminder(visit)))
    return await _talk(visit, text)


async def _at_the_desk(visit: Visit) -> Reply | None:
    return await desk.go_on(visit) if visit.state.topic == "desk" else None


async def _pressed(visit: Visit, data: str) -> Reply:
    handler = BUTTONS.get(data.split(":", 1)[0]) if DATA.fullmatch(data) else None
    if handler is None:
        return dataclasses.replace(message(show.STALE, buttons=menu.menu_rows()), notice=show.STALE)
    return await handler(visit, tuple(data.split(":")[1:]))


async def _commanded(visit: Visit, text: str) -> Reply:
    announcements.leave(visit)
    upkeep.stop(visit)
    parsed = COMMAND.fullmatch(text)
    command = COMMANDS.get(parsed.group(1).lower()) if parsed else None
    if parsed is None or command is None:
        return menu.unknown_command()
    return await command.handler(visit, tuple((parsed.group(2) or "").split()))


async def _talk(visit: Visit, text: str) -> Reply:
    if visit.turn.attachments and (reply := await _attached(visit, text)) is not None:
        return reply
    if not text:
        return ask.small_talk("empty")
    for step in (complaint.after, _other_need, _complaint, _by_intent, _announcement):
        if (reply := await step(visit)) is not None:
            return reply
    visit.state.subject = None
    return await ask.answer(visit, text)


async def _other_need(visit: Visit) -> Reply | None:
    text = visit.turn.text.strip()[:LONGEST]
    return await ask.answer(visit, text) if ask.points_to_other(visit, visit.office.find(text)) else None


async def _complaint(visit: Visit) -> Reply | None:
    text = visit.turn.text.strip()[:LONGEST]
    found = visit.office.find(text)
    said = COMPLAIN.search(found.form) and not ASKS_OF_OLD.search(found.form)
    if found.decision == "answer" and (ASKS_HOW.search(found.form) or "؟" in text or "?" in text):
        said = None
    return await complaint.begin(visit, text) if said or found.intent == "complain" else None


async def _by_intent(visit: Visit) -> Reply | None:
    match visit.office.find(visit.turn.text.strip()[:LONGEST]).intent:
        case "track":
            return await complaint.mine(visit, ())
        case "forget_me":
            return await menu.forget(visit, ())
        case _:
            return None


async def _announcement(visit: Visit) -> Reply | None:
    found = visit.office.find(visit.turn.text.strip()[:LONGEST])
    if found.decision == "answer":
        return None
    if announcements.CUE.search(found.form) or found.intent == "announcements":
        return await announcements.latest(visit, ())
    return await announcements.about(visit, found.form)


async def _attached(visit: Visit, text: str) -> Reply | None:
    kinds = {attachment.kind for attachment in visit.turn.attachments}
    if kinds & FILE_KINDS:
        if text and visit.office.find(text).decision == "answer":
            return None
        return await complaint.begin(visit, text)
    if text:
        return None
    if "sticker" in kinds:
        return message(STICKER)
    return message(CONTACT if "contact" in kinds else NOT_READ)
