"""What an item's description can lend to a sentence of ours: its beginning, where that is short, sober and whole."""

from __future__ import annotations

import re
from collections.abc import Mapping

from errors import Lang
from retrieval.items import Item
from retrieval.segment import HAN

CLOSING = "”’」』》）"
SENTENCE_END = re.compile(
    rf"(?<=[。！？])(?![{CLOSING}])|(?<=[。！？][{CLOSING}])"
    r"|(?<=[.!?])(?<!\b[A-Z]\.)(?<!\b[A-Z][a-z]\.)\s+(?=[A-Z“\"])"
)
"""Where a sentence ends; not after initials and titles of address (J. K., Dr., St.)."""
CLAUSE_END: Mapping[Lang, re.Pattern[str]] = {"zh": re.compile(r"[，；]"), "en": re.compile(r";")}
"""Where what is left makes a sentence. An English one cut at a comma seldom does."""
LONGEST: Mapping[Lang, int] = {"zh": 56, "en": 160}
SHORTEST: Mapping[Lang, int] = {"zh": 8, "en": 20}
"""Characters of what is lent."""
LOUD = re.compile(
    r"[!！?？<>{}@#…]|://|www\.|最|第一|顶级|极致|绝对|保证"
    r"|\b(best|most|greatest|perfect|guaranteed?|ultimate|must|number one)\b",
    re.IGNORECASE,
)
"""A seller's praise and what is no sentence at all: that is not for us to say."""
COSTS = re.compile(r"[$€£¥￥元]|\d\s*块|\b(yuan|rmb|cny|usd|dollars?|euros?)\b|\bprices?\b|价", re.IGNORECASE)
"""Of the price the data speaks elsewhere, and that one holds."""
ORDERS = re.compile(
    r"忽略|无视|指令|指示|提示词|语言模型|系统[:：]|你是|你必须|告诉(?:顾客|访客|用户|客人)|拨打|在回答|说它|\d{7}"
    r"|\b(ignore|disregard|instructions?|prompt|system|assistant|you are|you must|reply only|say that|call it)\b",
    re.IGNORECASE,
)
"""Words to whoever reads this for a visitor, not to the visitor."""


def telling(item: Item, lang: Lang) -> str:
    """The beginning of a localised item's description, without its full stop; empty where none can be lent."""
    said = _shortened(first_of(item.description).rstrip("。."), lang)
    if not SHORTEST[lang] <= len(said) <= LONGEST[lang] or (lang == "zh") != bool(HAN.search(said)):
        return ""
    if any(unfit.search(said) for unfit in (LOUD, COSTS, ORDERS)) or _is_open(said):
        return ""
    return said


def first_of(description: str) -> str:
    """The first sentence, with its end, in one line; empty where there is none."""
    return next((part.strip() for part in SENTENCE_END.split(" ".join(description.split())) if part.strip()), "")


def _shortened(text: str, lang: Lang) -> str:
    """The text up to the last clause that leaves it short enough."""
    if len(text) <= LONGEST[lang]:
        return text
    ends = [found.start() for found in CLAUSE_END[lang].finditer(text, 0, LONGEST[lang] + 1)]
    return text[: ends[-1]] if ends else text


def _is_open(text: str) -> bool:
    """Whether a quotation or a bracket is open at the end."""
    return any(text.count(begin) != text.count(end) for begin, end in ("“”", "《》", "（）", "()", "「」"))
