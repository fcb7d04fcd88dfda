"""The lines that the model reads and writes together, each with its row of the memory."""

from __future__ import annotations

import torch

from bot.phrasing.line import Line, Words
from bot.phrasing.memory import Memory, PrefixCache
from bot.phrasing.network import Network, Piece

ROOM = 64
"""The memory grows by multiples of so many slots."""
CHEAP = 6
"""Tokens that cost little more than one to go through the model together: its weights must be fetched either way."""
GUESSES = 3
"""Tokens that are guessed at most for a line (speculative decoding: Leviathan et al., 2023)."""


class Batch:
    """Lines by row: first those that write, then those whose prompts are still being read. Not for two threads."""

    def __init__(self, network: Network, cache: PrefixCache) -> None:
        self.lines: list[Line] = []
        self._network = network
        self._cache = cache
        self._memory = Memory(network.shapes)
        self._words = Words(network.words.tolist())

    @property
    def unread(self) -> int:
        """Tokens of prompts that are still to be read."""
        return sum(line.unread for line in self.lines)

    def add(self, line: Line) -> None:
        """Gives a line a row. What was kept of the beginning of its prompt need not be read again."""
        row = len(self.lines)
        self._memory.reserve(row + 1, -(-(line.longest + GUESSES) // ROOM) * ROOM)
        for start, end in line.parts:
            if start < end:
                kept = self._cache.get(line.prompt[:end])
                if kept is None:
                    break
                self._memory.put(row, start, kept)
                line.skip(end)
        self.lines.append(line)

    def advance(self, most: int) -> list[tuple[Line, str]]:
        """One pass of the model: every line that writes gets a token or more, `most` tokens of prompts are read.

        Returns the new text of lines. Where the model raises, nothing has changed.
        """
        pieces = self._writing() + self._reading(most)
        logits = self._network(pieces, self._memory)
        said = []
        asked = torch.split(logits, [piece.asks for piece in pieces])
        for piece, rows in zip(pieces, asked, strict=True):
            line = self.lines[piece.row]
            if line.unread:
                line.read = piece.end
                self._keep(line, piece.row)
            if piece.asks:
                said.append((line, line.take(piece, rows, self._words)))
        return said

    def drop(self, line: Line) -> None:
        """Loses a line. The last that writes takes its place, the very last the place of that one."""
        hole, last = self.lines.index(line), len(self.lines) - 1
        writing = sum(not other.unread for other in self.lines) - 1
        for source in (writing, last) if hole < writing else (last,):
            if source != hole:
                self._memory.move(source, hole, self.lines[source].used)
                self.lines[hole] = self.lines[source]
            hole = source
        self.lines.pop()

    def clear(self) -> None:
        """Loses all lines."""
        self.lines.clear()

    def _writing(self) -> list[Piece]:
        """The lines that write, with equally many guesses each, so that attention can serve them together."""
        writing = [line for line in self.lines if not line.unread]
        count = 0
        if writing and len(writing) == len(self.lines):
            count = max(0, min(GUESSES, CHEAP // len(writing) - 1))
        guesses = [line.guess(count) for line in writing]
        count = max(map(len, guesses), default=0)
        fill = [those + (0,) * (count - len(those)) for those in guesses]
        return [line.next(row, those) for row, (line, those) in enumerate(zip(writing, fill, strict=True))]

    def _reading(self, most: int) -> list[Piece]:
        """What is read of prompts, row by row."""
        pieces = []
        for row, line in enumerate(self.lines):
            if line.unread and most > 0:
                pieces.append(line.next_unread(row, most))
                most -= len(pieces[-1].ids)
        return pieces

    def _keep(self, line: Line, row: int) -> None:
        """Keeps what is worth it of a prompt, once it was read."""
        for start, end in line.parts:
            if start < end <= line.read:
                key = line.prompt[:end]
                if self._cache.get(key) is None:
                    self._cache.keep(key, self._memory.take(row, start, end))
