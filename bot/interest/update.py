"""How a turn moves the interest. A pure function; every number is in `InterestParameters`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from bot.interest.edit import started_over
from bot.interest.feedback import feel, meant, pulled, said_of, strength
from bot.interest.parameters import InterestParameters
from bot.interest.standing import limits_after, refusals_after, released
from bot.interest.state import FloatArray, Interest, Moment, Word, unit
from bot.interest.threads import (
    ADDED,
    PLAIN,
    RETURNING,
    Heard,
    Said,
    first_word,
    listen,
    served,
    went_on,
    without_refused,
    without_words,
)
from bot.understanding.turn import Facet, Intent, Reference, Turn

__all__ = ["InterestParameters", "feel", "hear", "pulled", "said_of", "strength", "unit"]

ASIDE = frozenset({Intent.ABOUT, Intent.COMPARE, Intent.OUT_OF_SCOPE, Intent.CARE})
"""Turns that wish for nothing: what they ask, or tell, is no interest. What they refuse is refused all the same."""
COURTESIES = frozenset({Intent.THANKS, Intent.SMALL_TALK, Intent.ANYTHING})
NONE: Mapping[str, FloatArray] = MappingProxyType({})
UNKNOWN: Mapping[str, tuple[str, str]] = MappingProxyType({})


def hear(
    interest: Interest,
    turn: Turn,
    vectors: Sequence[FloatArray],
    turn_id: str,
    parameters: InterestParameters,
    *,
    named: Mapping[str, FloatArray] = NONE,
    titles: Mapping[str, tuple[str, str]] = UNKNOWN,
) -> Interest:
    """The interest after a turn.

    `vectors`: one [d] for each of the turn's wishes, unit length, centred. For the items that the turn refers to,
    `named` gives their centred vectors [d] and `titles` (domain, title), by id; those that are gone are in neither.
    """
    p = parameters
    if turn.intent is Intent.START_OVER:
        interest = started_over(interest)
    if turn.intent in ASIDE:
        turn, vectors = replace(turn, wishes=(), constraints=()), ()
    spoken_of = [interest.threads[i].domain for i in sorted(served(interest.threads, p))]
    threads = without_words(without_refused(interest.threads, turn.refusals), turn.less, spared=True)
    said = _said(turn, vectors, turn_id, named, titles, p)
    returning = turn.intent is Intent.RETURN or (turn.only and len(spoken_of) > 1)
    if said or returning:
        manner = RETURNING if returning else ADDED if turn.additive else PLAIN
        heard = listen(threads, said, manner, p)
    else:
        idle = turn.intent in COURTESIES | ASIDE
        heard = Heard(threads if idle else went_on(threads, p))
    limits = limits_after(interest.limits, turn, heard, spoken_of, turn_id, p)
    moved = replace(
        interest,
        threads=released(heard.threads, interest.limits, limits, turn.lifted, turn_id, p),
        refusals=refusals_after(interest.refusals, turn, turn_id),
        limits=limits,
        sentiment=_sentiment(interest.sentiment, turn, p),
    )
    return _remembered(said_of(moved, turn.references, turn_id, p), turn_id, p)


def _said(
    turn: Turn,
    vectors: Sequence[FloatArray],
    turn_id: str,
    named: Mapping[str, FloatArray],
    titles: Mapping[str, tuple[str, str]],
    p: InterestParameters,
) -> list[Said]:
    """The turn's wishes; "something like that one" pulls them to it, or is a wish of its own where there is none."""
    said = []
    for wish, vector in zip(turn.wishes, vectors, strict=True):
        words = tuple({term.norm: first_word(term, turn_id, p) for term in reversed(wish.terms)}.values())[::-1]
        known = frozenset[str]().union(*(term.domains for term in wish.terms))
        said.append(Said(vector, words, wish.domain, known))
    for reference in turn.references:
        if reference.role == "similar" and (like := _like(reference, turn_id, named, titles, p)):
            said = [_pulled_to(one, like, p) for one in said] if turn.wishes else [*said, like]
    return said


def _like(
    reference: Reference,
    turn_id: str,
    named: Mapping[str, FloatArray],
    titles: Mapping[str, tuple[str, str]],
    p: InterestParameters,
) -> Said | None:
    """A wish for what is like the items, in their domain; None where they are gone. The title is the word behind it."""
    ids = [item_id for item_id in meant(reference, p) if item_id in named]
    if not ids:
        return None
    domains = {titles[item_id][0] for item_id in ids if item_id in titles}
    words = []
    for item_id in ids:
        text = titles[item_id][1] if item_id in titles else reference.text
        weight = min(p.first_word + 0.5 * max(reference.sentiment, 0.5), 1.0)
        words.append(Word(text, text, weight, turn_id, (Facet("item", item_id),)))
    vector = unit(np.mean([named[item_id] for item_id in ids], axis=0, dtype=np.float32))
    return Said(vector, tuple(words), domains.pop() if len(domains) == 1 else "")


def _pulled_to(one: Said, like: Said, p: InterestParameters) -> Said:
    """A wish pulled to items, in the domain that it names itself, else in theirs."""
    vector = unit(one.vector + np.float32(p.similar_pull) * like.vector)
    return replace(one, vector=vector, words=(*one.words, *like.words), domain=one.domain or like.domain)


def _sentiment(before: float, turn: Turn, p: InterestParameters) -> float:
    if not (turn.keywords or turn.refusals):
        return before
    return p.sentiment_memory * before + (1 - p.sentiment_memory) * turn.sentiment


def _remembered(interest: Interest, turn_id: str, p: InterestParameters) -> Interest:
    """With this moment in its history; an empty interest has none to tell."""
    if not (interest.threads or interest.history):
        return interest
    moment = Moment(turn_id, tuple((thread.label, thread.weight) for thread in interest.threads))
    return replace(interest, history=(*interest.history, moment)[-p.most_moments :])
