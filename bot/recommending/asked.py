"""Whether a message asks for a thing by some words of it, or says these of something else.

Only what was asked for can be said to be missing: of "nothing leafy, the slugs have the lot" that is not slugs.
"""

from __future__ import annotations

import re

from retrieval.segment import HAN, fold

BREAK = re.compile(
    r"[，。！？；：、,.!?;:\n]|\b(?:so|but|because|since|as long as|even though|although)\b"
    r"|\b(?:and|or|that|who)\b(?= (?:i|we|you|he|she|it|they|my|our|his|her|their)\b)|因为|所以|但是|不过|而且"
)
"""Where a clause ends."""
ASKS = re.compile(
    r"\b(?:want|wants|need|needs|like|love|looking|look for|any|find|show|give|some|something|about|prefer|recommend|"
    r"suggest|mood|fancy|is there|are there|have you|search|buy|get me|try|keen|interested|into|after|maybe)\b"
    r"|想|要|找|有没有|来点|来几|推荐|给我|看看|买|换|喜欢|爱看|爱听|有吗|呢"
)
ABOUT_OTHERS = re.compile(
    r"^(?:the|my|our|his|her|their|its?|he|she|they|we|i|you|this|that|there|these|those|nobody|everyone)\b"
    r"|^(?:我|他|她|它|咱|家里|家中|孩子|小孩|老公|老婆|爸|妈|那边|这里|最近|今天|明天)"
)
"""How a clause begins that tells of somebody or of something else."""
DONE = re.compile(
    r"(?:\bto|n't|\b(?:i|we|you|he|she|it|they|can|could|will|would|must|should|not|never|be|'ll|'d))\s+$",
    re.IGNORECASE,
)
"""What stands before a verb: that is not a thing."""
SHORT_WORDS, SHORT_LETTERS = 6, 12
"""A clause of so many words, or Chinese characters, that tells of nobody is a wish in itself."""


def asks_for(message: str, words: str) -> bool:
    """Whether the message asks for a thing by these words, which it must have side by side."""
    said, named = fold(message), fold(words)
    place = said.find(named)
    if not named or place < 0 or DONE.search(said[:place]):
        return False
    begin = max((found.end() for found in BREAK.finditer(said, 0, place)), default=0)
    after = BREAK.search(said, place + len(named))
    clause = said[begin : after.start() if after else len(said)].strip()
    if ASKS.search(clause) or (after and after.group() in "?？"):
        return True
    return not ABOUT_OTHERS.search(clause) and _is_short(clause)


def _is_short(clause: str) -> bool:
    return len(clause.split()) <= SHORT_WORDS and len(HAN.findall(clause)) <= SHORT_LETTERS
