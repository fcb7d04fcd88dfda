"""What cannot be had: which of the visitor's wishes nothing meets, and how near the catalogue comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bot.interest.state import Limit, Thread, Word
from bot.phrasing import facts
from bot.recommending import allowed, measures
from bot.recommending.asked import asks_for
from bot.recommending.choosing import Choice, always, hard
from bot.recommending.shelf import Request, Shelf
from retrieval.items import Item
from retrieval.lexical import WEAK
from retrieval.segment import HAN

MOST_NAMED = 3
"""So many unknown words may be the name of what is asked for."""


@dataclass(frozen=True)
class Admission:
    """Tells what is missing from a slate. `unmet` are wishes in the visitor's words."""

    shelf: Shelf
    request: Request

    def of(self, choice: Choice, shown: Sequence[Item]) -> tuple[list[str], str]:
        """(unmet, nearest) for a thread and the localised items that are shown for it."""
        missed = self._excluding(choice) if choice.excluded or not choice.mask.any() else []
        unmet = [limit.constraint.text for limit in (*missed, *choice.dropped, *self._unbound(choice))]
        if choice.exhausted and shown:
            unmet += self._narrower(choice) or [self._more(choice.exhausted)]
        if choice.thread is not None:
            words = self._unmet_words(choice.thread)
            unmet += [word for word in words if not any(word in text for text in unmet)]
        told = [self._out_of_reach(missed, choice)] if missed else []
        told += [self._differing(limit, shown) for limit in choice.dropped]
        return unmet, self._say("，", "; ").join(dict.fromkeys(text for text in told if text))

    # -- limits

    def _excluding(self, choice: Choice) -> list[Limit]:
        """The hard limits that leave nothing: one that does so by itself, or else all of them together."""
        domain = choice.thread.domain if choice.thread else ""
        unlimited = choice.possible if choice.unlimited is None else choice.unlimited
        limits = [limit for limit in hard(self.request.interest.limits) if limit.constraint.op not in allowed.LEANINGS]
        binding = [limit for limit in limits if limit.domain in ("", domain) or not domain]
        catalogue = self.shelf.catalogue
        if not unlimited.any() or (unlimited & allowed.within_limits(catalogue, binding, domain)).any():
            return []
        alone = [limit for limit in binding if not (unlimited & allowed.within(catalogue, limit, domain)).any()]
        return alone or binding

    def _unbound(self, choice: Choice) -> Iterator[Limit]:
        """Limits of this turn on what nothing in the domain has at all."""
        catalogue, thread = self.shelf.catalogue, choice.thread
        for limit in self.request.interest.limits:
            field = limit.constraint.field
            now = limit.turn_id == self.request.said_at and thread is not None and limit.domain == thread.domain
            if not now or not limit.domain or field in allowed.ALWAYS_HARD:
                continue
            if not (catalogue.has(field) & catalogue.in_domain(limit.domain)).any():
                yield limit

    def _out_of_reach(self, missed: Sequence[Limit], choice: Choice) -> str:
        """Where hard limits leave nothing: how near the catalogue comes, without naming an item."""
        constraint = missed[-1].constraint
        values = self.shelf.catalogue.values(constraint.field)
        if values is None or choice.unlimited is None:
            return ""
        unlimited = choice.unlimited
        known = np.flatnonzero(unlimited & ~np.isnan(values))
        if not len(known):
            return ""
        closest = self.shelf.catalogue.items[int(known[np.abs(values[known] - constraint.value).argmin()])]
        if constraint.field == "price":
            amount = facts.price(closest, self.request.lang)
            return self._say(f"最接近的价钱是 {amount}", f"the closest price is {amount}")
        return self._say(f"最接近的年份是 {closest.year}", f"the closest year is {closest.year}")

    def _differing(self, limit: Limit, shown: Sequence[Item]) -> str:
        """In which respect the items that are shown instead differ."""
        constraint, lang = limit.constraint, self.request.lang
        name = constraint.field.removeprefix("attributes.")
        if constraint.op != "is":
            values = [v for item in shown if isinstance(v := item.attributes.get(name), int | float)]
            if not values:
                return ""
            nearest = min(values, key=lambda value: abs(value - constraint.value))
            amount = measures.amount(constraint.field, nearest, lang)
            if amount:
                return self._say(f"最接近的是 {amount}", f"the closest are {amount}")
            label, number = measures.named(name, lang), facts.number(nearest)
            return self._say(f"{label}最接近的是 {number}", f"the closest {label} is {number}")
        texts = list(dict.fromkeys(text for item in shown if (text := measures.first(item, constraint.field))))[:3]
        if not texts:
            return ""
        joined = self._say("、".join(texts), " or ".join(texts))
        return self._say(f"最接近的是{joined}{'' if joined.endswith('的') else '的'}", f"the closest are {joined}")

    # -- words

    def _narrower(self, choice: Choice) -> list[str]:
        """This turn's price and year limits, where all that meets them was shown: they leave nothing more."""
        now = [limit for limit in hard(self.request.interest.limits) if limit.turn_id == self.request.said_at]
        domain = choice.thread.domain if choice.thread else ""
        return [
            limit.constraint.text
            for limit in now
            if limit.domain in ("", domain) and limit.constraint.op not in allowed.LEANINGS
        ]

    def _more(self, words: Sequence[Word]) -> str:
        """More of what has all been shown."""
        texts = [word.text for word in words]
        return "更多" + "".join(texts) if self.request.lang == "zh" else "more " + " ".join(texts)

    def _unmet_words(self, thread: Thread) -> list[str]:
        """This turn's words that nothing meets.

        A word that the catalogue does not know at all says little of a wish whose other words are met ("a quiet
        film for my flight"); one that it knows from elsewhere is not met, and so is a wish of unknown words alone
        unless something has all of them (books by a Stephen and books about a king are none by Stephen King). More
        than three such words tell of a need rather than name a thing, and so does what the message does not ask for. A
        title is the thing itself, or what led to it.
        """
        said = [w for w in thread.words if w.turn_id == self.request.said_at and not w.is_domain and not w.is_item]
        said = [w for w in said if not any(facet.field == "title" for facet in w.facets)]
        if said and not any(word.facets for word in said):
            joined = self._joined(said)
            told = len(said) > MOST_NAMED or self._together(said, thread) or not self._is_asked_for(joined)
            return [] if told else [joined]
        missing = [word for word in said if not self._met(word, thread)]
        if len(missing) < len(said):
            missing = [word for word in missing if word.facets]
        return [word.text for word in missing]

    def _is_asked_for(self, text: str) -> bool:
        message = self.request.message
        return not message or asks_for(message, text)

    def _together(self, words: Sequence[Word], thread: Thread) -> bool:
        """Whether an item has all of the words; for a wish without a domain, as what it is about."""
        mask = always(self.shelf, self.request, thread.domain, limits=False)
        if not mask.any():
            return True
        least = 0.0 if thread.domain else WEAK
        for word in words:
            mask &= self.shelf.lexical.presence(word.norm) > least
        return bool(mask.any())

    def _joined(self, words: Sequence[Word]) -> str:
        texts = [word.text for word in words]
        return ("" if any(HAN.search(text) for text in texts) else " ").join(texts)

    def _met(self, word: Word, thread: Thread) -> bool:
        shelf, request = self.shelf, self.request
        mask = always(shelf, request, thread.domain, limits=False)
        if not mask.any():
            return True
        return bool((shelf.lexical.presence(word.norm, word.facets)[mask] > 0).any())

    def _say(self, zh: str, en: str) -> str:
        return zh if self.request.lang == "zh" else en
