"""The check: what a line says of numbers, titles, names, colours and the like must be in its facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bot.phrasing.check.answering import omissions
from bot.phrasing.check.borrowed import addresses, borrowed_names, is_of_item
from bot.phrasing.check.coverage import Speech, norms, stray_words
from bot.phrasing.check.denial import claimed, denied, only_denied, put_forward, upheld
from bot.phrasing.check.manner import language, manner, repetition
from bot.phrasing.check.names import strange_kinds, strange_names, strange_titles
from bot.phrasing.check.numbers import known_amounts
from bot.phrasing.check.prices import wrong_numbers
from bot.phrasing.check.reasons import wrong_acts, wrong_directions
from bot.phrasing.check.sides import Sides
from bot.phrasing.check.source import items_of, own_facts, source_of, told
from bot.phrasing.check.speech import speech
from bot.phrasing.check.violation import Violation
from bot.phrasing.closeness import Join, is_loose, joins
from bot.phrasing.requests import AnswerLine, CompareLine, ItemLine, LineRequest, OpeningLine
from bot.understanding.vocabulary import Vocabulary
from retrieval.segment import fold


@dataclass(frozen=True)
class Ground:
    """What a line may speak of: its facts and the visitor's words, prepared once a line.

    `other_titles`: titles on the same slate, none of which may be named here; `words`: what is said of anything, and
    what only of facts; `close`: whether it must also keep closely to the words of its source.
    """

    request: LineRequest
    vocabulary: Vocabulary
    other_titles: tuple[str, ...] = ()
    words: Speech = field(default_factory=speech, repr=False)
    close: bool = False

    @cached_property
    def source(self) -> str:
        """All that the line may take words from, folded."""
        return source_of(self.request)

    @cached_property
    def known(self) -> Mapping[float, frozenset[str]]:
        """The numbers that it may say → what each counts."""
        return known_amounts(told(self.request))

    def violations(self, line: str, *, whole: bool = False) -> list[Violation]:
        """Everything in the line without a ground; an empty list for a true line.

        A line may be checked as it grows, clause by clause. `whole`: it is finished, so it must also hold what an
        answer owes: the asked values, and that the data lacks the missing ones.
        """
        return list(self._found(line, whole))

    def lacks(self, line: str) -> list[Violation]:
        """What the beginning of a line lacks before anything of it may go out: on an item, a word of the item.

        What has no such word at its end says only what the visitor had it say.
        """
        if not isinstance(self.request, ItemLine):
            return []
        of_item = is_of_item(line, self._own, self._own_norms, self.words.common, self.vocabulary.segmenter)
        return [] if of_item else [Violation("foreign", line)]

    def _found(self, line: str, whole: bool) -> Iterator[Violation]:
        request, source = self.request, self.source
        yield from wrong_numbers(line, request, source, self.known)
        yield from strange_titles(line, source, self.other_titles)
        yield from strange_names(line, source, self.vocabulary, self.words.common)
        yield from strange_kinds(line, source)
        yield from manner(line, source)
        yield from repetition(line, source, parallel=isinstance(request, CompareLine))
        yield from language(line, source, request.lang)
        yield from addresses(line, " ".join(value for _, value in self._asked))
        yield from (Violation("stray", word) for word in self._stray(line))
        if self.close and is_loose(line, self._joins, request.lang):
            yield Violation("loose", line)
        yield from (Violation("denial", words) for words in denied(line, self._facts))
        match request:
            case ItemLine():
                yield from (Violation("denial", words) for words in claimed(line, request.item))
                yield from (Violation("denial", words) for words in upheld(line, self._only_denied))
                yield from wrong_acts(line, request)
                yield from wrong_directions(line, request)
                yield from borrowed_names(line, fold(request.wish), self._own, request.lang)
                yield from self.lacks(line) if whole else ()
            case CompareLine():
                yield from self._sides.violations(line)
            case OpeningLine():
                yield from (Violation("denial", words) for words in put_forward(line, request.refused))
            case AnswerLine() if whole:
                yield from omissions(line, request)

    @cached_property
    def _facts(self) -> str:
        return own_facts(self.request)

    @cached_property
    def _own(self) -> str:
        """What is known of an item and why it is there, folded; without the visitor's own words."""
        why = (*self.request.fits, *self.request.reasons) if isinstance(self.request, ItemLine) else ()
        return f"{self._facts} {fold(' '.join(why))}"

    @cached_property
    def _own_norms(self) -> frozenset[str]:
        return norms(self._own, self.vocabulary.segmenter)

    @cached_property
    def _asked(self) -> tuple[tuple[str, str], ...]:
        return self.request.asked if isinstance(self.request, AnswerLine) else ()

    @cached_property
    def _only_denied(self) -> tuple[str, ...]:
        """By the facts, and by the words that fit: of a limit, too, only what it says is said."""
        fits = self.request.fits if isinstance(self.request, ItemLine) else ()
        return only_denied(f"{self._facts}，{fold('，'.join(fits))}")

    @cached_property
    def _joins(self) -> frozenset[Join]:
        return joins((text for _, text in told(self.request)), self.request.lang)

    @cached_property
    def _norms(self) -> frozenset[str]:
        return norms(self.source, self.vocabulary.segmenter)

    @cached_property
    def _sides(self) -> Sides:
        assert isinstance(self.request, CompareLine)
        return Sides(self.request)

    def _stray(self, line: str) -> Sequence[str]:
        return stray_words(line, self.source, self.words, self.vocabulary.segmenter, self._norms)


def grounds(requests: Sequence[LineRequest], vocabulary: Vocabulary, *, close: bool = False) -> Mapping[str, Ground]:
    """A ground for each line of a slate, by part. An answer and a comparison may name their own items."""
    titles = dict.fromkeys(item.title for request in requests for item in items_of(request))
    grounds: dict[str, Ground] = {}
    for request in requests:
        own = {item.title for item in items_of(request)}
        grounds[request.part] = Ground(
            request, vocabulary, tuple(title for title in titles if title not in own), close=close
        )
    return grounds
