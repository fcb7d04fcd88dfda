"""What may be shown for a line of interest, and what of it meets the words best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot import allowed
from bot.interest.state import Limit, Thread, Word
from bot.shelf import BoolArray, IntArray, Request, Shelf
from retrieval.lexical import STRONG, WordQuery

CURRENT_WORD = 0.4
"""Words of at least this weight are still what is asked for."""
KIND_SHARE = 0.6
"""And so are kinds of at least this share of the heaviest one's weight."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What there is to choose from for a thread (None: for nobody's wish in particular).

    Attributes:
        thread: whose it is.
        possible: [n] all that hard limits and refusals allow in its domain, whether it was shown or not.
        mask: [n] what may be shown now.
        met: [n] how many of the words asked for each item meets; those that meet most come first.
        demanded: how many of these words there are.
        kinds: [n] each: the kinds named, of which each deserves a place.
        dropped: limits that nothing meets, so that what comes nearest is shown.
        exhausted: words of which everything has been shown.
    """

    thread: Thread | None
    possible: BoolArray
    mask: BoolArray
    met: IntArray
    demanded: int = 0
    kinds: tuple[BoolArray, ...] = ()
    dropped: tuple[Limit, ...] = ()
    exhausted: tuple[Word, ...] = ()

    @property
    def best(self) -> BoolArray:
        """[n] what may be shown and meets as many of the words as anything that may."""
        best: BoolArray = self.mask & (self.met == self.met[self.mask].max(initial=0))
        return best


def choice_for(shelf: Shelf, request: Request, thread: Thread) -> Choice:
    """What may be shown for a thread. Who names kinds of things (jeans) is shown these only.

    Where all of the kind have been shown, its domain is open again; where the catalogue never had the kind, too;
    where a limit excludes it, nothing is left.
    """
    catalogue, limits = shelf.catalogue, _soft(request.interest.limits)
    itself = [facet.value for word in thread.words if word.is_item for facet in word.facets if facet.field == "item"]
    possible = always(shelf, request, thread.domain) & ~allowed.listed(catalogue, itself)
    unseen = ~allowed.listed(catalogue, request.shown)
    inside = catalogue.in_domain(thread.domain) if thread.domain else np.ones(len(possible), dtype=np.bool_)
    named = current_kinds(thread.words)
    kinds = tuple(_about(shelf, word) & inside for word in named)
    of_kind = _any(kinds, len(possible))
    base = possible & of_kind if of_kind.any() else possible
    open_, dropped = allowed.settled(catalogue, limits, thread.domain, base)
    mask = open_ & unseen
    exhausted: tuple[Word, ...] = ()
    if of_kind.any() and open_.any() and not mask.any():
        exhausted = tuple(named)
        open_, dropped = allowed.settled(catalogue, limits, thread.domain, possible)
        mask = open_ & unseen
    for limit in dropped:
        values = catalogue.values(limit.constraint.field)
        if values is not None and limit.constraint.op != "is":
            mask = allowed.nearest_to(values, limit.constraint, mask, request.size)
    words = _demanded(shelf, thread, base)
    met: IntArray = np.zeros(len(mask), dtype=np.int64)
    for _, about in words:
        met += about
    if mask.any() and not exhausted and met[mask].max() < met[open_].max():
        gone = tuple(word for word, about in words if not (about & mask).any())
        exhausted = gone or tuple(word for word, _ in words)
    return Choice(thread, possible, mask, met, len(words), kinds, dropped, exhausted)


def choice_for_anybody(shelf: Shelf, request: Request) -> Choice:
    """What may be shown where nothing is wished for."""
    possible = always(shelf, request, "")
    limits, n = _soft(request.interest.limits), len(possible)
    open_, dropped = allowed.settled(shelf.catalogue, limits, "", possible)
    mask = open_ & ~allowed.listed(shelf.catalogue, request.shown)
    return Choice(None, possible, mask, np.zeros(n, dtype=np.int64), dropped=dropped)


def always(shelf: Shelf, request: Request, domain: str, *, limits: bool = True) -> BoolArray:
    """[n] what is hard whatever is wished: available, not refused, not turned down, within price and year."""
    catalogue, interest = shelf.catalogue, request.interest
    turned_down = [evidence.item_id for evidence in interest.evidence if evidence.strength < 0]
    mask = catalogue.available & ~allowed.listed(catalogue, [*turned_down, *request.without])
    mask &= ~allowed.refused(catalogue, shelf.lexical, interest.refusals)
    if limits:
        mask &= allowed.within_limits(catalogue, hard(interest.limits), domain)
    if request.domains:
        mask &= allowed.in_domains(catalogue, request.domains)
    if domain:
        mask &= catalogue.in_domain(domain)
    return mask


def hard(limits: Iterable[Limit]) -> list[Limit]:
    """Those that always hold."""
    return [limit for limit in limits if limit.constraint.field in allowed.ALWAYS_HARD]


def _soft(limits: Iterable[Limit]) -> list[Limit]:
    return [limit for limit in limits if limit.constraint.field not in allowed.ALWAYS_HARD]


def current_kinds(words: Sequence[Word]) -> list[Word]:
    """The kinds named last: each deserves a place."""
    kinds = [word for word in words if word.is_kind and not word.is_domain and not word.is_item]
    heaviest = max((word.weight for word in kinds), default=0.0)
    least = max(KIND_SHARE * heaviest, CURRENT_WORD)
    return [word for word in kinds if word.weight >= least or word.pinned]


def queries(thread: Thread) -> tuple[list[WordQuery], list[WordQuery]]:
    """The thread's words as (all wished for, kinds of which one suffices); the domain is a limit already."""
    words = [word for word in thread.words if not word.is_domain and not word.is_item]
    plain: list[WordQuery] = [(w.norm, w.facets, w.weight) for w in words if not w.is_kind]
    kinds: list[WordQuery] = [(w.norm, w.facets, w.weight) for w in words if w.is_kind]
    return plain, kinds


def _demanded(shelf: Shelf, thread: Thread, base: BoolArray) -> list[tuple[Word, BoolArray]]:
    """The current words that the catalogue knows as values and that something in `base` meets, and what meets them.

    Kinds are none of them: they bound `base` already.
    """
    known = [
        word
        for word in thread.words
        if word.facets and (word.weight >= CURRENT_WORD or word.pinned)
        if not (word.is_domain or word.is_kind or word.is_item)
    ]
    found = [(word, _about(shelf, word)) for word in known]
    return [(word, about) for word, about in found if (about & base).any()]


def _about(shelf: Shelf, word: Word) -> BoolArray:
    """[n] which items a word of the catalogue's names."""
    about: BoolArray = shelf.lexical.presence(word.norm, word.facets) >= STRONG
    return about


def _any(masks: Sequence[BoolArray], size: int) -> BoolArray:
    out = np.zeros(size, dtype=np.bool_)
    for mask in masks:
        out |= mask
    return out
