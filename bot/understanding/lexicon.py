"""Which phrases a catalogue's facets are called by: learnt once, from its values and the synonyms for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.understanding.attributes import read_data
from bot.understanding.domain_words import domain_words
from bot.understanding.turn import Facet
from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, Segmenter, Token, fold, phrase_norm

TERM_FIELDS = ("domain", "category", "brand", "tags")
GENERAL = 0.3
"""A word that is in more than this share of an attribute's values says nothing of them."""
LONGEST_PART = 4
"""Words of the longest value whose last word may stand for it."""
LONGEST_VALUE = 24
"""Characters of the longest attribute value that anybody would say."""
MOST_VALUES = 400
"""An attribute with more values than this is no choice between a few."""
YES, NO = "true", "false"


class Lexicon:
    """Phrases as normal forms and what they stand for.

    Attributes:
        facets: phrase → facets.
        longest: a phrase's first word → how many words the longest such phrase has.
        domains: phrase → the domain that it names.
        weights: English word (folded) → how much the catalogue speaks of it.
        choices: attributes that are a choice between a few values which can be said in a word or two.
    """

    def __init__(self, catalogue: Catalogue, segmenter: Segmenter) -> None:
        self.catalogue = catalogue
        self.segmenter = segmenter
        self.facets: dict[str, tuple[Facet, ...]] = {}
        self.longest: dict[str, int] = {}
        self.domains: dict[str, str] = {}
        self.weights: Counter[str] = Counter()
        self.choices = _choices(catalogue)
        known = list(_known(catalogue))
        called = list(domain_words(catalogue))
        for facet, _ in known:
            segmenter.add(facet.value)
        for word, _ in called:
            segmenter.add(word)
        for facet, count in known:
            self._learn(facet.value, facet, count)
        self._learn_switches()
        self._link_synonyms()
        for word, name in called:
            norm = phrase_norm(segmenter.tokens(word))
            if norm and norm not in self.domains:
                self._learn(word, Facet("domain", fold(name)))
                self.domains[norm] = name
        self._learn_parts()

    def _learn(self, words: str, facet: Facet, count: int = 1) -> None:
        tokens = self.segmenter.tokens(words)
        norm = phrase_norm(tokens)
        if norm and facet not in self.facets.get(norm, ()):
            self.facets[norm] = (*self.facets.get(norm, ()), facet)
            self._note_length(tokens)
        for token in tokens:
            if token.text.isascii():
                self.weights[fold(token.text)] += count

    def _note_length(self, tokens: Sequence[Token]) -> None:
        """How many words the longest phrase that begins so has."""
        first = tokens[0].norm
        self.longest[first] = max(len(tokens), self.longest.get(first, 1))

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
        own = dict(self.facets)
        groups = read_data("synonyms.json")
        literal = {fold(word) for group in groups for word in group}
        for group in groups:
            read = [self.segmenter.tokens(word) for word in group]
            norms = [phrase_norm(tokens) for tokens in read]
            shared = tuple(
                dict.fromkeys(
                    facet
                    for word, norm in zip(group, norms, strict=True)
                    for facet in own.get(norm, ())
                    if facet.field != "brand" and not _is_other_word(fold(word), facet.value)
                )
            )
            for word, norm, tokens in zip(group, norms, read, strict=True):
                if shared and not (norm in literal and _is_other_word(fold(word), norm)):
                    self.segmenter.add(word)
                    self._note_length(tokens)
                    self.facets[norm] = tuple(dict.fromkeys((*self.facets.get(norm, ()), *shared)))
                    self.weights.update(fold(t.text) for t in tokens if t.text.isascii())

    def _learn_parts(self) -> None:
        """A word that values of a choice end in (中国香港, mulberry silk) stands for them, if it means nothing else.

        An English one has to be the end of two values, for there a last word may be any ("solo piece").
        """
        for field in sorted(self.choices):
            ends: dict[str, list[Facet]] = {}
            for value in self.catalogue.facets[field]:
                tokens = self.segmenter.content(value)
                if 1 < len(tokens) <= LONGEST_PART or (tokens and tokens[-1].text != value):
                    ends.setdefault(tokens[-1].norm, []).append(Facet(field, value))
            for norm, facets in ends.items():
                enough = len(norm) > 1 if HAN.search(norm) else len(norm) > 3 and len(facets) > 1
                if enough and norm not in self.facets and len(facets) <= max(2, GENERAL * len(ends)):
                    self.facets[norm] = tuple(facets)


def _known(catalogue: Catalogue) -> Iterator[tuple[Facet, int]]:
    """(facet, how many items have it) of every value that a message might name."""
    for name, values in catalogue.facets.items():
        if name in TERM_FIELDS or (name.startswith("attributes.") and not set(values) <= {YES, NO}):
            for value, positions in values.items():
                if len(value) <= LONGEST_VALUE or name in TERM_FIELDS:
                    yield Facet(name, value), len(positions)


def _choices(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(
        field
        for field, values in catalogue.facets.items()
        if field.startswith("attributes.")
        and len(values) <= MOST_VALUES
        and sum(map(len, values)) <= LONGEST_VALUE / 2 * len(values)
    )


def _is_other_word(word: str, value: str) -> bool:
    """Whether two English words only share a stem (light, lighting), which makes one no synonym of the other."""
    both = word.isalpha() and word.isascii() and value.isalpha() and value.isascii()
    return both and word.removesuffix("s").removesuffix("e") != value.removesuffix("s").removesuffix("e")
