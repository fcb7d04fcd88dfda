"""The kinds of column that the tables are made of.

How texts are sealed is told by the engine's dialect, which every type is given: two stores in one process can have
different keys.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Engine, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.cipher import Cipher

_CIPHER = "zhiyin_cipher"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC. SQLite forgets the zone, so it is taken off and put on here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database; a time without a zone is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def use_cipher(engine: Engine, cipher: Cipher) -> None:
    """From here on the engine's sealed columns are written and read with it."""
    setattr(engine.dialect, _CIPHER, cipher)


def cipher_of(dialect: Dialect) -> Cipher:
    """The cipher of the engine that has this dialect."""
    cipher: Cipher = getattr(dialect, _CIPHER)
    return cipher


class SealedText(TypeDecorator[str]):
    """Text that is sealed where the engine has a key. `place`: the column's name, which is sealed with it."""

    impl = Text
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else cipher_of(dialect).seal(value, self.place)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """From the database. Raises EncryptionKeyError."""
        return None if value is None else cipher_of(dialect).open(value, self.place)


class SealedJson(TypeDecorator[Any]):
    """A JSON object or list that is sealed where the engine has a key: then the column holds a JSON string."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """What it is compared with is of the same kind."""
        return self

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """To the database."""
        cipher = cipher_of(dialect)
        if value is None or not cipher.current:
            return value
        return cipher.seal(json.dumps(value, ensure_ascii=False, allow_nan=False), self.place)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """From the database. Raises EncryptionKeyError."""
        return json.loads(cipher_of(dialect).open(value, self.place)) if isinstance(value, str) else value


Sealed = SealedText | SealedJson
