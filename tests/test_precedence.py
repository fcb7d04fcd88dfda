"""Slates in the order in which they were asked for, and words that hold still for them."""

from __future__ import annotations

from threading import Event, Lock, Thread
from time import monotonic

import pytest

from bot.precedence import Precedence


def test_few_slates_are_made_at_a_time_and_in_order() -> None:
    slates = Precedence(at_once=2)
    lock, go = Lock(), [Event() for _ in range(5)]
    begun: list[int] = []

    def make(number: int) -> None:
        with slates.slate():
            with lock:
                begun.append(number)
            assert go[number].wait(10)

    threads = []
    for number in range(5):
        threads.append(Thread(target=make, args=(number,)))
        threads[-1].start()
        while slates._asked <= number:
            Event().wait(0.001)
    for number in range(5):
        while len(begun) < min(number + 2, 5):
            Event().wait(0.001)
        assert sorted(begun) == list(range(min(number + 2, 5)))
        go[number].set()
    for thread in threads:
        thread.join(10)
    assert len(begun) == 5


def test_words_hold_still_while_slates_are_made() -> None:
    slates = Precedence()
    slates.wait(0)
    with slates.slate():
        begin = monotonic()
        slates.wait(0.05)
        assert monotonic() - begin >= 0.05
        waiting = Thread(target=slates.wait, args=(10.0,))
        waiting.start()
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_slate_that_fails_holds_up_nobody() -> None:
    slates = Precedence(at_once=1)
    with pytest.raises(ValueError, match="broken"), slates.slate():
        raise ValueError("broken")
    begin = monotonic()
    with slates.slate():
        pass
    slates.wait(10)
    assert monotonic() - begin < 5
