"""The named parts of our score for a situation, each an array over the whole catalogue. Their weighted sum ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bot.evaluation.grounds import Grounds
from bot.evaluation.protocol import Situation
from bot.evaluation.recorded import ITEM_PRIOR, LATEST_ITEMS
from retrieval.segment import fold

FloatArray = npt.NDArray[np.float32]

SCALE = 5.0
"""What idf sums are divided by, so that parts are of about one size."""
FADING = 0.7
"""What an item counts for each later one."""
FADING_WORDS = 0.6
FADING_MESSAGES = 0.5
LINKING = 6
"""So many of the items spoken of last bring what they list."""


def parts(grounds: Grounds, situation: Situation) -> dict[str, FloatArray]:
    """Part → [n]. Nothing here looks at anything but the situation and what was counted without its dialogue.

    `popular`, `spoken`: log of how often an item is put forward, spoken of. `people`, `next`, `said`, `earlier`,
    `domain`: see `Recorded`. `words_…`: BM25 for the last message, the last three, all of the user's, the bot's last
    two, everything. `named…`: values of the catalogue that are named. `shared`: values in common with what was spoken
    of. `linked…`: what the items spoken of list. `limits…`: the share of exact conditions met. `near…`: cosines.
    """
    counts, without = grounds.counts, grounds.counts.left_out(situation)
    mentioned = situation.mentioned
    fading = {place: FADING**age for age, place in enumerate(reversed(mentioned))}
    found = {
        "popular": np.log(counts.put_forward.popularity(without) + 0.5) - np.log(0.5),
        "spoken": np.log(counts.spoken_of.popularity(without) + 0.5) - np.log(0.5),
        "people": counts.people.lift(dict.fromkeys(mentioned, 1.0), ITEM_PRIOR, without),
        "next": counts.next.lift(dict.fromkeys(mentioned[-LATEST_ITEMS:], 1.0), ITEM_PRIOR, without),
        "said": counts.said(situation, near=True),
        "earlier": counts.said(situation, near=False),
        "domain": counts.domain(situation),
        **_words(grounds, situation),
        "named_last": _named(grounds, situation.said(1)),
        "named": _named(grounds, [turn.text for turn in situation.turns]),
        "shared": grounds.values.shared(fading),
        **_linked(grounds, situation),
        "limits": grounds.limits.met(situation.said(1), situation.lang),
        "limits_earlier": grounds.limits.met(situation.said(3)[:-1], situation.lang, without=situation.said(1)),
        "near_last": grounds.near(situation, 1, 1.0),
        "near": grounds.near(situation, 3, FADING_MESSAGES),
        "near_items": _near_items(grounds, fading),
    }
    return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


def _words(grounds: Grounds, situation: Situation) -> dict[str, FloatArray]:
    said = situation.said()
    bot = [turn.text for turn in situation.turns if turn.role == "bot"]
    asked = {
        "words_last": said[-1:],
        "words_recent": said[-3:],
        "words_user": said,
        "words_bot": bot[-2:],
        "words_all": [turn.text for turn in situation.turns],
    }
    scores = {name: grounds.bm25.scores(texts) for name, texts in asked.items()}
    best = {name: values / max(float(values.max(initial=0)), 1e-6) for name, values in scores.items()}
    # How good the best match is counts, too: many rare words met say more than one.
    return {**best, "words_last_sum": scores["words_last"] / 10, "words_all_sum": scores["words_all"] / 10}


def _named(grounds: Grounds, texts: Sequence[str]) -> FloatArray:
    weights: dict[str, float] = {}
    for age, text in enumerate(reversed(texts)):
        for value in grounds.values.named(text):
            weights.setdefault(value, FADING_WORDS**age)
    return grounds.values.having(weights) / np.float32(SCALE)


def _linked(grounds: Grounds, situation: Situation) -> dict[str, FloatArray]:
    """What the items spoken of last list in any attribute; and in one whose name is said now (周边景点)."""
    linked, asked = grounds.nothing.copy(), grounds.nothing.copy()
    now = fold(" ".join(situation.said(1)))
    for age, place in enumerate(_latest(grounds, situation)[:LINKING]):
        for name, places in grounds.values.links[place].items():
            own = grounds.bm25.norms(name)
            share = sum(norm in now for norm in own) / max(len(own), 1)
            linked[places] = np.maximum(linked[places], FADING**age)
            asked[places] = np.maximum(asked[places], share * FADING**age)
    return {"linked": linked, "linked_asked": asked}


def _latest(grounds: Grounds, situation: Situation) -> list[int]:
    """Positions spoken of, the latest turn's first; what is spoken of again is late again."""
    ids = [id_ for turn in reversed(situation.turns) for id_ in (*turn.recommended, *turn.items)]
    return [grounds.position[id_] for id_ in dict.fromkeys(ids)]


def _near_items(grounds: Grounds, fading: Mapping[int, float]) -> FloatArray:
    if grounds.vectors is None or not fading:
        return grounds.nothing
    rows, weights = grounds.vectors[list(fading)], np.asarray(list(fading.values()), dtype=np.float32)
    mean = weights @ rows
    near: FloatArray = grounds.vectors @ (mean / max(float(np.linalg.norm(mean)), 1e-6))
    return near
