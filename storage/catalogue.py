"""Queries on the catalogue's items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.records import ItemRecord
from storage.reviewing.tables import HiddenItemRow
from storage.tables import ItemRow

_CHUNK = 1_000
"""Rows a statement: below every database's limit on parameters."""


def checksums(db: Session) -> dict[str, str]:
    """Item id → checksum."""
    return dict(db.execute(select(ItemRow.id, ItemRow.checksum)).all())


def stamp(db: Session) -> str:
    """How many items there are and when the last one came, and the same of those hidden: changes with every import."""
    count, last = db.execute(select(func.count(ItemRow.id), func.max(ItemRow.imported_at))).one()
    hidden, hidden_last = db.execute(
        select(func.count(HiddenItemRow.item_id), func.max(HiddenItemRow.created_at))
    ).one()
    return f"{count} {last} {hidden} {hidden_last}"


def items(db: Session) -> list[ItemRecord]:
    """All items, by id: by its characters, whatever order a server's language would give.

    Those that a reviewer has hidden are not available.
    """
    columns = (getattr(ItemRow, field.name) for field in fields(ItemRecord))
    hidden = set(db.scalars(select(HiddenItemRow.item_id)))
    records = sorted((ItemRecord(*row) for row in db.execute(select(*columns))), key=lambda item: item.id)
    return [_hidden(record) if record.id in hidden else record for record in records]


def save(db: Session, records: Iterable[ItemRecord]) -> None:
    """Adds items or replaces those with the same id; the last of several with one id counts."""
    rows = [asdict(record) for record in {record.id: record for record in records}.values()]
    if not rows:
        return
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(ItemRow)
    replaced = {name: insert.excluded[name] for name in rows[0] if name != "id"}
    db.execute(insert.on_conflict_do_update(index_elements=[ItemRow.id], set_=replaced), rows)


def delete_items(db: Session, ids: Sequence[str]) -> int:
    """Removes items and says how many there were."""
    chunks = (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
    gone = [db.scalars(delete(ItemRow).where(ItemRow.id.in_(chunk)).returning(ItemRow.id)).all() for chunk in chunks]
    return sum(map(len, gone))


def _hidden(record: ItemRecord) -> ItemRecord:
    return replace(record, available=False, data={**record.data, "available": False})
