"""A stored conversation as its replay shows it: turn by turn, with the cards as they were shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup

from bot.keeping import as_lang
from bot.phrasing.facts import price
from bot.recommending.why import part_label
from bot.web.review import pictures
from errors import Lang
from retrieval.files import item_from_json
from retrieval.items import Item
from storage.records import FeedbackRecord, ImpressionRecord, MessageRecord, SlateRecord
from storage.reviewing.records import Correction, Note, Replay, Verdict

OPENING = "opening"


@dataclass(frozen=True)
class CardView:
    """A card as it was shown. `item`: as the catalogue has it now, None where it is gone; `acts`: what the visitor did
    with it, each with whether it was taken back."""

    rank: int
    item_id: str
    item: Item | None
    price: str
    score: float
    parts: tuple[tuple[str, float], ...]
    picture: Markup
    because: tuple[str, ...]
    line: str
    outcome: str
    violations: tuple[str, ...]
    acts: tuple[tuple[str, bool], ...]
    right: bool
    hidden: bool
    correction: Correction | None


@dataclass(frozen=True)
class TurnView:
    """A message and its answer. `nth`: from 1, 0 for slates that nobody asked for; `words`: the opening."""

    nth: int
    turn_id: str
    said: str
    at: datetime
    intent: str = ""
    situation: str = ""
    heard: tuple[tuple[str, tuple[str, ...]], ...] = ()
    words: str = ""
    outcome: str = ""
    violations: tuple[str, ...] = ()
    complete: bool = True
    cards: tuple[CardView, ...] = ()
    unmet: tuple[str, ...] = ()
    interest: Markup = field(default_factory=Markup)
    standing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    timings: tuple[tuple[str, float], ...] = ()
    total_ms: float = 0.0
    spent: Markup = field(default_factory=Markup)
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[Note, ...] = ()
    correction: Correction | None = None
    missed: tuple[tuple[str, str], ...] = ()


def turns_of(replay: Replay, lang: Lang, labels: Mapping[str, str]) -> list[TurnView]:
    """All turns in order. `lang`, `labels`: the reviewer's language and texts."""
    return list(_Telling(replay, lang, labels).turns())


class _Telling:
    def __init__(self, replay: Replay, lang: Lang, labels: Mapping[str, str]) -> None:
        self._replay = replay
        self._lang = lang
        self._labels = labels
        self._acts: defaultdict[tuple[str, str], list[FeedbackRecord]] = defaultdict(list)
        shown = {card.item_id: slate.turn_id or "" for slate in reversed(replay.slates) for card in slate.impressions}
        for said in replay.feedback:
            self._acts[said.turn_id or shown.get(said.item_id, ""), said.item_id].append(said)
        self._corrected = {(one.turn_id, one.part): one for one in replay.corrections}

    def turns(self) -> Iterator[TurnView]:
        unasked = [slate for slate in self._replay.slates if slate.turn_id is None]
        waiting: MessageRecord | None = None
        nth = 0
        before: Sequence[tuple[str, float]] = ()
        told: list[SlateRecord | MessageRecord] = [*unasked, *self._replay.messages]
        for event in sorted(told, key=lambda event: event.created_at):
            if isinstance(event, SlateRecord):
                cards = self._cards(event, None, "", as_lang(self._replay.session.lang))
                yield TurnView(0, "", "", event.created_at, cards=cards, unmet=event.unmet)
            elif event.role == "user":
                if waiting is not None:
                    nth += 1
                    yield TurnView(nth, waiting.turn_id, waiting.text, waiting.created_at, complete=False)
                waiting = event
            else:
                nth += 1
                after = _threads(self._replay.moments.get(event.turn_id, {}))
                yield self._answered(nth, waiting, event, before, after)
                before, waiting = after or before, None
        if waiting is not None:
            yield TurnView(nth + 1, waiting.turn_id, waiting.text, waiting.created_at, complete=False)

    def _answered(
        self,
        nth: int,
        asked: MessageRecord | None,
        reply: MessageRecord,
        before: Sequence[tuple[str, float]],
        after: Sequence[tuple[str, float]],
    ) -> TurnView:
        slate = self._replay.answers.get(reply.turn_id)
        told = reply.line_outcomes.get(OPENING, {})
        right = self._replay.right.get(reply.turn_id, ())
        spent = tuple((stage, float(value)) for stage, value in reply.timings.items())
        name = self._labels["threads"]
        return TurnView(
            nth=nth,
            turn_id=reply.turn_id,
            said=asked.text if asked else "",
            at=(asked or reply).created_at,
            intent=reply.intent or "",
            situation=str(reply.understanding.get("decision", {}).get("situation", "")),
            heard=tuple(heard_of(reply.understanding)),
            words=reply.text,
            outcome=str(told.get("outcome", "")),
            violations=_violations(told),
            complete=reply.complete,
            cards=self._cards(slate, reply, reply.turn_id, as_lang(reply.lang)) if slate else (),
            unmet=slate.unmet if slate else (),
            interest=pictures.threads(before, after, name) if before or after else Markup(),
            standing=tuple(_standing(self._replay.moments.get(reply.turn_id, {}))),
            timings=spent,
            total_ms=sum(value for _, value in spent),
            spent=pictures.spent(spent, self._labels["timings"]) if spent else Markup(),
            verdicts=tuple(one for one in self._replay.verdicts if one.turn_id == reply.turn_id),
            notes=tuple(one for one in self._replay.notes if one.turn_id == reply.turn_id),
            correction=self._corrected.get((reply.turn_id, OPENING)),
            missed=tuple((item_id, self._title(item_id)) for item_id in right),
        )

    def _cards(self, slate: SlateRecord, reply: MessageRecord | None, turn_id: str, lang: Lang) -> tuple[CardView, ...]:
        return tuple(self._card(shown, reply, turn_id, lang) for shown in slate.impressions)

    def _card(self, shown: ImpressionRecord, reply: MessageRecord | None, turn_id: str, lang: Lang) -> CardView:
        data = self._replay.items.get(shown.item_id)
        item = item_from_json(dict(data)).localized(lang) if data else None
        told = reply.line_outcomes.get(shown.item_id, {}) if reply else {}
        parts = tuple(
            (part_label(name, self._lang), value)
            for name, value in sorted(shown.parts.items(), key=lambda part: -abs(part[1]))
        )
        names = {name: part_label(name, self._lang) for name in shown.parts}
        told_parts = ", ".join(f"{name} {value:+.2f}" for name, value in parts)
        return CardView(
            rank=shown.rank,
            item_id=shown.item_id,
            item=item,
            price=price(item, self._lang) if item else "",
            score=shown.score,
            parts=parts,
            picture=pictures.parts_bar(shown.parts, names, f"{self._labels['score']} {shown.score:.2f}: {told_parts}"),
            because=tuple(str(reason.get("text", "")) for reason in shown.because),
            line=reply.lines.get(shown.item_id, "") if reply else "",
            outcome=str(told.get("outcome", "")),
            violations=_violations(told),
            acts=tuple((said.kind, said.undone) for said in self._acts.get((turn_id, shown.item_id), ())),
            right=shown.item_id in self._replay.right.get(turn_id, ()),
            hidden=shown.item_id in self._replay.hidden,
            correction=self._corrected.get((turn_id, shown.item_id)),
        )

    def _title(self, item_id: str) -> str:
        return str(self._replay.items.get(item_id, {}).get("title", item_id))


def heard_of(understanding: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What was heard in a message, by kind: wishes, refusals, limits, items meant."""
    found = {
        "wishes": [wish.get("text", "") for wish in understanding.get("wishes", ())],
        "refusals": [term.get("text", "") for term in understanding.get("refusals", ())],
        "limits": [limit.get("text", "") for limit in understanding.get("constraints", ())],
        "references": [meant.get("text", "") for meant in understanding.get("references", ())],
        "asked": list(understanding.get("asked", ())),
    }
    for name, texts in found.items():
        if texts:
            yield name, tuple(map(str, texts))


def _threads(moment: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    return tuple((str(one["label"]), float(one["weight"])) for one in moment.get("threads", ()))


def _standing(moment: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What holds after a turn beside the threads."""
    if refused := [one["text"] for one in moment.get("refusals", ())]:
        yield "refusals", tuple(dict.fromkeys(refused))
    if limits := [one["text"] for one in moment.get("constraints", ())]:
        yield "limits", tuple(dict.fromkeys(limits))


def _violations(told: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(one) for tried in told.get("violations", ()) for one in tried)
