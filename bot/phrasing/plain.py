"""Plain sentences made from the facts: the floor below the language model, true by construction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

from bot.phrasing.facts import price
from bot.phrasing.requests import ItemLine, LineRequest, OpeningLine
from errors import Lang
from retrieval.items import Item

CLOSING = "”’」』》）"
SENTENCE_END = re.compile(
    rf"(?<=[。！？])(?![{CLOSING}])|(?<=[。！？][{CLOSING}])"
    r"|(?<=[.!?])(?<!\b[A-Z]\.)(?<!\b[A-Z][a-z]\.)\s+(?=[A-Z“\"])"
)
"""Where a sentence ends; not after initials and titles of address (J. K., Dr., St.)."""
SENTENCE_LIMIT: dict[Lang, int] = {"zh": 140, "en": 320}
"""Most characters of a description's first sentence that are said."""

OPENINGS: dict[tuple[str, Lang], tuple[str, ...]] = {
    ("recommend", "zh"): ("按你说的，先看看这几样。", "这几样和你说的比较合。", "照你的意思挑了这些。"),
    ("recommend", "en"): (
        "Going by what you said, here are a few.",
        "These come close to what you described.",
        "A few that match what you told me.",
    ),
    ("refine", "zh"): ("按新的要求重新挑了一遍。", "条件记下了，看看这些。", "照你补充的，换成了这几样。"),
    ("refine", "en"): (
        "Narrowed down to what you just added.",
        "Noted; these keep to it.",
        "Here is the list again with that in mind.",
    ),
    ("reject", "zh"): (
        "好，这类不再出现，换成这些。",
        "记下了，避开你不要的。",
        "不要的去掉了，看看这几样。",
    ),
    ("reject", "en"): (
        "Left those out; here is what remains.",
        "Understood, none of those. These instead.",
        "Those are gone from the list; see these.",
    ),
    ("more", "zh"): ("换一批，都是没看过的。", "再来几样新的。", "这几样前面没出现过。"),
    ("more", "en"): (
        "Another set, none shown before.",
        "A few more you have not seen.",
        "Here is a fresh handful.",
    ),
    ("shift", "zh"): ("那换个方向，看看这些。", "好，转到这边来。", "换到你刚说的这类。"),
    ("shift", "en"): (
        "Over to this, then.",
        "Changing direction; see these.",
        "Turning to what you just asked for.",
    ),
    ("liked", "zh"): (
        "照着你喜欢的，再找了几样相近的。",
        "顺着你点赞的挑了这些。",
        "你喜欢的那类，还有这几样。",
    ),
    ("liked", "en"): (
        "Following what you liked, these are close to it.",
        "A few in the vein of what you liked.",
        "More along the lines of the one you liked.",
    ),
    ("anything", "zh"): (
        "先从几个不同的方向看起。",
        "随便看看也好，这几样各不相同。",
        "挑了几样不一样的，看哪个合眼缘。",
    ),
    ("anything", "en"): (
        "A few different directions to start from.",
        "Here is a mixed handful; see which one speaks to you.",
        "No hurry: these are all quite different.",
    ),
    ("greeting", "zh"): ("你好，说说你喜欢什么，或者先看看这些。", "你好，想看点什么？用一句话告诉我就行。"),
    ("greeting", "en"): (
        "Hello. Tell me what you like, or start from these.",
        "Hello. One sentence about what you fancy is enough.",
    ),
    ("thanks", "zh"): ("不客气，想到别的随时说。", "不用谢，还想看什么就告诉我。"),
    ("thanks", "en"): (
        "You're welcome; say so when something else comes to mind.",
        "Any time. I am here if you want more.",
    ),
}
UNMET: dict[Lang, tuple[str, ...]] = {
    "zh": ("没有找到{unmet}，这几样算是相近的。", "{unmet}这里暂时没有，先看相近的。"),
    "en": (
        "Nothing here for {unmet}; these come nearest.",
        "I could not find {unmet}, so here is what is close.",
    ),
}
EMPTY: dict[Lang, tuple[str, ...]] = {
    "zh": ("{unmet}的这里没有{nearest}。放宽一点，我再找。",),
    "en": ("Nothing here fits {unmet}{nearest}. Loosen it a little and I will look again.",),
}
NOTHING_LEFT: dict[Lang, tuple[str, ...]] = {
    "zh": ("这一类能看的都看过了，换个说法或换个方向试试。", "没有更多没看过的了，要不要说点别的？"),
    "en": (
        "That is all there is of this kind; try another direction.",
        "Nothing new is left here. Something else, perhaps?",
    ),
}


def plain(request: LineRequest, *, empty: bool = False, nearest: str = "") -> str:
    """A plain sentence for a request; the same request gives the same sentence."""
    if isinstance(request, ItemLine):
        return item_sentence(request)
    return opening_sentence(request, empty=empty, nearest=nearest)


def opening_sentence(request: OpeningLine, *, empty: bool, nearest: str) -> str:
    """The opening. `empty`: there is no card at all; `nearest`: how near the catalogue comes, if a limit is why."""
    lang = request.lang
    key = request.intent + request.wish
    names = _joined(request.unmet, lang)
    if empty and request.intent not in ("greeting", "thanks"):
        if not names:
            return _choose(NOTHING_LEFT[lang], key)
        joined = (f"，{nearest}" if lang == "zh" else f"; {nearest}") if nearest else ""
        return _choose(EMPTY[lang], key).format(unmet=names, nearest=joined)
    if names:
        return _choose(UNMET[lang], key).format(unmet=names)
    return _choose(OPENINGS.get((request.intent, lang), OPENINGS["recommend", lang]), key)


def item_sentence(request: ItemLine) -> str:
    """One true sentence on an item: what it is by its description, then what it costs if it is for sale."""
    item, lang = request.item, request.lang
    said = _first_sentence(item.description, lang) or _closed(_what(item, lang), lang)
    cost = price(item, lang)
    if not cost or cost in said:
        return said
    if said[-1] not in "。.":
        return f"{said}{cost}。" if lang == "zh" else f"{said} {cost[:1].upper()}{cost[1:]}."
    return f"{said[:-1]}，{cost}。" if lang == "zh" else f"{said[:-1]}; {cost}."


def _what(item: Item, lang: Lang) -> str:
    """What kind of thing it is and by whom."""
    what = item.category or item.domain
    if lang == "zh":
        return f"{item.brand}的{what}" if item.brand else what
    what = what[:1].upper() + what[1:]
    return f"{what} by {item.brand}" if item.brand else what


def _first_sentence(description: str, lang: Lang) -> str:
    """The description's first sentence; one that is too long is cut after a clause or a word."""
    flat = " ".join(description.split())
    said = next((part.strip() for part in SENTENCE_END.split(flat) if part.strip()), "")
    if len(said) <= SENTENCE_LIMIT[lang]:
        return _closed(said, lang) if said else ""
    head = said[: SENTENCE_LIMIT[lang]]
    end = max(head.rfind(mark) for mark in "，；,; ")
    return (head[:end] if end > 0 else head) + "…"


def _closed(text: str, lang: Lang) -> str:
    """The text with a full stop, if it has no end of its own."""
    if text.rstrip(CLOSING)[-1:] in "。！？….!?":
        return text
    return text + ("。" if lang == "zh" else ".")


def _choose(options: Sequence[str], key: str) -> str:
    return options[crc32(key.encode()) % len(options)]


def _joined(words: Sequence[str], lang: Lang) -> str:
    if lang == "zh":
        return "、".join(f"“{word}”" for word in words)
    return ", ".join(f"“{word}”" for word in words)
