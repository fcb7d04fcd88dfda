"""What an answer must hold when it is done: the asked values, and that the data lacks the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.phrasing.check.numbers import amounts
from bot.phrasing.check.violation import Violation
from bot.phrasing.requests import AnswerLine
from retrieval.segment import LATIN, fold, stem

ADMITTED = re.compile(
    r"没|未|不(?:知|清楚|详|确定|好说|能说|在|含|包括)|无(?:从|法)|查不到|说不准|看不出|缺|"
    r"\b(?:no|not|nothing|isn['’]t|doesn['’]t|don['’]t|without|nor|neither|cannot|can['’]t|unlisted|unknown|missing|"
    r"silent|unstated|left out|leaves? out|omits?)\b",
    re.IGNORECASE,
)
BOOLEANS = frozenset({"是", "否", "yes", "no"})
SEPARATORS = re.compile(r"[、,，;；/]\s*|\s+and\s+")


def omissions(line: str, request: AnswerLine) -> Iterator[Violation]:
    """Asked values that a finished answer does not say, and missing ones that it does not admit."""
    said = fold(line)
    for _, value in request.asked:
        if fold(value) not in BOOLEANS and not all(_says(said, part) for part in SEPARATORS.split(fold(value))):
            yield Violation("omission", value)
    if request.missing and not ADMITTED.search(line):
        yield Violation("omission", request.missing[0])


def _says(said: str, value: str) -> bool:
    """Whether a value stands in a line up to spaces; a number, in any script; English words, in any form."""
    if value.replace(" ", "") in said.replace(" ", ""):
        return True
    if numbers := {amount.value for amount in amounts(value)}:
        return numbers <= {amount.value for amount in amounts(said)}
    words = {stem(word) for word in LATIN.findall(value)}
    return bool(words) and words <= {stem(word) for word in LATIN.findall(said)}
