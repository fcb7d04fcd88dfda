"""The whole app over the sample catalogue and a fresh data folder, without the language model: for runs by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI

from bot.bot import Bot
from bot.loading import Loader
from bot.settings import Settings
from bot.setup import set_up
from bot.web.server import create_app
from storage.database import open_database
from storage.store import Store


@contextmanager
def sample_app(**settings: Any) -> Iterator[FastAPI]:
    """The app, loaded. `settings`: besides where the data lies."""
    with TemporaryDirectory() as folder:
        config = Settings(data_dir=Path(folder), llm="none", **settings)
        set_up(config)
        store = Store(open_database(config.database))
        with closing(Loader(config, store)) as loader:
            loader.start()
            loader.wait()

            async def build() -> FastAPI:
                # Outside a running loop Gradio makes one of its own and leaves it open.
                return create_app(Bot(store, loader), loader, config)

            yield asyncio.run(build())
