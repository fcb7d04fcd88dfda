"""Exact conditions that messages set (a price, a rating, a length), as the app reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bot.recommending.allowed import LEANINGS, met
from bot.understanding.turn import Constraint
from errors import Lang
from retrieval.catalogue import Catalogue, build
from retrieval.items import Item

if TYPE_CHECKING:
    from bot.understanding.understand import Understander

FloatArray = npt.NDArray[np.float32]

KNOWN = 0.05
"""Share of the items that must have a number; where fewer do, messages are not read for limits."""


class Limits:
    """Reads limits from messages, each message once."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._catalogue: Catalogue | None = None
        self._understander: Understander | None = None
        self._read: dict[str, tuple[Constraint, ...]] = {}
        if _have_numbers(items):
            from bot.understanding.understand import Understander  # takes seconds to build for a large catalogue
            from bot.understanding.vocabulary import Vocabulary

            self._catalogue = build(items, np.ones((len(items), 1), dtype=np.float32))
            self._understander = Understander(Vocabulary(self._catalogue))
        self._size = len(items)

    def met(self, texts: Sequence[str], lang: Lang, without: Sequence[str] = ()) -> FloatArray:
        """[n] the share of the limits in some messages that each item meets, zeros where there are none.

        A later limit on a field replaces an earlier message's; fields that messages `without` limit are left out.
        """
        taken = {limit.field for text in without for limit in self._limits(text, lang)}
        in_force: dict[str, list[Constraint]] = {}
        for text in texts:
            own: dict[str, list[Constraint]] = {}
            for limit in self._limits(text, lang):
                own.setdefault(limit.field, []).append(limit)
            in_force |= own
        total = np.zeros(self._size, dtype=np.float32)
        if self._catalogue is None:
            return total
        limits = [limit for field, found in in_force.items() if field not in taken for limit in found]
        for limit in limits:
            total += met(self._catalogue, limit)
        return total / np.float32(max(len(limits), 1))

    def _limits(self, text: str, lang: Lang) -> tuple[Constraint, ...]:
        if self._understander is None:
            return ()
        if text not in self._read:
            found = self._understander.understand(text, lang).constraints
            self._read[text] = tuple(limit for limit in found if limit.op not in LEANINGS)
        return self._read[text]


def _have_numbers(items: Sequence[Item]) -> bool:
    numbered = sum(
        item.price is not None
        or any(isinstance(value, int | float) and not isinstance(value, bool) for value in item.attributes.values())
        for item in items
    )
    return numbered >= KNOWN * len(items)
