"""What the page draws, as plain JSON values: cards, turns and the interest. All texts are shown as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from bot.bot import Bot, as_lang
from bot.interest.state import Interest, view
from bot.phrasing.facts import label, price, value_text
from bot.reply import Card
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
    cards: Sequence[Mapping[str, Any]] = (),
    unmet: Sequence[str] = (),
    words: Mapping[str, str] | None = None,
    error: str = "",
) -> dict[str, Any]:
    """One turn. `state`: pending, done or stopped; `words`: by part, the opening or an item id."""
    return {
        "key": key,
        "said": said,
        "state": state,
        "cards": list(cards),
        "unmet": list(unmet),
        "words": dict(words or {}),
        "error": error,
    }


def stored_turns(bot: Bot, session_id: str, lang: Lang) -> list[dict[str, Any]]:
    """The conversation so far, oldest first, with its cards.

    The unasked first slate, in `lang`, is a turn that says nothing; others have the language of the answer.
    """
    turns: list[dict[str, Any]] = []
    slates = bot.store.slates(session_id)
    if slates and slates[0].turn_id is None:
        turns.append(turn_json(slates[0].slate_id, "", "done", cards=_cards(bot, slates[0], lang)))
    answers = {slate.turn_id: slate for slate in slates if slate.turn_id is not None}
    waiting: list[int] = []
    for message in bot.store.messages(session_id):
        if message.role == "user":
            waiting.append(len(turns))
            turns.append(turn_json(message.turn_id, message.text, "stopped"))
        elif waiting:
            place = waiting.pop(0)
            turns[place] |= _answer(bot, message, answers.get(message.turn_id))
    return turns


def _answer(bot: Bot, message: MessageRecord, slate: SlateRecord | None) -> dict[str, Any]:
    words = {"opening": message.text, **message.lines}
    return {
        "state": "done" if message.complete else "stopped",
        "words": {part: text for part, text in words.items() if text},
        "cards": _cards(bot, slate, as_lang(message.lang)) if slate else [],
        "unmet": list(slate.unmet) if slate else [],
    }


def _cards(bot: Bot, slate: SlateRecord, lang: Lang) -> list[dict[str, Any]]:
    found = bot.cards([(slate.slate_id, slate.impressions)], lang)
    return [card_json(card, lang) for card in found[slate.slate_id]]


def pressed(feedback: Iterable[FeedbackRecord]) -> dict[str, str]:
    """Item id → like, dislike or hide: the last verdict on it that stands."""
    return {said.item_id: said.kind for said in feedback if said.kind in VERDICTS and not said.undone}


def heard_json(interest: Interest) -> dict[str, Any]:
    """The interest as the panel shows it: threads, refusals and limits."""
    seen = view(interest)
    return {
        "threads": [
            {
                "label": thread["label"],
                "weight": thread["weight"],
                "domain": thread["domain"],
                "words": [{"text": word["text"], "weight": word["weight"]} for word in thread["words"]],
            }
            for thread in seen["threads"]
        ],
        "refusals": list(dict.fromkeys(refusal["text"] for refusal in seen["refusals"])),
        "limits": list(dict.fromkeys(limit["text"] for limit in seen["constraints"])),
    }
