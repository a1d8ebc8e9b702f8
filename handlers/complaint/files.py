"""Files, recordings and places sent for a complaint: which are taken, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.complaint.checked import LOOKED_INTO, REFUSED, Checked
from handlers.complaint.draft import DraftFile
from handlers.turn import Attachment
from knowledge.persian import persian_digits
from records.complaint_values import ComplaintFile

MOST_FILES = 10
LARGEST = 20 * 1024 * 1024
"""Bytes of the largest file that is taken."""

_ENDINGS = """
exe apk bat cmd com scr msi msix jar js jse vbs vbe wsf wsh ps1 psm1 sh bash run bin app deb rpm dmg pkg iso img lnk reg
hta cpl dll sys gadget inf pif appx xapk apks ipa py pyc pl rb php html htm svg xhtml docm xlsm pptm dotm xltm
xlsb xlam ppam xll iqy slk url website chm hlp msc ocx vbscript mht mhtml application settingcontent-ms desktop command
"""
EXECUTABLE = frozenset(_ENDINGS.split())
"""Endings of names of what runs, or can be made to run, on the machine of who opens it."""

KINDS = {
    "photo": "عکس",
    "voice": "پیام صوتی",
    "audio": "فایل صوتی",
    "video": "فیلم",
    "document": "سند",
    "location": "موقعیت مکانی",
}


@dataclass(frozen=True)
class Taken:
    """The files after an arrival, the albums already confirmed, and what to say (empty: nothing)."""

    files: tuple[DraftFile, ...]
    albums: tuple[str, ...]
    lines: tuple[str, ...]


def executable(name: str) -> bool:
    """Whether a file's name ends like something that runs, also behind a second ending («a.pdf.exe», «a.exe .»)."""
    ending = name.strip().rstrip(". \u200e\u200f\u202c").rpartition(".")[2].strip().lower()
    return "." in name and ending in EXECUTABLE


def take(
    attachments: Iterable[Attachment],
    channel: str,
    files: tuple[DraftFile, ...],
    albums: tuple[str, ...],
    checked: Checked,
) -> Taken:
    """Take what can be taken. One line is said for each file, one for each album however it arrives. A file that could
    not be looked into in time is taken: nobody at the desk gets it before it was (handlers.desk.work.files)."""
    lines: list[str] = []
    for attachment in attachments:
        if attachment.kind not in KINDS:
            if attachment.kind != "contact":
                lines.append("این را نمی‌توانم ضمیمه کنم؛ عکس، فیلم، صدا، سند یا موقعیت بفرستید.")
            continue
        refusal = _refusal(attachment, channel, len(files), checked)
        album = attachment.album
        if refusal:
            mark = f"!{album}" if album else None
            if mark is None or mark not in albums:
                lines.append(refusal)
            albums = (*albums, mark) if mark and mark not in albums else albums
            continue
        if any(one.file_id == attachment.file_id and one.file_id for one in files):
            continue
        files = (*files, _kept(attachment, channel))
        if album is None:
            lines.append(f"{KINDS[attachment.kind]} رسید ({_count(len(files))}).")
        elif album not in albums:
            albums = (*albums, album)
            lines.append("آلبوم رسید؛ همه‌ی عکس‌هایش ضمیمه می‌شود.")
    return Taken(files, albums, tuple(dict.fromkeys(lines)))


def files_text(files: Iterable[DraftFile | ComplaintFile]) -> str:
    """The files counted by kind: «۲ عکس، ۱ پیام صوتی»; «ندارد» when there are none."""
    counts: dict[str, int] = {}
    for file in files:
        counts[KINDS.get(file.kind, "فایل")] = counts.get(KINDS.get(file.kind, "فایل"), 0) + 1
    return "، ".join(f"{persian_digits(number)} {kind}" for kind, number in counts.items()) or "ندارد"


def _refusal(attachment: Attachment, channel: str, have: int, checked: Checked) -> str | None:
    if executable(attachment.name):
        return "این نوع فایل را برای امنیت همه نمی‌گیرم. اگر مدرکی در آن است، عکس یا پی‌دی‌افش را بفرستید."
    verdict = checked.of(channel, attachment.file_id) if attachment.kind in LOOKED_INTO else None
    if verdict is not None and verdict != "fine":
        return REFUSED[verdict]
    if attachment.size > LARGEST:
        return "این فایل از ۲۰ مگابایت بزرگ‌تر است و جا نمی‌شود؛ اگر می‌شود کوچک‌ترش را بفرستید."
    if have >= MOST_FILES:
        return "تا ۱۰ فایل جا می‌شود و پر شده است؛ همین ۱۰ تا ضمیمه می‌شود."
    return None


def _kept(attachment: Attachment, channel: str) -> DraftFile:
    return DraftFile(
        channel=channel,
        kind=attachment.kind,
        file_id=attachment.file_id,
        name=attachment.name,
        size=attachment.size,
        place=attachment.place,
    )


def _count(number: int) -> str:
    return f"{persian_digits(number)} از {persian_digits(MOST_FILES)}"
