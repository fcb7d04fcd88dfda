"""What could give way where the limits leave nothing to show: each answer to tap takes one limit back, or widens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, log10

from bot.phrasing.facts import LABELS, label, price
from bot.policy.questions import loosening_answers, loosening_question
from bot.recommending.recommend import Recommender, Request
from bot.understanding.turn import Question
from bot.understanding.understand import Understander
from errors import Lang
from retrieval.items import Item
from retrieval.segment import HAN

MOST_OFFERED = 3


def loosening(recommender: Recommender, understander: Understander, request: Request, key: str = "") -> Question | None:
    """Asks which limit may give way; None where no single one would help. `key`: chooses the wording.

    An answer is offered only where it is understood as what it offers.
    """
    offers = tuple(dict.fromkeys(_offers(recommender, understander, request)))[:MOST_OFFERED]
    return loosening_question(offers, request.lang, key) if offers else None


def _offers(recommender: Recommender, understander: Understander, request: Request) -> Iterator[str]:
    """An answer for each limit of the live thread's things without which there is something new to show."""
    interest, lang = request.interest, request.lang
    domain = interest.live.domain if interest.live else ""
    for field in dict.fromkeys(limit.constraint.field for limit in interest.limits if limit.domain in ("", domain)):
        others = tuple(limit for limit in interest.limits if limit.constraint.field != field)
        places = recommender.matching(replace(request, interest=replace(interest, limits=others)))
        items = [recommender.shelf.catalogue.items[place] for place in places.tolist()]
        tops = [limit.constraint.value for limit in interest.limits if limit.constraint.field == field == "price"]
        dearer = [item for item in items if tops and item.price is not None and item.price > max(tops)]
        if dearer:
            answers = loosening_answers("price", _round_price(min(dearer, key=lambda it: it.price or 0.0), lang), lang)
        else:
            named = _named(field, lang)
            answers = loosening_answers("open", named, lang) if items and named else ()
        yield from [answer for answer in answers if _is_understood(understander, answer, field, lang)][:1]


def _is_understood(understander: Understander, answer: str, field: str, lang: Lang) -> bool:
    """Whether the answer takes a limit of the field back or sets another, and says nothing else."""
    turn = understander.understand(answer, lang)
    return not turn.wishes and (field in turn.lifted or any(c.field == field for c in turn.constraints))


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
