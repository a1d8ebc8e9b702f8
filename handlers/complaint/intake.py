"""Taking a complaint: the story first, then only what is missing, then one look at the whole."""

from __future__ import annotations

from collections.abc import Callable

from handlers.complaint import filing, follow, show, texts
from handlers.complaint.checked import checked
from handlers.complaint.draft import STALE, Draft, Memory, Piece, recall, remember
from handlers.complaint.files import Taken, take
from handlers.complaint.phone import mobile_in, national_id_in, phone_problem
from handlers.complaint.prompts import after_files, ask_name, ask_story, prefixed, prompt, two_drafts
from handlers.complaint.subject import NAMING_WORDS, Proposal, body_in, propose
from handlers.complaint.understand import (
    Control,
    asked_about,
    asks,
    bare_opening,
    control_of,
    is_story,
    mostly_number,
    opening_removed,
    wants_anonymity,
)
from handlers.reply import Button, Reply, Row, message
from handlers.visit import Office, Visit
from knowledge.finder.normalize import normalize
from knowledge.persian import persian_digits

LONGEST_STORY = 8000
"""Most characters of a story."""

CHATTER = frozenset({"greeting", "thanks", "goodbye", "praise", "about", "help", "forget_me", "repeat", "human"})
QUESTIONS = frozenset(
    {"documents", "time", "cost", "steps", "bureau", "address", "service_id", "law", "form", "next_step", "picture"}
)
"""Intents of the finder that ask something of it."""


async def begin(visit: Visit, text: str = "", subject: str | None = None) -> Reply:
    """Open the dialogue: by command or button, by a card's button (`subject`: its service), or by what was said."""
    if not visit.turn.private:
        return message(texts.PRIVATE_ONLY)
    memory = recall(visit)
    text = text.strip()
    if not text and subject is None and (late := await follow.late_album(visit, memory)) is not None:
        return late
    if memory.draft is not None and (memory.draft.pieces or memory.draft.files):
        memory.pending, memory.pending_subject = text, subject
        remember(visit, memory)
        return two_drafts(memory.draft)
    return await _opened(visit, Memory(last=memory.last), text, subject)


async def fresh(visit: Visit) -> Reply:
    """Drop the unfinished draft and open the complaint that was asked for beside it."""
    memory = recall(visit)
    return await _opened(visit, Memory(), memory.pending, memory.pending_subject)


async def _opened(visit: Visit, memory: Memory, text: str, subject: str | None) -> Reply:
    state = visit.state
    context = state.service or (state.offered[0] if state.offered else None)
    draft = Draft(touched=visit.turn.at, context=context)
    memory.draft = draft
    if subject is not None and subject in visit.office.catalogue:
        draft.subject, draft.sure, draft.hinted = subject, True, True
    taken = _take(visit, draft)
    if not text or bare_opening(text) or asks(text):
        reply = ask_story(visit.office, draft)
    elif is_story(text):
        draft.pieces = (Piece(text=opening_removed(text), message=visit.turn.message),)
        reply = _settle(visit, draft)
    else:
        reply = _hinted(visit, draft, text)
    remember(visit, memory)
    return prefixed(reply, taken.lines)


async def go_on(visit: Visit) -> Reply | None:
    """The next text or attachment of an open dialogue; None when it is not meant for the complaint."""
    memory = recall(visit)
    if memory.asking is not None:
        return await follow.told(visit, memory)
    draft = memory.draft
    if draft is None:
        remember(visit, memory)
        return None
    turn, text = visit.turn, visit.turn.text.strip()
    if turn.edited:
        return _edited(visit, memory, draft, text)
    waited = turn.at - draft.touched
    if waited > STALE and not turn.attachments and control_of(text) is None and not _takes_number(draft, text):
        return None
    phone = next((one.phone for one in turn.attachments if one.kind == "contact" and one.phone), None)
    taken = _take(visit, draft)
    draft.touched = turn.at
    if phone:
        text = phone
    if not text:
        reply: Reply | None = after_files(visit.office, draft, taken)
        remember(visit, memory)
        return reply
    reply = await _heard(visit, memory, draft, text)
    if reply is None and taken.lines:
        reply = prefixed(prompt(visit.office, draft), taken.lines)
    elif reply is not None:
        reply = prefixed(reply, taken.lines)
    remember(visit, memory)
    return reply


async def _heard(visit: Visit, memory: Memory, draft: Draft, text: str) -> Reply | None:
    if (reply := _at_any_step(visit, memory, draft, text)) is not None:
        return reply
    if _takes_number(draft, text):
        draft.mobile = mobile_in(text) or ""
        if draft.step == "review":
            return await filing.send(visit, memory, draft)
        return prefixed(prompt(visit.office, draft), (f"شماره‌ی {persian_digits(draft.mobile)} را نگه داشتم.",))
    if draft.step == "review":
        return await _reviewed(visit, memory, draft, text)
    return {"story": _story, "subject": _subject, "name": _name}[draft.step](visit, draft, text)


def _at_any_step(visit: Visit, memory: Memory, draft: Draft, text: str) -> Reply | None:
    """The answer to what means the same at every step: a question about complaining, «اسمم رو ننویس», «ولش کن»."""
    about = asked_about(text)
    if about is not None:
        return prefixed(prompt(visit.office, draft), (texts.own_answer(about),))
    if wants_anonymity(text):
        draft.named = False
        draft.step = "review" if draft.step == "name" else draft.step
        return prefixed(prompt(visit.office, draft), (texts.ANONYMOUS_NOW,))
    match control_of(text):
        case "cancel":
            return filing.cancelled(visit, memory)
        case "resume":
            return resume(visit, draft)
        case _:
            return None


def _takes_number(draft: Draft, text: str) -> bool:
    """Whether a text is to be read as a phone number: a bare number at any step, with words only where it was asked."""
    return mostly_number(text) and (draft.step == "review" or not _words(text)) and mobile_in(text) is not None


def _words(text: str) -> list[str]:
    """The words of a text that are not numbers."""
    return [word for word in normalize(text).split() if not word.isdigit()]


def _story(visit: Visit, draft: Draft, text: str) -> Reply | None:
    if control_of(text) in {"send", "yes"} and any(file.kind == "voice" for file in draft.files):
        return spoken(visit, draft)
    if asks(text) and "شکایت" in text:
        return message(texts.NO_NEED_TO_KNOW, buttons=((show.cancel_button(draft),),))
    if _is_question(visit.office, text) or _is_chatter(visit.office, text):
        return None
    if bare_opening(text) or control_of(text) in {"send", "yes", "edit"}:
        return ask_story(visit.office, draft)
    return _written(visit, draft, text)


def _written(visit: Visit, draft: Draft, text: str) -> Reply:
    """A text that is of the complaint: it replaces the story, names the subject, or tells the story."""
    if draft.editing:
        draft.heard, draft.editing = (), False
        draft.pieces = (Piece(text=text[:LONGEST_STORY], message=visit.turn.message),)
        return _to_review(visit.office, draft, texts.TEXT_CHANGED)
    if not draft.hinted and not draft.pieces and not is_story(text):
        return _hinted(visit, draft, text)
    return _added(visit, draft, opening_removed(text))


def _hinted(visit: Visit, draft: Draft, text: str) -> Reply:
    """A few words that name what the complaint is about, and do not yet tell it."""
    draft.hinted = True
    draft.heard = (*draft.heard, Piece(text=text, message=visit.turn.message))
    proposal = propose(visit.office, text)
    if proposal.sure and not draft.sure:
        _adopt(draft, proposal)
    return ask_story(visit.office, draft)


def _added(visit: Visit, draft: Draft, text: str, said: str = "") -> Reply:
    room = LONGEST_STORY - len(draft.text)
    if room <= 0:
        return prefixed(prompt(visit.office, draft), (texts.TOO_LONG,))
    draft.pieces = (*draft.pieces, Piece(text=text[:room], message=visit.turn.message))
    if len(text) > room:
        said = texts.TOO_LONG
    return prefixed(_settle(visit, draft), (said,) if said else ())


def _settle(visit: Visit, draft: Draft) -> Reply:
    """There is a story: take the subject when it is sure, else ask for it."""
    office = visit.office
    if not draft.sure:
        proposal = propose(office, draft.text, draft.context)
        if not proposal.sure:
            draft.offered, draft.step = proposal.offered, "subject"
            return show.choose_subject(office, draft)
        _adopt(draft, proposal)
    return _to_review(office, draft)


def _adopt(draft: Draft, proposal: Proposal) -> None:
    draft.subject, draft.sure = proposal.subject, True
    draft.body, draft.elsewhere = proposal.body or draft.body, proposal.elsewhere


def _to_review(office: Office, draft: Draft, said: str = "") -> Reply:
    draft.step = "review"
    if not draft.warned and national_id_in(draft.text):
        draft.warned = True
        said = f"{said} {texts.NATIONAL_ID_SEEN}".strip()
    return show.review(office, draft, said)


def _subject(visit: Visit, draft: Draft, text: str) -> Reply | None:
    if control_of(text) == "unknown":
        return take_subject(visit, draft, None)
    number = {"1": 0, "2": 1, "اولی": 0, "اول": 0, "دومی": 1, "دوم": 1}.get(normalize(text))
    if number is not None and number < len(draft.offered):
        return take_subject(visit, draft, draft.offered[number])
    if _is_question(visit.office, text) or _is_chatter(visit.office, text):
        return None
    return _added(visit, draft, text) if is_story(text) and not draft.sure else _renamed(visit, draft, text)


def _renamed(visit: Visit, draft: Draft, text: str) -> Reply:
    """The subject as a few words name it."""
    proposal = propose(visit.office, text)
    if not proposal.sure:
        draft.offered = proposal.offered or draft.offered
        return show.choose_subject(visit.office, draft, texts.STILL_UNSURE)
    _adopt(draft, proposal)
    return take_subject(visit, draft, draft.subject)


def take_subject(visit: Visit, draft: Draft, code: str | None) -> Reply:
    """The subject as the citizen chose it; None: they do not know."""
    if code != draft.subject:
        draft.subject, draft.elsewhere = code, ""
    draft.sure = True
    if draft.pieces:
        return _to_review(visit.office, draft)
    draft.step = "story"
    return ask_story(visit.office, draft)


def _name(visit: Visit, draft: Draft, text: str) -> Reply | None:
    if asks(text):
        return None
    words = " ".join(text.split())
    if not 2 <= len(words) <= 60 or any(character.isdigit() for character in words):
        return ask_name(draft)
    draft.name, draft.named = words, True
    return _to_review(visit.office, draft)


async def _reviewed(visit: Visit, memory: Memory, draft: Draft, text: str) -> Reply | None:
    control = control_of(text)
    if control == "send" or (control == "yes" and draft.mobile):
        return await filing.send(visit, memory, draft)
    if control in _CHANGES:
        return _CHANGES[control](visit, draft)
    if (again := _asked_again(draft, control, text)) is not None:
        return again
    if _is_for_others(visit.office, text):
        return None
    if body_in(text) and not is_story(text) and len(text.split()) <= NAMING_WORDS:
        return _renamed(visit, draft, text)
    return _added(visit, draft, text, texts.TEXT_ADDED)


def _asked_again(draft: Draft, control: Control | None, text: str) -> Reply | None:
    """The last question once more, after a bare yes or a number that is no mobile."""
    problem = "national" if national_id_in(text) else phone_problem(text)
    if control == "yes":
        said = show.final_question(draft)
    elif problem is not None and mostly_number(text):
        said = texts.PHONE_PROBLEMS[problem]
    else:
        return None
    return message(said, buttons=show.review_rows(draft)[:1])


def _is_for_others(office: Office, text: str) -> bool:
    """Whether a text in the middle is a question, small talk, or plainly names a service."""
    if _is_question(office, text) or _is_chatter(office, text):
        return True
    return not is_story(text) and office.find(text).decision == "answer"


def toggle_name(visit: Visit, draft: Draft) -> Reply:
    """Named or anonymous."""
    if draft.named or draft.step == "name":
        draft.named = False
        return _to_review(visit.office, draft)
    draft.name = draft.name or " ".join(visit.turn.name.split())[:60]
    if not draft.name:
        draft.step = "name"
        return ask_name(draft)
    draft.named = True
    return _to_review(visit.office, draft)


def edit(visit: Visit, draft: Draft) -> Reply:
    """Have the text written anew."""
    draft.editing, draft.step = True, "story"
    row: Row = (Button("همان متن بماند", data="cgo"), show.cancel_button(draft))
    return message(texts.WRITE_ANEW, buttons=(row,))


def change_subject(visit: Visit, draft: Draft) -> Reply:
    """Offer the likeliest subjects other than the one taken."""
    found = visit.office.find(draft.text) if draft.text else None
    codes = [scored.code for scored in found.candidates] if found else []
    general = propose(visit.office, "شکایت").offered
    draft.offered = tuple(code for code in dict.fromkeys((*codes[:2], *general)) if code != draft.subject)[:2]
    draft.step = "subject"
    return show.choose_subject(visit.office, draft)


def spoken(visit: Visit, draft: Draft) -> Reply:
    """The story is in the voice message alone."""
    draft.pieces = (*draft.pieces, Piece(text=texts.SPOKEN))
    return _settle(visit, draft)


_CHANGES: dict[Control | None, Callable[[Visit, Draft], Reply]] = {
    "named": toggle_name,
    "edit": edit,
    "subject": change_subject,
}


def resume(visit: Visit, draft: Draft) -> Reply:
    """Go on where it was."""
    draft.touched = visit.turn.at
    if draft.editing and draft.pieces:
        draft.editing = False
        return _to_review(visit.office, draft)
    return prompt(visit.office, draft)


def drop_files(visit: Visit, draft: Draft) -> Reply:
    """Take all files off the draft."""
    draft.files, draft.albums = (), ()
    return prompt(visit.office, draft)


def _take(visit: Visit, draft: Draft) -> Taken:
    turn = visit.turn
    taken = take(turn.attachments, turn.channel, draft.files, draft.albums, checked(turn.brought))
    draft.files, draft.albums = taken.files, taken.albums
    return taken


def _edited(visit: Visit, memory: Memory, draft: Draft, text: str) -> Reply | None:
    """An edited message changes the piece of the story that it was."""
    at = visit.turn.message
    if not text or at is None or all(piece.message != at for piece in (*draft.heard, *draft.pieces)):
        return None
    draft.heard, draft.pieces = (
        tuple(Piece(text=text, message=at) if piece.message == at else piece for piece in pieces)
        for pieces in (draft.heard, draft.pieces)
    )
    draft.touched = visit.turn.at
    reply = (
        _to_review(visit.office, draft, texts.TEXT_CHANGED) if draft.step == "review" else prompt(visit.office, draft)
    )
    remember(visit, memory)
    return reply


def _is_question(office: Office, text: str) -> bool:
    if not asks(text):
        return False
    found = office.find(text)
    return text.rstrip().endswith(("؟", "?")) or found.decision != "decline" or found.intent in QUESTIONS


def _is_chatter(office: Office, text: str) -> bool:
    return len(normalize(text).split()) <= 4 and not is_story(text) and office.find(text).intent in CHATTER
