"""What a message wants: exact rules over what was read of it. Where none decides, the guess is marked as one."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.understanding import cues
from bot.understanding.asked import GENERAL, OF_IT, QUESTION, Asked
from bot.understanding.polarity import CLAUSE_END, MILD
from bot.understanding.turn import Constraint, Context, Intent, Reference, Term, Wish

COURTESY = ("start_over", "more", "anything", "thanks", "small_talk")
"""Intents whose cue words are no content."""
COMPARING = re.compile(
    r"哪一?[个件款部本条首双张项家种台套间道门篇只支](?:[^，。,]{0,4}?)(?:好|值|适合"
    r"|便宜|贵|划算|耐|强|轻|长|短|近|新|难|容易|推荐|有意思|合适|大|小)"
    r"|(?:有)?(?:什么|啥|哪些)?(?:区别|不同|差别|差异)(?!的)|对比|比较一下|比一下"
    r"|比一比|比比|作个比较|做个比较|[和跟与].{1,20}(?:比|相比)(?!较|如|特)"
    r"|还是.{0,12}(?:好|更)"
    r"|\bcompar(?:e|ison|ed)\b|\bdifferen(?:ce|t from)|\bhow do (?:they|these|those"
    r"|the two) differ\b|\bvs\.?\b|\bversus\b"
    r"|\bwhich (?:one|of|is|would|should|do|has|looks|are)\b|\b(?:is|are"
    r"|which).{1,40}\b(?:better|cheaper|longer|shorter|newer|nicer|warmer|lighter)\b"
)
CHOOSING = re.compile(r"哪|还是|差多少|相差|\bor\b|\bwhich\b|\bbetween\b|\bcompare\b|\bversus\b|\bvs\b|\bdifference\b")
WITH_ANOTHER = re.compile(r"[和跟与].{1,20}比(?!较)|\bcompare\b.*\b(?:with|to)\b|\bversus\b|\bvs\b|\bbetter than\b")
TELLING = re.compile(
    r"\btell me (?:more|about)\b|\b(?:more|further) (?:about|details|info)|介绍|(?:多|详细|具体|仔细|再)(?:说|讲|聊|谈)"
    r"|(?:说|讲|聊)(?:说|讲|聊)(?:它|这|那|吧|看|$)"
)
"""What asks for more of a thing that was named."""
HAVING = re.compile(
    r"\b(?:do|would|will) you (?:have|carry|stock|sell|know) (?:it|this|that|one)\b"
    r"|\bgot (?:it|that)\b|\bis it (?:there|here)\b"
    r"|\b(?:do you have|have you got)\b|有没有|有吗|有货|(?:你们|这里|那儿)有|还有吗|^\W*有.+吗"
)
"""What asks whether a thing is here at all."""
UNKNOWN = re.compile(r"《[^《》]*[^\s《》][^《》]*》")
"""A title in its marks that is none of the catalogue's, where those that are have been made spaces."""
THERE = re.compile(r"\b(?:is|are|does|do|can|has|have)\b.*\bthere\b(?!\s+(?:is|are|any|a)\b)")
TOPIC = re.compile(
    r"关于|有关|讲|的(?:书|电影|片|课|小说|纪录片|文章|音乐|剧)|\b(?:about"
    r"|on) (?:depression|suicide|cancer|anxiety|grief)|\b(?:books?|films?|movies?"
    r"|courses?|articles?|music|documentar(?:y|ies))\b"
)
FIRST_PERSON = re.compile(r"我(?!想看|要看|想听|想读)|\b(?:i|i'm|i've|my|me)\b(?! (?:want|would like|'d like|like) )")
BACK_ONLY = re.compile(
    r"回到|返回|说回|聊回|刚才|之前|前面|最开始|一开始|back|return|earlier|before|previous|where were we"
)
VERDICT = re.compile(
    r"不(?:要|喜欢|行|好|想|感兴趣|满意|合适|对|是)|没兴趣|难看|太差|一般|算了"
    r"|\b(?:not|don't|dont|none|no|neither|hate|dislike|isn't|aren't|nope|bad"
    r"|boring)\b"
)


@dataclass(frozen=True)
class Heard:
    """What was read of a message before its intent is decided.

    `text`: in small letters; `plain`: without limits, names and pointers made signs; `rest`: without all three.
    `said`: the courtesies that it holds. `less`: whether something is wanted less.
    """

    text: str
    plain: str
    rest: str
    context: Context
    wishes: Sequence[Wish]
    refusals: Sequence[Term]
    constraints: Sequence[Constraint]
    lifted: Collection[str]
    references: Sequence[Reference]
    said: Collection[str]
    less: bool = False


@dataclass(frozen=True)
class Verdict:
    """The intent, the fields that a question asks for, and whether a rule decided."""

    intent: Intent
    asked: tuple[str, ...] = ()
    certain: bool = True


def decide(heard: Heard, asked: Asked) -> Verdict:
    """The first that holds; content outweighs courtesy ("谢谢，再来点科幻片" asks)."""
    if _needs_care(heard):
        return Verdict(Intent.CARE)
    if _is_out_of_scope(heard):
        return Verdict(Intent.OUT_OF_SCOPE)
    if "start_over" in heard.said:
        return Verdict(Intent.START_OVER)
    if question := _question(heard, asked):
        return question
    if _goes_back(heard):
        return Verdict(Intent.RETURN)
    return _wanted(heard)


def _needs_care(heard: Heard) -> bool:
    if not cues.says("care", heard.text):
        return False
    return not TOPIC.search(heard.text) or bool(FIRST_PERSON.search(heard.text))


def _is_out_of_scope(heard: Heard) -> bool:
    """Whether a task or abuse is all there is: a clause with a wish of its own still counts."""
    found = cues.find("out_of_scope", heard.text)
    if not found:
        return False
    ends = [0, *(m.start() for m in CLAUSE_END.finditer(heard.text)), len(heard.text)]

    def clause(place: int) -> int:
        return sum(end <= place for end in ends)

    taken = {clause(cue.start) for cue in found}
    told = [term for wish in heard.wishes if wish.domain for term in wish.terms if _is_general(term)]
    return not any(clause(term.start) not in taken for term in told)


def _is_general(term: Term) -> bool:
    """Whether a word is one of the catalogue's, and no name of a thing."""
    return bool(term.facets) and not any(facet.field == "title" for facet in term.facets)


def _question(heard: Heard, asked: Asked) -> Verdict | None:
    """A comparison or a question about an item; None if it is neither."""
    named = [r for r in heard.references if r.role == "this"]
    known = {item for reference in named for item in reference.item_ids[:3]}
    asking = asked.find(heard.rest)
    fields = tuple(dict.fromkeys(field for _, _, of in asking for field in of))
    content = any(wish.domain and not _is_named(wish, named) for wish in heard.wishes)
    kind = content and any(f.field in ("domain", "category") for w in heard.wishes for t in w.terms for f in t.facets)
    several = len(known) > 1 or (not content and not named and len(heard.context.slate) > 1)
    titles = sum(reference.kind == "title" for reference in named)
    between = titles > 1 and CHOOSING.search(heard.plain)
    beside = len(known) == 1 and titles == 1 and WITH_ANOTHER.search(heard.plain) and heard.context.slate
    if between or beside or (COMPARING.search(heard.plain) and several and (not content or titles > 1)):
        of_limits = (limit.field for limit in heard.constraints)
        return Verdict(Intent.COMPARE, tuple(dict.fromkeys((*fields, *of_limits))))
    things = [r for r in named if r.kind != "creator"]
    if len(things) == 1 and not content and not heard.refusals and TELLING.search(heard.plain):
        return Verdict(Intent.ABOUT, fields)
    if not QUESTION.search(heard.plain):
        return _pointed(heard, named)
    shown = any(r.kind == "shown" for r in named)
    numeric = any(limit.op != "is" for limit in heard.constraints)
    if shown and not kind and not any(r.sentiment for r in named) and (fields or not numeric):
        fields = fields or _of_terms(heard)
        return Verdict(Intent.ABOUT, fields, certain=bool(fields or GENERAL.search(heard.plain)))
    titled = any(r.kind == "title" for r in named)
    here = len(known) == 1 and HAVING.search(heard.plain) and not UNKNOWN.search(heard.rest)
    asks = fields or GENERAL.search(heard.plain) or here
    if titled and not content and not heard.constraints and not heard.lifted and asks:
        return Verdict(Intent.ABOUT, fields)
    if not named and not heard.wishes and len(heard.context.focus) == 1 and TELLING.search(heard.plain):
        return Verdict(Intent.ABOUT, fields)
    if kind or (numeric and not fields) or not (heard.context.slate or heard.context.focus) or named:
        return None
    of_it = OF_IT.search(heard.plain) or (fields and THERE.search(heard.plain))
    if of_it and (fields or heard.wishes) and not re.match(r"\W*有", heard.plain):
        return Verdict(Intent.ABOUT, fields or _of_terms(heard))
    other = [t for w in heard.wishes for t in w.terms if not any(a <= t.start and t.end <= b for a, b, _ in asking)]
    if fields and not other and not heard.lifted:
        return Verdict(Intent.ABOUT, fields)
    return None


def _pointed(heard: Heard, named: Sequence[Reference]) -> Verdict | None:
    """Something shown is pointed at, and nothing said of it: tell of it."""
    only = not heard.wishes and not heard.refusals and not heard.constraints and not heard.said and not heard.less
    if only and any(r.kind == "shown" and not r.sentiment for r in named) and not _turns_away(heard):
        return Verdict(Intent.ABOUT, certain=not heard.rest.strip(" ，。,.!！的"))
    return None


def _turns_away(heard: Heard) -> bool:
    return bool(VERDICT.search(heard.plain)) or cues.says("intent.return", heard.plain)


def _is_named(wish: Wish, named: Sequence[Reference]) -> bool:
    """Whether a wish is only for a title that was named ("the Titanic film, who directed it")."""
    return any(r.kind == "title" and r.start <= t.start < r.end for r in named for t in wish.terms)


def _of_terms(heard: Heard) -> tuple[str, ...]:
    """The fields that the words of a question are values of ("是纯棉的吗": material)."""
    fields = [f.field for wish in heard.wishes for term in wish.terms for f in term.facets]
    return tuple(dict.fromkeys(field for field in fields if field.startswith("attributes.") or field == "tags"))


def _goes_back(heard: Heard) -> bool:
    if not cues.says("intent.return", heard.plain) or heard.refusals:
        return False
    elsewhere = [wish for wish in heard.wishes if wish.domain and wish.domain != heard.context.domain]
    return bool(elsewhere) or (not heard.wishes and not heard.constraints and bool(BACK_ONLY.search(heard.plain)))


def _wanted(heard: Heard) -> Verdict:
    against = any(r.sentiment < 0 for r in heard.references)
    unknown = all(not term.facets for term in (*heard.refusals, *(t for w in heard.wishes for t in w.terms)))
    if unknown and not heard.references and not heard.constraints and not heard.lifted:
        # "I've no plans at all. Surprise me": words that mean nothing here do not outweigh what is said plainly
        for intent in (Intent.MORE, Intent.ANYTHING, Intent.THANKS):
            if intent in heard.said:
                return Verdict(intent, certain=not heard.wishes)
    if "more" in heard.said and not heard.wishes and not against and not heard.refusals and heard.references:
        return Verdict(Intent.MORE)
    if (heard.refusals or against) and not heard.wishes:
        return Verdict(Intent.REJECT)
    if any(r.role == "similar" for r in heard.references) and not heard.wishes:
        return Verdict(Intent.MORE if heard.context.slate else Intent.ASK)
    if not heard.wishes and (heard.constraints or heard.lifted or heard.less):
        return Verdict(Intent.REFINE)
    if heard.wishes and all(wish.sentiment <= MILD for wish in heard.wishes):
        return Verdict(Intent.REFINE)
    if heard.wishes:
        return Verdict(Intent.ASK, certain=_is_certain(heard))
    if any(r.sentiment > 0 for r in heard.references):
        return Verdict(Intent.REFINE)
    if heard.references and not heard.said:
        return Verdict(Intent.ASK, certain=False)
    for intent in (Intent.MORE, Intent.ANYTHING, Intent.THANKS, Intent.SMALL_TALK):
        if intent in heard.said:
            return Verdict(intent)
    return Verdict(Intent.SMALL_TALK, certain=not re.search(r"\w{2,}", heard.plain))


def _is_certain(heard: Heard) -> bool:
    """Whether a wish is one: a word that the catalogue knows, without a courtesy or a question beside it."""
    known = [term for wish in heard.wishes for term in wish.terms if term.facets]
    if not known:
        return False
    told = any(wish.domain for wish in heard.wishes) or any(f.field != "title" for t in known for f in t.facets)
    return told or bool(heard.references)
