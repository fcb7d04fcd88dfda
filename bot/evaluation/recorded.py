"""What recorded dialogues teach by counting: what is put forward, after which items, after which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.evaluation.dialogues import Dialogue, Turn
from bot.evaluation.protocol import Situation, cases
from retrieval.associations import Associations, Pair

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

Norms = Callable[[str], Sequence[str]]

NEAR_TURNS = 4
"""So many of the last turns, of both sides, are near."""
LATEST_ITEMS = 3
CUE_PRIOR = 3.0
ITEM_PRIOR = 10.0


@dataclass(frozen=True)
class Recorded:
    """Counts over dialogues. `own`: whether the evaluated dialogues are themselves the source, and are left out.

    `put_forward`, `spoken_of`: per item; `people`: items of one dialogue; `next`: what is put forward soon after an
    item; `near`, `earlier`: words and what was put forward after them; `domains`: the last message's words and the
    domain of what was put forward.
    """

    domain_codes: IntArray
    own: bool
    put_forward: Associations
    spoken_of: Associations
    people: Associations
    next: Associations
    near: Associations
    earlier: Associations
    domains: Associations
    norms: Norms

    def left_out(self, situation: Situation) -> int | None:
        """The dialogue that must not count for a situation."""
        return situation.dialogue if self.own else None

    def said(self, situation: Situation, *, near: bool) -> FloatArray:
        """[n] how much likelier each item is after the words that were said, `near` or anywhere earlier."""
        without = self.left_out(situation)
        cues = words(situation, self.norms, NEAR_TURNS if near else None)
        if near:  # naive Bayes, damped for words that are not independent
            lifts = [self.near.lift({cue: 1.0}, CUE_PRIOR, without) for cue in cues if self.near.seen(cue, without)]
            total = np.zeros(len(self.domain_codes), dtype=np.float32)
            for lift in lifts:
                total += lift
            return total / np.float32(np.sqrt(len(cues) + 1))
        weights = {cue: 1 / (self.earlier.seen(cue, without) + 5) for cue in cues}
        return self.earlier.lift(weights, 0.5, without)

    def domain(self, situation: Situation) -> FloatArray:
        """[n] log of the chance that an item of its domain is put forward now, by naive Bayes; floored."""
        without = self.left_out(situation)
        chances = np.log(self.domains.popularity(without) + 0.5)
        for cue in _domain_cues(situation, self.norms, self.domain_codes):
            if self.domains.seen(cue, without):
                chances = chances + self.domains.lift({cue: 1.0}, CUE_PRIOR, without)
        chances = chances - np.log(np.exp(chances - chances.max()).sum()) - chances.max()
        placed: FloatArray = np.maximum(chances, -6).astype(np.float32)[self.domain_codes]
        return placed


def recorded(
    dialogues: Sequence[Dialogue], position: Mapping[str, int], domain_codes: IntArray, norms: Norms, *, own: bool
) -> Recorded:
    """Counts over `dialogues`; `own` where they are the ones that are evaluated."""
    size = len(domain_codes)
    items = [[position[id_] for turn in d.turns for id_ in (*turn.items, *turn.recommended)] for d in dialogues]
    shown = [[position[id_] for turn in d.turns for id_ in turn.recommended] for d in dialogues]
    next_, near, earlier, domains = ([set[Pair]() for _ in dialogues] for _ in range(4))
    for case in cases(dialogues, position):
        situation, d = case.situation, case.situation.dialogue
        latest = [position[id_] for turn in situation.turns for id_ in (*turn.items, *turn.recommended)][-LATEST_ITEMS:]
        for target in case.targets:
            next_[d] |= {(other, target) for other in latest}
            near[d] |= {(word, target) for word in words(situation, norms, NEAR_TURNS)}
            earlier[d] |= {(word, target) for word in words(situation, norms)}
            code = int(domain_codes[target])
            domains[d] |= {(cue, code) for cue in _domain_cues(situation, norms, domain_codes)}
    return Recorded(
        domain_codes=domain_codes,
        own=own,
        put_forward=Associations([_alone(found) for found in shown], size),
        spoken_of=Associations([_alone(found) for found in items], size),
        people=Associations([{(a, b) for a in set(found) for b in set(found) if a != b} for found in items], size),
        next=Associations(next_, size),
        near=Associations(near, size),
        earlier=Associations(earlier, size),
        domains=Associations(domains, int(domain_codes.max(initial=0)) + 1),
        norms=norms,
    )


def words(situation: Situation, norms: Norms, last: int | None = None) -> list[str]:
    """The words of the `last` turns of both sides, or of all; sorted, so that sums are the same each run."""
    turns: Sequence[Turn] = situation.turns if last is None else situation.turns[-last:]
    return sorted({norm for turn in turns for norm in norms(turn.text)})


def _alone(items: Sequence[int]) -> Iterator[Pair]:
    return (("", item) for item in items)


def _domain_cues(situation: Situation, norms: Norms, domain_codes: IntArray) -> list[str]:
    """The words of the last message, and of which domain the last item was."""
    before = f"# after {domain_codes[situation.mentioned[-1]]}" if situation.mentioned else "# first"
    return sorted({norm for text in situation.said(1) for norm in norms(text)} | {before})
