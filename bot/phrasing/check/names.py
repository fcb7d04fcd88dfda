"""Titles, names, colours and audiences of a line: each must be in its source."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache

from bot.phrasing.check.source import holds
from bot.phrasing.check.violation import Violation
from bot.shipped import read_json
from bot.understanding.vocabulary import Vocabulary
from retrieval.segment import fold, stop_words

TITLE = re.compile(r"[《“]([^《“》”]+)[》”]")
NAMES = ("title", "brand")
"""Facets that a line may name only if its source does, where a word can mean nothing else."""
QUALITIES = ("attributes.color", "attributes.audience", "attributes.country", "attributes.material")
"""The same, whatever else the word can mean."""
MAKER = re.compile(
    r"(?:出自|作者是|导演是|主演是|品牌是|牌子是)[《“]?([^\s，。；、《》“”]{2})|"
    r"\b(?:(?:made|written|directed|sung|designed|sold|published) )?(?:by|from) ([A-Z][\w'’]+)"
)
"""Who made it, by the first of their name."""
POSSESSIVE = re.compile(r"['’]s?$")
SHORTEST_TITLE = 3
"""Titles of fewer characters are words too often to be looked for without quotation marks."""


def strange_titles(line: str, source: str, others: Sequence[str]) -> Iterator[Violation]:
    """Quoted titles that the source lacks, and titles of other items on the slate."""
    for match in TITLE.finditer(line):
        if fold(match[1].strip("，。,.")) not in source:
            yield Violation("title", match[1])
    folded = fold(line)
    for title in others:
        name = fold(title)
        if len(name) >= SHORTEST_TITLE and holds(folded, name) and not holds(source, name):
            yield Violation("title", title)


def strange_names(line: str, source: str, vocabulary: Vocabulary, common: Collection[str]) -> Iterator[Violation]:
    """Names, materials, countries and the like that the catalogue knows and the source lacks, and makers that it lacks.

    `common` words are no names. Colours and kinds of people are left to `strange_kinds`, which knows their synonyms.
    """
    for token, found in vocabulary.phrases(line):
        quality = any(facet.field in QUALITIES for facet in found)
        # "beyond" is a word, "Beyond" a band
        name = token.han or token.text[0].isupper()
        name &= any(facet.field in NAMES for facet in found)
        name &= all(facet.field.startswith(("attributes.", *NAMES)) for facet in found)
        said = (POSSESSIVE.sub("", fold(token.text)), *(facet.value for facet in found))
        # "Nobody" at the start is no band, and "to be clear" no colour
        plain = not token.han and (token.norm in common or fold(token.text) in stop_words())
        told = (quality or name) and not plain and not _is_of_a_kind(token.text)
        if told and not any(holds(source, words) for words in said):
            yield Violation("name", token.text)
    for match in MAKER.finditer(line):
        if fold(match[1] or match[2]) not in source:
            yield Violation("name", match[1] or match[2])


def strange_kinds(line: str, source: str) -> Iterator[Violation]:
    """Colours and kinds of people (women, children) that the source has by none of their words."""
    folded = fold(line)
    for kind, said, has in _groups():
        found = said.search(folded)
        if found and not has.search(source):
            yield Violation(kind, found.group())


def _is_of_a_kind(text: str) -> bool:
    return any(said.search(fold(text)) for _, said, _ in _groups())


@lru_cache(maxsize=1)
def _groups() -> Sequence[tuple[str, re.Pattern[str], re.Pattern[str]]]:
    """(colour or audience, how it is said, all words by which a source may have it)."""
    kinds: Mapping[str, Sequence[Mapping[str, str]]] = read_json("bot.phrasing", "kinds.json")
    found = []
    for kind, groups in kinds.items():
        for group in groups:
            said = rf"{group['zh']}|\b(?:{group['en']})\b"
            found.append((kind, re.compile(said), re.compile(rf"{said}|{group['has']}")))
    return found
