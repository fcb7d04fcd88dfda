"""Catalogue files: JSONL (an item a line) or CSV with a header, checked field by field."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from errors import CatalogueError
from retrieval.items import AttributeValue, Item
from retrieval.rows import csv_rows, json_rows

log = logging.getLogger(__name__)

LONGEST = {"id": 128, "title": 300, "domain": 128, "category": 300, "brand": 300, "description": 5000}
LONGEST_WORD = 300
"""Most characters of a tag, an attribute's name or an attribute's text (a list has the limit for each)."""
LONGEST_URL = 2048
YEARS = range(-9999, 10_000)

CURRENCY = re.compile(r"[A-Z]{3}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
"""What is no text: NUL, and halves of surrogate pairs, which are also what bytes that are no UTF-8 become."""

TRANSLATED_TEXTS = ("title", "category", "brand", "description")
FIELDS = frozenset(Item.__dataclass_fields__)


def read_items(path: Path) -> Iterator[Item | CatalogueError]:
    """The items of a file in its order, with an error in the place of each line that is refused.

    A file that ends in `.csv` is CSV, any other is JSONL; UTF-8, with or without a byte order mark.
    An id may come again: the later item is the one that counts.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv_rows(file, path.name) if path.suffix.lower() == ".csv" else json_rows(file, path.name)
            unknown: set[str] = set()
            for line, raw in rows:
                if isinstance(raw, CatalogueError):
                    yield raw
                    continue
                unknown |= raw.keys() - FIELDS
                try:
                    yield item_from_json(raw, path.name, line)
                except CatalogueError as error:
                    yield error
            if unknown:
                log.warning("%s: unknown fields are left out: %s", path.name, ", ".join(sorted(unknown)))
    except OSError as error:
        log.exception("cannot read %s", path)
        yield CatalogueError(file=path.name, line=0, field="file", reason=f"cannot be read ({error.strerror})")


def item_from_json(raw: Mapping[str, Any], file: str = "", line: int = 0) -> Item:
    """An item from the JSON values of a catalogue line, as `Item.as_json` gives them; others are left out.

    Raises:
        CatalogueError: a field is missing or wrong; it carries `file` and `line`.
    """
    check = _Check(file, line)
    for name in ("id", "title", "domain"):
        if raw.get(name) in (None, ""):
            raise check.bad(name, "is missing")
    return Item(
        **{name: check.text(name, raw.get(name), LONGEST[name]) for name in LONGEST},
        price=check.price(raw.get("price")),
        currency=check.currency(raw.get("currency")),
        year=check.year(raw.get("year")),
        tags=check.words("tags", raw.get("tags")),
        url=check.url("url", raw.get("url")),
        image_url=check.url("image_url", raw.get("image_url")),
        attributes=check.attributes("attributes", raw.get("attributes")),
        available=check.available(raw.get("available")),
        published_at=check.moment("published_at", raw.get("published_at")),
        i18n=check.translations(raw.get("i18n")),
    )


@dataclass(frozen=True)
class _Check:
    """Turns raw JSON values into fields; knows which line it reads, for the errors."""

    file: str
    line: int

    def bad(self, field: str, reason: str) -> CatalogueError:
        return CatalogueError(file=self.file, line=self.line, field=field, reason=reason)

    def text(self, field: str, value: Any, longest: int) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.bad(field, "must be text")
        if UNREADABLE.search(value):
            raise self.bad(field, "holds characters that are not valid UTF-8 text")
        text = value.strip()
        if len(text) > longest:
            raise self.bad(field, f"has {len(text)} characters; the limit is {longest}")
        if field in ("id", "title", "domain") and not text:
            raise self.bad(field, "is empty")
        return text

    def number(self, field: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.bad(field, "must be a number")
        if not math.isfinite(value) or abs(value) > 1e15:
            raise self.bad(field, "must be a number of a usual size")
        return value

    def price(self, value: Any) -> float | None:
        if value is None:
            return None
        price = float(self.number("price", value))
        if price < 0:
            raise self.bad("price", "must not be below 0")
        return price

    def currency(self, value: Any) -> str:
        text = self.text("currency", value, 16)
        if text and not CURRENCY.fullmatch(text):
            raise self.bad("currency", "must be a code of three capital letters (ISO 4217), such as CNY")
        return text

    def year(self, value: Any) -> int | None:
        if value is None:
            return None
        year = self.number("year", value)
        if year != int(year) or int(year) not in YEARS:
            raise self.bad("year", "must be a whole number of at most four digits")
        return int(year)

    def words(self, field: str, value: Any) -> tuple[str, ...]:
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            raise self.bad(field, "must be a list of texts")
        words = [self.text(field, word, LONGEST_WORD) for word in value]
        return tuple(dict.fromkeys(word for word in words if word))

    def url(self, field: str, value: Any) -> str:
        text = self.text(field, value, LONGEST_URL)
        if not text:
            return ""
        try:
            parts = urlsplit(text)
            fine = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        except ValueError:
            fine = False
        if not fine or re.search(r"[\s\x00-\x1f\\<>\"]", text):
            raise self.bad(field, "must be an address that starts with http:// or https://")
        return text

    def available(self, value: Any) -> bool:
        if value is None:
            return True
        if not isinstance(value, bool):
            raise self.bad("available", "must be true or false")
        return value

    def moment(self, field: str, value: Any) -> str:
        text = self.text(field, value, 40)
        if text:
            try:
                datetime.fromisoformat(text)
            except ValueError as error:
                raise self.bad(field, "must be a date or time in ISO 8601, such as 2026-05-01") from error
        return text

    def attributes(self, field: str, value: Any) -> dict[str, AttributeValue]:
        found: dict[str, AttributeValue] = {}
        for name, inner in self._object(field, value).items():
            key = self.text(f"{field}.{name}", name, LONGEST_WORD)
            if not key:
                raise self.bad(field, "has an attribute without a name")
            if inner is not None:
                found[key] = self._attribute(f"{field}.{name}", inner)
        return found

    def _attribute(self, field: str, value: Any) -> AttributeValue:
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self.number(field, value)
        if isinstance(value, str):
            return self.text(field, value, LONGEST["description"])
        if isinstance(value, list | tuple):
            return self.words(field, value)
        raise self.bad(field, "must be text, a number, true or false, or a list of texts")

    def translations(self, value: Any) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for language, words in self._object("i18n", value).items():
            field = f"i18n.{language}"
            if not LANGUAGE.fullmatch(language):
                raise self.bad(field, "is not the code of a language, such as en")
            raw = self._object(field, words)
            shown: dict[str, Any] = {}
            for name in TRANSLATED_TEXTS:
                shown[name] = self.text(f"{field}.{name}", raw.get(name), LONGEST[name])
            shown["tags"] = self.words(f"{field}.tags", raw.get("tags"))
            shown["attributes"] = self.attributes(f"{field}.attributes", raw.get("attributes"))
            found[language] = {name: words for name, words in shown.items() if words}
        return found

    def _object(self, field: str, value: Any) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.bad(field, "must be an object")
        return value
