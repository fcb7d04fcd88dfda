"""Builds what answers (`Mind`) in the background, so that the first page does not wait for models."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, repeat
from threading import Event, Lock, Thread
from time import time
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.learning.approval import approvals, approved
from bot.learning.versions import Versions
from bot.mind import IntentHead, Mind
from bot.phrasing.breaker import Health
from bot.phrasing.language_model import LanguageModel
from bot.phrasing.models import language_model
from bot.phrasing.phraser import Phraser
from bot.phrasing.watched import Watched
from bot.policy.questions import Asker
from bot.precedence import Precedence
from bot.recommending.recommend import FloatArray, Recommender, Shelf
from bot.settings import Settings
from bot.understanding.intent_head import intent_head
from bot.understanding.understand import Understander
from bot.understanding.vocabulary import Vocabulary
from errors import ModelError, NotReady, StorageError, VectorIndexError, ZhiyinError
from retrieval.catalogue import Catalogue
from retrieval.files import item_from_json
from retrieval.items import Item
from retrieval.people import People
from retrieval.score import freshness, popularity
from storage.judging import Act
from storage.store import Store

if TYPE_CHECKING:
    from retrieval.encoder import TextEncoder
    from retrieval.index import Index

log = logging.getLogger(__name__)

RETRY_EVERY = (1.0, 2.0, 5.0, 10.0)
"""Seconds between tries while database or index cannot be reached at the start; the last one for good."""
LOOK_EVERY = 2.0
"""Seconds between looks for a changed catalogue."""
START = "start"
"""What is degraded where it cannot start (yet)."""


@dataclass(frozen=True)
class Status:
    """What is ready. `missing`: what is still being loaded; `degraded`: what will not be had, and why."""

    missing: tuple[str, ...] = ()
    degraded: dict[str, str] = field(default_factory=dict)
    items: int = 0
    loaded_at: float = 0.0
    """When the catalogue was loaded last, in seconds since 1970."""
    language_model: Health = field(default_factory=lambda: Health("none"))

    @property
    def ready(self) -> bool:
        """Whether everything that was asked for is there, or known not to be had."""
        return not self.missing

    def as_json(self) -> dict[str, Any]:
        """For `/readyz`."""
        status = "ready" if self.ready else "loading"
        return {
            "status": status,
            "missing": list(self.missing),
            "degraded": self.degraded,
            "items": self.items,
            "language_model": self.language_model.as_json(),
        }


class Loader:
    """Loads encoder, catalogue and language model in that order; calling it gives the `Mind`, or NotReady.

    Conversations can begin, in plain sentences, while the language model is still loading.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._mind: Mind | None = None
        self._status = Status(missing=("encoder", "catalogue", "language model"))
        self._closing = Event()
        self._lock = Lock()
        self._thread = Thread(target=self._run, name="loader", daemon=True)
        self._encoder: TextEncoder | None = None
        self._index: Index | None = None
        self._stamp = ""
        self._words: Watched | None = None
        self._slates = Precedence()

    def __call__(self) -> Mind:
        """What answers now. Raises NotReady while encoder or catalogue are missing."""
        if self._mind is None:
            raise NotReady(missing=", ".join(self._status.missing) or "catalogue")
        return self._mind

    def start(self) -> None:
        """Begins loading in the background."""
        self._thread.start()

    def close(self) -> None:
        """Ends the background work."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        if self._words is not None:
            self._words.close()

    def status(self) -> Status:
        """What is ready now, and how the language model does."""
        degraded = self._status.degraded
        if self._index is not None and self._index.trouble:
            degraded = {**degraded, "index": self._index.trouble}
        return replace(self._status, degraded=degraded, language_model=self._health())

    def _health(self) -> Health:
        if self._words is not None:
            return self._words.health
        if "language model" in self._status.missing:
            return Health("loading")
        reason = self._status.degraded.get("language model", "")
        return Health("failing", reason) if reason else Health("none")

    def wait(self, timeout: float | None = None) -> Mind:
        """Waits until everything is loaded. Raises NotReady after `timeout` seconds or if loading failed."""
        clock = Event()
        waited = 0.0
        while not self._status.ready:
            if (timeout is not None and waited >= timeout) or not self._thread.is_alive():
                raise NotReady(missing=", ".join([*self._status.missing, *self._status.degraded.values()]))
            clock.wait(0.05)
            waited += 0.05
        return self()

    def _run(self) -> None:
        try:
            self._encoder = load_encoder(self._settings)
            self._done("encoder")
            if not self._first_catalogue():
                return
            self._done("catalogue")
        except ZhiyinError as error:
            self._not_started(error)
            return
        self._load_words()
        while not self._closing.wait(LOOK_EVERY):
            self._look()

    def _first_catalogue(self) -> bool:
        """Loads the catalogue, again and again while database or index are away; False where it is closed meanwhile."""
        from retrieval.index import Index  # torch and Chroma take seconds to import: here, behind the first page

        assert self._encoder is not None
        for pause in chain(RETRY_EVERY, repeat(RETRY_EVERY[-1])):
            try:
                self._index = self._index or Index(self._settings.chroma, self._encoder.name)
                self._load_catalogue()
            except (StorageError, VectorIndexError) as error:
                self._not_started(error)
                if self._closing.wait(pause):
                    return False
            else:
                left = {part: why for part, why in self._status.degraded.items() if part != START}
                self._status = replace(self._status, degraded=left)
                return True
        raise AssertionError("there is no last try")

    def _not_started(self, error: ZhiyinError) -> None:
        log.error("not started: %s", error, exc_info=error)
        self._status = replace(self._status, degraded={**self._status.degraded, START: str(error)})

    def _done(self, part: str) -> None:
        left = tuple(name for name in self._status.missing if name != part)
        self._status = replace(self._status, missing=left)
        log.info("%s loaded", part)

    def _load_words(self) -> None:
        try:
            if model := language_model(self._settings, self._slates.wait):
                self._words = Watched(model, self._settings.words_timeout)
        except (ModelError, MemoryError, OSError, RuntimeError, ImportError) as error:
            log.warning("no language model, plain sentences instead: %s", error)
            self._status = replace(self._status, degraded={"language model": str(error) or type(error).__name__})
        assert self._mind is not None
        self._mind = replace(self._mind, phraser=replace(self._mind.phraser, model=self._words))
        self._done("language model")

    def _look(self) -> None:
        """Loads the catalogue again if it was changed, by this process or another; puts back what the index lost."""
        from retrieval.importing import restore

        assert self._index is not None
        try:
            if self._index.trouble and not self._index.recover() and self._index.lost:
                restore(self().recommender.shelf.catalogue, self._index)
            if self._store.catalogue_stamp() != self._stamp:
                self._load_catalogue()
        except ZhiyinError:
            log.exception("the changed catalogue could not be loaded; the old one serves on")

    def _load_catalogue(self) -> None:
        from retrieval.importing import catalogue_of

        assert self._encoder is not None
        assert self._index is not None
        stamp, known = self._store.catalogue_stamp(), self._index.stored()
        items = [item_from_json(record.data) for record in self._store.items()]
        catalogue = catalogue_of(items, self._encoder, self._index, known=known)
        head = self._mind.intent_head if self._mind else None
        mind = build_mind(catalogue, self._encoder, self._index, self._store.acts(), self._settings, head=head)
        mind = replace(mind, slates=self._slates)
        with self._lock:
            if self._mind is not None:
                mind = replace(mind, phraser=replace(mind.phraser, model=self._mind.phraser.model))
            self._mind = mind
        self._stamp = stamp
        self._status = replace(self._status, items=len(items), loaded_at=time())


def build_mind(
    catalogue: Catalogue,
    encoder: TextEncoder,
    index: Index,
    acts: Sequence[Act],
    settings: Settings,
    model: LanguageModel | None = None,
    head: IntentHead | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Mind:
    """Everything that answers, from one catalogue. `acts`: what visitors did with items or said of them.

    `head`: the intent head if there is one already; it depends on the encoder alone.
    """
    vocabulary = Vocabulary(catalogue)
    approval = approvals(acts, settings.popular_floor)
    counts = np.asarray([approval.get(item.id, 0.0) for item in catalogue.items], dtype=np.float32)
    shelf = Shelf(
        catalogue=catalogue,
        lexical=vocabulary.lexical,
        index=index,
        popular=popularity(counts),
        fresh=freshness(_ages(catalogue.items, now())),
        people=People([catalogue.places(ids) for ids in approved(acts)], len(catalogue.items)) if acts else None,
    )
    return Mind(
        understander=Understander(vocabulary),
        recommender=Recommender(shelf, Versions(settings.data_dir).weights(), similarity=settings.similarity),
        encoder=encoder,
        phraser=Phraser(vocabulary, model, close=settings.llm != "openai"),
        slate_size=settings.slate_size,
        asker=Asker(catalogue.items),
        intent_head=head or intent_head(encoder, embedded=settings.encoder == "embedded"),
    )


def load_encoder(settings: Settings) -> TextEncoder:
    """The encoder that the settings name."""
    from retrieval.encoder import Encoder

    name = str(settings.models_dir / "encoder") if settings.encoder == "embedded" else settings.encoder
    return Encoder(name, threads=settings.threads)


def _ages(items: tuple[Item, ...], now: datetime) -> FloatArray:
    """[n] days since publication; nan where it is not known."""
    out = np.full(len(items), np.nan, dtype=np.float32)
    for i, item in enumerate(items):
        if item.published_at:
            published = datetime.fromisoformat(item.published_at)
            published = published if published.tzinfo else published.replace(tzinfo=UTC)
            out[i] = max((now - published).total_seconds() / 86_400, 0.0)
    return out
