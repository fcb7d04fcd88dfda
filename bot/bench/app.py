"""What the benchmark measures of the app: turns, the wire, words, indexing, memory."""

from __future__ import annotations

import ctypes
import gc
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep

import httpx
import uvicorn
from fastapi import FastAPI

from bot.bench.data import CONVERSATIONS, conversations, enlarged, recalled, sample
from bot.bench.plain import GB, Figures, timed
from bot.bot import Bot, Mind
from bot.database import open_store
from bot.loading import load_encoder
from bot.phrasing.language_model import LanguageModel
from bot.reply import Delta, Reply
from bot.serving import free_port
from bot.settings import Settings
from retrieval.importing import embed_changes
from retrieval.index import Index
from retrieval.items import Item
from storage.records import ItemRecord, new_token
from storage.store import Store

STAGES = ("understand", "encode", "update", "recommend", "store")
WARM_UP = 6
"""Turns before the clock counts; with words one will do."""


def prepare(settings: Settings, items: int) -> Store:
    """A database and an index with so many items, as if they had been imported."""
    originals = sample()[:items]
    catalogue = enlarged(originals, items)
    store = open_store(settings)
    store.save_items(ItemRecord(i.id, i.checksum, i.domain, i.available, i.as_json()) for i in catalogue)
    encoder = load_encoder(settings)
    with closing(Index(settings.chroma, encoder.name)) as index:
        embed_changes(catalogue, recalled(encoder, catalogue, len(originals)), index)
    return store


def with_words(mind: Mind, model: LanguageModel | None) -> Mind:
    """The same mind with another language model, or none."""
    return replace(mind, phraser=replace(mind.phraser, model=model))


@dataclass(frozen=True)
class Turn:
    """Seconds from the message to the slate, to the first words and to the end; and the reply."""

    slate: float
    first: float
    whole: float
    reply: Reply


def turns(bot: Bot, count: int, warm_up: int = WARM_UP) -> Iterator[Turn]:
    """So many turns, after some for warming up."""
    for number, (session_id, text) in enumerate(_said(bot, warm_up + count, new_token())):
        turn = _turn(bot, session_id, text)
        if number >= warm_up:
            yield turn


def _said(bot: Bot, count: int, token: str) -> Iterator[tuple[str, str]]:
    """(session id, text): a session for each conversation."""
    session_id = ""
    for is_first, lang, text in conversations(count):
        if is_first:
            session_id = bot.open_session(token, lang)[0].session_id
        yield session_id, text


def _turn(bot: Bot, session_id: str, text: str) -> Turn:
    start = perf_counter()
    events = bot.reply(session_id, text)
    next(events)
    slate = perf_counter() - start
    first = 0.0
    for event in events:
        if isinstance(event, Delta) and not first:
            first = perf_counter() - start
        if isinstance(event, Reply):
            return Turn(slate, first, perf_counter() - start, event)
    raise AssertionError("a reply always ends with its Reply")


def measure_turns(bot: Bot, count: int) -> Figures:
    """Milliseconds to the slate, and stage by stage, for a bot that uses plain sentences."""
    figures: Figures = defaultdict(list)
    for turn in turns(bot, count):
        figures["turn"].append(turn.slate * 1000)
        for stage in STAGES:
            figures[stage].append(turn.reply.timings_ms[stage])
    return figures


def measure_words(bot: Bot, count: int) -> Figures:
    """Seconds to the first words and to the end of the reply."""
    measured = list(turns(bot, count, warm_up=1))
    return {"first": [turn.first for turn in measured], "whole": [turn.whole for turn in measured]}


def measure_crowd(bot: Bot, visitors: int, rounds: int) -> Figures:
    """Turns of so many visitors at once, each in a conversation of their own.

    Milliseconds to the slate, seconds to the first words and to the end; how many replies lacked the model's words.
    """
    token = new_token()
    conversations = islice(cycle(CONVERSATIONS), visitors)
    sessions = [(bot.open_session(token, lang)[0].session_id, texts) for lang, texts in conversations]
    figures: Figures = {"crowd slate": [], "crowd first": [], "crowd whole": [], "crowd failed": []}
    with ThreadPoolExecutor(visitors) as pool:
        for number in range(rounds):
            said = [(session_id, texts[number % len(texts)]) for session_id, texts in sessions]
            for turn in pool.map(lambda one: _turn(bot, *one), said):
                figures["crowd slate"].append(turn.slate * 1000)
                figures["crowd first"].append(turn.first)
                figures["crowd whole"].append(turn.whole)
                figures["crowd failed"].append(float(bool(turn.reply.words_reason)))
    return figures


def measure_wire(app: FastAPI, bot: Bot, count: int) -> Figures:
    """Milliseconds from sending a message to having read the event with the slate, over HTTP on this machine."""
    figures: Figures = {"wire": []}
    token = new_token()
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    with _listening(app) as address, httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        for number, (session_id, text) in enumerate(_said(bot, WARM_UP + count, token)):
            start = perf_counter()
            with client.stream("POST", f"/api/v1/sessions/{session_id}/messages", json={"text": text}) as answer:
                answer.raise_for_status()
                for line in answer.iter_lines():
                    if not line and start:
                        taken, start = perf_counter() - start, 0.0
            if number >= WARM_UP:
                figures["wire"].append(taken * 1000)
    return figures


@contextmanager
def _listening(app: FastAPI) -> Iterator[str]:
    with free_port("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def measure_indexing(mind: Mind, new: Sequence[Item], folder: Path) -> Figures:
    """Items a second: new ones into an empty index in the folder, and the mind's own, which are all unchanged."""
    shelf = mind.recommender.shelf
    with closing(Index(folder, mind.encoder.name)) as index:
        fresh = len(new) / timed(lambda: embed_changes(new, mind.encoder, index))
    items = shelf.catalogue.items
    return {"new": [fresh], "unchanged": [len(items) / timed(lambda: embed_changes(items, mind.encoder, shelf.index))]}


def in_one_language(items: Sequence[Item]) -> list[Item]:
    """Each item as catalogues in Chinese and in English alone would have it."""
    return [replace(item.localized(lang), id=f"{item.id}-{lang}", i18n={}) for item in items for lang in ("zh", "en")]


def resident() -> list[float]:
    """Gigabytes of memory that this process holds; none where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return [int(line.split()[1]) * 1024 / GB for line in lines if line.startswith("VmRSS:")]


def release_memory() -> None:
    """Give what was freed back to the system, so that it is not taken for the app's; glibc would keep it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
