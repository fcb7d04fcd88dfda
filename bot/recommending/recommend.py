"""From an interest to a slate: what may be shown, its score in parts, diversity, reasons, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bot.interest.parameters import InterestParameters
from bot.interest.state import Thread
from bot.interest.threads import served
from bot.recommending import directions
from bot.recommending.admitting import Admission
from bot.recommending.allowed import in_part
from bot.recommending.choosing import Choice, choice_for, choice_for_anybody
from bot.recommending.explain import Reasons, quoted, told_apart
from bot.recommending.shelf import BoolArray, FloatArray, IntArray, Request, Shelf
from bot.recommending.weighing import Weigher
from bot.reply import Because, Card, Slate
from errors import Lang
from retrieval import candidates
from retrieval.diversify import allocate, pick
from retrieval.score import Scored, ScoreWeights
from retrieval.segment import fold
from retrieval.similarity import ItemSimilarity, item_similarity

__all__ = [
    "MOST_MATCHING",
    "FloatArray",
    "Picked",
    "RecommendParameters",
    "Recommender",
    "Request",
    "Shelf",
    "Standing",
]

MOST_MATCHING = 500
NOTHING: IntArray = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class RecommendParameters:
    """All that governs which slate comes out."""

    pool: int = 100
    """Candidates of each kind (dense, lexical) for a thread."""
    diversity: float = 0.3
    """0: relevance alone, 1: variety alone (MMR)."""
    relevance_floor: float = 0.6
    """What is shown scores at least this share of the best."""


@dataclass(frozen=True, eq=False)
class Picked:
    """One chosen item before it is a card. `rank`: how many of the words asked for it meets."""

    position: int
    score: float
    parts: dict[str, float]
    thread: Thread | None
    rank: int = 0


@dataclass(frozen=True, eq=False)
class Ranked:
    """Candidates for a thread: `places` [m] and their scores."""

    choice: Choice
    places: IntArray
    scored: Scored

    @property
    def met(self) -> IntArray:
        """[m] how many of the words asked for each candidate meets."""
        met: IntArray = self.choice.met[self.places]
        return met

    @property
    def fresh(self) -> BoolArray:
        """[m] which candidates were not shown before."""
        fresh = self.choice.fresh
        return np.ones(len(self.places), dtype=np.bool_) if fresh is None else fresh[self.places]

    def picked(self, index: int) -> Picked:
        """A candidate as it was chosen."""
        parts, score = self.scored.of(index), float(self.scored.total[index])
        return Picked(int(self.places[index]), score, parts, self.choice.thread, int(self.met[index]))


@dataclass(frozen=True, eq=False)
class Standing:
    """Where an item stands. `rank`: 1 for the foremost of what may be shown; None where it may not be shown.

    Those that meet more of the words asked for come first, then those that score more, as on slates; variety, which
    slates also want, does not count. `slate`: the positions that would be shown.
    """

    picked: Picked
    rank: int | None
    slate: tuple[int, ...]


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
        choices = [self._choice(thread, request) for thread in self.served(request)]
        if choices:
            picked = self._for_threads(choices, request)
        else:
            choices = [choice_for_anybody(self.shelf, request)]
            picked = self._for_anybody(choices[0], request)
        cards = {one.position: self._card(one, request) for one in picked}
        unmet, nearest = self._admit(choices, picked, cards, request)
        return Slate(slate_id, told_apart(tuple(cards.values())), unmet, nearest)

    def candidates(self, request: Request, threads: Iterable[Thread]) -> IntArray:
        """Sorted positions of all that is compared for some threads, whatever limits, refusals or kinds exclude."""
        found = [NOTHING]
        free = replace(request, interest=replace(request.interest, limits=(), refusals=()))
        for thread in threads:
            wide = replace(thread, words=tuple(word for word in thread.words if not word.is_kind or word.is_domain))
            for one, asked in ((thread, request), (thread, free), (wide, free)):
                found.append(self._ranked(self._choice(one, asked), asked, self.parameters.pool).places)
        return np.unique(np.concatenate(found))

    def standing(self, position: int, request: Request, among: IntArray | None = None) -> Standing:
        """Where an item stands in the line of interest that is nearest to it, be it on the slate or not.

        `among`: the candidates, where they are not to be looked for.
        """
        own, place = self.thread_of(position, request), np.asarray([position], dtype=np.int64)
        choices = [self._choice(thread, request) for thread in self.served(request)]
        if not choices:
            choice = choice_for_anybody(self.shelf, request)
            slate = self._for_anybody(choice, request)
            if own is None:
                return _standing(position, self._ranked_for_anybody(choice, request, place), slate)
        else:
            everything = [
                self._ranked(one, request, self.parameters.pool, among, place if one.thread is own else NOTHING)
                for one in choices
            ]
            slate = self._filled(everything, self._slots(choices, request), request.size)
            if ranked := next((one for one in everything if one.choice.thread is own), None):
                return _standing(position, ranked, slate)
        if own is None:
            return Standing(self._weighed([position], None, request)[0], None, _positions(slate))
        ranked = self._ranked(self._choice(own, request), request, self.parameters.pool, among, place)
        return _standing(position, ranked, slate)

    def thread_of(self, position: int, request: Request) -> Thread | None:
        """The thread that an item answers: a served one that looks in its domain, else the heaviest of its domain."""
        domain, served = self.shelf.catalogue.items[position].domain, self.served(request)
        heaviest = sorted(request.interest.threads, key=lambda thread: -thread.weight)
        nearest = [thread for thread in served if thread.domain in ("", domain)]
        nearest += [thread for thread in heaviest if thread.domain == domain and not request.anything]
        return next(iter(nearest), None)

    def card(self, standing: Standing, request: Request) -> Card:
        """The card of an item where it stands, with all of its reasons."""
        return self._card(standing.picked, request)

    def matching(self, request: Request) -> IntArray:
        """Positions of all that could be shown for the live thread, best first, at most `MOST_MATCHING`.

        Those that meet all the words asked for, where these alone fill a slate; else all that may be shown.
        """
        threads = self.served(request)
        if not threads:
            mask = choice_for_anybody(self.shelf, request).mask
            places = np.flatnonzero(mask)
            return places[candidates.top((self.shelf.popular + self.shelf.fresh)[places], MOST_MATCHING)]
        ranked = self._ranked(self._choice(threads[0], request), request, MOST_MATCHING)
        order = np.lexsort((-ranked.scored.total, -ranked.met))
        best = ranked.choice.best
        if np.count_nonzero(best) >= request.size:
            order = order[best[ranked.places[order]]]
        return ranked.places[order][:MOST_MATCHING]

    def cards(self, item_ids: Iterable[str], request: Request) -> tuple[Card, ...]:
        """Items as cards, with score and reasons for the interest as it is; ids that are gone are passed over.

        For what is spoken of rather than recommended: no limit holds here.
        """
        catalogue, threads = self.shelf.catalogue, self.served(request)
        places = catalogue.places(item_ids)
        of_thread: dict[int, list[int]] = {}
        for place in places:
            domain = catalogue.items[place].domain
            which = next((i for i, thread in enumerate(threads) if thread.domain in ("", domain)), -1)
            of_thread.setdefault(which, []).append(place)
        weighed: dict[int, Picked] = {}
        for which, inside in of_thread.items():
            found = self._weighed(inside, threads[which] if which >= 0 else None, request)
            weighed |= dict(zip(inside, found, strict=True))
        return tuple(self._card(weighed[place], request) for place in places)

    def similar(
        self, item_id: str, lang: Lang, size: int, domains: Sequence[str] = (), tags: Sequence[str] = ()
    ) -> Slate:
        """The available items most like one, by `similarity`; the score has the one part of that name.

        `domains`, `tags`: the part of the catalogue that they are from, none for all of it.
        """
        catalogue = self.shelf.catalogue
        position = catalogue.position[item_id]
        likeness = item_similarity(self.similarity, catalogue, position)
        mask = in_part(catalogue, catalogue.available, domains, tags)
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

    def served(self, request: Request) -> list[Thread]:
        """The threads that the slate is for, the heaviest first: what is said in this session, else the profile."""
        threads = request.interest.threads
        live = [threads[i] for i in sorted(served(threads, self.interest_parameters))]
        return [] if request.anything else sorted(live, key=lambda thread: -thread.weight)

    # -- choosing

    def _choice(self, thread: Thread, request: Request) -> Choice:
        return choice_for(self.shelf, request, thread, self.interest_parameters)

    def _for_threads(self, choices: Sequence[Choice], request: Request) -> list[Picked]:
        """Places by the threads' weights; those that a thread cannot fill go to the others."""
        slots = self._slots(choices, request)
        ranked = [
            self._ranked(one, request, self.parameters.pool) if n else None
            for one, n in zip(choices, slots, strict=True)
        ]
        return self._filled(ranked, slots, request.size)

    def _slots(self, choices: Sequence[Choice], request: Request) -> list[int]:
        weights = [one.thread.weight if one.thread and one.mask.any() else 0.0 for one in choices]
        return allocate(weights, request.size, self.interest_parameters.live_share)

    def _filled(self, ranked: Sequence[Ranked | None], slots: Sequence[int], size: int) -> list[Picked]:
        chosen: list[Picked] = []
        for extra in (False, True):
            for one, wanted in zip(ranked, slots, strict=True):
                if one is not None and wanted and len(chosen) < size:
                    wanted = size - len(chosen) if extra else wanted
                    chosen += self._best(one, wanted, {picked.position for picked in chosen})
        return sorted(chosen, key=lambda one: (-one.rank if len(ranked) == 1 else 0, -one.score))

    def _ranked(
        self,
        choice: Choice,
        request: Request,
        k: int,
        among: IntArray | None = None,
        besides: IntArray = NOTHING,
    ) -> Ranked:
        """Candidates for a thread and their scores: `k` of each kind, or what may be shown `among` given ones.

        Those `besides` are scored with them, whether or not they may be shown.
        """
        thread, weigher = choice.thread, self._weigher(request)
        assert thread is not None
        if not choice.mask.any() and not len(besides):
            return Ranked(choice, NOTHING, Scored(weigher.for_anybody(NOTHING)))
        vector, match = weigher.vector(thread), weigher.match(thread, choice)
        if among is None:
            found = weigher.candidates(thread, choice, vector, match, k) if choice.mask.any() else NOTHING
        else:
            found = among[choice.mask[among]]
        places = np.union1d(found, besides) if len(besides) else found
        return Ranked(choice, places, weigher.for_thread(thread, choice, places, vector, match))

    def _best(self, ranked: Ranked, slots: int, taken: set[int]) -> list[Picked]:
        """The best of each kind named, then by how many of the words are met; among equals, relevant and varied."""
        total, met = ranked.scored.total, ranked.met
        open_ = ranked.choice.mask[ranked.places]
        free = open_ & np.asarray([place not in taken for place in ranked.places.tolist()], dtype=np.bool_)
        chosen: list[int] = []
        for kind in ranked.choice.kinds:
            inside = np.flatnonzero(kind[ranked.places] & free)
            if len(inside) and len(chosen) < slots and not any(kind[ranked.places[i]] for i in chosen):
                chosen.append(int(inside[np.lexsort((-total[inside], -met[inside]))[0]]))
        levels = 2 * met + ranked.fresh  # what was shown before comes after what was not, if it may come again at all
        for level in np.unique(levels)[::-1]:
            inside = np.flatnonzero((levels == level) & free & ~np.isin(np.arange(len(total)), chosen))
            found = pick(
                total[inside],
                self.shelf.catalogue.centred[ranked.places[inside]],
                slots - len(chosen),
                diversity=self.parameters.diversity,
                relevance_floor=self.parameters.relevance_floor,
            )
            chosen += [int(inside[i]) for i in found]
        return [ranked.picked(i) for i in chosen]

    def _for_anybody(self, choice: Choice, request: Request) -> list[Picked]:
        """Nothing was said, or the choice was left open: different directions, liked by others or new.

        What was liked already is followed at once: for half of the slate, or in each of the directions.
        """
        catalogue = self.shelf.catalogue
        ranked = self._ranked_for_anybody(choice, request)
        total, places = ranked.scored.total, ranked.places
        liked = self._weigher(request).liked()
        domains = catalogue.domain_codes[places].tolist()
        items = [catalogue.items[place] for place in places.tolist()]
        kinds = [(item.domain, item.category) for item in items]
        first: list[int] = []
        if liked and not request.anything:
            following = ranked.scored.parts["liked"] > 0
            first = [int(i) for i in np.argsort(-total, kind="stable") if following[i]][: (request.size + 1) // 2]
        chosen = directions.spread(total, [domains, kinds], request.size, first)
        return sorted((ranked.picked(i) for i in chosen), key=lambda one: -one.score)

    def _ranked_for_anybody(self, choice: Choice, request: Request, besides: IntArray = NOTHING) -> Ranked:
        """Candidates where nothing was said, and their scores with a little chance; `besides` are scored with them."""
        shelf, weigher, w = self.shelf, self._weigher(request), self.weights
        random = np.random.default_rng(request.seed)
        chance = random.random(len(choice.mask), dtype=np.float32)
        worth = w.popular * shelf.popular + w.fresh * shelf.fresh + np.float32(w.explore) * chance
        found = directions.pool(shelf, choice.mask, worth, weigher.liked(), random)
        places = np.union1d(found, besides) if len(besides) else found
        explore: FloatArray = (w.explore * (1 + chance[places]) / 2).astype(np.float32)
        return Ranked(choice, places, Scored({**weigher.for_anybody(places), "explore": explore}))

    # -- saying why, and what is missing

    def _weigher(self, request: Request) -> Weigher:
        return Weigher(self.shelf, request.interest, self.weights, self.interest_parameters)

    def _weighed(self, positions: Sequence[int], thread: Thread | None, request: Request) -> list[Picked]:
        """Items with the parts of their scores, whether or not they would be chosen."""
        weigher, places = self._weigher(request), np.asarray(positions, dtype=np.int64)
        if thread is None:
            choice, scored = choice_for_anybody(self.shelf, request), Scored(weigher.for_anybody(places))
        else:
            choice = self._choice(thread, request)
            vector, match = weigher.vector(thread), weigher.match(thread, choice)
            scored = weigher.for_thread(thread, choice, places, vector, match)
        ranked = Ranked(choice, places, scored)
        return [ranked.picked(i) for i in range(len(places))]

    def _card(self, one: Picked, request: Request) -> Card:
        reasons = Reasons(self.shelf, request.interest, self._weigher(request), request.lang, request.shown)
        met = reasons.words_met(one.position, one.thread)
        # "Nothing spicy" is met by what is not spicy; to say that this fits "spicy" would turn it round.
        refused = {fold(refusal.text) for refusal in request.interest.refusals}
        limits = [limit.constraint.text for limit in reasons.limits_met(one.position)]
        limits = [text for text in limits if fold(text) not in refused]
        words = [word.text for word in met if not any(word.text in text for text in limits)]
        return Card(
            item=self.shelf.catalogue.items[one.position].localized(request.lang),
            score=one.score,
            parts=one.parts,
            because=reasons.because(one.position, one.parts, one.thread, met),
            fits=(*words, *limits),
        )

    def _admit(
        self, choices: Sequence[Choice], picked: Sequence[Picked], cards: dict[int, Card], request: Request
    ) -> tuple[tuple[str, ...], str]:
        """What of the wishes cannot be met, and how near the slate comes."""
        admission, unmet, nearest = Admission(self.shelf, request), [], []
        for choice in choices:
            shown = [cards[one.position].item for one in picked if one.thread is choice.thread]
            missing, near = admission.of(choice, shown)
            unmet += missing
            nearest.append(near)
        joined = ("，" if request.lang == "zh" else "; ").join(text for text in nearest if text)
        return tuple(dict.fromkeys(unmet)), joined


def _standing(position: int, ranked: Ranked, slate: Sequence[Picked]) -> Standing:
    """Where one of the ranked candidates stands."""
    at, total, met = int(np.searchsorted(ranked.places, position)), ranked.scored.total, ranked.met
    before = (met > met[at]) | ((met == met[at]) & (total > total[at]))
    mask = ranked.choice.mask
    rank = 1 + int(np.count_nonzero(before & mask[ranked.places])) if mask[position] else None
    return Standing(ranked.picked(at), rank, _positions(slate))


def _positions(slate: Sequence[Picked]) -> tuple[int, ...]:
    return tuple(one.position for one in slate)
