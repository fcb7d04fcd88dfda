"""Which of two items each stretch of a comparison speaks of, and whether what is said there is that one's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.phrasing.check.numbers import amounts
from bot.phrasing.check.source import holds
from bot.phrasing.check.violation import Violation
from bot.phrasing.requests import CompareLine
from retrieval.segment import HAN, fold, stop_words

COUNTER = r"[一-鿿]"
ORDINALS = (
    re.compile(rf"第一{COUNTER}?|前者|前[一面]{COUNTER}?|头一{COUNTER}|\bthe (?:first|former)\b"),
    re.compile(rf"第二{COUNTER}?|后者|后[一面]{COUNTER}?|另一{COUNTER}?|\bthe (?:second|latter|other)\b"),
)
PARTS = re.compile(r"[；;。！？!?]|\.(?!\d)")
CLAUSES = re.compile(r"、|(?<!\d)[,:]|[,:](?!\d)|\b(?:and|while|but|against)\b")
LESS_OR_MORE: Sequence[tuple[str, str]] = (
    (
        r"便宜|省钱|更省|\b(?:cheaper|less expensive|costs less)\b",
        r"(?<![富宝])贵|\b(?:dearer|pricier|more expensive|costlier)\b",
    ),
    (r"短(?![袖款裤裙片])|\bshorter\b", r"(?<!修)长(?![袖款裤裙柄篇短沙久])|\blonger\b"),
    (r"轻(?![松食便])|\blighter\b", r"(?<!贵)重(?![庆要量新])|\bheavier\b"),
    (r"更?少(?![年儿])|\bfewer\b", r"更多|多出"),
    (r"更?低|\blower\b", r"更?高(?![级速])|\b(?:higher|taller)\b"),
    (r"更?小(?![时说])|\bsmaller\b", r"更?大(?![学人])|\b(?:larger|bigger|roomier)\b"),
    (r"更?早|更?旧|\b(?:older|earlier)\b", r"更?新(?![手人书])|更?晚(?!上)|\b(?:newer|later|more recent)\b"),
    (r"薄|\bthinner\b", r"更?厚|\bthicker\b"),
    (r"更?窄|\bnarrower\b", r"更?宽|\bwider\b"),
    (r"更?近|\b(?:nearer|closer)\b", r"更?远|\b(?:farther|further)\b"),
)  # fmt: skip
"""Words for less and more of a thing; a difference of the data and a line speak of the same thing by the same pair."""
NEGATED = re.compile(r"(?:不|没有?|别|not|n't|no)\s?\S{0,6}$")
THAN = re.compile(r"(?:比|than)\s?(?:the\s)?[《“]?$")
DENIAL = re.compile(r"不|没|无|非|否|\b(?:no|not|without|neither|lacks?)\b|n['’]t")
VERBAL = re.compile(r"^(?:可以?|能|支持|有|带|含|是否?|需要?)")
CHOOSING = re.compile(
    r"要|选|挑|拿|就|想|看重|随你|\b(?:want|take|choose|pick|prefer|have|get|go for|if|for you|as you|either)\b|"
    r"you['’]d"
)
"""How a stretch begins that weighs the two and names neither."""
YES, NO = ("是", "yes"), ("否", "no")
LEAST = 2


@dataclass(frozen=True)
class Sides:
    """The two sides of a comparison."""

    request: CompareLine

    def violations(self, line: str) -> Iterator[Violation]:
        """Values under the other item, comparatives that are the other's, yes for no."""
        said = Said(fold(line), self._names)
        if not all(name.pattern != ordinal.pattern for name, ordinal in zip(self._names, ORDINALS, strict=True)):
            return  # one has no name of its own, so what is said of it cannot be told from what is said of the other
        yield from self._values(said)
        yield from self._comparatives(said)
        yield from self._booleans(said)

    @cached_property
    def _names(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """By what each item is called: ordinals, its title, the parts of its title that are its alone."""
        one, two = fold(self.request.one.title), fold(self.request.two.title)
        shared = fold(" ".join(text for point in self.request.points for text in point))
        return _called(one, two, shared, ORDINALS[0]), _called(two, one, shared, ORDINALS[1])

    def _values(self, said: Said) -> Iterator[Violation]:
        for _, one, two, _ in self.request.points:
            for side, (mine, other) in enumerate(((one, two), (two, one))):
                for text in _telling(mine, other):
                    for match in re.finditer(_bounded(text), said.text):
                        if said.subject(match.start()) == 1 - side and not said.weighs(match.start(), one, two):
                            yield Violation("side", match.group())

    def _comparatives(self, said: Said) -> Iterator[Violation]:
        own = {a.text for _, one, two, _ in self.request.points for text in (one, two) for a in amounts(text)}
        for less, more in LESS_OR_MORE:
            lesser = self._lesser(less, more)
            if lesser is None:
                continue
            for side, words in ((lesser, less), (1 - lesser, more)):
                for match in re.finditer(words, said.text):
                    if said.is_in_a_name(match.start()):
                        continue
                    holder = said.subject(match.start(), carried=False)
                    turned = bool(NEGATED.search(said.text[: match.start()]))
                    if holder is not None and (holder != side) != turned and said.number_after(match.end()) not in own:
                        yield Violation("side", match.group())

    def _lesser(self, less: str, more: str) -> int | None:
        """Which item has less of what a pair of words measures; None where no difference tells or two disagree."""
        found = set()
        for _, _, _, difference in self.request.points:
            apart = fold(difference)
            holder = next((side for side, words in enumerate(ORDINALS) if words.match(apart)), None)
            rest = ORDINALS[holder].sub("", apart, count=1) if holder is not None else ""
            if holder is not None and (re.search(less, rest) or re.search(more, rest)):
                found.add(holder if re.search(less, rest) else 1 - holder)
        return found.pop() if len(found) == 1 else None

    def _booleans(self, said: Said) -> Iterator[Violation]:
        for label, one, two, _ in self.request.points:
            core = VERBAL.sub("", fold(label))
            if {one, two} in ({YES[0], NO[0]}, {YES[1], NO[1]}) and len(core) >= LEAST:
                for match in re.finditer(re.escape(core), said.text):
                    holder = said.subject(match.start())
                    if holder is None:
                        continue
                    yes = (one, two)[holder] in YES
                    if yes == bool(DENIAL.search(said.clause(match.start())[0])):
                        yield Violation("side", match.group())


@dataclass(frozen=True)
class Said:
    """A folded line and the places where it names either item. `names`: how one is called, how two."""

    text: str
    names: tuple[re.Pattern[str], re.Pattern[str]]

    @cached_property
    def named(self) -> list[tuple[int, int, int]]:
        """(start, end, 0 for one and 1 for two) of every name."""
        return [(m.start(), m.end(), side) for side, name in enumerate(self.names) for m in name.finditer(self.text)]

    @cached_property
    def mentions(self) -> list[tuple[int, int]]:
        """(place, side) of the names, in order; what something is held against ("than the first") is none."""
        return sorted((start, side) for start, _, side in self.named if not THAN.search(self.text[:start]))

    def is_in_a_name(self, start: int) -> bool:
        """Whether a place is inside a name."""
        return any(a <= start < b for a, b, _ in self.named)

    def subject(self, start: int, *, carried: bool = True) -> int | None:
        """Which item the words at a place speak of: the one named last before them in the clause, else first after
        them there; else the same in their part of the sentence; else (`carried`), if that part is complete and makes
        no choice, the one spoken of before."""
        part, closed = self._span(PARTS, start)
        for a, b in (self._span(CLAUSES, start)[0], part):
            a, b = max(a, part[0]), min(b, part[1])
            before = [side for place, side in self.mentions if a <= place <= start]
            after = [side for place, side in self.mentions if start < place < b]
            if before or after:
                return before[-1] if before else after[0]
        earlier = [side for place, side in self.mentions if place < part[0]]
        carried &= closed and not CHOOSING.search(self.text[slice(*part)])
        return earlier[-1] if earlier and carried else None

    def weighs(self, start: int, one: str, two: str) -> bool:
        """Whether the clause around a place sets both values side by side and names neither item."""
        clause, place = self.clause(start)
        named = any(place <= at < place + len(clause) for at, _ in self.mentions)
        return not named and fold(one) in clause and fold(two) in clause

    def clause(self, start: int) -> tuple[str, int]:
        """The clause around a place, and where it begins."""
        (a, b), _ = self._span(CLAUSES, start)
        (c, d), _ = self._span(PARTS, start)
        return self.text[max(a, c) : min(b, d)], max(a, c)

    def number_after(self, place: int) -> str:
        """The number that follows at once; empty if there is none."""
        found = re.compile(r"\s?(\d+(?:\.\d+)?)").match(self.text, place)
        return found[1] if found else ""

    def _span(self, marks: re.Pattern[str], place: int) -> tuple[tuple[int, int], bool]:
        """The stretch between two marks around a place, and whether a mark closes it."""
        ends = [m.end() for m in marks.finditer(self.text) if m.end() <= place]
        after = marks.search(self.text, place)
        return (ends[-1] if ends else 0, after.start() if after else len(self.text)), after is not None


def _called(title: str, other: str, shared: str, ordinal: re.Pattern[str]) -> re.Pattern[str]:
    """The pattern of all names of an item."""
    words = re.findall(r"[a-z0-9][a-z0-9'’]+", title)
    latin = [w for w in words if w not in other and not holds(shared, w) and w not in stop_words()]
    runs = "".join(c if HAN.match(c) else " " for c in title).split()
    pieces = {run[i:j] for run in runs for i in range(len(run)) for j in range(i + LEAST, len(run) + 1)}
    han = [piece for piece in pieces if piece not in other and piece not in shared]
    whole = [title] if title not in other else []
    spelt = [re.escape(text) for text in sorted((*whole, *han), key=len, reverse=True)]
    spelt += [rf"\b{re.escape(word)}(?:e?s)?\b" for word in latin if len(word) > LEAST]
    return re.compile("|".join((*spelt, ordinal.pattern)))


def _telling(mine: str, other: str) -> Iterator[str]:
    """What a value has that the other's has not: its numbers with their units, or its words."""
    mine, other = fold(mine), fold(other)
    if mine in (*YES, *NO) or mine == other:
        return
    found = [amount.text for amount in amounts(mine)]
    theirs = {amount.value for amount in amounts(other)}
    if found:
        yield from (amount.text for amount in amounts(mine) if amount.value not in theirs)
        return
    for part in re.split(r"[、,，;/]\s*", mine):
        if len(part) >= LEAST and part not in other:
            yield part


def _bounded(text: str) -> str:
    """A pattern for a text that is not inside a longer number or word."""
    before = r"(?<![\d.a-z])" if text[:1].isascii() else ""
    after = (
        r"(?![\da-z]|\.\d)"
        if text[-1:].isascii() and text[-1:].isdigit()
        else r"(?![a-z])"
        if text[-1:].isascii()
        else ""
    )
    return before + re.escape(text) + after
