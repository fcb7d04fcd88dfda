"""From an interest to a slate: candidates, parts of the score, diversity, reasons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bot import allowed
from bot.explain import Reasons, quoted
from bot.interest.state import Interest, Thread, Word
from bot.interest.update import InterestParameters, pulled
from bot.reply import Because, Card, Slate
from errors import Lang
from retrieval import candidates
from retrieval.catalogue import Catalogue
from retrieval.diversify import allocate, pick
from retrieval.lexical import STRONG, LexicalIndex, WordQuery
from retrieval.score import Scored, ScoreWeights, evidence_part, low_price_part
from retrieval.similarity import ItemSimilarity, item_similarity

if TYPE_CHECKING:
    from retrieval.index import Index

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


CURRENT_WORD = 0.4
"""Words of at least this weight are still what is asked for."""


@dataclass(frozen=True)
class RecommendParameters:
    """All that governs which slate comes out."""

    pool: int = 100
    """Candidates of each kind (dense, lexical) for a thread."""
    diversity: float = 0.3
    """0: relevance alone, 1: variety alone (MMR)."""
    relevance_floor: float = 0.6
    """What is shown scores at least this share of the best."""
    serve_floor: float = 0.5
    """Threads below this share of the live one's weight get no place on the slate."""


@dataclass(frozen=True, eq=False)
class Picked:
    """One chosen item before it is a card."""

    position: int
    score: float
    parts: dict[str, float]
    thread: Thread | None


@dataclass(frozen=True, eq=False)
class Shelf:
    """The catalogue with what is searched beside it: one consistent snapshot.

    `popular`, `fresh` [n]: approval by everybody, and recency, both 0-1.
    """

    catalogue: Catalogue
    lexical: LexicalIndex
    index: Index
    popular: FloatArray
    fresh: FloatArray


@dataclass(frozen=True)
class Request:
    """What a slate is wanted for. `said_at`: the turn whose words are answered, empty if none."""

    interest: Interest
    lang: Lang
    size: int
    shown: Collection[str] = ()
    domains: Sequence[str] = ()
    said_at: str = ""
    seed: int = 0
    anything: bool = False
    """The visitor left the choice open: different directions, whatever was spoken of before."""


@dataclass(frozen=True)
class Recommender:
    """Makes slates from one shelf. Stateless: the same request gives the same slate."""

    shelf: Shelf
    weights: ScoreWeights = field(default_factory=ScoreWeights)
    parameters: RecommendParameters = field(default_factory=RecommendParameters)
    interest_parameters: InterestParameters = field(default_factory=InterestParameters)
    similarity: ItemSimilarity = "cosine"

    def slate(self, request: Request, slate_id: str) -> Slate:
        """The slate for an interest. Hard limits and refusals always hold; what cannot be met is in `unmet`."""
        threads = [] if request.anything else [t for t in request.interest.threads if self._servable(t, request)]
        picked = self._for_threads(threads, request) if threads else self._for_anybody(request)
        cards = tuple(self._card(choice, request) for choice in picked)
        slate = Slate(slate_id, cards)
        return self._admit(slate, threads, request) if threads else slate

    def similar(self, item_id: str, lang: Lang, size: int) -> Slate:
        """The available items most like one, by `similarity`; the score has the one part of that name."""
        catalogue = self.shelf.catalogue
        position = catalogue.position[item_id]
        likeness = item_similarity(self.similarity, catalogue, position)
        mask = catalogue.available.copy()
        mask[position] = False
        places = np.flatnonzero(mask)
        order = places[candidates.top(likeness[places], size)]
        like = quoted(catalogue.items[position].localized(lang).title, catalogue.items[position].domain, lang)
        text = f"和{like}相近" if lang == "zh" else f"similar to {like}"
        cards = tuple(
            Card(
                catalogue.items[p].localized(lang),
                float(likeness[p]),
                {self.similarity: float(likeness[p])},
                (Because("similar", text),),
            )
            for p in order
        )
        return Slate(f"similar-{item_id}", cards)

    # -- choosing

    def _servable(self, thread: Thread, request: Request) -> bool:
        live = request.interest.live
        return live is not None and thread.weight >= self.parameters.serve_floor * live.weight

    def _allowed(self, request: Request, domain: str, *, limits: bool = True) -> BoolArray:
        shelf, interest = self.shelf, request.interest
        mask = shelf.catalogue.available & ~allowed.listed(shelf.catalogue, request.shown)
        mask &= ~allowed.listed(shelf.catalogue, [e.item_id for e in interest.evidence if e.strength < 0])
        mask &= ~allowed.refused(shelf.catalogue, shelf.lexical, interest.refusals)
        if limits:
            mask &= allowed.within_limits(shelf.catalogue, interest.limits, domain)
        if request.domains:
            mask &= allowed.in_domains(shelf.catalogue, request.domains)
        if domain:
            mask &= allowed.in_domains(shelf.catalogue, [domain])
        return mask

    def _for_threads(self, threads: Sequence[Thread], request: Request) -> list[Picked]:
        slots = allocate([t.weight for t in threads], request.size, self.parameters.serve_floor)
        chosen: list[Picked] = []
        for thread, wanted in zip(threads, slots, strict=True):
            mask = self._choosable(thread, request)
            mask[[choice.position for choice in chosen]] = False
            chosen += self._for_thread(thread, mask, wanted, request.interest)
        return sorted(chosen, key=lambda choice: -choice.score)

    def _choosable(self, thread: Thread, request: Request) -> BoolArray:
        """[n] what may be shown for a thread. Who names kinds of things (jeans) is shown these only.

        Where all of the kind have been shown, its domain is open again; where the catalogue never had the kind,
        too; where a limit excludes it, nothing is left.
        """
        mask, kinds = self._allowed(request, thread.domain), self._kinds(thread)
        of_kind = mask & kinds
        if of_kind.any() or not kinds.any():
            return of_kind if kinds.any() else mask
        unshown_within = self._allowed(replace(request, shown=()), thread.domain) & kinds
        return mask if unshown_within.any() else of_kind

    def _kinds(self, thread: Thread) -> BoolArray:
        """[n] which items are of one of the kinds named last."""
        found = np.zeros(len(self.shelf.catalogue.items), dtype=np.bool_)
        for word in _current_kinds(thread.words):
            found[self.shelf.lexical.strong_positions(word.norm, word.facets)] = True
        if thread.domain:
            found &= allowed.in_domains(self.shelf.catalogue, [thread.domain])
        return found

    def _for_thread(self, thread: Thread, mask: BoolArray, slots: int, interest: Interest) -> list[Picked]:
        if not slots or not mask.any():
            return []
        shelf = self.shelf
        liked, disliked = self._evidence_vectors(interest, thread.domain)
        vector = pulled(thread, liked, disliked, self.interest_parameters)
        match = shelf.lexical.match(*_words(thread))
        places = np.union1d(
            candidates.dense(shelf.catalogue, shelf.index, vector, mask, self.parameters.pool),
            candidates.lexical(match, mask, self.parameters.pool),
        )
        scored = self._score(thread, vector, match, places, interest)
        total = scored.total
        kinds = [
            shelf.lexical.presence(word.norm, word.facets)[places] >= STRONG for word in _current_kinds(thread.words)
        ]
        order = pick(
            total,
            shelf.catalogue.centred[places],
            slots,
            alternatives=kinds,
            diversity=self.parameters.diversity,
            relevance_floor=self.parameters.relevance_floor,
        )
        return [Picked(int(places[i]), float(total[i]), scored.of(int(i)), thread) for i in order]

    def _score(
        self, thread: Thread, vector: FloatArray, match: FloatArray, places: IntArray, interest: Interest
    ) -> Scored:
        shelf, w = self.shelf, self.weights
        vectors = shelf.catalogue.centred[places]
        parts = {
            "interest": w.interest * thread.weight * np.maximum(vectors @ vector, 0),
            "words": w.words * thread.weight * match[places],
            "popular": w.popular * shelf.popular[places],
            "fresh": w.fresh * shelf.fresh[places],
        }
        for name, sign, weight in (("liked", 1, w.liked), ("disliked", -1, w.disliked)):
            judged = [e for e in interest.evidence if e.strength * sign > 0 and e.item_id in shelf.catalogue.position]
            if judged:
                rows = shelf.catalogue.centred[[shelf.catalogue.position[e.item_id] for e in judged]]
                strengths = np.asarray([abs(e.strength) for e in judged], dtype=np.float32)
                parts[name] = sign * weight * evidence_part(rows @ vectors.T, strengths)
        if any(limit.constraint.op == "low" for limit in interest.limits):
            alike = allowed.in_domains(shelf.catalogue, [thread.domain] if thread.domain else shelf.catalogue.domains)
            parts["price"] = w.price * low_price_part(shelf.catalogue.price[places], shelf.catalogue.price[alike])
        return Scored({name: np.asarray(values, dtype=np.float32) for name, values in parts.items()})

    def _for_anybody(self, request: Request) -> list[Picked]:
        """Cold start: nothing was said yet. Different directions, liked by others or new, drawn by the seed."""
        shelf = self.shelf
        mask = self._allowed(request, "")
        places = np.flatnonzero(mask)
        if not len(places):
            return []
        noise = np.random.default_rng(request.seed).random(len(places)).astype(np.float32)
        parts = {
            "popular": self.weights.popular * shelf.popular[places],
            "fresh": self.weights.fresh * shelf.fresh[places],
            "explore": np.float32(0.1) * noise,
        }
        scored = Scored({name: np.asarray(values, dtype=np.float32) for name, values in parts.items()})
        if any(e.strength > 0 for e in request.interest.evidence):
            liked, _ = self._evidence_vectors(request.interest, "")
            likeness = evidence_part(liked @ shelf.catalogue.centred[places].T, np.ones(len(liked), dtype=np.float32))
            scored = replace(scored, parts={**scored.parts, "liked": self.weights.liked * likeness})
        total = scored.total
        chosen: list[int] = []
        seen: set[int] = set()
        for i in np.argsort(-total, kind="stable"):
            code = int(shelf.catalogue.domain_codes[places[i]])
            if code not in seen or len(seen) == len(np.unique(shelf.catalogue.domain_codes[places])):
                chosen.append(int(i))
                seen.add(code)
            if len(chosen) == request.size:
                break
        return [Picked(int(places[i]), float(total[i]), scored.of(i), None) for i in chosen]

    def _evidence_vectors(self, interest: Interest, domain: str) -> tuple[FloatArray, FloatArray]:
        """Liked and disliked items of a domain (all for none): rows of strength · unit vector."""
        catalogue = self.shelf.catalogue
        rows: dict[bool, list[FloatArray]] = {True: [], False: []}
        for evidence in interest.evidence:
            position = catalogue.position.get(evidence.item_id)
            if position is None or (domain and catalogue.items[position].domain != domain):
                continue
            rows[evidence.strength > 0].append(np.float32(abs(evidence.strength)) * catalogue.centred[position])
        empty = np.empty((0, catalogue.vectors.shape[1]), dtype=np.float32)
        return (
            np.stack(rows[True]) if rows[True] else empty,
            np.stack(rows[False]) if rows[False] else empty,
        )

    # -- saying why, and what is missing

    def _card(self, choice: Picked, request: Request) -> Card:
        item = self.shelf.catalogue.items[choice.position].localized(request.lang)
        reasons = Reasons(self.shelf.catalogue, self.shelf.lexical, request.interest, request.lang)
        met = reasons.words_met(choice.position, choice.thread)
        return Card(
            item=item,
            score=choice.score,
            parts=choice.parts,
            because=reasons.because(choice.position, choice.parts, choice.thread, met),
            fits=(*(word.text for word in met), *reasons.limits_met(choice.position)),
        )

    def _admit(self, slate: Slate, threads: Sequence[Thread], request: Request) -> Slate:
        """Adds what of this turn's wishes cannot be met, and where limits leave nothing, what is nearest."""
        unmet: list[str] = []
        nearest = ""
        for thread in threads:
            unlimited = self._allowed(request, thread.domain, limits=False)
            unlimited &= self._kinds(thread) if self._kinds(thread).any() else True
            if unlimited.any() and not self._choosable(thread, request).any():
                limits = [limit for limit in request.interest.limits if limit.domain in ("", thread.domain)]
                reasons = Reasons(self.shelf.catalogue, self.shelf.lexical, request.interest, request.lang)
                unmet += [limit.constraint.text for limit in limits]
                nearest = reasons.nearest(limits, unlimited)
            unmet += self._unmet_words(thread, request)
        return replace(slate, unmet=tuple(dict.fromkeys(unmet)), nearest=nearest)

    def _unmet_words(self, thread: Thread, request: Request) -> list[str]:
        """This turn's words that nothing meets.

        A word that the catalogue does not know at all says little of a wish whose other words are met ("a quiet
        film for my flight"); one that it knows from elsewhere, or a wish of unknown words alone, is not met.
        """
        said = [w for w in thread.words if w.turn_id == request.said_at and not w.is_domain]
        missing = [word for word in said if not self._met(word, thread, request)]
        if len(missing) < len(said):
            missing = [word for word in missing if word.facets]
        return [word.text for word in missing]

    def _met(self, word: Word, thread: Thread, request: Request) -> bool:
        mask = self._allowed(request, thread.domain, limits=False) | allowed.listed(self.shelf.catalogue, request.shown)
        if word.is_domain or not mask.any():
            return True
        return bool((self.shelf.lexical.presence(word.norm, word.facets)[mask] > 0).any())


def _words(thread: Thread) -> tuple[list[WordQuery], list[WordQuery]]:
    """The thread's words as (all wished for, kinds of which one suffices); the domain is a limit already."""
    plain: list[WordQuery] = [(w.norm, w.facets, w.weight) for w in thread.words if not w.is_domain and not w.is_kind]
    kinds: list[WordQuery] = [(w.norm, w.facets, w.weight) for w in thread.words if w.is_kind and not w.is_domain]
    return plain, kinds


def _current_kinds(words: Sequence[Word]) -> list[Word]:
    """The kinds named last: each deserves a place."""
    kinds = [word for word in words if word.is_kind and not word.is_domain]
    if not kinds:
        return []
    heaviest = max(word.weight for word in kinds)
    return [word for word in kinds if word.weight >= max(0.6 * heaviest, CURRENT_WORD)]
