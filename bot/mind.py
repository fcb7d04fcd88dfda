"""What answers, and how a message becomes vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.interest.state import FloatArray, Interest
from bot.interest.update import InterestParameters, hear, unit
from bot.phrasing.phraser import Phraser
from bot.policy.questions import Asker
from bot.policy.settling import settled
from bot.precedence import Precedence
from bot.recommending.recommend import Recommender
from bot.understanding.turn import Intent, Turn
from bot.understanding.understand import Understander

if TYPE_CHECKING:
    from retrieval.encoder import TextEncoder

MOST_NAMED = 12
"""Items of one reference (a creator's works) that are looked up for it."""


class IntentHead(Protocol):
    """Says what a message wants where no exact rule does."""

    def intent(self, vector: FloatArray, turn: Turn) -> Intent:
        """The intent. `vector` [d]: the whole message as a query, unit length, as the encoder gives it."""


class Hear(Protocol):
    """Moves an interest by a turn, see `bot.interest.update.hear`."""

    def __call__(
        self,
        interest: Interest,
        turn: Turn,
        vectors: Sequence[FloatArray],
        turn_id: str,
        parameters: InterestParameters,
        *,
        named: Mapping[str, FloatArray],
        titles: Mapping[str, tuple[str, str]],
    ) -> Interest:
        """The interest after the turn. Of the items that it refers to, `named` has the centred unit vectors [d] and
        `titles` (domain, title), by id."""


@dataclass(frozen=True)
class Mind:
    """Everything that answers, built from one catalogue and one set of models. Read-only.

    `asker`: finds questions worth asking; without one none is asked. `intent_head`: has the last word on what a
    message wants where the rules are not certain. `slates`: whose turn it is on the processors.
    """

    understander: Understander
    recommender: Recommender
    encoder: TextEncoder
    phraser: Phraser
    slate_size: int = 3
    asker: Asker | None = None
    intent_head: IntentHead | None = None
    hear: Hear = hear
    slates: Precedence = field(default_factory=Precedence)


@dataclass(frozen=True, eq=False)
class Heard:
    """A turn with its vectors.

    `vectors`: a centred unit vector [d] for each wish. For what it refers to, by item id: `named`, the centred unit
    vector [d], and `titles`, (domain, title in the turn's language).
    """

    turn: Turn
    vectors: tuple[FloatArray, ...] = ()
    named: Mapping[str, FloatArray] = field(default_factory=dict)
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def encode(mind: Mind, turn: Turn) -> Heard:
    """The turn in vectors, all texts in one batch; where the intent is uncertain, the head decides it.

    Items named in a wish pull its vector to themselves.
    """
    catalogue, vocabulary = mind.recommender.shelf.catalogue, mind.understander.vocabulary
    head = mind.intent_head if not turn.certain else None
    texts = [*(wish.text for wish in turn.wishes), *([turn.text] if head else [])]
    raw = list(mind.encoder.encode(texts, "query")) if texts else []
    rows = dict(zip(turn.wishes, raw, strict=False))
    if head is not None:
        turn = settled(turn, head.intent(raw[-1], turn))
    vectors = []
    for wish in turn.wishes:
        row = rows[wish]
        titled = vocabulary.titled([facet for term in wish.terms for facet in term.facets])
        vectors.append(unit(unit(row - catalogue.centre) + catalogue.centred[titled].sum(axis=0)))
    ids = (id_ for reference in turn.references for id_ in reference.item_ids[:MOST_NAMED])
    places = {id_: catalogue.position[id_] for id_ in ids if id_ in catalogue.position}
    items = {id_: catalogue.items[place].localized(turn.lang) for id_, place in places.items()}
    return Heard(
        turn,
        tuple(vectors),
        {id_: catalogue.centred[place] for id_, place in places.items()},
        {id_: (item.domain, item.title) for id_, item in items.items()},
    )


def encoded(mind: Mind, texts: Sequence[str]) -> list[FloatArray]:
    """A centred unit vector [d] for each text, read as a wish."""
    if not texts:
        return []
    centre = mind.recommender.shelf.catalogue.centre
    return [unit(row - centre) for row in mind.encoder.encode(texts, "query")]
