"""Which items may be shown: limits, refusals, what was turned down, what is not available.

Price and year limits are always hard, and so is whatever was refused. A limit on another field (a colour, a length)
is hard wherever it can be met: see `settled`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from bot.interest.state import Limit, Refusal
from bot.understanding.turn import Constraint
from retrieval.catalogue import Catalogue
from retrieval.items import Item
from retrieval.lexical import LexicalIndex, holds

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

AROUND = 0.25
"""“About 200” allows a quarter to either side."""
AROUND_YEARS = 3.0
"""“About 1990” allows three years."""
ALWAYS_HARD = frozenset({"price", "year"})
LEANINGS = frozenset({"low", "high"})
"""Ops that only lean to one end and exclude nothing."""


def meets(values: FloatArray, constraint: Constraint) -> BoolArray:
    """[n] which numbers meet a limit; unknown ones (nan) never do."""
    value = constraint.value
    ok: BoolArray
    match constraint.op:
        case "<=":
            ok = values <= value
        case "<":
            ok = values < value
        case ">=":
            ok = values >= value
        case ">":
            ok = values > value
        case "==":
            ok = values == np.float32(value)
        case "~":
            ok = np.abs(values - value) <= (AROUND_YEARS if constraint.field == "year" else AROUND * abs(value))
        case "low" | "high":
            ok = np.ones(len(values), dtype=np.bool_)
        case "is":
            ok = np.zeros(len(values), dtype=np.bool_)
    return ok


def met(catalogue: Catalogue, constraint: Constraint) -> BoolArray:
    """[n] which items meet a limit: by number, or for "is" by having one of its values."""
    if constraint.op in LEANINGS:
        return np.ones(len(catalogue.items), dtype=np.bool_)
    if constraint.op == "is":
        return catalogue.with_values(constraint.field, constraint.values)
    values = catalogue.values(constraint.field)
    return np.zeros(len(catalogue.items), dtype=np.bool_) if values is None else meets(values, constraint)


def met_by(catalogue: Catalogue, constraint: Constraint, position: int) -> bool:
    """Whether one item meets a limit."""
    if constraint.op == "is":
        facets = catalogue.facets.get(constraint.field, {})
        return any(value in facets and holds(facets[value], position) for value in constraint.values)
    values = catalogue.values(constraint.field)
    return values is not None and bool(meets(values[position : position + 1], constraint)[0])


def within(catalogue: Catalogue, limit: Limit, domain: str) -> BoolArray:
    """[n] which items a limit lets through. `domain`: what is asked for, empty for anything.

    It binds in its own domain and kinds only. An item without the field is outside, except where nothing in the
    domain that is asked for has it (films have no price), unless the limit was said of that very domain.
    """
    ok = met(catalogue, limit.constraint)
    if limit.domain:
        ok |= ~catalogue.in_domain(limit.domain)
    if limit.kinds:
        ok |= ~catalogue.with_values("category", limit.kinds)
    if domain and (domain != limit.domain or limit.constraint.field not in ALWAYS_HARD):
        inside = catalogue.in_domain(domain)
        if not (catalogue.has(limit.constraint.field) & inside).any():
            ok |= inside
    return ok


def within_limits(catalogue: Catalogue, limits: Sequence[Limit], domain: str) -> BoolArray:
    """[n] which items every one of the limits lets through."""
    allowed = np.ones(len(catalogue.items), dtype=np.bool_)
    for limit in limits:
        allowed &= within(catalogue, limit, domain)
    return allowed


def settled(
    catalogue: Catalogue, limits: Sequence[Limit], domain: str, base: BoolArray
) -> tuple[BoolArray, tuple[Limit, ...]]:
    """What of `base` [n] is left by the limits that need not be hard, and those of them that had to be dropped.

    The latest said is kept before the earlier ones: each is kept if something meets it together with those that are
    kept already.
    """
    mask, dropped = base, []
    for limit in reversed(limits):
        narrowed = mask & within(catalogue, limit, domain)
        if narrowed.any() or not mask.any():
            mask = narrowed
        else:
            dropped.append(limit)
    return mask, tuple(reversed(dropped))


def nearest_to(values: FloatArray, constraint: Constraint, mask: BoolArray, count: int) -> BoolArray:
    """[n] of `mask`, the items whose number comes nearest to a limit: `count` of them, and those as near as the last.

    Where none has the number, all of `mask`.
    """
    known = np.flatnonzero(mask & ~np.isnan(values))
    if not len(known):
        return mask
    distance = np.abs(values[known] - constraint.value)
    last = np.partition(distance, min(count, len(known)) - 1)[min(count, len(known)) - 1]
    out = np.zeros(len(mask), dtype=np.bool_)
    out[known[distance <= last]] = True
    return out


def in_domains(catalogue: Catalogue, domains: Iterable[str]) -> BoolArray:
    """[n] which items are in one of the domains."""
    out = np.zeros(len(catalogue.items), dtype=np.bool_)
    for name in domains:
        out |= catalogue.in_domain(name)
    return out


def in_part(catalogue: Catalogue, mask: BoolArray, domains: Collection[str], tags: Collection[str]) -> BoolArray:
    """[n] what of `mask` is in one of the domains and has one of the tags; none stand for all. A new array."""
    out: BoolArray = mask & in_domains(catalogue, domains) if domains else mask.copy()
    return out & catalogue.with_tags(tags) if tags else out


def is_in_part(item: Item, domains: Collection[str], tags: Collection[str]) -> bool:
    """As `in_part`, of one item."""
    return (not domains or item.domain in domains) and (not tags or not frozenset(tags).isdisjoint(item.tags))


def refused(catalogue: Catalogue, lexical: LexicalIndex, refusals: Sequence[Refusal]) -> BoolArray:
    """[n] which items are about something refused (title, category, brand, tags, attributes, domain)."""
    out = np.zeros(len(catalogue.items), dtype=np.bool_)
    for refusal in refusals:
        out |= lexical.strong(refusal.norm, refusal.facets)
    return out


def listed(catalogue: Catalogue, ids: Iterable[str]) -> BoolArray:
    """[n] which items are among the ids; ids that are gone are passed over."""
    out = np.zeros(len(catalogue.items), dtype=np.bool_)
    out[catalogue.places(ids)] = True
    return out
