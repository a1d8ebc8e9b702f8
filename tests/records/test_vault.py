"""Sealing: what is stored says by which key, opens only whole and with that key, and plain texts stay readable."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import DamagedSecretError, UnknownKeyError, WeakKeyError
from records.vault import ESCAPE, MARK, PLAIN, EncryptedVault, key_of, new_key, read_key

KEY = bytes.fromhex("8f1c0a3b5d7e9214c6a8b0d2e4f60718293a4b5c6d7e8f90a1b2c3d4e5f60712")
OTHER = bytes.fromhex("1f2e3d4c5b6a79880716253443526170f1e2d3c4b5a697888796a5b4c3d2e1f0")
VAULT = EncryptedVault(KEY)
STORY = "شهرداری سه ماه است چاله را پر نکرده؛ ۰۹۱۲۳۴۵۶۷۸۹"
TEXTS = st.one_of(st.text(), st.text().map(lambda text: MARK + text), st.text().map(lambda text: ESCAPE + text))


@given(TEXTS)
def test_what_was_sealed_opens(text: str) -> None:
    text = text.encode(errors="replace").decode()
    sealed = VAULT.sealed(text)
    assert sealed.isascii()
    assert VAULT.opened(sealed) == text
    assert PLAIN.opened(PLAIN.sealed(text)) == text


@given(TEXTS)
def test_what_was_stored_plain_stays_readable_with_a_key(text: str) -> None:
    assert VAULT.opened(PLAIN.sealed(text)) == text


def test_nothing_of_the_text_shows_and_no_two_are_alike() -> None:
    one, two = VAULT.sealed(STORY), VAULT.sealed(STORY)
    assert one != two
    assert key_of(one) == key_of(two) == VAULT.identity
    assert KEY.hex()[:8] != VAULT.identity
    assert "۰۹۱۲" not in base64.urlsafe_b64decode(one.rpartition(":")[2]).decode(errors="replace")


def test_keys_are_changed_without_losing_the_old_texts() -> None:
    old = VAULT.sealed(STORY)
    new = EncryptedVault(OTHER, [KEY])
    assert new.opened(old) == STORY
    assert key_of(new.sealed(STORY)) == new.identity != VAULT.identity
    with pytest.raises(UnknownKeyError, match=VAULT.identity):
        EncryptedVault(OTHER).opened(old)


def test_without_a_key_a_sealed_text_is_refused_not_shown() -> None:
    with pytest.raises(UnknownKeyError, match="KHEDMATYAR_DATA_KEY"):
        PLAIN.opened(VAULT.sealed(STORY))


@pytest.mark.parametrize("place", range(0, 90, 7))
def test_a_changed_or_cut_text_is_damaged(place: int) -> None:
    sealed = VAULT.sealed(STORY)
    body = len(MARK) + 9
    for spoiled in (
        sealed[: body + place] + ("A" if sealed[body + place] != "A" else "B") + sealed[body + place + 1 :],
        sealed[: body + place],
    ):
        with pytest.raises((DamagedSecretError, UnknownKeyError)):
            VAULT.opened(spoiled)


def test_a_text_cannot_be_passed_off_as_another_keys() -> None:
    both = EncryptedVault(OTHER, [KEY])
    sealed = both.sealed(STORY)
    with pytest.raises(DamagedSecretError):
        both.opened(sealed.replace(both.identity, VAULT.identity))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "۳۲ بایت"),
        ("کلید", "base64"),
        ("hidden-word!", "base64"),
        (base64.b64encode(hashlib.md5(b"short", usedforsecurity=False).digest()).decode(), "۳۲ بایت"),
        (base64.b64encode(hashlib.sha384(b"long").digest()[:33]).decode(), "۳۲ بایت"),
        (base64.b64encode(bytes(32)).decode(), "حدس"),
        (base64.b64encode(bytes(range(32))).decode(), "حدس"),
        (base64.b64encode(bytes(range(200, 168, -1))).decode(), "حدس"),
        (base64.b64encode(bytes.fromhex("a1b2c3d4e5f60718") * 4).decode(), "حدس"),
        (base64.b64encode(b"correct horse battery staple 123").decode(), "حدس"),
    ],
)
def test_weak_keys_are_refused(text: str, reason: str) -> None:
    with pytest.raises(WeakKeyError, match=reason):
        read_key(text)


def test_new_keys_are_accepted_in_either_alphabet() -> None:
    for _ in range(200):
        key = new_key()
        assert read_key(key) == read_key(key.replace("+", "-").replace("/", "_") + "\n")
