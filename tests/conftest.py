"""What the tests share: the real models and the sample catalogue, prepared once a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from browser import chromium
from playwright.sync_api import Browser
from widget_host import Fake, Host, serving_fake, serving_host

from bot.bot import Bot, Mind
from bot.loading import build_mind, load_encoder
from bot.settings import Settings
from bot.setup import set_up
from retrieval.files import item_from_json
from retrieval.importing import catalogue_of
from retrieval.index import Index
from storage.database import open_database
from storage.store import Store

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder of the unpacked models; the set-up fills it where it is empty."""
    folder = Path(os.environ.get("ZHIYIN_MODELS_DIR", ROOT / "models"))
    if not (folder / "encoder" / "config.json").exists():
        set_up(Settings(models_dir=folder, data_dir=folder / ".unused"), catalogue=False)
    return folder


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Path:
    """A data folder with the sample catalogue in database and index. Copy it; do not write to it."""
    folder = tmp_path_factory.mktemp("sample")
    set_up(Settings(data_dir=folder, models_dir=models_dir, llm="none"))
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, sample_dir: Path) -> Path:
    """A data folder of one's own with the sample catalogue."""
    return Path(shutil.copytree(sample_dir, tmp_path / "data"))


@pytest.fixture(scope="session")
def mind(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path, models_dir: Path) -> Iterator[Mind]:
    """What answers, from the sample catalogue and the real encoder, with plain sentences."""
    folder = tmp_path_factory.mktemp("mind") / "data"
    shutil.copytree(sample_dir, folder)
    settings = Settings(data_dir=folder, models_dir=models_dir, llm="none")
    encoder = load_encoder(settings)
    with closing(Index(settings.chroma, encoder.name)) as index:
        items = [item_from_json(record.data) for record in Store(open_database(settings.database)).items()]
        yield build_mind(catalogue_of(items, encoder, index), encoder, index, (), settings)


@pytest.fixture
def bot(tmp_path: Path, mind: Mind) -> Bot:
    """A bot over an empty store and the shared mind."""
    return Bot(Store(open_database(f"sqlite:///{tmp_path / 'bot.db'}")), lambda: mind)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; each test opens pages of its own in it."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[Host, Fake]]:
    """A site with the widget, and an interface on another origin that answers as it is told."""
    with serving_host() as host, serving_fake(host.address) as fake:
        yield host, fake
