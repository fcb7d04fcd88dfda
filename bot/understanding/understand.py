"""One message in, one `Turn` out. Rules and the catalogue's vocabulary only; no model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.understanding import cues
from bot.understanding.language import language
from bot.understanding.limits import limits
from bot.understanding.polarity import CLAUSE_END, refused_spans
from bot.understanding.turn import Constraint, Context, Intent, Term, Turn, Wish
from bot.understanding.vocabulary import Vocabulary
from errors import Lang
from retrieval.segment import fold, stop_words

LIKED, LOVED, REFUSED = 0.5, 0.9, -1.0
NOTHING_BEFORE = Context()


@dataclass(frozen=True)
class Understander:
    """Understands messages against one catalogue's vocabulary."""

    vocabulary: Vocabulary

    def understand(self, text: str, default_lang: Lang, context: Context = NOTHING_BEFORE) -> Turn:
        """The message as data. `default_lang`: for a text that is in neither language."""
        found_limits = (*limits(text), *_cheap(text))
        masked = _mask(text, found_limits)
        lifted = frozenset({"price"} if cues.says("intent.lift_price", masked) else ())
        masked = cues.blank(masked, cues.find("intent.lift_price", masked))
        intent_cues = {
            intent: cues.find(f"intent.{intent}", masked)
            for intent in ("start_over", "more", "anything", "thanks", "small_talk")
        }
        bare = cues.blank(masked, [cue for found in intent_cues.values() for cue in found])
        terms = self._terms(bare, masked)
        wishes = self._wishes(text, [term for term in terms if term.sentiment > 0])
        refusals = tuple(term for term in terms if term.sentiment < 0)
        turn = Turn(
            text=text,
            lang=language(text, default_lang),
            intent=Intent.ASK,
            wishes=wishes,
            refusals=refusals,
            constraints=found_limits,
            lifted=lifted,
            additive=cues.says("also", text),
            keywords=tuple(term.text for term in terms if term.sentiment > 0),
            sentiment=_mean([term.sentiment for term in terms]),
        )
        return replace(turn, intent=_intent(turn, {kind for kind, found in intent_cues.items() if found}))

    def _terms(self, text: str, masked: str) -> list[Term]:
        """The meaningful words with their sentiment; cue words themselves are no terms."""
        refused = refused_spans(masked)
        strong = [cue.end for cue in cues.find("strong", masked)]
        clause_ends = [match.start() for match in CLAUSE_END.finditer(masked)]
        stops = stop_words()
        terms = []
        for token, facets in self.vocabulary.phrases(text):
            if not facets and (token.norm in stops or fold(token.text) in stops or len(token.norm) < 2):
                continue
            if facets and fold(token.text) in stops and not any(f.field == "domain" for f in facets):
                continue
            if any(start <= token.start < end for start, end in refused):
                sentiment = REFUSED
            elif any(end <= token.start and not _between(clause_ends, end, token.start) for end in strong):
                sentiment = LOVED
            else:
                sentiment = LIKED
            domains = self.vocabulary.domains(facets)
            terms.append(Term(token.text, token.norm, token.start, token.end, sentiment, facets, domains))
        return terms

    def _wishes(self, text: str, terms: Sequence[Term]) -> tuple[Wish, ...]:
        """Terms grouped by the domain they speak of; a word without one goes with the noun after it."""
        groups: list[tuple[str, list[Term]]] = []
        pending: list[Term] = []
        clause_ends = [match.start() for match in CLAUSE_END.finditer(text)]
        for term in terms:
            if pending and groups and _between(clause_ends, pending[-1].end, term.start):
                groups[-1][1].extend(pending)
                pending = []
            domain = self.vocabulary.domain(term.norm)
            if not domain:
                pending.append(term)
            elif groups and groups[-1][0] in (domain, ""):
                groups[-1] = (domain, [*groups[-1][1], *pending, term])
                pending = []
            else:
                groups.append((domain, [*pending, term]))
                pending = []
        if pending and groups:
            groups[-1][1].extend(pending)
        elif pending:
            groups.append(("", pending))
        return tuple(_wish(text, domain, group) for domain, group in groups)


def _wish(text: str, domain: str, terms: Sequence[Term]) -> Wish:
    start, end = min(t.start for t in terms), max(t.end for t in terms)
    refused = [(max(a, start), min(b, end)) for a, b in refused_spans(text) if a < end and b > start]
    said = text[start:end]
    for a, b in reversed(refused):
        said = said[: a - start] + " " + said[b - start :]
    return Wish(" ".join(said.split()), start, end, tuple(terms), domain, _mean([t.sentiment for t in terms]))


def _intent(turn: Turn, said: set[str]) -> Intent:
    """The first that holds; content outweighs courtesy ("谢谢，再来点科幻片" asks)."""
    content = bool(turn.wishes)
    if "start_over" in said:
        return Intent.START_OVER
    if turn.refusals and not content:
        return Intent.REJECT
    if not content and (turn.constraints or turn.lifted):
        return Intent.REFINE
    if content:
        return Intent.ASK
    for intent in (Intent.MORE, Intent.ANYTHING, Intent.THANKS, Intent.SMALL_TALK):
        if intent in said:
            return intent
    return Intent.SMALL_TALK


def _cheap(text: str) -> tuple[Constraint, ...]:
    """便宜, not too expensive: a leaning to low prices, not a number."""
    found = cues.find("cheap", text)
    return tuple(Constraint("price", "low", 0.0, text[c.start : c.end], c.start, c.end) for c in found[:1])


def _mask(text: str, constraints: Sequence[Constraint]) -> str:
    for found in constraints:
        text = text[: found.start] + " " * (found.end - found.start) + text[found.end :]
    return text


def _between(places: Sequence[int], start: int, end: int) -> bool:
    return any(start <= place < end for place in places)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
