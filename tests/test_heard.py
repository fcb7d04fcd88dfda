"""What the interest panel draws: where each part came from, what hangs on what, and how it drifted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from bot.interest.state import Evidence, Interest, Limit, Moment, Refusal, Thread, Word
from bot.understanding.turn import Constraint
from bot.web.heard import QUOTE_LENGTH, heard_json, strands
from errors import NotFound
from retrieval.items import Item
from storage.records import MessageRecord

VECTOR = np.ones(2, np.float32)
JEANS = Item("456", "时尚牛仔裤", "clothing", i18n={"en": {"title": "Fashion Jeans"}})


def message(turn_id: str, text: str, role: Any = "user") -> MessageRecord:
    return MessageRecord(turn_id, "s", role, text, "zh", None, {}, {}, {}, {}, True, datetime.now(UTC))


def thread(weight: float, domain: str, *words: tuple[str, str], pinned: bool = False) -> Thread:
    said = tuple(Word(text, text, 1.0 - 0.1 * rank, turn) for rank, (text, turn) in enumerate(words))
    return Thread(VECTOR, weight, said, domain, pinned)


def item_of(item_id: str) -> Item:
    if item_id != JEANS.id:
        raise NotFound(what="item", id=item_id)
    return JEANS


MESSAGES = [message("a", "想要牛仔裤，不要红色，300元以内"), message("b", "好的", "bot"), message("c", "看科幻电影")]
INTEREST = Interest(
    threads=(thread(0.2, "clothing", ("牛仔裤", "a")), thread(1.0, "film", ("科幻", "c"), ("慢", "a"), pinned=True)),
    refusals=(Refusal("红色", "红色", "a"), Refusal("红色", "红色", "c")),
    limits=(Limit(Constraint("price", "<=", 300, "300元以内"), "clothing", "a"),),
    evidence=(
        Evidence("456", "click", 0.2, ""),
        Evidence("456", "like", 0.7, "b"),
        Evidence("gone", "like", 0.7, "b"),
    ),
    sentiment=0.5,
    history=(Moment("a", (("牛仔裤", 1.0),)), Moment("c", (("牛仔裤", 0.2), ("科幻、慢", 1.0)))),
)


def test_every_part_knows_its_sentence() -> None:
    heard = heard_json(INTEREST, MESSAGES, item_of, "zh")
    film, clothes = heard["threads"]
    assert (film["label"], film["weight"], film["pinned"], film["turn_id"]) == ("科幻、慢", 1.0, True, "c")
    assert [word["text"] for word in film["words"]] == ["科幻", "慢"]
    assert heard["said"] == {"a": [1, MESSAGES[0].text], "c": [2, MESSAGES[2].text]}
    assert clothes["turn_id"] == "a"
    assert heard["sentiment"] == 0.5


def test_refusals_limits_and_items_hang_on_their_threads() -> None:
    heard = heard_json(INTEREST, MESSAGES, item_of, "en")
    film, clothes = (thread["strand"] for thread in heard["threads"])
    assert (clothes, film) == (0, 1)
    assert heard["limits"] == [{"text": "300元以内", "turn_id": "a", "pinned": False, "strand": clothes}]
    assert [refusal["text"] for refusal in heard["refusals"]] == ["红色"]
    assert heard["refusals"][0]["strand"] == film
    [liked] = heard["items"]
    assert (liked["text"], liked["liked"], liked["strand"]) == ("Fashion Jeans", True, clothes)


def test_nothing_heard_is_drawn_as_nothing() -> None:
    heard = heard_json(Interest(refusals=(Refusal("红色", "红色", "a"),)), MESSAGES, item_of, "zh")
    assert heard["threads"] == heard["limits"] == heard["items"] == heard["drift"] == []
    assert heard["refusals"][0]["strand"] is None


def test_a_long_message_is_quoted_in_part() -> None:
    heard = heard_json(INTEREST, [message("a", "长" * 2000)], item_of, "zh")
    assert len(heard["said"]["a"][1]) == QUOTE_LENGTH + 1


def test_a_thread_is_followed_while_its_words_change() -> None:
    moments = [
        [("T恤、牛仔裤", 1.0)],
        [("外套、牛仔裤、T恤", 1.0)],
        [("科幻", 1.0), ("外套、牛仔裤、T恤", 0.24)],
        [("衬衫、长裤、皮带", 1.0), ("科幻", 0.24)],
    ]
    followed, place = strands(moments)
    assert [strand.weights for strand in followed] == [[1.0, 1.0, 0.24, 0.0], [0.0, 0.0, 1.0, 0.24], [0, 0, 0, 1.0]]
    assert place == {"科幻": 1, "衬衫、长裤、皮带": 2}


def test_a_thread_too_heavy_to_have_gone_has_another_name() -> None:
    followed, place = strands([[("T恤", 1.0)], [("外套、大衣、围巾", 1.0)]])
    assert [strand.weights for strand in followed] == [[1.0, 1.0]]
    assert place == {"外套、大衣、围巾": 0}


def test_an_edited_interest_is_the_last_moment() -> None:
    edited = Interest((thread(1.0, "film", ("慢", "a")),), history=INTEREST.history)
    assert heard_json(edited, MESSAGES, item_of, "zh")["drift"] == [[1.0, 0.2, 0.0], [0.0, 1.0, 1.0]]
