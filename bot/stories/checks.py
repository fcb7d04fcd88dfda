"""What an expectation means: pure functions from what was seen to why it is not as expected (empty if it is)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bot.stories.story import Condition, Json, Range, Scalar, Seen, Where
from retrieval.segment import fold

NO_CARDS = "no card was shown"


# -- items


def matches(item: Json, where: Where) -> bool:
    """Whether an item (the catalogue's JSON) meets all conditions, in any of its languages."""
    return all(_meets(item, condition) for condition in where)


def values_of(item: Json, field: str) -> list[Scalar]:
    """All values of a field in every language of the item; nothing where it has none."""
    tellings = [item, *item.get("i18n", {}).values()]
    if field.startswith("attributes."):
        name = field.removeprefix("attributes.")
        found = [told.get("attributes", {}).get(name) for told in tellings]
    else:
        found = [told.get(field) for told in tellings]
    return [value for one in found for value in _flat(one)]


def _meets(item: Json, condition: Condition) -> bool:
    values = values_of(item, condition.field)
    if isinstance(condition.allowed, Range):
        return any(_is_number(value) and float(value) in condition.allowed for value in values)
    return any(_same(value, allowed) for value in values for allowed in condition.allowed)


def _same(value: Scalar, allowed: Scalar) -> bool:
    """A number is no text and a yes/no no number, except that a text may be written as the number it shows."""
    if isinstance(value, bool) or isinstance(allowed, bool):
        return value is allowed
    if isinstance(value, str) or isinstance(allowed, str):
        return fold(_shown(value)) == fold(_shown(allowed))
    return value == allowed


def _shown(value: Scalar) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flat(value: Any) -> Iterator[Scalar]:
    if isinstance(value, list | tuple):
        yield from value
    elif value is not None:
        yield value


# -- expectations on cards


def every(seen: Seen, where: Where) -> str:
    """All cards match."""
    if not seen.cards:
        return "" if seen.may_be_empty else NO_CARDS
    return _named("does not match", [card for card in seen.cards if not matches(card, where)])


def some(seen: Seen, where: Where) -> str:
    """At least one card matches."""
    if not seen.cards:
        return NO_CARDS
    return "" if any(matches(card, where) for card in seen.cards) else "no card matches"


def none(seen: Seen, where: Where) -> str:
    """No card matches."""
    return _named("matches", [card for card in seen.cards if matches(card, where)])


def share(seen: Seen, where: Where, at_least: float) -> str:
    """At least this share of the cards matches."""
    if not seen.cards:
        return NO_CARDS
    found = sum(matches(card, where) for card in seen.cards) / len(seen.cards)
    # A share such as 0.67 stands for two thirds.
    return "" if found >= at_least - 0.005 else f"{found:.2f} of the cards match"


def price(seen: Seen, limits: Range) -> str:
    """Every card has a price within the limits."""
    return every(seen, (Condition("price", limits),))


def count(seen: Seen, limits: Range) -> str:
    """So many cards."""
    return "" if len(seen.cards) in limits else f"{len(seen.cards)} cards"


def distinct(seen: Seen, field: str, at_least: int) -> str:
    """The cards have at least so many different values of a field."""
    found = {fold(_shown(value)) for card in seen.cards for value in _flat(_first(card, field))}
    return "" if len(found) >= at_least else f"{len(found)} different"


def cards(seen: Seen, ids: Sequence[str]) -> str:
    """All of these items are shown."""
    missing = [id_ for id_ in ids if id_ not in {card["id"] for card in seen.cards}]
    return f"not shown: {', '.join(missing)}" if missing else ""


def repeats(seen: Seen, at_most: int) -> str:
    """At most so many cards were shown in earlier answers."""
    again = [card for card in seen.cards if card["id"] in seen.before]
    return "" if len(again) <= at_most else _named("was shown before", again)


def because(seen: Seen, texts: Sequence[str]) -> str:
    """Each text is in the reason of some card."""
    return _missing("in no reason", texts, [reason for card in seen.cards for reason in card["because"]])


# -- expectations on the rest of the answer


def unmet(seen: Seen, is_any: bool) -> str:
    """Something, or nothing, is said to be unmet."""
    if is_any == bool(seen.unmet):
        return ""
    return "nothing is said to be unmet" if is_any else f"said to be unmet: {', '.join(seen.unmet)}"


def unmet_texts(seen: Seen, texts: Sequence[str]) -> str:
    """Each text is among what is said to be unmet."""
    return _missing("not said to be unmet", texts, seen.unmet)


def question(seen: Seen, asked: bool) -> str:
    """A question is asked, or none."""
    return "" if asked == seen.asks else ("a question is asked" if seen.asks else "no question is asked")


def intent(seen: Seen, names: Sequence[str]) -> str:
    """The message was heard as one of these, or the reply calls itself so."""
    return "" if seen.intents & set(names) else f"intent: {', '.join(sorted(seen.intents))}"


def includes(seen: Seen, texts: Sequence[str]) -> str:
    """The words contain each text."""
    return _missing("not in the words", texts, [seen.text])


def excludes(seen: Seen, texts: Sequence[str]) -> str:
    """The words contain none of the texts."""
    found = [text for text in texts if fold(text) in fold(seen.text)]
    return f"in the words: {', '.join(found)}" if found else ""


def any_of(seen: Seen, texts: Sequence[str]) -> str:
    """The words contain at least one of the texts."""
    return "" if any(fold(text) in fold(seen.text) for text in texts) else "none of these is in the words"


def _missing(what: str, texts: Sequence[str], said: Sequence[str]) -> str:
    folded = [fold(one) for one in said]
    missing = [text for text in texts if not any(fold(text) in one for one in folded)]
    return f"{what}: {', '.join(missing)}" if missing else ""


def _named(what: str, wrong: Sequence[Json]) -> str:
    named = ", ".join(f"{card['id']} {card['title']}" for card in wrong)
    return f"{what}: {named}" if wrong else ""


def _first(card: Json, field: str) -> Any:
    """A field in the item's own language: a translation is no other value."""
    if field.startswith("attributes."):
        return card.get("attributes", {}).get(field.removeprefix("attributes."))
    return card.get(field)
