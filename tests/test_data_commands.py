"""The commands about what is kept, as an operator types them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from keeping import conversation, found, raw

from bot.cli import main
from bot.database import open_store
from bot.importing import index_lock
from bot.settings import Settings, read_settings
from bot.web.sites import Sites
from errors import Lang
from storage.database import writing
from storage.records import utc_now
from storage.store import Store
from storage.tables import SessionRow

WORDS = "电话13812345678的旗袍"


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    code: int = end.value.code  # type: ignore[assignment]
    return code


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ZHIYIN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ZHIYIN_DATABASE_URL", database_url)
    return read_settings()


def talk(settings: Settings, visitor: str | None = None, days: float = 0.0) -> tuple[Store, str]:
    store = open_store(settings)
    session_id = conversation(store, WORDS, visitor)
    with writing(store._engine) as db:
        old = {"last_at": utc_now() - timedelta(days=days)}
        db.execute(sa.update(SessionRow).where(SessionRow.id == session_id).values(old))
    store._engine.dispose()
    return store, session_id


def test_keys_encrypt_rotate_and_go(
    settings: Settings,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    talk(settings)
    assert status("keys", "rotate") == 1
    assert "ZHIYIN_ENCRYPTION_KEY" in capsys.readouterr().err
    assert status("keys", "new") == 0
    monkeypatch.setenv("ZHIYIN_ENCRYPTION_KEY", capsys.readouterr().out.strip())
    assert status("keys", "rotate") == 0
    assert "6 rows encrypted" in capsys.readouterr().out
    if database_url.startswith("sqlite"):
        assert found(WORDS, raw(database_url)) == 0
    assert status("keys", "off") == 0
    monkeypatch.delenv("ZHIYIN_ENCRYPTION_KEY")
    assert status("retain") == 0
    assert "for ever" in capsys.readouterr().out


def test_a_missing_key_ends_a_command_with_one_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert status("keys", "new") == 0
    monkeypatch.setenv("ZHIYIN_ENCRYPTION_KEY", capsys.readouterr().out.strip())
    talk(read_settings())
    monkeypatch.delenv("ZHIYIN_ENCRYPTION_KEY")
    assert status("export", "--out", str(tmp_path / "out")) == 1
    said = capsys.readouterr().err.strip()
    assert "ZHIYIN_ENCRYPTION_KEY does not have" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_retain_says_then_archives_and_removes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk(settings, days=31)
    monkeypatch.setenv("ZHIYIN_RETENTION_DAYS", "30")
    assert status("retain", "--dry-run") == 0
    assert "1 sessions were last used" in capsys.readouterr().out
    assert status("retain", "--archive", str(tmp_path / "archive")) == 0
    assert "1 sessions removed" in capsys.readouterr().out
    (archive,) = (tmp_path / "archive").iterdir()
    assert status("retain", "--read", str(archive)) == 0
    assert json.loads(capsys.readouterr().out)["messages"][0]["text"] == f"我想要{WORDS}"


def test_forget_exports_and_removes_a_visitor(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk(settings, "ann")
    assert status("forget", "--visitor", "ann", "--export", str(tmp_path / "ann.json")) == 0
    assert "1 sessions removed" in capsys.readouterr().out
    assert WORDS in (tmp_path / "ann.json").read_text(encoding="utf-8")
    assert status("forget", "--visitor", "ann") == 1


def test_exports_are_masked_unless_that_is_off_and_aggregates_say_epsilon(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk(settings)
    for name, wanted in (("true", False), ("false", True)):
        monkeypatch.setenv("ZHIYIN_MASK_EXPORTS", name)
        assert status("export", "--out", str(tmp_path / name)) == 0
        said = (tmp_path / name / "conversations.jsonl").read_text(encoding="utf-8")
        assert (WORDS in said) is wanted
    assert status("export", "--out", str(tmp_path), "--aggregates") == 1
    assert "epsilon" in capsys.readouterr().err
    assert status("export", "--out", str(tmp_path), "--aggregates", "--epsilon", "0.5", "--contribution", "2") == 0
    assert "epsilon 0.5" in capsys.readouterr().out
    assert json.loads((tmp_path / "aggregates.json").read_text(encoding="utf-8"))["scale"] == pytest.approx(4)


def test_restore_is_refused_beside_the_running_app(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    with index_lock(settings):
        assert status("restore", str(tmp_path / "backup")) == 1
    assert "the app is running" in capsys.readouterr().err
    assert status("restore", str(tmp_path / "backup")) == 1
    assert "cannot be opened" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_privacy_notice_follows_the_greeting_of_every_site(lang: Lang) -> None:
    notice = {"zh": "对话会保存三十天。", "en": "Conversations are kept for thirty days."}
    site = {"greeting": {"zh": "想找什么？", "en": "What is it to be?"}}
    sites = Sites.of(read_settings(privacy_notice=notice, sites={"shop": site}))
    assert sites.named("").welcome(lang).endswith(notice[lang])
    assert sites.named("shop").welcome(lang) == f"{site['greeting'][lang]} {notice[lang]}"
    assert sites.named("shop").told(lang)["greeting"] == sites.named("shop").welcome(lang)
    bare = Sites.of(read_settings(sites={"shop": {}}))
    assert "greeting" not in bare.named("shop").told(lang)
    assert notice[lang] not in bare.named("shop").welcome(lang)
