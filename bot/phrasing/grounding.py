"""The check: what a line says of numbers, titles, names, colours and the like must be in its facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.phrasing.coverage import denied, put_forward, stray_words
from bot.phrasing.facts import facts
from bot.phrasing.requests import ItemLine, LineRequest
from bot.understanding.numbers import parse_number
from bot.understanding.vocabulary import Vocabulary
from retrieval.segment import HAN, LATIN, fold

SMALL = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12}
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
WORDS = {"one": 1, "two": 2, **SMALL, **TENS}
COUNTED = r"(?=个?(?:小时|分钟|天|周|月|年|岁|集|季|页|章|节|课|人|升|克|斤|公里|米))"
NUMBER = re.compile(
    r"\d[\d,]*(?:\.\d+)?|[一二两三四五六七八九][十百千万][零一二两三四五六七八九十百千万]*|十[一二三四五六七八九]"
    rf"|(?<!周)[三四五六七八九]{COUNTED}"
    rf"|\b(?:(?:{'|'.join(TENS)})(?:-(?:one|two|{'|'.join(SMALL)}))?|{'|'.join(SMALL)})\b",
    re.IGNORECASE,
)
"""A number. A single Chinese digit is one only before what is counted; one and two are too common to be checked."""
MONEY = re.compile(r"^\s?(元|块|yuan|rmb|美元|dollars?|欧元|euros?|英镑|日元|港元)", re.IGNORECASE)
MONEY_SIGN = re.compile(r"(HK\$|[¥￥$€£])\s?$")
CURRENCY = {
    "CNY": ("元", "块", "yuan", "rmb", "¥", "￥"),
    "USD": ("美元", "dollar", "dollars", "$"),
    "EUR": ("欧元", "euro", "euros", "€"),
    "GBP": ("英镑", "£"),
    "JPY": ("日元", "¥", "￥"),
    "HKD": ("港元", "hk$"),
}
"""How an amount in a currency may be said; one that is not here may be said in any way."""
FREE = re.compile(r"免费|(?<![\w-])free(?![\w-])", re.IGNORECASE)
OF_THE_WISH = re.compile(
    r"以内|以下|之内|不超过|预算|你说的|你要的|左右|under|below|budget|limit|within|around|you asked|you said|up to",
    re.I,
)
TITLE = re.compile(r"[《“]([^》”]+)[》”]")
NAMES = ("title", "brand")
"""Facets that a line may name only if its facts or the wish do, where a word can mean nothing else."""
QUALITIES = ("attributes.color", "attributes.audience", "attributes.country", "attributes.material")
"""The same, whatever else the word can mean."""
EXAGGERATED = re.compile(
    r"最(?!近|后|初|低|高|多|少|新|终|早)|完美|绝对|必备|必看|必读|第一名|极致|无与伦比|治好|根治|疗效|"
    r"\b(?:best|perfect(?:ly)?|must-have|ultimate|guaranteed|cures?|unbeatable|flawless)\b",
    re.IGNORECASE,
)
INSIDE_A_WORD = r"(?<=[A-Za-z])(?=[A-Za-z])"
REPEATED = re.compile(rf"(?!{INSIDE_A_WORD})(.{{4,}})\1(?!{INSIDE_A_WORD})")
SAID_TWICE = re.compile(r"([一-鿿\d、]{5,}).*\1|\b(\w+ \w+ \w+)\b.*\b\2\b", re.IGNORECASE)
POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(frozen=True)
class Violation:
    """What in a line has no ground.

    `kind`: number, price, title, name, exaggeration, language, repetition, stray, denial.
    """

    kind: str
    text: str


def source_of(request: LineRequest) -> str:
    """All that a line may take words from: its facts and what the visitor said, folded."""
    if isinstance(request, ItemLine):
        said = " ".join((*request.fits, request.wish))
        return fold(" ".join((said, *(text for _, text in facts(request.item, request.lang)))))
    return fold(" ".join((request.wish, *request.limits, *request.refused, *request.unmet, *request.kinds)))


@dataclass(frozen=True)
class Ground:
    """What a line may speak of: its facts and the visitor's words, prepared once a line.

    `other_titles`: titles on the same slate, none of which may be named here.
    """

    request: LineRequest
    vocabulary: Vocabulary
    other_titles: tuple[str, ...] = ()

    @cached_property
    def source(self) -> str:
        """All that the line may take words from, folded."""
        return source_of(self.request)

    def violations(self, line: str) -> list[Violation]:
        """Everything in the line without a ground; an empty list for a true line."""
        return [*self._numbers(line), *self._titles(line), *self._names(line), *self._manner(line), *self._drift(line)]

    def _numbers(self, line: str) -> Iterator[Violation]:
        known = _numbers(self.source)
        for match in NUMBER.finditer(line):
            value, unit = _value(match.group()), _money(line, match)
            if value is not None and value not in known:
                yield Violation("number", match.group())
            elif value is not None and unit and not self._is_said_price(value, unit, line):
                yield Violation("price", match.group())
        for match in FREE.finditer(line):
            if not _holds(self.source, fold(match.group())):
                yield Violation("price", match.group())

    def _is_said_price(self, value: float, unit: str, line: str) -> bool:
        """Whether an amount of money is the item's price in its currency, or said beside it, or of the wish.

        What is not for sale may tell of money (a prize).
        """
        if not isinstance(self.request, ItemLine):
            return True
        item = self.request.item
        if value == item.price:
            return unit in CURRENCY.get(item.currency or "CNY", (unit,))
        said_too = value in _amounts(item.description) if item.price is None else item.price in _numbers(line)
        return said_too or bool(OF_THE_WISH.search(line) and value in _numbers(fold(self.request.wish)))

    def _titles(self, line: str) -> Iterator[Violation]:
        for match in TITLE.finditer(line):
            if fold(match[1]) not in self.source:
                yield Violation("title", match[1])
        folded = fold(line)
        for title in self.other_titles:
            name = fold(title)
            if len(name) > 2 and _holds(folded, name) and not _holds(self.source, name):
                yield Violation("title", title)

    def _names(self, line: str) -> Iterator[Violation]:
        for token, found in self.vocabulary.phrases(line):
            quality = any(facet.field in QUALITIES for facet in found)
            # "beyond" is a word, "Beyond" a band
            name = token.han or token.text[0].isupper()
            name &= any(facet.field in NAMES for facet in found)
            name &= all(facet.field.startswith(("attributes.", *NAMES)) for facet in found)
            said = (POSSESSIVE.sub("", fold(token.text)), *(facet.value for facet in found))
            if (quality or name) and not any(_holds(self.source, words) for words in said):
                yield Violation("name", token.text)

    def _drift(self, line: str) -> Iterator[Violation]:
        request = self.request
        kind = "item" if isinstance(request, ItemLine) else "opening"
        for word in stray_words(line, self.source, kind, self.vocabulary.segmenter):
            yield Violation("stray", word)
        if isinstance(request, ItemLine):
            own = fold(" ".join(text for _, text in facts(request.item, request.lang)))
            turned = denied(line, own)
        else:
            turned = put_forward(line, request.refused)
        for words in turned:
            yield Violation("denial", words)

    def _manner(self, line: str) -> Iterator[Violation]:
        for match in EXAGGERATED.finditer(line):
            if not _holds(self.source, fold(match.group())):
                yield Violation("exaggeration", match.group())
        for match in (*REPEATED.finditer(line), *SAID_TWICE.finditer(line)):
            said = match[1] or match[2]
            if self.source.count(fold(said)) < 2:
                yield Violation("repetition", said)
        han = HAN.findall(line)
        if self.request.lang == "zh":
            strange = [word for word in LATIN.findall(line) if not _holds(self.source, fold(word))]
            if strange and not han:
                yield Violation("language", line)
        elif (strange := [c for c in han if c not in self.source]) or len(han) > len(line) / 2:
            yield Violation("language", "".join(strange) or line)


def _numbers(text: str) -> set[float]:
    found = (_value(match.group()) for match in NUMBER.finditer(text))
    return {value for value in found if value is not None}


def _amounts(text: str) -> set[float | None]:
    """The numbers that stand beside a currency."""
    return {_value(match.group()) for match in NUMBER.finditer(text) if _money(text, match)}


def _value(text: str) -> float | None:
    """The value of what `NUMBER` found."""
    words = text.lower().split("-")
    if words[0] in WORDS:
        return float(sum(WORDS[word] for word in words))
    return parse_number(text)


def _money(line: str, match: re.Match[str]) -> str:
    """The currency's word or sign beside a number; empty if it is no amount of money."""
    unit = MONEY.match(line[match.end() :]) or MONEY_SIGN.search(line[: match.start()])
    return unit[1].lower() if unit else ""


def _holds(text: str, words: str) -> bool:
    """Whether a folded text has these folded words in it, English ones as whole words ("red" is not in "tailored")."""
    before = r"(?<![a-z0-9])" if words[:1].isascii() else ""
    after = r"(?![a-z0-9])" if words[-1:].isascii() else ""
    return re.search(before + re.escape(words) + after, text) is not None


def grounds(requests: Sequence[LineRequest], vocabulary: Vocabulary) -> Mapping[str, Ground]:
    """A ground for each line of a slate, by part."""
    titles = [request.item.title for request in requests if isinstance(request, ItemLine)]
    return {
        request.part: Ground(
            request,
            vocabulary,
            tuple(t for t in titles if not (isinstance(request, ItemLine) and t == request.item.title)),
        )
        for request in requests
    }
