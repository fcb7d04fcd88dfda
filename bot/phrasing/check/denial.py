"""Facts that a line turns round, and refused things that it puts forward."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bot.understanding.polarity import refused_spans
from retrieval.items import Item
from retrieval.segment import fold, stem, stop_words

DENIAL = re.compile(
    r"(?:不(?!错|少|同|仅|只|过|断|知|论|管|妨|到|足)|没有?|无(?!线|论|数)|非(?!常|洲|用|得|要))(?:是|含|用|带|要|会|能|需|配|适合)?"
)
ENGLISH_DENIAL = re.compile(
    r"\b(?:not|no|without|never|isn['’]t|doesn['’]t|aren['’]t|hasn['’]t|don['’]t)\s+(?:\w+ed\s+|in\s+)?"
    r"(?:an?\s+|the\s+|any\s+)?(\w+)(?:\s+(\w+))?",
    re.IGNORECASE,
)
NEGATED_BEFORE = re.compile(
    r"(?:\b(?:no|not|without|never|non|free|zero|un)\b|n['’]t\b|-free)\W*(?:\w+\W+){0,3}$", re.IGNORECASE
)
REFUSING = re.compile(
    r"不|没|别|除|避|去掉|拿掉|放下|放一放|放到一边|撤|换|删|去|划掉|排|略|绕|免|剔|筛|收起|收走|停|跳|挪|拿走|拿开|清|替|歇|嫌|怕|腻|退|"
    r"no\b|not\b|n['’]t|nor\b|neither|without|none|left out|skip|gone|leav|aside|away|off the|instead|out|drop|avoid|"
    r"clear of|minus|free of|past|remov|exclu|stop|goes\b|go\b|over with|give way|taken over|struck",
    re.IGNORECASE,
)
CLAUSES = re.compile(r"[，,。.；;！!？?]")
FACT_DENIED = re.compile(r"[不没无免非未别勿][^，。；]*$")
WINDOW = 6
"""Characters before a fact in which its own denial may stand."""
SHORTEST = 3
"""Letters of an English word that is looked for."""

HEDGES = re.compile(r"(?:易|会|能|必|太|再|怎么|容易|得|可)+")
"""What may stand between a denial and what is denied."""
LACKING = re.compile(r"^(?:不含?|无|非)(?P<zh>[\u4e00-\u9fff]{1,4})$|^(?:not|no|non|without)[ -](?P<en>[a-z][a-z ]+)$")
"""A value that says what there is not of."""
MOOT = frozenset(
    (
        "required",
        "option",
        "options",
        "allowed",
        "included",
        "available",
        "safe",
        "free",
        "friendly",
        "accessible",
        "only",
    )
)
"""Words of a name that say nothing of what it is about."""


def denied(line: str, facts: str) -> Iterator[str]:
    """Facts that the line turns round: it says "not X" where the facts have X and do not deny it."""
    for match in DENIAL.finditer(line):
        said = line[match.end() : match.end() + 2]
        if len(said) == 2 and not CLAUSES.search(said) and _affirmed(said, facts):
            yield match.group() + said
    for match in ENGLISH_DENIAL.finditer(line):
        for word in filter(None, match.groups()):
            if len(word) >= SHORTEST and fold(word) not in stop_words() and _affirmed_in_english(fold(word), facts):
                yield match.group()
                break


def only_denied(facts: str) -> tuple[str, ...]:
    """Things that the facts deny and nowhere have: "comes unglued" of "never comes unglued"."""
    return tuple(thing for thing in dict.fromkeys(_denied_things(facts)) if _is_only_denied(thing, facts))


def upheld(line: str, things: Iterable[str]) -> Iterator[str]:
    """Which of the things that are only denied the line says outright."""
    said = fold(line)
    return (thing for thing in things if _is_claimed(thing, said))


def _denied_things(facts: str) -> Iterator[str]:
    """What stands behind the denials of a text: two characters, or one that ends a clause; an English word."""
    for match in DENIAL.finditer(facts):
        end = HEDGES.match(facts, match.end())
        said = re.match(r"[\u4e00-\u9fff]{1,2}", facts[end.end() if end else match.end() :])
        if said:
            yield said.group()
    for match in ENGLISH_DENIAL.finditer(facts):
        word = fold(match[1])
        if len(word) > SHORTEST and word not in stop_words():
            yield stem(word)


def _is_only_denied(thing: str, facts: str) -> bool:
    places = [match.start() for match in re.finditer(rf"(?<![a-z]){re.escape(thing)}", facts)]
    before = (CLAUSES.split(facts[:place])[-1] for place in places)
    return all(FACT_DENIED.search(text[-WINDOW:]) or NEGATED_BEFORE.search(text) for text in before)


def claimed(line: str, item: Item) -> Iterator[str]:
    """What a line gives an item that its data says it has not: a "no" (drainage: no), or a value like "not spicy"."""
    said = fold(line)
    for name, value in item.attributes.items():
        if value is False:
            words = [word for word in fold(name.replace("_", " ")).split() if word not in MOOT and len(word) > SHORTEST]
            yield from (word for word in words[:1] if _is_claimed(word, said))
        elif isinstance(value, str) and (lacking := LACKING.match(fold(value))):
            thing = lacking["zh"] or lacking["en"]
            yield from (thing,) if _is_claimed(thing, said) else ()


def _is_claimed(thing: str, said: str) -> bool:
    """Whether a text says a thing at least once without a denial before it in the clause."""
    places = [match.start() for match in re.finditer(rf"(?<![a-z]){re.escape(thing)}", said)]
    clauses = [CLAUSES.split(said[:place])[-1] for place in places]
    return any(not FACT_DENIED.search(clause) and not NEGATED_BEFORE.search(clause) for clause in clauses)


def put_forward(line: str, refused: Sequence[str]) -> Iterator[str]:
    """Refused things that an opening names otherwise than to leave them out."""
    spans = refused_spans(line)
    for name in refused:
        start = fold(line).find(fold(name))
        while start >= 0:
            clause = CLAUSES.split(line[:start])[-1] + CLAUSES.split(line[start:])[0]
            if not any(a <= start < b for a, b in spans) and not REFUSING.search(clause):
                yield name
            start = fold(line).find(fold(name), start + 1)


def _affirmed(said: str, facts: str) -> bool:
    places = [match.start() for match in re.finditer(re.escape(fold(said)), facts)]
    return bool(places) and not any(FACT_DENIED.search(facts[max(0, place - WINDOW) : place]) for place in places)


def _affirmed_in_english(word: str, facts: str) -> bool:
    places = [match.start() for match in re.finditer(rf"\b{re.escape(stem(word))}", facts)]
    return bool(places) and not any(NEGATED_BEFORE.search(facts[:place]) for place in places)
