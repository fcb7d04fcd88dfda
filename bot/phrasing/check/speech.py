"""Common speech: words that our own written lines use without having them from their facts.

It ships as `data/common_speech.json`, since to derive it takes seconds; after the sentences change, run

    python -m bot.phrasing.check.speech
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from bot.phrasing.check.coverage import Speech, content, norms, ungrounded
from bot.phrasing.check.source import source_of
from bot.phrasing.examples import Row, request_of
from bot.shipped import read_json
from retrieval.segment import Segmenter

SLOT = re.compile(r"\{\w*\}")
DATA = "common_speech.json"
LEAST_LINES = 2
"""In how many lines a word must stand beyond their facts to be common: one may be a slip."""
LEAST_SHARE = 0.15
"""The share of a word's lines in which it must then stand beyond their facts. What a thing is (cotton) comes from the
facts nearly always; how one speaks of it (instead, worth) seldom. A share holds however many lines are written."""
FACT_LINES, FACT_SHARE = 4, 0.06
"""In how many lines a word must stand, and in which share of them at most beyond their facts, to be one of facts."""


@lru_cache(maxsize=1)
def speech() -> Speech:
    """What the shipped sentences tell."""
    words = read_json("bot.phrasing", DATA)
    return Speech(frozenset(words["common"]), frozenset(words["facts"]))


def derive(rows: Iterable[Row]) -> Mapping[str, Sequence[str]]:
    """Common speech and the words of facts, from written examples."""
    segmenter = Segmenter()
    seen: Counter[str] = Counter()
    beyond: Counter[str] = Counter()
    tagged: Counter[str] = Counter()
    for row in rows:
        source, line = source_of(request_of(row)), str(row["line"])
        seen.update({token.norm for token in content(line, segmenter)})
        stray = ungrounded(line, source, segmenter, norms(source, segmenter))
        beyond.update({token.norm for token in stray})
        tagged.update({token.norm for text in _tags(row) for token in content(text, segmenter)})
    common = (word for word, n in beyond.items() if n >= LEAST_LINES and n >= LEAST_SHARE * seen[word])
    facts = {word for word, n in seen.items() if n >= FACT_LINES and beyond[word] <= FACT_SHARE * n}
    facts |= {word for word, n in tagged.items() if n >= LEAST_LINES and beyond[word] <= FACT_SHARE * seen[word]}
    plain = _norms(_patterns(), segmenter)
    phrases = _norms(_phrases(), segmenter) - facts
    return {"common": sorted({*common, *plain, *phrases}), "facts": sorted(facts - plain)}


def _norms(texts: Iterable[str], segmenter: Segmenter) -> set[str]:
    return {token.norm for text in texts for token in content(text, segmenter)}


def _patterns() -> Iterator[str]:
    """The plain sentences, which are our own words, too."""
    for kinds in read_json("bot.phrasing", "item_sentences.json")["patterns"].values():
        yield from (SLOT.sub("", text) for patterns in kinds.values() for text in patterns)
    for languages in read_json("bot.phrasing", "openings.json").values():
        yield from (SLOT.sub("", text) for patterns in languages.values() for text in patterns)


def _phrases() -> Iterator[str]:
    """How the plain sentences say facts."""
    for words in read_json("bot.phrasing", "item_sentences.json")["facts"].values():
        yield from words.values()


def _tags(row: Row) -> Iterator[str]:
    """What the facts of an example say that a thing is, or is like."""
    for facts in (row.get("facts", {}), row.get("one", {}), row.get("two", {})):
        yield from (*facts.get("tags", ()), facts.get("category", ""))
    yield from row.get("kinds", ())


def written() -> Iterator[Row]:
    """All shipped examples."""
    for path in sorted(files("bot.phrasing").joinpath("data/sentences").iterdir(), key=str):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def as_text(words: Mapping[str, Sequence[str]]) -> str:
    """The file's text."""
    return json.dumps(words, ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    with open(str(files("bot.phrasing").joinpath(f"data/{DATA}")), "w", encoding="utf-8") as out:
        out.write(as_text(derive(written())))
