"""Where personal text is sealed before it is stored, and opened when it is read.

A sealed text is `khed1:<key id>:<base64url of nonce and ciphertext>` (AES-256-GCM, the mark and key id are
authenticated). A plain text that happens to begin like a mark is stored with `khed0:` before it, so that what stands in
a row can always be told: plain, escaped, or sealed and by which key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from records.errors import DamagedSecretError, UnknownKeyError, WeakKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
MARK = "khed1:"
ESCAPE = "khed0:"
SEALED = re.compile(r"khed1:([0-9a-f]{8}):([A-Za-z0-9_-]+=*)\Z", re.ASCII)
AMBIGUOUS = re.compile(r"khed\d:", re.ASCII)

LEAST_DISTINCT = 16
"""Of 32 random bytes about 30 differ; fewer than 16 do once in 10¹⁷."""


class Vault(Protocol):
    """Seals and opens one text. `opened(sealed(text)) == text`; a sealed text is plain ASCII or the text itself."""

    def sealed(self, text: str) -> str:
        """The text as it is stored."""
        ...

    def opened(self, stored: str) -> str:
        """The text that was stored."""
        ...


class PlainVault:
    """Keeps the text as it is: for an operator who gave no key."""

    def sealed(self, text: str) -> str:
        return ESCAPE + text if AMBIGUOUS.match(text) else text

    def opened(self, stored: str) -> str:
        """The text; UnknownKeyError when it was sealed, for then it needs its key."""
        if stored.startswith(ESCAPE):
            return stored[len(ESCAPE) :]
        if (identity := key_of(stored)) is not None:
            raise UnknownKeyError(identity)
        return stored


PLAIN = PlainVault()


class EncryptedVault:
    """Seals with one key; opens what it or an older one sealed, and what was stored plain before there was a key."""

    def __init__(self, key: bytes, older: Iterable[bytes] = ()) -> None:
        """`key` and `older`: 32 random bytes each.

        Raises:
            WeakKeyError: a key of another length, or one that is plainly not random.
        """
        # Half of a turn's start without a key would be the import of a library that is not needed then.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 — see above

        self.identity = key_identity(key)
        self._ciphers: dict[str, AESGCM] = {}
        for one in (key, *older):
            _refuse_weak(one)
            self._ciphers[key_identity(one)] = AESGCM(one)

    @property
    def identities(self) -> frozenset[str]:
        """The ids of all keys at hand."""
        return frozenset(self._ciphers)

    def sealed(self, text: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        head = f"{MARK}{self.identity}:"
        hidden = self._ciphers[self.identity].encrypt(nonce, text.encode(), head.encode())
        return head + base64.urlsafe_b64encode(nonce + hidden).decode()

    def opened(self, stored: str) -> str:
        """The text that was stored.

        Raises:
            UnknownKeyError: it was sealed with a key that is not at hand.
            DamagedSecretError: it is not what was stored: changed, or cut short.
        """
        found = SEALED.match(stored)
        if found is None:
            if stored.startswith(MARK):
                raise DamagedSecretError
            return PLAIN.opened(stored)
        identity, body = found.groups()
        cipher = self._ciphers.get(identity)
        if cipher is None:
            raise UnknownKeyError(identity)
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 — as above

        try:
            raw = base64.b64decode(body, altchars=b"-_", validate=True)
            head = f"{MARK}{identity}:".encode()
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], head).decode()
        except (binascii.Error, InvalidTag, ValueError):
            raise DamagedSecretError from None


def key_of(stored: str) -> str | None:
    """The id of the key that a stored text is sealed with (empty when it cannot be told any more); None: plain."""
    if not stored.startswith(MARK):
        return None
    found = SEALED.match(stored)
    return found.group(1) if found else ""


def key_identity(key: bytes) -> str:
    """What a key is called in stored texts: eight hex digits that say nothing about it."""
    return hmac.new(key, b"khedmatyar data key", hashlib.sha256).hexdigest()[:8]


def new_key() -> str:
    """A fresh random key as the setting takes it."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def read_key(text: str) -> bytes:
    """The key that a setting spells in base64 (either alphabet).

    Raises:
        WeakKeyError: it is not base64, not 32 bytes, or plainly not random.
    """
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise WeakKeyError("base64 نیست") from None
    _refuse_weak(key)
    return key


def _refuse_weak(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise WeakKeyError("باید ۳۲ بایت باشد")
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    if len(set(key)) < LEAST_DISTINCT or len(steps) == 1 or all(32 <= byte < 127 for byte in key):
        raise WeakKeyError("تصادفی نیست و حدس‌زدنی است")
