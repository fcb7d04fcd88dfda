"""What a new visitor could say, learnt from the catalogue: its kinds of things, its tags, its prices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from statistics import median
from typing import Protocol

from bot.phrasing.facts import price
from bot.recommending.allowed import is_in_part
from bot.web.texts import EXAMPLES, SURPRISE
from errors import Lang
from retrieval.items import Item
from retrieval.segment import HAN

MOST_SUGGESTIONS = 4
MOST_KEPT = 100
"""Parts of the catalogue whose suggestions are kept; a caller may ask for any."""
MOST_READ = 4_000
"""Items that are looked at; of a larger catalogue every so-manyth."""
KINDS_A_DOMAIN = 3
FEWEST = 2
"""Items that a suggestion must be able to show."""
PRICED = 5
NICE = (1, 1.5, 2, 3, 5, 8, 10)
COUNTED = re.compile(
    r"(?:hotel|inn|hostel|room|restaurant|cafe|café|bar|shop|store|market|museum|park|garden|tour|trip|walk|cruise"
    r"|ticket|class|course|lesson|workshop|club|group|book|novel|story|magazine|film|movie|show|game|puzzle|toy|tool|kit"
    r"|plant|tree|flower|lamp|chair|table|bag|shirt|jacket|coat|dress|shoe|watch|phone|camera|bike|bicycle|car|recipe|dish)"
)
"""Endings of common English nouns for things that are counted."""
MODIFIER = re.compile(r"(?!.*[^s]s$)[A-Za-z]+(?:[ -][A-Za-z]+)?")
"""English tags of one or two words that may stand before a noun: no plurals."""
AFTER_A_NOUN = r"(?=[.,;:!?]|$|\s+(?:with|in|on|of|for|by|near|that|and|at|to|from|where|which|is|has)\b)"


class CatalogueItems(Protocol):
    """A catalogue, as far as it is read here."""

    @property
    def items(self) -> tuple[Item, ...]:
        """All items."""


class Suggestions:
    """Suggestions over the catalogue of the moment, made once for each part of it and language."""

    def __init__(self, catalogue: Callable[[], CatalogueItems]) -> None:
        self._catalogue = catalogue
        self._of: CatalogueItems | None = None
        self._made: dict[tuple[Lang, frozenset[str], frozenset[str]], list[str]] = {}

    def __call__(self, lang: Lang, domains: Collection[str] = (), tags: Collection[str] = ()) -> list[str]:
        """At most four wishes that a part of the catalogue can answer: what is in one of the domains and has one of
        the tags; none stand for all. Raises NotReady while there is no catalogue."""
        catalogue = self._catalogue()
        if catalogue is not self._of or len(self._made) >= MOST_KEPT:
            self._of, self._made = catalogue, {}
        key = (lang, frozenset(domains), frozenset(tags))
        if key not in self._made:
            self._made[key] = suggestions([item for item in catalogue.items if is_in_part(item, domains, tags)], lang)
        return self._made[key]


@dataclass(frozen=True)
class Kind:
    """A category within a domain, with its items in the reader's language."""

    name: str
    items: tuple[Item, ...]

    def tag(self, fits: Callable[[str], object]) -> str:
        """The commonest tag that fits, that some items have and some have not, and that the name does not say."""
        counts = Counter(tag for item in self.items for tag in item.tags if _telling(tag, self.name) and fits(tag))
        return next((tag for tag, count in counts.most_common() if FEWEST <= count < len(self.items)), "")


def suggestions(items: Sequence[Item], lang: Lang) -> list[str]:
    """At most four wishes: of different domains first, then of other kinds in them, a price, a surprise."""
    available = [item for item in items if item.available]
    domains: dict[str, list[Item]] = {}
    for item in available[:: len(available) // MOST_READ + 1]:
        domains.setdefault(item.domain, []).append(item)
    examples = {name: _example(name, domains.get(name, []), lang) for name in EXAMPLES}
    known = [example for example in examples.values() if example]
    others = [list(_wishes(some, lang)) for name, some in domains.items() if not examples.get(name)]
    # A wish of each, then a second of each: the domains take turns.
    learnt = [wish for turn in zip_longest(*others) for wish in turn if wish]
    room = max(MOST_SUGGESTIONS - len(known), 0)
    ends = [wish for wish in (_budget(domains, lang), SURPRISE[lang]) if wish][max(2 - room, 0) :]
    return [*known[:MOST_SUGGESTIONS], *learnt[: room - len(ends)], *ends][:MOST_SUGGESTIONS]


def _example(domain: str, items: Sequence[Item], lang: Lang) -> str:
    """The example of a well-known domain, if these items can answer it."""
    words = {word.lower() for item in items for form in (item, item.localized("en")) for word in _names(form)}
    example = EXAMPLES[domain]
    answered = all(any(need in word for word in words for need in group) for group in example.needs)
    return example.said(lang) if answered else ""


def _names(item: Item) -> tuple[str, ...]:
    return (item.category, item.title, *item.tags)


def _wishes(items: Sequence[Item], lang: Lang) -> Iterator[str]:
    """A wish for each of the commonest kinds, as far as they are named in the reader's language."""
    told = [item.localized(lang) for item in items]
    names = Counter(item.category for item in told if _readable(item.category, lang))
    for name, count in islice(names.most_common(), KINDS_A_DOMAIN):
        if count >= FEWEST:
            kind = Kind(name, tuple(item for item in told if item.category == name))
            yield _wish_zh(kind) if lang == "zh" else _wish_en(kind)


def _wish_zh(kind: Kind) -> str:
    """With the tag before the name where the catalogue itself says it so, else after it."""
    tag = kind.tag(HAN.search)
    together = tag + kind.name
    if not tag or any(together in text for item in kind.items for text in (item.title, item.description)):
        return f"想看看{_spaced(together)}"
    return f"想看看{_spaced(kind.name)}，要{_spaced(tag)}的"


def _wish_en(kind: Kind) -> str:
    things = _things(kind)
    if not things:
        return f"Anything in {_lowered(kind.name)}?"
    tag = kind.tag(MODIFIER.fullmatch)
    return f"Show me {f'{_lowered(tag)} '.replace(' ', '-', tag.count(' ')) if tag else ''}{things}"


def _budget(domains: dict[str, list[Item]], lang: Lang) -> str:
    """A wish with a round price that about half of the commonest priced kind keeps to."""
    priced = [item.localized(lang) for items in domains.values() for item in items if item.price]
    names = Counter(item.category for item in priced if _readable(item.category, lang))
    if not names or names.most_common(1)[0][1] < PRICED:
        return ""
    kind = Kind(name := names.most_common(1)[0][0], tuple(item for item in priced if item.category == name))
    amount = price(replace(kind.items[0], price=_round_up(median(item.price or 0.0 for item in kind.items))), lang)
    if lang == "zh":
        return _spaced(f"{amount}以内的{kind.name}")
    things = _things(kind)
    return f"{things[0].upper()}{things[1:]} under {amount}" if things else f"Anything in {name} under {amount}?"


def _things(kind: Kind) -> str:
    """The kind's name as an English plural; empty where nothing shows that its things can be counted."""
    name = _lowered(kind.name)
    head = name.split()[-1]
    if re.search(r"[^sui]s$", head) and not head.endswith("ics"):
        return name
    noun = re.compile(rf"\ban?\s+(?:[\w-]+\s+){{0,2}}{re.escape(head)}{AFTER_A_NOUN}", re.IGNORECASE)
    counted = (
        COUNTED.fullmatch(head)
        or head.endswith("house")
        or any(noun.search(text) for item in kind.items for text in (item.title, item.description))
    )
    return name[: -len(head)] + _plural(head) if counted else ""


def _plural(noun: str) -> str:
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search(r"(?:s|x|z|ch|sh)$", noun) else f"{noun}s"


def _lowered(name: str) -> str:
    """A name inside a sentence: its capitals go, those of TV or T-shirt stay."""
    return " ".join(
        word if re.search(r"[A-Z].*[A-Z]|^[A-Z]\W|^[A-Z]$", word) else word.lower() for word in name.split()
    )


def _telling(tag: str, name: str) -> bool:
    tag, name = tag.lower(), name.lower()
    return 1 < len(tag) <= 24 and not any(part in name or name in part for part in (tag, *tag.split()))


def _readable(name: str, lang: Lang) -> bool:
    """Whether a reader of the language can read it; Latin names are read in both."""
    return bool(name) and (lang == "zh" or not HAN.search(name))


def _spaced(text: str) -> str:
    """A space between Chinese characters and a Latin word."""
    text = re.sub(r"(?<=[㐀-鿿])(?=[A-Za-z])", " ", text)
    return re.sub(r"(?<=[a-z]{2})(?=[㐀-鿿])", " ", text)


def _round_up(amount: float) -> float:
    """The next round number: 1, 1.5, 2, 3, 5 or 8 times a power of ten."""
    power = 1.0
    while amount > 10 * power:
        power *= 10
    return next(step * power for step in NICE if amount <= step * power)
