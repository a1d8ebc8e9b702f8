"""The vault that the operator's keys make."""

from __future__ import annotations

from bot.settings import PREFIX, Settings, SettingsError
from handlers.complaint.rules import RULES
from records import sealed
from records.errors import WeakKeyError
from records.vault import PLAIN, EncryptedVault, Vault, read_key

KEY, OLDER = f"{PREFIX}DATA_KEY", f"{PREFIX}DATA_KEYS_OLD"


def vault(settings: Settings) -> Vault:
    """The vault of the settings; without a key one that keeps texts as they are.

    Raises:
        SettingsError: a key that is not 32 random bytes in base64, naming the setting; the key is not repeated.
    """
    older = settings.data_keys_old.get_secret_value() if settings.data_keys_old is not None else ""
    if settings.data_key is None:
        if older:
            raise SettingsError(f"{OLDER}: بدون {KEY} به کار نمی‌آید.")
        return PLAIN
    key = _read(KEY, settings.data_key.get_secret_value())
    return EncryptedVault(key, [_read(OLDER, one) for one in older.replace("،", ",").split(",") if one.strip()])


def put_in_use(settings: Settings) -> Vault:
    """Have everything that is stored from here on sealed as the settings say."""
    made = vault(settings)
    RULES.vault = made
    sealed.use(made)
    return made


def _read(name: str, text: str) -> bytes:
    try:
        return read_key(text)
    except WeakKeyError as error:
        raise SettingsError(f"{name}: {error}") from None
