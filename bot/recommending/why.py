"""Why an item is chosen: the parts of its score, and what would become of it without each thing that was heard.

The score is a sum over what was heard, and is made anew for an interest that lacks one thing in a millisecond. So the
answers are exact: this is leave-one-out, not an estimate of it. It takes the place of LIME (Ribeiro et al., 2016),
which fits a simple model around a score that cannot be looked into, and of SHAP (Lundberg and Lee, 2017), which
averages over many sets of left-out inputs because they act on one another out of sight. Here nothing has to be guessed
at: the parts are the score, and what is left out is left out as the visitor's own hand would remove it (an encoder in
8 bits rounds by what else is in its batch, which moves a score by less than 0.02).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.interest.edit import edit, reworded, with_vectors
from bot.interest.state import FloatArray, Interest
from bot.recommending import measures
from bot.recommending.recommend import Recommender, Standing
from bot.recommending.shelf import IntArray, Request
from bot.reply import Because
from errors import Lang
from retrieval.items import Item
from retrieval.segment import fold

Kind = Literal["word", "thread", "limit", "refusal", "liked"]

LABELS: dict[str, tuple[str, str]] = {
    "interest": ("意思相近", "close in meaning"),
    "words": ("说到的词", "words you said"),
    "similar": ("像你指的那个", "like the one you named"),
    "liked": ("像你喜欢的", "like what you liked"),
    "disliked": ("像你不喜欢的", "like what you turned down"),
    "profile": ("以前的喜好", "earlier visits"),
    "popular": ("大家喜欢", "liked by others"),
    "people": ("喜欢同样东西的人也喜欢", "liked by those who like the same"),
    "fresh": ("新近", "recent"),
    "explore": ("换换方向", "something different"),
    "price": ("价钱", "price"),
}
"""What the parts of the score are called, in Chinese and in English."""


@dataclass(frozen=True)
class Part:
    """A part of the score. `share`: of all that speaks for the item, so that these shares add up to 1."""

    name: str
    label: str
    value: float
    share: float


@dataclass(frozen=True)
class Change:
    """What would be without one thing that was heard.

    Attributes:
        kind: what it is; `label`: what the visitor sees it called.
        item_id: of a liked item, else empty.
        thread: label of the thread that it belongs to, if it belongs to one.
        score, rank: of the item without it; the rank is None where it could not be shown at all.
        instead: who would stand in its place on the slate, if it would leave it.
        parts: what each part of the score would be less by.
    """

    kind: Kind
    label: str
    thread: str
    score: float
    rank: int | None
    instead: Item | None = None
    item_id: str = ""
    parts: tuple[tuple[str, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the interface has it."""
        instead = self.instead
        return {
            "kind": self.kind,
            "label": self.label,
            "item_id": self.item_id or None,
            "thread": self.thread,
            "score": round(self.score, 4),
            "rank": self.rank,
            "instead": {"id": instead.id, "title": instead.title} if instead else None,
        }


@dataclass(frozen=True)
class Why:
    """Why an item is where it is, for an interest. `item` and all texts are in the visitor's language.

    `score` is the sum of `parts`; `rank`: see `Standing`; `without`: what matters most first. `moved`: whether the
    interest has moved since the item was shown, so that its card tells another score.
    """

    item: Item
    score: float
    rank: int | None
    parts: tuple[Part, ...]
    because: tuple[Because, ...]
    without: tuple[Change, ...]
    moved: bool = False

    def as_json(self) -> dict[str, Any]:
        """As the interface has it."""
        return {
            "item_id": self.item.id,
            "score": round(self.score, 4),
            "rank": self.rank,
            "moved": self.moved,
            "parts": [
                {"name": p.name, "label": p.label, "value": round(p.value, 4), "share": round(p.share, 4)}
                for p in self.parts
            ],
            "because": [because.as_json() for because in self.because],
            "without": [change.as_json() for change in self.without],
        }


@dataclass(frozen=True, eq=False)
class Heard:
    """One thing that was heard, and the interest without it. `thread`: the label of the thread that it belongs to."""

    kind: Kind
    label: str
    thread: str
    interest: Interest
    item_id: str = ""


@dataclass(frozen=True)
class Inquiry:
    """Answers why. `encode`: a centred unit vector [d] for each text, read as a wish, as for edits by hand."""

    recommender: Recommender
    encode: Callable[[Sequence[str]], Sequence[FloatArray]]

    def why(self, item_id: str, request: Request) -> Why:
        """Why an item is where it is for a request, be it on the slate or not. Raises KeyError for an unknown id."""
        recommender = self.recommender
        position = recommender.shelf.catalogue.position[item_id]
        standing = recommender.standing(position, request)
        card = recommender.card(standing, request)
        return Why(
            item=card.item,
            score=card.score,
            rank=standing.rank,
            parts=parts_of(card.parts, request.lang),
            because=card.because,
            without=self._without(position, standing, request),
        )

    def _without(self, position: int, now: Standing, request: Request) -> tuple[Change, ...]:
        """Each thing that was heard, left out: over the same candidates, but where it takes a whole thread along."""
        recommender, before = self.recommender, request.interest
        threads = recommender.served(request)
        if now.picked.thread is not None and now.picked.thread not in threads:
            threads.append(now.picked.thread)
        among = recommender.candidates(request, threads) if threads else None
        weighing = [*threads, *(thread for thread in before.threads if thread.source == "profile")]
        without = list(left_out(before, self._liked_title(request.lang)))
        changes = []
        for heard in self._encoded(before, without, {id(thread.vector) for thread in weighing}):
            same = len(heard.interest.threads) == len(before.threads)
            asked = without_item(request, heard.interest)
            changes.append(self._change(position, now, heard, asked, among if same else None))
        return tuple(sorted(changes, key=lambda change: (change.score, -(change.rank or 10**9))))

    def _change(self, position: int, now: Standing, heard: Heard, asked: Request, among: IntArray | None) -> Change:
        then = self.recommender.standing(position, asked, among)
        instead = None
        if position in now.slate and position not in then.slate:
            others = [other for other in then.slate if other not in now.slate]
            if others:
                instead = self.recommender.shelf.catalogue.items[others[0]].localized(asked.lang)
        was, is_ = now.picked.parts, then.picked.parts
        less = {name: was.get(name, 0.0) - is_.get(name, 0.0) for name in dict.fromkeys((*was, *is_))}
        parts = tuple((name, value) for name, value in less.items() if value)
        return Change(
            heard.kind, heard.label, heard.thread, then.picked.score, then.rank, instead, heard.item_id, parts
        )

    def _encoded(self, before: Interest, without: Sequence[Heard], weighing: Collection[int]) -> list[Heard]:
        """With the vectors of the threads that lost a word made from the words that are left, all in one batch.

        `weighing`: the vectors, by identity, of the threads that have a say in the score; the others stay.
        """
        told = []
        for heard in without:
            threads, texts = heard.interest.threads, reworded(before, heard.interest)
            told.append({i: text for i, text in texts.items() if id(threads[i].vector) in weighing})
        every = list(dict.fromkeys(text for texts in told for text in texts.values()))
        vectors = dict(zip(every, self.encode(every), strict=True)) if every else {}
        return [
            replace(heard, interest=with_vectors(heard.interest, {i: vectors[text] for i, text in texts.items()}))
            for heard, texts in zip(without, told, strict=True)
        ]

    def _liked_title(self, lang: Lang) -> Callable[[str], str | None]:
        catalogue = self.recommender.shelf.catalogue

        def title(item_id: str) -> str | None:
            place = catalogue.position.get(item_id)
            return None if place is None else catalogue.items[place].localized(lang).title

        return title


def parts_of(parts: Mapping[str, float], lang: Lang) -> tuple[Part, ...]:
    """The parts of a score with their shares, the weightiest first; what speaks against the item comes last."""
    total = sum(value for value in parts.values() if value > 0) or 1.0
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    return tuple(Part(name, part_label(name, lang), value, value / total) for name, value in ranked)


def part_label(name: str, lang: Lang) -> str:
    """What a part is called; a leaning has its field's name."""
    zh, en = LABELS.get(name) or (measures.named(name, lang).partition("（")[0],) * 2
    return zh if lang == "zh" else en


def without_item(request: Request, interest: Interest) -> Request:
    """The request for another interest: what something similar is no longer wished to may be shown again."""
    gone = _items_named(request.interest) - _items_named(interest)
    return replace(request, interest=interest, without=frozenset(request.without) - gone)


def left_out(interest: Interest, title: Callable[[str], str | None]) -> Iterator[Heard]:
    """The interest without each thing that was heard, as the visitor's own hand would remove it, by its label.

    `title`: a liked item's title by id, None for one that is gone. What is called alike goes together.
    """
    seen: set[str] = set()
    for kind, label, thread in _labels(interest):
        if fold(label) not in seen:
            seen.add(fold(label))
            yield Heard(kind, label, thread, edit(interest, remove=(label,)))
    for item_id in dict.fromkeys(e.item_id for e in interest.evidence if e.strength > 0):
        if (name := title(item_id)) is not None:
            left = tuple(e for e in interest.evidence if e.item_id != item_id)
            yield Heard("liked", name, "", replace(interest, evidence=left), item_id)


def _labels(interest: Interest) -> Iterator[tuple[Kind, str, str]]:
    """(kind, label, thread); a word that is a limit too counts as the limit, a thread of one word as the word."""
    threads = sorted(interest.threads, key=lambda thread: -thread.weight)
    for limit in interest.limits:
        own = next((thread.label for thread in threads if limit.domain and thread.domain == limit.domain), "")
        yield "limit", limit.constraint.text, own
    for refusal in interest.refusals:
        yield "refusal", refusal.text, ""
    for thread in threads:
        for word in sorted(thread.words, key=lambda word: -word.weight):
            yield "word", word.text, thread.label
    for thread in threads:
        yield "thread", thread.label, thread.label


def _items_named(interest: Interest) -> frozenset[str]:
    facets = (facet for thread in interest.threads for word in thread.words for facet in word.facets)
    return frozenset(facet.value for facet in facets if facet.field == "item")
