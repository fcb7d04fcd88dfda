"""One line on its way through the model: its prompt, how much of it was read, what was written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Protocol

from torch import Tensor

from bot.phrasing.network import Piece
from bot.phrasing.sampling import Sampler

HEAD_START = 8
"""Tokens that a caller's first line gets before the others are read, or fewer if a clause ends sooner."""
CLAUSE_MARKS = frozenset("，,；;：:。.！!？?、")
UNFINISHED = "\ufffd"
"""What a part of a character decodes to."""


class Detokenizer(Protocol):
    """What a line needs of a tokenizer."""

    @property
    def all_special_ids(self) -> Sequence[int]:
        """Control tokens; any of them ends a line."""

    def decode(self, token_ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of some tokens."""


class Text:
    """A line's tokens as they come, made text."""

    def __init__(self, tokenizer: Detokenizer, limit: int) -> None:
        """`limit`: tokens after which the line is cut off."""
        self.ids: list[int] = []
        self.limit = limit
        self.done = limit <= 0
        self._tokenizer = tokenizer
        self._ends = frozenset(tokenizer.all_special_ids)
        self._sent = ""

    @property
    def leads(self) -> bool:
        """Whether it is still in its head start."""
        return not self.done and len(self.ids) < HEAD_START and not CLAUSE_MARKS & set(self._sent)

    def take(self, token: int) -> str:
        """One token more; returns the text that it makes certain, never a part of a character. Parts that never become
        one are left out."""
        if token in self._ends:
            self.done = True
        else:
            self.ids.append(token)
        text, newline, _ = self._tokenizer.decode(self.ids, skip_special_tokens=True).partition("\n")
        self.done = self.done or bool(newline) or len(self.ids) >= self.limit
        whole = text.rstrip(UNFINISHED)
        new, self._sent = whole[len(self._sent) :], whole
        return new.replace(UNFINISHED, "")


class Words:
    """The columns of the logits: the words that the model always has, then those that one line is given."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = ids
        self._columns = {token: column for column, token in enumerate(ids)}

    def token(self, column: int, given: Sequence[int]) -> int:
        """The token of a column."""
        return self._ids[column] if column < len(self._ids) else given[column - len(self._ids)]

    def columns(self, tokens: Iterable[int], given: Sequence[int]) -> list[int]:
        """The columns of those tokens that a line can be written with."""
        own = {token: len(self._ids) + place for place, token in enumerate(given)}
        found = (self._columns.get(token, own.get(token)) for token in tokens)
        return [column for column in found if column is not None]


class Facts:
    """How a line goes on where it keeps to its facts."""

    def __init__(self, ids: Sequence[int], begins: Collection[int] = ()) -> None:
        """`begins`: what a line may well begin with."""
        self._begins = begins
        self._after: dict[int, set[int]] = {}
        for token, after in pairwise(ids):
            self._after.setdefault(token, set()).add(after)

    def after(self, said: Sequence[int]) -> Collection[int]:
        """All tokens that the facts have after the one that was said last."""
        return self._after.get(said[-1], ()) if said else self._begins


class Lookup:
    """Guesses what comes next from what a prompt has after the same words: lines repeat their facts (Saxena, 2023)."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._next: dict[tuple[int, ...], int] = {}
        for size in (1, 2):
            for place in range(len(ids) - size):
                self._next.setdefault(tuple(ids[place : place + size]), ids[place + size])

    def guess(self, said: Sequence[int], count: int) -> tuple[int, ...]:
        """At most so many tokens after those `said`."""
        guessed: list[int] = []
        before = list(said[-2:])
        while len(guessed) < count:
            found = self._next.get(tuple(before[-2:]), self._next.get(tuple(before[-1:])))
            if found is None:
                break
            guessed.append(found)
            before.append(found)
        return tuple(guessed)


class Line:
    """A prompt and its continuation. A line that may write nothing is only read, so that it can be kept."""

    def __init__(
        self,
        parts: Sequence[tuple[int, ...]],
        text: Text,
        sampler: Sampler,
        given: tuple[int, ...] = (),
        begins: tuple[int, ...] = (),
    ) -> None:
        """`parts`: the prompt's tokens, what is worth keeping first, part by part, then the rest. `given`: words of the
        prompt that the line may be written with, beside those that the model always has; `begins`: what it may well
        begin with."""
        self.prompt = tuple(token for part in parts for token in part)
        self.parts = [
            (end - len(part), end) for part, end in zip(parts[:-1], accumulate(map(len, parts)), strict=False)
        ]
        self.text = text
        self.read = 0
        self._sampler = sampler
        self._given = given
        self._lookup = Lookup(self.prompt[len(parts[0]) :])
        self._facts = Facts([token for part in parts[1:-1] for token in part], begins)

    @property
    def unread(self) -> int:
        """Tokens of the prompt that are still to be read."""
        return len(self.prompt) - self.read

    @property
    def used(self) -> int:
        """Slots of the memory that it fills."""
        return self.read + max(0, len(self.text.ids) - 1)

    @property
    def longest(self) -> int:
        """Slots that it may come to fill."""
        return len(self.prompt) + self.text.limit

    @property
    def done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.text.done and not self.unread

    def skip(self, end: int) -> None:
        """So many tokens need not be read. The last one must, for what comes after it."""
        self.read = end if self.text.done else min(end, len(self.prompt) - 1)

    def guess(self, count: int) -> tuple[int, ...]:
        """At most so many tokens that may come next."""
        return self._lookup.guess(self.text.ids, count)

    def next(self, row: int, guesses: tuple[int, ...]) -> Piece:
        """The token that was written last, and after it guesses, which the model is to judge all at once."""
        return Piece(row, self.used, (self.text.ids[-1], *guesses), 1 + len(guesses), self._given)

    def next_unread(self, row: int, most: int) -> Piece:
        """What is left of the prompt, at most so much."""
        ids = self.prompt[self.read : self.read + most]
        asks = int(len(ids) == self.unread and not self.text.done)
        return Piece(row, self.read, ids, asks, self._given)

    def take(self, piece: Piece, logits: Tensor, words: Words) -> str:
        """Takes tokens by their logits [tokens after which was asked, words and given]: the next one, and one more
        for every guess that turns out to be right. Returns the text that they make certain."""
        guesses = piece.ids[1:] if len(piece.ids) == piece.asks else ()
        text = ""
        for number, row in enumerate(logits):
            pulled = words.columns(self._facts.after(self.text.ids), self._given)
            token = words.token(self._sampler.choose(row, pulled), self._given)
            text += self.text.take(token)
            if self.text.done or number >= len(guesses) or guesses[number] != token:
                break
        return text
