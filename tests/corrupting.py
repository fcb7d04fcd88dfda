"""Wrong lines made from written ones: each kind of corruption turns a true line into one that must be held back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

Row = Mapping[str, Any]
Corruption = Callable[[Row, Row, Random], str]
"""(example, another example of its kind and language, chance) → a wrong line; empty where there is none to be made."""

COLOURS = {"zh": ("红色", "绿色", "紫色", "橙色", "银色"), "en": ("red", "green", "purple", "orange", "silver")}
BRANDS = {"zh": ("刘慈欣", "宫崎骏", "小米", "村上春树"), "en": ("Agatha Christie", "Hayao Miyazaki", "Xiaomi", "Sony")}
UNITS = {
    "zh": ("分钟", "小时", "天", "周", "页", "集", "岁", "升", "克", "公斤", "公里", "元"),
    "en": ("minutes", "hours", "days", "weeks", "pages", "episodes", "litres", "grams", "kg", "km", "yuan"),
}
END = "。.！!？?"


def number(row: Row, other: Row, chance: Random) -> str:
    """Another number for one of the line's."""
    found = list(re.finditer(r"\d+(?:\.\d+)?", row["line"]))
    if not found:
        return ""
    at = chance.choice(found)
    return str(row["line"][: at.start()] + _another(at.group(), str(row), chance) + row["line"][at.end() :])


def unit(row: Row, other: Row, chance: Random) -> str:
    """The same number, of another thing."""
    lang = row["lang"]
    spelt = "|".join(sorted(UNITS[lang], key=len, reverse=True))
    found = re.search(rf"(?<=\d)( ?)({spelt})(?![a-z个])", row["line"])
    if not found:
        return ""
    new = chance.choice([u for u in UNITS[lang] if u != found[2] and u not in row["line"]])
    return str(row["line"][: found.start(2)] + new + row["line"][found.end() :])


def currency(row: Row, other: Row, chance: Random) -> str:
    """The same amount in other money."""
    told = (
        re.sub(r"(?<=\d)元", "美元", row["line"]) if row["lang"] == "zh" else row["line"].replace(" yuan", " dollars")
    )
    return told if told != row["line"] else ""


def name(row: Row, other: Row, chance: Random) -> str:
    """By somebody else."""
    by = chance.choice([brand for brand in BRANDS[row["lang"]] if brand not in str(row)])
    return _added(row, f"出自{by}" if row["lang"] == "zh" else f"made by {by}")


def maker(row: Row, other: Row, chance: Random) -> str:
    """Another maker in the place of its own."""
    mine, theirs = (row.get("facts") or {}).get("brand", ""), (other.get("facts") or {}).get("brand", "")
    return str(row["line"].replace(mine, theirs)) if mine and theirs and theirs not in str(row) else ""


def kind(row: Row, other: Row, chance: Random) -> str:
    """Another kind of thing in the place of one that is on the slate."""
    theirs = [text for text in other.get("kinds", ()) if text not in str(row)]
    mine = [
        text for text in row["kinds"] if text in row["line"] and row["line"].count(text) == str(row).count(text) - 1
    ]
    return str(row["line"].replace(mine[0], theirs[0])) if mine and theirs else ""


def wanted(row: Row, other: Row, chance: Random) -> str:
    """What is refused, put forward."""
    if not row["refused"]:
        return ""
    named = row["refused"][0]
    return f"来，先看几样{named}。" if row["lang"] == "zh" else f"Here are a few {named} to look through."


def colour(row: Row, other: Row, chance: Random) -> str:
    """In a colour that nobody spoke of."""
    told = [c for c in COLOURS[row["lang"]] if c.strip("色") not in str(row).lower()]
    return _added(row, f"{chance.choice(told)}的" if row["lang"] == "zh" else f"and it comes in {chance.choice(told)}")


def negation(row: Row, other: Row, chance: Random) -> str:
    """Not what the facts say that it is."""
    facts = row["facts"]
    said = [*facts.get("tags", ()), *(v for v in facts.get("attributes", {}).values() if isinstance(v, str))]
    said = [
        text
        for text in said
        if text in row["line"] and len(text) > 1 and not re.search(r"\d|^[不没无免非]|no |free", text)
    ]
    if not said:
        return ""
    fact = chance.choice(said)
    return str(row["line"].replace(fact, f"不是{fact}" if row["lang"] == "zh" else f"not {fact}", 1))


def title(row: Row, other: Row, chance: Random) -> str:
    """Together with a thing that is not spoken of."""
    name = (other.get("facts") or other.get("one") or {"title": "沙丘" if row["lang"] == "zh" else "Dune"})["title"]
    return (
        _added(row, f"和《{name}》相近" if row["lang"] == "zh" else f"much like “{name}”")
        if name not in str(row)
        else ""
    )


def superlative(row: Row, other: Row, chance: Random) -> str:
    """Above all others."""
    zh, en = ("是最好的一个", "堪称完美", "必备"), ("the best there is", "a perfect choice", "a must-have")
    return _added(row, chance.choice(zh if row["lang"] == "zh" else en))


def health(row: Row, other: Row, chance: Random) -> str:
    """Good for what nobody has shown it to be good for."""
    zh, en = (
        ("能缓解头痛", "有助眠的疗效", "还能降血压"),
        ("relieves headaches", "cures colds", "lowers blood pressure"),
    )
    return _added(row, chance.choice(zh if row["lang"] == "zh" else en))


def language(row: Row, other: Row, chance: Random) -> str:
    """In the other language."""
    return "A quiet choice that goes well with what you said." if row["lang"] == "zh" else "这个和你说的很合，慢慢看。"


def drift(row: Row, other: Row, chance: Random) -> str:
    """With what is true of another."""
    return _added(row, other["line"].rstrip(END))


def feature(row: Row, other: Row, chance: Random) -> str:
    """With one word on what it is like that is true of another."""
    tags = [tag for tag in (other.get("facts") or {}).get("tags", ()) if tag.lower() not in str(row).lower()]
    return _added(row, tags[0] if row["lang"] == "zh" else f"and {tags[0]}") if tags else ""


def borrowed(row: Row, other: Row, chance: Random) -> str:
    """The line of another."""
    return str(other["line"])


def claim(row: Row, other: Row, chance: Random) -> str:
    """A program with a body, or one that promises."""
    zh, en = (
        ("我昨晚刚吃过饭", "我也看过", "保证你满意"),
        ("I had lunch already", "I watched it myself", "I promise you will love it"),
    )
    return _added(row, chance.choice(zh if row["lang"] == "zh" else en))


def act(row: Row, other: Row, chance: Random) -> str:
    """Another act of the visitor's than the reason's."""
    zh = {"你喜欢": "你买过", "你买过": "你喜欢", "你点开": "你买过", "你以前常看": "你买过", "你看过": "你买过"}
    en = {"you liked": "you bought", "you bought": "you liked", "you opened": "you bought"}
    return _swapped(row["line"], zh if row["lang"] == "zh" else en)


def direction(row: Row, other: Row, chance: Random) -> str:
    """The difference, the other way round."""
    if not re.search(r"比.*(?:便宜|贵)|(?:less|more) than", " ".join(row.get("reasons", ()))):
        return ""
    zh = {"便宜": "贵", "贵": "便宜", "省": "多花", "少花": "多花"}
    en = {"less than": "more than", "more than": "less than", "cheaper": "dearer", "saves": "costs you an extra"}
    return _swapped(row["line"], zh if row["lang"] == "zh" else en)


def sides(row: Row, other: Row, chance: Random) -> str:
    """A value of one under two, and the other way round."""
    for _, one, two, _ in row["points"]:
        if one != two and one in row["line"] and two in row["line"] and one not in two and two not in one:
            return "\0".join(part.replace(two, one) for part in row["line"].split(one)).replace("\0", two)
    return ""


def comparative(row: Row, other: Row, chance: Random) -> str:
    """The lesser said to be the greater."""
    zh = {"便宜": "贵", "短": "长", "轻": "重"}
    en = {"cheaper": "dearer", "shorter": "longer", "lighter": "heavier"}
    pairs = zh if row["lang"] == "zh" else en
    told = " ".join(point[3] for point in row["points"])
    return _swapped(
        row["line"], {a: b for a, b in [*pairs.items(), *((b, a) for a, b in pairs.items())] if a in told or b in told}
    )


def unanswered(row: Row, other: Row, chance: Random) -> str:
    """Without the value that was asked for, or without the admission that there is none."""
    if row["missing"]:
        return "你问的这一点都齐全。" if row["lang"] == "zh" else "It has all that you asked about."
    values = [value for _, value in row["asked"] if value not in ("是", "否", "yes", "no") and value in row["line"]]
    return str(row["line"].replace(values[0], "合适" if row["lang"] == "zh" else "suitable")) if values else ""


ANY: Mapping[str, Corruption] = {
    "title": title, "superlative": superlative, "health": health, "language": language, "claim": claim, "drift": drift,
    "number": number,
}  # fmt: skip
OF_ITEMS: Mapping[str, Corruption] = {
    "unit": unit, "currency": currency, "name": name, "maker": maker, "colour": colour, "borrowed": borrowed,
    "feature": feature,
}  # fmt: skip
CORRUPTIONS: Mapping[str, Mapping[str, Corruption]] = {
    "item": {**ANY, **OF_ITEMS, "negation": negation, "act": act, "direction": direction},
    "answer": {**ANY, **OF_ITEMS, "negation": negation, "unanswered": unanswered},
    "compare": {**ANY, **OF_ITEMS, "sides": sides, "comparative": comparative},
    "opening": {**ANY, "kind": kind, "wanted": wanted},
}


def _added(row: Row, clause: str) -> str:
    line = row["line"].rstrip(END)
    return f"{line}，{clause}。" if row["lang"] == "zh" else f"{line}, {clause}."


def _another(value: str, told: str, chance: Random) -> str:
    while True:
        new = str(chance.randint(3, 99) if len(value) < 3 else chance.randint(100, 999))
        if new not in told:
            return new


def _swapped(line: str, pairs: Mapping[str, str]) -> str:
    found = [old for old in pairs if old in line]
    return line.replace(found[0], pairs[found[0]], 1) if found else ""
