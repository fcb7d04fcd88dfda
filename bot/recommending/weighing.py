"""The parts of the score for a line of interest: what each candidate has for it, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.interest.feedback import pulled
from bot.interest.parameters import InterestParameters
from bot.interest.state import Interest, Thread
from bot.recommending import allowed
from bot.recommending.choosing import CURRENT_WORD, Choice, queries
from bot.recommending.likeness import likeness
from bot.recommending.shelf import BoolArray, FloatArray, IntArray, Shelf
from retrieval import candidates
from retrieval.score import Scored, ScoreWeights, leaning_part

MOST_JUDGED = 6
"""At most so many liked items pull, the strongest and latest; so many are compared with each candidate."""
MOST_LEADS = 3
"""So many of them bring candidates of their own."""
BRIDGED = 30
"""Candidates of each kind that are there for the visitor's sake (like what was liked) or everybody's."""


@dataclass(frozen=True)
class Weigher:
    """Scores what is on a shelf for one interest."""

    shelf: Shelf
    interest: Interest
    weights: ScoreWeights
    parameters: InterestParameters

    def vector(self, thread: Thread) -> FloatArray:
        """[d] where the thread looks: pulled to liked items of its domain and pushed from those turned down."""
        return pulled(thread, self._evidence(thread.domain, 1), self._evidence(thread.domain, -1), self.parameters)

    def match(self, thread: Thread, choice: Choice) -> FloatArray:
        """[n] 0-1: the share of the wish's words that each item meets; and as much again for those demanded."""
        match = self.shelf.lexical.match(*queries(thread))
        return match + choice.met.astype(np.float32) / np.float32(choice.demanded) if choice.demanded else match

    def candidates(self, thread: Thread, choice: Choice, vector: FloatArray, match: FloatArray, k: int) -> IntArray:
        """Sorted positions: near in meaning, with the words, or with something in common with what was liked."""
        shelf, mask = self.shelf, choice.mask
        found = [
            candidates.dense(shelf.catalogue, shelf.index, vector, mask, k),
            candidates.lexical(match, mask, k),
        ]
        leads = (*self.likened(thread)[:MOST_LEADS], *self.liked()[:MOST_LEADS])
        drawn = [shelf.lexical.topics.overlap(position) for position, _ in leads]
        drawn += [shelf.lexical.match(*queries(before)) for before in self.before()]
        if is_bare(thread):
            drawn.append(self.weights.popular * shelf.popular + self.weights.fresh * shelf.fresh)
        found += [candidates.lexical(values, mask, BRIDGED) for values in drawn]
        return np.unique(np.concatenate(found))

    def for_thread(
        self, thread: Thread, choice: Choice, places: IntArray, vector: FloatArray, match: FloatArray
    ) -> Scored:
        """The parts of candidates at `places` [m] for a thread."""
        shelf, w = self.shelf, self.weights
        near = np.maximum(shelf.catalogue.centred[places] @ vector, 0) * (w.bare if is_bare(thread) else 1)
        words = match[places]
        if thread.source == "profile":
            parts = {"profile": thread.weight * (w.interest * near + w.words * words)}
        else:
            parts = {
                "interest": w.interest * thread.weight * near,
                "words": w.words * thread.weight * words,
                "similar": w.similar * self._pull(self.likened(thread), places),
                "profile": w.profile * self._profile(places),
            }
        parts |= self.for_anybody(places)
        parts |= self._leanings(thread, places)
        return Scored({name: np.asarray(values, dtype=np.float32) for name, values in parts.items()})

    def for_anybody(self, places: IntArray) -> dict[str, FloatArray]:
        """The parts that no wish is needed for: what was judged, what is liked by others, what is new."""
        shelf, w = self.shelf, self.weights
        disliked = [(shelf.catalogue.centred[p], p, s) for p, s in self._judged(-1)]
        parts = {
            "popular": w.popular * shelf.popular[places],
            "fresh": w.fresh * shelf.fresh[places],
            "liked": w.liked * self._pull(self.liked(), places),
        }
        if shelf.people is not None and (liked := dict(self.liked())):
            parts["people"] = w.people * shelf.people.fit(liked)[places]
        if disliked:
            same = [shelf.catalogue.domain_codes[places] == shelf.catalogue.domain_codes[p] for _, p, _ in disliked]
            near = [s * np.maximum(shelf.catalogue.centred[places] @ vector, 0) for vector, _, s in disliked]
            parts["disliked"] = -w.disliked * np.max(np.where(same, near, 0), axis=0)
        return parts

    def liked(self) -> list[tuple[int, float]]:
        """(position, strength) of what was approved of, the strongest first."""
        return self._judged(1)

    def likened(self, thread: Thread) -> list[tuple[int, float]]:
        """(position, strength) of the items that something similar to is wished for."""
        position = self.shelf.catalogue.position
        named = [(f.value, w.weight) for w in thread.words if w.is_item for f in w.facets if f.field == "item"]
        return [(position[id_], min(weight, 1.0)) for id_, weight in named if id_ in position][:MOST_JUDGED]

    def before(self) -> list[Thread]:
        """What the visitor went for in earlier sessions."""
        return [thread for thread in self.interest.threads if thread.source == "profile"]

    def _judged(self, sign: int) -> list[tuple[int, float]]:
        position = self.shelf.catalogue.position
        found = [
            (position[e.item_id], abs(e.strength))
            for e in reversed(self.interest.evidence)
            if e.strength * sign > 0 and e.item_id in position
        ]
        strongest = sorted(dict(reversed(found)).items(), key=lambda judged: -judged[1])
        return strongest[:MOST_JUDGED]

    def _pull(self, judged: Sequence[tuple[int, float]], places: IntArray) -> FloatArray:
        """[m] 0-1: the strongest strength · likeness."""
        if not judged:
            return np.zeros(len(places), dtype=np.float32)
        like = likeness(self.shelf, [position for position, _ in judged], places)
        strengths = np.asarray([strength for _, strength in judged], dtype=np.float32)
        pull: FloatArray = (strengths[:, None] * like).max(axis=0, initial=0)
        return pull

    def _profile(self, places: IntArray) -> FloatArray:
        """[m] 0-1: how much the candidates are what the visitor went for in earlier sessions."""
        out = np.zeros(len(places), dtype=np.float32)
        for thread in self.before():
            np.maximum(out, np.float32(thread.weight) * profile_fit(self.shelf, thread, places), out=out)
        return out

    def _leanings(self, thread: Thread, places: IntArray) -> dict[str, FloatArray]:
        """A part for each field that was said to be wanted low or high, ranked among the domain's items."""
        catalogue = self.shelf.catalogue
        alike: BoolArray = (
            catalogue.in_domain(thread.domain) if thread.domain else np.ones(len(catalogue.items), dtype=np.bool_)
        )
        parts = {}
        for limit in self.interest.limits:
            constraint = limit.constraint
            values = catalogue.values(constraint.field)
            if constraint.op in allowed.LEANINGS and values is not None and limit.domain in ("", thread.domain):
                rank = leaning_part(values[places], values[alike], high=constraint.op == "high")
                parts[constraint.field.removeprefix("attributes.")] = self.weights.price * rank
        return parts

    def _evidence(self, domain: str, sign: int) -> FloatArray:
        """Judged items of a domain (all for none): rows of strength · unit vector."""
        catalogue = self.shelf.catalogue
        rows = [
            np.float32(strength) * catalogue.centred[position]
            for position, strength in self._judged(sign)
            if not domain or catalogue.items[position].domain == domain
        ]
        return np.stack(rows) if rows else np.empty((0, catalogue.vectors.shape[1]), dtype=np.float32)


def profile_fit(shelf: Shelf, thread: Thread, places: IntArray) -> FloatArray:
    """[m] 0-1: how well candidates fit a thread of earlier sessions: half by words, half by meaning in its domain."""
    near = np.maximum(shelf.catalogue.centred[places] @ thread.vector, 0)
    if thread.domain:
        near = near * shelf.catalogue.in_domain(thread.domain)[places]
    fit: FloatArray = ((near + shelf.lexical.match(*queries(thread))[places]) / 2).astype(np.float32)
    return fit


def is_bare(thread: Thread) -> bool:
    """Whether no more than a domain is asked for, whatever colours it still."""
    telling = [word for word in thread.words if word.weight >= CURRENT_WORD or word.pinned or word.is_item]
    return bool(telling) and all(word.is_domain for word in telling)
