"""The protocol: at each recommending turn, rank the whole catalogue less what was mentioned, from earlier turns alone.

After He et al., Large Language Models as Zero-Shot Conversational Recommenders, CIKM 2023: what either side already
named is no target, since a system that repeats what was said would look good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from bot.evaluation.dialogues import Dialogue, Turn
from errors import Lang

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a method may know. `dialogue`: which of the evaluated ones it is, to leave it out of counts.

    `turns`: the earlier turns; `mentioned`: positions of the items in them, in order of first mention; `lang`: the
    dialogue's language.
    """

    dialogue: int
    lang: Lang
    turns: tuple[Turn, ...]
    mentioned: tuple[int, ...]

    def said(self, last: int | None = None) -> tuple[str, ...]:
        """The user's messages, oldest first; only the `last` ones if a number is given."""
        texts = tuple(turn.text for turn in self.turns if turn.role == "user" and turn.text.strip())
        return texts if last is None else texts[-last:]


@dataclass(frozen=True, slots=True)
class Case:
    """A recommending turn: what was known, and the positions of the targets. `turn`: its place in the dialogue."""

    situation: Situation
    turn: int
    targets: tuple[int, ...]


def cases(dialogues: Sequence[Dialogue], position: Mapping[str, int]) -> Iterator[Case]:
    """Every bot turn that put forward an item which no earlier turn mentioned."""
    for number, dialogue in enumerate(dialogues):
        mentioned: dict[int, None] = {}
        for i, turn in enumerate(dialogue.turns):
            targets = tuple(position[id_] for id_ in turn.recommended if position[id_] not in mentioned)
            if turn.role == "bot" and targets:
                situation = Situation(number, dialogue.lang, dialogue.turns[:i], tuple(mentioned))
                yield Case(situation, i, targets)
            mentioned |= dict.fromkeys(position[id_] for id_ in (*turn.items, *turn.recommended))


def tie_breaks(ids: Sequence[str]) -> IntArray:
    """[n] a place for each item that depends on its id alone, so that ties are not broken by the file's order."""
    digests = [blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8).digest() for id_ in ids]
    out = np.empty(len(ids), dtype=np.int64)
    out[sorted(range(len(ids)), key=lambda i: (digests[i], ids[i]))] = np.arange(len(ids))
    return out


def ranking(scores: FloatArray, mentioned: Sequence[int], ties: IntArray) -> IntArray:
    """Positions from best to worst by `scores` [n], less the mentioned ones. What is no number comes last."""
    order = np.lexsort((ties, -np.nan_to_num(scores, nan=-np.inf)))
    return order[~np.isin(order, np.asarray(mentioned, dtype=np.int64))]


def ranks_of(order: IntArray, targets: Sequence[int]) -> list[int]:
    """The rank of each target in a ranking, from 1."""
    place = {int(p): i + 1 for i, p in enumerate(order)} if len(targets) > 4 else None
    return [place[t] if place else int(np.flatnonzero(order == t)[0]) + 1 for t in targets]
