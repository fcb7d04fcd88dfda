"""An item's fields in words, for answers and comparisons. All texts are data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeGuard

from bot.phrasing.facts import label, price, value_text
from bot.recommending.explain import quoted
from bot.recommending.measures import UNITS, amount
from bot.shipped import read_json
from errors import Lang
from retrieval.items import AttributeValue, Item

_FIELDS = frozenset({"title", "domain", "category", "brand", "price", "year", "tags", "description", "url"})


def title_of(item: Item, lang: Lang) -> str:
    """The title as it is quoted."""
    return quoted(item.title, item.domain, lang)


def value_in(item: Item, field: str) -> AttributeValue | None:
    """The field's value; None where the data has none."""
    if field.startswith("attributes."):
        value: AttributeValue | None = item.attributes.get(field.removeprefix("attributes."))
    else:
        value = getattr(item, field, None) if field in _FIELDS else item.attributes.get(field)
    return None if value in ("", ()) else value


def text_of(item: Item, field: str, value: AttributeValue, lang: Lang) -> str:
    """The value of a field as said, with its unit."""
    if field == "price":
        return price(item, lang)
    if field == "year":
        return str(item.year)
    return (amount_of(field, value, lang) if is_number(value) else "") or value_text(value, lang)


def name_of(name: str, lang: Lang) -> str:
    """The field as a sentence calls it, without its unit."""
    known = texts()["names"].get(name)
    if known:
        return str(known[lang])
    stem, _, unit = name.rpartition("_")
    bare = stem if stem and unit in UNITS else name
    said = label(name, lang)
    return said.partition("（")[0] if lang == "zh" and said != name.replace("_", " ") else label(bare, lang)


def is_number(value: AttributeValue | None) -> TypeGuard[float]:
    """Whether it can be reckoned with."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def joined(sentences: Sequence[str], lang: Lang) -> str:
    """Sentences in one line."""
    return ("" if lang == "zh" else " ").join(sentence for sentence in sentences if sentence)


def capital(text: str) -> str:
    """With a capital letter at the start."""
    return text[:1].upper() + text[1:]


def say(kind: str, lang: Lang, /, **values: str) -> str:
    """A sentence on one item, by its kind in the data."""
    return capital(texts()["said"][kind][lang].format(**values))


def said_of_two(kind: str, lang: Lang, /, **values: str) -> str:
    """A phrase of a comparison, by its kind in the data."""
    said: str = texts()["compared"][kind][lang]
    return said.format(**values)


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Any]:
    """All that is said from facts, as data."""
    texts: Mapping[str, Any] = read_json("bot.policy", "facts.json")
    return texts


def amount_of(field: str, value: float, lang: Lang) -> str:
    """A number with its unit, as it stands in a sentence; empty where the unit is not known."""
    said = amount(field, value, lang)
    return said.replace(" ", "") if lang == "zh" else said
