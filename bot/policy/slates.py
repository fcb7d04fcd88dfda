"""What a turn shows: the cards that its decision asks for, and the question that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

from bot.interest.state import Interest
from bot.mind import Mind
from bot.policy.decision import Act, Decision, is_broad, taken_fields, with_slate
from bot.policy.loosening import loosening
from bot.policy.questions import which_question
from bot.recommending.allowed import is_in_part
from bot.recommending.recommend import MOST_MATCHING, Request
from bot.reply import Slate
from bot.understanding.turn import Context, Intent, Question, Turn
from errors import Lang
from retrieval.items import Item
from storage.records import SessionRecord, TurnState, new_id


def context_of(mind: Mind, state: TurnState, interest: Interest) -> Context:
    """What the next message may refer to."""
    talk, live = interest.dialogue, interest.live
    page = page_item(mind, state)
    return Context(
        slate=talk.slate,
        shown=state.shown_ids,
        focus=talk.focus or ((page,) if page else ()),
        question=talk.question,
        domain=live.domain if live else "",
    )


def page_item(mind: Mind, state: TurnState) -> str:
    """The id of the item whose page the visitor is on, where the site said so and the catalogue has it; else empty."""
    item_id = state.session.context.get("item_id")
    return item_id if isinstance(item_id, str) and _seen(mind, state.session, item_id) else ""


def _seen(mind: Mind, session: SessionRecord, item_id: str) -> bool:
    """Whether there is such an item on the session's site."""
    catalogue = mind.recommender.shelf.catalogue
    place = catalogue.position.get(item_id)
    return place is not None and is_in_part(catalogue.items[place], session.domains, session.tags)


def in_its_scope(mind: Mind, state: TurnState, turn: Turn) -> Turn:
    """The turn without what it refers to outside the part of the catalogue that the site shows."""
    if not (state.session.domains or state.session.tags):
        return turn
    references = [
        replace(r, item_ids=tuple(id_ for id_ in r.item_ids if _seen(mind, state.session, id_)))
        for r in turn.references
    ]
    return replace(turn, references=tuple(r for r in references if r.item_ids))


def request_for(mind: Mind, state: TurnState, interest: Interest, lang: Lang, said_at: str = "") -> Request:
    """What the recommender is asked for in this session. What something like it was wanted for is not shown itself."""
    session = state.session
    facets = (facet for thread in interest.threads for word in thread.words for facet in word.facets)
    return Request(
        interest=interest,
        lang=lang,
        size=mind.slate_size,
        shown=state.shown_ids,
        domains=session.domains,
        tags=session.tags,
        said_at=said_at,
        seed=crc32(session.session_id.encode()) + len(state.shown_ids),
        without=frozenset(facet.value for facet in facets if facet.field == "item"),
    )


def slate_for(
    mind: Mind, state: TurnState, decision: Decision, turn: Turn, interest: Interest, turn_id: str
) -> tuple[Decision, Slate]:
    """The slate of a turn, with at most one question, and the decision as it stands once the slate is known."""
    slate = Slate(new_id())
    request = replace(request_for(mind, state, interest, turn.lang, turn_id), message=turn.text)
    match decision.act:
        case Act.CHAT | Act.CARE:
            return decision, slate
        case Act.ANSWER | Act.COMPARE | Act.WHICH:
            slate = replace(slate, cards=mind.recommender.cards(decision.items, request))
            if decision.act is Act.WHICH:
                slate = replace(slate, question=which_question(len(slate.cards), turn.lang, turn.text))
            return decision, slate
    if decision.is_open:
        request = replace(request, anything=True)
    elif turn.wishes:
        # What the opening drew before anybody had spoken must not be missing from what is asked for.
        request = replace(request, shown=set(state.shown_ids) - set(state.opening_ids))
    if turn.intent is Intent.REFINE and interest.live is None and (domain := _spoken_of(mind, state, interest)):
        request = replace(request, domains=(domain,))
    if alike := [id_ for r in turn.references if r.role == "similar" for id_ in r.item_ids]:
        request = replace(request, without={*request.without, *alike})
    slate = mind.recommender.slate(request, slate.slate_id)
    decision = with_slate(decision, slate)
    if decision.may_ask:
        slate = replace(slate, question=_question(mind, request, turn))
    elif not slate.cards and not decision.clash:
        slate = replace(slate, question=loosening(mind.recommender, mind.understander, request, turn.text))
    return decision, slate


def _spoken_of(mind: Mind, state: TurnState, interest: Interest) -> str:
    """The domain of the items that were spoken of, where nothing was wished for yet; else empty."""
    catalogue, talk, bound = mind.recommender.shelf.catalogue, interest.dialogue, state.session.domains
    domains = {catalogue.items[place].domain for place in catalogue.places(talk.focus or talk.slate)}
    return domains.pop() if len(domains) == 1 and (not bound or domains <= set(bound)) else ""


def named_items(mind: Mind, ids: Sequence[str], lang: Lang) -> list[Item]:
    """The items with these ids in the visitor's language; ids that are gone are left out."""
    catalogue = mind.recommender.shelf.catalogue
    return [catalogue.items[place].localized(lang) for place in catalogue.places(ids)]


def _question(mind: Mind, request: Request, turn: Turn) -> Question | None:
    if mind.asker is None:
        return None
    broad, interest = mind.asker.parameters, request.interest
    if not is_broad(interest, MOST_MATCHING, request.size, broad):
        return None  # however many candidates there are; most turns end here, before they are looked for
    candidates = mind.recommender.matching(request)
    if not is_broad(interest, len(candidates), request.size, broad):
        return None
    return mind.asker.question(candidates, turn.lang, taken_fields(request.interest), turn.text)
