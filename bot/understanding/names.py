"""Titles and creators by name: whole, in part, or with a slip. Looked up by dictionary and sorted list, never scanned.

A name is compared in its canonical form: a string of units, where a Chinese character is a unit by itself and an
English word one with a space after it. So a match always begins and ends with whole words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
SPELT = 4
"""Letters of the shortest English word in which a slip is forgiven."""
MOST_MEANT = 8
"""A part of a name that fits more items than this names none of them."""
TYPO_LENGTH = 3, 24
"""Lengths of Chinese names in which a slip is forgiven."""
TWICE = 5
"""Characters from which on two slips are."""
MOST_TRIED = 64
"""Pairs of characters that more names have than this find none; so many names are compared at one place."""


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

    def begins(self, place: int) -> bool:
        """Whether a unit begins with a canonical character."""
        return place == 0 or (place in self.unit_ending and place < len(self.text))

    def unit_at(self, place: int) -> int:
        """The unit that `begins` with a canonical character."""
        return self.unit_ending.get(place, 0)

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
        self._pairs = _pairs(self._sorted)

    def whole(self, name: str) -> tuple[int, ...]:
        """Positions of what has exactly this name or telling part of a name."""
        return self._of(key_of(units(name)))

    def _of(self, key: str) -> tuple[int, ...]:
        return self._whole.get(key) or self._parts.get(key, ())

    def words(self) -> Iterator[str]:
        """The English words of all names."""
        for key in self._whole:
            yield from (word for word in key.split(" ") if word.isascii())

    def at(self, line: Line, start: int, slips: Mapping[int, Found] | None = None) -> Found | None:
        """The longest name that begins at a unit: whole, else one of the line's `slips`, else the beginning of one."""
        key = line.from_unit(start)
        place = bisect_left(self._sorted, key)
        near = self._sorted[max(0, place - 1) : place + 1]
        common = max((_common(key, other) for other in near), default=0)
        lengths = [length for length in range(common, 0, -1) if line.end(start, length)]
        for length in lengths:
            if positions := self._of(key[:length]):
                how = "whole" if key[:length] in self._whole else "part"
                return Found(start, line.end(start, length), key[:length], positions, how)
        if slips and start in slips:
            return slips[start]
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

    def slips(self, line: Line) -> dict[int, Found]:
        """Unit → the Chinese name that begins there but for a slip: a character wrong, missing, too many, or swapped.

        Names are looked up by the pairs of characters that they share with the text; the longest is first.
        """
        best: dict[int, tuple[tuple[int, int, int], Found]] = {}
        for name, start in self._alike(line):
            most = _forgiven(name)
            for length in range(len(name) - most, len(name) + most + 1):
                said, end = line.text[start : start + length], line.end(line.unit_at(start), length)
                if not end or len(set(name).intersection(said)) < len(set(name)) - most:
                    continue
                slips, first = distance(said, name, most), line.unit_at(start)
                rank = (-len(name), slips, -length)
                if 0 < slips <= most and (first not in best or rank < best[first][0]):
                    best[first] = rank, Found(first, end, name, self._of(name), "slip")
        return {first: found for first, (_, found) in best.items()}

    def _alike(self, line: Line) -> set[tuple[str, int]]:
        """(name, character) for each Chinese name that shares enough pairs with a text to begin near there."""
        shared: dict[str, Counter[int]] = {}
        for place in range(len(line.text) - 1):
            for name, at in self._pairs.get(line.text[place : place + 2], ()):
                shared.setdefault(name, Counter())[place - at] += 1
        found = set()
        for name, places in shared.items():
            most = _forgiven(name)
            enough = max(most, len(name) - 1 - 2 * most)
            if places.total() < enough:
                continue
            for place in places:
                near = range(place - most, place + most + 1)
                if sum(places[other] for other in near if other in places) >= enough:
                    found |= {(name, start) for start in near if line.begins(start)}
        return found

    def follower(self, before: str, word: str) -> str:
        """The word that follows another in a name and that a misspelt one stands for; itself if there is none."""
        first = bisect_left(self._sorted, f"{before} ")
        for name in self._sorted[first : first + MOST_MEANT]:
            if not name.startswith(f"{before} "):
                break
            near = name[len(before) + 1 :].partition(" ")[0]
            if len(near) >= SPELT and near[0] == word[0] and distance(word, near, 1) == 1:
                return near
        return word


def _forgiven(name: str) -> int:
    """How many slips are forgiven in a Chinese name."""
    return 2 if len(name) >= TWICE else 1


def _pairs(names: Iterable[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Two neighbouring characters → the Chinese names that have them, and where; common pairs tell nothing."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name in names:
        if TYPO_LENGTH[0] <= len(name) <= TYPO_LENGTH[1] and " " not in name and HAN.match(name[0]):
            for place in range(len(name) - 1):
                found.setdefault(name[place : place + 2], []).append((name, place))
    return {pair: tuple(of) for pair, of in found.items() if len(of) <= MOST_TRIED}


def distance(said: str, name: str, most: int) -> int:
    """Characters more, less or other, and neighbours in each other's place, that make one of the other.

    More than `most` of them are `most` + 1. What is said more at either end is another word beside the name, and what
    is left out there, unless it is one character, makes another name: neither is a slip.
    """
    if said == name:
        return 0
    if abs(len(said) - len(name)) > most or name in said or said in (name[:-2], name[1:], name[2:], name[1:-1]):
        return most + 1
    before: list[int] = []
    row = list(range(len(name) + 1))
    for i, char in enumerate(said, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(name, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other)))
            if i > 1 and j > 1 and char == name[j - 2] and other == said[i - 2]:
                row[j] = min(row[j], older[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


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
