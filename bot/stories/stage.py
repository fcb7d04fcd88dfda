"""What stories are played on: the operator's catalogue or another one, and a database that lasts as long as they do."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.bot import Bot
from bot.database import open_store
from bot.importing import index_lock, read_changes
from bot.loading import build_mind, load_encoder
from bot.mind import Mind
from bot.phrasing.models import language_model
from bot.settings import Settings
from bot.setup import set_up
from bot.stories.methods import Method
from bot.stories.play import StoryReport, play
from bot.stories.story import Story
from errors import SettingsError
from retrieval.files import item_from_json
from retrieval.items import Item
from storage.database import open_database
from storage.judging import Act
from storage.store import Store

log = logging.getLogger(__name__)

Progress = Callable[[float], None]


def play_all(
    mind: Mind, stories: Sequence[Story], methods: Sequence[Method], progress: Progress = lambda share: None
) -> Mapping[str, Sequence[StoryReport]]:
    """Method → every story played so."""
    reports: dict[str, list[StoryReport]] = {method.name: [] for method in methods}
    for n, method in enumerate(methods):
        with passing_bot(method.mind(mind)) as bot:
            for i, story in enumerate(stories, 1):
                reports[method.name].append(play(bot, story, remembers=method.remembers))
                progress((n + i / len(stories)) / len(methods))
    return reports


@contextmanager
def passing_bot(mind: Mind) -> Iterator[Bot]:
    """A bot whose conversations are gone afterwards."""
    with TemporaryDirectory(prefix="zhiyin-stories-") as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'stories.db'}")
        try:
            yield Bot(Store(engine), lambda: mind)
        finally:
            engine.dispose()


@contextmanager
def operators_mind(settings: Settings, *, words: bool) -> Iterator[Mind]:
    """What answers on the operator's own catalogue. `words`: with the language model.

    Raises SettingsError where a running app holds the index.
    """
    settings = settings if words else settings.model_copy(update={"llm": "none"})
    with redirect_stdout(sys.stderr):
        set_up(settings)
    with index_lock(settings) as held:
        if not held:
            raise SettingsError(
                name="ZHIYIN_DATA_DIR", reason="the app is running on it; give --catalog, or another folder"
            )
        store = open_store(settings)
        items = [item_from_json(record.data) for record in store.items()]
        with _mind(items, store.acts(), settings) as mind:
            yield mind


@contextmanager
def mind_of(catalogue: Path, settings: Settings, *, words: bool) -> Iterator[Mind]:
    """What answers on another catalogue, with the operator's encoder; nothing of the operator's data is touched.

    Lines that are wrong are left out, with a warning. Raises SettingsError where there is nothing in it.
    """
    changes = read_changes([catalogue], {}, replace=False)
    for error in changes.errors:
        log.warning("%s", error)
    if not changes.items:
        raise SettingsError(name="--catalog", reason=f"{catalogue} has no items")
    with TemporaryDirectory(prefix="zhiyin-stories-") as folder:
        elsewhere = {"data_dir": Path(folder), "database_url": "", "chroma_url": ""}
        own = settings.model_copy(update=elsewhere if words else elsewhere | {"llm": "none"})
        with redirect_stdout(sys.stderr):
            set_up(own, catalogue=False)
        with _mind(changes.items, (), own) as mind:
            yield mind


@contextmanager
def _mind(items: Sequence[Item], acts: Sequence[Act], settings: Settings) -> Iterator[Mind]:
    from retrieval.importing import catalogue_of  # torch and Chroma take seconds to import
    from retrieval.index import Index

    encoder = load_encoder(settings)
    with closing(Index(settings.chroma, encoder.name)) as index:
        catalogue = catalogue_of(items, encoder, index)
        yield build_mind(catalogue, encoder, index, acts, settings, language_model(settings))
