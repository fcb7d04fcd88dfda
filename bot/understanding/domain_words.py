"""The words by which people call a catalogue's domains.

From general language (`data/domains.json`: hotel, 酒店, 宾馆 …) where a domain's name is one of its words, and from the
catalogue itself: what most of a domain's categories or titles end in (亲子酒店, 度假酒店 → 酒店) names the domain.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from bot.shipped import read_json
from retrieval.catalogue import Catalogue
from retrieval.segment import HAN, fold, stem, stop_words

SPACES = re.compile(r"[ _-]")
PURE = 0.85
"""Share of the items with a head word that must lie in the domain which it is to name."""
COMMON = 0.3
"""Share of a domain's items that must have the head word."""
SUFFIXES = (2, 3)
"""Characters of a Chinese head word."""


def domain_words(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(word, domain): a domain's own name first, then what general language and the catalogue call it."""
    general: Mapping[str, list[str]] = read_json("bot.understanding", "domains.json")
    taken = {stem(fold(name)) for name in catalogue.domains}
    yield from ((name, name) for name in catalogue.domains)
    claims: list[tuple[int, str, str]] = []
    for name in catalogue.domains:
        own = fold(name)
        for words in ([key, *words] for key, words in general.items()):
            squeezed = {SPACES.sub("", word) for word in words if word.isascii()}
            if own in words or own in squeezed or stem(own) in {stem(word) for word in words if word.isascii()}:
                # "novel" is a word of books, unless there is a domain of that name
                claims += [(len(words), word, name) for word in words if stem(word) not in taken - {stem(own)}]
    # what two domains are called (讲座: courses, talks) is the one with fewer names
    yield from ((word, name) for _, word, name in sorted(claims, key=lambda claim: claim[0]))
    yield from learnt_heads(catalogue)


def learnt_heads(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(word, domain) for the head words of categories and titles that nearly all stand for one domain."""
    sizes = Counter(item.domain for item in catalogue.items)
    counts: dict[str, Counter[str]] = {}
    tagged: dict[str, Counter[str]] = {}
    spread: dict[str, set[str]] = {}
    for item in catalogue.items:
        shown = (
            item.title,
            item.category,
            *(str(w.get(f, "")) for w in item.i18n.values() for f in ("title", "category")),
        )
        heads: dict[str, set[str]] = {}
        for phrase in shown:
            for head in _heads(phrase):
                heads.setdefault(head, set()).add(phrase)
        for tag in item.tags:
            tagged.setdefault(fold(tag), Counter())[item.domain] += 1
        for head, phrases in heads.items():
            counts.setdefault(head, Counter())[item.domain] += 1
            if len(spread.setdefault(head, set())) < 3:
                spread[head] |= phrases
    for head, by_domain in counts.items():
        domain, most = by_domain.most_common(1)[0]
        # a word that is also a tag elsewhere (drama) is no name of the domain
        spoken = by_domain.total() + sum(n for name, n in tagged.get(head, Counter()).items() if name != domain)
        telling = most >= PURE * spoken and most >= COMMON * sizes[domain] and len(spread[head]) > 1
        if telling and len(head) > 1 and head not in stop_words() and len(sizes) > 1:
            yield head, domain


def _heads(phrase: str) -> Iterator[str]:
    """What a phrase may be at bottom: its last characters, or its last word."""
    folded = fold(phrase)
    if not folded:
        return
    if HAN.match(folded[-1]):
        yield from (folded[-n:] for n in SUFFIXES if len(folded) > n and all(HAN.match(c) for c in folded[-n:]))
    else:
        last = folded.rpartition(" ")[2]
        if last != folded and last.isalpha():
            yield last
