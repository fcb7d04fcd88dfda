"""A model under watch: its time, its failures, its rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event, Thread

import pytest

from bot.phrasing.breaker import Breaker
from bot.phrasing.language_model import Prompt
from bot.phrasing.watched import Watched
from errors import ModelError, ModelSlow

ONE = [Prompt("", "", "one")]


class Clock:
    """Stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Moody:
    """Does what it is told to: write, break or hang."""

    name = "moody"

    def __init__(self) -> None:
        self.mood = "well"
        self.asked = 0
        self.rows = 0
        self.hangs_until = Event()
        self.obeys = True

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        assert stop is not None
        self.asked += 1
        self.rows += len(prompts)
        try:
            yield 0, "a"
            if self.mood == "broken":
                raise RuntimeError("no memory\nat all")
            while self.mood == "stuck" and not self.hangs_until.is_set() and not (self.obeys and stop.is_set()):
                self.hangs_until.wait(0.01)
            yield 0, "b"
        finally:
            self.rows -= len(prompts)


@pytest.fixture
def moody() -> Iterator[Moody]:
    model = Moody()
    yield model
    model.hangs_until.set()


def ask(watched: Watched) -> str:
    return "".join(text for _, text in watched.generate(ONE))


def fail(watched: Watched, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ModelError):
            ask(watched)


def waited_for(model: Moody) -> bool:
    """Whether the model's rows become free."""
    for _ in range(500):
        if not model.rows:
            return True
        Event().wait(0.01)
    return False


def test_a_model_that_is_well_writes_as_ever(moody: Moody) -> None:
    watched = Watched(moody)
    assert ask(watched) == "ab"
    assert (watched.name, watched.health.as_json()) == ("moody", {"state": "ok"})
    assert (watched.health.asked, watched.health.pieces) == (1, 2)


def test_after_three_failures_in_a_row_it_rests_and_then_one_may_try(moody: Moody) -> None:
    clock = Clock()
    watched = Watched(moody, breaker=Breaker(clock=clock))
    moody.mood = "broken"
    fail(watched, 2)
    moody.mood = "well"
    ask(watched)
    moody.mood = "broken"
    fail(watched, 3)
    assert moody.asked == 6
    clock.now = 29.9
    fail(watched, 4)
    assert moody.asked == 6
    clock.now = 30.1
    fail(watched, 3)
    assert moody.asked == 7
    clock.now, moody.mood = 60.3, "well"
    assert ask(watched) == ask(watched) == "ab"
    assert watched.health.state == "ok"


def test_while_one_tries_the_others_do_not(moody: Moody) -> None:
    clock = Clock()
    watched = Watched(moody, breaker=Breaker(clock=clock))
    moody.mood = "broken"
    fail(watched, 3)
    clock.now, moody.mood = 31, "well"
    trying = watched.generate(ONE)
    next(trying)
    fail(watched, 1)
    assert list(trying) == [(0, "b")]
    assert ask(watched) == "ab"


def test_who_leaves_while_trying_lets_the_next_one_try(moody: Moody) -> None:
    clock = Clock()
    watched = Watched(moody, breaker=Breaker(clock=clock))
    moody.mood = "broken"
    fail(watched, 3)
    clock.now, moody.mood = 31, "well"
    trying = watched.generate(ONE)
    next(trying)
    trying.close()  # type: ignore[attr-defined]
    assert watched.health.failures == 3
    assert ask(watched) == "ab"


def test_health_tells_since_when_and_why(moody: Moody) -> None:
    watched = Watched(moody)
    moody.mood = "broken"
    fail(watched, 1)
    first = watched.health
    fail(watched, 1)
    told = watched.health.as_json()
    assert first.since is not None
    assert told == {
        "state": "failing",
        "reason": "RuntimeError: no memory",
        "since": first.since.isoformat(),
        "failures": 2,
    }
    assert (watched.health.failed, watched.health.slow) == (2, 0)


def test_a_model_that_hangs_is_slow_and_loses_its_rows(moody: Moody) -> None:
    moody.mood = "stuck"
    watched = Watched(moody, seconds=0.1)
    with pytest.raises(ModelSlow):
        ask(watched)
    assert watched.health.slow == 1
    assert waited_for(moody)


def test_a_model_that_no_longer_listens_is_not_asked_until_it_is_free(moody: Moody) -> None:
    clock = Clock()
    moody.mood, moody.obeys = "stuck", False
    watched = Watched(moody, seconds=0.05, breaker=Breaker(clock=clock))
    fail(watched, 3)
    clock.now = 31
    fail(watched, 1)
    assert moody.asked == 3
    moody.mood = "well"
    moody.hangs_until.set()
    assert waited_for(moody)
    for _ in range(500):
        try:
            assert ask(watched) == "ab"
            return
        except ModelError:
            Event().wait(0.01)
    raise AssertionError("it was never asked again")


@pytest.mark.parametrize("how", ["stop", "close"])
def test_who_leaves_frees_the_rows_and_says_nothing_of_the_model(moody: Moody, how: str) -> None:
    moody.mood = "stuck"
    watched = Watched(moody)
    stop = Event()
    words = watched.generate(ONE * 3, stop=stop)
    assert next(words) == (0, "a")
    assert moody.rows == 3
    if how == "stop":
        stop.set()
        assert list(words) == []
    else:
        words.close()  # type: ignore[attr-defined]
    assert waited_for(moody)
    assert watched.health.state == "ok"
    assert (watched.health.failed, watched.health.slow) == (0, 0)


def test_many_at_once_are_counted_right(moody: Moody) -> None:
    watched = Watched(moody)
    visitors = [Thread(target=lambda: [ask(watched) for _ in range(20)]) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert (watched.health.asked, watched.health.pieces) == (160, 320)
