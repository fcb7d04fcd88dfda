"""A conversation in a few words, for the tests of the interest: vectors of three axes, answers seen by eye."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bot.interest.parameters import InterestParameters
from bot.interest.state import Interest, Thread
from bot.interest.update import hear
from bot.understanding.turn import Constraint, Facet, Intent, Op, Reference, Term, Turn, Wish

FloatArray = npt.NDArray[np.float32]
CLOTHES, FILMS, BOOKS = np.eye(3, dtype=np.float32)
AXES = {"clothing": CLOTHES, "film": FILMS, "book": BOOKS}
P = InterestParameters()


def kind(text: str, sentiment: float = 0.5) -> Term:
    """A word that names a kind of thing (a category)."""
    return word(text, sentiment, "category")


def word(text: str, sentiment: float = 0.5, field: str = "tags", domains: tuple[str, ...] = ()) -> Term:
    """A word of the catalogue's; without a field one that it does not know."""
    facets = (Facet(field, text),) if field else ()
    return Term(text, text, 0, len(text), sentiment, facets, frozenset(domains))


def wish(domain: str, *terms: Term, start: int = 0) -> Wish:
    """A wish for things of a domain."""
    text = " ".join(term.text for term in terms)
    return Wish(text, start, start + len(text), terms, domain)


def limit(field: str, op: Op, value: float = 0.0, *values: str, start: int = 0) -> Constraint:
    """A limit, called by its values or by sign and number."""
    text = "/".join(values) or f"{op}{value:g}"
    return Constraint(field, op, value, text, start, start + len(text), values)


def price(op: Op, value: float = 0.0) -> Constraint:
    """A limit on the price."""
    return limit("price", op, value)


def colour(*values: str) -> Constraint:
    """A limit on the colour."""
    return limit("attributes.color", "is", 0.0, *values)


def likes(item_id: str, sentiment: float = 0.5, **other: Any) -> Reference:
    """Something said of an item that was shown."""
    return Reference("that one", 0, 8, (item_id,), **{"kind": "shown", "sentiment": sentiment, **other})


class Talk:
    """A conversation: `say` turns, then look at `interest`. Turns are named t1, t2 …"""

    def __init__(self, interest: Interest | None = None, parameters: InterestParameters = P) -> None:
        self.interest = interest or Interest()
        self.turns = 0
        self._parameters = parameters

    def say(
        self,
        *wishes: Wish,
        vectors: tuple[FloatArray, ...] = (),
        named: dict[str, FloatArray] | None = None,
        titles: dict[str, tuple[str, str]] | None = None,
        **turn: Any,
    ) -> Interest:
        """One turn; a wish means its domain's axis unless vectors are given."""
        self.turns += 1
        intent = turn.pop("intent", Intent.ASK if wishes else Intent.REFINE)
        keywords = tuple(term.text for said in wishes for term in said.terms)
        heard = Turn(turn.pop("text", ""), "zh", intent, wishes, keywords=keywords, **turn)
        rows = vectors or tuple(AXES.get(said.domain, BOOKS) for said in wishes)
        self.interest = hear(
            self.interest, heard, rows, f"t{self.turns}", self._parameters, named=named or {}, titles=titles or {}
        )
        return self.interest

    @property
    def live(self) -> Thread:
        """The live thread."""
        assert self.interest.live is not None
        return self.interest.live

    @property
    def weights(self) -> dict[str, float]:
        """Thread weights by domain."""
        return {thread.domain: round(thread.weight, 3) for thread in self.interest.threads}

    @property
    def words(self) -> dict[str, float]:
        """The live thread's words and their weights."""
        return {said.text: round(said.weight, 3) for said in self.live.words}

    @property
    def limits(self) -> set[str]:
        """The limits in force, as "domain: text"."""
        return {f"{held.domain}: {held.constraint.text}" for held in self.interest.limits}
