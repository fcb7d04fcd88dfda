"""Deletion leaves nothing, encryption shows nothing, keys change, age removes, the archive holds."""

import gzip
import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from keeping import conversation, found, raw
from postgres import Server

from bot.daily import Daily
from bot.settings import Settings, read_settings
from errors import EncryptionKeyError, InputError, NotFound, SettingsError
from storage import keys
from storage.cipher import Cipher, new_key, read_keys
from storage.database import compact, open_database, writing
from storage.privacy import tied
from storage.records import utc_now
from storage.store import Store
from storage.tables import MessageRow, RequestRow, SessionRow

SECRET = "秘密的孔雀蓝旗袍peacock"
OTHERS = "别人的登山靴mountaineering"
OLD, NEW = read_keys(new_key()), read_keys(new_key())


@pytest.fixture
def server(request: pytest.FixtureRequest, database_url: str) -> Server | None:
    if database_url.startswith("sqlite"):
        return None
    running: Server = request.getfixturevalue("postgres")
    return running


@contextmanager
def opened(url: str, cipher: Cipher | None = None) -> Iterator[Store]:
    engine = open_database(url, cipher=cipher, lock_wait=30)
    yield Store(engine)
    engine.dispose()


def told(store: Store, session_id: str) -> str:
    return json.dumps(store.export_session(session_id), ensure_ascii=False)


# -- deletion and export


def test_deleted_words_are_nowhere_in_the_raw_files(database_url: str, server: Server | None) -> None:
    with opened(database_url) as store:
        gone = [conversation(store, SECRET) for _ in range(3)]
        stays = conversation(store, OTHERS)
        assert found(SECRET, raw(database_url, server)) >= 3 * 9
        for session_id in gone:
            store.delete_session(session_id)
        compact(store._engine)
        data = raw(database_url, server)
        assert found(SECRET, data) == 0
        assert not any(session_id.encode() in data for session_id in gone)
        assert found(OTHERS, data) >= 9
        assert OTHERS in told(store, stays)


def test_deletion_alone_empties_the_file_and_its_log_of_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'zhiyin.db'}"
    with opened(url) as store:
        session_id = conversation(store, SECRET)
        conversation(store, OTHERS)
        store.delete_session(session_id)
        assert found(SECRET, raw(url)) == 0
        assert found(OTHERS, raw(url)) > 0


def test_a_visitor_is_exported_and_forgotten_in_all_sessions(database_url: str) -> None:
    with opened(database_url) as store:
        mine = [conversation(store, SECRET, "ann") for _ in range(2)]
        theirs = conversation(store, OTHERS, "bob")
        held = store.export_visitor("ann")
        assert [one["session"]["session_id"] for one in held] == mine
        assert all(json.dumps(one, ensure_ascii=False).count(SECRET) >= 9 for one in held)
        assert store.forget_visitor("ann", "elsewhere") == 0
        assert store.forget_visitor("ann") == 2
        assert store.forget_visitor("ann") == 0
        for session_id in mine:
            with pytest.raises(NotFound):
                store.session(session_id)
        assert OTHERS in told(store, theirs)


def test_everything_that_hangs_on_a_session_goes_with_it(database_url: str) -> None:
    with opened(database_url) as store, store._engine.connect() as db:
        session_id = conversation(store, SECRET)
        counts = {
            table.name: db.execute(sa.select(sa.func.count()).select_from(table).where(mine)).scalar_one()
            for table, mine in tied(session_id)
        }
        told_of = {"sessions", "messages", "slates", "impressions", "feedback", "requests", "interests"}
        assert told_of <= {name for name, rows in counts.items() if rows}
        db.rollback()
        store.delete_session(session_id)
        for table in (table for table, _ in tied(session_id)):
            assert db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0, table.name


# -- encryption at rest


def test_encrypted_words_are_nowhere_in_the_raw_files(database_url: str, server: Server | None) -> None:
    with opened(database_url, Cipher(OLD)) as store:
        session_id = conversation(store, SECRET)
        assert told(store, session_id).count(SECRET) >= 9
        assert store.messages(session_id)[0].text == f"我想要{SECRET}"
        data = raw(database_url, server)
        assert session_id.encode() in data
        assert found(SECRET, data) == found("孔雀蓝", data) == data.count(b"peacock") == 0
        assert b"f" * 64 not in data  # of a short message even a hash could be guessed


def test_a_missing_or_wrong_key_is_said_at_the_start(database_url: str) -> None:
    with opened(database_url, Cipher(OLD)) as store:
        conversation(store, SECRET)
    for cipher in (None, Cipher(NEW)):
        with pytest.raises(EncryptionKeyError, match="ZHIYIN_ENCRYPTION_KEY does not have") as missing:
            open_database(database_url, cipher=cipher)
        assert "密钥" in missing.value.say("zh")


def test_what_was_changed_in_the_file_is_refused(database_url: str) -> None:
    with opened(database_url, Cipher(OLD)) as store:
        session_id = conversation(store, SECRET)
        with writing(store._engine) as db:
            kept = db.execute(sa.text("SELECT text FROM messages ORDER BY id")).scalars().first() or ""
            swapped = kept[:-8] + ("A" if kept[-8] != "A" else "B") + kept[-7:]
            db.execute(sa.text("UPDATE messages SET text = :text WHERE role = 'user'"), {"text": swapped})
        with pytest.raises(EncryptionKeyError, match="changed or is damaged"):
            store.messages(session_id)
        with writing(store._engine) as db:  # a text of one column does not open in another
            db.execute(sa.text("UPDATE requests SET fingerprint = :text"), {"text": kept})
        with pytest.raises(EncryptionKeyError, match=r"requests\.fingerprint"):
            store.claim_request(session_id, f"key-{session_id}", "f" * 64, timedelta(seconds=10))


def without_words(held: str) -> str:
    """What is told of a session, less the words that it is found by."""
    told_of = json.loads(held)
    index = told_of["more"].get("postings", [])
    told_of["more"]["postings"] = [row for row in index if not row["term"].startswith("w:")]
    return json.dumps(told_of, ensure_ascii=False)


def test_keys_rotate_and_the_old_one_is_needed_no_more(database_url: str, server: Server | None) -> None:
    with opened(database_url) as store:
        session_id = conversation(store, SECRET)
        plain = told(store, session_id)
    shares: list[float] = []
    with opened(database_url, Cipher(OLD)) as store:
        assert told(store, session_id) == plain  # in clear from before, and read
        assert store.rotate_keys(shares.append) == 6
        assert store.rotate_keys() == 0
        sealed = told(store, session_id)
        assert without_words(sealed) == sealed == without_words(plain)  # encrypted words are not indexed
        assert found(SECRET, raw(database_url, server)) == 0
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with opened(database_url, Cipher([*NEW, *OLD])) as store:
        assert store.rotate_keys() == 6
    with opened(database_url, Cipher(NEW)) as store:
        assert told(store, session_id) == sealed
    with opened(database_url, Cipher(NEW, sealing=False)) as store:
        assert store.rotate_keys() == 6
    with opened(database_url) as store:
        assert told(store, session_id) == sealed


def test_a_rotation_that_is_cut_off_goes_on(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BATCH", 2)
    with opened(database_url, Cipher(OLD)) as store:
        sessions = [conversation(store, f"{SECRET}{n}") for n in range(4)]

    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with opened(database_url, Cipher([*NEW, *OLD])) as store:
        with pytest.raises(KeyboardInterrupt):
            store.rotate_keys(stop)
        assert all(f"{SECRET}{n}" in told(store, session_id) for n, session_id in enumerate(sessions))
        assert 0 < store.rotate_keys() < 4 * 6
    with opened(database_url, Cipher(NEW)) as store:
        assert all(f"{SECRET}{n}" in told(store, session_id) for n, session_id in enumerate(sessions))


@pytest.mark.parametrize("text", ["\x1a", "\x1a\x1a", "\x1aabc:def", "plain", "", "\x1a12345678:AAAA"])
@pytest.mark.parametrize("cipher", [Cipher(), Cipher(OLD)])
def test_any_text_comes_back(cipher: Cipher, text: str) -> None:
    assert cipher.open(cipher.seal(text, "place"), "place") == text


@pytest.mark.parametrize("key", ["short", b64encode(b"x" * 31).decode(), "no base64!", f"{new_key()},nothing"])
def test_a_wrong_key_in_the_settings(key: str) -> None:
    with pytest.raises(SettingsError, match=r"ZHIYIN_ENCRYPTION_KEY.*base64 of 32 bytes") as wrong:
        read_settings(encryption_key=key)
    assert key not in str(wrong.value)


# -- age


def aged(store: Store, session_id: str, days: float) -> None:
    with writing(store._engine) as db:
        old = {"last_at": utc_now() - timedelta(days=days)}
        db.execute(sa.update(SessionRow).where(SessionRow.id == session_id).values(old))


@pytest.mark.parametrize("cipher", [Cipher(), Cipher(OLD)])
def test_old_sessions_are_archived_and_removed(database_url: str, tmp_path: Path, cipher: Cipher) -> None:
    with opened(database_url, cipher) as store:
        old, young = conversation(store, SECRET), conversation(store, OTHERS)
        aged(store, old, 31)
        aged(store, young, 29)
        held = store.export_session(old)
        assert store.retain(0) == 0
        assert store.too_old(30) == 1
        assert store.retain(30, tmp_path / "archive") == 1
        assert store.too_old(30) == store.retain(30, tmp_path / "archive") == 0
        with pytest.raises(NotFound):
            store.session(old)
        assert OTHERS in told(store, young)
        (archive,) = (tmp_path / "archive").iterdir()
        assert [json.loads(line) for line in store.read_archive(archive)] == [held]
        assert (found(SECRET, gzip.decompress(archive.read_bytes())) > 0) is not bool(cipher.current)


def test_nothing_is_removed_where_the_archive_cannot_be_written(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with opened(database_url) as store:
        old = conversation(store, SECRET)
        aged(store, old, 31)
        with pytest.raises(InputError, match="cannot write to"):
            store.retain(30, tmp_path / "file" / "archive")
        assert SECRET in told(store, old)


def test_the_running_app_removes_what_is_old(database_url: str) -> None:
    with opened(database_url) as store:
        old, young = conversation(store, SECRET), conversation(store, OTHERS)
        aged(store, old, 31)
        with writing(store._engine) as db:
            db.execute(sa.update(RequestRow).values(created_at=utc_now() - timedelta(hours=25)))
        daily = Daily(Settings(retention_days=30), store)
        daily.start()
        daily.close()
        with pytest.raises(NotFound):
            store.session(old)
        held = store.export_session(young)
        assert held["messages"]
        assert held["requests"] == []


# -- what others learn


def test_counts_of_people_need_enough_of_them(database_url: str) -> None:
    with opened(database_url) as store:
        for visitor in ("ann", "ann", "bob", None):
            session_id = store.create_session("t", "zh", visitor).session_id
            store.add_feedback(session_id, "456", "like")
            store.add_feedback(session_id, "456", "click")
        store.add_feedback(session_id, "123", "like")
        assert store.feedback_counts() == {"456": {"like": 3, "click": 3}, "123": {"like": 1}}
        assert store.feedback_counts(3) == {"456": {"like": 3, "click": 3}}
        assert store.feedback_counts(4) == {}
        with store._engine.connect() as db:
            assert db.execute(sa.select(sa.func.count()).select_from(MessageRow)).scalar_one() == 0


def test_logs_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    from storage.masking import Masking

    log, handler = logging.getLogger("test.masking"), logging.StreamHandler()
    handler.addFilter(Masking())
    log.addHandler(handler)
    log.propagate = False
    try:
        raise ValueError("mail me: ann@example.com")
    except ValueError:
        log.exception("call %s or %d", "13812345678", 7)
    finally:
        log.removeHandler(handler)
    said = capsys.readouterr().err
    assert "call [phone] or 7" in said
    assert "[mail]" in said
    assert "13812345678" not in said
    assert "ann@" not in said
