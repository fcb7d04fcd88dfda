"""True reasons: each speaks of a part of the score, in the visitor's language, and says which words it came from."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.interest.state import Interest, Limit, Thread, Word
from bot.phrasing import facts
from bot.recommending import allowed, measures
from bot.recommending.likeness import in_common, likeness
from bot.recommending.shelf import Shelf
from bot.recommending.weighing import Weigher, is_bare, profile_fit
from bot.reply import Because, Card
from errors import Lang
from retrieval.items import Item
from retrieval.segment import HAN, fold

WORKS = frozenset({"film", "series", "book", "music", "news"})
"""Domains whose titles stand in 《》 in Chinese."""
TELLING_SHARE = 0.12
"""A part is worth a reason when it makes up this share of the score."""
PERSONAL_SHARE = 0.05
PERSONAL = frozenset({"liked", "similar", "profile"})
"""Parts that a visitor wants to hear of even where they weigh less."""
CURRENT = 0.3
"""Words below this weight are no reason any more."""
MOST_REASONS = 3
MOST_LIMITS = 2
MOST_NAMED = 2
"""So many words stand for a wish that an item is near to in meaning."""
WELL_LIKED = 0.6
"""A share of popularity that takes at least seven people's approval, see `retrieval.score.popularity`."""
FEWEST_ALIKE = 3
"""Of fewer of a kind none is said to be cheap or long."""
TIMES = frozenset({"seconds", "minutes", "hours", "days", "weeks", "months", "years"})
"""Units of what is short or long rather than low or high."""
ACTS: Mapping[str, tuple[str, str]] = {
    "purchase": ("买过", "bought"),
    "click": ("点开", "opened"),
    "browse": ("看过", "looked at"),
    "said": ("说起", "spoke of"),
}


def quoted(title: str, domain: str, lang: Lang) -> str:
    """A title as it is written in a sentence."""
    if lang == "en":
        return f"“{title}”"
    return f"《{title}》" if domain in WORKS else f"“{title}”"


def told_apart(cards: Sequence[Card]) -> tuple[Card, ...]:
    """The cards of a slate without reasons that a card before them has, as far as they have others of their own."""
    told: set[str] = set()
    out = []
    for card in cards:
        own = tuple(because for because in card.because if because.text not in told)
        told |= {because.text for because in own}
        out.append(replace(card, because=own or card.because))
    return tuple(out)


@dataclass(frozen=True)
class Reasons:
    """Why an item is on the slate, for one interest and language. `shown`: ids of what was shown before."""

    shelf: Shelf
    interest: Interest
    weigher: Weigher
    lang: Lang
    shown: Collection[str] = ()

    def words_met(self, position: int, thread: Thread | None) -> tuple[Word, ...]:
        """The thread's words that the item is about, the latest and heaviest first."""
        if thread is None:
            return ()
        met = [
            word
            for word in thread.words
            if word.weight >= CURRENT and not word.is_item
            if word.is_domain or self.shelf.lexical.is_about(position, word.norm, word.facets)
        ]
        named = [word for word in met if not word.is_domain]
        return tuple(sorted(named or met, key=lambda word: -word.weight)[:3])

    def limits_met(self, position: int) -> tuple[Limit, ...]:
        """The limits in force that the item truly meets, the latest said first; one for each text.

        "200 to 300" is two limits of one text, which both have to be met; of several amounts said of one thing
        ("about 150", after that) the last is what is spoken of.
        """
        item, catalogue = self.shelf.catalogue.items[position], self.shelf.catalogue
        binding = [
            limit
            for limit in reversed(self.interest.limits)
            if limit.binds(item.domain, fold(item.category)) and limit.constraint.op not in allowed.LEANINGS
        ]
        missed = {b.constraint.text for b in binding if not allowed.met_by(catalogue, b.constraint, position)}
        found: dict[str, Limit] = {}
        measured: set[str] = set()
        for limit in binding:
            field, text = limit.constraint.field, limit.constraint.text
            if text in missed or text in found or field in measured:
                continue
            found[text] = limit
            if limit.constraint.op != "is":
                measured.add(field)
        return tuple(found.values())

    def because(
        self, position: int, parts: Mapping[str, float], thread: Thread | None, met: Sequence[Word]
    ) -> tuple[Because, ...]:
        """The reasons, the weightiest part first, at most three; limits last."""
        limits = self.limits_met(position)[:MOST_LIMITS]
        met = [word for word in met if not _held(word, limits)]
        said: list[Because] = []
        for name in self._telling(parts, met):
            reason = self._reason(name, position, thread, met)
            if reason is not None and len(said) < MOST_REASONS - min(len(limits), 1):
                said.append(reason)
        if not said and not limits and "explore" in parts:
            item = self._item(position)
            kind = item.category if self.lang == "zh" or not HAN.search(item.category) else ""
            where = self._say(f"：{kind}", f": {kind}") if kind else ""
            said = [Because("explore", self._say("换个方向看看", "a different direction to look at") + where)]
        said += [Because("limit", self._limit(position, limit), limit.turn_id) for limit in limits]
        return tuple(said[:MOST_REASONS])

    def _telling(self, parts: Mapping[str, float], met: Sequence[Word]) -> list[str]:
        total = sum(value for value in parts.values() if value > 0) or 1.0
        telling = [
            name
            for name in sorted(parts, key=lambda name: -parts[name])
            if parts[name] / total >= (PERSONAL_SHARE if name in PERSONAL else TELLING_SHARE)
        ]
        if ("words" in telling and met) or "similar" in telling:
            telling = [name for name in telling if name != "interest"]  # they say the same more exactly
        return telling

    def _reason(self, name: str, position: int, thread: Thread | None, met: Sequence[Word]) -> Because | None:
        item = self._item(position)
        match name:
            case "words" if met:
                zh = "、".join(f"“{word.text}”" for word in met)
                en = ", ".join(f"“{word.text}”" for word in met)
                return Because("words", self._say(f"你提到了{zh}", f"you mentioned {en}"), met[0].turn_id)
            case "interest" if thread is not None and thread.words:
                return self._near(position, thread)
            case "liked":
                return self._liked(position)
            case "similar" if thread is not None:
                return self._similar(position, thread)
            case "profile":
                return self._profile(position, thread)
            case "popular" if self.shelf.popular[position] >= WELL_LIKED:
                return Because("popular", self._say("不少人喜欢", "liked by a good number of people"))
            case "people":
                said = self._say("和你喜好相同的人也喜欢", "liked by others who like what you like")
                return Because("people", said)
            case "fresh" if item.published_at:
                return Because("fresh", self._say("发布不久", "published recently"))
        return self._leaning(name, position)

    def _near(self, position: int, thread: Thread) -> Because:
        """What of the wish the item is near to in meaning: its words, but for the domain and what is a limit."""
        limits = self.limits_met(position)
        ranked = sorted(thread.words, key=lambda word: -word.weight)
        telling = [w for w in ranked if w.weight >= CURRENT and not (w.is_domain or w.is_item or _held(w, limits))]
        known = [word for word in telling if word.facets]
        domain = [word for word in ranked if word.is_domain]
        if is_bare(thread) or not (known or (telling and not limits) or not domain):
            text = (domain or ranked)[0].text
            return Because("interest", self._say(f"你说想要“{text}”", f"you asked for “{text}”"), ranked[0].turn_id)
        named = (known or telling or ranked)[:MOST_NAMED]
        label = ("、" if any(HAN.search(word.text) for word in named) else ", ").join(word.text for word in named)
        text = self._say(f"和你说的“{label}”意思相近", f"close in meaning to “{label}”")
        return Because("interest", text, named[0].turn_id)

    def _leaning(self, name: str, position: int) -> Because | None:
        """A wish for low or high numbers in a field, where the item is on that side of its kind."""
        for limit in self.interest.limits:
            constraint = limit.constraint
            if constraint.op not in allowed.LEANINGS or constraint.field.removeprefix("attributes.") != name:
                continue
            high = constraint.op == "high"
            if not self._leans(position, constraint.field, high=high):
                return None
            if name == "price":
                zh, en = ("价钱偏高", "high") if high else ("价钱偏低", "low")
                text = self._say(f"在同类里{zh}", f"on the {en} side in price for its kind")
                return Because("price", text, limit.turn_id)
            label = measures.named(name, self.lang).partition("（")[0]
            if name.rpartition("_")[2] in TIMES:
                zh, en = ("长", "long") if high else ("短", "short")
                return Because(
                    name, self._say(f"在同类里{label}偏{zh}", f"on the {en} side for its kind"), limit.turn_id
                )
            zh, en = ("高", "high") if high else ("低", "low")
            text = self._say(f"在同类里{label}偏{zh}", f"on the {en} side in {label} for its kind")
            return Because(name, text, limit.turn_id)
        return None

    def _leans(self, position: int, field: str, *, high: bool) -> bool:
        """Whether an item's number is on the high (low) side of those of its domain and category."""
        catalogue = self.shelf.catalogue
        item, values = catalogue.items[position], catalogue.values(field)
        if values is None:
            return False
        alike = catalogue.in_domain(item.domain) & catalogue.with_values("category", (fold(item.category),))
        known = values[alike & ~np.isnan(values)]
        if len(known) < FEWEST_ALIKE:
            return False
        middle, value = float(np.median(known)), float(values[position])
        return value > middle if high else value < middle

    def _liked(self, position: int) -> Because | None:
        """Which judged item the likeness is to, and what the two have in common."""
        best = self._closest(position, self.weigher.liked())
        if best is None:
            return None
        evidence = [e for e in self.interest.evidence if e.item_id == self.shelf.catalogue.items[best].id]
        strongest = max(evidence, key=lambda e: e.strength)
        zh, en = ACTS.get(strongest.kind, ("喜欢", "liked"))
        like, shared = self._alike(position, best)
        text = self._say(
            f"和你{zh}的{like}同是{shared}" if shared else f"和你{zh}的{like}相近",
            f"shares {shared} with {like}, which you {en}" if shared else f"similar to {like}, which you {en}",
        )
        return Because("liked", text, strongest.turn_id or None)

    def _similar(self, position: int, thread: Thread) -> Because | None:
        best = self._closest(position, self.weigher.likened(thread))
        if best is None:
            return None
        like, shared = self._alike(position, best)
        text = self._say(
            f"和{like}同是{shared}" if shared else f"和{like}相近",
            f"shares {shared} with {like}" if shared else f"similar to {like}",
        )
        turn_ids = [word.turn_id for word in thread.words if word.is_item]
        return Because("similar", text, turn_ids[0] if turn_ids else None)

    def _closest(self, position: int, judged: Sequence[tuple[int, float]]) -> int | None:
        """The judged item that the item is most like, if it is like any."""
        others = [other for other, _ in judged]
        pulls = likeness(self.shelf, others, np.asarray([position]))[:, 0] * np.asarray([s for _, s in judged])
        return others[int(pulls.argmax())] if pulls.max(initial=0) > 0 else None

    def _alike(self, position: int, other: int) -> tuple[str, str]:
        """The other's quoted title, and what the two have in common, in words."""
        item, likened = self._item(position), self._item(other)
        shared = in_common(self.shelf.catalogue, likened, item, self.lang)
        between = ", " if any(" and " in label for label in shared) else " and "
        return quoted(likened.title, likened.domain, self.lang), self._say("、".join(shared), between.join(shared))

    def _profile(self, position: int, thread: Thread | None) -> Because | None:
        """Which line of earlier sessions the item is in."""
        place = np.asarray([position])
        known = self.weigher.before()
        if thread is not None and thread.source == "profile":
            known = [thread]
        fits = [t.weight * float(profile_fit(self.shelf, t, place)[0]) for t in known]
        if not fits or max(fits) <= 0:
            return None
        before = known[int(np.argmax(fits))]
        met = self.words_met(position, before)
        label = "、".join(word.text for word in met) if self.lang == "zh" else ", ".join(word.text for word in met)
        label = label or before.label
        return Because("profile", self._say(f"你以前常看“{label}”", f"you have often looked at “{label}”"))

    def _limit(self, position: int, limit: Limit) -> str:
        item, constraint = self._item(position), limit.constraint
        if constraint.field == "price" and constraint.op in ("<", ">") and not re.search(r"\d", constraint.text):
            compared = self._compared(item, limit)
            if compared:
                return compared
        said = measures.said(item, constraint, self.lang)
        if not said or fold(said) in fold(constraint.text):
            return self._say(f"符合“{constraint.text}”", f"meets “{constraint.text}”")
        meets = "matching" if constraint.op == "is" else "within"
        return self._say(f"{said}，符合“{constraint.text}”", f"{said}, {meets} “{constraint.text}”")

    def _compared(self, item: Item, limit: Limit) -> str:
        """The price beside that of the item shown before which the limit was taken from."""
        catalogue = self.shelf.catalogue
        told = (*self.interest.dialogue.focus, *self.interest.dialogue.slate, *self.shown)
        before = [catalogue.items[place] for place in catalogue.places(told)]
        same = [i for i in before if i.price is not None and np.float32(i.price) == np.float32(limit.constraint.value)]
        if not same or item.price is None or same[0].id == item.id or same[0].currency != item.currency:
            return ""
        other = same[0].localized(self.lang)
        difference = Item("", "", "", price=abs(item.price - (same[0].price or 0.0)), currency=item.currency)
        apart, like = facts.price(difference, self.lang), quoted(other.title, other.domain, self.lang)
        if limit.constraint.op == "<":
            return self._say(f"比{like}便宜{apart}", f"{apart} less than {like}")
        return self._say(f"比{like}贵{apart}", f"{apart} more than {like}")

    def _item(self, position: int) -> Item:
        return self.shelf.catalogue.items[position].localized(self.lang)

    def _say(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en


def _held(word: Word, limits: Sequence[Limit]) -> bool:
    """Whether a limit says what the word says."""
    return any(word.text in limit.constraint.text for limit in limits)
