"""Titles and creators by name: whole, in part, or with a slip. Looked up by dictionary and sorted list, never scanned.

A name is compared in its canonical form: a string of units, where a Chinese character is a unit by itself and an
English word one with a space after it. So a match always begins and ends with whole words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category, normalize

from retrieval.segment import HAN, simplified

UNIT = re.compile(r"(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?|[^\W_㐀-鿿豈-﫿]+(?:['’][^\W\d_㐀-鿿豈-﫿]+)*|[㐀-鿿豈-﫿]")
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}
ARTICLES = frozenset({"the", "a", "an"})
BRACKETED = re.compile(r"\s*[（(\[【][^）)\]】]*[）)\]】]\s*$")
PART_BREAK = re.compile(r"\s*[：:—–|｜]+\s*|\s+-\s+|[“”\"「」『』]")
NUMBERED = re.compile(
    r"(?<=[^\s\d])\s*(?:[2-9]|[ⅠⅡⅢⅣⅤⅥ]|\b(?:II|III|IV|VI)\b|第[一二三四五六七八九十\d]+[部季集卷册辑])\s*$"
)
LONGEST = 32
"""Characters of canonical text that a name may have."""
TELLING = 6
"""An English word longer than this can be a telling part of a title by itself (Sapiens)."""
MOST_MEANT = 8
"""A part of a name that fits more items than this names none of them."""
TYPO_LENGTH = 4, 14
"""Lengths of Chinese names in which one slip is forgiven."""
MOST_TRIED = 40
"""Names with the same beginning that are compared for a slip."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A Chinese character or an English word: canonical, and where it stands (characters)."""

    text: str
    start: int
    end: int
    han: bool

    @property
    def key(self) -> str:
        """As it stands in a canonical form."""
        return self.text if self.han else f"{self.text} "


@dataclass(frozen=True, slots=True)
class Found:
    """A name found: units [start, end), the keys' positions, and whether it was the whole name, part, or misspelt."""

    start: int
    end: int
    key: str
    positions: tuple[int, ...]
    how: str


def units(text: str) -> list[Unit]:
    """The units of a text, with their places."""
    plain = simplified(text)
    return [_unit(match.group(), *match.span()) for match in UNIT.finditer(plain)]


def _unit(word: str, start: int, end: int) -> Unit:
    han = len(word) == 1 and HAN.match(word) is not None
    return Unit(word if han else _canonical(word), start, end, han)


def _canonical(word: str) -> str:
    plain = word if word.isascii() else normalize("NFKD", word)
    folded = "".join(c for c in plain.casefold() if c not in "'’." and (c.isascii() or category(c) != "Mn"))
    return ROMAN.get(folded, folded)


class Line:
    """A text as units and as one canonical string, made once for all places at which a name may begin."""

    def __init__(self, said: Sequence[Unit]) -> None:
        self.units = tuple(said)
        keys = [unit.key for unit in said]
        self.text = "".join(keys)
        self.starts: list[int] = []
        self.unit_ending: dict[int, int] = {}
        place = 0
        for i, key in enumerate(keys):
            self.starts.append(place)
            place += len(key)
            self.unit_ending[place] = i + 1

    def from_unit(self, i: int) -> str:
        """The canonical text from a unit on, as far as a name can go."""
        return self.text[self.starts[i] : self.starts[i] + LONGEST]

    def end(self, i: int, length: int) -> int:
        """The unit before which so many canonical characters from unit i on end; 0 if they end within one."""
        return self.unit_ending.get(self.starts[i] + length, 0)


def key_of(parts: Sequence[Unit]) -> str:
    """The canonical form of units, without an article before them."""
    kept = parts[1:] if len(parts) > 1 and parts[0].text in ARTICLES else parts
    return "".join(unit.key for unit in kept)


class Names:
    """Keys (canonical names and their telling parts) and the positions that each stands for. Read-only once built."""

    def __init__(self, names: Iterable[tuple[str, int]]) -> None:
        whole: dict[str, list[int]] = {}
        parts: dict[str, list[int]] = {}
        for name, position in names:
            key = key_of(units(name))
            if key and len(key) <= LONGEST * 3:
                _put(whole, key, position)
                for part in _parts(name):
                    _put(parts, part, position)
        self._whole = {key: tuple(places) for key, places in whole.items()}
        self._parts = {
            key: tuple(places) for key, places in parts.items() if key not in whole and len(places) <= MOST_MEANT
        }
        self._sorted = sorted((*self._whole, *self._parts))
        chinese = (
            key for key in self._sorted if TYPO_LENGTH[0] <= len(key) <= TYPO_LENGTH[1] and HAN.fullmatch(key[0])
        )
        self._reversed = sorted(key[::-1] for key in chinese if " " not in key)

    def whole(self, name: str) -> tuple[int, ...]:
        """Positions of what has exactly this name or telling part of a name."""
        return self._of(key_of(units(name)))

    def _of(self, key: str) -> tuple[int, ...]:
        return self._whole.get(key) or self._parts.get(key, ())

    def words(self) -> Iterator[str]:
        """The English words of all names."""
        for key in self._whole:
            yield from (word for word in key.split(" ") if word.isascii())

    def at(self, line: Line, start: int) -> Found | None:
        """The longest name that begins at a unit: whole, else with one slip, else the longest beginning of one."""
        key = line.from_unit(start)
        place = bisect_left(self._sorted, key)
        near = self._sorted[max(0, place - 1) : place + 1]
        common = max((_common(key, other) for other in near), default=0)
        lengths = [length for length in range(common, 0, -1) if line.end(start, length)]
        for length in lengths:
            if positions := self._of(key[:length]):
                how = "whole" if key[:length] in self._whole else "part"
                return Found(start, line.end(start, length), key[:length], positions, how)
        if slip := self._with_slip(key, line, start, common):
            return slip
        return self._beginning(key[: lengths[0]], start, line.end(start, lengths[0])) if lengths else None

    def _beginning(self, key: str, start: int, end: int) -> Found | None:
        """What begins with the key, if few enough do."""
        if len(key) < 2:
            return None
        first = bisect_left(self._sorted, key)
        positions: dict[int, None] = {}
        for other in self._sorted[first : first + MOST_MEANT + 1]:
            if not other.startswith(key):
                break
            positions |= dict.fromkeys(self._of(other))
        else:
            return None
        return Found(start, end, key, tuple(positions), "beginning") if 0 < len(positions) <= MOST_MEANT else None

    def _with_slip(self, key: str, line: Line, start: int, common: int) -> Found | None:
        """A Chinese name of which one character is wrong, missing or too many: one of its halves is right."""
        if len(key) < TYPO_LENGTH[0] - 1 or not HAN.match(key[:1]):
            return None
        key = key[: TYPO_LENGTH[1] + 1]
        tried: list[str] = []
        if common >= 2:
            head = key[: max(2, min(common, len(key)))]
            first = bisect_left(self._sorted, head[:2])
            last = bisect_left(self._sorted, head[:2] + "\U0010ffff")
            if last - first > MOST_TRIED:
                first = bisect_left(self._sorted, head)
                last = min(bisect_left(self._sorted, head + "\U0010ffff"), first + MOST_TRIED)
            tried += self._sorted[first:last]
        tried += self._ending_like(key)
        best: tuple[int, str, int] | None = None
        for name in tried:
            if not TYPO_LENGTH[0] <= len(name) <= TYPO_LENGTH[1] or " " in name:
                continue
            for length in (len(name), len(name) + 1, len(name) - 1):
                if (
                    length <= len(key)
                    and line.end(start, length)
                    and one_slip(key[:length], name)
                    and (best is None or len(name) > best[0])
                ):
                    best = (len(name), name, length)
        if best is None:
            return None
        return Found(start, line.end(start, best[2]), best[1], self._of(best[1]), "slip")

    def _ending_like(self, key: str) -> list[str]:
        """Names whose second half stands where it would if their first half had the slip."""
        found: list[str] = []
        for length in range(TYPO_LENGTH[0], min(len(key), TYPO_LENGTH[1]) + 1):
            half = key[length - (length + 1) // 2 : length][::-1]
            first = bisect_left(self._reversed, half)
            for other in self._reversed[first : first + 4]:
                if other.startswith(half) and abs(len(other) - length) <= 1:
                    found.append(other[::-1])
        return found


def one_slip(said: str, name: str) -> bool:
    """Whether one character more, less or other, or two in each other's place, makes one of the other.

    One more at either end is another word beside the name.
    """
    if said == name or abs(len(said) - len(name)) > 1 or name in (said[1:], said[:-1]):
        return False
    head = _common(said, name)
    if len(said) == len(name):
        rest = said[head + 1 :] == name[head + 1 :]
        swapped = said[head : head + 2] == name[head : head + 2][::-1] and said[head + 2 :] == name[head + 2 :]
        return rest or swapped
    longer, shorter = (said, name) if len(said) > len(name) else (name, said)
    return longer[head + 1 :] == shorter[head:]


def _common(a: str, b: str) -> int:
    """Length of the common beginning."""
    length = min(len(a), len(b))
    if a[:length] == b[:length]:
        return length
    return next(i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)


def _put(keys: dict[str, list[int]], key: str, position: int) -> None:
    places = keys.setdefault(key, [])
    if position not in places[-MOST_MEANT:]:
        places.append(position)


def _parts(name: str) -> Iterator[str]:
    """The keys by which people also call it: without brackets or number, or one half of a two-part title."""
    bare = BRACKETED.sub("", name)
    pieces = [piece for piece in PART_BREAK.split(bare) if piece.strip()]
    for piece in {bare, *pieces, NUMBERED.sub("", bare), *(NUMBERED.sub("", p) for p in pieces[:1])} - {name}:
        said = units(piece)
        key = key_of(said)
        if len(key) >= 2 and (piece == bare or len(said) > 1 or len(key) > TELLING):
            yield key
    if "-" in bare:
        joined = key_of(units(bare.replace("-", "")))
        if joined:
            yield joined
