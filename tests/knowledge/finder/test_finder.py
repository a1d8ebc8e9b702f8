"""The real finder on questions of our own. Scores are tuned elsewhere: here stand properties and wide nets."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.catalogue import DATA, Catalogue
from knowledge.finder.decide import load_thresholds
from knowledge.finder.finder import TOP, AddedPhrase, Finder, Found, model_path, stored_artefact
from knowledge.finder.phrases import label

OURS = [
    ("economic-08", "نونوایی محلمون پخت نمیکنه میگن سهمیه‌ی آردش رو کم کردن"),
    ("economic-10", "انتخابات اتحادیه‌ی صنف لباس‌فروش‌ها کی زیر نظر کدوم اداره برگزار میشه؟"),
    ("economic-06", "کارگروه صادرات استان رو چه دفتری اداره میکنه"),
    ("investment-04", "یه لیست از فرصت‌های سرمایه‌گذاری استان قزوین میخوام"),
    ("investment-10", "استارتاپ داریم و شرکتمون دانش بنیانه، استانداری حمایتی هم میکنه؟"),
    ("political-08", "برای راهپیمایی از کجا باید مجوز بگیریم"),
    ("political-05", "میخوایم یه حزب تازه درست کنیم پروانه‌ی تاسیسش رو کی میده"),
    ("political-25", "اسم روستامون رو میخوایم عوض کنیم باید به کجا درخواست بدیم"),
    ("security-02", "کوادکوپتر خریدم برای فیلمبرداری هوایی اجازه‌ی پرواز لازم دارم؟"),
    ("security-01", "توی یه حادثه‌ی امنیتی ماشینم آسیب دیده خسارتش رو کی میده"),
    ("security-09", "معدن سنگ داریم و برای انفجار مواد ناریه مجوز لازم داریم"),
    ("social-02", "میخوایم یه سمن خیریه ثبت کنیم پروانه‌ی فعالیت از کجا بگیریم"),
    ("social-11", "پروانه‌ی سمن ما تاریخش تموم شده چطور تمدیدش کنیم"),
    ("social-06", "از یه موسسه‌ی خیریه‌ی مردم نهاد شکایت دارم پول جمع کرده و جواب نمیده"),
    ("social-25", "برای اربعین و زائرای پیاده استانداری چه کار میکنه"),
    ("foreign-06", "خواهرم میخواد با یه مرد افغانستانی عقد کنه پروانه‌ی زناشویی لازمه؟"),
    ("foreign-04", "پسر ایرانی هستم و زنم تبعه‌ی عراقه برای ثبت عقدمون مجوز میخوام"),
    ("foreign-17", "کارگر افغانیم میخواد بره مشهد برگه‌ی مسافرت بین شهری از کجا بگیره"),
    ("foreign-22", "بچه‌ی یه خانواده‌ی مهاجر تازه به دنیا اومده ولادتش رو کجا ثبت کنن"),
    ("foreign-11", "دانشجوی خارجی هستم و برای تحصیل در دانشگاه مجوز میخوام"),
    ("urban-34", "از شهرداری شکایت دارم هر چی میرم جواب نمیدن"),
    ("urban-13", "عضو شورای شهر شدم کارت عضویتم رو کی صادر میکنه به من بده"),
    ("urban-06", "بودجه‌ی سال بعد شهرداری رو باید کی تایید کنه"),
    ("rural-05", "دهیار تازه معرفی کردیم حکمش رو کی تایید میکنه"),
    ("rural-11", "برای آتش‌نشانی دهیاری نیرو جذب میکنن؟"),
    ("rural-06", "حسابرسی دهیاری روستای ما تایید لازم داره"),
    ("technical-01", "تاکسی دارم و میخوام ببرمش یه شهر دیگه کار کنم مجوزش با کیه"),
    ("technical-02", "میخوام مرکز معاینه فنی خودرو راه بندازم موافقت اولیه میخوام"),
    ("technical-13", "مرکز معاینه فنی بدون اینکه ماشین رو نگاه کنه برگه داد، تخلفش رو کجا بگم"),
    ("technical-11", "مسکن مهر ما هنوز مشکل داره و تحویلمون ندادن"),
    ("crisis-04", "سیل خونه‌مون رو برد خسارتش رو کی پیگیری میکنه"),
    ("performance-14", "میخوام استاندار رو حضوری ببینم وقت ملاقات مردمی چطور بگیرم"),
    ("women-02", "کارگاه آموزشی برای خانم‌ها و خانواده برگزار میکنید؟"),
    ("planning-09", "دوره‌ی ضمن خدمت کارمندای استانداری کی برگزار میشه"),
    ("admin-12", "کارمند استانداریم و مرخصی استعلاجی میخوام ثبت کنم"),
    ("admin-56", "استانداری ماشین‌های فرسوده‌اش رو مزایده میذاره؟"),
    ("it-08", "شبکه‌ی دولت توی اداره‌ی ما قطع شده با کی هماهنگ کنیم"),
    ("defence-04", "مجوز دوره‌ی آموزشی پدافند غیرعامل رو کی صادر میکنه"),
]
OTHERS = [
    "گواهینامه‌ی رانندگیم گم شده المثنی میخوام",
    "قبض برق خونه‌مون خیلی زیاد اومده",
    "نوبت دکتر قلب از بیمارستان ولایت میخوام",
    "یارانه‌ام این ماه قطع شده",
    "دستور پخت قیمه نثار",
    "قیمت دلار امروز چنده",
    "بلیط قطار برای مشهد میخوام بخرم",
    "نتیجه‌ی بازی پرسپولیس چی شد",
]
ODD = [
    "",
    " \n\t ",
    "😀",
    "👍🏽👍🏽👍🏽",
    "؟!...",
    "ـــــ",
    "\u200c\u200d\u200f",
    "0",
    "۱۲۳۴",
    "a",
    "ا",
    "qqq xxx zzz",
    "مجوز " * 2000,
    "x" * 5000,
    "ﷺ" * 4096,
    "1a" * 4096,
    "می " * 3000,
    "\ud83d",
    "\x00\x01",
    "请问怎么办理",
    "'; DROP TABLE services; --",
]


def keeps_the_contract(finder: Finder, found: Found) -> None:
    shown = [scored.code for scored in found.services]
    candidates = [scored.code for scored in found.candidates]
    assert len(candidates) in {0, TOP}
    assert len(set(candidates)) == len(candidates)
    assert len(set(shown)) == len(shown)
    assert all(code in finder.catalogue for code in (*shown, *candidates))
    scores = [scored.score for scored in found.candidates]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert found.intent
    assert found.milliseconds >= 0
    match found.decision:
        case "answer":
            assert len(shown) == 1
        case "choose":
            assert 2 <= len(shown) <= 5
        case "decline":
            assert not shown


@pytest.mark.parametrize(("code", "question"), OURS, ids=[code for code, _ in OURS])
def test_the_right_service_is_among_the_first_five(finder: Finder, code: str, question: str) -> None:
    found = finder.find(question)
    keeps_the_contract(finder, found)
    assert code in [scored.code for scored in found.candidates[:5]]


def test_most_questions_for_us_are_helped(finder: Finder) -> None:
    helped = [code in [scored.code for scored in finder.find(question).services] for code, question in OURS]
    assert sum(helped) >= 0.8 * len(helped)


@pytest.mark.parametrize("question", OTHERS)
def test_what_is_not_ours_is_declined(finder: Finder, question: str) -> None:
    found = finder.find(question)
    keeps_the_contract(finder, found)
    assert found.decision == "decline"
    assert found.intent == "out_of_scope"


@pytest.mark.parametrize(("text", "intent"), [("سلام", "greeting"), ("خیلی ممنون", "thanks"), ("خداحافظ", "goodbye")])
def test_small_talk_is_known_as_such(finder: Finder, text: str, intent: str) -> None:
    found = finder.find(text)
    assert (found.decision, found.intent) == ("decline", intent)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_text_never_raises(finder: Finder, text: str) -> None:
    found = finder.find(text)
    keeps_the_contract(finder, found)
    assert found.question == text


@pytest.mark.parametrize("text", ["", "😀😀", "؟", "ـ", "\u200c"])
def test_text_without_a_word_is_empty(finder: Finder, text: str) -> None:
    found = finder.find(text)
    assert (found.decision, found.intent, found.candidates) == ("decline", "empty", ())


@pytest.mark.parametrize("text", ["请问怎么办理", "zzxq wvvk bbnt qqpd", "Как получить разрешение?"])
def test_text_of_another_world_is_declined(finder: Finder, text: str) -> None:
    assert finder.find(text).decision == "decline"


@given(
    st.text(alphabet=st.characters(codec=None), max_size=200) | st.text(alphabet="ابپتسشمنوهی \u200c؟۱", max_size=80)
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_keeps_the_contract(finder: Finder, text: str) -> None:
    keeps_the_contract(finder, finder.find(text))


@pytest.mark.parametrize(("code", "question"), OURS[::6])
def test_finding_is_deterministic(finder: Finder, code: str, question: str) -> None:
    one, other = finder.find(question), finder.find(question)
    assert (one.decision, one.intent, one.services, one.candidates, one.topic) == (
        other.decision,
        other.intent,
        other.services,
        other.candidates,
        other.topic,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("می‌خواهم تاکسی‌ام را ببرم", "مي خواهم تاكسي ام را ببرم"),
        ("مجوز پرواز پهپاد", "مُجَوِّز پــرواز پهپاد!!!"),
        ("شکایت‌های مردم از شهرداری", "شکایتهای مردم از شهرداری ؟"),
    ],
)
def test_how_it_is_typed_changes_nothing(finder: Finder, one: str, other: str) -> None:
    assert finder.find(one).candidates == finder.find(other).candidates


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        ("admin-52", "قلمبه‌ی زرگری شلنگ تخته میخوام"),
        ("technical-01", "برای جابه‌جایی ماشین زردم به یه شهر دیگه"),
        ("women-08", "آمار خانوم‌های استان رو بدین"),
        ("it-09", "پرینتر اتاقم کار نمیکنه"),
        ("foreign-12", "دفترچه‌ی درمان همسایه‌ی مهاجرمون"),
    ],
)
def test_a_phrase_that_staff_added_moves_its_service_to_the_front(finder: Finder, code: str, phrase: str) -> None:
    taught = finder.with_phrases([AddedPhrase(phrase, label("service", code))])
    assert taught.find(phrase).candidates[0].code == code
    assert taught.find(f"{phrase}؟").candidates[0].code == code


def test_an_added_phrase_leaves_other_questions_alone(finder: Finder) -> None:
    taught = finder.with_phrases([AddedPhrase("قلمبه‌ی زرگری شلنگ تخته", label("service", "admin-52"))])
    for _, question in OURS[::5]:
        assert taught.find(question).candidates == finder.find(question).candidates


def test_an_added_phrase_of_no_words_or_no_service_is_passed_over(finder: Finder) -> None:
    added = [AddedPhrase("😀", label("service", "it-09")), AddedPhrase("سلام", label("service", "nowhere-99"))]
    taught = finder.with_phrases(added)
    assert taught.find("سلام").intent == "greeting"


def test_other_rules_make_another_finder(finder: Finder) -> None:
    strict = finder.with_rules(load_thresholds().model_copy(update={"ours_bias": -49.0}))
    assert all(strict.find(question).decision != "answer" for _, question in OURS[::6])
    assert finder.rules == load_thresholds()


def test_every_service_can_be_found_by_its_title(finder: Finder, catalogue: Catalogue) -> None:
    lost = [
        service.code
        for service in catalogue.services[::7]
        if service.code not in [scored.code for scored in finder.find(service.title).candidates[:3]]
    ]
    assert len(lost) <= 3


def test_the_stored_artefact_is_of_the_data_as_it_stands(finder: Finder) -> None:
    assert finder.find("سلام").decision == "decline"
    assert stored_artefact(model_path()) is not None


def test_the_artefacts_place_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_MODEL", "/somewhere/else.zip")
    assert str(model_path()) == "/somewhere/else.zip"
    monkeypatch.delenv("KHEDMATYAR_MODEL")
    assert model_path() == DATA / "model" / "finder.zip"
