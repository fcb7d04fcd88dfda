"""The long-term profile of a returning visitor: what earlier visits left, faint beside the present wish.

Profile threads colour the score and are served only until something is said. Refusals of earlier visits do not bind,
except those that the visitor pinned; what was disliked or hidden stays away. A visitor without an id has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bot.interest.parameters import DEFAULT, InterestParameters
from bot.interest.state import Evidence, Interest, Refusal, Thread, Word, from_state, unit
from bot.interest.threads import again


@dataclass(frozen=True)
class Profile:
    """What earlier visits left. `evidence`: approvals faded, rejections whole; `refusals`: the pinned ones."""

    threads: tuple[Thread, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def profile_of(
    states: Sequence[Mapping[str, Any]], dimension: int, parameters: InterestParameters = DEFAULT
) -> Profile:
    """The profile from the interest states of earlier visits, the latest first.

    A thread of the k-th last visit counts `session_fade`ᵏ times the more the livelier it was when that visit ended;
    those of one domain that are near in meaning or share a word add up. What a profile coloured is not counted again.
    """
    visits = [from_state(state, dimension) for state in states]
    found: list[Thread] = []
    for age, visit in enumerate(visits):
        for thread in visit.threads:
            if thread.source == "said" and thread.weight > 0:
                liveliness = parameters.quiet_share + (1 - parameters.quiet_share) * min(thread.weight, 1.0)
                found.append(replace(thread, weight=parameters.session_fade**age * liveliness))
    return Profile(
        threads=_profile_threads(_gathered(found, parameters), parameters),
        evidence=_evidence(visits, parameters),
        refusals=_refusals(visits),
    )


def with_profile(interest: Interest, profile: Profile) -> Interest:
    """The interest with a profile beside it, in the place of one that it had; what it holds itself comes first."""
    said = tuple(thread for thread in interest.threads if thread.source == "said")
    judged = {evidence.item_id for evidence in interest.evidence if not evidence.past}
    refused = {refusal.norm for refusal in interest.refusals}
    return replace(
        interest,
        threads=(*said, *profile.threads),
        evidence=(
            *(evidence for evidence in profile.evidence if evidence.item_id not in judged),
            *(evidence for evidence in interest.evidence if not evidence.past),
        ),
        refusals=(*interest.refusals, *(r for r in profile.refusals if r.norm not in refused)),
    )


def _gathered(threads: Sequence[Thread], p: InterestParameters) -> list[Thread]:
    """Threads that are one interest as one: weights, vectors and words add up."""
    groups: list[Thread] = []
    for thread in threads:
        place = next((i for i, group in enumerate(groups) if _one_interest(group, thread, p)), None)
        if place is None:
            groups.append(replace(thread, words=_summed((), thread)))
            continue
        group = groups[place]
        vector = unit(np.float32(group.weight) * group.vector + np.float32(thread.weight) * thread.vector)
        total = group.weight + thread.weight
        groups[place] = replace(group, vector=vector, weight=total, words=_summed(group.words, thread))
    return groups


def _one_interest(one: Thread, other: Thread, p: InterestParameters) -> bool:
    if one.domain != other.domain:
        return False
    shares = any(again(word, one.words) for word in other.words if not word.is_domain)
    return shares or float(one.vector @ other.vector) >= p.same_interest


def _summed(words: Sequence[Word], thread: Thread) -> tuple[Word, ...]:
    """The words with a thread's own added, by the thread's weight; which message said them is past."""
    total = list(words)
    for word in thread.words:
        earlier = again(word, total)
        weight = word.weight * thread.weight + (earlier.weight if earlier else 0.0)
        total = [w for w in total if w is not earlier]
        total.append(replace(earlier or word, weight=weight, turn_id="", pinned=False))
    return tuple(total)


def _profile_threads(groups: Sequence[Thread], p: InterestParameters) -> tuple[Thread, ...]:
    """The strongest, the first of them at `profile_weight`; each one's strongest word at full strength."""
    strongest = sorted(groups, key=lambda thread: -thread.weight)[: p.most_profile]
    threads = []
    for thread in strongest:
        heaviest = max((word.weight for word in thread.words), default=1.0) or 1.0
        scaled = (replace(word, weight=word.weight / heaviest) for word in thread.words)
        words = tuple(word for word in scaled if word.weight >= p.forget_word)
        weight = p.profile_weight * thread.weight / strongest[0].weight
        threads.append(Thread(thread.vector, weight, words, thread.domain, source="profile"))
    return tuple(threads)


def _evidence(visits: Sequence[Interest], p: InterestParameters) -> tuple[Evidence, ...]:
    """What was done with items on earlier visits, oldest first; of one item, the latest visit's word holds."""
    latest: dict[str, tuple[Evidence, ...]] = {}
    for age, visit in enumerate(visits):
        known = frozenset(latest)
        for evidence in visit.evidence:
            if evidence.past or evidence.item_id in known:
                continue
            fade = 1.0 if evidence.strength < 0 else p.past_liking * p.session_fade**age
            past = replace(evidence, strength=evidence.strength * fade, turn_id="", past=True)
            latest[evidence.item_id] = (*latest.get(evidence.item_id, ()), past)
    kept = [evidence for group in reversed(latest.values()) for evidence in group]
    return tuple(kept[-p.most_evidence :])


def _refusals(visits: Sequence[Interest]) -> tuple[Refusal, ...]:
    pinned = {r.norm: replace(r, turn_id="") for visit in reversed(visits) for r in visit.refusals if r.pinned}
    return tuple(pinned.values())
