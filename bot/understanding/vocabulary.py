"""What the catalogue's own words mean: learnt from its facets at import, not from a list in the code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bot.understanding.attributes import read_data
from bot.understanding.domain_words import domain_words
from bot.understanding.names import Line, Names, units
from bot.understanding.spelling import Spelling
from bot.understanding.turn import Facet
from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, Segmenter, Token, fold, phrase_norm

LONGEST_PHRASE = 5
DOMAIN_PURITY = 0.8
"""A category word implies a domain when at least this share of its items lie in it."""
TERM_FIELDS = ("domain", "category", "brand", "tags")
LONGEST_VALUE = 24
"""Characters of the longest attribute value that anybody would say."""
MOST_VALUES = 400
"""An attribute with more values than this is no choice between a few."""
YES, NO = "true", "false"


class Vocabulary:
    """Phrases of the catalogue (any language) and the facets they stand for.

    Looked up by dictionary, so a message costs its own length, whatever the catalogue's size.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.segmenter = Segmenter()
        self._facets: dict[str, tuple[Facet, ...]] = {}
        self._longest: dict[str, int] = {}
        self._domain_words: dict[str, str] = {}
        self._weights: Counter[str] = Counter()
        self._counts: dict[Facet, Counter[str]] = {}
        self._categories: dict[str, tuple[Facet, ...]] = {}
        known = list(_known(catalogue))
        called = list(domain_words(catalogue))
        for facet, _ in known:
            self.segmenter.add(facet.value)
        for word, _ in called:
            self.segmenter.add(word)
        for facet, count in known:
            self._learn(facet.value, facet, count)
        self._learn_switches()
        self._link_synonyms()
        for word, name in called:
            norm = self._norm(word)
            if norm and norm not in self._domain_words:
                self._learn(word, Facet("domain", fold(name)))
                self._domain_words[norm] = name

    # -- building

    def _norm(self, text: str) -> str:
        return phrase_norm(self.segmenter.tokens(text))

    def _learn(self, words: str, facet: Facet, count: int = 1) -> None:
        tokens = self.segmenter.tokens(words)
        norm = phrase_norm(tokens)
        if norm and facet not in self._facets.get(norm, ()):
            self._facets[norm] = (*self._facets.get(norm, ()), facet)
            self._note_length(tokens)
        for token in tokens:
            if token.text.isascii():
                self._weights[fold(token.text)] += count

    def _note_length(self, tokens: Sequence[Token]) -> None:
        """How many words the longest phrase that begins so has."""
        first = tokens[0].norm
        self._longest[first] = max(len(tokens), self._longest.get(first, 1))

    def _learn_switches(self) -> None:
        """The words for yes/no attributes: their own names, and what general language calls them."""
        groups = read_data("yes_no.json")
        for field, values in self.catalogue.facets.items():
            if set(values) <= {YES, NO} and YES in values:
                name = field.removeprefix("attributes.").replace("_", " ").replace("-", " ").lower()
                parts = set(name.split())
                words = {name} | {
                    w for g in groups if parts & set(g["names"]) or name in g["names"] for w in g["words"]
                }
                for word in words:
                    self.segmenter.add(word)
                    self._learn(word, Facet(field, YES))

    def _link_synonyms(self) -> None:
        """What one word of a group means in this catalogue, the others mean too."""
        for group in read_data("synonyms.json"):
            read = [self.segmenter.tokens(word) for word in group]
            norms = [phrase_norm(tokens) for tokens in read]
            shared = tuple(dict.fromkeys(f for norm in norms for f in self._facets.get(norm, ()) if f.field != "brand"))
            for word, norm, tokens in zip(group, norms, read, strict=True):
                if shared:
                    self.segmenter.add(word)
                    self._note_length(tokens)
                    self._facets[norm] = tuple(dict.fromkeys((*self._facets.get(norm, ()), *shared)))
                    self._weights.update(fold(t.text) for t in tokens if t.text.isascii())

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
        words = Counter(self._weights)
        for name in (*self.titles.words(), *self.creators.words()):
            words[name] += 1
        return Spelling(words.items())

    # -- meaning

    def facets(self, norm: str) -> tuple[Facet, ...]:
        """What a normal form stands for in the catalogue; nothing if it is no word of it."""
        return self._facets.get(norm, ())

    def domain(self, norm: str) -> str:
        """The domain that a word names or implies; empty if none.

        A phrase is of the domain that its last word names (流行音乐, sci-fi film); a category implies the domain
        in which nearly all that is called so lies.
        """
        if named := self.names_domain(norm):
            return named
        facets = self.facets(norm)
        if not any(facet.field == "category" for facet in facets):
            return ""
        counts: Counter[str] = sum((self.counts(facet) for facet in facets), Counter())
        name, most = counts.most_common(1)[0]
        return name if most >= DOMAIN_PURITY * counts.total() else ""

    def names_domain(self, norm: str) -> str:
        """The domain that a word, or a phrase's last word, is a name of; empty if none."""
        heads = [norm, norm.rpartition(" ")[2], norm[-2:] if HAN.search(norm) else norm]
        return next((self._domain_words[head] for head in heads if head in self._domain_words), "")

    @property
    def domain_names(self) -> frozenset[str]:
        """All words that name a domain, as normal forms, and the domains' own names."""
        return frozenset((*self._domain_words, *self.catalogue.domains))

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
            longest = min(LONGEST_PHRASE, self._longest.get(tokens[i].norm, 1), len(tokens) - i)
            for length in range(longest, 0, -1):
                run = tokens[i : i + length]
                norm = phrase_norm(run)
                if length == 1 or (_adjacent(run) and norm in self._facets):
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
        return field in self._choices

    @cached_property
    def _choices(self) -> frozenset[str]:
        return frozenset(
            field
            for field, values in self.catalogue.facets.items()
            if field.startswith("attributes.")
            and len(values) <= MOST_VALUES
            and sum(map(len, values)) <= LONGEST_VALUE / 2 * len(values)
        )


def creator_names(value: str) -> Iterator[str]:
    """The names by which a folded brand or person is called: whole, each of several, and by surname."""
    yield value
    people = [part.strip() for part in _split(value) if part.strip()]
    for person in people:
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


def _known(catalogue: Catalogue) -> Iterator[tuple[Facet, int]]:
    """(facet, how many items have it) of every value that a message might name."""
    for name, values in catalogue.facets.items():
        if name in TERM_FIELDS or (name.startswith("attributes.") and not set(values) <= {YES, NO}):
            for value, positions in values.items():
                if len(value) <= LONGEST_VALUE or name in TERM_FIELDS:
                    yield Facet(name, value), len(positions)


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
