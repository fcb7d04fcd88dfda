"""Bringing the tables from one version of the program to another."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from errors import StorageError
from storage.faults import translated

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x7A686979
"""PostgreSQL's advisory lock under which one program at a time migrates ("zhiy")."""


def known_revisions() -> list[str]:
    """Revisions of the tables known here, oldest first: what the migrations' file names begin with."""
    return sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def revision_of(connection: Connection) -> str | None:
    """The revision the database's tables are at; None if there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def refuse_unknown(found: str | None) -> None:
    """Raises StorageError where a newer version of the program made the tables."""
    known = known_revisions()
    if found is not None and found not in known:
        raise StorageError(
            zh_reason=f"它由更新版本的程序建立（表版本 {found}，本程序只认得到 {known[-1]}），请升级程序",
            reason=f"a newer version of the program made it (tables at {found}, here {known[-1]}); "
            "please upgrade the program",
        )


def migrate(engine: Engine, target: str) -> None:
    """Brings the tables up, or down, to a revision; "base" means no tables.

    It is one transaction: one that is interrupted leaves all as it was, and several programs that begin at once do
    it one after another. On SQLite the engine must not check foreign keys: a table is altered by making it anew,
    and dropping the old one would empty its children. Raises StorageError if it cannot be done.
    """
    # An up-to-date start takes less time than importing Alembic does.
    from alembic import command
    from alembic.config import Config

    known = ["base", *known_revisions()]
    with translated(), engine.connect() as connection:
        connection = connection.execution_options(immediate=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            found = revision_of(connection)
            refuse_unknown(found)
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            forwards = known.index(target) >= known.index(found or "base")
            (command.upgrade if forwards else command.downgrade)(config, target)
            _check_foreign_keys(connection)
    log.info("database tables brought from %s to %s", found or "base", target)


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
        log.error("rows without their parents after a migration: %s", broken[:20])
        raise StorageError(zh_reason="升级后数据对不上", reason="its data would not fit together after the upgrade")
