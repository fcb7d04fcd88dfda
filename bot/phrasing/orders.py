"""Texts of a catalogue that speak to whoever reads it for a visitor, not to the visitor: nothing is written from them.

A shop's own data may hold what somebody else put there: a review, a supplier's text. The card shows it as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from retrieval.items import AttributeValue, Item

ORDER = re.compile(
    r"(?:忽略|无视|不要管|别管)[^。！？]{0,8}(?:指示|指令|要求|规则|提示|内容|设定|事实)"
    r"|(?<![一-鿿])(?:给|致)?(?:语言模型|系统|助手|机器人)[:：]|(?:告诉|转告|通知)(?:顾客|访客|用户|客人|大家)"
    r"|请?在(?:回答|推荐)里|请(?:说|写)[“：:]|<\||\|>|</?s>|```"
    r"|\b(?:ignore|disregard)\b[^.!?]{0,30}\b(?:above|previous|instructions?|facts?|rules?|other items)\b"
    r"|\b(?:system|assistant)\s*[:：,]|\b(?:reply|answer) only\b|\bsay that (?:it|this)\b"
    r"|\btell the (?:customer|user|visitor)s?\b|\b(?:system )?prompt\s*[:：]",
    re.IGNORECASE,
)
PIECE = re.compile(r"（[^（）]*）?|\([^()]*\)?|(?:[^。！？!?.\n（(]|\.(?!\s))+(?:[。！？!?\n]+|\.\s+)?|[。！？!?.\s]")
"""What of a text stands or falls alone: a sentence, or what is in brackets."""


def without_orders(item: Item) -> Item:
    """The item without what gives orders in its texts; as it is where nothing does."""
    attributes = {name: _heeded(value) for name, value in item.attributes.items()}
    found = replace(
        item,
        title=_left(item.title) or item.title,
        category=_left(item.category),
        brand=_left(item.brand),
        tags=tuple(tag for tag in item.tags if not ORDER.search(tag)),
        description=_left(item.description),
        attributes={name: value for name, value in attributes.items() if value not in ("", ())},
    )
    return item if found == item else found


def _heeded(value: AttributeValue) -> AttributeValue:
    if isinstance(value, str):
        return _left(value)
    return tuple(one for one in value if not ORDER.search(one)) if isinstance(value, tuple) else value


def _left(text: str) -> str:
    if not ORDER.search(text):
        return text
    return "".join(piece for piece in PIECE.findall(text) if not ORDER.search(piece)).strip()
