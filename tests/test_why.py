"""Why this: the parts of a score, and what would be without each thing that was heard."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import chromium, opened, running_app, say
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from bot.between import interest_of
from bot.bot import Bot, Mind
from bot.interest.state import FloatArray, Interest, Thread, Word
from bot.loading import Loader, Status
from bot.policy.shown import request_shown
from bot.recommending.choosing import queries
from bot.recommending.explain import told_apart
from bot.recommending.why import Change, Inquiry, Why, left_out, parts_of
from bot.reply import Because, Card, Slate
from bot.settings import Settings
from bot.understanding.turn import Facet
from bot.web.reasons import told, why_json
from bot.web.server import create_app
from errors import Lang, NotFound
from retrieval.items import Item

ROUNDING = 0.02
"""The encoder rounds by what else is in a batch, so that a wish encoded alone scores a little otherwise."""
TALK: dict[Lang, tuple[str, ...]] = {
    "zh": ("我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤", "300元以内，纯棉的，不要红色"),
    "en": ("a slow-paced science fiction film, nothing scary", "made before 2000"),
}


def talked(bot: Bot, lang: Lang, *texts: str) -> tuple[str, Slate]:
    """A session after some messages, and its last slate."""
    session, slate = bot.open_session("token", lang)
    for text in texts:
        slate = next(event for event in list(bot.reply(session.session_id, text)) if isinstance(event, Slate))
    return session.session_id, slate


def without(why: Why, label: str) -> Change:
    """What would be without what is called so."""
    return next(change for change in why.without if change.label == label)


# -- what it says is so


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_card_of_the_last_slate_stands_where_it_was_shown(bot: Bot, lang: Lang) -> None:
    session_id, slate = talked(bot, lang, *TALK[lang])
    for card in slate.cards:
        why = bot.why(session_id, card.item.id)
        assert not why.moved
        assert why.score == pytest.approx(card.score, abs=1e-5)
        assert {part.name: part.value for part in why.parts} == pytest.approx(dict(card.parts), abs=1e-5)
        assert set(card.because) <= set(why.because)
        assert sum(part.share for part in why.parts if part.value > 0) == pytest.approx(1)
        assert why.score == pytest.approx(sum(part.value for part in why.parts), abs=1e-3)
    assert bot.why(session_id, slate.cards[0].item.id).rank == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_foretold_comes_true_when_the_visitor_removes_it(bot: Bot, lang: Lang) -> None:
    session_id, slate = talked(bot, lang, *TALK[lang])
    item_id = slate.cards[-1].item.id
    foretold = [change for change in bot.why(session_id, item_id).without if change.kind != "liked"]
    assert {change.kind for change in foretold} == {"word", "thread", "limit", "refusal"}
    for change in (*[c for c in foretold if c.kind == "word"][:2], *[c for c in foretold if c.kind == "limit"][:1]):
        other, again = talked(bot, lang, *TALK[lang])
        assert [card.item.id for card in again.cards] == [card.item.id for card in slate.cards]
        bot.edit_interest(other, remove=(change.label,))
        then = bot.why(other, item_id)
        assert then.score == pytest.approx(change.score, abs=ROUNDING)
        assert (then.rank is None) == (change.rank is None)
        assert then.rank is None or change.rank is None or abs(then.rank - change.rank) <= 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_score_less_the_score_without_a_word_is_what_the_word_brings(bot: Bot, mind: Mind, lang: Lang) -> None:
    """The wish's meaning held still, a word is worth its share of the words met, and nothing else."""
    session_id, slate = talked(bot, lang, TALK[lang][0])
    item_id, state = slate.cards[0].item.id, bot.store.load_turn(session_id)
    interest = interest_of(mind, state)
    (thread,) = interest.threads
    recommender, lexical = mind.recommender, mind.recommender.shelf.lexical
    position = recommender.shelf.catalogue.position[item_id]
    inquiry = Inquiry(recommender, lambda texts: [thread.vector] * len(texts))
    request = request_shown(
        mind, state, interest, item_id, bot.store.slates(session_id), bot.store.messages(session_id)
    )
    why = inquiry.why(item_id, request)
    words = [word for word in thread.words if not word.is_domain]
    assert len(words) >= 2
    for word in words:
        change = without(why, word.text)
        assert why.score - change.score == pytest.approx(sum(value for _, value in change.parts), abs=1e-5)
        assert {name for name, value in change.parts if abs(value) > 1e-6} <= {"words"}
        rest = replace(thread, words=tuple(other for other in thread.words if other is not word))
        asked = [replace(request, interest=replace(interest, threads=(t,))) for t in (thread, rest)]
        choices = [recommender._choice(one.interest.threads[0], one) for one in asked]
        shares = [
            lexical.match(*queries(t))[position] + (c.met[position] / c.demanded if c.demanded else 0)
            for t, c in zip((thread, rest), choices, strict=True)
        ]
        brings = recommender.weights.words * thread.weight * (shares[0] - shares[1])
        assert why.score - change.score == pytest.approx(brings, abs=1e-5)


def test_who_stands_in_its_place_is_who_would(bot: Bot, mind: Mind) -> None:
    session_id, slate = talked(bot, "zh", TALK["zh"][0])
    shown = [card.item.id for card in slate.cards]
    replaced = [
        (item_id, change)
        for item_id in shown
        for change in bot.why(session_id, item_id).without
        if change.instead is not None and change.kind == "word"
    ]
    assert replaced
    item_id, change = replaced[0]
    assert change.instead is not None
    assert change.instead.id not in shown
    state = bot.store.load_turn(session_id)
    bot.edit_interest(session_id, remove=(change.label,))
    edited = interest_of(mind, bot.store.load_turn(session_id))
    request = request_shown(mind, state, edited, item_id, bot.store.slates(session_id), bot.store.messages(session_id))
    then = [card.item.id for card in mind.recommender.slate(request, "then").cards]
    assert item_id not in then
    assert change.instead.id in then


def test_a_limit_and_a_refusal_cost_nothing_and_let_others_in(bot: Bot) -> None:
    session_id, slate = talked(bot, "zh", *TALK["zh"])
    why = bot.why(session_id, slate.cards[-1].item.id)
    for label in ("300元以内", "红色"):
        change = without(why, label)
        assert change.score == pytest.approx(why.score, abs=1e-5)
        assert change.rank is not None
        assert why.rank is not None
        assert change.rank >= why.rank


def test_what_was_liked_can_be_left_out_and_the_card_is_known_to_have_moved(bot: Bot) -> None:
    session_id, slate = talked(bot, "zh", *TALK["zh"])
    liked, other = slate.cards[0].item, slate.cards[1].item
    before = bot.why(session_id, other.id)
    bot.feedback(session_id, liked.id, "like")
    now = bot.why(session_id, other.id)
    assert now.moved
    change = without(now, liked.title)
    assert (change.kind, change.item_id) == ("liked", liked.id)
    assert change.score == pytest.approx(before.score, abs=1e-5)
    assert change.rank == before.rank


def test_before_a_word_was_said_there_is_nothing_to_leave_out(bot: Bot) -> None:
    session_id, slate = talked(bot, "en")
    why = bot.why(session_id, slate.cards[0].item.id)
    assert (why.without, why.rank, why.moved) == ((), 1, False)
    assert why.score == pytest.approx(slate.cards[0].score, abs=1e-5)


def test_an_unknown_item_is_not_found(bot: Bot) -> None:
    session_id, _ = talked(bot, "en")
    with pytest.raises(NotFound):
        bot.why(session_id, "nothing")


# -- as data


def thread_of(*words: str, domain: str = "clothing") -> Thread:
    vector: FloatArray = np.ones(3, dtype=np.float32)
    return Thread(vector, 1.0, tuple(Word(word, word, 0.9, "t1", (Facet("tags", word),)) for word in words), domain)


def test_each_thing_is_left_out_once_by_its_label() -> None:
    interest = Interest(threads=(thread_of("棉", "宽松"), thread_of("慢", domain="film")))
    found = [(heard.kind, heard.label, heard.thread) for heard in left_out(interest, lambda _: None)]
    assert found == [
        ("word", "棉", "棉、宽松"),
        ("word", "宽松", "棉、宽松"),
        ("word", "慢", "慢"),
        ("thread", "棉、宽松", "棉、宽松"),
    ]
    first = next(left_out(interest, lambda _: None)).interest
    assert [[word.text for word in thread.words] for thread in first.threads] == [["宽松"], ["慢"]]


def test_what_speaks_against_an_item_takes_no_share_of_what_speaks_for_it() -> None:
    parts = parts_of({"words": 0.6, "disliked": -0.3, "interest": 0.2}, "en")
    assert [(part.name, round(part.share, 3)) for part in parts] == [
        ("words", 0.75), ("interest", 0.25), ("disliked", -0.375),
    ]  # fmt: skip
    assert parts_of({"duration_minutes": 0.3}, "zh")[0].label == "时长"


def why_of(*changes: Change) -> Why:
    return Why(Item("a", "A", "film"), 1.0, 2, (), (Because("words", "x", "m2"),), changes)


def test_the_window_tells_first_what_would_change_the_choice() -> None:
    instead = Item("b", "B", "film")
    changes = (
        Change("thread", "all", "all", 0.1, None, instead),
        Change("word", "less", "all", 0.7, 2),
        Change("word", "fall", "all", 0.8, 5),
        Change("word", "gone", "all", 0.9, 9, instead),
        Change("refusal", "idle refusal", "", 1.0, 2),
        Change("word", "idle", "all", 1.0, 2),
        Change("word", "other", "elsewhere", 1.0, 2),
    )
    assert [change.label for change in told(why_of(*changes))] == ["gone", "fall", "less", "idle"]
    shown = why_json(why_of(*changes), [], "en")
    assert shown["said"] == []
    assert shown["without"][0]["instead"] == {"id": "b", "title": "B"}


def card(item_id: str, *texts: str) -> Card:
    return Card(Item(item_id, item_id, "film"), 1.0, {}, tuple(Because("words", text) for text in texts))


def test_a_slate_does_not_say_the_same_three_times() -> None:
    cards: Sequence[Card] = (card("a", "sci-fi", "1951"), card("b", "sci-fi", "1977"), card("c", "sci-fi"))
    assert [[because.text for because in one.because] for one in told_apart(cards)] == [
        ["sci-fi", "1951"], ["1977"], ["sci-fi"],
    ]  # fmt: skip


# -- over HTTP, and in the page


class Ready(Loader):
    """A mind that has been loaded."""

    def __init__(self, mind: Mind) -> None:
        self._ready = mind

    def __call__(self) -> Mind:
        return self._ready

    def status(self) -> Status:
        return Status()


def test_the_interface_answers_why(bot: Bot, mind: Mind) -> None:
    async def build() -> FastAPI:
        return create_app(bot, Ready(mind), Settings())

    # Outside a running loop Gradio makes one of its own and leaves it open.
    with TestClient(asyncio.run(build())) as client:
        session_id, slate = talked(bot, "zh", TALK["zh"][0])
        path, bearer = f"/api/v1/sessions/{session_id}/why", {"Authorization": "Bearer token"}
        answer = client.get(f"{path}/{slate.cards[0].item.id}", headers=bearer)
        assert answer.status_code == 200
        told_ = answer.json()
        assert {"item_id", "score", "parts", "because", "without"} <= told_.keys()
        assert told_["item_id"] == slate.cards[0].item.id
        assert all(part.keys() == {"name", "label", "value", "share"} for part in told_["parts"])
        assert {"kind", "label", "thread", "score", "rank", "instead"} <= told_["without"][0].keys()
        assert client.get(f"{path}/nothing", headers=bearer).status_code == 404
        assert client.get(f"{path}/{slate.cards[0].item.id}").status_code == 401


NAMES = {
    "zh": ("zh-CN", "为什么是它？", "不是因为这个：牛仔裤", "想要：牛仔裤", "来自第 1 句话"),
    "en": ("en-US", "Why this?", "Not that: jeans", "Wanted: jeans", "from message 1"),
}
SEED = {"zh": TALK["zh"][0], "en": "I like fashionable clothes, especially brand-name T-shirts and jeans"}


@pytest.fixture(scope="module")
def served_app(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path, models_dir: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("why") / "data"
    shutil.copytree(sample_dir, folder)
    with running_app(folder, models_dir, llm="none") as address:
        yield address


@pytest.mark.parametrize(("lang", "width"), [("zh", 1280), ("en", 390)])
def test_the_window_opens_tells_and_takes_an_objection(served_app: str, lang: str, width: int) -> None:
    locale, ask, object_, word, first = NAMES[lang]
    failures: list[str] = []
    with chromium() as browser:
        page = browser.new_context(locale=locale, viewport={"width": width, "height": 844}).new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        opened(page, served_app)
        say(page, SEED[lang])
        cards = page.locator(".zy-turn:has(.zy-said) .zy-card")
        jeans = cards.filter(has_text=re.compile("牛仔裤|jeans", re.IGNORECASE)).last
        button = jeans.get_by_role("button", name=ask)
        button.focus()
        page.keyboard.press("Enter")
        window = page.get_by_role("dialog", name=ask)
        expect(window.get_by_role("list").first).to_contain_text("%")
        expect(window.locator("figcaption")).to_have_text([first])
        expect(window.locator("mark").first).to_be_visible()
        expect(button).to_have_attribute("aria-expanded", "true")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        box = window.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width

        page.keyboard.press("Escape")
        expect(window).to_have_count(0)
        expect(button).to_be_focused()

        page.keyboard.press("Enter")
        objection = window.get_by_role("button", name=object_)
        objection.focus()
        page.keyboard.press("Enter")
        expect(window).to_have_count(0)
        expect(page.locator(".zy-turn[data-kind=edited] .zy-card").first).to_be_visible()
        assert (
            not page.locator(".zy-node")
            .filter(has_text=re.compile(f"^{re.escape(word.split('：')[-1].split(': ')[-1])}$"))
            .count()
        )
    assert failures == []
