"""The things that were shown, as a message may point at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.understanding.concepts import Concepts
from bot.understanding.turn import Context, Facet
from bot.understanding.vocabulary import Vocabulary
from retrieval.segment import stop_words

Picked = tuple[str, ...]
"""Item ids that are pointed at."""


LENGTHS = ("duration", "minutes", "hours", "weeks", "days", "pages", "episodes", "length", "时长", "页数", "集数")
"""What the names of attributes hold that tell how long a thing is."""


@dataclass(frozen=True)
class Shown:
    """The things that a message can point at, and what is known of them."""

    context: Context
    vocabulary: Vocabulary
    concepts: Concepts

    @property
    def slate(self) -> Picked:
        """The last slate, in its order."""
        return self.context.slate

    def focus(self) -> Picked:
        """What "it" is: what was last spoken of, else the slate."""
        return self.context.focus or self.slate

    def nth(self, number: int) -> Picked:
        """The n-th of the slate, from 1; from its end for a negative number."""
        place = number - 1 if number > 0 else len(self.slate) + number
        return (self.slate[place],) if 0 <= place < len(self.slate) else ()

    def extreme(self, field: str, sign: int) -> Picked:
        """The one of the slate (or of what is spoken of) with the least (1) or the most (-1) of a number."""
        values = self.vocabulary.catalogue.values(field)
        among = self.context.focus if len(self.context.focus) > 1 else self.slate
        places = self.places(among) if values is not None else []
        known = [(sign * float(values[p]), i) for i, p in places if values is not None and not np.isnan(values[p])]
        return (min(known)[1],) if known else ()

    def by_length(self, sign: int) -> Picked:
        """The shortest (1) or longest (-1), by the first number that tells a length and that any of them has."""
        fields = (name for name in self.vocabulary.catalogue.numbers if any(part in name for part in LENGTHS))
        return next((found for name in fields if (found := self.extreme(name, sign))), ())

    def places(self, ids: Sequence[str]) -> list[tuple[str, int]]:
        """(id, position) of the ids that the catalogue still has."""
        position = self.vocabulary.catalogue.position
        return [(i, position[i]) for i in ids if i in position]

    def described(self, words: str, *, freely: bool = False) -> Picked:
        """Those of the slate (else of all that was shown) that the words describe; nothing if they say nothing.

        `freely`: by words of title and description too, where the catalogue does not know one of the words.
        """
        wanted = self._wanted(words)
        if not wanted:
            return self.called(words) if freely else ()
        for ids in (self.slate, tuple(reversed(self.context.shown))):
            fitting = tuple(i for i, p in self.places(ids) if all(self._any(p, facets) for facets in wanted))
            if fitting:
                return fitting if ids is self.slate else fitting[:1]
        return ()

    def called(self, words: str) -> Picked:
        """Those of the slate in whose title or description the words stand (the bedtime story one, 讲基金的那门)."""
        segmenter = self.vocabulary.segmenter
        wanted = {token.norm for token in segmenter.content(words) if len(token.norm) > 1}
        fitting = []
        for item_id, place in self.places(self.slate) if wanted else ():
            item = self.vocabulary.catalogue.items[place]
            shown = [item, *(item.localized(lang) for lang in item.i18n)]
            said = {
                norm
                for one in shown
                for text in (one.title, *one.tags, one.description)
                for norm in segmenter.norms(text)
            }
            if wanted <= said:
                fitting.append(item_id)
        return tuple(fitting) if len(fitting) < max(2, len(self.slate)) else ()

    def _wanted(self, words: str) -> list[tuple[Facet, ...]]:
        """The facets of each word, of which one has to hold; empty if a word says nothing of the catalogue."""
        meant = self.concepts.find(words, ())
        wanted = [m.facets for m in meant]
        tokens = [
            t for t in self.vocabulary.segmenter.tokens(words) if not any(m.start <= t.start < m.end for m in meant)
        ]
        for token, facets in self.vocabulary.words(tokens):
            if token.norm in stop_words() or token.text.lower() in stop_words():
                continue
            if not facets:
                return []
            wanted.append(facets)
        return wanted

    def _any(self, position: int, facets: Sequence[Facet]) -> bool:
        for facet in facets:
            found = self.vocabulary.positions(facet)
            place = int(np.searchsorted(found, position))
            if place < len(found) and found[place] == position:
                return True
        return False
