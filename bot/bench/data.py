"""What the benchmark measures with: a catalogue of any size, and what visitors say to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

import numpy as np

from bot.setup import sample_files
from errors import Lang
from retrieval.catalogue import FloatArray, item_texts
from retrieval.encoder import Kind, TextEncoder
from retrieval.files import read_items
from retrieval.items import Item

MOVE = 0.2
"""Length of the random step from an item's vector to that of its repeat: they have a cosine of 0.98."""

CONVERSATIONS: tuple[tuple[Lang, tuple[str, ...]], ...] = (
    (
        "zh",
        ("我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤", "不要牛仔裤", "两百元以内的短袖", "换一批", "想看科幻电影"),
    ),
    ("en", ("A warm jacket for winter walks", "not black, please", "shoes under 500", "show me more", "a good novel")),
    ("zh", ("周末想在家看部轻松的喜剧", "2000年以后的爱情片", "不看动画片", "纪录片也行", "顺便推荐几首老歌")),
    ("en", ("classic science fiction films", "a thriller after 1990", "no horror", "more", "a series for the family")),
    ("zh", ("想学一门编程课，零基础", "便宜一点的", "学画画的课有吗", "换一批", "还想找本讲历史的书")),
    ("en", ("a beginner course in drawing", "without video editing", "poems", "cheaper", "quiet music to draw to")),
    ("zh", ("有没有适合上班族的健身计划", "不要跑步", "晚上能做的简单菜谱", "清淡的汤", "买副降噪耳机")),
    ("en", ("headphones for the commute", "below 800", "a desk lamp too", "a kettle", "news about the climate")),
)
"""The language, then what is said one after the other in a session."""


def sample() -> list[Item]:
    """The sample catalogue."""
    return [item for path in sample_files() for item in read_items(path) if isinstance(item, Item)]


def enlarged(items: Sequence[Item], count: int) -> list[Item]:
    """The items, repeated up to `count`; each repeat has an id, titles and a price of its own."""
    random = np.random.default_rng(0)
    return [_repeat(items[n % len(items)], n // len(items), random.uniform(0.5, 2.0)) for n in range(count)]


def _repeat(item: Item, number: int, factor: float) -> Item:
    if number == 0:
        return item
    return replace(
        item,
        id=f"{item.id}-{number}",
        title=f"{item.title} {number}",
        price=None if item.price is None else round(item.price * factor, 2),
        i18n={
            lang: {**words, "title": f"{words.get('title', item.title)} {number}"} for lang, words in item.i18n.items()
        },
    )


@dataclass(frozen=True)
class Recalled:
    """An encoder of texts that are known already."""

    name: str
    dimension: int
    known: dict[str, FloatArray]

    def encode(self, texts: Sequence[str], kind: Kind) -> FloatArray:
        """Texts [n] -> their vectors [n, dimension]."""
        return np.stack([self.known[text] for text in texts])


def recalled(encoder: TextEncoder, items: Sequence[Item], originals: int) -> Recalled:
    """Spares an hour of encoding: only the first `originals` of the items are encoded.

    The others, their repeats in the same order, get the vectors of these, moved a little at random.
    """
    texts = [item_texts(item) for item in items]
    new = list(dict.fromkeys(text for pair in texts[:originals] for text in pair if text))
    known = dict(zip(new, encoder.encode(new, "passage"), strict=True))
    random = np.random.default_rng(0)
    for n, (words, _) in enumerate(texts[originals:]):
        step = random.standard_normal(encoder.dimension).astype(np.float32) * np.float32(encoder.dimension**-0.5)
        moved = known[texts[n % originals][0]] + np.float32(MOVE) * step
        known[words] = moved / np.linalg.norm(moved)
    return Recalled(encoder.name, encoder.dimension, known)


def conversations(turns: int) -> Iterator[tuple[bool, Lang, str]]:
    """So many turns, from one conversation after the other: (whether it is the first of one, language, text)."""
    endless = ((i == 0, lang, text) for lang, texts in cycle(CONVERSATIONS) for i, text in enumerate(texts))
    return islice(endless, turns)
