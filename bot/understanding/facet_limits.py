"""Limits that are texts: colour, audience, level, season, material, creator … of which an item must have one value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bot.understanding.concepts import COVERAGE, Concepts
from bot.understanding.lexicon import YES
from bot.understanding.turn import Constraint, Facet, Term, Wish
from bot.understanding.vocabulary import Vocabulary

FEW_WORDS = 2
"""With no more words than this in a wish, each is told."""
NEAR = re.compile(r"[^，。,.；;！!？?]{0,4}|\s?(?:[\w'-]+\s){0,2}")
"""What may stand between two words that belong together."""
SAID_OF = re.compile(r"\b(?:in|with|from|at)\s$")
Mask = npt.NDArray[np.bool_]

LOSES = 0.3
"""A value is no limit where it would shut out more than this share of the items that are otherwise called so."""


def facet_limits(
    text: str, terms: Iterable[Term], domains: Collection[str], vocabulary: Vocabulary, concepts: Concepts
) -> tuple[Constraint, ...]:
    """One limit for each attribute that wished-for words are values of; alternatives are values of the same limit.

    `domains`: what the message (or the talk) is about, none for anything. The limit's characters go from the first to
    the last of its words.
    """
    by_field: dict[str, list[tuple[Term, tuple[str, ...]]]] = {}
    for term in terms:
        field, values = _limit_of(term, domains, vocabulary, concepts)
        if field:
            by_field.setdefault(field, []).append((term, values))
    found = []
    for field, said in by_field.items():
        start, end = min(term.start for term, _ in said), max(term.end for term, _ in said)
        values = tuple(dict.fromkeys(value for _, of_term in said for value in of_term))
        found.append(Constraint(field, "is", 0.0, text[start:end], start, end, values))
    return tuple(found)


def is_told(term: Term, wishes: Sequence[Wish], text: str, concepts: Concepts) -> bool:
    """Whether a word is said of what is wished for, and not only somewhere in the message ("for a long drive").

    It stands beside another known word of its wish, or there are hardly other words; who something is for, level,
    season, colour and creators are always told.
    """
    if any(facet.field == "brand" or concepts.is_of_family(facet.field) for facet in term.facets):
        return True
    wish = next((wish for wish in wishes if term in wish.terms), None)
    if wish is None or len(wish.terms) <= FEW_WORDS:
        return True
    if SAID_OF.search(text[max(0, term.start - 6) : term.start]):
        return True
    known = [other for other in wish.terms if other is term or other.facets]
    place = known.index(term)
    beside = known[max(0, place - 1) : place + 2]
    gaps = (text[min(term.end, o.end) : max(term.start, o.start)] for o in beside if o is not term)
    return any(NEAR.fullmatch(gap) for gap in gaps)


def _limit_of(
    term: Term, domains: Collection[str], vocabulary: Vocabulary, concepts: Concepts
) -> tuple[str, tuple[str, ...]]:
    """(field, values) of the limit that a word is; ("", ()) if it is none."""
    fields: dict[str, list[str]] = {}
    for facet in term.facets:
        fields.setdefault(facet.field, []).append(facet.value)
    if "title" in fields:
        return "", ()
    if "brand" in fields:
        return "brand", tuple(fields["brand"])
    inside = _inside(vocabulary, domains)
    called: Mask | None = None
    ranked: list[tuple[int, str, tuple[str, ...]]] = []
    for field, values in fields.items():
        if not (vocabulary.is_choice(field) or concepts.is_of_family(field)):
            continue
        with_value = vocabulary.catalogue.with_values(field, values)
        if not _is_meant(with_value & inside, vocabulary.catalogue.has(field) & inside, inside):
            continue
        if not concepts.is_of_family(field):
            called = _called(term.facets, vocabulary) & inside if called is None else called
            if (called & ~with_value).sum() > LOSES * called.sum():
                continue
        ranked.append((int((with_value & inside).sum()), field, tuple(values)))
    if not ranked or (_is_kind(fields, vocabulary, inside) and YES not in ranked[0][2]):
        return "", ()
    return max(ranked)[1:]


def _inside(vocabulary: Vocabulary, domains: Collection[str]) -> Mask:
    """[n] which items are in one of the domains; all of them for none."""
    inside = np.zeros(len(vocabulary.catalogue.items), dtype=np.bool_)
    for name in domains:
        inside |= vocabulary.catalogue.in_domain(name)
    return inside if inside.any() else ~inside


def _called(facets: Sequence[Facet], vocabulary: Vocabulary) -> Mask:
    """[n] which items are called so otherwise: have the word as a tag, or in their category (华语流行)."""
    called = np.zeros(len(vocabulary.catalogue.items), dtype=np.bool_)
    values = dict.fromkeys(facet.value for facet in facets)
    for facet in (*facets, *(f for value in values for f in vocabulary.categories_with(value))):
        if facet.field in ("tags", "category"):
            called[vocabulary.positions(facet)] = True
    return called


def _is_meant(
    with_value: Mask,
    with_field: Mask,
    inside: Mask,
) -> bool:
    """Whether the attribute is of use here: enough of the domain's items have it, or any has the value."""
    return bool(with_value.any()) or float(with_field.sum()) >= COVERAGE * float(inside.sum())


def _is_kind(
    fields: Mapping[str, Sequence[str]],
    vocabulary: Vocabulary,
    inside: Mask,
) -> bool:
    """Whether the word names a kind of thing here, which is a limit by itself."""
    return any(inside[vocabulary.positions(Facet("category", value))].any() for value in fields.get("category", ()))
