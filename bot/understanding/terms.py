"""The meaningful words of a message, each with its sentiment, and the wishes that they make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.understanding.concepts import Concepts, Meant
from bot.understanding.mentions import Mention
from bot.understanding.polarity import CLAUSE_END, LIKED, MILD, REFUSED, Stance, sentiment_at
from bot.understanding.turn import Facet, Term, Wish
from bot.understanding.vocabulary import Vocabulary, is_part
from retrieval.segment import Token, fold, stem, stop_words

SIGN = "□"
"""Stands, in a marked text, for what is content but no word."""
OF_SIGN = re.compile(rf"\s*{SIGN}+\s*的?\s*")
BEFORE_NOUN = frozenset("看听读买吃学玩穿用找挑选做来去喝本部件双条首张台套间篇盏个只款道份场门")
AFTER_NOUN = frozenset("吧呢吗啊呀哦了的嘛么")
HEAD_AFTER = re.compile(r"(?:类|方面|相关|主题|题材|里面?|用|穿|看|听|学)?的?|[ -]")
"""What stands between a noun and the head noun after it: 跑步鞋, 音乐类的课, climate news."""
HEAD_BEFORE = re.compile(r"\s(?:about|on|for|with|of|in|by|from)\s(?:(?:the|a|an|my|some|your)\s)?")
"""What stands between a head noun and what describes it: music for running."""
ADDED = re.compile(r"再|还|另外|顺便|\b(?:and|also|plus|then)\b")
"""What begins another wish in the same message."""
JOINED = re.compile(r"[\s的]{0,2}")


@dataclass(frozen=True, slots=True)
class Marked:
    """A text as written, and with what has been read otherwise made signs."""

    text: str
    masked: str


@dataclass(frozen=True)
class TermReader:
    """Reads terms from words, names and concepts."""

    vocabulary: Vocabulary
    concepts: Concepts

    def terms(
        self,
        marked: Marked,
        tokens: Sequence[Token],
        mentions: Sequence[Mention],
        meant: Sequence[Meant],
        found: Sequence[Stance],
        strong: Sequence[tuple[int, int]],
    ) -> list[Term]:
        """All terms, left to right. `tokens`: the words that nothing else has read; the rest is where it stands."""
        text = marked.text
        terms = [self._named(text, mention) for mention in mentions]
        terms += [self._meant(text, one) for one in meant]
        for token, facets in self.vocabulary.words(self._mended(tokens)):
            for part, known in self._known_parts(token, facets):
                term = self._word(text, part, known)
                if term is not None:
                    terms.append(term)
        terms.sort(key=lambda term: term.start)
        terms = [replace(t, sentiment=sentiment_at(t.start, found, strong)) for t in terms]
        return _without_heads(marked, terms, found, self.vocabulary)

    def _mended(self, tokens: Sequence[Token]) -> list[Token]:
        """The words with misspelt ones read as the catalogue's."""
        out = []
        for token in tokens:
            if token.text.isascii() and not self.vocabulary.facets(token.norm):
                near = self.vocabulary.spelling.nearest(fold(token.text))
                token = replace(token, norm=stem(near)) if near != fold(token.text) else token
            out.append(token)
        return out

    def _known_parts(self, token: Token, facets: tuple[Facet, ...]) -> list[tuple[Token, tuple[Facet, ...]]]:
        """The word; where it is unknown, the known words within it (钢琴曲: 钢琴, 看剧: 剧)."""
        if facets or not token.han or len(token.text) != len(token.norm):
            return [(token, facets)]
        for start, end in ((1, 0), (0, 1), (1, 1)):
            bare = _cut(token, start, end)
            if bare is not None and self.vocabulary.facets(bare.norm):
                return [(bare, self.vocabulary.facets(bare.norm))]
        if len(token.text) < 3:
            return [(token, facets)]
        for place in range(len(token.norm) - 1, 0, -1):
            pair = [_cut_at(token, 0, place), _cut_at(token, place, len(token.norm))]
            if all(self.vocabulary.facets(part.norm) for part in pair):
                return [(part, self.vocabulary.facets(part.norm)) for part in pair]
        known: list[Token] = []
        for part in self.vocabulary.segmenter.parts(token):
            if self.vocabulary.facets(part.norm) and not any(p.start < part.end and part.start < p.end for p in known):
                known.append(part)
        return [(p, self.vocabulary.facets(p.norm)) for p in sorted(known, key=lambda p: p.start)] or [(token, facets)]

    def _word(self, text: str, token: Token, facets: tuple[Facet, ...]) -> Term | None:
        stops = stop_words()
        facets = tuple(f for f in facets if f.field != "brand")
        said = text[token.start : token.end]
        is_stop = token.norm in stops or fold(said) in stops
        if not facets and (is_stop or len(token.norm) < (2 if token.han else 3) or token.norm.isdigit()):
            return None
        if is_stop and not any(facet.field == "domain" for facet in facets):
            return None
        facets = self._wider(facets)
        return Term(said, token.norm, token.start, token.end, 0.0, facets, self.vocabulary.domains(facets))

    def _wider(self, facets: Sequence[Facet]) -> tuple[Facet, ...]:
        """The facets with those values of the same attributes that hold them (纯棉: 纯棉丹宁)."""
        out = dict.fromkeys(facets)
        for facet in facets:
            if self.vocabulary.is_choice(facet.field):
                for value in self.vocabulary.catalogue.facets.get(facet.field, {}):
                    if is_part(facet.value, value):
                        out[Facet(facet.field, value)] = None
        return tuple(out)

    def _named(self, text: str, mention: Mention) -> Term:
        tokens = self.vocabulary.segmenter.tokens(text[mention.start : mention.end])
        norm = "".join(t.norm + ("" if t.han else " ") for t in tokens).strip()
        domains = self.vocabulary.domains(mention.facets)
        return Term(text[mention.start : mention.end], norm, mention.start, mention.end, 0.0, mention.facets, domains)

    def _meant(self, text: str, meant: Meant) -> Term:
        said = text[meant.start : meant.end]
        tokens = self.vocabulary.segmenter.tokens(said)
        norm = "".join(t.norm + ("" if t.han else " ") for t in tokens).strip()
        also = tuple(f for f in self.vocabulary.facets(norm) if f.field in ("tags", "category"))
        facets = tuple(dict.fromkeys((*meant.facets, *also)))
        return Term(said, norm, meant.start, meant.end, 0.0, facets, self.vocabulary.domains(facets))

    def wishes(self, text: str, terms: Sequence[Term], refused: Sequence[tuple[int, int]]) -> tuple[Wish, ...]:
        """Terms grouped by the domain they speak of; a word without one goes with the noun after it."""
        groups: list[tuple[str, list[Term]]] = []
        pending: list[Term] = []
        clause_ends = [match.start() for match in CLAUSE_END.finditer(text)]
        for term in terms:
            if pending and groups and any(pending[-1].end <= place < term.start for place in clause_ends):
                self._settle(text, groups, pending)
                pending = []
            domain = self.vocabulary.domain(term.norm)
            after = groups[-1][1][-1] if groups and not pending else None
            gap = text[after.end : term.start] if after else ""
            named = bool(self.vocabulary.names_domain(term.norm))
            if domain and after and domain != groups[-1][0] and HEAD_AFTER.fullmatch(gap):
                self._to_head(groups, term, domain)
            elif domain and after and not named and HEAD_BEFORE.fullmatch(gap.lower()):
                groups[-1][1].append(term)
            elif not domain:
                pending.append(term)
            elif groups and groups[-1][0] in (domain, ""):
                groups[-1] = (domain, [*groups[-1][1], *pending, term])
                pending = []
            else:
                groups.append((domain, [*pending, term]))
                pending = []
        if pending:
            self._settle(text, groups, pending)
        return tuple(self._wish(text, domain, group, refused) for domain, group in groups)

    def _settle(self, text: str, groups: list[tuple[str, list[Term]]], pending: list[Term]) -> None:
        """Words without a domain go to the wish before them, unless they begin another: "…, and somewhere for seafood".

        They do if they are added ("再", "and") and the catalogue has none of them in the domain of that wish.
        """
        if not groups:
            groups.append(("", pending))
            return
        domain, before = groups[-1]
        known = [found for term in pending if (found := term.domains or self.vocabulary.domains_titled(term.norm))]
        added = ADDED.search(text[before[-1].end : pending[0].start].lower())
        if domain and added and known and not any(domain in domains for domains in known):
            groups.append(("", pending))
        else:
            before.extend(pending)

    def _to_head(self, groups: list[tuple[str, list[Term]]], head: Term, domain: str) -> None:
        """The noun right before a head noun describes it, and goes into its wish, with what describes the noun."""
        before, terms = groups.pop()
        moved = [terms.pop()]
        while terms and not self.vocabulary.domain(terms[-1].norm):
            moved.insert(0, terms.pop())
        if terms:
            groups.append((before, terms))
        if groups and groups[-1][0] == domain:
            groups[-1][1].extend((*moved, head))
        else:
            groups.append((domain, [*moved, head]))

    def _wish(self, text: str, domain: str, terms: Sequence[Term], refused: Sequence[tuple[int, int]]) -> Wish:
        start, end = min(t.start for t in terms), max(t.end for t in terms)
        said = text[start:end]
        for a, b in sorted(((max(a, start), min(b, end)) for a, b in refused if a < end and b > start), reverse=True):
            said = said[: a - start] + " " + said[b - start :]
        domain = domain or only([t.domains for t in terms if any(f.field == "title" for f in t.facets)])
        sentiment = sum(t.sentiment for t in terms) / len(terms)
        return Wish(" ".join(said.split()), start, end, tuple(terms), domain, sentiment)


def home(terms: Sequence[Term], concepts: Concepts, vocabulary: Vocabulary) -> str:
    """The only domain in which the catalogue has anything about the words that it knows; empty if there is no such.

    Whom something is for, level, season and colour are said of things in any domain. Words that are known only from
    titles count where there are no others.
    """
    known = [t.domains for t in terms if t.domains and not all(concepts.is_of_family(f.field) for f in t.facets)]
    return only(known or [titled for t in terms if not t.facets and (titled := vocabulary.domains_titled(t.norm))])


def only(domains: Sequence[frozenset[str]]) -> str:
    """What all sets share, if it is one domain."""
    shared = frozenset.intersection(*domains) if domains else frozenset()
    return next(iter(shared)) if len(shared) == 1 else ""


def _cut(token: Token, first: int, last: int) -> Token | None:
    """A word without a verb or counter before it (first), or a particle after it (last); None if it has none."""
    norm = token.norm
    if len(norm) <= first + last or (first and norm[0] not in BEFORE_NOUN) or (last and norm[-1] not in AFTER_NOUN):
        return None
    return _cut_at(token, first, len(norm) - last)


def _cut_at(token: Token, start: int, end: int) -> Token:
    return Token(token.text[start:end], token.norm[start:end], token.start + start, token.start + end)


def _without_heads(marked: Marked, terms: list[Term], found: Sequence[Stance], vocabulary: Vocabulary) -> list[Term]:
    """Without the nouns that are only described in a refusal: 不要红色的T恤 refuses the red, not the T-shirts.

    Of what is only wanted less so (不要太吓人的电影), or within a limit (不想看太长的电影), the noun is wished for.
    """
    text = marked.text
    out: list[Term] = []
    for term in terms:
        before = out[-1] if out else None
        stance = next((s for s in found if s.start <= term.start < s.end), None)
        if stance and term.sentiment < 0 and OF_SIGN.fullmatch(marked.masked[stance.start : term.start]):
            out.append(replace(term, sentiment=LIKED))
            continue
        if (
            before is not None
            and term.sentiment == before.sentiment < MILD
            and JOINED.fullmatch(text[before.end : term.start])
            and (before.facets or "的" in text[before.end : term.start])
            and not any(f.field == "title" for f in term.facets)
            and any(s.start <= before.start and term.end <= s.end for s in found)
            and vocabulary.domain(term.norm)
        ):
            if term.sentiment == REFUSED:
                continue
            term = replace(term, sentiment=LIKED)
        out.append(term)
    return out
