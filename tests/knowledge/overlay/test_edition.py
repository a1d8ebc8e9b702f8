from __future__ import annotations

import pytest

from knowledge.catalogue import Catalogue
from knowledge.errors import DataError
from knowledge.overlay.difference import differences
from knowledge.overlay.edition import PHRASE, Edit, Edition, Fact, phrase_subject, sound
from knowledge.overlay.fields import FIELDS, SERVICE_FIELDS, FieldError

CODE = "it-01"


@pytest.fixture(scope="module")
def edition(catalogue: Catalogue) -> Edition:
    return Edition.of(catalogue)


def edited(edition: Edition, subject: str, name: str, text: str) -> Edition:
    edit = edition.edit(subject, name, FIELDS[name].read(text, edition.value(subject, name)))
    assert edit is not None
    return edition.with_edits([edit])


def test_every_field_of_every_service_reads_back_as_it_is_shown(edition: Edition) -> None:
    for service in edition.catalogue.services:
        for name in SERVICE_FIELDS:
            before = edition.value(service.code, name)
            value = FIELDS[name].read(FIELDS[name].show(before), before)
            assert edition.edit(service.code, name, value) is None, (service.code, name)


def test_no_facts_is_the_base_itself(catalogue: Catalogue) -> None:
    assert Edition.of(catalogue).catalogue is catalogue


def test_an_edit_changes_one_field_of_one_service(edition: Edition) -> None:
    after = edited(edition, CODE, "title", "عنوان تازه")
    assert after.catalogue.service(CODE).title == "عنوان تازه"
    changed = [one for one in after.catalogue.services if one != edition.catalogue.service(one.code)]
    assert [one.code for one in changed] == [CODE]
    assert edition.catalogue.service(CODE).title != "عنوان تازه"


def test_back_to_the_repositorys_value_is_no_fact(edition: Edition) -> None:
    after = edited(edition, CODE, "title", "عنوان تازه")
    back = edited(after, CODE, "title", edition.catalogue.service(CODE).title)
    assert not back.facts
    assert back.catalogue == edition.catalogue


def test_steps_take_the_place_of_their_absence_and_go_again(edition: Edition) -> None:
    after = edited(edition, CODE, "workflow", "۱. درخواست\n۲. پاسخ")
    service = after.catalogue.service(CODE)
    assert service.workflow is not None
    assert service.workflow_absent is None
    again = edited(after, CODE, "workflow", "")
    assert again.catalogue.service(CODE).workflow_absent == edition.catalogue.service(CODE).workflow_absent
    drawn = next(one.code for one in edition.catalogue.services if one.workflow)
    assert edited(edition, drawn, "workflow", "").catalogue.service(drawn).workflow_absent


def test_documents_keep_what_a_text_does_not_say(edition: Edition) -> None:
    service = next(
        one for one in edition.catalogue.services if any(document.confidential for document in one.documents)
    )
    shown = FIELDS["documents"].show(edition.value(service.code, "documents"))
    after = edited(edition, service.code, "documents", f"{shown}\nفرم: فرم درخواست")
    documents = after.catalogue.service(service.code).documents
    assert documents[:-1] == service.documents
    assert (documents[-1].text, documents[-1].kind) == ("فرم درخواست", "form")


def test_facts_of_staff_stand_beside_the_model(edition: Edition) -> None:
    after = edited(edition, CODE, "fee", "رایگان")
    assert after.value(CODE, "fee") == "رایگان"
    assert after.catalogue == edition.catalogue
    assert edited(after, CODE, "fee", "").fact(CODE, "fee") is None


def test_contacts_of_a_bureau(edition: Edition) -> None:
    assert edited(edition, "it", "phone", "028 3322").catalogue.file("it").bureau.phone == "۰۲۸ ۳۳۲۲"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("title", ""), ("title", "خدمت ها"), ("link", "example.ir"), ("link", "javascript:alert(1)"),
        ("documents", "الف\nالف"), ("workflow", "۱. الف [← ۹]"), ("scope", "خصوصی"), ("fee", "می شود"),
    ],
)  # fmt: skip
def test_a_bad_text_is_refused(name: str, text: str) -> None:
    with pytest.raises(FieldError):
        FIELDS[name].read(text, [] if name == "documents" else None)


@pytest.mark.parametrize(
    "edit",
    [
        Edit("nobody-01", "title", None, '"الف"'),
        Edit(CODE, "code", None, '"it-99"'),
        Edit(CODE, "phone", None, '"۱"'),
        Edit(CODE, "title", None, '"خدمت ها"'),
        Edit(CODE, "short_title", None, '"' + "ا" * 31 + '"'),
        Edit(CODE, "has_client", None, '"yes"'),
        Edit(CODE, "documents", None, '[{"text":"الف","kind":"gift"}]'),
        Edit(CODE, "link", None, '"javascript:alert(1)"'),
        Edit(CODE, "fee", None, "5"),
        Edit("phrase:1", PHRASE, None, '{"text":"الف","label":"service:it-01"}'),
        Edit(phrase_subject("الف"), PHRASE, None, '{"text":"الف","label":"service:nobody-01"}'),
    ],
)
def test_what_does_not_hold_together_is_named(edition: Edition, edit: Edit) -> None:
    with pytest.raises(DataError) as caught:
        edition.with_edits([edit])
    assert all(problem.reason for problem in caught.value.problems)


def test_two_services_cannot_bear_one_short_title(edition: Edition) -> None:
    taken = edition.catalogue.service("it-02").short_title
    with pytest.raises(DataError, match=CODE):
        edited(edition, CODE, "short_title", taken)


def test_sound_leaves_out_the_broken_bureau_alone(catalogue: Catalogue) -> None:
    facts = {("it-01", "title"): Fact(""), ("it-02", "summary"): Fact("متن"), ("women", "phone"): Fact("۱۲۳")}
    edition, problems = sound(catalogue, facts, 7)
    assert [problem.service for problem in problems] == ["it-01"]
    assert edition.catalogue.file("women").bureau.phone == "۱۲۳"
    assert edition.catalogue.file("it") == catalogue.file("it")
    assert edition.version == 7


def test_a_difference_says_what_was_added_changed_and_removed(edition: Edition) -> None:
    before = edited(edited(edition, CODE, "fee", "رایگان"), CODE, "duration", "دو روز")
    texts = {"title": "عنوان تازه", "fee": "", "link": "https://example.ir/a", "duration": "سه روز",
             "documents": "کارت ملی"}  # fmt: skip
    edits = [
        edit for name, text in texts.items()
        if (edit := before.edit(CODE, name, FIELDS[name].read(text, before.value(CODE, name))))
    ]  # fmt: skip
    found = {one.field: one for one in differences(before, edits)}
    assert found["هزینه"].sort == "removed"
    assert found["پیوند"].sort == "added"
    assert found["عنوان"].lines == (f"− {edition.catalogue.service(CODE).title[:120]}", "+ عنوان تازه")
    assert found["زمان انجام"].lines == ("− دو روز", "+ سه روز")
    assert "+ ارائه‌ی متقاضی: کارت ملی" in found["مدارک"].lines
