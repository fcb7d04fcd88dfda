"""Threads: which one a wish belongs to, how their words and weights move, and what a return wakes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.interest.parameters import InterestParameters
from bot.interest.state import FloatArray, Thread, Word, unit
from bot.understanding.turn import Term
from retrieval.segment import fold

PLAIN, ADDED, RETURNING = "plain", "added", "returning"
"""How a wish is said: instead of what went before, besides it, or as a way back to it."""


@dataclass(frozen=True, eq=False)
class Said:
    """What one wish brings: its words, their meaning `vector` [d] (unit length), and the domain it names, if any.

    `known`: domains that have anything about its words.
    """

    vector: FloatArray
    words: tuple[Word, ...]
    domain: str = ""
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Heard:
    """The threads after a turn. `domains`: of the thread that took each wish, in the wishes' order.

    `moved`: whether the talk went to a domain that was not spoken of before. `shifted`: whether it left what it was
    about for something else.
    """

    threads: tuple[Thread, ...]
    domains: tuple[str, ...] = ()
    moved: bool = False
    shifted: bool = False


def first_word(term: Term, turn_id: str, p: InterestParameters) -> Word:
    """A term as a word behind a thread; the more it is loved, the heavier."""
    weight = min(max(p.first_word + 0.5 * term.sentiment, 0.0), 1.0)
    return Word(term.text, term.norm, weight, turn_id, term.facets)


def served(threads: Sequence[Thread], p: InterestParameters) -> frozenset[int]:
    """Which threads are spoken of now: of this session if there are any, else of the profile."""
    source = "said" if any(t.source == "said" for t in threads) else "profile"
    heaviest = max((t.weight for t in threads if t.source == source), default=0.0)
    return frozenset(i for i, t in enumerate(threads) if t.source == source and t.weight >= p.live_share * heaviest > 0)


def current_kinds(words: Sequence[Word], p: InterestParameters) -> tuple[Word, ...]:
    """The words that name the kind of thing wished for now."""
    kinds = [word for word in words if word.is_kind and not word.is_domain]
    least = max(p.current_kind, p.kind_share * max((word.weight for word in kinds), default=0.0))
    return tuple(word for word in kinds if word.weight >= least or word.pinned)


def again(word: Word, words: Sequence[Word]) -> Word | None:
    """The one among the words that a word says again: the same, or the same meaning in the other language."""
    meaning = set(word.facets)
    return next((w for w in words if w.norm == word.norm or (meaning and meaning == set(w.facets))), None)


def without_refused(threads: Sequence[Thread], refused: Sequence[Term]) -> tuple[Thread, ...]:
    """The threads without what was refused, be it pinned; a refused domain takes its threads along."""
    domains = {facet.value for term in refused for facet in term.facets if facet.field == "domain"}
    left = without_words(threads, refused)
    return tuple(thread for thread in left if fold(thread.domain) not in domains) if domains else left


def without_words(threads: Sequence[Thread], terms: Sequence[Term], spared: bool = False) -> tuple[Thread, ...]:
    """The threads without the words that say or mean one of the terms; `spared`: pinned words stay."""
    if not terms:
        return tuple(threads)
    norms = {term.norm for term in terms}
    facets = {facet for term in terms for facet in term.facets}

    def stays(word: Word) -> bool:
        return (spared and word.pinned) or (word.norm not in norms and facets.isdisjoint(word.facets))

    left = (replace(thread, words=tuple(filter(stays, thread.words))) for thread in threads)
    return tuple(thread for thread in left if thread.words or thread.domain)


def listen(threads: Sequence[Thread], said: Sequence[Said], manner: str, p: InterestParameters) -> Heard:
    """The threads after the wishes of a turn, each in a thread of its own; those touched are live.

    Where the talk goes to a thread that was not live, what was live is quieted in this very turn. A return without a
    wish wakes the thread that was left last.
    """
    before = served(threads, p)
    spoken_of = {threads[i].domain for i in before} - {""}
    talk, touched = list(threads), list[int]()
    if manner == RETURNING:
        said = [one for one in said if one.domain or one.known or _mentioned(one, threads)]
    if manner == RETURNING and not said and (left := _left_last(threads, before)) is not None:
        talk[left] = _woken(threads[left])
        touched.append(left)
    for one in said:
        index = _nearest(talk, one, touched, before, manner, p)
        if index is None:
            words = (*_merged((), one.words, 1.0, 1.0, p), *_carried(one, [threads[i] for i in before], p))
            talk.append(Thread(one.vector, 1.0, words, one.domain))
            touched.append(len(talk) - 1)
            continue
        old = _woken(talk[index]) if manner == RETURNING else talk[index]
        talk[index] = _joined(old, one, manner, p)
        touched.append(index)
    domains = tuple(talk[i].domain for i in touched)
    moved = bool(spoken_of) and bool(set(domains) - {""} - spoken_of)
    if not touched:
        return Heard(tuple(threads))
    # Besides what went before is within its domain; "and some music" after films is about music now.
    elsewhere = bool(spoken_of) and bool(domains) and not set(domains) & {"", *spoken_of}
    shifted = manner == RETURNING or (manner == PLAIN and not set(touched) <= before) or elsewhere
    return Heard(_settled(talk, touched, before, manner, shifted, p), domains, moved, shifted and bool(before))


def went_on(threads: Sequence[Thread], p: InterestParameters) -> tuple[Thread, ...]:
    """The threads after a turn that goes on with what is spoken of: all else fades."""
    live = served(threads, p)
    return tuple(t if i in live or _stays(t) else replace(t, weight=t.weight * p.decay) for i, t in enumerate(threads))


def _stays(thread: Thread) -> bool:
    return thread.pinned or thread.source == "profile"


def _mentioned(one: Said, threads: Sequence[Thread]) -> bool:
    return any(again(word, thread.words) for word in one.words for thread in threads)


def _left_last(threads: Sequence[Thread], live: frozenset[int]) -> int | None:
    """The heaviest thread that is not spoken of now; else the one beside the live one; the profile comes last."""
    order = sorted(range(len(threads)), key=lambda i: (threads[i].source == "profile", -threads[i].weight))
    quiet = [i for i in order if i not in live and threads[i].source == "said"]
    return next(iter(quiet or order[1:2] or order), None)


def _nearest(
    threads: Sequence[Thread],
    one: Said,
    touched: Collection[int],
    live: frozenset[int],
    manner: str,
    p: InterestParameters,
) -> int | None:
    """The thread that a wish belongs to; None: it opens one.

    One that names a domain: the thread of the domain, by its words, then by weight and meaning; else one without
    a domain that is near in meaning. One that does not: what is spoken of, if its domain has anything about the
    words or they are near in meaning; else a quieted thread that has one of the words. Profile threads are taken up
    only by a way back to them. Two wishes of one message are two threads, unless they are very near.
    """
    free = [i for i, t in enumerate(threads) if i not in touched and (t.source == "said" or manner == RETURNING)]
    telling = [word for word in one.words if not word.is_domain]

    def shared(i: int) -> int:
        return sum(again(word, threads[i].words) is not None for word in telling)

    def nearness(i: int) -> tuple[bool, int, bool, float]:
        thread = threads[i]
        left = manner == RETURNING and i not in live
        return (thread.source == "said", shared(i), left, thread.weight + float(thread.vector @ one.vector))

    def means(i: int, least: float) -> bool:
        return float(threads[i].vector @ one.vector) >= least

    if one.domain:
        same = [i for i in free if threads[i].domain == one.domain]
        found = same or [i for i in free if not threads[i].domain and means(i, p.join)]
        return max(found, key=nearness, default=None)
    if manner == RETURNING:
        found = [i for i in free if shared(i) or threads[i].domain in one.known]
        return max(found, key=nearness, default=None)
    at_hand = [i for i in free if i in live]
    least = p.join_elsewhere if one.known else p.join_unknown
    found = [i for i in at_hand if threads[i].domain in one.known] or [i for i in at_hand if means(i, least)]
    found = found or [i for i in free if shared(i)] or [i for i in touched if means(i, p.same_interest)]
    return max(found, key=nearness, default=None)


def _carried(one: Said, live: Sequence[Thread], p: InterestParameters) -> tuple[Word, ...]:
    """What was spoken of, for a wish that opens a thread and names no more than a domain: it colours the new one.

    What something similar was wished to is still that.
    """
    if not one.domain or any(word.facets and not word.is_domain for word in one.words):
        return ()
    carried: list[Word] = []
    for word in (word for thread in live for word in thread.words if word.facets and not word.is_domain):
        weight = word.weight if word.is_item else p.carried * word.weight
        if weight >= p.forget_word and again(word, (*one.words, *carried)) is None:
            carried.append(word if word.is_item else replace(word, weight=weight, pinned=False))
    return tuple(carried)


def _joined(old: Thread, one: Said, manner: str, p: InterestParameters) -> Thread:
    """The thread with the wish in it, live."""
    kinds = [w for w in one.words if w.is_kind and not w.is_domain]
    new_kind = any(again(kind, current_kinds(old.words, p)) is None for kind in kinds)
    widens = not kinds and any(word.is_domain for word in one.words)
    narrows = manner != ADDED and (new_kind or (widens and manner == PLAIN))
    if manner == RETURNING and all(word.is_domain or again(word, old.words) for word in one.words):
        vector = old.vector
    else:
        vector = unit(np.float32(p.narrowing if narrows else p.blend) * old.vector + one.vector)
    kind_keeps = p.word_decay * p.narrowing if narrows else p.word_decay if kinds else 1.0
    plain_keeps = 1.0 if manner != PLAIN else p.restated if narrows else p.word_decay
    words = _merged(old.words, one.words, plain_keeps, 1.0 if manner == ADDED else kind_keeps, p)
    return replace(old, vector=vector, weight=1.0, words=words, domain=one.domain or old.domain, source="said")


def _merged(
    old: Sequence[Word], said: Sequence[Word], plain_keeps: float, kind_keeps: float, p: InterestParameters
) -> tuple[Word, ...]:
    """Words said again add up and get the newer turn; of the others, pinned ones stay and the rest fade."""
    new: list[Word] = []
    for word in said:
        earlier = again(word, new) or again(word, old)
        if earlier is None:
            new.append(word)
            continue
        weight = 1 - (1 - word.weight) * (1 - earlier.weight)
        new = [w for w in new if w is not earlier] + [replace(word, weight=weight, pinned=earlier.pinned)]
    others = [word for word in old if again(word, new) is None]
    keeps = [1.0 if w.pinned else kind_keeps if w.is_kind and not w.is_domain else plain_keeps for w in others]
    faded = (w if keep == 1.0 else replace(w, weight=w.weight * keep) for w, keep in zip(others, keeps, strict=True))
    return (*new, *(word for word in faded if word.weight >= p.forget_word))


def _woken(thread: Thread) -> Thread:
    """Live again, its words as strong, one to another, as when it was left, the heaviest at full strength."""
    heaviest = max((word.weight for word in thread.words), default=0.0)
    words = tuple(replace(word, weight=word.weight / heaviest) for word in thread.words) if heaviest else ()
    return replace(thread, weight=1.0, words=words or thread.words, source="said")


def _settled(
    talk: Sequence[Thread],
    touched: Sequence[int],
    before: frozenset[int],
    manner: str,
    shifted: bool,
    p: InterestParameters,
) -> tuple[Thread, ...]:
    """Fading by turns, a shift's quieting, and the bounds on how many threads there are; the touched come first."""

    def keeps(i: int, thread: Thread) -> float:
        if i in touched or (thread.pinned and thread.source == "said"):
            return 1.0
        if thread.source == "profile":
            return p.profile_fade
        if i in before and manner == ADDED and not shifted:
            return 1.0
        return p.decay * (p.pivot if i in before and shifted else 1.0)

    faded = [(i, replace(t, weight=t.weight * keeps(i, t))) for i, t in enumerate(talk)]
    faded.sort(key=lambda pair: (pair[0] not in touched, -pair[1].weight))
    kept = [t for i, t in faded if t.pinned or i in touched or t.weight >= p.forget_thread]
    said = [t for t in kept if t.source == "said"]
    said = sorted(said, key=lambda t: not t.pinned and t.weight < 1.0)[: p.most_threads]
    said.sort(key=lambda t: -t.weight)
    return (*said, *[t for t in kept if t.source == "profile"][: p.most_profile])
