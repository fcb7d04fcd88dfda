"""What of the things shown a message speaks of: the second one, 最后一个, both, those jeans, the cheaper one, it."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.understanding.cues import lowered
from bot.understanding.shown import Picked, Shown
from bot.understanding.turn import Reference
from retrieval.segment import simplified

C = r"(?:个|件|部|本|款|条|首|双|张|项|家|位|台|套|间|道|门|篇|只|支|场|幅|盆|辆|顶|堂|处|块|盏|组)"
"""What counts things."""
N = r"([一二三四五六七八九十]|[1-9](?!\d))"
FEW = r"(两|俩|三|四|几|[2-6](?!\d))"
SAID = r"(?:刚才|刚刚|上面|之前|前面|你说|你推荐|推荐)?的?"
END = r"(?=$|[，,。？?！!]|多少|是|怎)"
BIT = r"(?:点|些|一点)?"
NOT_A_NOUN = r"[^\s，,。.？?！!、的多少不怎是有很太挺好和跟比可能会要在离贵适叫讲]"
HAN_NUMBER = {c: n for n, c in enumerate("一二三四五六七八九十", start=1)} | {"两": 2, "俩": 2}
ORDINAL = {
    word: n
    for n, words in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th", "seventh 7th", "eighth 8th"),
        start=1,
    )
    for word in words.split()
}
CARDINAL = {"two": 2, "three": 3, "four": 4}
NTH = f"({'|'.join(ORDINAL)})"
OF_THEM = r"of (?:the (?:two|three)|them|those|these|both)\b"
ONE = r"(?:one|item|option|suggestion|recommendation|choice|pick|thing|result)s?"

PART_OF_A_WORK = re.compile(r"第.[部季集册卷辑]")
"""Beside a title, the second film of a series rather than the second thing shown."""
QUESTION = re.compile(r"\?|\b(?:how|what|who|when|which|whose|is|does|can)\b")

Pick = Callable[[re.Match[str], Shown], Picked]


def number_of(text: str) -> int:
    """The number that an ordinal's word or figure stands for (二, 2, second); 0 for none."""
    return int(text) if text.isdigit() else HAN_NUMBER.get(text) or ORDINAL.get(text, 0)


def _two(shown: Shown) -> Picked:
    """The two that are spoken of, else the first two."""
    return shown.context.focus if len(shown.context.focus) == 2 else shown.slate[:2]


def _cheapest(_: re.Match[str], shown: Shown) -> Picked:
    return shown.extreme("price", 1)


def _dearest(_: re.Match[str], shown: Shown) -> Picked:
    return shown.extreme("price", -1)


def _newest(_: re.Match[str], shown: Shown) -> Picked:
    return shown.extreme("year", -1)


def _shortest(_: re.Match[str], shown: Shown) -> Picked:
    return shown.by_length(1)


def _longest(_: re.Match[str], shown: Shown) -> Picked:
    return shown.by_length(-1)


def _oldest(_: re.Match[str], shown: Shown) -> Picked:
    return shown.extreme("year", 1)


def _all(_: re.Match[str], shown: Shown) -> Picked:
    return shown.slate


def _it(_: re.Match[str], shown: Shown) -> Picked:
    return shown.focus()


def _described(match: re.Match[str], shown: Shown) -> Picked:
    return shown.described(match[1], freely=True)


def _noun(match: re.Match[str], shown: Shown) -> Picked:
    return shown.described(match[1])


def _that(match: re.Match[str], shown: Shown) -> Picked:
    """“that film”, “those black jeans”: the longest run of words that describes something shown."""
    words = match[1].split()
    for length in range(len(words), 0, -1):
        found = shown.described(" ".join(words[:length]))
        if found:
            return found if match.group().startswith(("those", "these")) else found[:1]
    return ()


def _asked_of(match: re.Match[str], shown: Shown) -> Picked:
    """“What colours does the instant camera come in?”: the longest run of two words or more that only one fits."""
    words = match[1].split() if QUESTION.search(match.string) else []
    for length in range(len(words), 1, -1):
        run = " ".join(words[:length])
        found = shown.called(run) if len(shown.vocabulary.segmenter.content(run)) > 1 else ()
        if len(found) == 1:
            return found
    return ()


CHINESE: tuple[tuple[str, Pick], ...] = (
    (rf"第{N}和第?{N}{C}?", lambda m, s: (*s.nth(number_of(m[1])), *s.nth(number_of(m[2])))),
    (rf"{SAID}倒数第{N}{C}?", lambda m, s: s.nth(-number_of(m[1]))),
    (
        rf"{SAID}第{N}(?:{C}|(?=\s|$|[，,。.？?和跟与比多不怎是有很太挺好的我贵就]))",
        lambda m, s: s.nth(number_of(m[1])),
    ),
    (rf"{SAID}最后(?:一?{C}|的那?{C}?)", lambda m, s: s.nth(-1)),
    (rf"{SAID}最?前{FEW}{C}?", lambda m, s: s.slate[: number_of(m[1]) or 2]),
    (rf"{SAID}后{FEW}{C}", lambda m, s: s.slate[-(number_of(m[1]) or 2) :]),
    (rf"{SAID}(?:中间|当中)(?:的|那)?一?{C}?", lambda m, s: s.nth((len(s.slate) + 1) // 2)),
    (
        rf"(?:价格|价钱)?最便宜的(?:那?一?{C}|{END})|便宜{BIT}的?[那这]一?{C}|[那这]{C}[最更]?便宜{BIT}的",
        _cheapest,
    ),
    (rf"最贵的(?:那?一?{C}|{END})|贵{BIT}的?[那这]一?{C}|[那这]{C}[最更]?贵{BIT}的", _dearest),
    (rf"最新的[那这]一?{C}|新{BIT}的[那这]一?{C}", _newest),
    (rf"最短的[那这]一?{C}|短{BIT}的[那这]一?{C}", _shortest),
    (rf"最长的[那这]一?{C}|长{BIT}的[那这]一?{C}", _longest),
    (rf"最[老早]的[那这]一?{C}|老{BIT}的[那这]一?{C}", _oldest),
    (rf"(?:这|那|刚才|刚刚)[两俩2]{C}?", lambda m, s: _two(s)),
    (rf"[这那](?:[三四五六]{C}|[几些](?!年|天|月|岁){C}?|一?批)|它们|两{C}都|这一?组", _all),
    (rf"([^\s，,。.？?！!、的和跟比我你想要看喜欢有]{{1,6}})的?[那这]一?{C}(?!人|时|月|年)", _described),
    (rf"(?:刚才|刚刚|上面)?[那这]一?{C}({NOT_A_NOUN}{{1,6}})", _noun),
    (
        rf"(?:这|那|此|刚才那|上一|上)一?{C}"
        r"(?!人|时候|月|年|领域|意思|周|星期|假期|夏|冬|春|秋|季|世界|城|节)|它(?!们)",
        _it,
    ),
    (
        r"(?:一个)?都(?=不(?:要|喜欢|想|行|好|感兴趣|满意|合适)|没兴趣"
        r"|[挺很太]?(?:喜欢|不错|好看|好的|差|难看|一般))|全部?(?=不要|不喜欢|都)",
        _all,
    ),
)
ENGLISH: tuple[tuple[str, Pick], ...] = (
    (r"\b(?:the )?first (two|three|four)\b(?: ones?)?", lambda m, s: s.slate[: CARDINAL[m[1]]]),
    (r"\b(?:the )?last (two|three)\b(?: ones?)?", lambda m, s: s.slate[-CARDINAL[m[1]] :]),
    (
        rf"\b(?:the |number )?{NTH} and (?:the )?{NTH}\b(?: {ONE}\b)?",
        lambda m, s: (*s.nth(ORDINAL[m[1]]), *s.nth(ORDINAL[m[2]])),
    ),
    (rf"\b(?:the )?(?:second[- ]to[- ]last|second last|penultimate)\b(?: {ONE}\b)?", lambda m, s: s.nth(-2)),
    (
        rf"\b(?:the ){NTH}\b(?: {ONE}\b)?(?! (?:half|time|person|world|hand|war|part))",
        lambda m, s: s.nth(ORDINAL[m[1]]),
    ),
    (rf"\b{NTH} {ONE}\b|^\W*{NTH}\W*$", lambda m, s: s.nth(ORDINAL[m[1] or m[2]])),
    (rf"(?:\b(?:{ONE}|number|no\.?) |#)([1-8])\b(?! ?\d)", lambda m, s: s.nth(int(m[1]))),
    (rf"\b(?:the )?last {ONE}\b|\bthe last\b(?=\W*$| (?:is|looks|sounds|was|seems)\b)", lambda m, s: s.nth(-1)),
    (rf"\bthe middle(?: {ONE})?\b(?! of)", lambda m, s: s.nth((len(s.slate) + 1) // 2)),
    (
        r"\bthe (?:cheapest|least expensive)(?: one\b|(?=\W*$| (?:is|of)\b|,))"
        rf"|\bthe (?:cheaper|less expensive) (?:one\b|{OF_THEM})",
        _cheapest,
    ),
    (
        r"\bthe (?:most expensive|priciest|dearest)(?: one\b|(?=\W*$| (?:is|of)\b|,))"
        rf"|\bthe (?:more expensive|pricier|dearer) (?:one\b|{OF_THEM})",
        _dearest,
    ),
    (rf"\bthe (?:newest|latest|most recent|newer|more recent) (?:one\b|{OF_THEM})", _newest),
    (rf"\bthe (?:shortest|shorter) (?:one\b|{OF_THEM})", _shortest),
    (rf"\bthe (?:longest|longer) (?:one\b|{OF_THEM})", _longest),
    (rf"\bthe (?:oldest|older|earliest|earlier) (?:one\b|{OF_THEM})", _oldest),
    (
        r"\b(?:both of (?:them|these|those)|both|these two|those two|the two(?: of them)?)\b"
        r"(?! (?:of )?(?:us|you|people))",
        lambda m, s: _two(s),
    ),
    (r"\b(?:that|this|those|these) (?:pair of )?((?:[a-z][\w'-]* ?){1,3})(?=\W|$)", _that),
    (
        r"\b(?:none|all|any|either|each|neither) of (?:them|these|those)\b|\ball three\b"
        r"|\b(?:these|those)(?: ones?| three| items| suggestions)?\b(?! days)|\bthem(?: all)?\b"
        r"|\bthe ones you (?:showed|suggested)\b",
        _all,
    ),
    (r"\bthe ((?:[a-z][\w'-]* ){1,3})(?:ones?|pairs?|set|version|edition)\b", _described),
    (r"\bthe ((?:[a-z][\w'-]* ){1,3}[a-z][\w'-]*)", _asked_of),
    (
        r"(?<!at )(?<!do )(?<!in )(?<!thing )(?<!one )\b(?:this|that)(?: one)?\b(?!'s all)"
        r"(?=\s*(?:$|[?.!,]|one\b|is\b|looks\b|sounds\b|was\b|costs?\b|seems\b|'s\b))"
        r"|\b(?:this|that) one\b|(?<!in )(?<!on )(?<!with )(?<!make )\bit\b(?!'s not that|'s all)"
        r"|\bthe same one\b|\bthat (?:item|thing|suggestion)\b",
        _it,
    ),
)
RULES = tuple((re.compile(pattern), pick) for pattern, pick in (*CHINESE, *ENGLISH))


def references(text: str, shown: Shown, *, pronouns: bool = True) -> list[Reference]:
    """What of the things shown a text points at, left to right; no character is read twice. Nothing shown: nothing.

    `pronouns`: whether "it", 那个 and 第二部 are of what was shown, and not of a thing that the message names itself.
    """
    if not shown.slate and not shown.context.focus:
        return []
    plain = lowered(simplified(text))
    taken: list[tuple[int, int]] = []
    found: list[Reference] = []
    for pattern, pick in RULES:
        if pick is _it and not pronouns:
            continue
        for match in pattern.finditer(plain):
            start, end = match.span()
            if not pronouns and PART_OF_A_WORK.match(match.group()):
                continue
            if start == end or any(a < end and start < b for a, b in taken):
                continue
            if ids := tuple(dict.fromkeys(pick(match, shown))):
                taken.append((start, end))
                found.append(Reference(text[start:end], start, end, ids, "shown"))
    return sorted(_narrowest(found), key=lambda reference: reference.start)


def _narrowest(found: list[Reference]) -> list[Reference]:
    """Without the many that one was picked out of: “which of these is the cheapest”."""
    single = {r.item_ids for r in found if len(r.item_ids) == 1}
    if len(single) != 1:
        return found
    (one,) = single
    return [r for r in found if r.item_ids == one or one[0] not in r.item_ids]
