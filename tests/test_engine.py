"""Continuous batching, over small models: what a caller gets must not depend on who else is served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest
import torch
from small_models import GEMMA3, LLAMA, QWEN2, QWEN3, continued, model_of, weights_of
from torch import Tensor

from bot.phrasing import batch as batching
from bot.phrasing.batch import Batch
from bot.phrasing.engine import Engine
from bot.phrasing.lean import LeanNetwork
from bot.phrasing.line import HEAD_START, Line, Text
from bot.phrasing.memory import Memory, PrefixCache
from bot.phrasing.network import Network, Piece
from bot.phrasing.sampling import Sampler, Sampling
from bot.phrasing.transformers_network import TransformersNetwork

HEAD = tuple(range(97, 107))
PROMPTS = [
    (HEAD, (), (65, 66, 67)),
    (HEAD, tuple(range(120, 150)), tuple(range(70, 90))),
    (HEAD, (7, 8, 9, 7), (33,)),
    (HEAD, (7, 8, 9, 7), (50, 51, 52, 53, 54, 55)),
]
GREEDY = Sampling(repetition_penalty=1.0)


class Numbers:
    """A tokenizer whose text shows each token's number, so that lines can be compared token by token."""

    all_special_ids = (-1,)

    def decode(self, token_ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        return "".join(f"[{number}]" for number in token_ids)


def line(parts: Sequence[tuple[int, ...]], limit: int = 12, sampling: Sampling = GREEDY) -> Line:
    return Line(parts, Text(Numbers(), limit), Sampler(sampling))


def text(tokens: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in tokens)


def written(pieces: Iterator[tuple[int, str]], count: int) -> list[str]:
    lines = [""] * count
    for number, said in pieces:
        lines[number] += said
    return lines


class Watched:
    """A network whose passes are noted, and which raises or waits where a test wants it to."""

    def __init__(self, network: Network) -> None:
        self.passes: list[list[Piece]] = []
        self.words = network.words
        self.shapes = network.shapes
        self.fails = lambda pieces: False
        self.gate = Event()
        self.gate.set()
        self._network = network

    def __call__(self, pieces: Sequence[Piece], memory: Memory) -> Tensor:
        self.gate.wait()
        self.passes.append(list(pieces))
        if self.fails(pieces):
            raise RuntimeError("not enough memory")
        return self._network(pieces, memory)


@pytest.fixture(scope="module")
def model() -> Any:
    return model_of(QWEN2)


@pytest.fixture
def network(model: Any) -> Watched:
    return Watched(LeanNetwork(QWEN2, weights_of(model), torch.arange(300)))


@pytest.fixture
def engine(network: Watched) -> Iterator[Engine]:
    with closing(Engine(Batch(network, PrefixCache(1 << 20)), rows=6, read=16, read_ahead=4)) as made:
        yield made


def expected(model: Any, count: int = 12) -> list[str]:
    return [text(continued(model, [token for part in parts for token in part], count)) for parts in PROMPTS]


@pytest.mark.parametrize("config", [QWEN2, GEMMA3, QWEN3, LLAMA])
def test_lines_side_by_side_are_those_of_plain_forward_passes(config: Any) -> None:
    model = model_of(config)
    lean = config in (QWEN2, GEMMA3)
    network = LeanNetwork(config, weights_of(model), torch.arange(300)) if lean else TransformersNetwork(model)
    with closing(Engine(Batch(network, PrefixCache(1 << 20)), read=16)) as engine:
        assert written(engine.write([line(parts) for parts in PROMPTS]), 4) == expected(model)
        # once more, with heads and facts that are known now
        assert written(engine.write([line(parts) for parts in PROMPTS]), 4) == expected(model)


def test_guesses_change_nothing_but_the_number_of_passes(
    model: Any, network: Watched, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a prompt that has what the model is going to say
    parts = (HEAD, (), tuple(continued(model, HEAD, 20)) + HEAD)
    alone = written(engine.write([line(parts, 20)]), 1)
    guessed = len(network.passes)
    monkeypatch.setattr(batching, "GUESSES", 0)
    network.passes.clear()
    assert written(engine.write([line(parts, 20)]), 1) == alone
    assert len(network.passes) >= guessed


def test_the_first_line_is_begun_before_the_others(engine: Engine) -> None:
    order = [number for number, _ in engine.write([line(parts, 20) for parts in PROMPTS])]
    first = order.index(1)
    assert set(order[:first]) == {0}
    assert order.index(1) < order.index(2)
    assert set(order) == {0, 1, 2, 3}


def test_a_head_start_is_alone_in_the_model(network: Watched, engine: Engine) -> None:
    list(engine.write([line(parts, 20) for parts in PROMPTS]))
    alone = [pieces for pieces in network.passes if len(pieces) == 1 and pieces[0].row == 0]
    assert len(alone) <= HEAD_START + 1
    assert all(len(piece.ids) <= 16 for pieces in network.passes[1:] for piece in pieces)


def test_what_was_read_is_not_read_again(network: Watched, engine: Engine) -> None:
    list(engine.write([line(PROMPTS[1])]))
    before = sum(len(piece.ids) for piece in network.passes[0])
    network.passes.clear()
    list(engine.write([line(PROMPTS[1])]))
    assert before == 60
    assert [(piece.start, len(piece.ids)) for piece in network.passes[0]] == [(40, 20)]


def test_many_callers_get_their_own_lines(model: Any, engine: Engine) -> None:
    wanted = expected(model)
    got: dict[int, list[str]] = {}

    def ask(number: int) -> None:
        parts = PROMPTS[number % 4 :] + PROMPTS[: number % 4]
        lines = written(engine.write([line(those) for those in parts]), 4)
        got[number] = lines[4 - number % 4 :] + lines[: 4 - number % 4]

    threads = [Thread(target=ask, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(map(got.get, range(9))) == [wanted] * 9


def test_no_more_rows_than_allowed(network: Watched, engine: Engine) -> None:
    calls = [engine.write([line(parts) for parts in PROMPTS]) for _ in range(4)]
    network.gate.clear()
    threads = [Thread(target=list, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    network.gate.set()
    for thread in threads:
        thread.join()
    assert max(len(pieces) for pieces in network.passes) == 6


def test_a_caller_that_stops_leaves_within_a_step(network: Watched, engine: Engine) -> None:
    stop = Event()
    passes = 0
    for piece, _ in enumerate(engine.write([line(PROMPTS[0], 60)], stop)):
        if piece == 2:
            stop.set()
            passes = len(network.passes)
    assert len(network.passes) <= passes + 2
    assert list(engine.write([line(PROMPTS[0])], stop)) == []
    network.passes.clear()
    assert written(engine.write([line(PROMPTS[3], 5)]), 1)[0].count("[") == 5
    assert all(len(passed) == 1 for passed in network.passes)


def test_a_caller_that_goes_away_loses_its_rows(network: Watched, engine: Engine) -> None:
    left = engine.write([line(PROMPTS[0], 60)])
    next(left)
    left.close()  # type: ignore[attr-defined]
    list(engine.write([line(PROMPTS[1], 3)]))
    network.passes.clear()
    list(engine.write([line(PROMPTS[2], 3)]))
    assert all(len(passed) == 1 for passed in network.passes)


def test_what_fails_at_a_prompt_reaches_only_who_asked_it(model: Any, network: Watched, engine: Engine) -> None:
    network.fails = lambda pieces: any(len(piece.ids) > 40 for piece in pieces)
    others: SimpleQueue[list[str]] = SimpleQueue()
    network.gate.clear()
    thread = Thread(target=lambda: others.put(written(engine.write([line(PROMPTS[0], 30)]), 1)))
    thread.start()
    huge = engine.write([line((HEAD, (), tuple(range(60))))])
    network.gate.set()
    with pytest.raises(RuntimeError, match="not enough memory"):
        next(huge)
    thread.join()
    assert others.get() == [text(continued(model, [*HEAD, 65, 66, 67], 30))]


def test_a_prompt_for_which_there_is_no_room_hurts_nobody_else(
    model: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = Memory.reserve

    def scarce(memory: Memory, rows: int, slots: int) -> None:
        if slots > 200:
            raise MemoryError
        reserve(memory, rows, slots)

    monkeypatch.setattr(Memory, "reserve", scarce)
    other = engine.write([line(PROMPTS[0], 30)])
    said = dict([next(other)])
    with pytest.raises(MemoryError):
        list(engine.write([line((HEAD, (), tuple(range(200))))]))
    assert said[0] + written(other, 1)[0] == text(continued(model, [*HEAD, 65, 66, 67], 30))


def test_what_fails_while_writing_reaches_all_and_the_next_is_served(
    model: Any, network: Watched, engine: Engine
) -> None:
    network.fails = lambda pieces: len(network.passes) == 4
    with pytest.raises(RuntimeError, match="not enough memory"):
        list(engine.write([line(PROMPTS[0], 30)]))
    assert written(engine.write([line(parts) for parts in PROMPTS]), 4) == expected(model)


def test_closing_ends_what_is_under_way(network: Watched) -> None:
    engine = Engine(Batch(network, PrefixCache(0)))
    call = engine.write([line(PROMPTS[0], 200)])
    next(call)
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        list(call)
    with pytest.raises(RuntimeError, match="closed"):
        list(engine.write([line(PROMPTS[0])]))


def test_reading_ahead_saves_reading_later(network: Watched, engine: Engine) -> None:
    head, facts, rest = PROMPTS[1]
    engine.read([line((head, facts, ()), 0)])
    assert max(len(piece.ids) for pieces in network.passes for piece in pieces) == 4
    network.passes.clear()
    list(engine.write([line(PROMPTS[1])]))
    assert [(piece.start, piece.ids) for piece in network.passes[0]] == [(40, rest)]
    engine.read([line((head, facts, ()), 0)])


def test_reading_ahead_makes_way(model: Any, network: Watched, engine: Engine) -> None:
    network.gate.clear()
    ahead = Thread(target=engine.read, args=([line((HEAD, tuple(range(200, 290)), ()), 0)],))
    ahead.start()
    while not engine.asked:
        ahead.join(0.01)
    asked: SimpleQueue[list[str]] = SimpleQueue()
    served = Thread(target=lambda: asked.put(written(engine.write([line(parts) for parts in PROMPTS]), 4)))
    served.start()
    while engine.asked < 2:
        served.join(0.01)
    network.gate.set()
    served.join()
    assert asked.get() == expected(model)
    ahead.join()
    reading = [number for number, pieces in enumerate(network.passes) if any(piece.asks == 0 for piece in pieces)]
    # one piece was being read when the caller came, and the rest only after it had been served
    assert sum(len(pieces) > 1 and any(len(piece.ids) == 4 for piece in pieces) for pieces in network.passes[1:]) == 0
    assert reading[-1] == len(network.passes) - 1


def test_a_sample_depends_on_its_seed_and_line_only(engine: Engine) -> None:
    drawn = Sampling(temperature=1.0, seed=1)
    alone = written(engine.write([line(PROMPTS[1], sampling=drawn)]), 1)[0]
    beside = written(engine.write([line(parts, sampling=drawn) for parts in PROMPTS]), 4)[1]
    other = written(engine.write([line(PROMPTS[1], sampling=Sampling(temperature=1.0, seed=2))]), 1)[0]
    assert alone == beside
    assert other != alone


def test_the_memory_grows_and_keeps_what_it_holds() -> None:
    memory = Memory([((2, 4), (2, 3))])
    memory.reserve(1, 8)
    memory.keys[0][0] = 1.5
    kept = memory.take(0, 2, 5)
    memory.reserve(3, 4)
    assert (memory.rows, memory.slots) == (3, 8)
    assert memory.keys[0].shape == (3, 2, 8, 4)
    assert memory.values[0].shape == (3, 2, 8, 3)
    assert memory.keys[0][0].eq(1.5).all()
    memory.put(2, 1, kept)
    assert memory.keys[0][2, :, 1:4].eq(1.5).all()
    memory.move(2, 1, 4)
    assert torch.equal(memory.keys[0][1, :, :4], memory.keys[0][2, :, :4])


def test_what_was_not_used_for_long_is_forgotten_first() -> None:
    memory = Memory([((1, 4), (1, 4))])
    memory.reserve(1, 8)
    one = memory.take(0, 0, 4)
    cache = PrefixCache(3 * one.nbytes)
    for number in range(3):
        cache.keep((number,), one)
    assert cache.get((0,)) is one
    cache.keep((3,), one)
    assert cache.get((1,)) is None
    assert [cache.get((number,)) for number in (0, 2, 3)] == [one] * 3
    assert cache.nbytes == 3 * one.nbytes
    cache.keep((4,), memory.take(0, 0, 8))
    assert cache.nbytes == 3 * one.nbytes
    small = PrefixCache(one.nbytes - 1)
    small.keep((0,), one)
    assert (small.get((0,)), small.nbytes) == (None, 0)
