"""Opening the database, and the two kinds of transaction: `reading` and `writing`.

Everything a database driver can raise becomes a StorageError here, and only here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from sqlite3 import SQLITE_BUSY, OperationalError
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from errors import InputError, StorageError

log = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).with_name("migrations")

# What the driver says → what a person reads (Chinese, English). The first match counts.
_REASONS = (
    ("is locked", "别的程序正占用着它", "another program is using it"),
    ("disk is full", "磁盘满了", "the disk is full"),
    ("no space left", "磁盘满了", "the disk is full"),
    ("readonly", "文件只能读，不能写", "its file is read-only"),
    ("read-only", "文件只能读，不能写", "its file is read-only"),
    ("unable to open", "文件打不开", "its file cannot be opened"),
    ("not a database", "这个文件不是数据库", "its file is not a database"),
    ("malformed", "文件已损坏", "its file is damaged"),
    ("disk i/o error", "磁盘读写失败", "the disk cannot be read or written"),
    ("queuepool limit", "同时使用的人太多", "too many people are using it at once"),
    ("connection", "连不上数据库服务器", "the database server cannot be reached"),
)
_UNKNOWN = ("原因不明，详见日志", "for an unexpected reason; the log has the details")


def open_database(url: str, *, lock_wait: float = 5.0) -> Engine:
    """The database at a SQLAlchemy URL, made if it is not there and brought up to this program's tables.

    `lock_wait`: seconds a SQLite transaction waits for another one. Raises StorageError if the database
    cannot be opened, or was made by a newer version of the program.
    """
    address = _parse(url)
    _make_folder(address)
    engine = _engine(address, lock_wait)
    try:
        with reading(engine) as db:
            found = _revision(db.connection())
        if found != known_revisions()[-1]:
            _refuse_unknown(found)
            migrate(url, lock_wait=lock_wait)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one moment of the database. Nothing done in it is kept."""
    with _translated(), Session(engine, autoflush=False) as db:
        yield db


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose work is kept as a whole when the block ends, and not at all if it raises."""
    with _translated(), Session(engine, expire_on_commit=False) as db, db.begin():
        db.connection(execution_options={"immediate": True})
        yield db


def known_revisions() -> list[str]:
    """Revisions of the tables known here, oldest first: what the migrations' file names begin with."""
    return sorted(path.name.split("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def migrate(url: str, revision: str | None = None, *, lock_wait: float = 5.0) -> None:
    """Brings the tables up, or down, to a revision: by default the newest; "base" means no tables.

    It is one transaction. Raises StorageError, leaving all as it was, if that cannot be done.
    """
    # An up-to-date start takes less time than importing Alembic does.
    from alembic import command
    from alembic.config import Config

    known = ["base", *known_revisions()]
    target = revision or known[-1]
    # SQLite alters a table by making it anew; with foreign keys on, dropping the old one would empty its
    # children.
    engine = _engine(_parse(url), lock_wait, foreign_keys=False)
    try:
        with _translated(), engine.connect() as connection:
            connection = connection.execution_options(immediate=True)
            with connection.begin():
                found = _revision(connection)
                _refuse_unknown(found)
                config = Config()
                config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
                config.attributes["connection"] = connection
                forwards = known.index(target) >= known.index(found or "base")
                (command.upgrade if forwards else command.downgrade)(config, target)
                _check_foreign_keys(connection)
        log.info("database tables brought from %s to %s", found or "base", target)
    finally:
        engine.dispose()


def _parse(url: str) -> URL:
    """The URL in parts, if it names a kind of database that is known and lasts."""
    try:
        address = make_url(url)
        address.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise StorageError(
            zh_reason="地址看不懂，应当像 sqlite:///data/zhiyin.db",
            reason="its address is not understood; it should look like sqlite:///data/zhiyin.db",
        ) from error
    if _is_sqlite(address) and address.database in (None, "", ":memory:"):
        raise StorageError(zh_reason="SQLite 需要一个文件", reason="SQLite needs a file to keep it in")
    return address


def _is_sqlite(address: URL) -> bool:
    return address.get_backend_name() == "sqlite"


def _make_folder(address: URL) -> None:
    if not _is_sqlite(address) or not address.database or address.database.startswith("file:"):
        return
    folder = Path(address.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            zh_reason=f"文件夹 {folder} 建不了（{error.strerror}）",
            reason=f"its folder {folder} cannot be made ({error.strerror})",
        ) from error


def _engine(address: URL, lock_wait: float, *, foreign_keys: bool = True) -> Engine:
    try:
        engine = create_engine(
            address,
            json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
            hide_parameters=True,  # the log has no business with what visitors say
        )
    except ImportError as error:
        raise StorageError(
            zh_reason=f"缺少它的驱动程序 {error.name}", reason=f"its driver {error.name} is not installed"
        ) from error
    if _is_sqlite(address):
        _set_up_sqlite(engine, lock_wait, foreign_keys)
    return engine


def _set_up_sqlite(engine: Engine, lock_wait: float, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver's own guesses at when to begin are wrong for reads
        for pragma in (
            f"busy_timeout={int(lock_wait * 1000)}",
            "synchronous=NORMAL",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            "secure_delete=ON",  # what a visitor has deleted is overwritten, not only unlinked
            "wal_autocheckpoint=4000",  # pages; the commit that moves the log into the file is slow
        ):
            connection.execute(f"PRAGMA {pragma}")
        _write_ahead(connection, lock_wait)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A write takes its lock at the start, where waiting is safe; a read that turned into a write could
        # not wait, since what it had read might be old by then.
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _write_ahead(connection: Any, lock_wait: float) -> None:
    """Turns the write-ahead log on, so that readers and a writer do not wait for each other.

    The mode stays in the file, and asking first lets a read-only file be read. SQLite does not wait for its
    lock here: where several programs open a new file at once, each must try again.
    """
    deadline = monotonic() + lock_wait
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except OperationalError as error:
            if error.sqlite_errorcode != SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)


def _revision(connection: Connection) -> str | None:
    """The revision the database's tables are at; None if there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _refuse_unknown(found: str | None) -> None:
    known = known_revisions()
    if found is not None and found not in known:
        raise StorageError(
            zh_reason=f"它由更新版本的程序建立（表版本 {found}，本程序只认得到 {known[-1]}），请升级程序",
            reason=f"a newer version of the program made it (tables at {found}, here {known[-1]}); "
            "please upgrade the program",
        )


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
        log.error("rows without their parents after a migration: %s", broken[:20])
        raise StorageError(zh_reason="升级后数据对不上", reason="its data would not fit together after the upgrade")


@contextmanager
def _translated() -> Iterator[None]:
    """Turns what a driver raises into a StorageError with a reason that a person understands."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InputError(
            field="text", zh_reason="含有无法保存的字符", reason="it holds characters that cannot be stored"
        ) from error
    except (DBAPIError, PoolTimeout) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error).lower()
        log.error("database: %s", error)
        zh_reason, reason = next(((zh, en) for mark, zh, en in _REASONS if mark in said), _UNKNOWN)
        raise StorageError(zh_reason=zh_reason, reason=reason) from error
