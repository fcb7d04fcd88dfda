"""The visitor's own hand: remove, pin, weaken or unpin what the panel shows, by its label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.interest.parameters import DEFAULT, InterestParameters
from bot.interest.state import FloatArray, Interest, Limit, Refusal, Thread, Word
from errors import InputError
from retrieval.segment import fold


def edit(
    interest: Interest,
    remove: Sequence[str] = (),
    pin: Sequence[str] = (),
    weaken: Sequence[str] = (),
    unpin: Sequence[str] = (),
    parameters: InterestParameters = DEFAULT,
) -> Interest:
    """The interest after the visitor's own changes.

    A label is a thread's, or the text of a word, a refusal or a limit (or one of its values); where it names several
    things, all of them are meant. The labels are those of the interest as it is given, whatever else is changed.

    Removing the last word of a thread removes the thread, and with the last thread of a domain go its limits. Pinned
    threads and words do not fade, weigh something at least, and are kept when the talk starts over; so are pinned
    refusals and limits, and pinned refusals hold in later visits too. Weakening halves a weight; refusals and limits
    hold or do not, so they cannot be weakened. Raises InputError for a label that names nothing, or nothing weighed.
    """
    for field, labels in (("remove", remove), ("pin", pin), ("weaken", weaken), ("unpin", unpin)):
        for label in labels:
            _check(interest, label, field)
    hand = _Hand(_folded(remove), _folded(pin), _folded(weaken), _folded(unpin), parameters)
    threads = tuple(edited for thread in interest.threads if (edited := hand.thread(thread)))
    left = {thread.domain for thread in interest.threads} - {thread.domain for thread in threads} - {""}
    limits = tuple(held for limit in interest.limits if limit.domain not in left and (held := hand.limit(limit)))
    refusals = tuple(hand.refusal(r) for r in interest.refusals if fold(r.text) not in hand.remove)
    return replace(interest, threads=threads, limits=limits, refusals=refusals)


def started_over(interest: Interest) -> Interest:
    """What is left when the talk starts over: what is pinned, and that what was turned down stays away."""
    threads = (
        thread if thread.pinned else replace(thread, words=tuple(word for word in thread.words if word.pinned))
        for thread in interest.threads
        if thread.source == "said"
    )
    return Interest(
        threads=tuple(thread for thread in threads if thread.pinned or thread.words),
        refusals=tuple(refusal for refusal in interest.refusals if refusal.pinned),
        limits=tuple(limit for limit in interest.limits if limit.pinned),
        evidence=tuple(evidence for evidence in interest.evidence if evidence.strength < 0),
    )


def reworded(before: Interest, after: Interest) -> Mapping[int, str]:
    """Threads (by place in `after`) that lost words by an edit, with what is left to encode anew, strongest first."""
    words = {id(thread.vector): {word.norm for word in thread.words} for thread in before.threads}
    return {
        i: " ".join(word.text for word in sorted(thread.words, key=lambda word: -word.weight))
        for i, thread in enumerate(after.threads)
        if thread.words and words.get(id(thread.vector), set()) - {word.norm for word in thread.words}
    }


def with_vectors(interest: Interest, vectors: Mapping[int, FloatArray]) -> Interest:
    """The interest with other vectors [d] (unit length, centred) for some threads, by their place."""
    threads = tuple(replace(t, vector=vectors.get(i, t.vector)) for i, t in enumerate(interest.threads))
    return replace(interest, threads=threads)


@dataclass(frozen=True, slots=True)
class _Hand:
    """The labels, folded, by what is to be done; and doing it to one thing."""

    remove: frozenset[str]
    pin: frozenset[str]
    weaken: frozenset[str]
    unpin: frozenset[str]
    p: InterestParameters

    def thread(self, thread: Thread) -> Thread | None:
        label = fold(thread.label)
        words = tuple(edited for word in thread.words if (edited := self.word(word)))
        weight = thread.weight * (self.p.weaken if label in self.weaken else 1.0)
        if label in self.remove or weight < self.p.forget_thread or (thread.words and not words):
            return None
        pinned = self._pinned(label, thread.pinned)
        if label in self.pin:
            return replace(thread, words=words, weight=max(weight, self.p.pinned_thread), pinned=True, source="said")
        return replace(thread, words=words, weight=weight, pinned=pinned)

    def word(self, word: Word) -> Word | None:
        label = fold(word.text)
        weight = word.weight * (self.p.weaken if label in self.weaken else 1.0)
        if label in self.remove or weight < self.p.forget_word:
            return None
        weight = max(weight, self.p.pinned_word) if label in self.pin else weight
        return replace(word, weight=weight, pinned=self._pinned(label, word.pinned))

    def refusal(self, refusal: Refusal) -> Refusal:
        return replace(refusal, pinned=self._pinned(fold(refusal.text), refusal.pinned))

    def limit(self, limit: Limit) -> Limit | None:
        label, values = fold(limit.constraint.text), limit.constraint.values
        if label in self.remove or (values and self.remove >= set(values)):
            return None
        kept = tuple(value for value in values if value not in self.remove)
        pinned = limit.pinned
        for name in (label, *values):
            pinned = self._pinned(name, pinned)
        return replace(limit, constraint=replace(limit.constraint, values=kept), pinned=pinned)

    def _pinned(self, label: str, now: bool) -> bool:
        return label in self.pin or (now and label not in self.unpin)


def _folded(labels: Sequence[str]) -> frozenset[str]:
    return frozenset(map(fold, labels))


def _check(interest: Interest, label: str, field: str) -> None:
    """Raises InputError unless the label names something that the change can be made to."""
    weighed = {fold(text) for t in interest.threads for text in (t.label, *(word.text for word in t.words))}
    standing = {fold(refusal.text) for refusal in interest.refusals}
    standing |= {fold(text) for lim in interest.limits for text in (lim.constraint.text, *lim.constraint.values)}
    named = fold(label)
    if named in weighed or (named in standing and field != "weaken"):
        return
    if named in standing:
        raise InputError(
            field=field,
            zh_reason=f"“{label}”要么算数，要么不算，不能减弱，可以移除",
            reason=f"“{label}” holds or does not; it cannot be weakened, but it can be removed",
        )
    raise InputError(
        field=field, zh_reason=f"当前的兴趣里没有“{label}”", reason=f"nothing in the interest is called “{label}”"
    )
