"""What could give way where the limits leave nothing to show: each answer to tap takes one limit back, or widens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, log10

from bot.interest.state import Limit
from bot.phrasing.facts import LABELS, label, price
from bot.questions import loosening_question
from bot.recommend import Recommender, Request
from bot.understanding.turn import Question
from errors import Lang
from retrieval.items import Item
from retrieval.segment import HAN

UPPER = ("<=", "<", "==", "~")
MOST_OFFERED = 3


def loosening(recommender: Recommender, request: Request, key: str = "") -> Question | None:
    """Asks which limit may give way; None where no single one would help. `key`: chooses the wording."""
    offers = tuple(dict.fromkeys(_offers(recommender, request)))[:MOST_OFFERED]
    return loosening_question(offers, request.lang, key) if offers else None


def binding(request: Request) -> tuple[Limit, ...]:
    """The limits that the live thread's things are held to."""
    live = request.interest.live
    domain = live.domain if live else ""
    return tuple(limit for limit in request.interest.limits if not domain or limit.domain in ("", domain))


def _offers(recommender: Recommender, request: Request) -> Iterator[tuple[str, str]]:
    """(kind of offer, what it speaks of) for each limit without which there is something new to show."""
    interest = request.interest
    for limit in binding(request):
        constraint = limit.constraint
        others = tuple(other for other in interest.limits if other.constraint.field != constraint.field)
        places = recommender.matching(replace(request, interest=replace(interest, limits=others)))
        if not len(places):
            continue
        if constraint.field == "price" and constraint.op in UPPER:
            items = [recommender.shelf.catalogue.items[place] for place in places.tolist()]
            dearer = [item for item in items if item.price is not None and item.price > constraint.value]
            if dearer:
                yield "price_up", _round_price(min(dearer, key=lambda item: item.price or 0.0), request.lang)
                continue
        if named := _named(constraint.field, request.lang):
            yield "open", named


def _round_price(item: Item, lang: Lang) -> str:
    """The price, or the next one above it that people say (129 → 130, 1,099 → 1,100)."""
    value = item.price or 0.0
    step = 10.0 ** max(ceil(log10(max(value, 1.0))) - 2, 0)
    return price(replace(item, price=ceil(value / step) * step), lang)


def _named(field: str, lang: Lang) -> str:
    """What a visitor calls a field; empty where there is no name that a reader of the language could say."""
    name = field.removeprefix("attributes.")
    if field == "brand":
        return "牌子" if lang == "zh" else "brand"
    said = label(name, lang).partition("（")[0]
    if lang == "zh":
        return said if HAN.search(said) else ""
    return said if name in LABELS or not HAN.search(said) else ""
