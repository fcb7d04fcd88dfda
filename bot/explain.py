"""True reasons: each speaks of a part of the score, in the visitor's language, and says which words it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot import allowed
from bot.interest.state import Interest, Limit, Thread, Word
from bot.phrasing import facts
from bot.reply import Because
from bot.understanding.turn import Constraint
from errors import Lang
from retrieval.catalogue import Catalogue
from retrieval.lexical import LexicalIndex

WORKS = frozenset({"film", "series", "book", "music", "news"})
"""Domains whose titles stand in 《》 in Chinese."""
TELLING_SHARE = 0.12
"""A part is worth a reason when it makes up this share of the score."""
MOST_REASONS = 3


def quoted(title: str, domain: str, lang: Lang) -> str:
    """A title as it is written in a sentence."""
    if lang == "en":
        return f"“{title}”"
    return f"《{title}》" if domain in WORKS else f"“{title}”"


@dataclass(frozen=True)
class Reasons:
    """Why an item is on the slate, for one interest and language."""

    catalogue: Catalogue
    lexical: LexicalIndex
    interest: Interest
    lang: Lang

    def words_met(self, position: int, thread: Thread | None) -> tuple[Word, ...]:
        """The thread's words that the item is about, the latest and heaviest first."""
        if thread is None:
            return ()
        met = [
            word
            for word in thread.words
            if word.weight >= 0.3
            and (word.is_domain or position in self.lexical.strong_positions(word.norm, word.facets))
        ]
        named = [word for word in met if not word.is_domain]
        return tuple(sorted(named or met, key=lambda word: -word.weight)[:3])

    def limits_met(self, position: int) -> tuple[str, ...]:
        """The limits in force that the item has the number for, in the visitor's words."""
        texts = []
        domain = self.catalogue.items[position].domain
        for limit in self.interest.limits:
            values = {"price": self.catalogue.price, "year": self.catalogue.year}[limit.constraint.field]
            if limit.domain not in ("", domain):
                continue
            if limit.constraint.op != "low" and allowed.meets(values[position : position + 1], limit.constraint)[0]:
                texts.append(limit.constraint.text)
        return tuple(dict.fromkeys(texts))

    def because(
        self, position: int, parts: Mapping[str, float], thread: Thread | None, met: Sequence[Word]
    ) -> tuple[Because, ...]:
        """The reasons, the weightiest part first, at most three; limits last."""
        total = sum(value for value in parts.values() if value > 0) or 1.0
        telling = [n for n in sorted(parts, key=lambda n: -parts[n]) if parts[n] / total >= TELLING_SHARE]
        if "words" in telling and met and "interest" in telling:
            telling.remove("interest")  # the words say the same more exactly
        reasons = [self._reason(name, position, thread, met) for name in telling]
        said = [reason for reason in reasons if reason is not None]
        if not said and thread is None:
            said = [Because("explore", self._say("换个方向看看", "a different direction to look at"))]
        for limit in self.interest.limits:
            if limit.constraint.text in self.limits_met(position):
                said.append(Because("limit", self._limit(position, limit.constraint), limit.turn_id))
                break
        return tuple(said[:MOST_REASONS])

    def nearest(self, limits: Sequence[Limit], unlimited: npt.NDArray[np.bool_]) -> str:
        """Where limits leave nothing: how near the catalogue comes, without naming an item."""
        field = limits[-1].constraint.field if limits else ""
        values = {"price": self.catalogue.price, "year": self.catalogue.year}.get(field)
        if values is None or not unlimited.any() or np.isnan(values[unlimited]).all():
            return ""
        known = np.flatnonzero(unlimited & ~np.isnan(values))
        target = limits[-1].constraint.value
        closest = self.catalogue.items[int(known[np.abs(values[known] - target).argmin()])]
        if field == "price":
            amount = facts.price(closest, self.lang)
            return self._say(f"最接近的价钱是 {amount}", f"the closest price is {amount}")
        return self._say(f"最接近的年份是 {closest.year}", f"the closest year is {closest.year}")

    def _reason(self, name: str, position: int, thread: Thread | None, met: Sequence[Word]) -> Because | None:
        item = self.catalogue.items[position].localized(self.lang)
        match name:
            case "words" if met:
                zh = "、".join(f"“{word.text}”" for word in met)
                en = ", ".join(f"“{word.text}”" for word in met)
                return Because("words", self._say(f"你提到了{zh}", f"you mentioned {en}"), met[0].turn_id)
            case "interest" if thread is not None and thread.words:
                strongest = max(thread.words, key=lambda word: word.weight)
                text = self._say(f"和你说的“{thread.label}”意思相近", f"close in meaning to “{thread.label}”")
                return Because("interest", text, strongest.turn_id)
            case "liked":
                return self._liked(position)
            case "price":
                return Because("price", self._say("在同类里价钱偏低", "on the low side in price for its kind"))
            case "popular":
                return Because("popular", self._say("不少人喜欢", "liked by a good number of people"))
            case "fresh" if item.published_at:
                return Because("fresh", self._say("发布不久", "published recently"))
        return None

    def _liked(self, position: int) -> Because | None:
        """Which judged item the likeness is to."""
        liked = [e for e in self.interest.evidence if e.strength > 0 and e.item_id in self.catalogue.position]
        if not liked:
            return None
        rows = self.catalogue.centred[[self.catalogue.position[e.item_id] for e in liked]]
        strengths = np.asarray([e.strength for e in liked], dtype=np.float32)
        best = liked[int(((rows @ self.catalogue.centred[position]) * strengths).argmax())]
        item = self.catalogue.items[self.catalogue.position[best.item_id]].localized(self.lang)
        title = quoted(item.title, item.domain, self.lang)
        act = {"purchase": ("买过", "bought"), "click": ("点开", "opened"), "browse": ("看过", "looked at")}
        zh, en = act.get(best.kind, ("喜欢", "liked"))
        return Because(
            "liked", self._say(f"和你{zh}的{title}相近", f"similar to {title}, which you {en}"), best.turn_id
        )

    def _limit(self, position: int, limit: Constraint) -> str:
        item = self.catalogue.items[position].localized(self.lang)
        amount = facts.price(item, self.lang) if limit.field == "price" else str(item.year)
        return self._say(f"{amount}，符合“{limit.text}”", f"{amount}, within “{limit.text}”")

    def _say(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en
