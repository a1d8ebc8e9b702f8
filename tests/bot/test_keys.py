"""Keys from the settings: good ones seal, bad ones are refused by name and never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.keys import put_in_use, vault
from bot.settings import Settings, SettingsError
from handlers.complaint import RULES
from records import sealed
from records.vault import PLAIN, EncryptedVault, new_key


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    RULES.vault = PLAIN
    sealed.use(PLAIN)


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # any setting


def test_without_a_key_texts_stay_as_they_are() -> None:
    assert vault(settings()) is PLAIN


def test_a_key_and_older_ones() -> None:
    first, second, third = new_key(), new_key(), new_key()
    old = vault(settings(data_key=first)).sealed("الف")
    made = put_in_use(settings(data_key=third, data_keys_old=f"{first}، {second}"))
    assert RULES.vault is made
    assert isinstance(made, EncryptedVault)
    assert made.opened(old) == "الف"
    assert len(made.identities) == 3


@pytest.mark.parametrize("bad", ["hidden-word", "QUJD", "A" * 43 + "=", "کلید من"])
def test_a_bad_key_is_refused_by_the_settings_name(bad: str) -> None:
    with pytest.raises(SettingsError, match="KHEDMATYAR_DATA_KEY:") as raised:
        vault(settings(data_key=bad))
    assert bad not in str(raised.value)
    with pytest.raises(SettingsError, match="KHEDMATYAR_DATA_KEYS_OLD:"):
        vault(settings(data_key=new_key(), data_keys_old=bad))


def test_older_keys_alone_are_refused() -> None:
    with pytest.raises(SettingsError, match="KHEDMATYAR_DATA_KEYS_OLD"):
        vault(settings(data_keys_old=new_key()))
