"""What has become too old: written to an archive where one is wanted, then removed."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.orm import Session

from errors import InputError
from storage import privacy, requests
from storage.columns import cipher_of
from storage.database import forget_log, is_sqlite, reading, writing
from storage.records import utc_now
from storage.tables import RequestRow, SessionRow

BATCH = 100
"""Sessions that are removed in one transaction."""
ARCHIVE = "archive line"
"""The place that a sealed line of an archive names."""
_LOCK = 0x7A68796B


def too_old(engine: Engine, days: int) -> int:
    """How many sessions were last used more than so many days ago."""
    with reading(engine) as db:
        return db.scalar(select(func.count()).where(SessionRow.last_at < _before(days))) or 0


def retain(engine: Engine, days: int, archive_dir: Path | None = None) -> int:
    """Removes the sessions that were last used more than `days` days ago, with all that hangs on them, and says how
    many. `days` 0: none is too old. Answers kept for calls that may come twice go after a day in any case.

    Where there is an archive folder, each session is first written there, one a line of a `.jsonl.gz` file, and is on
    the disk before it is removed; sealed, where the engine has a key. One program at a time does it: another one
    removes nothing. Raises InputError where the archive cannot be written.
    """
    with ExitStack() as stack:
        if not _alone(stack, engine):
            return 0
        with writing(engine) as db:
            db.execute(delete(RequestRow).where(RequestRow.created_at < utc_now() - requests.KEPT))
        gone = _remove(engine, _before(days), archive_dir) if days else 0
    forget_log(engine)
    return gone


def read_archive(path: Path, engine: Engine) -> list[str]:
    """The lines of an archive, opened. Raises EncryptionKeyError, InputError."""
    cipher = cipher_of(engine.dialect)
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return [cipher.open(line.rstrip("\n"), ARCHIVE) for line in file]
    except OSError as error:
        raise InputError(
            field="file", zh_reason=f"{path} 读不了（{error}）", reason=f"cannot read {path} ({error})"
        ) from error


def _remove(engine: Engine, before: datetime, archive_dir: Path | None) -> int:
    gone = 0
    with ExitStack() as stack:
        archive: IO[bytes] | None = None
        while ids := _oldest(engine, before):
            if archive_dir is not None:
                archive = archive or stack.enter_context(_Archive(archive_dir))
                _write(engine, ids, archive)
            with writing(engine) as db:
                mine = delete(SessionRow).where(SessionRow.id.in_(ids), SessionRow.last_at < before)
                gone += len(db.scalars(mine.returning(SessionRow.id)).all())
    return gone


def _oldest(engine: Engine, before: datetime) -> Sequence[str]:
    with reading(engine) as db:
        wanted = select(SessionRow.id).where(SessionRow.last_at < before).order_by(SessionRow.last_at).limit(BATCH)
        return db.scalars(wanted).all()


class _Archive(ExitStack):
    """A new archive file; it has its name when it is whole."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / f"sessions-{utc_now():%Y%m%dT%H%M%S%f}.jsonl.gz"

    def __enter__(self) -> IO[bytes]:  # type: ignore[override]
        unfinished = self._path.with_name(self._path.name + ".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError as error:
            raise _unwritable(self._path.parent, error) from error
        self.callback(unfinished.replace, self._path)
        return self.enter_context(os.fdopen(handle, "wb"))


def _write(engine: Engine, ids: Sequence[str], archive: IO[bytes]) -> None:
    """One gzip member a batch, so that a run that is cut off leaves a file that can be read to its end."""
    with reading(engine) as db:
        lines = [_line(db, session_id, engine) for session_id in ids]
    try:
        archive.write(gzip.compress("".join(line + "\n" for line in lines).encode()))
        archive.flush()
        os.fsync(archive.fileno())
    except OSError as error:
        raise _unwritable(Path(archive.name), error) from error


def _line(db: Session, session_id: str, engine: Engine) -> str:
    held = json.dumps(privacy.export_session(db, session_id), ensure_ascii=False)
    return cipher_of(engine.dialect).seal(held, ARCHIVE)


def _alone(stack: ExitStack, engine: Engine) -> bool:
    """Whether no other replica is at it; on SQLite there is none."""
    if is_sqlite(engine):
        return True
    connection = stack.enter_context(engine.connect())
    stack.callback(connection.invalidate)  # ends the lock, whatever became of the work
    return bool(connection.execute(text(f"SELECT pg_try_advisory_lock({_LOCK})")).scalar())


def _before(days: int) -> datetime:
    return utc_now() - timedelta(days=days)


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        field="archive",
        zh_reason=f"写不进 {path}（{error.strerror}）",
        reason=f"cannot write to {path} ({error.strerror})",
    )
