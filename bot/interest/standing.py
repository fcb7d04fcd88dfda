"""What stands until it is taken back: refusals and limits. Hard, so each rule of how one ends is here.

A limit belongs to the domain it was said of. It ends when it is lifted, or when a new one on the same field contradicts
or replaces it; a text ("black") also when another value of its field is wished for. A text said of a kind of thing
binds that kind only: black jeans do not make black shirts, and are black again when the talk comes back to jeans.
Price, year and other numbers bind the whole domain. A limit said of several domains at once is for all until the
talk moves on; then it stays behind with those. One said of nothing in particular is for whatever comes; a text
("for my dad") ends when the talk leaves what it was said of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from bot.interest.parameters import InterestParameters
from bot.interest.state import Limit, Refusal, Thread, Word
from bot.interest.threads import Heard, current_kinds
from bot.understanding.turn import Constraint, Term, Turn, Wish
from retrieval.segment import HAN

UPPER, LOWER, EXACT = frozenset({"<=", "<", "low"}), frozenset({">=", ">", "high"}), frozenset({"==", "~"})
LEANING = frozenset({"low", "high"})
RELATIVE = frozenset({"<", ">"})
"""Said of something shown ("cheaper than that"), so they leave a budget standing."""
CLAUSE = re.compile(r"[，。；;！!？?\n]|,(?!\d)|\.(?!\d)")


def refusals_after(old: Sequence[Refusal], turn: Turn, turn_id: str) -> tuple[Refusal, ...]:
    """Refusals stay until the same is wished for again, in either language, or until they are lifted."""
    new = [Refusal(term.text, term.norm, turn_id, term.facets) for term in turn.refusals]
    pinned = {refusal.norm for refusal in old if refusal.pinned}
    new = [replace(refusal, pinned=refusal.norm in pinned) for refusal in new]
    if "refusals" in turn.lifted:
        return tuple(new)
    said = {refusal.norm for refusal in new}
    wished = [term for wish in turn.wishes for term in wish.terms]
    norms, meanings = said | {term.norm for term in wished}, [set(term.facets) for term in wished if term.facets]

    def stays(refusal: Refusal) -> bool:
        meant = refusal.facets and any(meaning.issuperset(refusal.facets) for meaning in meanings)
        return refusal.norm not in norms and not meant

    return (*(refusal for refusal in old if stays(refusal)), *new)


def limits_after(
    old: Sequence[Limit],
    turn: Turn,
    heard: Heard,
    spoken_of: Sequence[str],
    turn_id: str,
    p: InterestParameters,
) -> tuple[Limit, ...]:
    """The limits in force after a turn. `spoken_of`: domains of the threads that were live before it."""
    before = [domain for domain in dict.fromkeys(spoken_of) if domain]
    kept = _left_behind(old, before) if heard.moved else list(old)
    if heard.shifted and not before:
        kept = [limit for limit in kept if limit.domain or limit.constraint.op != "is" or limit.pinned]
    now = [domain for domain in dict.fromkeys(heard.domains or before) if domain]
    kept = _lifted(kept, turn.lifted, now)
    if unwanted := (*turn.refusals, *turn.less):
        kept = [left for limit in kept if (left := _without_refused(limit, unwanted))]
    if turn.wishes:
        kept = [left for limit in kept if (left := _beside_wishes(limit, turn, heard))]
    new: list[Limit] = []
    for constraint in turn.constraints:
        domain = _said_of(constraint, turn, heard.domains, now)
        said = next((other.turn_id for other in old if _restates(constraint, domain, other)), turn_id)
        limit = Limit(constraint, domain, said, _kinds(constraint, heard.threads, domain, turn_id, p))
        joins = [other for other in new if _same_text_field(other, limit)]
        if turn.additive:
            joins += [other for other in kept if _same_text_field(other, limit)]
        for other in joins:
            limit = _united(other, limit)
        new = [*(other for other in new if other not in joins), limit]
        kept = [left for other in kept if other not in joins for left in _beside(other, limit, before)]
    return (*kept, *new)


def released(
    threads: Sequence[Thread],
    old: Sequence[Limit],
    now: Sequence[Limit],
    lifted: frozenset[str],
    turn_id: str,
    p: InterestParameters,
) -> tuple[Thread, ...]:
    """The threads without the words of texts that bind them no more: "black" goes with the limit that it made."""
    if not lifted and not any(limit.constraint.values for limit in old):
        return tuple(threads)
    cleared = []
    for thread in threads:
        before = _values(old, thread.domain)
        fields = lifted if thread.weight >= p.live_share else frozenset[str]()
        if not (before or fields):
            cleared.append(thread)
            continue
        kinds = set(categories(current_kinds(thread.words, p)))
        binding = [limit for limit in now if not limit.kinds or kinds & set(limit.kinds)]
        gone = before - _values(binding, thread.domain)
        words = tuple(w for w in thread.words if w.pinned or w.turn_id == turn_id or not _stands_for(w, gone, fields))
        cleared.append(thread if len(words) == len(thread.words) else replace(thread, words=words))
    return tuple(thread for thread in cleared if thread.words or thread.domain)


def _values(limits: Sequence[Limit], domain: str) -> set[tuple[str, str]]:
    here = (limit.constraint for limit in limits if limit.domain in ("", domain))
    return {(constraint.field, value) for constraint in here for value in constraint.values}


def _stands_for(word: Word, values: set[tuple[str, str]], fields: frozenset[str]) -> bool:
    return any(facet in values or facet.field in fields for facet in word.facets)


def categories(kinds: Sequence[Word]) -> tuple[str, ...]:
    """The (folded) categories that kind words stand for."""
    return tuple(dict.fromkeys(f.value for word in kinds for f in word.facets if f.field == "category"))


def _restates(new: Constraint, domain: str, old: Limit) -> bool:
    """Whether a limit only says again what holds already."""
    c = old.constraint
    same = (new.field, new.op, new.value, new.values) == (c.field, c.op, c.value, c.values)
    return same and old.domain in ("", domain)


# -- where a limit belongs


def _said_of(constraint: Constraint, turn: Turn, domains: Sequence[str], now: Sequence[str]) -> str:
    """The domain that a limit was said of: of the wish beside it in its clause, else what is spoken of, or all."""
    if len(now) <= 1 or len(domains) != len(turn.wishes):
        return now[0] if len(now) == 1 else ""
    clauses = [match.start() for match in CLAUSE.finditer(turn.text)]

    def clause(place: int) -> int:
        return sum(end < place for end in clauses)

    beside = [
        i for i, wish in enumerate(turn.wishes) if clause(wish.start) <= clause(constraint.start) <= clause(wish.end)
    ]
    if not beside:
        return ""
    after = bool(HAN.search(turn.text))  # Chinese says the limit before the noun, English after it
    nearest = min(
        beside, key=lambda i: (_gap(constraint, turn.wishes[i]), (turn.wishes[i].start < constraint.start) is after)
    )
    return domains[nearest]


def _gap(constraint: Constraint, wish: Wish) -> int:
    return max(wish.start - constraint.end, constraint.start - wish.end, 0)


def _kinds(
    constraint: Constraint, threads: Sequence[Thread], domain: str, turn_id: str, p: InterestParameters
) -> tuple[str, ...]:
    """The categories that a text was said of: those named with it, else those wished for now."""
    if constraint.op != "is" or constraint.field in p.lasting or not domain:
        return ()
    words = next((t.words for t in threads if t.domain == domain and t.source == "said"), ())
    kinds = current_kinds(words, p)
    return categories([word for word in kinds if word.turn_id == turn_id] or kinds)


def _left_behind(limits: Sequence[Limit], domains: Sequence[str]) -> list[Limit]:
    """What was said of all stays with what was spoken of when it was in force."""
    for_all = [limit for limit in limits if not limit.domain]
    if not (for_all and domains):
        return list(limits)
    own = [limit for limit in limits if limit.domain]
    return own + [replace(limit, domain=domain) for limit in for_all for domain in domains]


# -- how a limit ends


def _lifted(limits: Sequence[Limit], fields: frozenset[str], now: Sequence[str]) -> list[Limit]:
    """Without the limits on a field in what is spoken of; where it has none there, wherever it has."""
    kept = list(limits)
    for field in fields:
        here = [limit for limit in kept if limit.constraint.field == field and limit.domain in ("", *now)]
        kept = [limit for limit in kept if limit not in here and (here or limit.constraint.field != field)]
    return kept


def _without_refused(limit: Limit, refused: Sequence[Term]) -> Limit | None:
    """A text that is refused, or wanted less, is no longer one of those wished for."""
    if limit.constraint.op != "is":
        return limit
    gone = {facet.value for term in refused for facet in term.facets if facet.field == limit.constraint.field}
    if not gone:
        return limit
    return _with_values(limit, tuple(value for value in limit.constraint.values if value not in gone))


def _beside_wishes(limit: Limit, turn: Turn, heard: Heard) -> Limit | None:
    """A text ends where another value of its field is wished for; said as an addition, both do."""
    c = limit.constraint
    if c.op != "is" or len(heard.domains) != len(turn.wishes):
        return limit
    here = [wish for wish, domain in zip(turn.wishes, heard.domains, strict=True) if limit.domain in ("", domain)]
    here = [wish for wish in here if _of_kinds(wish, limit.kinds)]
    wished = dict.fromkeys(f.value for wish in here for t in wish.terms for f in t.facets if f.field == c.field)
    if not wished or any(new.field == c.field for new in turn.constraints):
        return limit
    if turn.additive:
        return _with_values(limit, tuple(dict.fromkeys((*c.values, *wished))))
    return limit if set(wished) & set(c.values) else None


def _of_kinds(wish: Wish, kinds: tuple[str, ...]) -> bool:
    """Whether a wish is of one of the categories, as far as it names any."""
    named = {facet.value for term in wish.terms for facet in term.facets if facet.field == "category"}
    return not kinds or not named or not named.isdisjoint(kinds)


def _with_values(limit: Limit, values: tuple[str, ...]) -> Limit | None:
    if values == limit.constraint.values:
        return limit
    return replace(limit, constraint=replace(limit.constraint, values=values)) if values else None


def _same_text_field(one: Limit, other: Limit) -> bool:
    a, b = one.constraint, other.constraint
    alike = a.op == b.op == "is" and a.field == b.field and one.domain in ("", other.domain)
    return alike and (not one.kinds or not other.kinds or not set(one.kinds).isdisjoint(other.kinds))


def _united(old: Limit, new: Limit) -> Limit:
    """One limit for both: any of the values will do."""
    a, b = old.constraint, new.constraint
    mark = "、" if HAN.search(a.text + b.text) else ", "
    text = mark.join(dict.fromkeys((a.text, b.text)))
    kinds = tuple(dict.fromkeys((*old.kinds, *new.kinds))) if old.kinds and new.kinds else ()
    values = tuple(dict.fromkeys((*a.values, *b.values)))
    return replace(new, constraint=replace(b, values=values, text=text), kinds=kinds, pinned=old.pinned)


def _beside(old: Limit, new: Limit, before: Sequence[str]) -> list[Limit]:
    """What is left of an old limit beside a new one: itself, nothing, or itself for other domains or kinds."""
    if old.constraint.field != new.constraint.field:
        return [old]
    reached = old.domain in ("", new.domain) if new.domain else old.domain in ("", *before)
    if not reached or not _gives_way(old.constraint, new.constraint):
        return [old]
    elsewhere = [domain for domain in before if new.domain and not old.domain and domain != new.domain]
    others = tuple(kind for kind in old.kinds if kind not in new.kinds) if new.kinds else ()
    return [
        *(replace(old, domain=domain) for domain in elsewhere),
        *([replace(old, domain=new.domain or old.domain, kinds=others)] if others else []),
    ]


def _gives_way(old: Constraint, new: Constraint) -> bool:
    """Whether an earlier limit on the same field ends by a new one.

    A leaning ("cheap") ends leanings and relative limits the other way, a relative limit ends relative ones; both
    leave a budget standing unless nothing could meet the two. A bound ends what bounds the same side, an exact value
    all; a bound on the other side makes a range of the two where that can be.
    """
    opposed = (old.op in UPPER and new.op in LOWER) or (old.op in LOWER and new.op in UPPER)
    if new.op in LEANING:
        return old.op in LEANING or (old.op in RELATIVE and opposed)
    if old.op in LEANING:
        return opposed or new.op in EXACT
    if "is" in (old.op, new.op) or (old.op in RELATIVE) > (new.op in RELATIVE) or _contradict(old, new):
        return True
    if new.op in RELATIVE:
        return old.op in RELATIVE
    if new.op == "~" and old.op in ("<=", ">="):
        return False  # "around 200" does not take back "under 250"
    return not opposed


def _contradict(one: Constraint, other: Constraint) -> bool:
    """Whether no number meets both."""
    spans = [_span(one), _span(other)]
    low, high = max(span[0] for span in spans), min(span[1] for span in spans)
    strict = any(c.op in RELATIVE and c.value in (low, high) for c in (one, other))
    return low > high or (low == high and strict)


def _span(constraint: Constraint) -> tuple[float, float]:
    if constraint.op in EXACT:
        return constraint.value, constraint.value
    return (-inf, constraint.value) if constraint.op in UPPER else (constraint.value, inf)
