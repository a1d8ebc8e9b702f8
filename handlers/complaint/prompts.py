"""The questions of the intake, as they stand at each step, and what is put before or after them."""

from __future__ import annotations

from handlers.complaint import show, texts
from handlers.complaint.draft import Draft, recall
from handlers.complaint.files import Taken
from handlers.reply import Button, Part, Reply, Row, message, say
from handlers.visit import Office, Visit


def reminder(visit: Visit) -> Part:
    """What stands under an answer given in the middle of a complaint."""
    memory = recall(visit)
    if memory.asking is not None:
        row: Row = (Button("انصراف", data="cdone"),)
        return Part((say(f"هنوز منتظر نوشته‌ی شما برای شکایت {memory.asking.code} هستم.", "quiet"),), (row,))
    draft = memory.draft
    if draft is None:
        return Part((say(texts.DRAFT_DROPPED, "quiet"),), ((Button("شکایت تازه", data="cnew"),),))
    about = f" ({show.excerpt(draft.text)})" if draft.text else ""
    text = f"شکایتتان نیمه‌کاره است{about}؛ هنوز چیزی ثبت نشده. ادامه می‌دهید؟"
    return Part((say(text, "quiet"),), ((Button("ادامه‌ی شکایت", data="cgo"), show.cancel_button(draft)),))


def prompt(office: Office, draft: Draft) -> Reply:
    """The question that is open now."""
    match draft.step:
        case "story":
            return ask_story(office, draft)
        case "subject":
            return show.choose_subject(office, draft)
        case "name":
            return ask_name(draft)
        case "review":
            return message(say(show.final_question(draft), "strong"), buttons=_short_rows(draft))


def _short_rows(draft: Draft) -> tuple[Row, ...]:
    return (*show.review_rows(draft)[:1], (Button("دیدن همه", data="cgo:all"), show.cancel_button(draft)))


def ask_story(office: Office, draft: Draft) -> Reply:
    """What happened; before that, what it is about."""
    rows = ((show.cancel_button(draft),),)
    if draft.sure and draft.subject is not None:
        about = f"موضوع: {show.subject_text(office, draft.subject)}"
        blocks = [say(about), *([say(note, "quiet")] if (note := show.honest_note(office, draft)) else [])]
        wrong: Row = (Button("موضوع این نیست", data="csub"), show.cancel_button(draft))
        return message(*blocks, say(texts.TELL, "strong"), buttons=(wrong,))
    if draft.hinted or draft.sure:
        return message(say(texts.TELL, "strong"), buttons=rows)
    return message(say(texts.ASK_ALL, "strong"), say(texts.ASK_ALL_MORE, "quiet"), buttons=rows)


def after_files(office: Office, draft: Draft, taken: Taken) -> Reply:
    """One line for what came; nothing for the rest of an album that was confirmed."""
    if not taken.lines:
        return Reply()
    said = " ".join(taken.lines)
    rows: tuple[Row, ...] = ((show.cancel_button(draft),),)
    if draft.step == "review":
        return message(f"{said} {show.final_question(draft, texts.IF_ALL)}", buttons=_short_rows(draft))
    if draft.step == "subject":
        # The choices themselves have moved up and away with the files.
        return message(f"{said} {texts.STILL_ASKED[draft.step]}", buttons=show.subject_rows(office, draft))
    if draft.step != "story":
        return message(f"{said} {texts.STILL_ASKED[draft.step]}", buttons=rows)
    if any(file.kind == "voice" for file in draft.files):
        rows = ((Button("شرح در همین صداست", data="cvoice"), show.cancel_button(draft)),)
    return message(f"{said} {texts.NOW_WRITE}", buttons=rows)


def two_drafts(draft: Draft) -> Reply:
    """Asked for a new complaint while one is open."""
    about = show.excerpt(draft.text) or "فقط فایل"
    rows: tuple[Row, ...] = (
        (Button("ادامه‌ی همان", data="cgo"), Button("شکایت تازه", data="cnew:fresh")),
        (show.cancel_button(draft),),
    )
    return message(f"یک شکایت نیمه‌کاره دارید («{about}») که هنوز ثبت نشده است. همان را ادامه می‌دهید؟", buttons=rows)


def prefixed(reply: Reply, lines: tuple[str, ...]) -> Reply:
    """The reply with lines before it."""
    if not lines:
        return reply
    said = tuple(say(line) for line in lines)
    first = reply.parts[0] if reply.parts else Part()
    return Reply(
        (Part((*said, *first.blocks), first.buttons, first.file, first.replaces), *reply.parts[1:]), reply.notice
    )


def ask_name(draft: Draft) -> Reply:
    """By what name it shall be filed."""
    return message(texts.WHICH_NAME, buttons=((Button("بی‌نام", data="cname"), show.cancel_button(draft)),))
