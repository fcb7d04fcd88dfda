"""The commands about what is kept: backup, restore, age, deletion, keys, export."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.settings import Settings, read_settings
from errors import InputError, SettingsError

if TYPE_CHECKING:
    from storage.store import Store

Commands = Any
"""What argparse's `add_subparsers` gives; its type is private."""


def add_data_commands(commands: Commands) -> None:
    """Adds their arguments to the parser."""
    out = commands.add_parser("export", help="write conversations, feedback and impressions as JSONL")
    out.add_argument("--out", type=Path, required=True, metavar="DIR")
    out.add_argument("--aggregates", action="store_true", help="only counts by item, differentially private")
    out.add_argument("--epsilon", type=float, help="privacy that the counts may cost a visitor, such as 1.0")
    out.add_argument("--contribution", type=int, default=10, help="items that one visitor adds to at most")
    copy = commands.add_parser("backup", help="write the whole database to one file; the app may run on")
    copy.add_argument("--out", type=Path, required=True, metavar="FILE")
    back = commands.add_parser("restore", help="put a backup in the database's place")
    back.add_argument("file", type=Path, metavar="FILE")
    back.add_argument("--force", action="store_true", help="replace what is in the database")
    old = commands.add_parser("retain", help="remove sessions that are older than ZHIYIN_RETENTION_DAYS")
    old.add_argument("--dry-run", action="store_true", help="only say how many")
    old.add_argument("--archive", type=Path, metavar="DIR", help="write them there first")
    old.add_argument("--read", type=Path, metavar="FILE", help="print an archive instead")
    gone = commands.add_parser("forget", help="remove all that is held on a visitor")
    gone.add_argument("--visitor", required=True, metavar="ID")
    gone.add_argument("--site", help="on this site only")
    gone.add_argument("--export", type=Path, metavar="FILE", help="write all of it there first, as JSON")
    keys = commands.add_parser("keys", help="keys for the encryption of texts")
    keys.add_argument("act", choices=("new", "rotate", "off"), help="make one; encrypt all with the first; decrypt all")


def export(parsed: argparse.Namespace) -> int:
    """`zhiyin export`."""
    from bot.database import open_store

    settings = read_settings()
    if not parsed.aggregates:
        with closing(open_store(settings)) as store:
            store.export(parsed.out, masking=settings.mask_exports)
        print(f"written to {parsed.out}" + (", personal numbers masked" if settings.mask_exports else ""))
        return 0
    if parsed.epsilon is None:
        raise InputError(field="epsilon", zh_reason="--aggregates 需要它", reason="--aggregates needs it")
    with closing(open_store(settings)) as store:
        counts = store.aggregates(parsed.epsilon, parsed.contribution)
    counts.write(parsed.out / "aggregates.json")
    print(
        f"written to {parsed.out / 'aggregates.json'}: epsilon {counts.epsilon:g} (each such export spends its own), "
        f"at most {counts.contribution} counts a visitor, noise of scale {counts.scale:g}"
    )
    return 0


def backup(parsed: argparse.Namespace) -> int:
    """`zhiyin backup`."""
    from storage.backup import backup

    size = backup(read_settings().database, parsed.out)
    print(f"written to {parsed.out}: {size:,} bytes")
    return 0


def restore(parsed: argparse.Namespace) -> int:
    """`zhiyin restore`. Raises SettingsError where an app runs on the data folder."""
    from bot.importing import index_lock
    from storage.backup import restore

    settings = read_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with index_lock(settings) as held:
        if not held:
            raise SettingsError(name="ZHIYIN_DATA_DIR", reason="the app is running on it; stop it first")
        revision = restore(settings.database, parsed.file, force=parsed.force)
    print(f"restored from {parsed.file} (tables at {revision})")
    return 0


def retain(parsed: argparse.Namespace) -> int:
    """`zhiyin retain`."""
    from bot.database import open_store

    settings = read_settings()
    with closing(open_store(settings)) as store:
        if parsed.read:
            print("\n".join(store.read_archive(parsed.read)))
        else:
            print(_retained(store, settings, parsed))
    return 0


def _retained(store: Store, settings: Settings, parsed: argparse.Namespace) -> str:
    days = settings.retention_days
    if not days:
        return "ZHIYIN_RETENTION_DAYS is 0: sessions are kept for ever"
    if parsed.dry_run:
        return f"{store.too_old(days)} sessions were last used more than {days} days ago"
    archive = parsed.archive or (Path(settings.archive_dir) if settings.archive_dir else None)
    return f"{store.retain(days, archive)} sessions removed, last used more than {days} days ago"


def forget(parsed: argparse.Namespace) -> int:
    """`zhiyin forget`: 1 where there was nothing."""
    from bot.database import open_store

    with closing(open_store(read_settings())) as store:
        if parsed.export:
            held = json.dumps(store.export_visitor(parsed.visitor, parsed.site), ensure_ascii=False, indent=1)
            parsed.export.write_text(held + "\n", encoding="utf-8")
        gone = store.forget_visitor(parsed.visitor, parsed.site)
    print(f"{gone} sessions removed" if gone else "there is nothing on this visitor")
    return 0 if gone else 1


def keys(parsed: argparse.Namespace) -> int:
    """`zhiyin keys`. Raises SettingsError where there is no key to rotate to."""
    from bot.database import open_store
    from bot.setup import progress_bar
    from storage.cipher import Cipher, new_key, read_keys
    from storage.database import open_database
    from storage.store import Store

    if parsed.act == "new":
        print(new_key())
        return 0
    settings = read_settings()
    held = read_keys(settings.encryption_key.get_secret_value())
    if not held:
        raise SettingsError(name="ZHIYIN_ENCRYPTION_KEY", reason="it is empty; `zhiyin keys new` makes a key")
    if parsed.act == "off":
        store = Store(open_database(settings.database, cipher=Cipher(held, sealing=False)))
    else:
        store = open_store(settings)
    with closing(store), progress_bar("texts") as show:
        changed = store.rotate_keys(show)
    print(f"{changed} rows {'decrypted' if parsed.act == 'off' else 'encrypted with the first key'}")
    return 0


DATA_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "export": export,
    "backup": backup,
    "restore": restore,
    "retain": retain,
    "forget": forget,
    "keys": keys,
}
