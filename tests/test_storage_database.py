"""Opening, migrating, and what is said when a database cannot be used."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event

from errors import InputError, StorageError
from storage import database
from storage.database import migrate, open_database
from storage.records import InterestChange, SlateDraft
from storage.store import Store
from storage.tables import Table

NEXT_STEP = '''"""A step of a later version: remakes a table that others point at."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sessions", recreate="always") as table:
        table.add_column(sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sessions", recreate="always") as table:
        table.drop_column("note")
'''


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


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return names


def said_in(store: Store) -> tuple[str, list[str]]:
    session_id = store.create_session("token", "zh").session_id
    store.add_user_message(session_id, "我喜欢牛仔裤", "zh")
    return session_id, [message.text for message in store.messages(session_id)]


def test_new_database_is_made_with_its_folder_and_settings(url: str, tmp_path: Path) -> None:
    engine = open_database(url)
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "foreign_keys") == 1
    assert pragma(engine, "busy_timeout") == 5000
    assert pragma(engine, "synchronous") == 1
    engine.dispose()
    assert set(Table.metadata.tables) < tables(tmp_path / "data" / "zhiyin.db")


def test_migrations_make_the_tables_that_the_program_expects(url: str) -> None:
    engine = open_database(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def test_opening_again_runs_no_migration_and_keeps_the_data(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(url) as store:
        session_id, texts = said_in(store)

    def unwanted(*_: object, **__: object) -> None:
        raise AssertionError("migrated although up to date")

    monkeypatch.setattr(database, "migrate", unwanted)
    with opened(url) as store:
        assert [message.text for message in store.messages(session_id)] == texts


def test_a_later_version_migrates_up_and_down_with_data(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(url) as store:
        session_id, texts = said_in(store)
        store.save_interest(session_id, InterestChange({"threads": []}, 0))
    this_version = database._MIGRATIONS
    later_version = tmp_path / "migrations"
    shutil.copytree(this_version, later_version)
    (later_version / "versions" / "0007_note.py").write_text(NEXT_STEP)

    monkeypatch.setattr(database, "_MIGRATIONS", later_version)
    with opened(url) as store:
        assert [message.text for message in store.messages(session_id)] == texts
        assert store.interest(session_id).version == 1

    monkeypatch.setattr(database, "_MIGRATIONS", this_version)
    with pytest.raises(StorageError, match="newer version") as refused:
        open_database(url)
    assert "更新版本" in refused.value.fields["zh_reason"]

    monkeypatch.setattr(database, "_MIGRATIONS", later_version)
    migrate(url, "0006")
    monkeypatch.setattr(database, "_MIGRATIONS", this_version)
    with opened(url) as store:
        assert [message.text for message in store.messages(session_id)] == texts
        store.delete_session(session_id)


def test_down_to_nothing_and_up_again(url: str, tmp_path: Path) -> None:
    with opened(url) as store:
        said_in(store)
    migrate(url, "base")
    assert not set(Table.metadata.tables) & tables(tmp_path / "data" / "zhiyin.db")
    with opened(url) as store:
        said_in(store)


def test_a_migration_that_fails_leaves_everything_as_it_was(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(url) as store:
        session_id, texts = said_in(store)
    broken = tmp_path / "migrations"
    shutil.copytree(database._MIGRATIONS, broken)
    step = NEXT_STEP.replace(
        "def downgrade", '    op.execute("INSERT INTO no_such_table VALUES (1)")\n\n\ndef downgrade'
    )
    (broken / "versions" / "0007_note.py").write_text(step)
    with monkeypatch.context() as patch:
        patch.setattr(database, "_MIGRATIONS", broken)
        with pytest.raises(StorageError):
            open_database(url)
    with opened(url) as store:
        assert [message.text for message in store.messages(session_id)] == texts


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


@pytest.mark.parametrize("url", ["nonsense", "nosuch://host/db", "", "sqlite://", "sqlite:///:memory:"])
def test_a_wrong_address(url: str) -> None:
    with pytest.raises(StorageError):
        open_database(url)


def test_what_visitors_say_does_not_reach_the_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with opened(url) as store:
        session_id, _ = said_in(store)
        slate = SlateDraft((), unmet=("秘密",))
        store.add_slate(session_id, slate)
        with pytest.raises(InputError, match="cannot be stored"):
            store.add_user_message(session_id, "秘密\ud800", "zh")
        with pytest.raises(StorageError):
            store.add_slate(session_id, slate)
    assert caplog.records
    assert "秘密" not in caplog.text


def test_many_programs_open_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        engines = list(pool.map(open_database, [url] * 6))
    for engine in engines:
        said_in(Store(engine))
        engine.dispose()
