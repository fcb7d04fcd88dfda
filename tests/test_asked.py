"""Whether a message asks for a thing by some words."""

from __future__ import annotations

import pytest

from bot.recommending.asked import asks_for


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("snow boots under 300", "snow boots"),
        ("Is there a concert with folk music?", "folk music"),
        ("Can I take skiing lessons around here?", "skiing lessons"),
        ("books by Stephen King", "Stephen King"),
        ("We'd like a hammock, and it may cost a bit", "hammock"),
        ("no rush, but I need a tuxedo", "tuxedo"),
        ("雪地靴，三百以内的", "雪地靴"),
        ("想学陶艺，不要太贵", "陶艺"),
        ("还是说回吃的，有没有榴莲糖", "榴莲糖"),
        ("西装呢", "西装"),
    ],
)
def test_a_thing_is_asked_for(message: str, words: str) -> None:
    assert asks_for(message, words)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Nothing leafy though, the slugs have the lot", "slugs"),
        ("and no tearjerkers either, I've had a week", "week"),
        ("not strawberries, we've got loads", "loads"),
        ("Nothing taller than 70cm or they'll flop", "flop"),
        ("he doesn't really do the internet, so it can't be online", "internet"),
        ("I want to wake up right by the sea", "wake"),
        ("my desk looks sad too. A plant maybe?", "sad"),
        ("need a housewarming plant for a friend, between fifty and a hundred", "housewarming friend"),
        ("刚在郊区租了块小菜地，六十天之内能收上来的种子有哪些", "郊区小菜收上来"),
        ("算了，花不要香的，我老公鼻炎，闻不得", "老公鼻炎"),
        ("露台上想弄点会开花的，但是带刺的不要啊，孩子刚会走路", "孩子"),
        ("anything", ""),
    ],
)
def test_what_is_said_of_something_else_is_not(message: str, words: str) -> None:
    assert not asks_for(message, words)
