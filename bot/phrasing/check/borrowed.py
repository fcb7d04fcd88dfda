"""What a line on an item has from the visitor alone. Their words are no facts: whoever asks for it could have anything
said of an item, or in its stead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from bot.phrasing.check.coverage import content, is_grounded
from bot.phrasing.check.source import holds
from bot.phrasing.check.violation import Violation
from errors import Lang
from retrieval.segment import Segmenter, fold

NAME: Mapping[Lang, re.Pattern[str]] = {
    "zh": re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]+"),
    "en": re.compile(r"(?<=[\w,;:] )[A-Z][\w-]+|\b[A-Za-z]{1,8}\d{2,}\w*"),
}
"""In Chinese any Latin word, in English what has a capital inside a sentence, or letters and then a number."""
PUT_ASIDE = re.compile(
    r"(?:没|不|非|无|未|超)[^，。；]{0,8}$"
    r"|(?:\b(?:not?|nor|never|nothing|without|rather|instead|than|beyond|past|over|under|above|below|unlike"
    r"|your|for|in|on|at)\b|n['’]t\b)[^,.;:]{0,16}$",
    re.IGNORECASE,
)
"""Before a name: it is said not to be there, or is the visitor's own or a place or a time."""
ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://\S*|\bwww\.\S+|[\w.+-]+@\w[\w-]*\.\w+"
    r"|(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|[48]00-?\d{3}-?\d{4})(?!\d)|\+\d[\d -]{7,}\d",
    re.IGNORECASE,
)
MARKUP = re.compile(r"</?[a-z!|][^<>]*>?|\|>|[{}]|```", re.IGNORECASE)


def is_of_item(line: str, own: str, known: Collection[str], common: Collection[str], segmenter: Segmenter) -> bool:
    """Whether a line has any word of its item; or, so far, only words that are said of anything.

    `own`: what is known of the item and why it is there, folded; `known`: the normal forms of its words.
    """
    telling = [token for token in content(line, segmenter) if token.norm not in common]
    return not telling or any(is_grounded(token, own, known) for token in telling)


def borrowed_names(line: str, wish: str, own: str, lang: Lang) -> Iterator[Violation]:
    """Names of the visitor's (`wish`, folded) that are not the item's, unless put aside: "not Zumba", "没有 PS5 版"."""
    for match in NAME[lang].finditer(line):
        name = fold(match.group())
        if holds(wish, name) and not holds(own, name) and not PUT_ASIDE.search(line[: match.start()]):
            yield Violation("name", match.group())


def addresses(line: str, told: str) -> Iterator[Violation]:
    """Addresses, telephone numbers and markup. `told`: values that were asked for, which may hold them."""
    for pattern in (ADDRESS, MARKUP):
        yield from (Violation("address", found) for found in pattern.findall(line) if found not in told)
