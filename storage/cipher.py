"""How texts are kept: in clear, or sealed with AES-256-GCM under a key of the operator's.

Sealed is a mark, the key's id, a colon, and base64 of a nonce of 96 random bits with the ciphertext and its tag
(NIST SP 800-38D). The place, such as "messages.text", is authenticated with it: a text that was moved to another
column does not open. With random nonces a key is good for 2³² texts; rotate it before that.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from errors import EncryptionKeyError, InputError

MARK = "\x1a"
"""Begins what is sealed. A text in clear that begins with it is kept with one more."""
KEY_BYTES = 32
_NONCE_BYTES = 12


def new_key() -> str:
    """A fresh key: base64 of 256 random bits."""
    return b64encode(os.urandom(KEY_BYTES)).decode()


def key_id(key: bytes) -> str:
    """What a key is called in what it sealed: the beginning of its SHA-256, which tells nothing of the key."""
    return sha256(b"zhiyin key" + key).hexdigest()[:8]


def read_keys(text: str) -> tuple[bytes, ...]:
    """The keys of a comma-separated list. Raises InputError where one is not base64 of 32 bytes."""
    keys = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        try:
            key = b64decode(part, validate=True)
        except (NotBase64, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise InputError(
                field="key",
                zh_reason="每把密钥应是 32 字节的 base64（`zhiyin keys new` 可生成）",
                reason="each key must be base64 of 32 bytes (`zhiyin keys new` makes one)",
            )
        keys.append(key)
    return tuple(keys)


class Cipher:
    """Seals with the first of its keys and opens with any. Without keys, or `sealing=False`, it keeps in clear."""

    def __init__(self, keys: Sequence[bytes] = (), *, sealing: bool = True) -> None:
        self._ciphers: Mapping[str, AESGCM] = MappingProxyType({key_id(key): AESGCM(key) for key in keys})
        self.current = next(iter(self._ciphers), "") if sealing else ""

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of its keys."""
        return frozenset(self._ciphers)

    def seal(self, text: str, place: str) -> str:
        """The text as it is kept."""
        if not self.current:
            return MARK + text if text.startswith(MARK) else text
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self.current].encrypt(nonce, text.encode(), place.encode())
        return f"{MARK}{self.current}:{b64encode(nonce + sealed).decode()}"

    def open(self, kept: str, place: str) -> str:
        """The text again. Raises EncryptionKeyError for another key's, or for what was changed since."""
        used = key_of(kept)
        if used is None:
            return kept[1:] if kept.startswith(MARK * 2) else kept
        if used not in self._ciphers:
            raise missing_key([used])
        try:
            raw = b64decode(kept.split(":", 1)[1], validate=True)
            return self._ciphers[used].decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, NotBase64, ValueError) as error:
            raise EncryptionKeyError(
                zh_reason=f"{place} 里有一段被改动过或已损坏",
                reason=f"one in {place} was changed or is damaged",
            ) from error


def key_of(kept: str) -> str | None:
    """The id of the key that sealed what is kept; None where it is in clear."""
    if not kept.startswith(MARK) or kept.startswith(MARK * 2):
        return None
    used, colon, _ = kept[1:].partition(":")
    return used if colon else None


def missing_key(ids: Sequence[str]) -> EncryptionKeyError:
    """The error for texts whose keys are not there."""
    names = ", ".join(ids)
    return EncryptionKeyError(
        zh_reason=f"它们用密钥 {names} 加密，而 ZHIYIN_ENCRYPTION_KEY 里没有这把密钥",
        reason=f"they were encrypted with key {names}, which ZHIYIN_ENCRYPTION_KEY does not have",
    )
