"""What came of trying phrases, as editors read it."""

from __future__ import annotations

from handlers.reply import Block, Items, say
from knowledge.catalogue import Catalogue
from knowledge.finder.phrases import Label, kind_of, name_of
from knowledge.overlay.batch import Batch
from knowledge.overlay.trial import Trial
from knowledge.persian import persian_digits

REFUSED_OF_FILE = "این عبارت‌ها افزوده نمی‌شود، چون پاسخ‌ها را بدتر می‌کند:"
SHOWN_REFUSED = 15


def figures(catalogue: Catalogue, trial: Trial) -> Items:
    """The numbers of one phrase's trial, and why it was refused if it was."""
    lines = [_right("از {asked} پرسش نزدیک به آن، درست:", trial.asked, trial.before, trial.after)]
    lines += [f"دیگر درست نمی‌شود: «{text[:100]}»" for text in trial.lost]
    lines += _against(catalogue, trial)
    if not trial.found and not trial.worse:
        lines.append("خود این پرسش هنوز به این خدمت نمی‌رسد.")
    return Items(tuple(lines))


def batch_blocks(catalogue: Catalogue, batch: Batch) -> tuple[Block, ...]:
    """The numbers of a file's phrases, and which of them were refused; nothing when there were none."""
    blocks: list[Block] = []
    if batch.kept:
        count = persian_digits(len(batch.kept))
        told = _right("از {asked} پرسش نزدیک، درست:", batch.asked, batch.before, batch.after)
        blocks.append(say(f"{count} عبارت تازه با هم آزموده شد. {told}", "quiet"))
    if batch.refused:
        blocks += [say(REFUSED_OF_FILE, "strong"), Items(tuple(
            f"«{phrase.text[:80]}» برای {_named(catalogue, phrase.label)}: {_reason(catalogue, trial)}"
            for phrase, trial in batch.refused[:SHOWN_REFUSED]
        ))]  # fmt: skip
    if (more := len(batch.refused) - SHOWN_REFUSED) > 0:
        blocks.append(say(f"… و {persian_digits(more)} عبارت دیگر"))
    return tuple(blocks)


def _right(start: str, asked: int, before: int, after: int) -> str:
    return f"{start.format(asked=persian_digits(asked))} پیش {persian_digits(before)}، پس {persian_digits(after)}"


def _reason(catalogue: Catalogue, trial: Trial) -> str:
    against = _against(catalogue, trial)
    figure = _right("از {asked} پرسش نزدیک، درست:", trial.asked, trial.before, trial.after)
    return "؛ ".join((*against, figure)) if against else figure


def _against(catalogue: Catalogue, trial: Trial) -> list[str]:
    if trial.taken is not None:
        return [f"همین عبارت در فهرست برای {_named(catalogue, trial.taken)} است"]
    if trial.rival is None:
        return []
    alike, whose = trial.alike, _named(catalogue, trial.rival)
    if trial.rival == alike.most:
        count, own = persian_digits(alike.own + alike.others), persian_digits(alike.own)
        here = f"تنها {own} تا برای این خدمت است" if alike.own else "هیچ‌کدام برای این خدمت نیست"
        return [f"از {count} پرسش همانند در فهرست {here}؛ بیشترش برای {whose} است"]
    return [f"اکنون این پرسش به‌روشنی به {whose} می‌رسد"]


def _named(catalogue: Catalogue, what: Label) -> str:
    name = name_of(what)
    match kind_of(what):
        case "service":
            return f"«{catalogue.service(name).short_title}»" if name in catalogue else f"«{name}»"
        case "elsewhere":
            return "کار دستگاهی دیگر"
        case "intent":
            return "گفت‌وگوی عادی"
