"""What may be shown for a line of interest, and what of it meets the words best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.interest.parameters import InterestParameters
from bot.interest.state import Limit, Thread, Word
from bot.interest.threads import current_kinds
from bot.recommending import allowed
from bot.recommending.shelf import BoolArray, IntArray, Request, Shelf
from retrieval.catalogue import Catalogue
from retrieval.lexical import STRONG, WordQuery

CURRENT_WORD = 0.4
"""Words of at least this weight are still what is asked for."""
HOME_SHARE = 0.34
"""A wish that names no domain is one for those with at least this share of what the foremost has for its words."""
RELATIVE = frozenset({"<", ">"})
"""Said of what was just shown, so that it cannot be the answer."""


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
        unlimited: [n] what there would be of what is asked for, shown or not, were there no price or year limit.
        excluded: whether those limits leave nothing of what the words ask for.
        fresh: [n] what was not shown before.
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
    unlimited: BoolArray | None = None
    excluded: bool = False
    fresh: BoolArray | None = None

    @property
    def best(self) -> BoolArray:
        """[n] what may be shown and meets as many of the words as anything that may."""
        best: BoolArray = self.mask & (self.met == self.met[self.mask].max(initial=0))
        return best


def choice_for(shelf: Shelf, request: Request, thread: Thread, p: InterestParameters) -> Choice:
    """What may be shown for a thread. Who names kinds of things (jeans) is shown these only.

    Where all of the kind have been shown, its domain is open again; where the catalogue never had the kind, too;
    where a limit excludes it, nothing is left. Words of this turn that nothing of an earlier kind meets outweigh it.
    What was shown may come again where this turn narrows what is asked for and too little else meets it.
    """
    catalogue = shelf.catalogue
    named, kinds, unlimited = _ground(shelf, request, thread, p)
    possible = unlimited & allowed.within_limits(catalogue, hard(request.interest.limits), thread.domain)
    of_kind = _any(kinds, len(possible))
    everything = unlimited & of_kind if of_kind.any() else unlimited
    words = [*_demanded(shelf, thread, everything), *_named_so(shelf, named, everything)]
    met: IntArray = np.zeros(len(possible), dtype=np.int64)
    for _, about in words:
        met += about
    if words and not thread.domain:
        home = _home(catalogue, everything & (met == met[everything].max()))
        unlimited, possible, everything = unlimited & home, possible & home, everything & home
    base = possible & of_kind if of_kind.any() else possible
    excluded = bool(words) and met[everything].max(initial=0) > 0 and not met[base].any()
    if excluded and not thread.domain:
        possible = base = np.zeros(len(base), dtype=np.bool_)
    limits = _bound(_soft(request.interest.limits), named)
    shown = allowed.listed(catalogue, request.shown)
    open_, dropped = allowed.settled(catalogue, limits, thread.domain, base)
    again = _again(shelf, request, thread, everything & shown, open_) & shown
    mask = _unseen(open_, shown, again, met, request.size)
    exhausted: tuple[Word, ...] = ()
    if of_kind.any() and open_.any() and not mask.any():
        exhausted = named
        open_, dropped = allowed.settled(catalogue, limits, thread.domain, possible)
        mask = open_ & ~shown
    for limit in dropped:
        values = catalogue.values(limit.constraint.field)
        if values is not None and limit.constraint.op != "is":
            mask = allowed.nearest_to(values, limit.constraint, mask, request.size)
    if mask.any() and not exhausted and met[mask].max() < met[open_].max():
        exhausted = _used_up(request, thread, words, mask)
    if excluded:
        everything = everything & (met > 0)
    return Choice(
        thread, possible, mask, met, len(words), kinds, dropped, exhausted, everything, excluded, fresh=~shown
    )


def _used_up(
    request: Request, thread: Thread, words: Sequence[tuple[Word, BoolArray]], mask: BoolArray
) -> tuple[Word, ...]:
    """Of the words that were all met before, those that nothing new meets; who has said something, of what was said."""
    interest = request.interest
    turns = {word.turn_id for word in thread.words}
    turns |= {limit.turn_id for limit in interest.limits} | {refusal.turn_id for refusal in interest.refusals}
    now = bool(request.said_at) and request.said_at in turns
    asked = [(word, about) for word, about in words if not now or word.turn_id == request.said_at]
    gone = tuple(word for word, about in asked if not (about & mask).any())
    return gone if now else gone or tuple(word for word, _ in asked)


def _ground(
    shelf: Shelf, request: Request, thread: Thread, p: InterestParameters
) -> tuple[tuple[Word, ...], tuple[BoolArray, ...], BoolArray]:
    """The kinds named, what is of each, and all that there is in the domain but for price and year limits."""
    catalogue = shelf.catalogue
    itself = [facet.value for word in thread.words if word.is_item for facet in word.facets if facet.field == "item"]
    unlimited = always(shelf, request, thread.domain, limits=False) & ~allowed.listed(catalogue, itself)
    inside = catalogue.in_domain(thread.domain) if thread.domain else np.ones(len(unlimited), dtype=np.bool_)
    named = current_kinds(thread.words, p)
    kinds = tuple(_about(shelf, word) & inside for word in named)
    new = _new_words(request, thread)
    if kinds and new and not any(word.turn_id == request.said_at for word in named):
        wanted = unlimited & _any([_about(shelf, word) for word in new], len(unlimited))
        if wanted.any() and not (wanted & _any(kinds, len(unlimited))).any():
            return (), (), unlimited
    return named, kinds, unlimited


def _named_so(shelf: Shelf, named: Sequence[Word], everything: BoolArray) -> list[tuple[Word, BoolArray]]:
    """The kinds as a word to meet, where some items are filed or tagged so and others only hold it (shirt: T-shirt)."""
    filed = _any([shelf.lexical.meant(word.facets) for word in named], len(everything)) & everything
    return [(named[0], filed)] if filed.any() and (everything & ~filed).any() else []


def _new_words(request: Request, thread: Thread) -> list[Word]:
    """This turn's words that the catalogue knows as more than a kind of thing."""
    said = [word for word in thread.words if request.said_at and word.turn_id == request.said_at]
    return [word for word in said if word.facets and not (word.is_domain or word.is_kind or word.is_item)]


def _home(catalogue: Catalogue, best: BoolArray) -> BoolArray:
    """[n] what is in the domains that have the most of `best` [n]."""
    counts = np.bincount(catalogue.domain_codes[best], minlength=int(catalogue.domain_codes.max(initial=0)) + 1)
    home: BoolArray = np.isin(catalogue.domain_codes, np.flatnonzero(counts >= HOME_SHARE * counts.max()))
    return home


def _bound(limits: Sequence[Limit], named: Sequence[Word]) -> list[Limit]:
    """A text said of the kinds named now binds all that goes by their names, whatever category it is filed under."""
    categories = {facet.value for word in named for facet in word.facets if facet.field == "category"}
    return [replace(limit, kinds=()) if categories & set(limit.kinds) else limit for limit in limits]


def _again(shelf: Shelf, request: Request, thread: Thread, seen: BoolArray, open_: BoolArray) -> BoolArray:
    """[n] what of `open_` (within the limits) meets what this turn asks for on top of what was asked before.

    Nothing where no limit is new and all that was `seen` meets it: who says the same again wants others, and so does
    who names a kind of thing, or something cheaper than what was shown. A refusal brings back what was shown only
    where nothing else is left.
    """
    nothing = np.zeros(len(seen), dtype=np.bool_)
    if not request.said_at:
        return nothing
    said = [word for word in thread.words if word.turn_id == request.said_at]
    limits = [limit.constraint for limit in request.interest.limits if limit.turn_id == request.said_at]
    narrowing = any(c.op not in allowed.LEANINGS | RELATIVE for c in limits)
    refusing = any(refusal.turn_id == request.said_at for refusal in request.interest.refusals)
    narrowing |= refusing and not (open_ & ~allowed.listed(shelf.catalogue, request.shown)).any()
    naming = any(word.is_domain or word.is_kind or word.is_item for word in said)
    new = [about for word in _new_words(request, thread) if ((about := _about(shelf, word)) & open_).any()]
    if not (narrowing or (new and not naming)) or any(c.op in RELATIVE for c in limits):
        return nothing
    asked = open_.copy()
    for about in new:
        asked &= about
    return asked if narrowing or (seen & ~asked).any() else nothing


def _unseen(open_: BoolArray, shown: BoolArray, again: BoolArray, met: IntArray, size: int) -> BoolArray:
    """[n] what is open and was not shown; where too little of it is the best there is, also what may come again."""
    unseen: BoolArray = open_ & ~shown
    best = met[open_].max(initial=0)
    enough = np.count_nonzero(unseen & (met == best)) >= size
    return unseen if enough else unseen | again


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
    mask = allowed.in_part(catalogue, mask, request.domains, request.tags)
    if domain:
        mask &= catalogue.in_domain(domain)
    return mask


def hard(limits: Iterable[Limit]) -> list[Limit]:
    """Those that always hold."""
    return [limit for limit in limits if limit.constraint.field in allowed.ALWAYS_HARD]


def _soft(limits: Iterable[Limit]) -> list[Limit]:
    return [limit for limit in limits if limit.constraint.field not in allowed.ALWAYS_HARD]


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
