"""The prompts, one compact text a line. The fixed `SYSTEM` part is computed once by the model.

The same texts are used to train and to serve: change them, and the adapter must be trained again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.phrasing.facts import facts, label, listed
from bot.phrasing.language_model import Prompt
from bot.phrasing.requests import ItemLine, LineRequest, OpeningLine
from errors import Lang
from retrieval.items import Item

SYSTEM = "你是知音 Zhiyin，说话像一位懂行的朋友。只说资料里有的。Write one line, true to the facts given."
WISH_LIMIT = 160
TEXT_LIMIT = {"zh": 140, "en": 320}

TASKS: Mapping[tuple[str, Lang], str] = {
    ("item", "zh"): "写一句：为什么合他的意",
    ("item", "en"): "Write one line: why it suits them",
    ("opening", "zh"): "写开头一句",
    ("opening", "en"): "Write the opening line",
}
OPENING_LABELS: Mapping[str, tuple[str, str]] = {
    "wish": ("想要", "wish"),
    "fits": ("符合", "fits"),
    "intent": ("情形", "situation"),
    "limits": ("限制", "limits"),
    "refused": ("不要", "refused"),
    "unmet": ("没有", "not found"),
    "kinds": ("这次有", "on the slate"),
}


def prompt(request: LineRequest) -> Prompt:
    """The prompt for one line."""
    rows = item_rows(request) if isinstance(request, ItemLine) else opening_rows(request)
    return Prompt(SYSTEM, "\n".join(rows))


def item_rows(request: ItemLine) -> Iterable[str]:
    """Task, wish, fitting words, then the facts, one a row."""
    lang = request.lang
    yield TASKS["item", lang]
    yield _row(_word("wish", lang), request.wish, lang, WISH_LIMIT)
    if request.fits:
        yield _row(_word("fits", lang), listed(request.fits, lang), lang)
    for name, text in facts(request.item, lang):
        yield _row(label(name, lang), text, lang)


def opening_rows(request: OpeningLine) -> Iterable[str]:
    """Task, situation, wish, then what is limited, refused, unmet and shown."""
    lang = request.lang
    yield TASKS["opening", lang]
    yield _row(_word("intent", lang), request.intent, lang)
    if request.wish:
        yield _row(_word("wish", lang), request.wish, lang, WISH_LIMIT)
    for name in ("limits", "refused", "unmet", "kinds"):
        values = getattr(request, name)
        if values:
            yield _row(_word(name, lang), listed(values, lang), lang)


def training_request(example: Mapping[str, Any]) -> LineRequest:
    """The request of a training example (a line of `data/sentences/*.jsonl`)."""
    if example["kind"] == "opening":
        return OpeningLine(
            example["lang"],
            example.get("wish", ""),
            example["intent"],
            *(tuple(example.get(name, ())) for name in ("limits", "refused", "unmet", "kinds")),
        )
    raw = dict(example["facts"])
    item = Item(
        **{
            "id": "",
            "domain": "",
            **raw,
            "tags": tuple(raw.get("tags", ())),
            "attributes": {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in raw.get("attributes", {}).items()
            },
        }
    )
    return ItemLine(example["lang"], example["wish"], tuple(example.get("fits", ())), item)


def _word(name: str, lang: Lang) -> str:
    return OPENING_LABELS[name][lang == "en"]


def _row(name: str, text: str, lang: Lang, limit: int | None = None) -> str:
    """One row; line breaks in data must not open a row of their own."""
    flat = " ".join(text.split())
    bound = limit or TEXT_LIMIT[lang]
    return f"{name}：{flat[:bound]}" if lang == "zh" else f"{name}: {flat[:bound]}"
