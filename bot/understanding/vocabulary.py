"""What the catalogue's own words mean: learnt from its facets at import, not from a list in the code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bot.understanding.lexicon import Lexicon
from bot.understanding.names import Line, Names, units
from bot.understanding.spelling import Spelling
from bot.understanding.turn import Facet
from retrieval.catalogue import Catalogue
from retrieval.lexical import LexicalIndex
from retrieval.segment import HAN, Segmenter, Token, fold, phrase_norm

LONGEST_PHRASE = 5
PREPOSITIONS = frozenset(("for", "of", "with", "in", "at", "on", "from", "to", "by", "about"))
DOMAIN_PURITY = 0.8
"""A category word implies a domain when at least this share of its items lie in it."""
MAIN_SENSE = 0.4
"""Share of all items that a category word says anything of which must lie in the domain that it implies."""


class Vocabulary:
    """Phrases of the catalogue (any language) and the facets they stand for.

    Looked up by dictionary, so a message costs its own length, whatever the catalogue's size.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.segmenter = Segmenter()
        self._lexicon = Lexicon(catalogue, self.segmenter)
        self._counts: dict[Facet, Counter[str]] = {}
        self._implied: dict[str, str] = {}
        self._having: dict[str, frozenset[str]] = {}
        self._categories: dict[str, tuple[Facet, ...]] = {}

    # -- names

    @cached_property
    def titles(self) -> Names:
        """The items' titles, in every language."""
        return Names(
            (title, position)
            for position, item in enumerate(self.catalogue.items)
            for title in {item.title, *(str(words.get("title", "")) for words in item.i18n.values())}
            if title
        )

    @cached_property
    def creator_values(self) -> tuple[str, ...]:
        """The folded brands, authors, directors …; `creators` speaks of places in it."""
        return tuple(self.catalogue.facets.get("brand", {}))

    @cached_property
    def creators(self) -> Names:
        """Brands, authors, directors …, whole, one by one and by surname."""
        return Names((name, i) for i, value in enumerate(self.creator_values) for name in creator_names(value))

    @cached_property
    def spelling(self) -> Spelling:
        """The English words of the catalogue."""
        words = Counter(self._lexicon.weights)
        for name in (*self.titles.words(), *self.creators.words()):
            words[name] += 1
        return Spelling(words.items())

    # -- meaning

    def facets(self, norm: str) -> tuple[Facet, ...]:
        """What a normal form stands for in the catalogue; nothing if it is no word of it."""
        return self._lexicon.facets.get(norm, ())

    def domain(self, norm: str) -> str:
        """The domain that a word names or implies; empty if none.

        A phrase is of the domain that its last word names (流行音乐, sci-fi film); a category implies the domain
        in which nearly all that is called so lies.
        """
        if named := self.names_domain(norm):
            return named
        kinds = [facet for facet in self.facets(norm) if facet.field == "category"]
        if not kinds:
            return ""
        if norm not in self._implied:
            within = (
                facet
                for kind in dict.fromkeys((norm, *(f.value for f in kinds)))
                for facet in self.categories_with(kind)
            )
            self._implied[norm] = self._purest(kinds, [*self.facets(norm), *within])
        return self._implied[norm]

    def _purest(self, kinds: Sequence[Facet], facets: Sequence[Facet]) -> str:
        """The domain of nearly all items of the kinds, if it has most of what the word says anything of, too."""
        counts: Counter[str] = sum((self.counts(facet) for facet in kinds), Counter())
        name, most = counts.most_common(1)[0]
        told = np.unique(np.concatenate([self.positions(facet) for facet in facets]))
        inside = int(self.catalogue.in_domain(name)[told].sum())
        return name if most >= DOMAIN_PURITY * counts.total() and inside >= MAIN_SENSE * len(told) else ""

    def names_domain(self, norm: str) -> str:
        """The domain that a word, or a phrase's last word, is a name of; empty if none."""
        heads = [norm, _head_word(norm), norm[-2:] if HAN.search(norm) else norm]
        return next((self._lexicon.domains[head] for head in heads if head in self._lexicon.domains), "")

    def is_narrower(self, norm: str) -> bool:
        """Whether a Chinese word for a domain says more than its head, which is one, too (网课: 课)."""
        domains = self._lexicon.domains
        return norm in domains and any(domains.get(norm[-n:]) == domains[norm] for n in (1, 2) if len(norm) > n)

    @property
    def domain_names(self) -> frozenset[str]:
        """All words that name a domain, as normal forms, and the domains' own names."""
        return frozenset((*self._lexicon.domains, *self.catalogue.domains))

    def counts(self, facet: Facet) -> Counter[str]:
        """How many items of each domain have a facet."""
        if facet not in self._counts:
            positions = self.positions(facet)
            found = np.bincount(self.catalogue.domain_codes[positions], minlength=len(self.catalogue.domains))
            self._counts[facet] = Counter(
                {name: int(n) for name, n in zip(self.catalogue.domains, found, strict=True) if n}
            )
        return self._counts[facet]

    def positions(self, facet: Facet) -> npt.NDArray[np.int64]:
        """Sorted positions of the items that have a facet (or a title)."""
        if facet.field == "title":
            return np.asarray(self.titles.whole(facet.value), dtype=np.int64)
        none = np.empty(0, dtype=np.int64)
        found = self.catalogue.facets.get(facet.field, {}).get(facet.value, none)
        return np.asarray(found, dtype=np.int64)

    def domains(self, facets: Sequence[Facet]) -> frozenset[str]:
        """The domains that have any of the facets."""
        return frozenset(name for facet in facets for name in self.counts(facet))

    def domains_with(self, field: str) -> frozenset[str]:
        """The domains that have anything with a field."""
        if field not in self._having:
            self._having[field] = self._named(self.catalogue.domain_codes[self.catalogue.has(field)])
        return self._having[field]

    def _named(self, codes: npt.NDArray[np.int64]) -> frozenset[str]:
        return frozenset(self.catalogue.domains[code] for code in np.unique(codes))

    @cached_property
    def lexical(self) -> LexicalIndex:
        """Where the catalogue's words stand. Slow to build: where there is a shelf, it shares this one."""
        return LexicalIndex(self.catalogue, self.segmenter)

    def domains_titled(self, norm: str) -> frozenset[str]:
        """The domains that have a word in a title."""
        return self._named(self.catalogue.domain_codes[self.lexical.titled(norm)])

    def titled(self, facets: Sequence[Facet]) -> list[int]:
        """Positions of the items that are called so."""
        return [int(place) for facet in facets if facet.field == "title" for place in self.positions(facet)]

    def titles_at(self, position: int) -> tuple[Facet, ...]:
        """An item's titles as facets."""
        item = self.catalogue.items[position]
        shown = (item.title, *(str(words.get("title", "")) for words in item.i18n.values()))
        return tuple(Facet("title", fold(title)) for title in dict.fromkeys(shown) if title)

    def categories_with(self, value: str) -> tuple[Facet, ...]:
        """The categories that hold a folded value as part."""
        if value not in self._categories:
            names = self.catalogue.facets.get("category", {})
            self._categories[value] = tuple(Facet("category", name) for name in names if is_part(value, name))
        return self._categories[value]

    def brands_at(self, position: int) -> tuple[str, ...]:
        """An item's brand, folded, in every language."""
        item = self.catalogue.items[position]
        shown = (item.brand, *(str(words.get("brand", "")) for words in item.i18n.values()))
        return tuple(dict.fromkeys(fold(brand) for brand in shown if brand))

    # -- reading

    def words(self, tokens: Sequence[Token]) -> Iterator[tuple[Token, tuple[Facet, ...]]]:
        """Words, the longest catalogue phrases joined into one each, and what they mean; titles are not looked for."""
        i = 0
        while i < len(tokens):
            longest = min(LONGEST_PHRASE, self._lexicon.longest.get(tokens[i].norm, 1), len(tokens) - i)
            for length in range(longest, 0, -1):
                run = tokens[i : i + length]
                norm = phrase_norm(run)
                if length == 1 or (_adjacent(run) and norm in self._lexicon.facets):
                    text = run[0].text if length == 1 else phrase_text(run)
                    yield Token(text, norm, run[0].start, run[-1].end), self.facets(norm)
                    i += length
                    break

    def phrases(self, text: str) -> Iterator[tuple[Token, tuple[Facet, ...]]]:
        """A text's words, the longest catalogue phrases and whole titles joined into one each, and what they mean.

        A title with a category in it (品牌T恤), or one that is a word of the catalogue, is no name.
        """
        tokens = self.segmenter.tokens(text)
        said = units(text)
        line = Line(said)
        starts = {unit.start: i for i, unit in enumerate(said)}
        ends = {token.end for token in tokens}
        titled: list[Token] = []
        for token in tokens:
            if token.start in starts and not (titled and token.start < titled[-1].end):
                end = self._title_end(line, starts[token.start])
                if end in ends:
                    words = [t for t in tokens if token.start <= t.start and t.end <= end]
                    name = text[token.start : end]
                    if self.is_name(words):
                        titled.append(Token(name, phrase_norm(words), token.start, end))
        free = [t for t in tokens if not any(n.start <= t.start < n.end for n in titled)]
        found = [(name, (Facet("title", fold(name.text)), *self.facets(name.norm))) for name in titled]
        for run in _runs(free, titled):
            found += [(Token(text[t.start : t.end], t.norm, t.start, t.end), facets) for t, facets in self.words(run)]
        yield from sorted(found, key=lambda pair: pair[0].start)

    def _title_end(self, line: Line, start: int) -> int:
        found = self.titles.at(line, start)
        return line.units[found.end - 1].end if found and found.how == "whole" and len(found.key.strip()) > 1 else -1

    def is_name(self, words: Sequence[Token]) -> bool:
        """Whether words, as a title, name a thing rather than describe it."""
        norm = phrase_norm(words)
        if any(f.field in ("category", "tags", "domain") for f in self.facets(norm)):
            return False
        return not any(f.field == "category" for _, facets in self.words(words) for f in facets)

    def is_choice(self, field: str) -> bool:
        """Whether an attribute is a choice between a few values that can be said in a word or two."""
        return field in self._lexicon.choices


def creator_names(value: str) -> Iterator[str]:
    """The names by which a folded brand or person is called: whole, each of several, and by surname."""
    yield value
    for person in (part.strip() for part in _split(value.partition("(")[0]) if part.strip()):
        if person != value:
            yield person
        for mark in ("·", "・", "•"):
            if mark in person:
                yield person.rpartition(mark)[2]
        surname = person.rpartition(" ")[2]
        if surname != person and person.isascii() and len(surname) > 3 and person.count(" ") <= 2:
            yield surname


def _split(value: str) -> list[str]:
    for mark in ("、", "，", ";", "/", "&", " and "):
        value = value.replace(mark, ",")
    return value.split(",")


def _head_word(norm: str) -> str:
    """The noun that an English phrase is at bottom: the last word before a preposition (cooking for one)."""
    words = norm.split(" ")
    place = next((i for i, word in enumerate(words) if word in PREPOSITIONS), len(words))
    return words[place - 1] if place else ""


def phrase_text(run: Sequence[Token]) -> str:
    """Neighbouring words as they stood, with a space where there was room for one."""
    out = run[0].text
    for before, token in pairwise(run):
        out += " " * (token.start - before.end) + token.text
    return out


def is_part(value: str, other: str) -> bool:
    """Whether a folded value is part of another: Chinese ones anywhere, English ones as whole words."""
    if value == other or len(value) < 2:
        return False
    if HAN.search(value):
        return value in other
    return f" {value} " in f" {other.replace('-', ' ').replace(',', ' ')} "


def _adjacent(run: Sequence[Token]) -> bool:
    return all(b.start - a.end <= 1 for a, b in pairwise(run))


def _runs(tokens: Sequence[Token], breaks: Sequence[Token]) -> Iterator[list[Token]]:
    """Tokens in stretches that no break stands between."""
    run: list[Token] = []
    for token in tokens:
        if run and any(run[-1].end <= b.start < token.start for b in breaks):
            yield run
            run = []
        run.append(token)
    if run:
        yield run
