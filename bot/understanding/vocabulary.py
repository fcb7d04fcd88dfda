"""What the catalogue's own words mean: learnt from its facets at import, not from a list in the code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Any

from bot.understanding.turn import Facet
from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, Segmenter, Token, fold, phrase_norm

LONGEST_PHRASE = 5
DOMAIN_PURITY = 0.8
"""A category word implies a domain when at least this share of its items lie in it."""
TERM_FIELDS = ("domain", "category", "brand", "tags")


class Vocabulary:
    """Phrases of the catalogue (any language) and the facets they stand for.

    Looked up by dictionary, so a message costs its own length, whatever the catalogue's size.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.segmenter = Segmenter()
        self._facets: dict[str, tuple[Facet, ...]] = {}
        self._titles: dict[str, list[int]] = {}
        self._domain_words: dict[str, str] = {}
        self._domains: dict[Facet, Counter[str]] = {}
        known = [
            (Facet(name, value), positions)
            for name, values in catalogue.facets.items()
            if name in TERM_FIELDS or name.startswith("attributes.")
            for value, positions in values.items()
        ]
        domain_words = list(_domain_words(catalogue))
        for facet, _ in known:
            self.segmenter.add(facet.value)
        for word, _ in domain_words:
            self.segmenter.add(word)
        titles = [(Facet("title", fold(title)), position) for position, title in self._names(catalogue)]
        for facet, _ in titles:
            self.segmenter.add_new(facet.value)
        for facet, position in titles:
            self._learn(facet.value, facet)
            self._titles.setdefault(facet.value, []).append(position)
            self._domains.setdefault(facet, Counter())[catalogue.items[position].domain] += 1
        for facet, positions in known:
            self._learn(facet.value, facet)
            self._domains[facet] = Counter(catalogue.domains[code] for code in catalogue.domain_codes[positions])
        self._link_synonyms()
        for word, name in domain_words:
            self._learn(word, Facet("domain", fold(name)))
            self._domain_words[self._norm(word)] = name

    def _names(self, catalogue: Catalogue) -> Iterator[tuple[int, str]]:
        """(position, title) in every language. A title with a category word in it (品牌T恤) is no name."""
        kinds = {self._norm(value) for value in catalogue.facets.get("category", {})}
        kinds |= {kind.removesuffix("s") for kind in kinds}
        words = kinds | {self._norm(value) for value in catalogue.facets.get("tags", {})}
        for position, item in enumerate(catalogue.items):
            for title in {item.title, *(str(words_of.get("title", "")) for words_of in item.i18n.values())}:
                norm = self._norm(title)
                parts = {token.norm for token in self.segmenter.tokens(title)} | set(_runs(norm))
                if len(norm) > 1 and norm not in words and not parts & kinds:
                    yield position, title

    def _norm(self, text: str) -> str:
        return phrase_norm(self.segmenter.tokens(text))

    def _learn(self, words: str, facet: Facet) -> None:
        norm = self._norm(words)
        if norm and facet not in self._facets.get(norm, ()):
            self._facets[norm] = (*self._facets.get(norm, ()), facet)

    def _link_synonyms(self) -> None:
        """What one word of a group means in this catalogue, the others mean too."""
        for group in _read("synonyms.json"):
            norms = [self._norm(word) for word in group]
            shared = tuple(dict.fromkeys(f for norm in norms for f in self._facets.get(norm, ()) if f.field != "title"))
            for word, norm in zip(group, norms, strict=True):
                if shared:
                    self.segmenter.add(word)
                    self._facets[norm] = tuple(dict.fromkeys((*self._facets.get(norm, ()), *shared)))

    def facets(self, norm: str) -> tuple[Facet, ...]:
        """What a normal form stands for in the catalogue; nothing if it is no word of it."""
        return self._facets.get(norm, ())

    def domain(self, norm: str) -> str:
        """The domain that a word names or implies; empty if none.

        A phrase is of the domain that its last word names (流行音乐, sci-fi film); a category implies the domain
        in which nearly all that is called so lies.
        """
        heads = [norm, norm.rpartition(" ")[2], norm[-2:] if HAN.search(norm) else norm]
        named = next((self._domain_words[head] for head in heads if head in self._domain_words), "")
        if named:
            return named
        facets = self.facets(norm)
        if not any(facet.field == "category" for facet in facets):
            return ""
        counts: Counter[str] = sum((self._domains.get(facet, Counter()) for facet in facets), Counter())
        name, most = counts.most_common(1)[0]
        return name if most >= DOMAIN_PURITY * counts.total() else ""

    def domains(self, facets: Sequence[Facet]) -> frozenset[str]:
        """The domains that have any of the facets."""
        return frozenset(name for facet in facets for name in self._domains.get(facet, ()))

    def titled(self, facets: Sequence[Facet]) -> list[int]:
        """Positions of the items that are called so."""
        return [place for facet in facets if facet.field == "title" for place in self._titles.get(facet.value, ())]

    def phrases(self, text: str) -> Iterator[tuple[Token, tuple[Facet, ...]]]:
        """A text's words, the longest catalogue phrases joined into one each, and what they mean."""
        tokens = self.segmenter.tokens(text)
        i = 0
        while i < len(tokens):
            for length in range(min(LONGEST_PHRASE, len(tokens) - i), 0, -1):
                run = tokens[i : i + length]
                norm = phrase_norm(run)
                if length == 1 or (self._adjacent(run) and norm in self._facets):
                    start, end = run[0].start, run[-1].end
                    yield Token(text[start:end], norm, start, end), self.facets(norm)
                    i += length
                    break

    @staticmethod
    def _adjacent(run: Sequence[Token]) -> bool:
        return all(b.start - a.end <= 1 for a, b in pairwise(run))


def _runs(norm: str) -> Iterator[str]:
    """All runs of words in an English phrase."""
    words = norm.split(" ")
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_PHRASE, len(words)) + 1):
            yield " ".join(words[start:end])


def _domain_words(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(word, domain) for the domains that this catalogue has; a domain's own name is one of its words."""
    raw: Mapping[str, list[str]] = _read("domains.json")
    for name in catalogue.domains:
        yield name, name
        for word in raw.get(fold(name), ()):
            yield word, name


def _read(name: str) -> Any:
    return json.loads(files("bot.understanding").joinpath(f"data/{name}").read_text(encoding="utf-8"))
