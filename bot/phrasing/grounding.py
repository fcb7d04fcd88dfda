"""The check: what a line says of numbers, titles, names, colours and the like must be in its facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.phrasing.facts import facts
from bot.phrasing.requests import ItemLine, LineRequest
from bot.understanding.numbers import parse_number
from bot.understanding.vocabulary import Vocabulary
from retrieval.segment import HAN, fold

NUMBER = re.compile(
    r"\d[\d,]*(?:\.\d+)?|[一二两三四五六七八九][十百千万][零一二两三四五六七八九十百千万]*|十[一二三四五六七八九]"
)
MONEY = re.compile(r"^\s?(?:元|块|yuan|rmb|美元|dollars?|euros?)", re.IGNORECASE)
MONEY_SIGN = re.compile(r"[¥￥$€£]\s?$")
OF_THE_WISH = re.compile(
    r"以内|以下|之内|不超过|预算|你说的|你要的|左右|under|below|budget|limit|within|around|you asked|you said|up to",
    re.I,
)
TITLE = re.compile(r"《([^》]+)》")
CHECKED_FIELDS = (
    "brand",
    "attributes.color",
    "attributes.audience",
    "attributes.country",
    "attributes.material",
)
"""Facets that a line may name only if its facts or the wish have them."""
EXAGGERATED = re.compile(
    r"最(?!近|后|初|低|高|多|少|新|终|早)|完美|绝对|必备|必看|必读|第一名|极致|无与伦比|治好|根治|疗效|"
    r"\b(?:best|perfect(?:ly)?|must-have|ultimate|guaranteed|cures?|unbeatable|flawless)\b",
    re.IGNORECASE,
)
REPEATED = re.compile(r"(.{4,})\1")


@dataclass(frozen=True)
class Violation:
    """What in a line has no ground: `kind` number, price, title, name, exaggeration, language, repetition, foreign."""

    kind: str
    text: str


@dataclass(frozen=True)
class Ground:
    """What a line may speak of: its facts and the visitor's words, prepared once a line.

    `other_titles`: titles on the same slate, none of which may be named here.
    """

    request: LineRequest
    vocabulary: Vocabulary
    other_titles: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """All that the line may take words from, folded."""
        request = self.request
        if isinstance(request, ItemLine):
            said = " ".join((*request.fits, request.wish))
            return fold(" ".join((said, *(text for _, text in facts(request.item, request.lang)))))
        return fold(" ".join((request.wish, *request.limits, *request.refused, *request.unmet, *request.kinds)))

    def violations(self, line: str) -> list[Violation]:
        """Everything in the line without a ground; an empty list for a true line."""
        return [*self._numbers(line), *self._titles(line), *self._names(line), *self._manner(line)]

    def _numbers(self, line: str) -> Iterator[Violation]:
        known = _numbers(self.source)
        item = self.request.item if isinstance(self.request, ItemLine) else None
        for match in NUMBER.finditer(line):
            value = parse_number(match.group())
            if value is not None and value not in known:
                yield Violation("number", match.group())
            elif item is not None and _is_money(line, match) and value != item.price:
                said_too = item.price is not None and item.price in _numbers(line)
                if not said_too and not OF_THE_WISH.search(line):
                    yield Violation("price", match.group())

    def _titles(self, line: str) -> Iterator[Violation]:
        source = self.source
        for match in TITLE.finditer(line):
            if fold(match[1]) not in source:
                yield Violation("title", match[1])
        folded = fold(line)
        for title in self.other_titles:
            name = fold(title)
            if len(name) > 2 and name in folded and name not in source:
                yield Violation("title", title)

    def _names(self, line: str) -> Iterator[Violation]:
        source = self.source
        for token, found in self.vocabulary.phrases(line):
            checked = [facet for facet in found if facet.field in CHECKED_FIELDS]
            if checked and len(checked) == len(found) and fold(token.text) not in source:
                yield Violation("name", token.text)

    def _manner(self, line: str) -> Iterator[Violation]:
        for match in EXAGGERATED.finditer(line):
            if fold(match.group()) not in self.source:
                yield Violation("exaggeration", match.group())
        for match in REPEATED.finditer(line):
            yield Violation("repetition", match[1])
        if self.request.lang == "zh" and len(line) > 12 and not HAN.search(line):
            yield Violation("language", line)
        if self.request.lang == "en":
            strange = [c for c in HAN.findall(line) if c not in self.source]
            if strange or len(HAN.findall(line)) > len(line) / 2:
                yield Violation("language", "".join(strange) or line)


def _numbers(text: str) -> set[float]:
    found = (parse_number(match.group()) for match in NUMBER.finditer(text))
    return {value for value in found if value is not None}


def _is_money(line: str, match: re.Match[str]) -> bool:
    return bool(MONEY.match(line[match.end() :]) or MONEY_SIGN.search(line[: match.start()]))


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
