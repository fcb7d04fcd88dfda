"""Opening, migrating, and what is said when a database cannot be used."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres import Server, running_server
from sqlalchemy import Engine, event

from errors import InputError, StorageError
from storage import database, migrating, sessions
from storage.database import migrate, open_database, repeated, writing
from storage.migrating import known_revisions
from storage.records import InterestChange, SlateDraft
from storage.store import Store
from storage.tables import SessionRow, Table

LAST = known_revisions()[-1]
NEXT_STEP = f'''"""A step of a later version: remakes a table that others point at."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{LAST}"
branch_labels = None
depends_on = None


def recreate() -> str:
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    with op.batch_alter_table("sessions", recreate=recreate()) as table:
        table.add_column(sa.Column("comment", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sessions", recreate=recreate()) as table:
        table.drop_column("comment")
'''
FAILS = '    op.execute("INSERT INTO no_such_table VALUES (1)")\n\n\ndef downgrade'
HANGS = "    import time\n\n    print('halfway', flush=True)\n    time.sleep(600)\n\n\ndef downgrade"


@pytest.fixture
def tables_in(postgres: Server, tables: str) -> Iterator[str]:
    """The address of a PostgreSQL database with the tables."""
    with postgres.passing(tables) as address:
        yield address


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/zhiyin.db"


@contextmanager
def opened(url: str, lock_wait: float = 0.05) -> Iterator[Store]:
    engine = open_database(url, lock_wait=lock_wait)
    yield Store(engine)
    engine.dispose()


def pragma(engine: Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def names_of_tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names


def later_version(folder: Path, monkeypatch: pytest.MonkeyPatch, step: str = NEXT_STEP) -> Path:
    """This program, as a version with one more migration."""
    shutil.copytree(migrating.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_comment.py").write_text(step)
    monkeypatch.setattr(migrating, "MIGRATIONS", folder)
    return folder


def said_in(store: Store) -> tuple[str, list[str]]:
    session_id = store.create_session("token", "zh").session_id
    store.add_user_message(session_id, "我喜欢牛仔裤", "zh")
    return session_id, [message.text for message in store.messages(session_id)]


def test_new_database_is_made_with_its_folder_and_settings(url: str) -> None:
    engine = open_database(url)
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "foreign_keys") == 1
    assert pragma(engine, "busy_timeout") == 5000
    assert pragma(engine, "synchronous") == 1
    engine.dispose()
    assert set(Table.metadata.tables) < names_of_tables(url)


def test_migrations_make_the_tables_that_the_program_expects(bare_database_url: str) -> None:
    engine = open_database(bare_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def test_opening_again_runs_no_migration_and_keeps_the_data(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = database_url
    with opened(url) as store:
        session_id, texts = said_in(store)

    def unwanted(*_: object, **__: object) -> None:
        raise AssertionError("migrated although up to date")

    monkeypatch.setattr(database, "migrate", unwanted)
    with opened(url) as store:
        assert [message.text for message in store.messages(session_id)] == texts


def test_a_later_version_migrates_up_and_down_with_data(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database_url) as store:
        session_id, texts = said_in(store)
        store.save_interest(session_id, InterestChange({"threads": []}, 0))
    with monkeypatch.context() as later:
        later_version(tmp_path / "migrations", later)
        with opened(database_url) as store:
            assert [message.text for message in store.messages(session_id)] == texts
            assert store.interest(session_id).version == 1

    with pytest.raises(StorageError, match="newer version") as refused:
        open_database(database_url)
    assert "更新版本" in refused.value.fields["zh_reason"]

    with monkeypatch.context() as later:
        later.setattr(migrating, "MIGRATIONS", tmp_path / "migrations")
        migrate(database_url, LAST)
    with opened(database_url) as store:
        assert [message.text for message in store.messages(session_id)] == texts
        store.delete_session(session_id)


def filled(url: str) -> dict[str, list[dict[str, Any]]]:
    """Puts a row into every table that has none, and gives all rows by table."""
    values = {
        sa.Boolean: True,
        sa.JSON: {},
        sa.DateTime: datetime.now(UTC),
        sa.Integer: 1,
        sa.Float: 1.5,
        sa.String: "x",
    }
    engine, known = sa.create_engine(url), sa.MetaData()
    with engine.begin() as connection:
        known.reflect(connection, only=lambda name, _: name in Table.metadata.tables)
        for table in known.sorted_tables:
            if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0:
                row = {
                    c.name: next(value for kind, value in values.items() if isinstance(c.type, kind))
                    for c in table.columns
                    if c is not table.autoincrement_column
                }
                connection.execute(table.insert(), [row])
        rows = {
            table.name: [dict(row._mapping) for row in connection.execute(table.select())]
            for table in known.sorted_tables
        }
    engine.dispose()
    return rows


def lost(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Tables whose rows changed in the columns that both have."""
    return [
        name
        for name, rows in before.items()
        if name in after
        for shared in (rows[0].keys() & after[name][0].keys(),)
        if [{c: row[c] for c in shared} for row in rows] != [{c: row[c] for c in shared} for row in after[name]]
    ]


def test_every_revision_goes_up_and_down_with_rows_in_all_tables(bare_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    revisions = known_revisions()
    steps = [*revisions, *reversed(revisions[:-1]), *revisions[1:]]
    before: dict[str, list[dict[str, Any]]] = {}
    for revision in steps:
        migrate(bare_database_url, revision)
        after = filled(bare_database_url)
        assert lost(before, after) == [], revision
        before = after
    engine = sa.create_engine(bare_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM encryption_keys")  # that key is nobody's
    engine.dispose()
    with opened(bare_database_url) as store:
        assert [message.text for message in store.messages("x")] == ["x"]
        said_in(store)


def test_down_to_nothing_and_up_again(database_url: str) -> None:
    with opened(database_url) as store:
        said_in(store)
    migrate(database_url, "base")
    assert not set(Table.metadata.tables) & names_of_tables(database_url)
    with opened(database_url) as store:
        said_in(store)


def test_a_migration_that_fails_leaves_everything_as_it_was(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database_url) as store:
        session_id, texts = said_in(store)
    with monkeypatch.context() as patch:
        later_version(tmp_path / "migrations", patch, NEXT_STEP.replace("def downgrade", FAILS))
        with pytest.raises(StorageError):
            open_database(database_url)
    with opened(database_url) as store:
        assert [message.text for message in store.messages(session_id)] == texts


MIGRATE = """
import sys
from pathlib import Path
from storage import migrating
from storage.database import open_database

migrating.MIGRATIONS = Path(sys.argv[2])
open_database(sys.argv[1])
"""


def test_a_migration_that_is_killed_is_begun_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(database_url) as store:
        session_id, texts = said_in(store)
    step = NEXT_STEP.replace("def downgrade", HANGS)
    with monkeypatch.context() as later:
        folder = later_version(tmp_path / "migrations", later, step)
        command = [sys.executable, "-c", MIGRATE, database_url, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "halfway\n"
            process.kill()
        (folder / "versions" / "9999_comment.py").write_text(NEXT_STEP)
        with opened(database_url, lock_wait=30) as store:
            assert [message.text for message in store.messages(session_id)] == texts
        migrate(database_url, LAST)


def test_locked_by_another_program(url: str, tmp_path: Path) -> None:
    with opened(url) as store:
        session_id, texts = said_in(store)
        other = sqlite3.connect(tmp_path / "data" / "zhiyin.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another program is using it"):
            store.add_user_message(session_id, "还在吗", "zh")
        assert [message.text for message in store.messages(session_id)] == texts  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        store.add_user_message(session_id, "还在吗", "zh")


def test_full_disk_keeps_nothing_of_a_unit_of_work(url: str) -> None:
    engine = open_database(url)
    store = Store(engine)
    session_id, texts = said_in(store)
    engine.dispose()

    @event.listens_for(engine, "connect")
    def shrink(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # SQLite takes the pages in use as the least

    with pytest.raises(StorageError, match="the disk is full"):
        store.add_user_message(session_id, "长" * 100_000, "zh")
    assert [message.text for message in store.messages(session_id)] == texts
    engine.dispose()


def test_read_only_file_can_be_read_but_not_written(url: str, tmp_path: Path) -> None:
    with opened(url) as store:
        session_id, texts = said_in(store)
    with opened(f"sqlite:///file:{tmp_path}/data/zhiyin.db?mode=ro&uri=true") as store:
        assert [message.text for message in store.messages(session_id)] == texts
        with pytest.raises(StorageError, match="read-only"):
            store.add_user_message(session_id, "写得进吗", "zh")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all\n" * 100)
    with pytest.raises(StorageError, match="not a database"):
        open_database(f"sqlite:///{path}")
    assert path.read_text().startswith("not a database at all")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path}/file/zhiyin.db")


@pytest.mark.parametrize(
    "url", ["nonsense", "nosuch://host/db", "mysql://host/db", "", "sqlite://", "sqlite:///:memory:"]
)
def test_a_wrong_address(url: str) -> None:
    with pytest.raises(StorageError):
        open_database(url)


def test_what_visitors_say_does_not_reach_the_log(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with opened(database_url) as store:
        session_id, _ = said_in(store)
        slate = SlateDraft((), unmet=("秘密",))
        store.add_slate(session_id, slate)
        with pytest.raises(InputError, match="cannot be stored"):
            store.add_user_message(session_id, "秘密\ud800", "zh")
        with pytest.raises(StorageError):
            store.add_slate(session_id, slate)
    assert caplog.records
    assert "秘密" not in caplog.text


def test_many_programs_open_a_new_database_at_once(bare_database_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        engines = list(pool.map(lambda url: open_database(url, lock_wait=30), [bare_database_url] * 6))
    for engine in engines:
        said_in(Store(engine))
        engine.dispose()


@pytest.mark.parametrize(
    ("user", "name", "reason"),
    [("postgres", "nowhere", "no database of that name"), ("stranger", "postgres", "refuses this user")],
)
def test_a_server_that_does_not_let_in(postgres: Server, user: str, name: str, reason: str) -> None:
    with pytest.raises(StorageError, match=reason):
        open_database(postgres.address(name).replace("postgres@", f"{user}@"))


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StorageError, match="cannot be reached"):
        open_database("postgresql://postgres@127.0.0.1:1/zhiyin")


def test_text_that_the_server_cannot_hold_is_the_callers_mistake(postgres: Server, tables_in: str) -> None:
    with opened(tables_in) as store:
        session_id, _ = said_in(store)
        with pytest.raises(InputError, match="cannot be stored"):
            store.add_user_message(session_id, "nul \x00", "zh")


def test_the_server_restarts_and_the_next_turn_is_kept() -> None:
    with running_server() as server, opened(server.database(), lock_wait=30) as store:
        session_id, texts = said_in(store)
        server.restart()
        store.add_user_message(session_id, "还在吗", "zh")
        assert [message.text for message in store.messages(session_id)] == [*texts, "还在吗"]


def test_a_deadlock_is_resolved_and_both_are_kept(postgres: Server, tables_in: str) -> None:
    with opened(tables_in, lock_wait=30) as store:
        first, second = (store.create_session("t", "zh").session_id for _ in range(2))
        both_hold, met = Barrier(2), []

        @repeated
        def touch_both(one: str, other: str) -> None:
            with writing(store._engine) as db:
                sessions.touch(db, one)
                if len(met) < 2:
                    met.append(one)
                    both_hold.wait(20)
                sessions.touch(db, other)
                db.execute(sa.update(SessionRow).where(SessionRow.id == other).values(visitor=f"after {one}"))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(touch_both, (first, second), (second, first)))
        assert {store.session(first).visitor, store.session(second).visitor} == {f"after {second}", f"after {first}"}
        assert len(met) == 2
