"""What the tests share: the real models, the sample catalogue and a PostgreSQL server, prepared once a run.

Tests that take `database_url` or `bare_database_url` run on SQLite and on PostgreSQL. With `--database postgresql`
everything that the tests of this process store goes to PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from browser import chromium
from playwright.sync_api import Browser
from postgres import Server, running_server
from sqlalchemy import make_url
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("both", "sqlite", "postgresql"),
        default="both",
        help="both: what tests the storage runs on both, all else on SQLite; or everything on one of them",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--database") == "postgresql":  # a test that ends need not close what it stored in
        config.addinivalue_line("filterwarnings", r"ignore:<psycopg\.Connection:ResourceWarning")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    wanted = metafunc.config.getoption("--database")
    kinds = ("sqlite", "postgresql") if wanted == "both" else (wanted,)
    for name in ("database_url", "bare_database_url"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, kinds, indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def tables(postgres: Server) -> str:
    """The name of a PostgreSQL database to copy, with the tables and nothing in them."""
    address = postgres.database()
    open_database(address).dispose()
    return make_url(address).database or ""


@pytest.fixture(scope="session")
def tables_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file to copy, with the tables and nothing in them."""
    path = tmp_path_factory.mktemp("tables") / "zhiyin.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the tables and nothing in them."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('tables_file'), tmp_path)}"
        return
    server: Server = request.getfixturevalue("postgres")
    with server.passing(request.getfixturevalue("tables")) as address:
        yield address


@pytest.fixture
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it, on SQLite not even the folder."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/data/zhiyin.db"
        return
    server: Server = request.getfixturevalue("postgres")
    with server.passing() as address:
        yield address


@pytest.fixture(scope="session", autouse=True)
def data_folders_on_postgres(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--database postgresql`, each data folder has its database on the server; a copied folder, a copied one."""
    if request.config.getoption("--database") != "postgresql":
        yield
        return
    server: Server = request.getfixturevalue("postgres")
    tables: str = request.getfixturevalue("tables")

    def address(settings: Settings) -> str:
        if settings.database_url:
            return settings.database_url
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        note = settings.data_dir / "database"
        folder, name = note.read_text().split("\n") if note.exists() else ("", tables)
        if folder == str(settings.data_dir.resolve()):
            return server.address(name)
        made = server.database(name)
        note.write_text(f"{settings.data_dir.resolve()}\n{make_url(made).database}")
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "database", property(address))
        yield


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
    return Bot(Store(open_database(Settings(data_dir=tmp_path).database)), lambda: mind)


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
