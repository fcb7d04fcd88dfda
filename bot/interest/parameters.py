"""Every number by which the interest moves, in one place, with the source of each method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InterestParameters:
    """All that governs how the interest moves. Weights and shares lie in 0-1, cosines are centred on the catalogue.

    Methods: several threads instead of one mean, as in multi-interest recommenders (Cen et al., 2020); fading is
    exponential in turns, as older events fade in time-aware recommenders (Koren, 2009); feedback moves vectors as
    relevance feedback does (Rocchio, 1971); repeated words add up like independent evidence (noisy or, Pearl, 1988).
    """

    # -- threads

    decay: float = 0.8
    """A thread's weight after a turn that did not touch it, as a share of its weight before."""
    pivot: float = 0.3
    """The same, on top of the decay, for what was live when a turn clearly went elsewhere."""
    live_share: float = 0.5
    """Threads of at least this share of the live one's weight are spoken of together with it."""
    forget_thread: float = 0.01
    """Threads below this weight are forgotten: one quieted by a shift can be returned to for about 14 turns."""
    most_threads: int = 6
    """At most so many threads of this session are kept, the heaviest; pinned ones come first."""
    blend: float = 0.6
    """How much of a thread's old vector stays when a turn adds to it."""
    narrowing: float = 0.25
    """The same when the turn names another kind of thing in the same domain, or the domain as a whole."""
    join: float = 0.25
    """Centred cosine at which a wish that names a domain is one with a thread that has none."""
    join_elsewhere: float = 0.45
    """The same for a wish that names none, whose words the catalogue knows from other domains only. With
    multilingual-e5-small, other topics in one language reach 0.4, what refines a wish 0.2 to 0.45."""
    join_unknown: float = 0.0
    """The same for words that the catalogue does not know: they most likely say more of what is spoken of."""
    same_interest: float = 0.5
    """Centred cosine at which two are one interest: threads of one domain from different visits, or two wishes of one
    message that name no domain."""
    similar_pull: float = 1.5
    """How much an item's vector counts beside the wish's own in "something like it, but …"."""
    most_alike: int = 5
    """At most so many items of a creator stand for "like hers"."""

    # -- words

    first_word: float = 0.55
    """A word's weight when it is first said without feeling, of which half the sentiment is added (loved: 1)."""
    word_decay: float = 0.65
    """A plain word's weight after a turn that spoke of its thread without it. Kinds of thing stay until another kind
    is named."""
    restated: float = 0.45
    """The same after a turn that named another kind, or the domain anew: it colours still, but is not asked for."""
    carried: float = 0.4
    """What a word weighs in a new thread that was opened by naming no more than a domain."""
    forget_word: float = 0.12
    """Words below this weight are forgotten."""
    current_kind: float = 0.4
    """Kinds of at least this weight are still what the thread is about,"""
    kind_share: float = 0.6
    """if they weigh at least this share of the heaviest of them."""
    lasting: frozenset[str] = frozenset({"attributes.audience"})
    """Text limits that bind the whole domain whatever kind was named: who it is for stays so, a colour does not."""

    # -- what a visitor's own hand does

    pinned_thread: float = 0.5
    """A pinned thread weighs at least this, so that it keeps a place on the slate."""
    pinned_word: float = 0.8
    """A pinned word weighs at least this."""
    weaken: float = 0.5
    """What weakening leaves of a weight."""

    # -- feedback, strongest first

    purchase: float = 1.0
    rating: float = 0.9
    """Five stars; one star is as much below zero, three stars say nothing."""
    like: float = 0.7
    click: float = 0.3
    browse: float = 0.25
    """A whole `browse_seconds` of looking; less in proportion."""
    said: float = 0.2
    """Words of an item that was spoken of, times their sentiment."""
    dislike: float = -0.8
    hide: float = -1.0
    browse_seconds: float = 60.0
    liked_pull: float = 0.5
    """How far liked items of the thread's domain pull its vector (Rocchio's beta)."""
    disliked_push: float = 0.25
    """How far disliked ones push it (Rocchio's gamma)."""
    most_evidence: int = 200
    """At most so much evidence is kept: the oldest approval goes first, what was turned down stays."""

    # -- the profile of a returning visitor

    profile_weight: float = 0.3
    """The heaviest profile thread's weight when a session begins: below `live_share`, so never beside a said thread on
    the slate."""
    profile_fade: float = 0.7
    """What a turn with a wish leaves of the profile."""
    session_fade: float = 0.75
    """What one more visit since leaves of an earlier one: the profile follows visits, not the calendar."""
    quiet_share: float = 0.5
    """What a thread that another one had quieted counts at least, beside one that was live when the visit ended."""
    most_profile: int = 4
    """At most so many profile threads."""
    past_liking: float = 0.5
    """What an earlier visit's approval of an item counts in the next one, before it fades by visits."""

    # -- the rest

    sentiment_memory: float = 0.5
    """How much of the session's sentiment stays when a turn says something with feeling."""
    most_moments: int = 40
    """At most so many moments of history are kept."""


DEFAULT = InterestParameters()
