"""The front door: what the program is, what it can do, what it keeps, and how to have that deleted."""

from __future__ import annotations

from handlers import complaint, desk
from handlers.complaint.rules import store
from handlers.reply import Button, Heading, Items, Reply, Row, message
from handlers.show import show
from handlers.topic import Command, Topic
from handlers.visit import Conversation, Visit
from knowledge.models import BOOKLET
from knowledge.persian import persian_digits

HELLO = "سلام! من خدمت‌یار هستم. بنویسید چه کاری با استانداری قزوین دارید تا بگویم با کدام دفتر است و چه می‌خواهد."
TRY = "مثلاً بنویسید: «می‌خواهم پهپاد پرواز بدهم، مجوزش با کیست؟»"
UNKNOWN = "این فرمان را نمی‌شناسم. از این‌ها کدام؟"
NOTHING_OPEN = "کار نیمه‌تمامی نبود. هر وقت خواستید، بپرسید."
ASK_FORGET = "همه‌ی آنچه از شما نگه داشته‌ام (گفت‌وگوی جاری و پیام‌های فرستاده‌نشده) پاک شود؟"
FORGOTTEN = "پاک شد. اگر دوباره بنویسید، مانند بار نخست خواهد بود."
KEPT = "باشد، چیزی پاک نشد."


def menu_rows() -> tuple[Row, ...]:
    """The buttons of the front door."""
    return (
        (Button("فهرست خدمات", data="bd"), Button("شکایت‌های من", data="cmine")),
        (Button("اطلاعیه‌ها", data="news"), Button("راهنما", data="help")),
    )


async def start(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`/start`: two lines and the main buttons; `/start code` (a deep link) opens that card."""
    if words and words[0] in visit.office.catalogue:
        return Reply((show(visit, words[0]),))
    if words and words[0].startswith(desk.INVITED):
        reply = await desk.accept_invitation(visit, words[0])
        if reply is not None:
            return reply
    return message(HELLO, TRY, buttons=menu_rows())


async def help_(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`/help`; for staff with their commands."""
    return message(
        Heading("راهنما", 1),
        "همان‌طور که حرف می‌زنید بنویسید چه می‌خواهید. اگر چند خدمت به پرسش شما بخورد، می‌پرسم کدام.",
        Items((
            "بعد از دیدن یک خدمت می‌توانید بپرسید: «مدارکش؟»، «چند روز طول می‌کشد؟»، «کدام دفتر؟»، «مرحله‌ی بعد؟»",
            "با «فهرست خدمات» می‌توانید خودتان بگردید.",
            "با «ثبت شکایت» شکایت یا درخواستتان را می‌نویسید و کد پیگیری می‌گیرید.",
            "برای گفت‌وگو با انسان: سامد با شماره‌ی ۱۱۱.",
        )),
        *await desk.staff_help(visit),
        buttons=menu_rows(),
    )  # fmt: skip


async def about(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`/about`: the source, its edition, what is not known."""
    count = persian_digits(len(visit.office.catalogue))
    return message(
        Heading("درباره‌ی خدمت‌یار", 1),
        "من یک برنامه‌ام، نه کارمند. پرسش شما را می‌خوانم و خدمت درست را از میان خدمات استانداری قزوین پیدا می‌کنم.",
        f"منبع: {BOOKLET}؛ {count} خدمت.",
        Items((
            "هر چه می‌گویم از همین کتابچه یا از کارمندان استانداری است. آنچه در کتابچه نیست، می‌گویم که نیست.",
            "هزینه، نشانی و شماره‌ی تلفن دفترها در کتابچه نیامده است.",
            "چیزهایی که از سال ۱۴۰۲ عوض شده باشد، شاید این‌جا تازه نشده باشد؛ پیش از رفتن، از دفتر مسئول بپرسید.",
            "کارهای اداره‌های دیگر را فقط نام می‌برم که با کیست؛ راهنمایی عمومی است.",
        )),
        buttons=((Button("حریم خصوصی", data="priv"), Button("فهرست خدمات", data="bd")),),
    )  # fmt: skip


async def privacy(_visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`/privacy`: what is kept and for how long."""
    return message(
        Heading("حریم خصوصی", 1),
        Items((
            "برای پاسخ دادن، شناسه‌ی گفت‌وگو و آخرین خدمتی که دیدید نگه داشته می‌شود و پس از ۹۰ روز بی‌کاری پاک می‌شود.",
            "پرسشی که پاسخش را ندانم، بی‌نام نگه داشته می‌شود تا پاسخش افزوده شود.",
            "شماره‌ی ملی، موبایل، کارت بانکی و شبا پیش از نگه‌داری از آن پرسش برداشته می‌شود.",
            "شماره‌ی ملی هیچ‌گاه پرسیده نمی‌شود.",
            "متن شکایت و شماره‌ی تماستان را فقط کارمندان رسیدگی‌کننده می‌بینند.",
            "اگر فرستادن شکایت از حسابی بسته شده باشد، شناسه‌ی آن حساب تا پایان این راه‌بند می‌ماند، حتی پس از پاک کردن.",
        )),
        buttons=((Button("پاک کردن داده‌های من", data="forget"),),),
    )  # fmt: skip


async def forget(_visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`/forget`: asks first."""
    return message(
        ASK_FORGET,
        "شکایت‌هایی که ثبت کرده‌اید می‌مانند، چون رسیدگی به آن‌ها تکلیف قانونی است؛ ولی نام، شماره و نشانی گفت‌وگوی شما "
        "از آن‌ها برداشته می‌شود. از آن پس پاسخشان را نمی‌توانم برایتان بفرستم و تنها وضعیتشان را با کد پیگیری می‌بینید.",
        buttons=((Button("بله، پاک کن", data="forgetyes"), Button("نه", data="forgetno")),),
    )


async def forget_all(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """The citizen confirmed: everything of this person and chat goes; complaints stay, with nobody's name."""
    await store(visit).forget(visit.turn.channel, visit.turn.person)
    await desk.forget(visit)
    await visit.records.forget(visit.turn.channel, visit.turn.person, visit.turn.chat)
    visit.state = Conversation()
    return message(FORGOTTEN)


async def forget_nothing(_visit: Visit, _words: tuple[str, ...]) -> Reply:
    """The citizen thought better of it."""
    return message(KEPT)


async def cancel(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`/cancel`: puts away what is open, at the desk or a complaint."""
    for cancelled in (desk.cancel, complaint.cancel):
        if (reply := await cancelled(visit)) is not None:
            return reply
    visit.state.offered = ()
    visit.state.waiting = ()
    return message(NOTHING_OPEN, buttons=menu_rows())


def unknown_command() -> Reply:
    """A command that nobody registered."""
    return message(UNKNOWN, buttons=menu_rows())


TOPIC = Topic(
    commands=(
        Command("start", "شروع", start),
        Command("help", "راهنما", help_),
        Command("about", "درباره‌ی این برنامه و منبع آن", about),
        Command("privacy", "چه چیزی نگه داشته می‌شود", privacy),
        Command("forget", "پاک کردن داده‌های من", forget),
        Command("cancel", "انصراف از کار نیمه‌تمام", cancel),
    ),
    buttons={
        "help": help_,
        "about": about,
        "priv": privacy,
        "forget": forget,
        "forgetyes": forget_all,
        "forgetno": forget_nothing,
        "home": start,
    },
)
