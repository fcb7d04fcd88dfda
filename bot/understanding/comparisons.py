"""The words around a number that make it a limit: which way it compares, what it names, whether that is refused.

All cues of a text are found in one pass each and kept by where they end, so that reading leftwards from a number
costs the number of cues it passes, however long the text is.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast

from bot.understanding.attributes import read_data
from bot.understanding.turn import Op
from retrieval.segment import HAN

Kind = Literal["op", "budget", "have", "fill", "spent", "than", "not", "name", "done"]
CLAUSE = re.compile(r"[，。；;！!？?\n]|,(?!\d{3})|\.(?=\s|$)")
FLIPPED: Mapping[Op, Op] = {"<=": ">", "<": ">=", ">=": "<", ">": "<="}
_NOT_GOING_ON = r"(?<!内(?=[衣裤存搭容向部心]))(?<!起(?=[来床点]))(?!\sthan\b)"
_AT_THE_END = r"(?=\s?(?:[一-鿿]|$|[，。,.?!]))"
_SIZED = re.compile(r"\s(?:across|tall|high|wide|long|deep|thick|away|in (?:total|length|height)|each|apiece)\b")
"""May stand between a quantity and its comparing word (40 cm across or more)."""
_REFUSED_AFTER = re.compile(
    r"(?:的|的话)(?:东西|那些|那种)?(?:我|就|都|也|一律|统统|请)*"
    r"(?:不要|别看|别推荐?|别给我看?|不考虑|算了|免了|不看|不买|不行|pass|排除|除外|免谈|没兴趣|不想要|不需要)"
    r"了?"
    r"(?=$|[，。！？,.;；!?\s])"
    r"|的?话?就(?:算了|免了|不要|不考虑|不行|不看|别看)了?(?=$|[，。！？,.;；!?\s])"
    r"|\s(?:is|are)\s(?:too (?:much|expensive|long|far|heavy)|out|a no|not ok(?:ay)?|no good)(?![a-z])"
)
FAR = 30
"""A refusing word reaches this many characters to the limit it refuses."""
_COMPARING: tuple[Op, ...] = ("<=", "<", ">=", ">")


class Cue(NamedTuple):
    """A word that steers a number. `value`: the operator, or the name's own text."""

    kind: Kind
    value: str
    start: int
    end: int


class Before(NamedTuple):
    """What was read leftwards from a number: `start` is where the first meaningful word stands."""

    start: int
    op: Op | None = None
    weak: str = ""
    negated: bool = False
    refusing: bool = False
    names: tuple[str, ...] = ()
    than: bool = False
    spent: bool = False


class After(NamedTuple):
    """What was read rightwards from a number: `end` is where the last meaningful word ends."""

    end: int
    op: Op | None = None
    done: bool = False


def words_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, the longest first; English ones only whole.

    Written as a tree of characters, so that a place where no word can start costs next to nothing.
    """
    latin: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for word in words:
        node = latin if "a" <= word[0] <= "z" else other
        for char in word:
            node = node.setdefault(char, {})
        node[END] = {}
    parts = [f"(?:{_starts(other)}{_tree(other)})"] if other else []
    parts += [f"(?:(?<![a-z0-9]){_starts(latin)}{_tree(latin)})"] if latin else []
    return re.compile("|".join(parts) or r"(?!)")


END = ""
"""Marks in a tree of characters where a word may end."""


def _starts(node: Mapping[str, Any]) -> str:
    return "(?=[" + "".join(re.escape(char) for char in sorted(node)) + "])"


def _tree(node: Mapping[str, Any], last: str = "") -> str:
    branches = [re.escape(char) + _tree(node[char], char) for char in sorted(node) if char != END]
    deeper = branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")" if branches else ""
    if END not in node:
        return deeper
    whole = "(?![a-z0-9])" if last.isascii() and last.isalpha() else ""
    return f"(?:{deeper}|{whole})" if deeper else whole


class _Lexicon(NamedTuple):
    before: re.Pattern[str]
    before_kinds: Mapping[str, tuple[Kind, str]]
    after: re.Pattern[str]
    after_ops: Mapping[str, str]
    than: Mapping[str, Op]
    near: frozenset[str]
    far: re.Pattern[str]
    stop_zh: frozenset[str]
    stop_en: frozenset[str]
    filler: re.Pattern[str]


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    raw = read_data("comparisons.json")
    kinds: dict[str, tuple[Kind, str]] = {}
    for kind, words in raw["before"].items():
        for word in words:
            kinds[word] = ("op", kind) if kind in _COMPARING or kind == "~" else (cast(Kind, kind), kind)
    near = {*raw["not"]["near"], *raw["not"]["far"]}
    kinds |= {word: ("not", "") for word in near if word not in kinds}
    after = {word: kind for kind, words in raw["after"].items() for word in words}
    return _Lexicon(
        before=words_pattern(kinds),
        before_kinds=kinds,
        after=re.compile(rf"[ \t-]?(?:{words_pattern(after).pattern}){_NOT_GOING_ON}|[ \t]under{_AT_THE_END}"),
        after_ops={"under": "<="} | after,
        than={word: cast(Op, op) for op, words in raw["than"].items() for word in words},
        near=frozenset(near),
        far=words_pattern(raw["not"]["far"]),
        stop_zh=frozenset(raw["stop"]["zh"]),
        stop_en=frozenset(raw["stop"]["en"]),
        filler=words_pattern(raw["filler"]),
    )


class Surroundings:
    """The cues of one text (already `plain`), to be read from any place. `names`: a pattern of fields' names."""

    def __init__(self, text: str, names: re.Pattern[str]) -> None:
        self.text = text
        lexicon = _lexicon()
        found = [Cue(*lexicon.before_kinds[m.group()], *m.span()) for m in lexicon.before.finditer(text)]
        self.names = [Cue("name", m.group(), *m.span()) for m in names.finditer(text)]
        self._ending = {cue.end: cue for cue in found}
        for cue in self.names:
            # 最长, 预算: where a word both compares and names, the comparing one says more
            if cue.end not in self._ending or self._ending[cue.end].kind == "fill":
                self._ending[cue.end] = cue
        self._refusing = [m.span() for m in lexicon.far.finditer(text) if not self._questioned(*m.span())]
        self._refusing_ends = [end for _, end in self._refusing]
        self._clauses = [m.start() for m in CLAUSE.finditer(text)]
        self._name_starts = [cue.start for cue in self.names]

    def _questioned(self, start: int, end: int) -> bool:
        """要不要, 能不能, 特别, 别的: no refusal."""
        before, after = self.text[max(start - 1, 0) : start], self.text[start + 1 : start + 2]
        if self.text[start] == "别" and end == start + 1:
            return before in set("特级类性分区识个差告离派") or after in set("的墅人样致")
        return bool(before) and self.text[start] == "不" and before == after

    def clause(self, start: int, end: int) -> tuple[int, int]:
        """The clause around two places."""
        before, after = bisect_left(self._clauses, start), bisect_left(self._clauses, end)
        return (
            self._clauses[before - 1] + 1 if before else 0,
            self._clauses[after] if after < len(self._clauses) else len(self.text),
        )

    def named_near(self, start: int, end: int, reach: int = 24) -> list[str]:
        """Names in the same clause, not far from a number."""
        low, high = self.clause(start, end)
        low, high = max(low, start - reach), min(high, end + reach)
        first, last = bisect_left(self._name_starts, low), bisect_right(self._name_starts, high)
        return [cue.value for cue in self.names[first:last]]

    def before(self, place: int, floor: int = 0) -> Before:
        """Reads leftwards from a place over comparing, naming and refusing words, as far as they follow each other.

        `floor`: where the number before ends, whose words are not read again.
        """
        read = Before(place)
        at = place
        while (cue := self._ending.get(self._skip_space(at))) is not None:
            at = cue.start
            if at < floor:
                break
            if cue.kind == "not" and self._questioned(cue.start, cue.end):
                break
            read = _with(read, cue)
        return read

    def _skip_space(self, place: int) -> int:
        while place > 0 and self.text[place - 1] in " \t-":
            place -= 1
        return place

    def after(self, place: int, than: bool = False) -> After:
        """Reads rightwards from a place: 以内, or less, 左右. `than`: a 比 stands before, so 便宜 and 短 compare."""
        lexicon = _lexicon()
        if than and (
            op := lexicon.than.get(self.text[place : place + 2]) or lexicon.than.get(self.text[place : place + 1])
        ):
            width = 2 if self.text[place : place + 2] in lexicon.than else 1
            return After(place + width, op)
        if sized := _SIZED.match(self.text, place):
            read = self.after(sized.end())
            return read if read.op else After(place)
        match = lexicon.after.match(self.text, place)
        if not match:
            return After(place)
        kind = lexicon.after_ops[match.group().lstrip(" \t") if match.group()[0] != "-" else match.group().lstrip("-")]
        if kind == "done":
            return After(match.end(), done=True)
        return After(match.end(), cast(Op, kind))

    def refused_after(self, place: int) -> int:
        """Where the words end that refuse what stands before a place (低于五百的就别看了); -1 for none."""
        match = _REFUSED_AFTER.match(self.text, place)
        return match.end() if match else -1

    def refused_from(self, place: int) -> tuple[int, int] | None:
        """Where the refusing word stands whose scope reaches a limit at a place, and how many words lie between.

        None where there is no such word in the clause, or where something between turns the meaning.
        """
        nth = bisect_right(self._refusing_ends, place) - 1
        if nth < 0:
            return None
        start, end = self._refusing[nth]
        if place - end > FAR or self.clause(end, end)[0] != self.clause(place, place)[0]:
            return None
        lexicon = _lexicon()
        between = lexicon.filler.sub(" ", self.text[end:place])
        if any(char in lexicon.stop_zh for char in between):
            return None
        words = re.findall(r"[a-z']+", between)
        if any(word in lexicon.stop_en for word in words) or re.search(r"\d", between):
            return None
        return start, len(words) + (len(HAN.findall(between)) + 1) // 2


def _with(read: Before, cue: Cue) -> Before:
    match cue.kind:
        case "op":
            if read.op in (None, "~"):
                op = cast(Op, cue.value)
                read = read._replace(op=read.op if op == "~" and read.op else op)
        case "budget" | "have":
            read = read._replace(weak=read.weak or cue.kind)
        case "not":
            if read.op is not None and read.op in FLIPPED:
                read = read._replace(op=FLIPPED[read.op], refusing=True)
            else:
                read = read._replace(negated=not read.negated, refusing=True)
        case "name":
            read = read._replace(names=(*read.names, cue.value))
        case "than":
            read = read._replace(than=True)
        case "spent":
            read = read._replace(spent=True)
        case _:
            return read
    return read._replace(start=cue.start)
