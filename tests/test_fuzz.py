"""A part of the fuzzing (`tests/fuzzing.py` does the whole): no server error, no answer outside the description."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI

from bot.bot import Bot, Mind
from bot.settings import Settings
from bot.web.server import create_app
from storage.database import open_database
from storage.store import Store

CALLS = 300


@pytest.mark.filterwarnings("ignore")
def test_nothing_that_can_be_sent_breaks_it(mind: Mind, tmp_path: Path) -> None:
    from fuzzing import fuzz
    from test_api import Loading

    store, loading = Store(open_database(Settings(data_dir=tmp_path).database)), Loading(mind)
    free = "1000000/second"
    settings = Settings(data_dir=tmp_path, rate_limit=free, address_rate_limit=free)

    async def build() -> FastAPI:
        return create_app(Bot(store, loading), loading, settings)

    done = fuzz(asyncio.run(build()), CALLS)
    assert done.calls >= CALLS * 0.9
    assert {status // 100 for _, status in done.answers} >= {2, 4}
    assert not done.wrong, "\n\n".join(done.wrong.values())
