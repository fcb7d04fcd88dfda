"""Slips of the pen in Chinese names: whether what differs from a name in a text is one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from bot.understanding.names import TWICE, Found
from bot.understanding.vocabulary import Vocabulary
from retrieval.segment import Token, stop_words


def is_slip(found: Found, words: Sequence[Token], vocabulary: Vocabulary) -> bool:
    """Whether what differs from a name is a slip, and not another word of the catalogue or of the language.

    `words`: those that stand where the name does.
    """
    said = "".join(word.norm for word in words)
    known = [(t, facets) for t, facets in vocabulary.words(words) if facets]
    general = any(f.field in ("tags", "category", "domain") for _, facets in known for f in facets)
    if general and (len(found.key) < TWICE or found.key.startswith(said)):
        return False
    blocks = SequenceMatcher(None, said, found.key, False).get_matching_blocks()
    right = {block.a + k for block in blocks for k in range(block.size)}
    wrong, place = [], 0
    for word in words:
        if not right.issuperset(range(place, place + len(word.norm))):
            wrong.append(word)
        place += len(word.norm)
    if any(w.norm in stop_words() or any(t.start <= w.start < t.end for t, _ in known) for w in wrong):
        return False
    once = len(found.key) - len(right) <= 1 and len(found.key) > TWICE
    common = vocabulary.segmenter.is_common
    return not wrong or once or any(len(word.norm) == 1 or not common(word.norm) for word in wrong)
