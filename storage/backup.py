"""A copy of the whole database in one file, and the way back."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import URL, create_engine, inspect, make_url, text

from errors import InputError, StorageError
from storage.address import file_of, parsed
from storage.migrating import refuse_unknown

log = logging.getLogger(__name__)

_SQLITE, _POSTGRES = b"SQLite format 3\x00", b"PGDMP"


def backup(url: str, out: Path) -> int:
    """Writes a consistent copy of the database to a new file, and says how many bytes it has; the app may run on.

    SQLite: a SQLite file of its own. PostgreSQL: what `pg_dump --format=custom` writes. Texts stay as they are kept,
    encrypted or not. Raises InputError where the file is there already, StorageError where it cannot be done.
    """
    if out.exists():
        raise InputError(field="out", zh_reason=f"{out} 已经存在", reason=f"{out} is there already")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".part")
    unfinished.unlink(missing_ok=True)
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o600))
        if (path := file_of(url)) is None:
            _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}")
        else:
            _copy_sqlite(path, unfinished)
        _kept(unfinished)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return out.stat().st_size


def restore(url: str, file: Path, *, force: bool = False) -> str:
    """Puts a backup in the database's place, as a whole or not at all, and says at which revision its tables are.

    The backup is checked first: its kind, whether it is whole, and whether this program knows its version. No app may
    run on the database meanwhile. Raises InputError for a file that is no such backup, or, without `force`, where the
    database has sessions or items; StorageError as `backup` does.
    """
    with _opened(file) as stream:
        head = stream.read(16)
    path = file_of(url)
    if not head.startswith(_POSTGRES if path is None else _SQLITE):
        wanted = "PostgreSQL (pg_dump)" if path is None else "SQLite"
        raise _refused(f"不是 {wanted} 的备份", f"it is no backup of {wanted}")
    revision = _dumped_revision(url, file) if path is None else _checked_sqlite(file)
    refuse_unknown(revision)
    if not force and (rows := _rows(url)):
        raise InputError(
            field="database",
            zh_reason=f"里面已有 {rows} 行数据，要覆盖请加 --force",
            reason=f"there are {rows} rows in it already; --force replaces them",
        )
    if path is None:
        _run("pg_restore", url, "--clean", "--if-exists", "--no-owner", "--single-transaction", str(file))
    else:
        _replace_sqlite(path, file)
    return revision


def _copy_sqlite(path: Path, out: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as source:
            source.execute("VACUUM INTO ?", (str(out),))
    except sqlite3.Error as error:
        raise StorageError(zh_reason=f"备份失败（{error}）", reason=f"it could not be copied ({error})") from error
    _checked_sqlite(out)


def _checked_sqlite(file: Path) -> str:
    """The revision of a SQLite file that is whole and one of ours."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
            row = copy.execute("SELECT version_num FROM alembic_version").fetchone() if said == "ok" else None
    except sqlite3.Error as error:
        raise _refused(f"它已损坏或不是知音的数据库（{error}）", f"it is damaged, or not Zhiyin's ({error})") from error
    if row is None:
        raise _refused("它已损坏或不是知音的数据库", "it is damaged, or not Zhiyin's")
    return str(row[0])


def _replace_sqlite(path: Path, file: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".restored")
    try:
        shutil.copyfile(file, unfinished)
        unfinished.chmod(path.stat().st_mode if path.exists() else 0o600)
        _kept(unfinished)
        if path.exists():
            _fold_log(path)
        unfinished.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(zh_reason=f"换不了（{error}）", reason=f"it could not be replaced ({error})") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _fold_log(path: Path) -> None:
    """Moves the old write-ahead log into the old file, so that it is not taken for the new one's."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as old:
            old.execute("PRAGMA locking_mode=EXCLUSIVE")
            old.execute("PRAGMA journal_mode=DELETE")  # fails while another program has it open
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:  # a damaged file is what a backup is for
            raise
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _rows(url: str) -> int:
    """Sessions and items in the database; none where it is not there or cannot be read."""
    path = file_of(url)
    if path is not None and not path.exists():
        return 0
    engine = create_engine(parsed(url))
    try:
        with engine.connect() as db:
            names = set(inspect(db).get_table_names()) & {"sessions", "items"}
            return sum(db.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in sorted(names))
    finally:
        engine.dispose()


def _dumped_revision(url: str, file: Path) -> str:
    said = _run("pg_restore", None, "--data-only", "--table=alembic_version", "--file=-", str(file))
    lines = iter(said.splitlines())
    for line in lines:
        if line.startswith("COPY ") and "alembic_version" in line:
            return next(lines, "").strip()
    raise _refused("不是知音的数据库", "it is not Zhiyin's")


def _run(tool: str, url: str | None, *arguments: str) -> str:
    """Runs a tool of PostgreSQL's; the password goes by the environment, where other users do not see it."""
    command, surroundings = [tool, *arguments], dict(os.environ)
    if url is not None:
        address = make_url(url)
        if address.password:
            surroundings["PGPASSWORD"] = str(address.password)
        place = (address.host, address.port, address.database, address.query)
        plain = URL.create("postgresql", address.username, None, *place).render_as_string()
        command.insert(1, f"--dbname={plain}")
    if shutil.which(tool) is None:
        shown = " ".join(command)
        raise StorageError(
            zh_reason=f"这里没有 {tool}，请在有 PostgreSQL 工具的机器上运行：{shown}",
            reason=f"{tool} is not installed here; where PostgreSQL's tools are, run: {shown}",
        )
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        log.error("%s: %s", tool, done.stderr)
        said = (done.stderr.strip().splitlines() or ["?"])[0]
        raise StorageError(zh_reason=f"{tool}：{said}", reason=f"{tool} said: {said}")
    return done.stdout


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise _refused(f"打不开（{error.strerror}）", f"it cannot be opened ({error.strerror})") from error


def _kept(path: Path) -> None:
    """Makes sure that it is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _refused(zh_reason: str, reason: str) -> InputError:
    return InputError(field="file", zh_reason=zh_reason, reason=reason)
