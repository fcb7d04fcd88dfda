"""Which phrases a catalogue's facets are called by: learnt once, from its values and the synonyms for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from bot.understanding.attributes import read_data
from bot.understanding.domain_words import domain_words
from bot.understanding.turn import Facet
from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, Segmenter, Token, fold, phrase_norm, stop_words

TERM_FIELDS = ("domain", "category", "brand", "tags")
GENERAL = 0.3
"""A word that is in more than this share of an attribute's values says nothing of them."""
LONGEST_PART = 4
"""Words of the longest value whose last word may stand for it."""
LONGEST_VALUE = 24
"""Characters of the longest attribute value that anybody would say."""
MOST_VALUES = 400
"""An attribute with more values than this is no choice between a few."""
VERBS = frozenset("说练跑走跳打写画唱弹拍骑游爬种养煮炒烤炖蒸泡洗睡坐站动")
"""Characters that end the names of kinds (小说, 跑步) and by themselves say what is done."""
ENDINGS = frozenset("子儿头品类具物件")
"""Characters that end nouns and say nothing of what is named."""
OF_SWITCHES = frozenset(
    (
        "required",
        "included",
        "includes",
        "available",
        "allowed",
        "allows",
        "friendly",
        "safe",
        "accessible",
        "free",
        "option",
        "options",
        "need",
        "needed",
        "needs",
        "own",
    )
)
"""Words in the names of yes/no attributes that do not say what they are about (deposit_required, pet_friendly)."""
SHORTENED = 4
"""Characters of the names that have a short form of the first and the third."""
WHOLE = 0.6
"""A kind with this share of a domain's items is called as the domain is."""
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
        self._learn_short_forms({word for word, _ in called})
        self._link_synonyms()
        for word, name in called:
            norm = phrase_norm(segmenter.tokens(word))
            if norm and norm not in self.domains:
                if not self._names_a_kind(norm, name):
                    self._learn(word, Facet("domain", fold(name)))
                self.domains[norm] = name
        self._learn_parts()
        self._learn_characters()

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
                words |= {part for part in parts - OF_SWITCHES if len(part) > 2 and part not in stop_words()}
                opposites = {w for g in groups if parts & set(g["names"]) for w in g.get("opposites", ())}
                for said, value in ((words, YES), (opposites, NO)):
                    for word in said:
                        self.segmenter.add(word)
                        self._learn(word, Facet(field, value))

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

    def _learn_short_forms(self, called: Collection[str]) -> None:
        """The usual short form of a kind's name of four characters: 青旅 for 青年旅舍.

        A word that people know otherwise is none, unless it is one that the domain is `called` by.
        """
        for value in self.catalogue.facets.get("category", {}):
            if len(value) == SHORTENED and all(HAN.match(char) for char in value):
                short = value[0] + value[2]
                if short not in self.facets and (short in called or not self.segmenter.is_common(short)):
                    self.segmenter.add(short)
                    self._learn(short, Facet("category", value))

    def _names_a_kind(self, norm: str, domain: str) -> bool:
        """Whether a word for a domain is first the name of a kind in it (hostel among hotels), so no whole domain."""
        kinds = self.catalogue.facets.get("category", {})
        places = [kinds[facet.value] for facet in self.facets.get(norm, ()) if facet.field == "category"]
        inside = self.catalogue.in_domain(domain)
        return bool(places) and inside[np.concatenate(places)].sum() < WHOLE * inside.sum()

    def _learn_characters(self) -> None:
        """One character by which people call a kind: 锅 for 锅具, 操 for 老年操, if only one domain has such kinds."""
        kinds = self.catalogue.facets.get("category", {})
        found: dict[str, list[Facet]] = {}
        for value in kinds:
            if 1 < len(value) <= LONGEST_PART and all(HAN.match(char) for char in value):
                for char in {value[-1], *(value[0] if len(value) == 2 else "")}:
                    found.setdefault(char, []).append(Facet("category", value))
        for char, facets in found.items():
            codes = self.catalogue.domain_codes[np.concatenate([kinds[facet.value] for facet in facets])]
            if (
                char not in VERBS | ENDINGS
                and char not in stop_words()
                and char not in self.facets
                and len(np.unique(codes)) == 1
            ):
                self.facets[char] = tuple(facets)

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
