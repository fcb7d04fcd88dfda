"""A backup is whole while the app writes, and comes back as a whole or not at all."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest
from keeping import conversation
from postgres import Server

from errors import InputError, NotFound, StorageError
from storage.backup import backup, restore
from storage.database import open_database
from storage.store import Store


@pytest.fixture(autouse=True)
def tools(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's tools where an operator has them."""
    if "postgresql" in request.node.name:
        server: Server = request.getfixturevalue("postgres")
        monkeypatch.setenv("PATH", str(server.binaries), prepend=":")


@contextmanager
def opened(url: str) -> Iterator[Store]:
    engine = open_database(url, lock_wait=30)
    yield Store(engine)
    engine.dispose()


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """Another database of the same kind, with nothing in it."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/elsewhere/zhiyin.db"
        return
    server: Server = request.getfixturevalue("postgres")
    with server.passing() as address:
        yield address


def test_a_backup_taken_while_the_app_writes_is_one_moment(database_url: str, elsewhere: str, tmp_path: Path) -> None:
    stop, file = Event(), tmp_path / "copies" / "zhiyin.backup"
    with opened(database_url) as store:
        first = conversation(store, "登山靴")

        def talk() -> list[str]:
            said = [conversation(store, "雨衣")]
            while not stop.is_set():
                said.append(conversation(store, "雨衣"))
            return said

        with ThreadPoolExecutor(1) as pool:
            talking = pool.submit(talk)
            size = backup(database_url, file)
            stop.set()
            later = talking.result()
        held = store.export_session(first)

    assert size == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert restore(elsewhere, file)
    with opened(elsewhere) as store:
        assert store.export_session(first) == held
        there = [_messages(store, session_id) for session_id in later]
        assert set(there) <= {0, 1, 2}
        assert there == sorted(there, reverse=True)  # what came later is not there without what came before
    with pytest.raises(InputError, match="is there already"):
        backup(database_url, file)


def _messages(store: Store, session_id: str) -> int:
    try:
        return len(store.messages(session_id))
    except NotFound:
        return 0


def test_restoring_over_data_needs_force_and_replaces_all(database_url: str, tmp_path: Path) -> None:
    with opened(database_url) as store:
        kept = conversation(store, "登山靴")
        held = store.export_session(kept)
        backup(database_url, tmp_path / "backup")
        lost = conversation(store, "雨衣")
    with pytest.raises(InputError, match="2 rows in it already"):
        restore(database_url, tmp_path / "backup")
    with opened(database_url) as store:
        assert store.session(lost)
    restore(database_url, tmp_path / "backup", force=True)
    with opened(database_url) as store:
        assert store.export_session(kept) == held
        assert store.feedback_counts() == {"456": {"like": 1}}


def test_what_is_no_backup_is_refused_and_the_data_stays(database_url: str, tmp_path: Path) -> None:
    with opened(database_url) as store:
        session_id = conversation(store, "登山靴")
        backup(database_url, tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "text").write_text("nothing of the kind")
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty").write_bytes(b"")
    for name in ("text", "cut", "empty", "missing"):
        with pytest.raises((InputError, StorageError)):
            restore(database_url, tmp_path / name, force=True)
    with opened(database_url) as store:
        assert store.messages(session_id)


def test_a_backup_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'zhiyin.db'}"
    open_database(url).dispose()
    backup(url, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup")) as copy:
        copy.execute("UPDATE alembic_version SET version_num = '9998'")
        copy.commit()
    with pytest.raises(StorageError, match="newer version"):
        restore(url, tmp_path / "backup", force=True)


def test_a_database_in_use_is_not_replaced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'zhiyin.db'}"
    with opened(url) as store:
        conversation(store, "登山靴")
        backup(url, tmp_path / "backup")
        with pytest.raises(StorageError, match="could not be replaced"):
            restore(url, tmp_path / "backup", force=True)
        assert store.feedback_counts()


def test_without_the_tools_the_command_is_told_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StorageError, match=r"pg_dump is not installed here.*--format=custom") as missing:
        backup("postgresql://zhiyin:geheim@db.example/zhiyin", tmp_path / "backup")
    assert "geheim" not in str(missing.value)
