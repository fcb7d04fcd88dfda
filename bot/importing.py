"""`zhiyin import`: catalogue files into the database and, unless the app is running, into the vector index."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.settings import Settings
from errors import CatalogueError, SettingsError
from retrieval.files import item_from_json, read_items
from retrieval.items import Item
from storage.records import ItemRecord
from storage.store import Store

Progress = Callable[[float], None]


@dataclass(frozen=True)
class ImportReport:
    """What an import did. `errors`: the lines that were refused."""

    taken: int
    new: int
    changed: int
    removed: int
    errors: tuple[CatalogueError, ...]
    indexed: bool = True


@dataclass(frozen=True)
class Changes:
    """The difference between files and database."""

    items: tuple[Item, ...]
    new: tuple[Item, ...]
    changed: tuple[Item, ...]
    gone: tuple[str, ...]
    errors: tuple[CatalogueError, ...]


def import_files(
    paths: Sequence[Path],
    settings: Settings,
    store: Store,
    *,
    replace: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda share: None,
) -> ImportReport:
    """Loads the files. Bad lines are left out and reported; with `replace`, items not in the files are removed.

    The database is the truth and is written first; the index can always be made again from it.
    Raises SettingsError for a file that is not there.
    """
    changes = read_changes(paths, store.item_checksums(), replace=replace)
    indexed = True
    if not dry_run:
        store.save_items(record_of(item) for item in (*changes.new, *changes.changed))
        store.delete_items(changes.gone)
        indexed = bring_index_up_to_date(settings, store, progress)
    return ImportReport(
        len(changes.items), len(changes.new), len(changes.changed), len(changes.gone), changes.errors, indexed
    )


def read_changes(paths: Sequence[Path], known: dict[str, str], *, replace: bool) -> Changes:
    """Reads the files and compares them with what is known (item id → checksum)."""
    items: dict[str, Item] = {}
    errors: list[CatalogueError] = []
    for path in paths:
        if not path.is_file():
            raise SettingsError(name="FILE", reason=f"{path} is not there or is no file")
        for found in read_items(path):
            if isinstance(found, CatalogueError):
                errors.append(found)
            else:
                items[found.id] = found
    return Changes(
        items=tuple(items.values()),
        new=tuple(item for item in items.values() if item.id not in known),
        changed=tuple(item for item in items.values() if known.get(item.id, item.checksum) != item.checksum),
        gone=tuple(id_ for id_ in known if id_ not in items) if replace and not errors else (),
        errors=tuple(errors),
    )


def bring_index_up_to_date(settings: Settings, store: Store, progress: Progress) -> bool:
    """Encodes what the index lacks. False where a running app holds the index; it then does so itself."""
    from bot.loading import load_encoder
    from retrieval.importing import embed_changes
    from retrieval.index import Index

    with index_lock(settings) as held:
        if not held:
            return False
        encoder = load_encoder(settings)
        with closing(Index(settings.chroma, encoder.name)) as index:
            known = index.stored()  # before the items: what another import adds meanwhile is not taken for gone
            items = [item_from_json(record.data) for record in store.items()]
            embed_changes(items, encoder, index, progress, known=known)
        return True


@contextmanager
def index_lock(settings: Settings) -> Iterator[bool]:
    """An embedded index has one writer at a time: yields whether this process is it. A server needs no lock."""
    if settings.chroma_url:
        yield True
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "index.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def record_of(item: Item) -> ItemRecord:
    """An item as it is stored."""
    return ItemRecord(item.id, item.checksum, item.domain, item.available, item.as_json())
