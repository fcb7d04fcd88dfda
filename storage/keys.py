"""Which keys the stored texts are sealed with, and sealing them again with another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Engine, Row, Table, delete, func, select, tuple_, type_coerce, update
from sqlalchemy.orm import Session

from storage.cipher import Cipher, key_of, missing_key
from storage.columns import SealedJson, SealedText, cipher_of
from storage.records import utc_now
from storage.reviewing import noting
from storage.tables import EncryptionKeyRow, insert_rows
from storage.tables import Table as Tables

BATCH = 200
"""Rows that are sealed again in one transaction, so that a running app never waits long."""


def check_keys(db: Session, cipher: Cipher) -> bool:
    """Whether the cipher's first key is noted here already. Raises EncryptionKeyError for one that is noted,
    but missing."""
    noted = set(db.scalars(select(EncryptionKeyRow.id)))
    if missing := sorted(noted - cipher.key_ids):
        raise missing_key(missing)
    return not cipher.current or cipher.current in noted


def note_key(db: Session, cipher: Cipher) -> None:
    """Notes the first key before anything is sealed with it."""
    if cipher.current and db.get(EncryptionKeyRow, cipher.current) is None:
        insert_rows(db, EncryptionKeyRow(id=cipher.current, created_at=utc_now()))


@dataclass(frozen=True)
class _Place:
    """A table with sealed columns."""

    table: Table
    sealed: tuple[Column[Any], ...]

    @property
    def key(self) -> tuple[Column[Any], ...]:
        return tuple(self.table.primary_key.columns)

    def as_kept(self) -> list[ColumnElement[Any]]:
        """The sealed columns as they lie in the database, unopened."""
        return [type_coerce(column, cast(SealedText | SealedJson, column.type).impl_instance) for column in self.sealed]


def _places() -> Iterator[_Place]:
    for table in Tables.metadata.sorted_tables:
        if sealed := tuple(c for c in table.columns if isinstance(c.type, SealedText | SealedJson)):
            yield _Place(table, sealed)


def rotate(
    engine: Engine, transaction: Callable[[Engine], Any], progress: Callable[[float], None] = lambda share: None
) -> int:
    """Seals everything with the engine's first key (or keeps it in clear, where its cipher does not seal), and says
    how many rows it changed.

    It goes in batches beside a running app, and may be stopped and begun again: what is done is passed over.
    """
    cipher = cipher_of(engine.dialect)
    places = list(_places())
    changed = 0
    for done, place in enumerate(places):
        after: tuple[Any, ...] | None = None
        with transaction(engine) as db:
            total = db.scalar(select(func.count()).select_from(place.table)) or 0
        seen = 0
        while True:
            with transaction(engine) as db:
                rows = _batch(db, place, after)
                changed += sum(_seal_again(db, place, row, cipher) for row in rows)
            if not rows:
                break
            after = tuple(rows[-1][: len(place.key)])
            seen += len(rows)
            progress((done + seen / max(total, seen)) / len(places))
        progress((done + 1) / len(places))
    with transaction(engine) as db:
        if cipher.current:
            noting.forget_words(db)
        db.execute(delete(EncryptionKeyRow).where(EncryptionKeyRow.id != cipher.current))
    return changed


def _batch(db: Session, place: _Place, after: tuple[Any, ...] | None) -> list[Row[Any]]:
    wanted = select(*place.key, *place.as_kept()).order_by(*place.key).limit(BATCH).with_for_update()
    if after is not None:
        wanted = wanted.where(tuple_(*place.key) > after)
    return list(db.execute(wanted))


def _seal_again(db: Session, place: _Place, row: Row[Any], cipher: Cipher) -> bool:
    keys, kept = row[: len(place.key)], row[len(place.key) :]
    stale = {
        column.name: cast(SealedText | SealedJson, column.type).process_result_value(value, db.get_bind().dialect)
        for column, value in zip(place.sealed, kept, strict=True)
        if value is not None and _used(value) != cipher.current
    }
    if not stale:
        return False
    mine = [column == value for column, value in zip(place.key, keys, strict=True)]
    db.execute(update(place.table).where(*mine).values(stale))
    return True


def _used(value: Any) -> str:
    """The id of the key that a value is sealed with; empty for one in clear."""
    return (key_of(value) or "") if isinstance(value, str) else ""
