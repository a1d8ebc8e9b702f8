"""The phrases of one file, tried together: those that make the finder worse are named, the others may go live."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from knowledge.finder.finder import AddedPhrase, Finder
from knowledge.finder.normalize import normalize
from knowledge.finder.phrases import Label, Phrase
from knowledge.overlay.edition import PHRASE, Edit, Edition
from knowledge.overlay.trial import NEAREST, Trial, judged, nearest, right

MOST_NEW = 200
"""Most new phrases of one file that are tried: each costs some hundredths of a second to a second."""

ASKED_TOGETHER = 2000
"""About how many questions are asked in all; each phrase has its nearest among them, at least `LEAST_NEAREST`."""

LEAST_NEAREST = 10


@dataclass(frozen=True)
class Batch:
    """What came of trying phrases together. `asked`, `before`, `after`: questions, and those right without and with the
    phrases that were `kept`; `refused`: each of the others with its own trial."""

    asked: int = 0
    before: int = 0
    after: int = 0
    kept: tuple[AddedPhrase, ...] = ()
    refused: tuple[tuple[AddedPhrase, Trial], ...] = ()


def new_phrases(edits: Collection[Edit]) -> dict[str, AddedPhrase]:
    """The phrases that edits add or give to another service, by their subject."""
    return {
        one.subject: AddedPhrase((value := json.loads(one.after))["text"], Label(value["label"]))
        for one in edits
        if one.field == PHRASE and one.after is not None
    }


def tried_edits(finder: Finder, edition: Edition, edits: Sequence[Edit]) -> Batch:
    """Try the phrases that these edits of an edition add, over those that it keeps. No more than `MOST_NEW`."""
    new = new_phrases(edits)
    if not new:
        return Batch()
    touched = {one.subject for one in edits if one.field == PHRASE}
    facts = {key: fact for key, fact in edition.facts.items() if key[0] not in touched}
    return tried_together(finder, replace(edition, facts=facts).phrases, tuple(new.values()))


def tried_together(finder: Finder, added: Sequence[AddedPhrase], new: Sequence[AddedPhrase]) -> Batch:
    """Try new phrases over those `added` before. Each is asked for its own words first; then the questions near to any
    are asked without and with all that are left, and as long as fewer are right, the phrase nearest to the lost ones
    is left out, too."""
    old = finder.with_phrases(added)
    most = max(LEAST_NEAREST, min(NEAREST, ASKED_TOGETHER // max(1, len(new))))
    near = {one: nearest(one.text, most) for one in new}
    asked = list(dict.fromkeys(phrase for some in near.values() for phrase in some))
    before = frozenset(phrase for phrase in asked if right(old, phrase))
    fresh = finder.with_phrases([*added, *new])
    refused: list[tuple[AddedPhrase, Trial]] = []
    kept: list[AddedPhrase] = []
    for one in new:
        trial = judged(old, fresh, one, near[one], before & {*near[one]}, before & {*near[one]})
        if trial.worse:
            refused.append((one, trial))
        else:
            kept.append(one)
    every = finder.with_phrases([*added, *kept])
    after = _after(every, asked)
    while len(after) < len(before) and kept:
        worst = _blamed(kept, before - after)
        kept.remove(worst)
        here = {*near[worst]}
        refused.append((worst, judged(old, every, worst, near[worst], before & here, after & here)))
        every = finder.with_phrases([*added, *kept])
        after = (after - here) | _after(every, near[worst])
    return Batch(len(asked), len(before), len(after), tuple(kept), tuple(refused))


def _after(finder: Finder, asked: Collection[Phrase]) -> frozenset[Phrase]:
    return frozenset(phrase for phrase in asked if right(finder, phrase))


def _blamed(kept: Sequence[AddedPhrase], lost: Collection[Phrase]) -> AddedPhrase:
    """The phrase that is nearest to most of the lost questions."""
    votes: Counter[AddedPhrase] = Counter()
    for phrase in lost:
        form = normalize(phrase.text)
        votes[max(kept, key=lambda one: fuzz.token_set_ratio(form, normalize(one.text)))] += 1
    return votes.most_common(1)[0][0]
