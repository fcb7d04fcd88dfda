"""One message being read: what has been read is blanked, so that no character is read twice."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.understanding import cues
from bot.understanding.asked import QUESTION
from bot.understanding.cues import blanked, filled, lowered
from bot.understanding.facet_limits import facet_limits, is_told
from bot.understanding.intents import COURTESY, Heard, decide
from bot.understanding.knowledge import Knowledge
from bot.understanding.language import language
from bot.understanding.limits import lifted_spans, limits, relative
from bot.understanding.mentions import Mention
from bot.understanding.polarity import MILD, REFUSED, cue_events, cue_spans, stances, strong_spans
from bot.understanding.references import references
from bot.understanding.shown import Shown
from bot.understanding.spoken import Spoken, role_of
from bot.understanding.terms import SIGN, Marked, home, only
from bot.understanding.turn import Constraint, Context, Facet, Intent, Reference, Term, Turn, Wish
from errors import Lang
from retrieval.segment import Token, simplified

Span = tuple[int, int]

WISHING_NOTHING = frozenset({Intent.ABOUT, Intent.COMPARE, Intent.OUT_OF_SCOPE, Intent.CARE})
"""What these ask, or tell, is no wish."""
COURTESIES = frozenset({Intent.MORE, Intent.ANYTHING, Intent.THANKS})
EVERYWHERE = frozenset({"price", "year"})
"""Fields that say nothing of what kind of thing is meant."""
ONLY = re.compile(r"\b(?:just|only) the\b|(?:先|就|只)(?:看|说|聊|挑|要)")
"""What leaves the other wishes of a message before aside."""
LEANING = frozenset({"low", "high"})
NEVER_LIMITED = frozenset({"description", "category"})
SAME_MAKER = re.compile(
    r"同一?个?(?:导演|作者|作家|歌手|乐队|品牌|牌子|老师|出版社|店家?)(?:的|写的|拍的|唱的)?"
    r"|[他她](?:的其[他它]|的别的|别的|其[他它]的|写的其[他它])"
    r"|\b(?:by )?the same (?:director|author|writer|singer|artist|band|brand|maker|publisher|teacher)\b"
    r"|\b(?:his|her|their) other\b|\b(?:else|more|anything) by (?:him|her|them)\b"
)
TOO = re.compile(r"too\b", re.IGNORECASE)
DENYING = re.compile(r"[不无非没别]|no[nt]?\b")
LIFTING = re.compile(
    r"\s*(?:都|也|就|我)?\s*(?:不挑|无所谓|都行|都可以|随便|不限|不重要|没要求|没所谓|不在乎"
    r"|doesn't matter|does not matter|isn't important|is not important|is up to you)"
)
LIFTING_BEFORE = re.compile(
    r"(?:不挑|不限|不在乎|不管|any|whatever|don't care about(?: the)?|forget(?: about)? the|no matter the)\s*$"
)
"""“颜色不挑”, “any colour”: a limit that is a text is taken back."""


@dataclass(frozen=True)
class Pointed:
    """What a message names and points at, and the text without it."""

    mentions: Sequence[Mention]
    shown: Sequence[Reference]
    unnamed: str
    rest: str

    @property
    def spans(self) -> list[Span]:
        """Where names and pointers stand."""
        return [(m.start, m.end) for m in self.mentions] + [(r.start, r.end) for r in self.shown]


@dataclass(frozen=True)
class Limited:
    """The limits in numbers, and the fields whose limits are taken back."""

    constraints: tuple[Constraint, ...]
    lifted: frozenset[str]
    spans: list[Span]


@dataclass(frozen=True)
class Wanted:
    """The words of a message by what is wanted of them."""

    wishes: tuple[Wish, ...]
    wished: list[Term]
    refusals: tuple[Term, ...]
    less: tuple[Term, ...]
    constraints: tuple[Constraint, ...]
    lifted: frozenset[str]


class Reading:
    """One message, its words, and what it may refer to."""

    def __init__(self, knowledge: Knowledge, text: str, context: Context) -> None:
        self.knowledge = knowledge
        self.vocabulary = knowledge.vocabulary
        self.text = text
        self.context = context
        self.plain = lowered(simplified(text))
        self.tokens = self.vocabulary.segmenter.tokens(text)

    def turn(self, default_lang: Lang) -> Turn:
        """The whole of it, in the order in which one reading leaves room for the next."""
        pointed = self._pointed()
        limited = self._limited(pointed)
        masked = filled(self.plain, [*limited.spans, *pointed.spans, *self._denying_words()], SIGN)
        events = cue_events(masked)
        courtesies = {kind: cues.find(f"intent.{kind}", masked) for kind in COURTESY}
        spoken = Spoken(self.text, self.plain, masked, stances(masked, events), strong_spans(masked))
        said = [(cue.start, cue.end) for found in courtesies.values() for cue in found]
        read = [*limited.spans, *said, *cue_spans(events), *self._spans("filler"), *self._spans("also")]
        wanted = self._wanted(pointed, spoken, blanked(pointed.rest, read), limited.constraints)
        items = self.vocabulary.catalogue.items
        about = spoken.references(pointed.mentions, items, pointed.shown, self.context.focus)
        heard = Heard(
            text=self.plain,
            plain=masked,
            rest=blanked(pointed.rest, limited.spans),
            context=self.context,
            wishes=wanted.wishes,
            refusals=wanted.refusals,
            constraints=(*limited.constraints, *wanted.constraints),
            lifted=limited.lifted | wanted.lifted,
            references=about,
            said={kind for kind, found in courtesies.items() if found},
            less=bool(wanted.less),
        )
        verdict = decide(heard, self.knowledge.asked)
        aside = verdict.intent in WISHING_NOTHING
        refusals = wanted.refusals
        if verdict.intent is Intent.THANKS and refusals:
            verdict = replace(verdict, intent=Intent.REJECT)
        elif verdict.intent in COURTESIES:
            # what the catalogue does not know is no wish beside "surprise me"
            aside, refusals = True, tuple(term for term in refusals if term.facets)
        felt = [t.sentiment for t in (*wanted.wished, *wanted.refusals)] or [r.sentiment for r in about]
        return Turn(
            text=self.text,
            lang=language(self.text, default_lang),
            intent=verdict.intent,
            wishes=() if aside else wanted.wishes,
            refusals=refusals,
            constraints=() if verdict.intent in WISHING_NOTHING else tuple(heard.constraints),
            lifted=frozenset(heard.lifted),
            additive=cues.says("also", masked),
            only=ONLY.search(self.plain) is not None,
            keywords=() if aside else tuple(term.text for term in wanted.wished),
            sentiment=sum(felt) / len(felt) if felt else 0.0,
            references=about,
            asked=verdict.asked,
            less=wanted.less,
            certain=verdict.certain,
        )

    # -- names, pointers, limits

    def _pointed(self) -> Pointed:
        mentions = self.knowledge.mentions.find(self.text, self.tokens)
        unnamed = blanked(self.plain, [(m.start, m.end) for m in mentions])
        of = Shown(self.context, self.vocabulary, self.knowledge.concepts)
        shown = references(unnamed, of, pronouns=not any(m.kind == "title" for m in mentions))
        return Pointed(mentions, shown, unnamed, blanked(unnamed, [(r.start, r.end) for r in shown]))

    def _limited(self, pointed: Pointed) -> Limited:
        """Numbers and leanings; comparisons with what is referred to, or with the last slate, become numbers."""
        numbers, shown = self.knowledge.numbers, pointed.shown
        lifted = lifted_spans(pointed.unnamed, numbers)
        taken = [(start, end) for _, start, end in lifted]
        ids = tuple(i for r in shown for i in r.item_ids) or self.context.focus or self.context.slate
        compared = relative(blanked(pointed.unnamed, taken), self._values(ids), numbers)
        compared = tuple(c for c in compared if not any(r.start <= c.start and c.end <= r.end for r in shown))
        taken += [(c.start, c.end) for c in compared]
        domains = self._domains(self.vocabulary.words(self._free(pointed.rest)))
        plain = limits(blanked(pointed.rest, taken), numbers, domains=domains)
        taken += [(c.start, c.end) for c in plain]
        told = {c.field for c in plain if c.op not in LEANING}
        compared = tuple(c for c in compared if c.field not in told)
        found: dict[tuple[str, str, float], Constraint] = {}
        for limit in sorted((*compared, *plain), key=lambda limit: limit.start):
            found.setdefault((limit.field, limit.op, limit.value), limit)
        said = tuple(replace(limit, text=_as_wish(self.text[limit.start : limit.end])) for limit in found.values())
        if same := self._same_maker():
            said = (*said, same)
            taken.append((same.start, same.end))
        return Limited(said, frozenset(field for field, _, _ in lifted), taken)

    def _same_maker(self) -> Constraint | None:
        """“By the same director”, “his other books”: of what was spoken of last, or else shown first."""
        match = SAME_MAKER.search(self.plain)
        places = self.vocabulary.catalogue.places((*self.context.focus, *self.context.slate))
        values = self.vocabulary.brands_at(places[0]) if match and places else ()
        if not match or not values:
            return None
        start, end = match.span()
        return Constraint("brand", "is", 0.0, self.text[start:end], start, end, values)

    def _values(self, ids: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """For each numeric field, the values of the items with these ids."""
        catalogue = self.vocabulary.catalogue
        places = catalogue.places(ids)
        found: dict[str, list[float]] = {}
        for field in self.knowledge.numbers if places else ():
            values = catalogue.values(field.field)
            known = [] if values is None else [float(values[p]) for p in places if values[p] == values[p]]
            if known:
                found[field.field] = known
        return found

    # -- words

    def _wanted(self, pointed: Pointed, spoken: Spoken, bare: str, numbers: Sequence[Constraint]) -> Wanted:
        """The words that nothing else has read, as wishes, refusals and limits.

        `bare`: the text without the rest; `numbers`: the limits in numbers that were read in the rest.
        """
        concepts, reader = self.knowledge.concepts, self.knowledge.terms
        words = list(self.vocabulary.words(self._free(bare)))
        domains = self._domains(words)
        kinds = [(t.start, t.end) for t, facets in words if any(f.field == "category" for f in facets)]
        meant = concepts.find(bare, domains, kinds)
        free = self._free(blanked(bare, [(m.start, m.end) for m in meant]))
        named = [m for m in pointed.mentions if role_of(self.plain, m) == "this"]
        marked = Marked(self.text, spoken.masked)
        terms = reader.terms(marked, free, named, meant, spoken.found, spoken.strong)
        asking = self.knowledge.asked.find(bare)
        asks = QUESTION.search(self.plain) is not None
        terms = [term for term in terms if not any(_is_asked(term, a, b, asks) for a, b, _ in asking)]
        wished = [term for term in terms if term.sentiment >= MILD]
        refused = [(s.start, s.end) for s in spoken.found if s.sentiment == REFUSED]
        wishes = self._at_home(reader.wishes(self.text, wished, refused), numbers, terms)
        about = tuple(dict.fromkeys(w.domain for w in wishes if w.domain)) or domains
        told = [term for term in wished if is_told(term, wishes, self.plain, concepts)]
        return Wanted(
            wishes,
            wished,
            refusals=tuple(self._narrowest(term) for term in terms if term.sentiment == REFUSED),
            less=tuple(term for term in terms if REFUSED < term.sentiment < 0),
            constraints=(*facet_limits(self.text, told, about, self.vocabulary, concepts), *self._without(terms)),
            lifted=frozenset(f for a, b, of in asking if self._is_lifted(a, b) for f in of) - NEVER_LIMITED,
        )

    def _at_home(
        self, wishes: Sequence[Wish], numbers: Sequence[Constraint], terms: Sequence[Term]
    ) -> tuple[Wish, ...]:
        """The wishes; one that names no domain is of the one in which something is refused (no horror films, sci-fi).

        Else, at the beginning of a talk, it is of the only one that has its words, or what its limits are of; later
        such words are said of what the talk is about.
        """
        refused = {
            domain
            for term in terms
            if term.sentiment == REFUSED and not any(facet.field == "domain" for facet in term.facets)
            if (domain := self.vocabulary.domain(term.norm))
        }
        if len(refused) == 1:
            wishes = [replace(wish, domain=wish.domain or next(iter(refused))) for wish in wishes]
        if self.context.domain:
            return tuple(wishes)
        limited = only(
            [self.vocabulary.domains_with(limit.field) for limit in numbers if limit.field not in EVERYWHERE]
        )
        return tuple(
            replace(wish, domain=wish.domain or home(wish.terms, self.knowledge.concepts, self.vocabulary) or limited)
            for wish in wishes
        )

    def _without(self, terms: Sequence[Term]) -> Iterator[Constraint]:
        """Limits to the values that say that there is nothing of what is refused: nothing spicy → not spicy."""
        for term in terms:
            if term.sentiment == REFUSED:
                facets = (*self.vocabulary.facets(f"不{term.norm}"), *self.vocabulary.facets(f"not {term.norm}"))
                fields: dict[str, tuple[str, ...]] = {}
                for facet in facets:
                    if self.vocabulary.is_choice(facet.field):
                        fields[facet.field] = (*fields.get(facet.field, ()), facet.value)
                for field, values in fields.items():
                    yield Constraint(field, "is", 0.0, term.text, term.start, term.end, values)

    def _narrowest(self, term: Term) -> Term:
        """A refused word without the domain that it lies in, where it says less than that: no hostels, but hotels."""
        if any(facet.field == "category" for facet in term.facets) or self.vocabulary.is_narrower(term.norm):
            return replace(term, facets=tuple(facet for facet in term.facets if facet.field != "domain"))
        return term

    def _free(self, bare: str) -> list[Token]:
        """The words that nothing has read yet."""
        return [t for t in self.tokens if bare[t.start : t.end] == self.plain[t.start : t.end]]

    def _spans(self, kind: str) -> list[Span]:
        return [(cue.start, cue.end) for cue in cues.find(kind, self.plain)]

    def _denying_words(self) -> list[Span]:
        """Where the catalogue's own words deny something (不辣, non-smoking): these refuse nothing."""
        if not any(DENYING.match(self.plain, token.start) for token in self.tokens):
            return []
        words = self.vocabulary.words(self.tokens)
        return [(t.start, t.end) for t, facets in words if facets and DENYING.match(t.norm)]

    def _domains(self, words: Iterable[tuple[Token, tuple[Facet, ...]]]) -> Collection[str]:
        """The domains that the message names; where it names none, the one that the talk is in."""
        said = dict.fromkeys(name for token, facets in words if facets and (name := self.vocabulary.domain(token.norm)))
        return said or ((self.context.domain,) if self.context.domain else ())

    def _is_lifted(self, start: int, end: int) -> bool:
        """Whether what stands around a field's name says that it does not matter."""
        return bool(LIFTING.match(self.plain, end) or LIFTING_BEFORE.search(self.plain[max(0, start - 22) : start]))


def _as_wish(text: str) -> str:
    """The words of a limit, a complaint as what is wished for instead: 太贵了 → 别太贵, too long → not too long."""
    if text.startswith("太"):
        return f"别{text.removesuffix('了')}"
    return f"not {text.lower()}" if TOO.match(text) else text


def _is_asked(term: Term, start: int, end: int, asks: bool) -> bool:
    """Whether a word is only part of a question for a field (多长时间)."""
    if term.facets:
        return asks and start <= term.start and term.end <= end and end - start > term.end - term.start
    return start < term.end and term.start < end
