"""What the catalogue's own words mean: learnt from its facets at import, not from a list in the code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

import numpy as np

from bot.understanding.turn import Facet
from retrieval.catalogue import Catalogue
from retrieval.segment import Segmenter, Token, fold, phrase_norm

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
        self._domain_of: dict[str, str] = {}
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
        for facet, positions in known:
            self._learn(facet.value, facet)
            if facet.field == "category":
                self._imply_domain(facet.value, positions, catalogue)
        for word, name in domain_words:
            self._learn(word, Facet("domain", fold(name)))
            self._domain_of[self._norm(word)] = name

    def _norm(self, text: str) -> str:
        return phrase_norm(self.segmenter.tokens(text))

    def _learn(self, words: str, facet: Facet) -> None:
        norm = self._norm(words)
        if norm and facet not in self._facets.get(norm, ()):
            self._facets[norm] = (*self._facets.get(norm, ()), facet)

    def _imply_domain(self, value: str, positions: np.ndarray, catalogue: Catalogue) -> None:
        codes, counts = np.unique(catalogue.domain_codes[positions], return_counts=True)
        if counts.max(initial=0) >= DOMAIN_PURITY * len(positions):
            self._domain_of[self._norm(value)] = catalogue.domains[int(codes[counts.argmax()])]

    def facets(self, norm: str) -> tuple[Facet, ...]:
        """What a normal form stands for in the catalogue; nothing if it is no word of it."""
        return self._facets.get(norm, ())

    def domain(self, norm: str) -> str:
        """The domain that a word names or implies; empty if none."""
        return self._domain_of.get(norm, "")

    def phrases(self, tokens: Sequence[Token]) -> Iterator[tuple[Token, tuple[Facet, ...]]]:
        """The tokens with the longest catalogue phrases joined into one token each, and what they mean."""
        i = 0
        while i < len(tokens):
            for length in range(min(LONGEST_PHRASE, len(tokens) - i), 0, -1):
                run = tokens[i : i + length]
                norm = phrase_norm(run)
                if length == 1 or (self._adjacent(run) and norm in self._facets):
                    text = _covered_text(run)
                    yield Token(text, norm, run[0].start, run[-1].end), self.facets(norm)
                    i += length
                    break

    @staticmethod
    def _adjacent(run: Sequence[Token]) -> bool:
        return all(b.start - a.end <= 1 for a, b in zip(run, run[1:], strict=False))


def _covered_text(run: Sequence[Token]) -> str:
    text = run[0].text
    for before, token in zip(run, run[1:], strict=False):
        text += " " * (token.start - before.end) + token.text
    return text


def _domain_words(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(word, domain) for the domains that this catalogue has; a domain's own name is one of its words."""
    raw: Mapping[str, list[str]] = json.loads(
        files("bot.understanding").joinpath("data/domains.json").read_text(encoding="utf-8")
    )
    for name in catalogue.domains:
        yield name, name
        for word in raw.get(fold(name), ()):
            yield word, name
