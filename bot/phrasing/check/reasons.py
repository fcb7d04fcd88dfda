"""Whether a line keeps to its reasons: who did what (liked, bought, opened), and which way a difference goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.phrasing.check.numbers import NUMBER
from bot.phrasing.check.violation import Violation
from bot.phrasing.requests import ItemLine

YOU = r"你(?:以前|之前|上次|上回|刚刚|刚才|刚|前面|曾经|曾|才|也|都|很|挺|一直)*"
YOU_EN = r"you(?:['’]ve| have| had)?(?: once| already| recently| just| also| really)*"
ACTS: Mapping[str, re.Pattern[str]] = {
    "liked": re.compile(rf"{YOU}(?:喜欢|点赞|点过赞|赞过|爱)|你点赞|\b{YOU_EN} (?:liked?|loved?|enjoy(?:ed)?)\b", re.I),
    "bought": re.compile(rf"{YOU}(?:买|入手|下单)(?:过|的|了)|\b{YOU_EN} (?:bought|purchased)\b|\byour purchase", re.I),
    "opened": re.compile(rf"{YOU}(?:点开|点进|打开)(?:过|的|了)?|\b{YOU_EN} (?:opened|clicked)\b", re.I),
    "looked": re.compile(
        rf"{YOU}(?:看过|看的是|浏览过|常看|老看)|\b{YOU_EN} (?:often )?(?:looked|viewed|browsed|look)\b", re.I
    ),
    "spoke": re.compile(rf"{YOU}(?:说起|提起|提到|说到|说过)|\b{YOU_EN} (?:spoke of|mentioned|spoken of)\b", re.I),
}
DEEDS = ("bought", "opened", "looked")
"""Acts that nobody may be told of who has not done them, whatever the line is about."""
WISHED = {"liked": re.compile(r"喜欢|爱|迷|粉|\b(?:like|love|fan|into|enjoy|fond)", re.I)}
"""Words of the visitor's own that let a line say the act."""
COSTS_LESS = re.compile(r"便宜|省|少花|少付|\b(?:less|cheaper|lower|save|saves|saving)\b", re.I)
COSTS_MORE = re.compile(r"贵|多花|多付|\b(?:more|dearer|pricier|costlier|extra)\b", re.I)
THAN = re.compile(r"比.+?(便宜|贵)([\d.]+)|^\D{0,3}([\d.]+).{0,12}?\b(less|more) than\b", re.I)
LEANING = re.compile(r"在同类里.*偏([高低])|on the (high|low) side", re.I)
LEANS_HIGH = re.compile(r"偏[高贵长重大多]|on the high side|\b(?:high|expensive|pricey|long) for\b", re.I)
LEANS_LOW = re.compile(r"偏[低短轻小少]|偏便宜|on the low side|\b(?:low|cheap|short) for\b", re.I)
CLAUSE = re.compile(r"[，,；;。:：]\s*(?!\d)")


def wrong_acts(line: str, request: ItemLine) -> Iterator[Violation]:
    """Acts of the visitor's that the line tells of and that were others, or none."""
    given = {act for act, spelt in ACTS.items() for reason in request.reasons if spelt.search(reason)}
    likened = any(re.search(r"[《“]", reason) for reason in request.reasons)
    for act, spelt in ACTS.items():
        found = spelt.search(line)
        seen = act == "looked" and "opened" in given
        if not found or seen or act in given or spelt.search(request.wish) or _is_wished(act, request.wish):
            continue
        if act in DEEDS or (act == "liked" and (given or likened)):
            yield Violation("act", found.group())


def _is_wished(act: str, wish: str) -> bool:
    return act in WISHED and bool(WISHED[act].search(wish))


def wrong_directions(line: str, request: ItemLine) -> Iterator[Violation]:
    """Differences and leanings that the line says the other way round."""
    clauses = CLAUSE.split(line)
    for reason in request.reasons:
        if than := THAN.search(reason):
            less = (than[1] or than[4]).lower() in ("便宜", "less")
            turned, right = (COSTS_MORE, COSTS_LESS) if less else (COSTS_LESS, COSTS_MORE)
            number = than[2] or than[3]
            for clause in clauses:
                has = number in [found.group() for found in NUMBER.finditer(clause)]
                if has and turned.search(clause) and not right.search(clause):
                    yield Violation("direction", clause.strip())
        elif leaning := LEANING.search(reason):
            turned = LEANS_HIGH if (leaning[1] or leaning[2]).lower() in ("低", "low") else LEANS_LOW
            if (found := turned.search(line)) and not turned.search(" ".join(request.reasons)):
                yield Violation("direction", found.group())
