"""Opening the database, and the two kinds of transaction: `reading` and `writing`.

SQLite in a file, or a PostgreSQL server (15 or newer). Everything a database driver can raise becomes a
StorageError here, and only here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial, wraps
from sqlite3 import SQLITE_BUSY, OperationalError
from time import monotonic, sleep
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from errors import StorageBroken, StorageError
from storage import migrating
from storage.address import make_folder, parsed
from storage.cipher import Cipher
from storage.columns import use_cipher
from storage.faults import translated
from storage.keys import check_keys, note_key

P = ParamSpec("P")
T = TypeVar("T")

PAUSES = (0.0, 0.05, 0.2, 1.0)
"""Seconds before work that was broken off is done again."""


def open_database(url: str, *, lock_wait: float = 5.0, cipher: Cipher | None = None) -> Engine:
    """The database at a SQLAlchemy URL, made if it is not there and brought up to this program's tables.

    `lock_wait`: seconds a transaction waits for another one's lock. `cipher`: how texts are kept; none: in clear.
    Raises StorageError if the database cannot be opened, or was made by a newer version of the program;
    EncryptionKeyError if its texts need a key that the cipher does not have.
    """
    address = parsed(url)
    make_folder(address)
    cipher = cipher or Cipher()
    engine = _engine(address, lock_wait)
    use_cipher(engine, cipher)
    try:
        with reading(engine) as db:
            found = migrating.revision_of(db.connection())
        if found != migrating.known_revisions()[-1]:
            migrating.refuse_unknown(found)
            migrate(url)
        with reading(engine) as db:
            noted = check_keys(db, cipher)
        if not noted:
            with writing(engine) as db:
                note_key(db, cipher)
    except BaseException:
        engine.dispose()
        raise
    return engine


def migrate(url: str, revision: str | None = None, *, lock_wait: float = 5.0) -> None:
    """Brings the tables up, or down, to a revision: by default the newest; "base" means no tables.

    It is one transaction. Raises StorageError, leaving all as it was, if that cannot be done.
    """
    engine = _engine(parsed(url), lock_wait, foreign_keys=False)
    use_cipher(engine, Cipher())
    try:
        migrating.migrate(engine, revision or migrating.known_revisions()[-1])
    finally:
        engine.dispose()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one moment of the database. Nothing done in it is kept."""
    with translated(), Session(engine, autoflush=False) as db:
        if engine.dialect.name == "postgresql":
            db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield db


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose work is kept as a whole when the block ends, and not at all if it raises."""
    with translated(), Session(engine, expire_on_commit=False) as db:
        db.connection(execution_options={"immediate": True})
        yield db
        db.flush()
        try:
            db.commit()
        except DBAPIError as error:
            error.connection_invalidated = False  # nobody knows whether it was kept: it must not be done twice
            raise


def repeated(work: Callable[P, T]) -> Callable[P, T]:
    """Does work of one transaction again where the server broke it off: a deadlock, or a restart before the commit."""

    @wraps(work)
    def persistent(*args: P.args, **kwargs: P.kwargs) -> T:
        for pause in PAUSES:
            try:
                return work(*args, **kwargs)
            except StorageBroken:
                sleep(pause)
        return work(*args, **kwargs)

    return persistent


def compact(engine: Engine) -> None:
    """Writes the database anew without what was removed or changed; others wait meanwhile."""
    if is_sqlite(engine):
        with _bare(engine) as connection:
            connection.execute("VACUUM")
        forget_log(engine)
        return
    with translated(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM FULL")


def forget_log(engine: Engine) -> None:
    """Empties SQLite's write-ahead log, where what was removed could still be read; the next one, or the daily work,
    does it where somebody is reading now."""
    if is_sqlite(engine):
        with suppress(StorageError), _bare(engine) as connection:
            connection.execute("PRAGMA busy_timeout=200")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def _bare(engine: Engine) -> Iterator[Any]:
    """SQLite's own connection, outside of any transaction; it is not used again."""
    with translated():
        connection = engine.raw_connection()
        try:
            yield connection.driver_connection
        except OperationalError as error:
            raise DBAPIError(None, None, error) from error
        finally:
            connection.invalidate()


def is_sqlite(engine: Engine) -> bool:
    """Whether the database is a file of SQLite."""
    return engine.dialect.name == "sqlite"


def _engine(address: URL, lock_wait: float, *, foreign_keys: bool = True) -> Engine:
    server = address.get_backend_name() == "postgresql"
    try:
        engine = create_engine(
            address,
            json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
            hide_parameters=True,  # the log has no business with what visitors say
            pool_pre_ping=server,  # a connection that a restart of the server cut is made anew before it is used
            connect_args={"connect_timeout": 10} if server else {},
            **({"pool_size": 10, "max_overflow": 20} if server else {}),
        )
    except ImportError as error:
        raise StorageError(
            zh_reason=f"缺少它的驱动程序 {error.name}", reason=f"its driver {error.name} is not installed"
        ) from error
    if server:
        _set_up_postgres(engine, lock_wait)
    else:
        _set_up_sqlite(engine, lock_wait, foreign_keys)
    return engine


def _set_up_postgres(engine: Engine, lock_wait: float) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.execute(f"SET lock_timeout = {int(lock_wait * 1000)}")
        connection.execute("SET idle_in_transaction_session_timeout = '5min'")
        connection.execute("SET timezone = 'UTC'")
        connection.commit()


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
