"""An item of the catalogue, as the contract's schema has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

AttributeValue = str | float | bool | tuple[str, ...]
"""What an attribute may hold: text, a number, a yes/no, or several texts."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Item:
    """One thing that can be recommended.

    `brand` is also author, director, artist or publisher; `price` None means "not for sale", never 0.
    `i18n` maps a language to the fields shown in it (title, description, tags, category, brand, attributes).
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
    attributes: Mapping[str, AttributeValue] = field(default_factory=lambda: NOTHING)
    available: bool = True
    published_at: str = ""
    i18n: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: NOTHING)

    def localized(self, lang: str) -> Item:
        """The item as shown to a visitor of that language; fields without a translation stay as they are."""
        words = self.i18n.get(lang)
        return replace(self, **words) if words else self

    def as_json(self) -> dict[str, Any]:
        """The item as plain JSON values, in the catalogue's own schema (round trip with `parse_item`)."""
        raw = asdict(replace(self, attributes=NOTHING, i18n=NOTHING))
        raw["attributes"] = {k: list(v) if isinstance(v, tuple) else v for k, v in self.attributes.items()}
        raw["i18n"] = json.loads(json.dumps({lang: dict(words) for lang, words in self.i18n.items()}, default=dict))
        raw["tags"] = list(self.tags)
        return {k: v for k, v in raw.items() if v not in (None, "", [], {})} | {"available": self.available}

    @cached_property
    def checksum(self) -> str:
        """Changes when anything about the item changes (hex)."""
        text = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False)
        return blake2b(text.encode(), digest_size=16).hexdigest()
