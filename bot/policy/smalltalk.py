"""What is said beside recommending: courtesies, what the bot is and can, what it cannot, care. All texts are data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from bot.phrasing.plain import choose
from bot.shipped import read_json
from bot.understanding.turn import Intent, Turn
from errors import Lang
from retrieval.segment import fold

CARING = frozenset({"distress", "illness", "care"})
INVITING: Mapping[str, str] = {"bored": "anything", "stock": "stock"}
"""Kinds of talk that things to look at answer best → what the opening is about then."""
KINDS: Mapping[Intent, tuple[str, ...]] = {
    Intent.SMALL_TALK: (
        *("distress", "instruction", "abuse"),
        *("stock", "bored", "who", "able", "mood", "complaint", "bye", "praise", "hello", "noted", "chat"),
    ),
    Intent.OUT_OF_SCOPE: ("distress", "instruction", "abuse", "out_of_scope"),
    Intent.CARE: ("distress", "illness", "care"),
}
"""Kinds of talk by intent, the first whose words are found; the last of each needs none.

Words of distress are heard whatever else a message seemed to be."""
LETTERS = re.compile(r"[^\W\d_]")
KNOWN_LETTERS = re.compile(r"[A-Za-zÀ-ɏ㐀-鿿豈-﫿]")
KANA_OR_OTHER = re.compile(r"[぀-ヿ가-힯Ѐ-ӿ؀-ۿ฀-๿ऀ-ॿ֐-׿Ͱ-Ͽ]")
ACCENTED = re.compile(r"[À-ɏ]")
LATIN_WORDS = re.compile(r"[a-zà-ɏ]+")


def kind_of(turn: Turn) -> str:
    """Which kind of talk a message is, as named in the data."""
    if turn.intent is Intent.SMALL_TALK:
        if not LETTERS.search(turn.text):
            return "number" if re.search(r"\d", turn.text) else "unreadable"
        if is_foreign(turn.text):
            return "foreign"
    text, kinds = fold(turn.text), KINDS[turn.intent]
    return next((kind for kind in kinds[:-1] if _cues(kind).search(text)), kinds[-1])


def is_foreign(text: str) -> bool:
    """Whether a message is in neither Chinese nor English: another script, or the little words of another tongue."""
    letters = LETTERS.findall(text)
    if not letters:
        return False
    other = len(KANA_OR_OTHER.findall(text)) + sum(not KNOWN_LETTERS.match(letter) for letter in letters)
    if other * 4 >= len(letters):
        return True
    words = LATIN_WORDS.findall(text.lower())
    little = sum(word in _elsewhere() for word in words)
    return little >= 2 and (little * 3 >= len(words) or bool(ACCENTED.search(text)))


def talk(kind: str, lang: Lang, key: str, label: str = "") -> str:
    """What is answered to a kind of talk, and where it leads back to recommending: to `label`, or to a first wish."""
    found = _texts()["kinds"][kind]
    said = choose(found["replies"][lang], key)
    if not found["returns"]:
        return said
    back = choose(_texts()["back" if label else "start"][lang], key).format(label=label)
    return said + ("" if lang == "zh" else " ") + back


def contradiction(turn: Turn) -> tuple[str, str] | None:
    """Two things wished for in one message that exclude one another, in the visitor's words; None for none."""
    bounds: dict[str, dict[str, tuple[float, str]]] = {}
    for c in turn.constraints:
        side = "low" if c.op in (">", ">=") else "high" if c.op in ("<", "<=") else ""
        if side:
            bounds.setdefault(c.field, {})[side] = (c.value, c.text)
    for ends in bounds.values():
        if len(ends) == 2 and ends["low"][0] > ends["high"][0]:
            return ends["low"][1], ends["high"][1]
    said = [c.text for c in turn.constraints] + [term.text for wish in turn.wishes for term in wish.terms]
    for one, two in _opposites():
        found = next((text for text in said if _holds(text, one)), ""), next((t for t in said if _holds(t, two)), "")
        if all(found):
            return found
    return None


def _holds(text: str, words: frozenset[str]) -> bool:
    folded = fold(text)
    return folded in words or any(word in folded for word in words if not word.isascii())


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words; English ones only whole."""
    parts = [
        rf"\b{re.escape(w)}\b".replace("'", "['’]") if w.isascii() and w[0].isalpha() else re.escape(w) for w in words
    ]
    return re.compile("|".join(parts))


@lru_cache(maxsize=32)
def _cues(kind: str) -> re.Pattern[str]:
    texts = _texts()
    cues = texts["inviting"].get(kind) or texts["kinds"][kind]["cues"]
    return _pattern(fold(word) for word in (*cues["zh"], *cues["en"]))


@lru_cache(maxsize=1)
def _elsewhere() -> frozenset[str]:
    return frozenset(_texts()["latin_elsewhere"])


@lru_cache(maxsize=1)
def _opposites() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    pairs = read_json("bot.policy", "opposites.json")
    return tuple((frozenset(fold(w) for w in one), frozenset(fold(w) for w in two)) for one, two in pairs)


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, Any]:
    texts: Mapping[str, Any] = read_json("bot.policy", "smalltalk.json")
    return texts
