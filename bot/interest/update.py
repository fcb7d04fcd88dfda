"""How a turn and feedback move the interest. Pure functions; every number is in `InterestParameters`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.interest.state import Evidence, FloatArray, Interest, Limit, Refusal, Thread, Word
from bot.understanding.turn import Constraint, Intent, Term, Turn, Wish

FEEDBACK_STRENGTH: Mapping[str, float] = {
    "purchase": 1.0,
    "like": 0.7,
    "click": 0.25,
    "dislike": -0.8,
    "hide": -0.8,
}
"""What one act says of the interest. `rating` and `browse` depend on their value, see `strength`."""
VERDICTS = frozenset({"like", "dislike", "hide", "rating"})
"""What a visitor says of an item, of which the last one holds; the rest is what a visitor does with it."""


@dataclass(frozen=True)
class InterestParameters:
    """All that governs how the interest moves."""

    decay: float = 0.8
    """A thread's weight after a turn that did not touch it."""
    pivot: float = 0.3
    """A thread's weight after a turn that clearly went elsewhere, on top of the decay."""
    blend: float = 0.6
    """How much of a thread's old vector stays when a turn adds to it."""
    narrowing: float = 0.25
    """The same when the turn names another kind of thing in the same domain, or the domain as a whole."""
    join: float = 0.25
    """Centred cosine at which a wish without a domain joins a thread rather than opening one."""
    word_decay: float = 0.6
    """A word's weight in a thread after a turn that spoke of the thread without the word."""
    forget_word: float = 0.12
    """Words below this weight are forgotten."""
    forget_thread: float = 0.05
    """Threads below this weight are forgotten."""
    most_threads: int = 6
    liked_pull: float = 0.5
    """Rocchio: how far liked items of the thread's domain pull its vector (Rocchio, 1971; β)."""
    disliked_push: float = 0.25
    """Rocchio: how far disliked ones push (γ)."""


def unit(vector: FloatArray) -> FloatArray:
    """The vector at length 1 (zeros stay zeros)."""
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def hear(
    interest: Interest,
    turn: Turn,
    vectors: Sequence[FloatArray],
    turn_id: str,
    parameters: InterestParameters,
) -> Interest:
    """The interest after a turn. `vectors`: one for each of the turn's wishes, unit length, centred."""
    if turn.intent is Intent.START_OVER:
        interest = Interest()
    refusals = _refusals(interest.refusals, turn, turn_id)
    threads = tuple(_without(thread, turn.refusals) for thread in interest.threads)
    threads = tuple(thread for thread in threads if thread.words or thread.domain)
    touched: set[int] = set()
    if turn.wishes:
        for wish, vector in zip(turn.wishes, vectors, strict=True):
            threads, index = _hear_wish(threads, wish, vector, turn_id, turn.additive, touched, parameters)
            touched.add(index)
        threads = _settle(threads, touched, turn.additive, parameters)
    live = max(threads, key=lambda t: t.weight, default=None)
    return replace(
        interest,
        threads=threads,
        refusals=refusals,
        limits=_limits(interest.limits, turn, live.domain if live else "", turn_id),
        sentiment=_sentiment(interest.sentiment, turn),
    )


def feel(interest: Interest, item_id: str, kind: str, value: float | None, turn_id: str) -> Interest:
    """The interest after feedback on an item.

    `undo` takes the last verdict on it back (like, dislike, hide, rating); where there is none, the last act.
    """
    others = tuple(e for e in interest.evidence if e.item_id != item_id)
    mine = tuple(e for e in interest.evidence if e.item_id == item_id)
    if kind == "undo":
        undone = next((e for e in reversed(mine) if e.kind in VERDICTS), mine[-1] if mine else None)
        return replace(interest, evidence=others + tuple(e for e in mine if e is not undone))
    said = Evidence(item_id, kind, strength(kind, value), turn_id)
    mine = tuple(e for e in mine if e.kind != kind and not _opposed(e, said))
    return replace(interest, evidence=(*others, *mine, said))


def strength(kind: str, value: float | None) -> float:
    """-1 … 1 for an act: a rating of 3 says nothing, a minute of browsing about as much as a click."""
    if kind == "rating":
        return ((value or 3.0) - 3.0) / 2.0 * 0.9
    if kind == "browse":
        return min((value or 0.0) / 60.0, 1.0) * 0.25
    return FEEDBACK_STRENGTH[kind]


def pulled(thread: Thread, liked: FloatArray, disliked: FloatArray, parameters: InterestParameters) -> FloatArray:
    """[d] the thread's vector pulled to liked and pushed from disliked items (rows: strength · unit vector)."""
    vector = thread.vector.copy()
    if len(liked):
        vector += np.float32(parameters.liked_pull) * liked.mean(axis=0)
    if len(disliked):
        vector -= np.float32(parameters.disliked_push) * disliked.mean(axis=0)
    return unit(vector)


def _sentiment(before: float, turn: Turn) -> float:
    """Half of what it was, half of what the turn says, if it says anything."""
    return 0.5 * before + 0.5 * turn.sentiment if turn.keywords or turn.refusals else before


def _opposed(old: Evidence, new: Evidence) -> bool:
    """A like takes a dislike back and the other way round; acts (click, purchase) stay."""
    return old.kind in VERDICTS and new.kind in VERDICTS


def _hear_wish(
    threads: tuple[Thread, ...],
    wish: Wish,
    vector: FloatArray,
    turn_id: str,
    additive: bool,
    touched: set[int],
    p: InterestParameters,
) -> tuple[tuple[Thread, ...], int]:
    """The threads with the wish in one of them, and which."""
    said = tuple(_word(term, turn_id) for term in wish.terms)
    index = _nearest(threads, wish, vector, touched, p)
    if index is None:
        return (*threads, Thread(vector, 1.0, said, wish.domain)), len(threads)
    old = threads[index]
    new_kinds = {w.norm for w in said if w.is_kind} - {w.norm for w in old.words if w.is_kind}
    widening = any(w.is_domain for w in said) and not any(w.is_kind for w in said)
    narrowing = (bool(new_kinds) or widening) and not additive
    keep = p.narrowing if narrowing else p.blend
    words = _merge(old.words, said, p.word_decay, p.narrowing if narrowing else 1.0, p.forget_word)
    joined = Thread(unit(np.float32(keep) * old.vector + vector), 1.0, words, wish.domain or old.domain)
    return (*threads[:index], joined, *threads[index + 1 :]), index


def _nearest(
    threads: Sequence[Thread], wish: Wish, vector: FloatArray, touched: set[int], p: InterestParameters
) -> int | None:
    """The thread a wish belongs to: of its own domain; without a domain, the live one if it can mean that.

    It can if the thread's domain has anything about one of its words, or if the two are near in meaning.
    """
    if wish.domain:
        same = [i for i, thread in enumerate(threads) if thread.domain == wish.domain and i not in touched]
        same = same or [i for i, t in enumerate(threads) if not t.domain and float(t.vector @ vector) >= p.join]
        return max(same, key=lambda i: threads[i].weight, default=None)
    ranked = sorted(range(len(threads)), key=lambda i: -threads[i].weight)
    known = frozenset().union(*(term.domains for term in wish.terms))
    for i in ranked[:1]:
        if threads[i].domain in known or float(threads[i].vector @ vector) >= p.join:
            return i
    return None


def _settle(
    threads: tuple[Thread, ...], touched: set[int], additive: bool, p: InterestParameters
) -> tuple[Thread, ...]:
    """Decay by turns; a clear shift quiets what it left in that very turn."""
    fading = p.decay if additive else p.decay * p.pivot
    settled = [t if i in touched else replace(t, weight=t.weight * fading) for i, t in enumerate(threads)]
    kept = [t for t in settled if t.weight >= p.forget_thread]
    kept.sort(key=lambda t: -t.weight)
    return tuple(kept[: p.most_threads])


def _merge(
    old: Sequence[Word], said: Sequence[Word], decay: float, kind_decay: float, forget: float
) -> tuple[Word, ...]:
    """Old words fade (kinds more, when another kind is named), words said again get the newer turn."""
    new = {word.norm for word in said}
    faded = [replace(w, weight=w.weight * decay * (kind_decay if w.is_kind else 1.0)) for w in old if w.norm not in new]
    return (*said, *(word for word in faded if word.weight >= forget))


def _word(term: Term, turn_id: str) -> Word:
    return Word(term.text, term.norm, 0.5 + term.sentiment, turn_id, term.facets)


def _without(thread: Thread, refused: Sequence[Term]) -> Thread:
    gone = {term.norm for term in refused}
    return replace(thread, words=tuple(word for word in thread.words if word.norm not in gone))


def _refusals(old: Sequence[Refusal], turn: Turn, turn_id: str) -> tuple[Refusal, ...]:
    """Refusals stay until the same word is wished for again, or until they are lifted."""
    wished = {term.norm for wish in turn.wishes for term in wish.terms}
    new = [Refusal(t.text, t.norm, turn_id, t.facets) for t in turn.refusals]
    said = {refusal.norm for refusal in new}
    kept = [r for r in old if r.norm not in wished and r.norm not in said and "refusals" not in turn.lifted]
    return (*kept, *new)


def _limits(old: Sequence[Limit], turn: Turn, domain: str, turn_id: str) -> tuple[Limit, ...]:
    """A new limit on a field replaces all earlier ones on it for the same things."""
    fields = {c.field for c in turn.constraints} | turn.lifted
    leaning = {c.field for c in turn.constraints if c.op == "low"}

    def stays(limit: Limit) -> bool:
        c: Constraint = limit.constraint
        if c.field not in fields or limit.domain not in ("", domain):
            return True
        # "cheaper" leaves a budget standing
        return c.field in leaning and c.field not in turn.lifted and c.op != "low"

    return (*(limit for limit in old if stays(limit)), *(Limit(c, domain, turn_id) for c in turn.constraints))
