"""A field's value as a person says it: 199元, 110 minutes, 蓝色."""

from __future__ import annotations

from collections.abc import Mapping

from bot.phrasing import facts
from bot.understanding.turn import Constraint
from errors import Lang
from retrieval.catalogue import texts_of
from retrieval.items import AttributeValue, Item
from retrieval.segment import fold

UNITS: Mapping[str, tuple[str, str]] = {
    "seconds": ("秒", "seconds"),
    "minutes": ("分钟", "minutes"),
    "hours": ("小时", "hours"),
    "days": ("天", "days"),
    "nights": ("晚", "nights"),
    "weeks": ("周", "weeks"),
    "months": ("个月", "months"),
    "years": ("年", "years"),
    "g": ("克", "g"),
    "kg": ("公斤", "kg"),
    "mm": ("毫米", "mm"),
    "cm": ("厘米", "cm"),
    "m": ("米", "m"),
    "m2": ("平方米", "m²"),
    "km": ("公里", "km"),
    "ml": ("毫升", "ml"),
    "l": ("升", "l"),
    "pages": ("页", "pages"),
    "episodes": ("集", "episodes"),
    "servings": ("人份", "servings"),
    "people": ("人", "people"),
    "members": ("人", "members"),
    "stars": ("星", "stars"),
}
"""Units by how a catalogue names its numbers: the whole name, or what comes after the last underscore."""


def named(field: str, lang: Lang) -> str:
    """What a field is called."""
    return facts.label(field.removeprefix("attributes."), lang)


def amount(field: str, value: float, lang: Lang) -> str:
    """A number of a field with its unit; empty where the unit is not known."""
    unit = UNITS.get(field.removeprefix("attributes.").rpartition("_")[2])
    if unit is None:
        return ""
    return f"{facts.number(value)} {unit[lang == 'en']}"


def value_of(item: Item, field: str) -> AttributeValue:
    """What a localised item has in a field of texts or an attribute; empty for nothing."""
    if field in ("category", "brand", "tags"):
        value: AttributeValue = getattr(item, field)
        return value
    return item.attributes.get(field.removeprefix("attributes."), "")


def first(item: Item, field: str) -> str:
    """The first text that a localised item has in a field; empty for none."""
    return next(iter(texts_of(value_of(item, field))), "")


def said(item: Item, constraint: Constraint, lang: Lang) -> str:
    """What a localised item has in a limit's field; of several texts, those that the limit asks for."""
    field = constraint.field
    if field == "price":
        return facts.price(item, lang)
    if field == "year":
        return str(item.year)
    value = value_of(item, field)
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return amount(field, value, lang) or f"{named(field, lang)} {facts.number(value)}"
    texts = texts_of(value)
    meant = [text for text in texts if fold(text) in constraint.values]
    return facts.value_text(tuple(meant or texts), lang)
