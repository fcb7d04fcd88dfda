"""What an item was shown for: the request of its slate, for the interest as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.interest.state import Interest
from bot.keeping import as_lang
from bot.mind import Mind
from bot.policy.decision import OPEN
from bot.policy.slates import request_for
from bot.recommending.recommend import Request
from storage.records import ImpressionRecord, MessageRecord, SlateRecord, TurnState


def impression_of(item_id: str, slates: Sequence[SlateRecord]) -> tuple[int, ImpressionRecord] | None:
    """The last time that an item was shown: the number of its slate among `slates`, and how it stood there."""
    found = [(nth, one) for nth, slate in enumerate(slates) for one in slate.impressions if one.item_id == item_id]
    return max(found, key=lambda shown: shown[0], default=None)


def request_shown(
    mind: Mind,
    state: TurnState,
    interest: Interest,
    item_id: str,
    slates: Sequence[SlateRecord],
    messages: Sequence[MessageRecord],
) -> Request:
    """The request that an item was last shown for, oldest slates and messages first; else for what would come now.

    What was shown before the item's slate is not shown again; its own slate, and what came later, is open.
    """
    request = request_for(mind, state, interest, as_lang(state.session.lang))
    last = impression_of(item_id, slates)
    if last is None:
        return request
    slate = slates[last[0]]
    own = {one.item_id for one in slate.impressions}
    before = dict.fromkeys(one.item_id for earlier in slates[: last[0]] for one in earlier.impressions)
    request = replace(
        request,
        shown=tuple(id_ for id_ in before if id_ not in own),
        seed=request.seed - len(state.shown_ids) + len(before),
    )
    place = next((i for i, message in enumerate(messages) if message.turn_id == slate.turn_id), None)
    if place is None:
        return request
    said = next((m.turn_id for m in reversed(messages[:place]) if m.role == "user"), "")
    decision = messages[place].understanding.get("decision", {})
    return replace(
        request,
        lang=as_lang(messages[place].lang),
        said_at=said,
        shown=tuple(id_ for id_ in request.shown if id_ not in state.opening_ids),
        anything=decision.get("situation") in OPEN,
    )
