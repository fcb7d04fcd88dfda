"""One message in, one `Turn` out. Rules and the catalogue's vocabulary only; no model is asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from bot.understanding import cues
from bot.understanding.asked import Asked
from bot.understanding.attributes import NumericField, numeric_fields
from bot.understanding.concepts import Concepts
from bot.understanding.cues import blanked, filled, lowered
from bot.understanding.facet_limits import facet_limits
from bot.understanding.intents import COURTESY, Heard, decide
from bot.understanding.language import language
from bot.understanding.limits import lifted_spans, limits, relative
from bot.understanding.mentions import LIKE_IT, Mention, Mentions
from bot.understanding.polarity import (
    LIKED,
    LOVED,
    MILD,
    REFUSED,
    Stance,
    cue_events,
    cue_spans,
    sentiment_at,
    stances,
    strong_spans,
)
from bot.understanding.references import references
from bot.understanding.shown import Shown
from bot.understanding.terms import SIGN, Marked, TermReader
from bot.understanding.turn import Constraint, Context, Facet, Intent, Reference, Turn
from bot.understanding.vocabulary import Vocabulary
from errors import Lang
from retrieval.segment import Token, simplified

NOTHING_BEFORE = Context()
WISHING_NOTHING = frozenset({Intent.ABOUT, Intent.COMPARE, Intent.OUT_OF_SCOPE, Intent.CARE})
"""What these ask, or tell, is no wish."""
MOST_MEANT = 30
"""Items that one reference to a creator stands for."""
EXCEPT = re.compile(r"(?:除了|besides|other than|apart from)\s*[《“\"]?$")
LIKE_THE_SHOWN = re.compile(r"\s*(?:类似|差不多|这样|那样|这种|那种|同类|一样|风格|的?同款)")
LIKE_ANYWHERE = re.compile(
    r"类似|差不多|这样的|那样的|这种|那种|同类|similar|\blike\b|\balike\b|\bsame (?:style|kind)\b"
)
SOMETHING_ALIKE = re.compile(
    r"类似的|差不多的|同类的|(?:any|some|others?|ones?|more|something"
    r"|anything)(?:thing)? similar\b|similar ones?\b|(?:more|others?) like (?:it"
    r"|this|that)\b"
)
DENYING = re.compile(r"[不无非没别]|no[nt]?\b")
PRAISED_NEXT = re.compile(
    r"[，,。.；;！!\s]+(?:我)?(?:两个|这些)?都?(?:很|挺|特别|非常|超)?(?:喜欢|爱看"
    r"|不错|好看|好听)|[,.;!\s]+(?:i )?(?:really )?(?:liked|loved|enjoyed) (?:it"
    r"|them|both)\b"
)
NONE_OF = re.compile(r"(?:none|neither)\b")
LEFT_OPEN = re.compile(
    r"^\W*(?:都行|都可以|都好|随便|随意|无所谓|都成|你定|哪个都行|whatever|anything"
    r"|any|either|no preference|i don't mind|don't mind|"
    r"don't care|i don't care|doesn't matter|it doesn't matter|both(?: are fine)?"
    r"|all of them|any is fine|up to you|either is fine|"
    r"不在乎|不重要|不限|没要求|没有要求|没关系|不挑|都喜欢)[了吧啊呀的]?\W*$"
)
CHOICE = re.compile(
    r"^\W*(?:就|选|我选|我要|要|the )?(?:第([一二三四五1-5])个?|(first|second|third"
    r"|fourth|last)(?: one)?|(最后一?个?))(?:吧|please)?\W*$"
)
CHOSEN = {c: i for i, c in enumerate("一二三四五")} | {str(n): n - 1 for n in range(1, 6)} | {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1,
}  # fmt: skip


@dataclass(frozen=True)
class Understander:
    """Understands messages against one catalogue's vocabulary. Read-only; one serves all sessions."""

    vocabulary: Vocabulary

    @cached_property
    def numbers(self) -> tuple[NumericField, ...]:
        """What numbers the catalogue's items have."""
        return numeric_fields(self.vocabulary.catalogue)

    @cached_property
    def concepts(self) -> Concepts:
        """What the catalogue has of audiences, levels, seasons and colours."""
        return Concepts(self.vocabulary.catalogue)

    @cached_property
    def asked(self) -> Asked:
        """The words that ask for the catalogue's fields."""
        return Asked(self.vocabulary.catalogue, self.numbers, self.vocabulary.domain_names)

    @cached_property
    def mentions(self) -> Mentions:
        """Finds titles and creators."""
        return Mentions(self.vocabulary)

    def __post_init__(self) -> None:
        """Builds what the first message would otherwise wait for, by understanding one."""
        self.understand("喜欢科幻，300元以内的；I like it", "zh")

    def understand(self, text: str, default_lang: Lang, context: Context = NOTHING_BEFORE) -> Turn:
        """The message as data. `default_lang`: for a text that is in neither language.

        `context`: what it may refer to; an answer to the question in it is read as one.
        """
        if context.question is not None:
            if LEFT_OPEN.match(lowered(text)):
                lifted = frozenset({context.question.field} if context.question.field else ())
                return Turn(text, language(text, default_lang), Intent.ANYTHING, lifted=lifted)
            if answer := _chosen(text, context):
                turn = self.understand(answer, default_lang, replace(context, question=None))
                return replace(turn, text=text, lang=language(text, default_lang))
        return _Reading(self, text, context).turn(default_lang)


def _chosen(text: str, context: Context) -> str:
    """The answer to the bot's question that an ordinal picks; empty if the text is none."""
    match = CHOICE.match(lowered(simplified(text)))
    answers = context.question.answers if context.question is not None else ()
    if match is None or not answers:
        return ""
    place = CHOSEN.get(match[1] or match[2] or "", -1)
    return answers[place] if -1 <= place < len(answers) else ""


class _Reading:
    """One message being read; what has been read is blanked, so that no character is read twice."""

    def __init__(self, understander: Understander, text: str, context: Context) -> None:
        self.of = understander
        self.vocabulary = understander.vocabulary
        self.text = text
        self.context = context
        self.plain = lowered(simplified(text))
        self.tokens = self.vocabulary.segmenter.tokens(text)

    def turn(self, default_lang: Lang) -> Turn:
        """The whole of it, in the order in which one reading leaves room for the next."""
        mentions = self.of.mentions.find(self.text, self.tokens)
        named = [(m.start, m.end) for m in mentions]
        unnamed = blanked(self.plain, named)
        shown = references(unnamed, Shown(self.context, self.vocabulary, self.of.concepts))
        lifted = lifted_spans(unnamed, self.of.numbers)
        pointed = blanked(unnamed, [(r.start, r.end) for r in shown])
        said_limits = self._limits(unnamed, pointed, [(s, e) for _, s, e in lifted], shown)
        taken = [(c.start, c.end) for c in said_limits] + [(s, e) for _, s, e in lifted]
        constraints = tuple({(c.field, c.op, c.value): c for c in reversed(said_limits)}.values())[::-1]
        masked = filled(self.plain, self._signs(taken, named, shown), SIGN)
        events = cue_events(masked)
        found, strong = stances(masked, events), strong_spans(masked)
        courtesies = {kind: cues.find(f"intent.{kind}", masked) for kind in COURTESY}
        bare = blanked(blanked(pointed, taken), [(c.start, c.end) for of in courtesies.values() for c in of])
        bare = blanked(bare, [*cue_spans(events), *((c.start, c.end) for c in cues.find("filler", self.plain))])
        words = list(self.vocabulary.words(self._free(bare)))
        domains = self._domains(words)
        phrases = [(t.start, t.end) for t, facets in words if any(f.field == "category" for f in facets)]
        meant = self.of.concepts.find(bare, domains, phrases)
        free = self._free(blanked(bare, [(m.start, m.end) for m in meant]))
        reader = TermReader(self.vocabulary, self.of.concepts)
        spoken = [m for m in mentions if self._role(m) == "this"]
        terms = reader.terms(Marked(self.text, masked), free, spoken, meant, found, strong)
        asking = self.of.asked.find(bare)
        terms = [t for t in terms if t.facets or not any(a < t.end and t.start < b for a, b, _ in asking)]
        wished = [term for term in terms if term.sentiment >= MILD]
        refused = [(s.start, s.end) for s in found if s.sentiment == REFUSED]
        wishes = reader.wishes(self.text, wished, refused)
        about = tuple(dict.fromkeys(w.domain for w in wishes if w.domain)) or domains
        constraints += facet_limits(self.text, wished, about, self.vocabulary, self.of.concepts)
        refusals = tuple(term for term in terms if term.sentiment == REFUSED)
        pointed_at = self._references(mentions, shown, masked, found, strong)
        said = {kind for kind, of in courtesies.items() if of}
        less = tuple(term for term in terms if REFUSED < term.sentiment < 0)
        rest = blanked(blanked(pointed, taken), named)
        heard = Heard(
            text=self.plain,
            plain=masked,
            rest=rest,
            context=self.context,
            wishes=wishes,
            refusals=refusals,
            constraints=constraints,
            lifted={field for field, _, _ in lifted},
            references=pointed_at,
            said=said,
            less=bool(less),
        )
        verdict = decide(heard, self.of.asked)
        if verdict.intent in WISHING_NOTHING:
            wishes, constraints = (), ()
        return Turn(
            text=self.text,
            lang=language(self.text, default_lang),
            intent=verdict.intent,
            wishes=wishes,
            refusals=refusals,
            constraints=tuple(constraints),
            lifted=frozenset(field for field, _, _ in lifted),
            additive=cues.says("also", masked),
            keywords=tuple(term.text for term in wished) if wishes else (),
            sentiment=_mean([term.sentiment for term in (*wished, *refusals)] or [r.sentiment for r in pointed_at]),
            references=pointed_at,
            asked=verdict.asked,
            less=less,
            certain=verdict.certain,
        )

    def _limits(
        self, text: str, pointed: str, lifted: Sequence[tuple[int, int]], shown: Sequence[Reference]
    ) -> tuple[Constraint, ...]:
        """Numbers and leanings; comparisons with what is referred to, or with the last slate, become numbers."""
        ids = tuple(i for r in shown for i in r.item_ids) or self.context.focus or self.context.slate
        compared = relative(blanked(text, lifted), self._values(ids), self.of.numbers)
        compared = tuple(c for c in compared if not any(r.start <= c.start and c.end <= r.end for r in shown))
        taken = [(c.start, c.end) for c in compared]
        domains = self._domains(self.vocabulary.words(self._free(pointed)))
        plain = limits(blanked(pointed, [*taken, *lifted]), self.of.numbers, domains=domains)
        found = sorted((*compared, *plain), key=lambda c: c.start)
        return tuple(replace(c, text=self.text[c.start : c.end]) for c in found)

    def _values(self, ids: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """For each numeric field, the values of the items with these ids."""
        catalogue = self.vocabulary.catalogue
        places = [catalogue.position[i] for i in ids if i in catalogue.position]
        found: dict[str, list[float]] = {}
        for field in self.of.numbers if places else ():
            values = catalogue.values(field.field)
            known = [] if values is None else [float(values[p]) for p in places if values[p] == values[p]]
            if known:
                found[field.field] = known
        return found

    def _free(self, bare: str) -> list[Token]:
        """The words that nothing has read yet."""
        return [t for t in self.tokens if bare[t.start : t.end] == self.plain[t.start : t.end]]

    def _signs(
        self, taken: Sequence[tuple[int, int]], named: Sequence[tuple[int, int]], shown: Sequence[Reference]
    ) -> list[tuple[int, int]]:
        """What is content but no cue, whatever its characters say: limits, names, pointers, words that deny."""
        return [*taken, *named, *((r.start, r.end) for r in shown), *self._denying_words()]

    def _denying_words(self) -> list[tuple[int, int]]:
        """Where the catalogue's own words deny something (不辣, non-smoking): these refuse nothing."""
        denying = [t for t in self.tokens if DENYING.match(self.plain, t.start)]
        if not denying:
            return []
        words = self.vocabulary.words(self.tokens)
        return [(t.start, t.end) for t, facets in words if facets and DENYING.match(t.norm)]

    def _domains(self, words: Iterable[tuple[Token, tuple[Facet, ...]]]) -> Collection[str]:
        """The domains that the message names; where it names none, the one that the talk is in."""
        said = dict.fromkeys(name for token, facets in words if facets and (name := self.vocabulary.domain(token.norm)))
        return said or ((self.context.domain,) if self.context.domain else ())

    def _role(self, mention: Mention) -> Literal["this", "similar"]:
        """“除了三体还有什么类似的” wants the like of it."""
        besides = EXCEPT.search(self.plain[: mention.start]) and LIKE_ANYWHERE.search(self.plain[mention.end :])
        return "similar" if besides else mention.role

    def _references(
        self,
        mentions: Sequence[Mention],
        shown: Sequence[Reference],
        masked: str,
        found: Sequence[Stance],
        strong: Sequence[tuple[int, int]],
    ) -> tuple[Reference, ...]:
        """What is spoken of, with what is said of it."""
        out = []
        alike = self._alike(shown)
        items = self.vocabulary.catalogue.items
        for mention in mentions:
            ids = tuple(items[p].id for p in mention.positions[:MOST_MEANT])
            text = self.text[mention.start : mention.end]
            out.append(Reference(text, mention.start, mention.end, ids, mention.kind, self._role(mention)))
        for reference in shown:
            like = LIKE_THE_SHOWN.match(self.plain, reference.end) or LIKE_IT.search(self.plain[: reference.start])
            text = self.text[reference.start : reference.end]
            out.append(replace(reference, text=text, role="similar" if like or alike else "this"))
        if alike and not shown and self.context.focus:
            text = self.text[alike[0] : alike[1]]
            out.append(Reference(text, *alike, self.context.focus, "shown", "similar"))
        return tuple(
            replace(r, sentiment=self._felt(r, masked, found, strong)) for r in sorted(out, key=lambda r: r.start)
        )

    def _alike(self, shown: Sequence[Reference]) -> tuple[int, int] | None:
        """“anything similar?”, of the one thing that is spoken of."""
        match = SOMETHING_ALIKE.search(self.plain) if len(shown) < 2 else None
        return match.span() if match else None

    def _felt(
        self, reference: Reference, masked: str, found: Sequence[Stance], strong: Sequence[tuple[int, int]]
    ) -> float:
        """What is said of something: nothing, unless it is refused or praised in its own clause."""
        sentiment = sentiment_at(reference.start, found, strong)
        besides = EXCEPT.search(self.plain[: reference.start])
        if sentiment < LIKED and not (besides and reference.role == "similar"):
            return sentiment
        if NONE_OF.match(lowered(reference.text)):
            return REFUSED
        start, end = _clause(masked, reference.start, reference.end)
        clause = masked[start:end]
        if reference.kind == "shown" and _denies(clause):
            return REFUSED
        praised = (
            PRAISED_NEXT.match(masked, end)
            or cues.says("like", clause)
            or (reference.kind == "shown" and cues.says("choose", clause))
        )
        if reference.role == "similar" or not praised or re.search(r"[?？]|[吗么]\W*$", clause):
            return 0.0
        return LOVED if cues.says("strong", clause) else LIKED


def _denies(clause: str) -> bool:
    """“none of these”, “都不要”: the refusing word stands on either side of what it refuses."""
    return (
        re.search(r"\b(?:none|neither)\b|(?:都|全)?不(?:要|喜欢|想要|行|感兴趣|满意)|没兴趣|难看", clause) is not None
    )


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    marks = "，,。.；;！!？?\n"
    first = max((text.rfind(mark, 0, start) for mark in marks), default=-1) + 1
    ends = [place for mark in marks if (place := text.find(mark, end)) >= 0]
    last = min(ends, default=len(text))
    return first, last + 1 if last < len(text) and text[last] in "?？" else last


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
