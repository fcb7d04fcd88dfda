"""One message in, one `Turn` out. Rules and the catalogue's vocabulary only; no model is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from bot.understanding.cues import lowered
from bot.understanding.knowledge import Knowledge
from bot.understanding.language import language
from bot.understanding.reading import Reading
from bot.understanding.references import number_of
from bot.understanding.turn import Context, Intent, Turn
from bot.understanding.vocabulary import Vocabulary
from errors import Lang
from retrieval.segment import simplified

NOTHING_BEFORE = Context()
LEFT_OPEN = re.compile(
    r"^\W*(?:都行|都可以|都好|随便|随意|无所谓|都成|你定|哪个都行|不在乎|不重要|不限|没要求|没有要求|没关系|不挑|都喜欢"
    r"|whatever|anything|any|either|no preference|(?:i )?don't (?:mind|care)|(?:it )?doesn't matter|both(?: are fine)?"
    r"|all of them|any is fine|up to you|either is fine)[了吧啊呀的]?\W*$"
)
"""An answer that leaves the bot's question open."""
CHOICE = re.compile(
    r"^\W*(?:就|选|我选|我要|要|the )?"
    r"(?:第([一二三四五1-5])个?|(first|second|third|fourth|last)(?: one)?|最后一?个?)(?:吧|please)?\W*$"
)
"""An answer that picks one of those offered."""


@dataclass(frozen=True)
class Understander:
    """Understands messages against one catalogue's vocabulary. Read-only; one serves all sessions."""

    vocabulary: Vocabulary

    def __post_init__(self) -> None:
        """Builds what the first message would otherwise wait for, by understanding one."""
        self.understand("喜欢科幻，300元以内的；I like it", "zh")

    @cached_property
    def knowledge(self) -> Knowledge:
        """What the catalogue teaches about messages."""
        return Knowledge(self.vocabulary)

    def understand(self, text: str, default_lang: Lang, context: Context = NOTHING_BEFORE) -> Turn:
        """The message as data. `default_lang`: for a text that is in neither language.

        `context`: what it may refer to; an answer to the question in it is read as one.
        """
        if context.question is not None:
            if LEFT_OPEN.match(lowered(simplified(text))):
                lifted = frozenset({context.question.field} if context.question.field else ())
                return Turn(text, language(text, default_lang), Intent.ANYTHING, lifted=lifted)
            if answer := _chosen(text, context.question.answers):
                turn = self.understand(answer, default_lang, replace(context, question=None))
                return replace(turn, text=text, lang=language(text, default_lang))
        return Reading(self.knowledge, text, context).turn(default_lang)


def _chosen(text: str, answers: tuple[str, ...]) -> str:
    """The answer to the bot's question that an ordinal picks; empty if the text is none."""
    match = CHOICE.match(lowered(simplified(text)))
    if match is None or not answers:
        return ""
    number = number_of(match[1] or match[2] or "") or len(answers)
    return answers[number - 1] if number <= len(answers) else ""
