"""What the page draws, as plain JSON values: cards and turns. All texts are shown as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from bot.bot import Bot, as_lang
from bot.phrasing.facts import label, price, value_text
from bot.phrasing.outcomes import MISSED, words_of
from bot.reply import Card, Slate
from bot.understanding.turn import Question
from errors import Lang
from retrieval.items import Item
from storage.records import FeedbackRecord, MessageRecord, SlateRecord

MOST_TAGS = 4
VERDICTS = frozenset({"like", "dislike", "hide"})

COLOURS: Mapping[str, int] = {
    **dict.fromkeys(("红", "red", "burgundy"), 25),
    **dict.fromkeys(("粉", "pink"), 0),
    **dict.fromkeys(("橙", "orange", "棕", "brown", "咖", "coffee"), 55),
    **dict.fromkeys(("卡其", "khaki", "米", "beige", "cream", "黄", "yellow", "金", "gold"), 90),
    **dict.fromkeys(("绿", "green", "olive"), 145),
    **dict.fromkeys(("青", "teal", "cyan"), 200),
    **dict.fromkeys(("藏青", "navy", "蓝", "blue"), 255),
    **dict.fromkeys(("紫", "purple", "lilac"), 305),
}
"""Colour words with their hue in degrees of OKLCH. Black, white and grey have none."""

SHAPES: Mapping[str, tuple[str, ...]] = {
    "trousers": ("裤", "jeans", "trousers", "pants", "shorts"),
    "shoes": ("鞋", "靴", "shoes", "boots", "sneakers"),
    "dress": ("裙", "dress", "skirt"),
}
"""Clothes that are drawn otherwise than as a shirt, by the words of their category."""


def tint(item: Item) -> tuple[int, float]:
    """The picture's hue (degrees) and how much colour it has (0-1).

    Near the first colour the item is told to come in, a little aside so that neighbours differ; else a hue
    that the id picks, faint where all its colours are black, white or grey.
    """
    pick = crc32(item.id.encode())
    told = value_text(item.attributes["color"], "en").lower() if "color" in item.attributes else ""
    named = [(told.find(word), -len(word), hue) for word, hue in COLOURS.items() if word in told]
    if named:
        return (min(named)[2] + pick % 37 - 18) % 360, 1.0
    return pick % 360, 0.4 if told else 1.0


def glyph(item: Item) -> str:
    """The name of the drawing that stands for the item; the page has a general one for other domains."""
    kind = item.category.lower()
    if item.domain == "clothing":
        fitting = (shape for shape, words in SHAPES.items() if any(word in kind for word in words))
        return next(fitting, "clothing")
    return item.domain


def web_address(url: str) -> str:
    """The address if a browser may be sent there (http or https), else nothing."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def card_json(card: Card, lang: Lang) -> dict[str, Any]:
    """A card as the page draws it; empty texts are left out of the drawing."""
    item = card.item
    hue, colour = tint(item)
    return {
        "id": item.id,
        "title": item.title,
        "domain": item.domain,
        "category": item.category,
        "brand": item.brand,
        "price": price(item, lang),
        "year": "" if item.year is None else str(item.year),
        "tags": list(item.tags[:MOST_TAGS]),
        "because": [because.text for because in card.because],
        "description": item.description,
        "facts": [[label(name, lang), value_text(value, lang)] for name, value in item.attributes.items()],
        "url": web_address(item.url),
        "image": web_address(item.image_url),
        "glyph": glyph(item),
        "hue": hue,
        "colour": colour,
    }


def turn_json(
    key: str,
    said: str,
    state: str,
    *,
    kind: str = "",
    cards: Sequence[Mapping[str, Any]] = (),
    unmet: Sequence[str] = (),
    words: Mapping[str, str] | None = None,
    question: Question | None = None,
    error: str = "",
    brief: bool = False,
) -> dict[str, Any]:
    """One turn. `state`: pending, done or stopped; `words`: by part, the opening or an item id.

    `kind`: "opening" or "edited" for a slate that no message asked for: the first one, and those for an interest
    that the visitor changed by hand. `brief`: the words are short because the language model failed.
    """
    return {
        "key": key,
        "said": said,
        "state": state,
        "kind": kind,
        "cards": list(cards),
        "unmet": list(unmet),
        "words": dict(words or {}),
        "question": question_json(question),
        "error": error,
        "brief": brief,
    }


def edited_turn(slate: Slate, lang: Lang) -> dict[str, Any]:
    """The turn of a slate for an interest that was changed by hand."""
    cards = [card_json(card, lang) for card in slate.cards]
    return turn_json(slate.slate_id, "", "done", kind="edited", cards=cards, unmet=slate.unmet, question=slate.question)


def question_json(question: Question | None) -> dict[str, Any] | None:
    """A question with its answers to tap."""
    return {"text": question.text, "answers": list(question.answers)} if question else None


def stored_turns(bot: Bot, session_id: str, lang: Lang) -> list[dict[str, Any]]:
    """The conversation so far, oldest first, with its cards, and the question that still stands.

    Slates that nobody asked for, in `lang`, are turns that say nothing; of those for a changed interest that
    follow one another the last is kept. Other turns have the language of the answer.
    """
    slates = bot.store.slates(session_id)
    answers = {slate.turn_id: slate for slate in slates if slate.turn_id is not None}
    unasked = [slate for slate in slates if slate.turn_id is None]
    told: list[SlateRecord | MessageRecord] = [*unasked, *bot.store.messages(session_id)]
    turns: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for event in sorted(told, key=lambda event: event.created_at):
        if isinstance(event, SlateRecord):
            if turns and turns[-1]["kind"] == "edited":
                turns.pop()
            kind = "opening" if event is slates[0] else "edited"
            cards = _cards(bot, event, lang)
            turns.append(turn_json(event.slate_id, "", "done", kind=kind, cards=cards, unmet=event.unmet))
        elif event.role == "user":
            turns.append(turn_json(event.turn_id, event.text, "stopped"))
            waiting.append(turns[-1])
        elif waiting:
            waiting.pop(0).update(_answer(bot, event, answers.get(event.turn_id)))
    if spoken := [turn for turn in turns if turn["said"]]:
        spoken[-1]["question"] = question_json(bot.interest(session_id).dialogue.question)
    return turns


def _answer(bot: Bot, message: MessageRecord, slate: SlateRecord | None) -> dict[str, Any]:
    words = {"opening": message.text, **message.lines}
    _, reason = words_of(message.line_outcomes.values())
    return {
        "state": "done" if message.complete else "stopped",
        "words": {part: text for part, text in words.items() if text},
        "cards": _cards(bot, slate, as_lang(message.lang)) if slate else [],
        "unmet": list(slate.unmet) if slate else [],
        "brief": reason in MISSED,
    }


def _cards(bot: Bot, slate: SlateRecord, lang: Lang) -> list[dict[str, Any]]:
    found = bot.cards([(slate.slate_id, slate.impressions)], lang)
    return [card_json(card, lang) for card in found[slate.slate_id]]


def pressed(feedback: Iterable[FeedbackRecord]) -> dict[str, str]:
    """Item id → like, dislike or hide: the last verdict on it that stands."""
    return {said.item_id: said.kind for said in feedback if said.kind in VERDICTS and not said.undone}
