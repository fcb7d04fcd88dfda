"""What an operator sets and types: settings, set-up, import, export, chat, serve."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bot.bot import Mind
from bot.cli import main
from bot.importing import import_files, index_lock
from bot.phrasing.bases import QWEN
from bot.serving import free_port
from bot.settings import Settings, read_settings
from bot.setup import sample_files, set_up
from errors import ModelError, SettingsError
from retrieval.index import Index
from storage.database import open_database
from storage.records import InterestChange, new_token
from storage.store import Store

TEE = {"id": "t1", "title": "白T恤", "domain": "clothing", "price": 99}
CUP = {"id": "c1", "title": "马克杯", "domain": "home"}
FILM = {"id": "f1", "title": "月球", "domain": "film", "year": 2009}


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to stand in, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ZHIYIN_{name.upper()}", raising=False)


# -- settings


def test_the_defaults_are_the_contracts() -> None:
    settings = read_settings()
    assert (settings.data_dir, settings.models_dir) == (Path("data"), Path("models"))
    assert (settings.host, settings.port, settings.slate_size) == ("127.0.0.1", 7860, 3)
    assert (settings.encoder, settings.llm, settings.rate_limit) == ("embedded", "embedded", "60/minute")
    assert settings.similarity == "cosine"
    assert settings.database == f"sqlite:///{Path('data/zhiyin.db').resolve()}"
    assert settings.chroma == str(Path("data/chroma").resolve())


def test_the_environment_wins_over_the_files_and_what_is_given_over_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zhiyin.toml").write_text('port = 1\nhost = "toml"\nslate_size = 5\nwidget_origins = ["https://a"]\n')
    (tmp_path / ".env").write_text("ZHIYIN_PORT=2\nZHIYIN_HOST=dotenv\nOTHER=x\n")
    monkeypatch.setenv("ZHIYIN_PORT", "3")
    settings = read_settings()
    assert (settings.port, settings.host, settings.slate_size) == (3, "dotenv", 5)
    assert settings.widget_origins == ("https://a",)
    assert read_settings(port=4).port == 4


def test_origins_are_separated_by_commas_and_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIYIN_WIDGET_ORIGINS", "https://a.example, https://b.example,")
    monkeypatch.setenv("ZHIYIN_IDENTITY_SECRET", "hidden")
    settings = read_settings()
    assert settings.widget_origins == ("https://a.example", "https://b.example")
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "web", "integer"),
        ("PORT", "70000", "65535"),
        ("PORT", "", "integer"),
        ("SLATE_SIZE", "0", "1"),
        ("SLATE_SIZE", "99", "12"),
        ("THREADS", "0", "1"),
        ("RATE_LIMIT", "sixty", "60/minute"),
        ("RATE_LIMIT", "60/minute;", "60/minute"),
        ("RATE_LIMIT", "60/minute\n", "60/minute"),
        ("SIMILARITY", "dot", "'cosine', 'euclidean' or 'jaccard'"),
        ("LLM", "openai", "ZHIYIN_LLM_MODEL"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"ZHIYIN_{name}", value)
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    assert f"ZHIYIN_{name}" in str(wrong.value)
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("zhiyin.toml", b"port = ", "zhiyin.toml"),
        ("zhiyin.toml", b'host = "\xff"', "UTF-8"),
        (".env", b"ZHIYIN_HOST=\xff", "UTF-8"),
        ("zhiyin.toml", b'port = "x"', "ZHIYIN_PORT"),
    ],
)
def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path, file: str, content: bytes, said: str) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        read_settings()


def test_a_wrong_setting_stops_a_command_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHIYIN_PORT", "web")
    assert status("serve") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("zhiyin: Setting ZHIYIN_PORT is wrong")


# -- the port


def test_a_port_in_use_is_named() -> None:
    with free_port("127.0.0.1", 0) as taken, pytest.raises(SettingsError, match=r"ZHIYIN_PORT.*in use"):
        free_port("127.0.0.1", taken.getsockname()[1])


def test_a_host_that_is_not_here_is_named() -> None:
    with pytest.raises(SettingsError, match="ZHIYIN_HOST"):
        free_port("192.0.2.1", 0)


def test_a_port_stays_taken_until_it_is_given_back() -> None:
    with free_port("127.0.0.1", 0) as listening:
        with socket.create_connection(listening.getsockname(), timeout=1):
            pass
        port = listening.getsockname()[1]
    free_port("127.0.0.1", port).close()


# -- commands


def status(*arguments: str) -> int:
    """The exit status of one command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def write(path: Path, *items: dict[str, Any] | str) -> str:
    lines = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items]
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def own(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an empty data folder, in the environment, with plain sentences."""
    monkeypatch.setenv("ZHIYIN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ZHIYIN_MODELS_DIR", str(models_dir.resolve()))
    monkeypatch.setenv("ZHIYIN_LLM", "none")
    return read_settings()


@pytest.fixture
def sample(own: Settings, data_dir: Path) -> Settings:
    """The same over the sample catalogue."""
    assert own.data_dir == data_dir
    return own


@pytest.fixture
def busy(own: Settings) -> Iterator[Settings]:
    """The same while the app runs: it holds the index, so that an import encodes nothing itself."""
    with index_lock(own) as held:
        assert held
        yield own


def stored(settings: Settings) -> set[str]:
    return set(Store(open_database(settings.database)).item_checksums())


@pytest.mark.parametrize("arguments", [[], ["fly"], ["import"], ["export"], ["serve", "--port", "x"]])
def test_wrong_arguments_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*arguments) == 2
    assert "usage: zhiyin" in capsys.readouterr().err


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--help") == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("setup", "import", "serve", "chat", "export", "bench"))


def test_an_import_takes_good_lines_and_names_bad_ones(
    busy: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "shop.jsonl", TEE, '{"id": "x"', TEE | {"id": "t2", "price": -1}, CUP)
    assert status("import", file) == 1
    said = capsys.readouterr()
    refused = [line for line in said.err.splitlines() if line.startswith("shop.jsonl")]
    assert refused == ["shop.jsonl:2: line: is not valid JSON", "shop.jsonl:3: price: must not be below 0"]
    assert "2 items read: 2 new, 0 changed, 0 removed; 2 lines refused" in said.out
    assert "the app is running" in said.out
    assert stored(busy) == {"t1", "c1"}


def test_only_what_changed_is_written_and_the_later_line_counts(
    busy: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "shop.jsonl", TEE, CUP)
    assert status("import", file) == 0
    assert status("import", file) == 0
    assert "2 items read: 0 new, 0 changed, 0 removed" in capsys.readouterr().out
    stamp = Store(open_database(busy.database)).catalogue_stamp()
    assert status("import", file) == 0
    assert Store(open_database(busy.database)).catalogue_stamp() == stamp
    write(tmp_path / "shop.jsonl", TEE, TEE | {"title": "黑T恤"})
    assert status("import", file) == 0
    assert "1 items read: 0 new, 1 changed, 0 removed" in capsys.readouterr().out
    titles = {item.id: item.data["title"] for item in Store(open_database(busy.database)).items()}
    assert titles == {"t1": "黑T恤", "c1": "马克杯"}


def test_replace_removes_what_is_gone_but_not_after_a_bad_line(
    busy: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, screen = write(tmp_path / "shop.jsonl", TEE, CUP), write(tmp_path / "screen.jsonl", FILM)
    assert status("import", shop, screen) == 0
    assert stored(busy) == {"t1", "c1", "f1"}
    write(tmp_path / "screen.jsonl", FILM | {"year": "long ago"})
    assert status("import", screen, "--replace") == 1
    assert "nothing was removed" in capsys.readouterr().err
    assert stored(busy) == {"t1", "c1", "f1"}
    write(tmp_path / "screen.jsonl", FILM)
    assert status("import", screen, "--replace") == 0
    assert "1 items read: 0 new, 0 changed, 2 removed" in capsys.readouterr().out
    assert stored(busy) == {"f1"}


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    busy: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("import", write(tmp_path / "shop.jsonl", TEE)) == 0
    other = write(tmp_path / "other.jsonl", CUP, FILM)
    assert status("import", other, "--replace", "--dry-run") == 0
    assert "2 would be new, 0 would be changed, 1 would be removed; 0 lines refused" in capsys.readouterr().out
    assert status("import", write(tmp_path / "bad.jsonl", "{"), "--dry-run") == 1
    assert "bad.jsonl:1: line" in capsys.readouterr().err
    assert stored(busy) == {"t1"}


def test_csv_is_imported_like_json(busy: Settings, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("id,title,domain,price,tags\n7,台灯,home,59.5,夜;书桌\n", encoding="utf-8")
    assert status("import", "shop.csv") == 0
    (item,) = Store(open_database(busy.database)).items()
    assert (item.data["price"], item.data["tags"]) == (59.5, ["夜", "书桌"])


def test_a_file_that_is_not_there_changes_nothing(
    busy: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path / "shop.jsonl", TEE)
    assert status("import", good, "none.jsonl") == 1
    assert "none.jsonl is not there" in capsys.readouterr().err
    assert stored(busy) == set()


def test_an_import_fills_the_index_and_forgets_what_is_gone(own: Settings, tmp_path: Path, mind: Mind) -> None:
    store, shares = Store(open_database(own.database)), []
    paths = [Path(write(tmp_path / "shop.jsonl", TEE, CUP))]
    report = import_files(paths, own, store, progress=shares.append)
    assert (report.new, report.indexed, shares[-1]) == (2, True, 1.0)
    write(tmp_path / "shop.jsonl", TEE)
    assert import_files(paths, own, store, replace=True).removed == 1
    with Index(own.chroma, mind.encoder.name) as index:
        assert set(index.stored()) == {"t1"}


def test_set_up_loads_the_sample_once(sample: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    lines = sum(path.read_text(encoding="utf-8").count("\n") for path in sample_files())
    assert len(stored(sample)) == lines >= 500
    assert status("setup") == 0
    assert capsys.readouterr().out == "  ready        zhiyin serve\n"


def test_set_up_takes_over_the_folder_of_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch(packages: tuple[str, ...], folder: Path) -> list[Path]:
        raise ModelError(model="any", reason="nothing is to be downloaded")

    monkeypatch.setattr("bot.setup.fetch_wheels", fetch)
    former = tmp_path / "llm"
    former.mkdir()
    (former / "config.json").write_text("{}", encoding="utf-8")
    own = Settings(models_dir=tmp_path, data_dir=tmp_path / "data", encoder="mine")
    set_up(own.model_copy(update={"llm": "gemma"}), catalogue=False)
    assert former.exists()  # it holds another base
    assert "cannot be had" in capsys.readouterr().out
    set_up(own.model_copy(update={"llm": "qwen"}), catalogue=False)
    assert not former.exists()
    assert (QWEN.folder(tmp_path) / "config.json").read_text(encoding="utf-8") == "{}"
    assert "is now" in capsys.readouterr().out
    set_up(own.model_copy(update={"llm": "qwen"}), catalogue=False)
    assert capsys.readouterr().out == ""


def test_export_writes_what_was_said(own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own.data_dir.mkdir()
    store = Store(open_database(own.database))
    session = store.create_session(new_token(), "zh")
    store.add_user_message(session.session_id, "你好", "zh")
    store.add_feedback(session.session_id, "t1", "like", interest=InterestChange({}, 0))
    assert status("export", "--out", str(tmp_path / "out")) == 0
    assert "out" in capsys.readouterr().out
    (talk,) = [json.loads(line) for line in (tmp_path / "out" / "conversations.jsonl").read_text("utf-8").splitlines()]
    assert [message["text"] for message in talk["messages"]] == ["你好"]
    assert json.loads((tmp_path / "out" / "feedback.jsonl").read_text("utf-8"))["item_id"] == "t1"
    assert (tmp_path / "out" / "impressions.jsonl").read_text("utf-8") == ""
    (tmp_path / "file").write_text("")
    assert status("export", "--out", str(tmp_path / "file" / "out")) == 1
    assert "cannot write" in capsys.readouterr().err


def test_a_chat_in_the_terminal(
    sample: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("brand-name T-shirts and jeans\n" + "x" * 2001 + "\n\nnot read\n"))
    assert status("chat", "--lang", "en") == 0
    shown = capsys.readouterr().out
    assert "I am Zhiyin" in shown
    assert " 1. " in shown
    assert "199 yuan" in shown
    assert "↳ you mentioned" in shown
    assert "2001 characters" in shown
    with index_lock(sample) as held:
        assert held


def test_a_chat_beside_the_running_app_is_refused(sample: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with index_lock(sample):
        assert status("chat") == 1
    assert "ZHIYIN_DATA_DIR" in capsys.readouterr().err
