"""Which items may be shown: limits, refusals, what was shown before, what is not available. All hard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from bot.interest.state import Limit, Refusal
from bot.understanding.turn import Constraint
from retrieval.catalogue import Catalogue
from retrieval.lexical import LexicalIndex

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

AROUND = 0.3
"""“About 200” allows 30 % to either side."""


def meets(values: FloatArray, constraint: Constraint) -> BoolArray:
    """[n] which values meet a limit; unknown ones (nan) never do."""
    value = constraint.value
    ok: BoolArray
    match constraint.op:
        case "<=":
            ok = values <= value
        case ">=":
            ok = values >= value
        case "==":
            ok = values == value
        case "~":
            ok = np.abs(values - value) <= AROUND * value
        case "low":
            ok = np.ones(len(values), dtype=np.bool_)
    return ok


def within_limits(catalogue: Catalogue, limits: Sequence[Limit], domain: str) -> BoolArray:
    """[n] which items meet every limit.

    A limit said of one domain binds only there. An item without the number is outside the limit, except in a
    domain where nothing has that number at all (films have no price) and which is what was asked for.
    """
    allowed = np.ones(len(catalogue.items), dtype=np.bool_)
    for limit in limits:
        values = {"price": catalogue.price, "year": catalogue.year}[limit.constraint.field]
        ok = meets(values, limit.constraint)
        if limit.domain:
            ok |= ~in_domains(catalogue, [limit.domain])
        if domain and domain != limit.domain:
            inside = in_domains(catalogue, [domain])
            if np.isnan(values[inside]).all():
                ok |= inside
        allowed &= ok
    return allowed


def in_domains(catalogue: Catalogue, domains: Iterable[str]) -> BoolArray:
    """[n] which items are in one of the domains; all of them for none named."""
    wanted = [catalogue.domains.index(name) for name in domains if name in catalogue.domains]
    return np.isin(catalogue.domain_codes, wanted)


def refused(catalogue: Catalogue, lexical: LexicalIndex, refusals: Sequence[Refusal]) -> BoolArray:
    """[n] which items are about something refused (title, category, brand, tags, attributes, domain)."""
    out = np.zeros(len(catalogue.items), dtype=np.bool_)
    for refusal in refusals:
        out[lexical.strong_positions(refusal.norm, refusal.facets)] = True
    return out


def listed(catalogue: Catalogue, ids: Iterable[str]) -> BoolArray:
    """[n] which items are among the ids; ids that are gone are passed over."""
    out = np.zeros(len(catalogue.items), dtype=np.bool_)
    out[[catalogue.position[id_] for id_ in ids if id_ in catalogue.position]] = True
    return out
