"""What a question asks of an item: its price, who made it, what it tells of, any attribute that the catalogue has."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from bot.understanding.attributes import NumericField, read_data
from bot.understanding.cues import lowered, pattern
from retrieval.catalogue import Catalogue
from retrieval.segment import simplified

QUESTION = re.compile(
    r"[?？]|[吗么嘛呢]\s*(?:$|[，,。.!！])|多少|几[个页集周分小岁人点月种]|什么|哪"
    r"|怎么|如何|谁|是不是|有没有|能不能|可不可以|([\u4e00-\u9fff])不\1"
    r"|多[长久大重远]|介绍|讲讲|说说"
    r"|\b(?:what|which|how|who|whose|when|where|why)\b|(?:^|[,.;!]\s*)(?:so |and "
    r"|but |ok |okay |hmm )?(?:is|are|does|do|can|could|was|were|has|have|did)\b"
    r"|\btell me\b|\bdescribe\b|\bmore (?:about|details|info)\b"
)
GENERAL = re.compile(
    r"怎么样|如何|好看吗|好听吗|好吃吗|好用吗|好玩吗|好不好|好吗|行吗|值得|值不值|推荐吗|有意思吗|靠谱吗|合适吗|怎样|"
    r"\bany good\b|\bworth\b|\bwhat about\b|\bhow about\b|\bhow is\b|\bhow's\b"
    r"|\bwhat's .{1,40} like\b|\bwhat is .{1,40} like\b|\bis (?:it|that|this) good\b"
    r"|\btell me (?:more )?about\b|\bmore about\b|\bthoughts on\b|\bwhat do you think\b|介绍|讲讲|说说"
)
WHAT_ABOUT = re.compile(r"\bwhat(?:'s| is| are|’s)\b.{0,60}\babout\b")
OF_IT = re.compile(
    r"^\W*(?:那|那么|请问|而且|还有|and|so|but|ok|hmm)?\W*(?:(?:是|有|能|会|可以"
    r"|需要|要|带|含|包|适合|支持)[^，。,]{1,14}(?:吗|么|嘛|不)|"
    r"(?:is|are|was|were|does|do|did|can|could|has|have|will) (?:it|they|this|that|these|those|the)\b)"
)
"""A yes/no question without a subject, or with a pronoun for it."""


class Asked:
    """The words for the fields that a catalogue has."""

    def __init__(self, catalogue: Catalogue, numbers: Sequence[NumericField], others: Collection[str] = ()) -> None:
        """`others`: words that mean something else here (an attribute may be called "film")."""
        self._fields: dict[str, list[str]] = {}
        names = dict.fromkeys(
            name for item in catalogue.items for name in (*item.attributes, *_translated(item.i18n)) if name
        )
        groups = read_data("asked.json")
        for group in groups:
            for field in [group["field"]] if group["field"] else [f"attributes.{n}" for n in names if _is(n, group)]:
                for word in group["words"]:
                    self._add(word, field)
        own = {field.field: field.words for field in numbers if field.field.startswith("attributes.")}
        for name in names:
            for word in {name.lower().replace("_", " "), *(w for w in own.get(f"attributes.{name}", ()) if len(w) > 3)}:
                if word not in others:
                    self._add(word, f"attributes.{name}")
        self._words = pattern(self._fields)

    def _add(self, word: str, field: str) -> None:
        of = self._fields.setdefault(word, [])
        if field not in of:
            of.append(field)

    def find(self, text: str) -> list[tuple[int, int, tuple[str, ...]]]:
        """(start, end, fields) of the words in a text that ask for a field; which of several, the item decides."""
        plain = lowered(simplified(text))
        found = [(m.start(), m.end(), tuple(self._fields[m.group()])) for m in self._words.finditer(plain)]
        if not found and (about := WHAT_ABOUT.search(plain)):
            found.append((*about.span(), ("description",)))
        return found


def _translated(i18n: object) -> list[str]:
    """Attribute names that only a translation has."""
    found: list[str] = []
    if isinstance(i18n, dict):
        for words in i18n.values():
            found += words.get("attributes", {})
    return found


def _is(name: str, group: dict[str, list[str]]) -> bool:
    """Whether an attribute's name, whole or in one of its words, is one of the group's."""
    folded = name.lower()
    return folded in group["names"] or bool(set(folded.split("_")) & set(group["names"]))
