"""What a line says beyond what it was written from, by this audit's own matching."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.phrasing.requests import AnswerLine, CompareLine, ItemLine, OpeningLine
from retrieval.items import Item

from .ground import Ground, folded, word_pattern
from .quantities import WORDS, YEAR, Quantity, quantities

Check = Callable[["Ground", str], Iterator[str]]
HAN = r"[\u4e00-\u9fff]"
QUOTED = re.compile(r"《([^》]+)》|“([^”]+)”|「([^」]+)」|『([^』]+)』|\"([^\"]+)\"")
NOT = {lang: rf"(?:{words})" if lang == "zh" else rf"\b(?:{words})\b" for lang, words in WORDS["negators"].items()}
BETWEEN = {
    "zh": "(?:很|太|是|那么|有|用|带|算|够|怎么)?",
    "en": r"[ -](?:(?:an?|the|very|really|at all|quite|so|any|is|in) )*",
}
"""What may stand between a negation and the fact that it denies."""
BROKEN = {
    "no full stop": re.compile(r"(?<![。.！!？?…])[”’」』》）)\"']*$"),
    "doubled punctuation": re.compile(
        r"[，。；、：！？,;:!?]\s*[，。；、：！？,;!?]|(?<!\.)\.\s*[.,;:](?!\.)|[，。；]\s*\.|“”|《》|\(\)"
    ),
    "cut": re.compile(
        r"(?i)(?:\b(?:and|or|the|an?|but|than|its|your)|(?<![平柔温暖随缓])和|与|或|以及|被|(?<![那这哪一两几])把)[\s，,]*[。.!?]?$"
    ),
    "doubled words": re.compile(rf"(?i)\b(?!that |had )([a-z]+) \1\b|({HAN}{{4,}})\2"),
    "said twice": re.compile(r"(?i)(?:^|[，。；,.;!?] ?)([^，。；,.;!?“]{6,})[，。；,.;!?] ?\1[，。；,.;!?:：]"),
    "small letter": re.compile(r"^[a-z]+ (?![A-Z])|(?<=[a-z]{2}[.!?] )[a-z]"),
    "unfilled": re.compile(r"[{}<>\uFFFD]|\bNone\b(?! of| in)|\bnull\b|\s{2}|\n"),
}


@dataclass(frozen=True)
class Violation:
    """What is wrong with a line: the kind, and the words."""

    kind: str
    text: str


def violations(ground: Ground, line: str) -> list[Violation]:
    """All that is wrong with a line; empty if nothing is."""
    return [Violation(kind, text) for kind, check in CHECKS.items() for text in check(ground, line)]


def _numbers(ground: Ground, line: str) -> Iterator[str]:
    known = ground.quantities
    for said in quantities(line):
        if said.kind == "sum" or (said.kind == "word" and said.count < 3):
            continue
        same = [q for q in known if abs(q.value - said.value) < 1e-3 * max(said.value, 1)]
        raw = [q for q in known if q.count == said.count]
        is_bare = not said.dimension or (said.dimension == YEAR and "年" not in said.text)
        if any(q.dimension in (said.dimension, _yen(said)) for q in same) or ((same or raw) and is_bare):
            continue
        if _is_part_of_sum(said, line, known):
            continue
        if not same and not raw:
            yield said.text
        elif said.dimension.startswith("money"):
            yield f"{said.text} (price)"
        elif not (any(not q.dimension for q in (*same, *raw)) and _counts(ground, said.dimension)):
            yield f"{said.text} (unit)"


def _free(ground: Ground, line: str) -> Iterator[str]:
    if any(item.price == 0 for item in ground.items) or re.search(r"免费|\bfree\b", ground.all):
        return
    if found := re.search(r"免费|(?<!feel )(?<![-\w])free(?! (?:of|from|to|up)\b)(?![-\w])", line.lower()):
        yield found[0]


def _titles(ground: Ground, line: str) -> Iterator[str]:
    known = _flat(ground.all)
    for match in QUOTED.finditer(line):
        quoted = next(filter(None, match.groups()))
        is_example = bool(ground.more) and isinstance(ground.request, OpeningLine)  # “try: a light film”
        if _flat(quoted) not in known and not is_example:
            yield quoted
    yield from (title for title in ground.names.titles if _is_named(title, line, 3) and _flat(title) not in known)


def _brands(ground: Ground, line: str) -> Iterator[str]:
    known = _flat(ground.all)
    yield from (brand for brand in ground.names.brands if _is_named(brand, line, 2) and _flat(brand) not in known)


def _unknown(ground: Ground, line: str) -> Iterator[str]:
    """Names that nothing knows: capitalised words within an English sentence, makers that a Chinese one gives."""
    if ground.request.lang == "en":
        found = re.findall(r"(?<=[a-z,;:] )[A-Z][a-zé]+\b(?<!ian)(?<!ish)(?<!ese)", QUOTED.sub("", line))
    else:
        found = re.findall(r"(?:出自|作者是|导演是|主演是|品牌是)[“《]?([^，。；、的”》“]{2,8})", line)
    yield from (name for name in found if _flat(name).removesuffix("s") not in _flat(ground.all))


def _listed(name: str) -> Check:
    def check(ground: Ground, line: str) -> Iterator[str]:
        said: dict[str, bool] = {}
        for forms in WORDS[name]:
            if found := word_pattern(forms).search(folded(line)):
                said[found[0]] = said.get(found[0], False) or ground.has(forms) or _shade(found[0], ground)
        yield from (word for word, is_known in said.items() if not is_known)
        if name == "colours":
            letters = WORDS["colour letters"]
            for found in re.finditer(
                rf"(?<![明坦表空网酒米雪])([{letters}])(?=色|[、和或]?[{letters}]?(?:款|底|相间|的(?!话)))", line
            ):
                if found[1] not in ground.all:
                    yield found[1]

    return check


def _shade(colour: str, ground: Ground) -> bool:
    """Whether the ground has the colour as part of another (紫色: 淡紫)."""
    return len(colour) == 2 and colour[1] == "色" and colour[0] in ground.all


def _claims(name: str) -> Check:
    def check(ground: Ground, line: str) -> Iterator[str]:
        known = ground.facts if name == "health" else ground.all
        for found in re.finditer(WORDS[name], folded(line)):
            if found[0] not in known and not (ground.more and found[0].endswith("est")):  # counted by the program
                yield found[0] if found[0] != "最" else line[found.start() : found.start() + 4]

    return check


def _negations(ground: Ground, line: str) -> Iterator[str]:
    lang, text = ground.request.lang, folded(line)
    facts = _values(ground.items[0]) if len(ground.items) == 1 else ()  # of several, one may be what another is not
    for fact in set(map(folded, facts)):
        if len(fact) < 2 or re.match(r"[不没无免非未]|no |non|un", fact) or re.search(r"\d|free$", fact):
            continue
        for found in re.finditer(rf"{NOT[lang]}{BETWEEN[lang]}{re.escape(fact)}(?![a-z])", text):
            if found[0] not in ground.all:
                yield found[0]
    if isinstance(ground.request, ItemLine):
        for fit in ground.request.fits:
            text = text.replace(folded(fit), "")
        for name, value in ground.request.item.attributes.items():
            yield from _switched(name, value, text) if isinstance(value, bool) else ()


def _switched(name: str, value: bool, text: str) -> Iterator[str]:
    """The clause that says of a yes-or-no field the opposite of what it holds."""
    forms = WORDS["switches"].get(name, re.escape(name.replace("_", " ")))
    for clause in re.split(r"[，。；,.;:]", text):
        if re.search(forms, clause) and any(re.search(no, clause) for no in NOT.values()) == value:
            yield clause.strip()


def _language(ground: Ground, line: str) -> Iterator[str]:
    if ground.request.lang == "en":
        foreign = [run for run in re.findall(rf"{HAN}+", line) if run not in ground.all]
    else:
        foreign = [word for word in re.findall(r"[A-Za-z]{2,}", line) if word.lower() not in ground.all]
    if foreign and (ground.request.lang == "en" or len(foreign) > 1):
        yield " ".join(foreign)
    elif not re.search(HAN if ground.request.lang == "zh" else "[A-Za-z]", line):
        yield line


def _form(ground: Ground, line: str) -> Iterator[str]:
    title_free = QUOTED.sub("“x”", line)
    if not line.strip():
        yield "empty"
        return
    yield from (f"{name}: …{line[-20:]}" for name, pattern in BROKEN.items() if pattern.search(title_free))
    yield from (f"open {a}" for a, b in ("《》", "“”", "「」", "（）", "()") if line.count(a) != line.count(b))


def _manner(ground: Ground, line: str) -> Iterator[str]:
    if isinstance(ground.request, ItemLine):
        own = next((line.replace(item.title, "") for item in ground.items), line)
        yield from (
            found[0] for found in re.finditer(r"[？?]|(?:吗|呢)[。？]", own) if folded(found[0]) not in ground.facts
        )
        yield from (found[0] for found in re.finditer(WORDS["promises"], folded(own)) if found[0] not in ground.facts)


def _acts(ground: Ground, line: str) -> Iterator[str]:
    for found in re.finditer(WORDS["acts"], folded(line)) if isinstance(ground.request, ItemLine) else ():
        act = next(filter(None, found.groups()))
        if act not in ground.all:
            yield found[0]


def _direction(ground: Ground, line: str) -> Iterator[str]:
    told = "".join(ground.request.reasons) if isinstance(ground.request, ItemLine) else ""
    for one, other in (*WORDS["opposites"].items(), *((b, a) for a, b in WORDS["opposites"].items())):
        if re.search(one, line) and re.search(other, told) and not re.search(one, told):
            yield one


def _unanswered(ground: Ground, line: str) -> Iterator[str]:
    if isinstance(ground.request, AnswerLine) and not ground.more:
        lang, text = ground.request.lang, folded(line)
        for _, value in ground.request.asked:
            parts = re.findall(r"\d+(?:\.\d+)?", value) or re.findall(rf"{HAN}{{2}}|{HAN}|[a-z]+", folded(value))
            if value not in ("是", "否", "yes", "no") and not any(part in text for part in parts):
                yield value
        if ground.request.missing and not re.search(rf"{NOT[lang]}|\bnothing\b|\bsilent\b", text):
            yield ", ".join(ground.request.missing)


def _sides(ground: Ground, line: str) -> Iterator[str]:
    """Numbers in a clause that names one of two items which belong to the other one only."""
    if not isinstance(ground.request, CompareLine) or ground.more:
        return
    for clause in re.split(r"[，；。;.](?!\d)|, | and ", line):
        about = [_mentions(clause, item, ground.request) for item in (ground.request.one, ground.request.two)]
        for _, *values, apart in ground.request.points:
            numbers = [set(re.findall(r"\d+(?:\.\d+)?", value)) for value in values]
            for own, other in ((0, 1), (1, 0)) if about[0] != about[1] else ():
                only = numbers[other] - numbers[own] - set(re.findall(r"\d+(?:\.\d+)?", apart))
                if about[own] and only & set(re.findall(r"\d+(?:\.\d+)?", clause.replace(values[own], ""))):
                    yield clause.strip()


def _mentions(clause: str, item: Item, request: CompareLine) -> bool:
    """Whether a clause names an item by words that only its title has, or by its place."""
    other = request.two if item is request.one else request.one
    places = r"第一|前者|\bfirst\b|\bformer\b" if item is request.one else r"第二|后者|\bsecond\b|\blatter\b"
    own = re.findall(rf"{HAN}{{2}}|[A-Za-z]{{3,}}", item.title)
    return bool(re.search(places, clause)) or any(word in clause and word not in other.title for word in own)


CHECKS: dict[str, Check] = {
    "number": _numbers, "free": _free, "title": _titles, "brand": _brands, "name": _unknown,
    "colour": _listed("colours"), "material": _listed("materials"), "audience": _listed("audiences"),
    "superlative": _claims("superlatives"), "health": _claims("health"),
    "negation": _negations, "language": _language, "form": _form, "manner": _manner,
    "act": _acts, "direction": _direction, "unanswered": _unanswered, "side": _sides,
}  # fmt: skip


def _flat(text: str) -> str:
    return re.sub(r"[\W_]+", "", folded(text))


def _is_named(name: str, line: str, least: int) -> bool:
    """Whether a catalogue's name stands in a line: Latin ones as they are written, short ones only in quotes."""
    if name not in line:
        return False
    if re.search(HAN, name):
        starts = "" if len(name) > 2 else r"(?<![^\W的是由自和跟像])"
        return len(name) >= least and bool(re.search(starts + re.escape(name), line))
    return len(name) > least and bool(re.search(rf"(?<!^)(?<![.!?] )(?<!\w){re.escape(name)}(?!\w)", line))


def _values(item: Item) -> Iterator[str]:
    yield from item.tags
    for value in item.attributes.values():
        yield from (value,) if isinstance(value, str) else value if isinstance(value, Sequence) else ()


def _yen(said: Quantity) -> str:
    """¥ stands for two currencies."""
    return "money JPY" if said.text.startswith("¥") else said.dimension


def _counts(ground: Ground, dimension: str) -> bool:
    """Whether anything in the ground names what a dimension counts; an age needs no word (my son, 10)."""
    return dimension == "age" or any(
        spelling in ground.all for listed in WORDS["units"].get(dimension, {}).values() for spelling in listed.split()
    )


def _is_part_of_sum(said: Quantity, line: str, known: Sequence[Quantity]) -> bool:
    """Whether it is a piece of a number that stands side by side with another (1 小时 30 分钟 of 90 分钟)."""
    whole = [
        q for q in quantities(line) if q.text != said.text and said.text in q.text and q.dimension == said.dimension
    ]
    return any(
        abs(q.value - one.value) < 1e-3 * q.value for q in whole for one in known if one.dimension == q.dimension
    )
