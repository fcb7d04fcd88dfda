"""What the running app does once a day: removes what is older than the operator keeps."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Event, Thread

from bot.settings import Settings
from errors import ZhiyinError
from storage.store import Store

log = logging.getLogger(__name__)

DAY = 24 * 3600.0


class Daily:
    """Tidies the store in the background, first at the start and then every `every` seconds."""

    def __init__(self, settings: Settings, store: Store, every: float = DAY) -> None:
        self._days = settings.retention_days
        self._archive = Path(settings.archive_dir) if settings.archive_dir else None
        self._store = store
        self._every = every
        self._closing = Event()
        self._thread = Thread(target=self._run, name="daily", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def close(self) -> None:
        """Ends it; a batch that is being removed is ended first."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            try:
                if gone := self._store.retain(self._days, self._archive):
                    log.info("%d sessions older than %d days removed", gone, self._days)
            except ZhiyinError:
                log.exception("old sessions could not be removed; tried again tomorrow")
            if self._closing.wait(self._every):
                return
