"""What a turn expects, from the file's values to checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from bot.stories import checks, values
from bot.stories.story import Check, Condition, Expectation, Expected, Range, Where
from bot.stories.values import Place

FIELDS = ("id", "title", "domain", "category", "brand", "tags", "currency", "price", "year")
NUMERIC = ("price", "year")


def expected(place: Place, raw: Any) -> Expected:
    """All that a turn expects. Raises StoryError."""
    given = values.mapping(place, raw, tuple(READERS))
    if not given:
        raise place.wrong("expects nothing")
    found = tuple(expectation for key, value in given.items() for expectation in _read(place.of(key), key, value))
    return Expected(found, _may_be_empty(place, given))


def where(place: Place, raw: Any) -> Where:
    """Conditions on an item. Raises StoryError."""
    given = values.mapping(place, raw)
    if not given:
        raise place.wrong("needs a condition")
    return tuple(_condition(place.of(field), field, value) for field, value in given.items())


def _condition(place: Place, field: str, raw: Any) -> Condition:
    is_attribute = field.startswith("attributes.") and field != "attributes."
    if field not in FIELDS and not is_attribute:
        raise place.wrong(f"is no field of an item (allowed: {', '.join(FIELDS)}, attributes.NAME)")
    if not isinstance(raw, dict):
        return Condition(field, values.scalars(place, raw))
    if field not in NUMERIC and not is_attribute:
        raise place.wrong("has no numbers; give a text or a list of texts")
    return Condition(field, values.limits(place, raw))


def _read(place: Place, key: str, raw: Any) -> Iterator[Expectation]:
    """The expectations that stand under one key, each with the part of the file that it is."""
    for value, check in READERS[key](place, raw):
        yield Expectation(key, value, check)


def _may_be_empty(place: Place, given: Mapping[str, Any]) -> bool:
    """Whether a slate without cards is among what is expected."""
    counted = "count" in given and 0 in _count(place.of("count"), given["count"])
    return counted or given.get("unmet", False) is not False


# -- one reader a key: the values under it, and what each means

Read = Iterator[tuple[Any, Check]]


def _wheres(check: Callable[..., str]) -> Callable[[Place, Any], Read]:
    def read(place: Place, raw: Any) -> Read:
        if isinstance(raw, list):
            for n, one in enumerate(values.sequence(place, raw), 1):
                yield one, partial(check, where=where(place.of(n), one))
        else:
            yield raw, partial(check, where=where(place, raw))

    return read


def _share(place: Place, raw: Any) -> Read:
    places = [(place.of(n), one) for n, one in enumerate(raw, 1)] if isinstance(raw, list) else [(place, raw)]
    for at, one in places:
        given = values.mapping(at, one, ("where", "at_least"), ("where", "at_least"))
        least = values.number(at.of("at_least"), given["at_least"])
        if not 0 < least <= 1:
            raise at.of("at_least").wrong("must be above 0 and at most 1")
        yield one, partial(checks.share, where=where(at.of("where"), given["where"]), at_least=least)


def _price(place: Place, raw: Any) -> Read:
    yield raw, partial(checks.price, limits=values.limits(place, raw))


def _count(place: Place, raw: Any) -> Range:
    if isinstance(raw, dict):
        return values.limits(place, raw)
    return Range(*[values.whole(place, raw)] * 2)


def _counted(place: Place, raw: Any) -> Read:
    yield raw, partial(checks.count, limits=_count(place, raw))


def _distinct(place: Place, raw: Any) -> Read:
    for field, least in values.mapping(place, raw).items():
        _condition(place.of(field), field, "")
        at_least = values.whole(place.of(field), least, 1)
        yield {field: least}, partial(checks.distinct, field=field, at_least=at_least)


def _cards(place: Place, raw: Any) -> Read:
    yield raw, partial(checks.cards, ids=values.texts(place, raw))


def _repeats(place: Place, raw: Any) -> Read:
    yield raw, partial(checks.repeats, at_most=values.whole(place, raw))


def _because(place: Place, raw: Any) -> Read:
    given = values.mapping(place, raw, ("includes",), ("includes",))
    yield raw, partial(checks.because, texts=values.texts(place.of("includes"), given["includes"]))


def _unmet(place: Place, raw: Any) -> Read:
    if isinstance(raw, dict):
        given = values.mapping(place, raw, ("includes",), ("includes",))
        yield raw, partial(checks.unmet_texts, texts=values.texts(place.of("includes"), given["includes"]))
    else:
        yield raw, partial(checks.unmet, is_any=values.flag(place, raw))


def _question(place: Place, raw: Any) -> Read:
    yield raw, partial(checks.question, asked=values.flag(place, raw))


def _intent(place: Place, raw: Any) -> Read:
    yield raw, partial(checks.intent, names=values.texts(place, raw))


def _text(place: Place, raw: Any) -> Read:
    means = {"includes": checks.includes, "excludes": checks.excludes, "any": checks.any_of}
    for name, value in values.mapping(place, raw, tuple(means)).items():
        yield {name: value}, partial(means[name], texts=values.texts(place.of(name), value))


READERS: Mapping[str, Callable[[Place, Any], Read]] = {
    "every": _wheres(checks.every),
    "some": _wheres(checks.some),
    "none": _wheres(checks.none),
    "share": _share,
    "price": _price,
    "count": _counted,
    "distinct": _distinct,
    "cards": _cards,
    "repeats": _repeats,
    "because": _because,
    "unmet": _unmet,
    "question": _question,
    "intent": _intent,
    "text": _text,
}
"""The expectations that there are."""
