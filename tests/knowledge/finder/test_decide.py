"""From hand-made probabilities to a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from knowledge.catalogue import Catalogue
from knowledge.errors import DataError
from knowledge.finder.decide import (
    DECISION,
    Evidence,
    Scored,
    Thresholds,
    Verdict,
    check_codes,
    decide,
    load_thresholds,
    ours,
    probabilities,
)
from knowledge.finder.finder import Finder
from knowledge.finder.phrases import Label, kind_of, name_of

RULES = Thresholds(
    sharpness=1.0,
    answer_at=0.7,
    answer_at_short=0.95,
    answer_gap=0.3,
    ours_weights={"best_service": 10.0, "best_elsewhere": -10.0, "gate": 1.0},
    ours_bias=0.0,
    ours_at=0.4,
    offer_at=0.95,
    offer_ours_at=0.15,
    offer_short_at=0.3,
    answer_ours_at=0.6,
    shown_at=0.03,
    shown_most=5,
    cover=0.9,
    known_at=0.3,
    twins=(("urban-33", "rural-15"),),
    complaint_services=("performance-05", "urban-34", "social-06"),
)
CODES = ("urban-33", "rural-15", "urban-01", "urban-34", "performance-05", "social-06", "it-01", "admin-01")
LABELS = tuple(
    Label(name)
    for name in (
        *(f"service:{code}" for code in CODES),
        "elsewhere:loan",
        "elsewhere:weather",
        "intent:greeting",
        "intent:complain",
    )
)


def evidence(
    chances: dict[str, float],
    gate: float = 0.0,
    known: float = 1.0,
    titled: tuple[str, ...] = (),
    short: bool = False,
) -> Evidence:
    """Evidence in which these labels (by name) share the probability, and margins are the same numbers."""
    values = np.array([chances.get(name_of(what), 0.0) for what in LABELS], dtype=np.float32)
    ranked = tuple(
        sorted(
            (
                Scored(name_of(what), float(value), float(value))
                for what, value in zip(LABELS, values, strict=True)
                if kind_of(what) == "service"
            ),
            key=lambda scored: -scored.score,
        )
    )
    return Evidence(LABELS, values, values, ranked, gate, known, frozenset(titled), short)


def verdict(
    gate: float = 0.0, known: float = 1.0, titled: tuple[str, ...] = (), rules: Thresholds = RULES, **chances: float
) -> Verdict:
    """The verdict on such evidence; in a name «_» stands for «-»."""
    named = {name.replace("_", "-"): chance for name, chance in chances.items()}
    assert set(named) <= {name_of(what) for what in LABELS}
    return decide(evidence(named, gate, known, titled), rules)


def codes(found: Verdict) -> list[str]:
    return [scored.code for scored in found.shown]


def test_a_sure_service_is_the_answer() -> None:
    found = verdict(urban_01=0.9, it_01=0.05, loan=0.05)
    assert (found.decision, found.intent, codes(found), found.topic) == ("answer", "find_service", ["urban-01"], None)


def test_a_likely_service_with_a_near_rival_is_a_choice() -> None:
    found = verdict(urban_01=0.5, it_01=0.4, loan=0.1)
    assert found.decision == "choose"
    assert codes(found) == ["urban-01", "it-01"]


def test_a_missing_weight_is_refused(tmp_path: Path) -> None:
    content = yaml.safe_load(DECISION.read_text(encoding="utf-8"))
    del content["ours_weights"]["gate"]
    path = tmp_path / "decision.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(DataError, match="ours_weights"):
        load_thresholds(path)


def test_below_the_least_probability_nothing_is_answered_straight() -> None:
    assert verdict(urban_01=0.69, it_01=0.1, loan=0.21).decision == "choose"


def test_a_choice_covers_the_likely_ones_and_leaves_out_the_unlikely() -> None:
    found = verdict(urban_01=0.4, it_01=0.3, admin_01=0.2, urban_34=0.08, social_06=0.02)
    assert codes(found) == ["urban-01", "it-01", "admin-01"]
    found = verdict(urban_01=0.6, it_01=0.02, admin_01=0.01, loan=0.37)
    assert codes(found) == ["urban-01", "it-01"]


def test_no_choice_is_longer_than_allowed() -> None:
    even = evidence({code: 0.125 for code in CODES if code not in {"urban-33", "rural-15"}}, gate=5.0)
    found = decide(even, RULES)
    assert found.decision == "choose"
    assert len(found.shown) == RULES.shown_most
    assert len(decide(even, RULES.model_copy(update={"shown_most": 3})).shown) == 3


@pytest.mark.parametrize(("first", "second"), [("urban-33", "rural-15"), ("rural-15", "urban-33")])
def test_twins_are_offered_together(first: str, second: str) -> None:
    found = decide(evidence({first: 0.98, second: 0.0, "it-01": 0.02}), RULES)
    assert found.decision == "choose"
    assert codes(found)[:2] == [first, second]


def test_a_twin_lower_down_brings_nobody() -> None:
    found = verdict(urban_01=0.9, urban_33=0.1)
    assert codes(found) == ["urban-01"]


def test_what_is_not_ours_is_declined_with_its_topic() -> None:
    found = verdict(loan=0.6, weather=0.1, urban_01=0.2, greeting=0.1)
    assert (found.decision, found.intent, found.shown, found.topic) == ("decline", "out_of_scope", (), "loan")


def test_small_talk_is_declined_with_its_intent() -> None:
    found = verdict(gate=-9.0, greeting=0.7, urban_01=0.2, loan=0.1)
    assert (found.decision, found.intent, found.shown, found.topic) == ("decline", "greeting", (), None)


def test_a_bare_complaint_is_a_choice_of_complaint_services() -> None:
    found = verdict(complain=0.7, urban_34=0.15, performance_05=0.05, loan=0.1)
    assert (found.decision, found.intent) == ("choose", "complain")
    assert codes(found)[:2] == ["urban-34", "performance-05"]
    assert set(codes(found)) == set(RULES.complaint_services)


def test_a_complaint_about_something_named_goes_to_its_service() -> None:
    found = verdict(complain=0.05, urban_34=0.9, loan=0.05)
    assert (found.decision, codes(found)) == ("answer", ["urban-34"])


def test_a_complaint_about_others_is_declined() -> None:
    assert verdict(complain=0.3, loan=0.5, urban_34=0.2).decision == "decline"


def test_text_of_unknown_letters_is_declined_whatever_the_scores() -> None:
    found = verdict(known=0.29, urban_01=1.0)
    assert (found.decision, found.intent, found.shown, found.topic) == ("decline", "out_of_scope", (), "nothing")
    assert verdict(known=0.31, urban_01=1.0).decision == "answer"


def test_of_what_may_not_be_ours_one_service_is_only_offered() -> None:
    assert verdict(urban_01=0.9, it_01=0.05, gate=-8.8).decision == "choose"
    assert verdict(urban_01=0.9, it_01=0.05, gate=-7.0).decision == "answer"


def test_the_gate_alone_can_decline() -> None:
    assert verdict(urban_01=0.9, it_01=0.05, gate=-20.0).decision == "decline"


def test_a_service_far_ahead_is_offered_where_ours_is_in_doubt() -> None:
    found = verdict(urban_01=0.96, it_01=0.02, gate=-10.6)
    assert (found.decision, codes(found)[0]) == ("choose", "urban-01")
    assert verdict(urban_01=0.94, it_01=0.02, gate=-10.6).decision == "decline"


def test_ours_is_a_probability_that_grows_with_the_service_and_falls_with_the_others() -> None:
    middle = ours(evidence({"urban-01": 0.5, "loan": 0.5}), RULES)
    assert abs(middle - 0.5) < 1e-6
    assert ours(evidence({"urban-01": 0.6, "loan": 0.4}), RULES) > middle
    assert ours(evidence({"urban-01": 0.4, "loan": 0.6}), RULES) < middle
    assert 0.0 <= ours(evidence({}, gate=-1e9), RULES) < ours(evidence({}, gate=1e9), RULES) <= 1.0


def test_a_search_word_of_several_titles_is_a_choice_of_them() -> None:
    found = verdict(urban_01=0.69, it_01=0.01, admin_01=0.3, titled=("urban-01", "admin-01", "social-06"))
    assert found.decision == "choose"
    assert set(codes(found)) == {"urban-01", "admin-01", "social-06"}
    assert codes(found)[0] == "urban-01"


def test_a_likely_service_joins_those_whose_titles_hold_the_words() -> None:
    found = verdict(urban_01=0.6, it_01=0.3, admin_01=0.1, titled=("urban-01", "social-06"))
    assert set(codes(found)) == {"urban-01", "it-01", "admin-01", "social-06"}


def test_a_search_word_of_one_title_is_answered() -> None:
    assert verdict(urban_01=0.9, titled=("urban-01",)).decision == "answer"


def test_a_search_word_is_offered_a_list_rather_than_answered_or_declined() -> None:
    likely = {"urban-01": 0.9, "it-01": 0.05}
    assert decide(evidence(likely), RULES).decision == "answer"
    assert decide(evidence(likely, short=True), RULES).decision == "choose"
    doubtful = {"urban-01": 0.4, "it-01": 0.1, "loan": 0.5}
    assert decide(evidence(doubtful), RULES).decision == "decline"
    assert decide(evidence(doubtful, short=True), RULES).decision == "choose"


@given(
    st.lists(st.floats(0.0, 1.0), min_size=len(LABELS), max_size=len(LABELS)),
    st.floats(0.0, 1.0),
    st.floats(-9.0, 9.0),
    st.sets(st.sampled_from(CODES)),
    st.booleans(),
)
def test_any_probabilities_give_a_verdict_that_keeps_the_contract(
    weights: list[float], known: float, gate: float, titled: set[str], short: bool
) -> None:
    total = sum(weights) or 1.0
    chances = {name_of(what): weight / total for what, weight in zip(LABELS, weights, strict=True)}
    found = decide(evidence(chances, gate, known, tuple(titled), short), RULES)
    shown = codes(found)
    assert len(set(shown)) == len(shown)
    match found.decision:
        case "answer":
            assert len(shown) == 1
        case "choose":
            assert 2 <= len(shown) <= 5
        case "decline":
            assert not shown
    assert found.topic is None or found.decision == "decline"


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=20), st.floats(0.1, 10))
def test_probabilities_sum_to_one_and_keep_the_order(scores: list[float], sharpness: float) -> None:
    values = np.array(scores, dtype=np.float32)
    chances = probabilities(values, sharpness)
    assert np.isfinite(chances).all()
    assert abs(float(chances.sum()) - 1) < 1e-3
    assert chances[int(np.argmax(values))] == np.max(chances)


def test_sharper_is_surer() -> None:
    scores = np.array([2.0, 1.0, 0.0], dtype=np.float32)
    assert probabilities(scores, 3.0)[0] > probabilities(scores, 1.0)[0]


def test_the_real_thresholds_are_sound_and_name_real_services(catalogue: Catalogue) -> None:
    rules = load_thresholds()
    check_codes(rules, catalogue)
    assert rules.answer_ours_at >= rules.ours_at
    assert all(len(set(group)) == len(group) >= 2 for group in rules.twins)
    assert len(set(rules.complaint_services)) == len(rules.complaint_services) >= 2


def test_codes_of_no_service_are_named() -> None:
    with pytest.raises(DataError, match="urban-33"):
        check_codes(RULES, CODES[1:])


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("answer_at", 1.5),
        ("answer_at", -0.1),
        ("answer_at", float("nan")),
        ("answer_gap", "زیاد"),
        ("ours_at", None),
        ("sharpness", 0),
        ("ours_weights", {"unheard": 1.0}),
        ("shown_most", 1),
        ("shown_most", 6),
        ("shown_most", 2.5),
        ("twins", [["no code"]]),
        ("twins", "urban-33"),
        ("complaint_services", ["URBAN-1"]),
        ("unheard_of", 1),
    ],
)
def test_a_bad_value_is_refused_by_name(tmp_path: Path, field: str, wrong: Any) -> None:
    content = yaml.safe_load(DECISION.read_text(encoding="utf-8")) | {field: wrong}
    path = tmp_path / "decision.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DataError, match=rf"decision\.yaml.*{field}"):
        load_thresholds(path)


@pytest.mark.parametrize(
    "field", ["sharpness", "answer_at", "ours_at", "ours_weights", "ours_bias", "shown_most", "cover", "known_at"]
)
def test_a_missing_value_is_refused_by_name(tmp_path: Path, field: str) -> None:
    content = yaml.safe_load(DECISION.read_text(encoding="utf-8"))
    del content[field]
    path = tmp_path / "decision.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(DataError, match=rf"decision\.yaml.*{field}"):
        load_thresholds(path)


@pytest.mark.parametrize("text", ["", "- 1", "sharpness: [", "sharpness: 1\nsharpness: 2\n"])
def test_a_broken_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "decision.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"decision\.yaml"):
        load_thresholds(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"decision\.yaml"):
        load_thresholds(tmp_path / "decision.yaml")


@pytest.mark.parametrize(
    ("question", "straight"),
    [("لغو مجوز سمن", False), ("تمدید پروانه سمن", True), ("صدور شماره مستخدم", False), ("ابطال شماره مستخدم", True),
     ("لغو مجوز معاینه فنی", False), ("صدور مجوز معاینه فنی", True), ("انحلال حزب", True)],
)  # fmt: skip
def test_what_ends_a_thing_is_no_straight_answer_to_who_wants_it_made(
    finder: Finder, question: str, straight: bool
) -> None:
    assert (finder.find(question).decision == "answer") == straight


@pytest.mark.parametrize("question", ["میخوام استخدام شم", "شهرداری", "بودجه را که تایید می‌کند"])
def test_words_that_fit_many_services_get_a_choice(finder: Finder, question: str) -> None:
    assert finder.find(question).decision == "choose"


@pytest.mark.parametrize(
    ("question", "intent"), [("12345", "out_of_scope"), ("2", "ordinal"), ("۹۹۹۹۹", "out_of_scope")]
)
def test_a_lone_number_is_no_question(finder: Finder, question: str, intent: str) -> None:
    found = finder.find(question)
    assert (found.decision, found.intent) == ("decline", intent)
