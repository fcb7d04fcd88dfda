"""An item of the catalogue, as the contract's schema has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

AttributeValue = str | float | bool | tuple[str, ...]
"""What an attribute may hold: text, a number, a yes/no, or several texts."""


@dataclass(frozen=True)
class Item:
    """One thing that can be recommended.

    `brand` is also author, director, artist or publisher; `price` None means "not for sale", never 0.
    `i18n` maps a language to the fields shown in it (title, description, tags, category, brand, attributes).
    Two items are equal if all of their fields are; the hash is that of the id.
    """

    id: str
    title: str
    domain: str
    category: str = ""
    brand: str = ""
    price: float | None = None
    currency: str = ""
    year: int | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    url: str = ""
    image_url: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    available: bool = True
    published_at: str = ""
    i18n: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.id)

    def localized(self, lang: str) -> Item:
        """The item as shown to a visitor of that language; what has no translation stays as it is."""
        words = self.i18n.get(lang)
        if not words:
            return self
        attributes = {**self.attributes, **words.get("attributes", {})}
        return replace(self, **{**words, "attributes": attributes})

    def as_json(self) -> dict[str, Any]:
        """The item as plain JSON values, in the catalogue's own schema (`retrieval.files` reads it back)."""
        raw = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return {name: value for name, value in raw.items() if value not in (None, "", [], {})}

    @cached_property
    def checksum(self) -> str:
        """Changes when anything about the item changes (hex)."""
        text = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False)
        return blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """Mappings as dicts and tuples as lists, all the way down; new containers, so nobody shares them."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
