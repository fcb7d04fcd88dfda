"""Conversations with the real encoder, index and sample catalogue; words are plain sentences here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from threading import Event

import pytest

from bot.bot import Bot, Mind
from bot.phrasing.language_model import Prompt
from bot.reply import Card, Delta, Reply, Slate
from errors import InputError, ModelError, NotFound, TextTooLong
from storage.records import ImpressionRecord, SlateDraft

SEED = "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤"
SEED_EN = "I like browsing fashionable clothes, especially brand-name T-shirts and jeans"


def start(bot: Bot, lang: str = "zh") -> str:
    return bot.open_session("token", "zh" if lang == "zh" else "en")[0].session_id


def ask(bot: Bot, session_id: str, text: str) -> Reply:
    events = list(bot.reply(session_id, text))
    assert isinstance(events[0], Slate)
    assert isinstance(events[-1], Reply)
    return events[-1]


def cards(reply: Reply) -> tuple[Card, ...]:
    return reply.slate.cards


@pytest.mark.parametrize("seed", [SEED, SEED_EN])
def test_the_worked_example_gives_the_shirt_and_the_jeans(bot: Bot, seed: str) -> None:
    reply = ask(bot, start(bot), seed)
    prices = {card.item.id: card.item.price for card in cards(reply)}
    assert prices["123"] == 199
    assert prices["456"] == 299


def test_what_the_opening_happened_to_draw_can_still_be_asked_for_and_then_not_again(bot: Bot) -> None:
    session = bot.store.create_session("token", "zh").session_id
    drawn = tuple(ImpressionRecord(rank, item, 0.1, {"explore": 0.1}) for rank, item in enumerate(("456", "123"), 1))
    bot.store.add_slate(session, SlateDraft(drawn))
    assert {"123", "456"} <= {card.item.id for card in cards(ask(bot, session, SEED))}
    assert not {"123", "456"} & {card.item.id for card in cards(ask(bot, session, SEED))}


def test_what_the_opening_drew_is_not_another_set(bot: Bot) -> None:
    session, opening = bot.open_session("token", "zh")
    drawn = {card.item.id for card in opening.cards}
    for text in ("随便看看", "换一批"):
        assert not drawn & {card.item.id for card in cards(ask(bot, session.session_id, text))}


def test_refused_jeans_stay_away(bot: Bot) -> None:
    session = start(bot)
    ask(bot, session, SEED)
    for text in ("我不要牛仔裤", "换一批", "再来几件衣服"):
        for card in cards(ask(bot, session, text)):
            assert "牛仔裤" not in (card.item.category, *card.item.tags)


def test_a_shift_of_wish_is_followed_at_once_and_so_is_the_return(bot: Bot) -> None:
    session = start(bot)
    for text, domain in ((SEED, "clothing"), ("想看科幻电影", "film"), ("还是看看衣服吧", "clothing")):
        shown = cards(ask(bot, session, text))
        assert shown
        assert {card.item.domain for card in shown} == {domain}


def test_two_wishes_share_the_slate(bot: Bot) -> None:
    shown = cards(ask(bot, start(bot), "喜欢科幻电影和流行音乐"))
    assert {card.item.domain for card in shown} == {"film", "music"}


def test_nothing_is_shown_twice(bot: Bot) -> None:
    session = start(bot)
    seen: list[str] = []
    for text in ("想看电影", "换一批", "换一批", "科幻的", "随便看看"):
        seen += [card.item.id for card in cards(ask(bot, session, text))]
    assert len(seen) == len(set(seen))


def test_limits_hold_until_they_are_lifted(bot: Bot) -> None:
    session = start(bot)
    for text in ("100元以内的T恤", "换一批"):
        shown = cards(ask(bot, session, text))
        assert shown
        assert all(card.item.price is not None and card.item.price <= 100 for card in shown)
    assert any((card.item.price or 0) > 100 for card in cards(ask(bot, session, "贵一点也行")))


def test_where_a_limit_leaves_nothing_it_is_said_with_what_is_nearest(bot: Bot) -> None:
    reply = ask(bot, start(bot), "10元以内的牛仔裤")
    assert cards(reply) == ()
    assert reply.slate.unmet == ("10元以内",)
    assert "10元以内" in reply.text
    assert "89" in reply.text


def test_what_nothing_meets_is_named_and_a_word_beside_the_point_is_not(bot: Bot) -> None:
    assert ask(bot, start(bot), "有没有核潜艇").slate.unmet == ("核潜艇",)
    assert ask(bot, start(bot, "en"), "a quiet film for my flight").slate.unmet == ()


def test_the_score_is_the_sum_of_its_parts_and_reasons_know_their_turn(bot: Bot) -> None:
    session = start(bot)
    reply = ask(bot, session, SEED)
    said = bot.store.messages(session)[0]
    for card in cards(reply):
        assert card.score == pytest.approx(sum(card.parts.values()), abs=2e-3)
        assert card.because
        assert {b.turn_id for b in card.because if b.kind == "words"} <= {said.turn_id}


def test_a_like_is_felt_in_the_next_slate_and_undone_by_undo(bot: Bot) -> None:
    session = start(bot)
    first = cards(ask(bot, session, "想看电影"))
    bot.feedback(session, first[0].item.id, "like")
    liked = cards(ask(bot, session, "换一批"))
    assert any("liked" in card.parts for card in liked)
    assert bot.interest(session).evidence[0].kind == "like"
    bot.feedback(session, first[0].item.id, "undo")
    assert bot.interest(session).evidence == ()
    assert not any("liked" in card.parts for card in cards(ask(bot, session, "换一批")))


def test_a_dislike_pushes_away(bot: Bot) -> None:
    session = start(bot)
    first = cards(ask(bot, session, "想看电影"))
    bot.feedback(session, first[0].item.id, "dislike")
    assert all(card.parts.get("disliked", 0) <= 0 for card in cards(ask(bot, session, "换一批")))


def test_anything_gives_different_directions(bot: Bot) -> None:
    session = start(bot)
    ask(bot, session, SEED)
    assert len({card.item.domain for card in cards(ask(bot, session, "随便看看"))}) == 3


def test_courtesies_get_words_and_no_cards(bot: Bot) -> None:
    session = start(bot)
    for text in ("你好", "谢谢"):
        reply = ask(bot, session, text)
        assert reply.text
        assert cards(reply) == ()


def test_two_sessions_stay_apart(bot: Bot) -> None:
    one, two = start(bot), start(bot)
    ask(bot, one, SEED)
    ask(bot, two, "想看科幻电影")
    assert [t.domain for t in bot.interest(one).threads] == ["clothing"]
    assert [t.domain for t in bot.interest(two).threads] == ["film"]
    assert len(bot.store.messages(one)) == len(bot.store.messages(two)) == 2


def test_the_message_is_stored_before_it_is_answered_and_a_cut_reply_as_incomplete(bot: Bot) -> None:
    session = start(bot)
    events = bot.reply(session, SEED)
    next(events)
    assert [(m.role, m.complete) for m in bot.store.messages(session)] == [("user", True), ("bot", False)]
    assert len(bot.store.slates(session)[-1].impressions) == 3
    events.close()
    assert [m.complete for m in bot.store.messages(session)] == [True, False]


def test_a_newer_message_cuts_the_older_reply_off(bot: Bot) -> None:
    session = start(bot)
    older = bot.reply(session, SEED)
    next(older)
    newer = ask(bot, session, "想看科幻电影")
    rest = list(older)
    assert newer.complete
    assert isinstance(rest[-1], Reply)
    assert not rest[-1].complete


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_message_is_refused_in_words(bot: Bot, text: str) -> None:
    with pytest.raises(InputError) as refused:
        next(bot.reply(start(bot), text))
    assert "空" in refused.value.say("zh")


def test_a_long_message_is_refused_and_nothing_is_stored(bot: Bot) -> None:
    session = start(bot)
    with pytest.raises(TextTooLong) as refused:
        next(bot.reply(session, "长" * 2001))
    assert "2001" in refused.value.say("zh")
    assert bot.store.messages(session) == []


def test_unknown_session_and_item(bot: Bot) -> None:
    with pytest.raises(NotFound):
        next(bot.reply("nobody", "你好"))
    with pytest.raises(NotFound):
        bot.feedback(start(bot), "no-such-item", "like")


@pytest.mark.parametrize(("kind", "value"), [("love", None), ("rating", None), ("rating", 6.0), ("browse", -1.0)])
def test_feedback_that_makes_no_sense_is_refused(bot: Bot, kind: str, value: float | None) -> None:
    with pytest.raises(InputError):
        bot.feedback(start(bot), "123", kind, value)


def test_similar_items(bot: Bot) -> None:
    slate = bot.similar("123", "zh")
    assert {card.item.domain for card in slate.cards} == {"clothing"}
    assert "123" not in {card.item.id for card in slate.cards}
    assert all(b.score <= a.score for a, b in pairwise(slate.cards))


class Writer:
    """A language model that says what it is told, a few characters at a time."""

    name = "writer"

    def __init__(self, line: str) -> None:
        self.line = line

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        for index in range(len(prompts)):
            text = self.line
            yield from ((index, text[i : i + 3]) for i in range(0, len(text), 3))


class Broken(Writer):
    """A language model that fails after its first words."""

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        yield 0, "先看"
        raise ModelError(model="broken", reason="it broke")


def with_model(bot: Bot, mind: Mind, model: Writer) -> Bot:
    speaking = replace(mind, phraser=replace(mind.phraser, model=model))
    return Bot(bot.store, lambda: speaking)


def test_words_come_in_pieces_that_add_up_to_the_lines(bot: Bot, mind: Mind) -> None:
    bot = with_model(bot, mind, Writer("料子透气，平时穿着舒服。"))
    events = list(bot.reply(start(bot), SEED))
    pieces: dict[str, str] = {}
    for event in events:
        if isinstance(event, Delta):
            pieces[event.part] = pieces.get(event.part, "") + event.text
    reply = events[-1]
    assert isinstance(reply, Reply)
    assert pieces.pop("opening") == reply.text
    assert pieces == dict(reply.lines)


def test_an_ungrounded_line_is_replaced_before_anybody_sees_it(bot: Bot, mind: Mind) -> None:
    bot = with_model(bot, mind, Writer("只要88元，就能买到。"))
    session = start(bot)
    reply = ask(bot, session, SEED)
    assert not any("88" in line for line in reply.lines.values())
    outcomes = bot.store.messages(session)[-1].line_outcomes
    for item_id in reply.lines:
        assert outcomes[item_id]["outcome"] == "plain"
        assert all("number: 88" in tried for tried in outcomes[item_id]["violations"])
    assert outcomes["opening"] == {"outcome": "fixed"}
    assert (reply.words, reply.words_reason) == ("plain", "")


def test_a_broken_model_leaves_plain_sentences(bot: Bot, mind: Mind) -> None:
    bot = with_model(bot, mind, Broken(""))
    reply = ask(bot, start(bot), SEED)
    assert reply.complete
    assert reply.text
    assert all(reply.lines[card.item.id] for card in cards(reply))
    assert (reply.words, reply.words_reason) == ("plain", "failed")
