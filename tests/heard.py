"""Understanders over three catalogues without an encoder: the sample, the harbour town, and a small library."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from bot.understanding.turn import Context, Turn
from bot.understanding.understand import Understander
from bot.understanding.vocabulary import Vocabulary
from retrieval.catalogue import Catalogue, build
from retrieval.files import item_from_json
from retrieval.items import Item

ROOT = Path(__file__).resolve().parent.parent
SHOES, JEANS, READER = "cl-059", "456", "el-042"
"""A slate of the sample: pink gym shoes at 259, blue jeans at 299, a black e-reader at 699."""
SLATE = Context(slate=(SHOES, JEANS, READER), shown=(SHOES, JEANS, READER), domain="clothing")

LIBRARY = (
    Item(
        "l1",
        "雨夜书店",
        "volume",
        category="悬疑小说",
        brand="林夏",
        tags=("推理",),
        attributes={"shelf": "二楼", "ebook": True, "reader": "成年读者", "difficulty_level": "进阶"},
    ),
    Item(
        "l2",
        "小熊的月亮",
        "volume",
        category="图画故事",
        brand="林夏、周舟",
        tags=("睡前",),
        attributes={"shelf": "一楼", "ebook": False, "reader": "儿童读者", "difficulty_level": "入门"},
    ),
    Item(
        "l3",
        "星图之外",
        "volume",
        category="科幻小说",
        brand="A. Moreau",
        attributes={"shelf": "二楼", "ebook": True, "reader": "青少年读者", "difficulty_level": "入门"},
        i18n={"en": {"title": "Beyond the Star Charts", "category": "science fiction novel"}},
    ),
    Item("r1", "静音自习室", "room", category="单人自习室", attributes={"floor": "三楼", "wifi": True}),
    Item("r2", "小组讨论室", "room", category="多人自习室", attributes={"floor": "三楼", "wifi": True}),
    Item("r3", "亲子自习室", "room", category="亲子自习室", attributes={"floor": "一楼", "wifi": False}),
)


def catalogue_of(items: list[Item]) -> Catalogue:
    """A catalogue whose vectors say nothing."""
    return build(items, np.ones((len(items), 2), dtype=np.float32))


def items_in(*paths: Path) -> list[Item]:
    """The items of catalogue files."""
    return [item_from_json(json.loads(line)) for path in paths for line in path.read_text("utf-8").splitlines()]


@lru_cache(maxsize=3)
def understander(name: str) -> Understander:
    """`name`: sample, town or library."""
    if name == "library":
        return Understander(Vocabulary(catalogue_of(list(LIBRARY))))
    folder = {"sample": "retrieval/data/catalogue", "town": "tests/stories/town"}[name]
    return Understander(Vocabulary(catalogue_of(items_in(*sorted((ROOT / folder).glob("*.jsonl"))))))


def heard(text: str, context: Context | None = None, name: str = "sample") -> Turn:
    """A message, understood; every part stands where it says."""
    turn = understander(name).understand(text, "zh", context or Context())
    terms = [term for wish in turn.wishes for term in wish.terms]
    for part in (*terms, *turn.refusals, *turn.less, *turn.constraints, *turn.references):
        said = text[part.start : part.end]
        wished_instead = f"别{said.removesuffix('了')}" if said.startswith("太") else f"not {said.lower()}"
        assert part.text == said or (said.lower().startswith(("太", "too ")) and part.text == wished_instead)
    return turn


def wished(turn: Turn) -> list[str]:
    """The words wished for."""
    return [term.text for wish in turn.wishes for term in wish.terms]
