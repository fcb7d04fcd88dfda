"""What is said of audience, level, season and colour, in whatever words, as values of this catalogue's attributes.

`data/concepts.json` knows the language: "for my 5-year-old" means children, 藏青 is navy. Which attribute speaks of an
audience or a colour, and by which values, is learnt from the catalogue: an attribute belongs to a family (audience …)
when most of its values are words of that family.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.understanding.attributes import read_data
from bot.understanding.cues import lowered, pattern
from bot.understanding.turn import Facet
from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, simplified

PEOPLE = "audience"
FAMILY_SHARE = 0.5
"""Share of an attribute's values (by items) that must be words of a family."""
MOST_VALUES = 500
"""An attribute with more values than this is none of a family."""
COVERAGE = 0.1
"""Share of a domain's items that must have the attribute for a word to be meant of it there."""
TO_PEOPLE = re.compile(
    r"(?:给|送|帮|为|替|陪|带|和|跟|适合|我|我家|咱|俺)(?:我们|我家|我|咱|自己|家里)?的?(?:一个|个)?"
    r"(?:\d+|[一二两三四五六七八九十]+)?(?:多)?岁?(?:大)?的?(?:小|老)?$"
)
TO_PEOPLE_EN = re.compile(
    r"\b(?:(?:for|with|suits?|suitable for|to give|gift to)(?: (?:my|our|a|an|the|his|your|some))?|my|our)"
    r"(?: (?:\w+[- ]){0,3}| \d+[- ](?:years?[- ]old ?|yo ?|months?[- ]old ?)?)?\s?$"
)
"""What stands before a person for whom something is wanted."""


AGE = re.compile(
    r"(?:(?:\d+|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))[- ]?"
    r"|(?:\d+|[一二三四五六七八九十]+)多?岁半?(?:大)?的?)$"
)


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that can be meant. `words`: meant wherever said; `people`: only as those for whom something is.

    `values`: what its values in a catalogue hold; `otherwise`: what suits where there are none; `unlike`: what a value
    of it does not hold.
    """

    family: str
    name: str
    words: tuple[str, ...]
    people: tuple[str, ...]
    values: tuple[str, ...]
    otherwise: tuple[str, ...]
    unlike: tuple[str, ...]

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Concept:
        """From JSON."""
        lists = (tuple(raw[name]) for name in ("words", "people", "values", "otherwise", "unlike"))
        return cls(raw["family"], raw["name"], *lists)


@dataclass(frozen=True, slots=True)
class Meant:
    """A concept said in a text, as facets of one attribute: an item has to have one of them."""

    start: int
    end: int
    facets: tuple[Facet, ...]


class Concepts:
    """The concepts that a catalogue has attributes for. Read-only once built."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        concepts = [Concept.read(raw) for raw in read_data("concepts.json")]
        self.fields: dict[str, tuple[str, ...]] = {
            family: tuple(_fields_of(catalogue, [c for c in concepts if c.family == family]))
            for family in dict.fromkeys(concept.family for concept in concepts)
        }
        self._values: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._words: dict[str, list[Concept]] = {}
        self._people: dict[str, list[Concept]] = {}
        for concept in concepts:
            for field in self.fields[concept.family]:
                values = catalogue.facets[field]
                meant = tuple(v for v in values if _holds(v, concept.values) and not _holds(v, concept.unlike))
                near = tuple(v for v in values if _holds(v, concept.otherwise) and v not in meant)
                if meant or near:
                    self._values[concept.name, field] = meant, near
                    for said, words in ((self._words, concept.words), (self._people, concept.people)):
                        for word in words:
                            if concept not in said.setdefault(word, []):
                                said[word].append(concept)
        self._said = pattern(self._words)
        self._said_of = pattern(self._people)

    def is_of_family(self, field: str) -> bool:
        """Whether an attribute speaks of an audience, a level, a season or a colour."""
        return any(field in fields for fields in self.fields.values())

    def words(self) -> Collection[str]:
        """All words for the concepts that the catalogue has."""
        return {*self._words, *self._people}

    def find(self, text: str, domains: Collection[str], words: Sequence[tuple[int, int]] = ()) -> list[Meant]:
        """What a text says of the concepts, where the talk is of these domains (of any, for none).

        `words`: longer words of the catalogue (儿童文学, green tea), within which nothing is said of them.
        """
        plain = lowered(simplified(text))
        found = [(m.start(), m.end(), self._words[m.group()]) for m in self._said.finditer(plain)]
        for match in self._said_of.finditer(plain):
            before = plain[: match.start()]
            if TO_PEOPLE.search(before[-14:]) or TO_PEOPLE_EN.search(before[-40:]):
                aged = AGE.search(before)
                found.append((aged.start() if aged else match.start(), match.end(), self._people[match.group()]))
        found = [hit for hit in found if not (plain[hit[1] : hit[1] + 1] == "了" and hit[2][0].family == "level")]
        out: list[Meant] = []
        for start, end, concepts in sorted(found, key=lambda hit: (hit[0], -hit[1])):
            if out and start < out[-1].end:
                continue
            if any(a <= start and end <= b and b - a > end - start for a, b in words):
                continue
            facets = next((f for concept in concepts if (f := self._facets(concept, domains))), ())
            if facets:
                out.append(Meant(start, end, facets))
        return out

    def _facets(self, concept: Concept, domains: Collection[str]) -> tuple[Facet, ...]:
        """The values that are meant, of the attribute that most items of the domains have."""
        fields = [field for field in self.fields[concept.family] if (concept.name, field) in self._values]
        ranked = sorted(fields, key=lambda field: -self._coverage(field, domains))
        for field in ranked:
            if domains and self._coverage(field, domains) < COVERAGE:
                break
            meant, near = self._values[concept.name, field]
            chosen = self._present(field, meant, domains)
            if not chosen and concept.family != PEOPLE:
                # what is for the whole family is no answer to "for my dad": to limit by it would hide the rest
                chosen = self._present(field, near, domains) or meant
            if chosen:
                return tuple(Facet(field, value) for value in chosen)
        return ()

    def _coverage(self, field: str, domains: Collection[str]) -> float:
        """Share of the domains' items that have the attribute."""
        has = self._catalogue.has(field)
        inside = np.zeros(len(has), dtype=np.bool_)
        for name in domains:
            inside |= self._catalogue.in_domain(name)
        return float(has[inside].mean()) if inside.any() else float(has.mean())

    def _present(self, field: str, values: Sequence[str], domains: Collection[str]) -> tuple[str, ...]:
        """The values that any item of the domains has."""
        if not domains:
            return tuple(values)
        codes = {self._catalogue.domains.index(name) for name in domains if name in self._catalogue.domains}
        of_field = self._catalogue.facets[field]
        return tuple(v for v in values if codes & set(self._catalogue.domain_codes[of_field[v]].tolist()))


def _fields_of(catalogue: Catalogue, concepts: Sequence[Concept]) -> list[str]:
    """The attributes most of whose values are words of the concepts."""
    patterns = [p for concept in concepts for p in (*concept.values, *concept.otherwise)]
    found = []
    for field, values in catalogue.facets.items():
        if field.startswith("attributes.") and 0 < len(values) <= MOST_VALUES:
            items = sum(len(positions) for positions in values.values())
            alike = sum(len(positions) for value, positions in values.items() if _holds(value, patterns))
            if alike >= FAMILY_SHARE * items:
                found.append(field)
    return found


def _holds(value: str, patterns: Sequence[str]) -> bool:
    """Whether a folded value holds one of the words: Chinese ones anywhere, English ones as words."""
    words = f" {re.sub(r'[^a-z0-9]+', ' ', value)} "
    return any(p in value if HAN.search(p) else f" {p.replace('-', ' ')} " in words for p in patterns)
