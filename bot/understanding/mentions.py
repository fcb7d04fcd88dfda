"""Items and creators that a message names: by title or name, whole or in part, with a slip, in either language."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.understanding.cues import lowered
from bot.understanding.likeness import role_at
from bot.understanding.names import SPELT, TYPO_LENGTH, Found, Line, units
from bot.understanding.slips import is_slip
from bot.understanding.spelling import common_words, english_words
from bot.understanding.turn import Facet
from bot.understanding.vocabulary import Vocabulary
from retrieval.segment import HAN, Token, simplified, stop_words

QUOTED = re.compile(r"《([^《》]+)》|“([^“”]+)”|\"([^\"]+)\"|「([^「」]+)」|『([^『』]+)』|‘([^‘’]{3,})’")
NAMING = re.compile(
    r"(?:看过?|读过?|听过?|像|类似于?|喜欢|爱|叫|玩过?|有|搜|找|追|刷|跟|和|比|除了"
    r"|of|like|likes?|loved?|watch(?:ed)?|seen|read|"
    r"reading|called|named|heard|similar to|saw|enjoyed|than|film|movie|book|album|song|series|novel|is|than)\s*$"
)
"""What stands before a title that is also an ordinary word."""
AFTER_NAME = re.compile(
    r"\s*(?:$|[，,。.；;！!？?、》]|的|那|这|吗|么|呢|和|与|跟|一样|之类|类|里|多少"
    r"|怎么|讲|or\b|and\b|but\b|please|again)"
)
ASKED_OF = re.compile(r"\s*(?:多少|怎么样?|好看|好不好|讲|是谁|谁|有吗|有没有|还有|哪|值得|贵)")
"""What is asked of a name right after it."""
BESIDE = re.compile(r"\s*[》”\"]?\s*(?:和|跟|与|或者?|还是|比|、|,|and|or|vs\.?|versus|with)\s*(?:the )?[《“\"]?\s*")
SPOKEN_OF = re.compile(r"\s*(?:(?:is|was|has|or|and|vs|versus)\b|'s |[㐀-鿿])")
BY = re.compile(
    r"(?:\bby|\bfrom|director|author|writer|singer|artist|brand|of|\bfan of|导演"
    r"|作者|作家|歌手|品牌|牌子|只看|只买|只要|只听|只读)"
    r"\s*(?:the )?$"
)
OF = re.compile(
    r"\s*(?:'s|’s|的|家的|这个牌子|牌|films?\b|movies?\b|books?\b|albums?\b|songs?\b|novels?\b|works?\b|,|$|\?|!|\.)"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: what it is of, as facets and positions, and whether that itself or its like is meant."""

    start: int
    end: int
    kind: Literal["title", "creator"]
    positions: tuple[int, ...]
    facets: tuple[Facet, ...]
    role: Literal["this", "similar"] = "this"


@dataclass(frozen=True)
class Mentions:
    """Finds what a message names. Costs the message's length, whatever the catalogue's size."""

    vocabulary: Vocabulary

    def find(self, text: str, tokens: Sequence[Token]) -> list[Mention]:
        """The names in a text, left to right; none overlap."""
        reader = _Reader(text, tokens, self.vocabulary)
        found: list[Mention] = []
        i = 0
        while i < len(reader.said):
            mention, after = reader.at(i)
            if mention is not None:
                found.append(mention)
            i = after
        return found


class _Reader:
    """One text being read: its units, as written and mended, and where words and quotations begin and end."""

    def __init__(self, text: str, tokens: Sequence[Token], vocabulary: Vocabulary) -> None:
        self.text = text
        self.plain = lowered(simplified(text))
        self.vocabulary = vocabulary
        self.tokens = tokens
        self.written = units(text)
        mended = self._mended()
        self.said = [
            replace(u, text=text) if text != u.text else u for u, text in zip(self.written, mended, strict=True)
        ]
        self.line = Line(self.said)
        self.slips = vocabulary.titles.slips(self.line)
        self.creator_slips = vocabulary.creators.slips(self.line)
        self.starts = {token.start for token in tokens}
        self.ends = {token.end for token in tokens}
        self.before = 0
        self.quotes = [match.span(match.lastindex or 0) for match in QUOTED.finditer(text)]

    def _mended(self) -> Iterator[str]:
        """The units with misspelt words read as those of a name, or else as the catalogue's."""
        before = ""
        for unit in self.written:
            word = unit.text
            if len(word) >= SPELT and word.isascii() and word.isalpha() and not self.vocabulary.spelling.knows(word):
                word = self.vocabulary.titles.follower(before, word) if before else word
                word = self.vocabulary.creators.follower(before, word) if before and word == unit.text else word
                word = self.vocabulary.spelling.nearest(word) if word == unit.text else word
            before = "" if unit.han else word
            yield word

    def at(self, i: int) -> tuple[Mention | None, int]:
        """The name that begins at a unit, if any, and the unit to go on with."""
        unit = self.said[i]
        if unit.han and unit.start not in self.starts and not self._quoted(unit.start):
            return None, i + 1
        title = self.vocabulary.titles.at(self.line, i, self.slips)
        title = title if title and self._is_title(title) else None
        creator = self.vocabulary.creators.at(self.line, i, self.creator_slips)
        creator = creator if creator and self._is_creator(creator) else None
        if creator and (not title or creator.end > title.end or (creator.end == title.end and title.how != "whole")):
            self.before = self._span(creator)[1]
            return self._creator(creator), creator.end
        if title:
            self.before = self._span(title)[1]
            return self._title(title), title.end
        return None, i + 1

    # -- is it one?

    def _span(self, found: Found) -> tuple[int, int]:
        return self.said[found.start].start, self.said[found.end - 1].end

    def _quoted(self, start: int, end: int | None = None) -> bool:
        return any(a <= start and (end is None or end <= b) and start < b for a, b in self.quotes)

    def _named(self, start: int, end: int) -> bool:
        """Whether what stands around says that it is a name: a verb (看), or another name beside it (三体和沙丘)."""
        if self.before and BESIDE.fullmatch(self.plain[self.before : start]):
            return True
        begins = not self.plain[:start].strip(" 那请问，,")
        if (
            begins
            and end - start >= TYPO_LENGTH[0]
            and HAN.match(self.plain, start)
            and ASKED_OF.match(self.plain, end)
        ):
            return True
        return bool(NAMING.search(self.plain[max(0, start - 12) : start]) and AFTER_NAME.match(self.plain, end))

    def _inside(self, start: int, end: int) -> list[Token]:
        first = bisect_left(self.tokens, start, key=lambda token: token.start)
        last = bisect_left(self.tokens, end, lo=first, key=lambda token: token.start)
        return [token for token in self.tokens[first:last] if token.end <= end]

    def _is_title(self, found: Found) -> bool:
        start, end = self._span(found)
        size = found.end - found.start
        if self._quoted(start, end):
            whole_quote = any(a == start and b == end for a, b in self.quotes)
            return found.how != "beginning" or (whole_quote and size > 1) or size > 2
        words = self._inside(start, end)
        if end not in self.ends or not words:
            return False
        whole = found.how in ("whole", "part")
        if found.how == "beginning":
            return self._is_beginning(found, words, start, end)
        if found.how == "slip":
            return is_slip(found, words, self.vocabulary)
        if not self.vocabulary.is_name(words) and not self._is_described_name(found, words):
            return False
        if all(unit.han for unit in self.said[found.start : found.end]):
            if size == 1:
                return False
            common = self.vocabulary.segmenter.is_common(self.plain[start:end]) and size < 5
            return whole and (not common or self._named(start, end) or self._alone(start, end))
        return self._is_latin_title(found, words, start, end)

    def _is_described_name(self, found: Found, words: Sequence[Token]) -> bool:
        """Whether a title with a kind of thing in it is a name all the same: long, or with a word of its own."""
        size, english = found.end - found.start, words[0].text.isascii()
        if size >= (4 if english else 6) or (found.how == "whole" and self._is_beside(found)):
            return True
        start, end = self._span(found)
        if found.how == "whole" and english and size > 1 and self._in_capitals(start, end):
            return True
        known = [(t, facets) for t, facets in self.vocabulary.words(words) if t.text.lower() not in stop_words()]
        proper = any(all(facet.field == "brand" for facet in facets) for _, facets in known)
        return found.how == "whole" and english and size > 1 and proper and all(w.text[:1].isupper() for w in words)

    def _is_beside(self, found: Found) -> bool:
        """Whether another whole name stands beside one, joined to it by a word: Alien or Blade Runner."""
        start, end = self._span(found)
        if self.before and BESIDE.fullmatch(self.plain[self.before : start]):
            return True
        join = BESIDE.match(self.plain, end)
        after = next((i for i, unit in enumerate(self.said) if join and unit.start == join.end()), None)
        other = self.vocabulary.titles.at(self.line, after) if after is not None else None
        return other is not None and other.how == "whole" and (other.end - other.start > 1 or self._capital(other))

    def _capital(self, found: Found) -> bool:
        start, end = self._span(found)
        return all(word.text[:1].isupper() for word in self._inside(start, end))

    def _in_capitals(self, start: int, end: int) -> bool:
        """Whether English words begin with capitals in a sentence that does not: the Lighthouse Guesthouse."""
        words = [t for t in self.tokens if t.text.isascii() and t.text.lower() not in stop_words()]
        others = [t for t in words if not start <= t.start < end]
        small = self.text[start - 2 : start].strip().islower() or any(t.text.islower() for t in others)
        return start > 0 and small and all(t.text[:1].isupper() for t in words if start <= t.start < end)

    def _alone(self, start: int, end: int) -> bool:
        """Whether nothing else is said."""
        rest = self.plain[:start] + self.plain[end:]
        return not re.sub(r"[\s？?。.!！吗呢]", "", rest) and not self.vocabulary.facets(self.plain[start:end])

    def _is_latin_title(self, found: Found, words: Sequence[Token], start: int, end: int) -> bool:
        plain = [unit.text for unit in self.said[found.start : found.end]]
        ordinary = all(word in common_words() or word in stop_words() or word.isdigit() for word in plain)
        apart = start > 0 or len(plain) > 1 or SPOKEN_OF.match(self.plain, end) is not None
        capital = apart and all(w.text[:1].isupper() or w.text.lower() in stop_words() for w in words)
        if len(plain) == 1:
            if len(plain[0]) < 3 or plain[0].isdigit():
                return capital and self._named(start, end)
            return not ordinary or capital or self._named(start, end) or self._alone(start, end)
        telling = [word for word in plain if word not in stop_words() and not word.isdigit()]
        return not ordinary or capital or len(telling) > 1 or self._named(start, end)

    def _is_beginning(self, found: Found, words: Sequence[Token], start: int, end: int) -> bool:
        """Whether part of a title stands for it: enough of it, and none of the catalogue's general words."""
        if any(facets for _, facets in self.vocabulary.words(words)):
            return False
        size = found.end - found.start
        named = self._named(start, end)
        if HAN.match(words[0].text):
            common = self.vocabulary.segmenter.is_common(self.plain[start:end])
            last = not self.plain[end:].strip(" ?？。.!！吗》")
            return (size >= 4 and (len(words) > 1 or not common)) or (named and size >= 2 and (last or not common))
        strange = any(w.text.isascii() and w.text.lower() not in english_words() for w in words)
        capital = all(w.text[:1].isupper() for w in words)
        return size >= 2 and (strange or capital or named) and words[-1].text.lower() not in stop_words()

    def _is_creator(self, found: Found) -> bool:
        start, end = self._span(found)
        if found.how not in ("whole", "slip") or end not in self.ends:
            return False
        words = self._inside(start, end)
        if not words:
            return False
        if found.how == "slip":
            known = any(facets for _, facets in self.vocabulary.words(words))
            return (
                len(found.key) > 4 and not known and (words[0].text.isascii() or is_slip(found, words, self.vocabulary))
            )
        said = bool(BY.search(self.plain[max(0, start - 12) : start])) or bool(
            OF.match(self.plain, end) and self.text[end : end + 2] not in ("", ", ")
        )
        fields = {f.field for f in self.vocabulary.facets("".join(w.norm for w in words))} - {"brand"}
        plain = [unit.text for unit in self.said[found.start : found.end]]
        if all(HAN.match(word) for word in plain):
            if len(plain) == 1:
                return False
            common = self.vocabulary.segmenter.is_common(self.plain[start:end]) and len(plain) < 3
            return said or (not fields and not (common and self._is_word(start, end)))
        if len(plain) == 1 and fields:
            return False
        ordinary = all(word in common_words() for word in plain)
        capital = all(w.text[:1].isupper() for w in words) and (start > 0 or len(plain) > 1)
        written = all(w.text[:1].isupper() for w in words)
        by = BY.search(self.plain[max(0, start - 12) : start]) is not None
        said = said and (len(plain) > 1 or not ordinary or written or by)
        return not ordinary or capital or said

    def _is_word(self, start: int, end: int) -> bool:
        """Whether the general dictionary, not the catalogue, has the word."""
        return not self.vocabulary.facets(self.plain[start:end])

    # -- what it means

    def _title(self, found: Found) -> Mention:
        start, end = self._span(found)
        facets = dict.fromkeys(f for place in found.positions for f in self.vocabulary.titles_at(place))
        return Mention(start, end, "title", found.positions, tuple(facets), role_at(self.plain, start, end))

    def _creator(self, found: Found) -> Mention:
        start, end = self._span(found)
        values = [self.vocabulary.creator_values[place] for place in found.positions]
        facets = tuple(Facet("brand", value) for value in values)
        positions = sorted({int(p) for facet in facets for p in self.vocabulary.positions(facet)})
        facets = self._in_both_languages(facets, positions)
        return Mention(start, end, "creator", tuple(positions), facets, role_at(self.plain, start, end))

    def _in_both_languages(self, facets: tuple[Facet, ...], positions: Sequence[int]) -> tuple[Facet, ...]:
        """The brands, with how the same items' brand is written in the other language."""
        own = {facet.value for facet in facets}
        others = [value for place in positions[:1] for value in self.vocabulary.brands_at(place) if value not in own]
        return (*facets, *(Facet("brand", value) for value in others))
