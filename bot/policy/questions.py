"""The one question worth asking: the one whose answer would leave the fewest candidates.

A question is a set of answers, each true of some candidates. What it is worth is its information gain, the measure by
which ID3 grows a decision tree (J. R. Quinlan, "Induction of decision trees", Machine Learning 1, 1986): how many bits
an answer takes off not knowing which of the candidates is wanted. Candidates that no answer fits gain nothing, so an
answer set that covers little is worth little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bot.phrasing.facts import label, number, price
from bot.phrasing.plain import choose
from bot.policy.values import Values, values_of
from bot.shipped import read_json
from bot.understanding.turn import Question
from errors import Lang
from retrieval.items import Item
from retrieval.segment import HAN, fold

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

EASE: Mapping[str, float] = {"category": 1.2, "price": 1.1, "brand": 0.7, "year": 0.8, "tags": 1.0} | {
    f"attributes.{name}": 1.1 for name in ("audience", "level", "difficulty", "season", "style")
}
"""How readily a person can answer: what kind, what price and for whom they know better than whose or which year.

Names are asked about only where there are few: many names leave none of them enough candidates."""
OTHER_EASE = 0.85
"""Of an attribute that is not in `EASE`."""


@dataclass(frozen=True)
class QuestionParameters:
    """When a question helps, and which answers it may have."""

    crowd: float = 4.0
    """Candidates for each place on the slate above which a question is worth a visitor's while."""
    most_words: int = 2
    """A wish of more words than this, domains aside, is clear enough."""
    current_word: float = 0.4
    """Words of at least this weight are still what is asked for."""
    least_gain: float = 0.7
    """Bits that an answer must bring on average, times `EASE`."""
    covered: float = 0.5
    """Share of the candidates that at least one answer must fit."""
    attribute_known: float = 0.75
    """Share of the candidates that must have an attribute at all to be asked about it."""
    least_share: float = 0.06
    most_share: float = 0.75
    """An answer must fit some candidates and not nearly all."""
    most_answers: int = 4
    overlap: float = 0.6
    """Two values that fit mostly the same candidates are one answer."""


@dataclass(frozen=True, eq=False)
class Split:
    """A way to divide n candidates. `members` [answers, n]: which candidates each answer fits.

    `values`: what to call each answer, or for numbers the band it stands for (low, high), nan where open.
    """

    field: str
    values: tuple[str | tuple[float, float], ...]
    members: BoolArray
    currency: str = ""


def gain(members: BoolArray) -> float:
    """Bits that an answer tells on average of which candidate is wanted.

    `members` [answers, n]. Any candidate may be the wanted one, and one of the answers true of it is given: the
    answer's own candidates are left. Where none is true, nothing is learnt. For answers that exclude one another and
    leave nobody out this is the entropy of their shares.
    """
    count, sizes = members.shape[1], members.sum(axis=1)
    if not count or not len(sizes):
        return 0.0
    bits = np.log2(count / np.maximum(sizes, 1))
    told = (bits[:, None] * members).sum(axis=0) / np.maximum(members.sum(axis=0), 1)
    return float(told.mean())


class Asker:
    """Finds questions about the items of one catalogue. Read-only once built."""

    def __init__(self, items: Sequence[Item], parameters: QuestionParameters | None = None) -> None:
        self.parameters = parameters or QuestionParameters()
        self._values: dict[Lang, Values] = {"zh": values_of(items, "zh"), "en": values_of(items, "en")}
        self._numbers = {
            "price": _numbers([item.price for item in items]),
            "year": _numbers([item.year for item in items]),
        }
        self._currency = [item.currency if item.price is not None else None for item in items]

    def question(self, candidates: IntArray, lang: Lang, taken: Collection[str] = (), key: str = "") -> Question | None:
        """The question that splits the candidates best; None where none of them helps.

        `candidates`: positions [k]. `taken`: fields asked about, wished for or limited already. `key`: by which one
        of the wordings is chosen.
        """
        if not len(candidates):
            return None
        splits = [split for split in self.splits(candidates, lang) if split.field not in taken]
        worth = [gain(split.members) * EASE.get(split.field, OTHER_EASE) for split in splits]
        if max(worth, default=0.0) < self.parameters.least_gain:
            return None
        return worded(splits[int(np.argmax(worth))], lang, key)

    def splits(self, candidates: IntArray, lang: Lang) -> Iterator[Split]:
        """Every way to divide the candidates that covers enough of them and has two answers or more."""
        p = self.parameters
        least = max(int(np.ceil(p.least_share * len(candidates))), 1)
        fields: dict[str, list[tuple[str, IntArray]]] = defaultdict(list)
        for field, text, places in self._values[lang].among(candidates, least):
            fields[field].append((text, places))
        for field, values in fields.items():
            having = np.unique(np.concatenate([places for _, places in values]))
            if field.startswith("attributes.") and len(having) < p.attribute_known * len(candidates):
                continue
            split = _by_value(field, _choosable(field, values), len(candidates), p)
            if split is not None:
                yield split
        for field, numbers in self._numbers.items():
            currencies = {self._currency[i] for i in candidates} - {None} if field == "price" else {""}
            if len(currencies) == 1:
                split = _by_band(field, numbers[candidates], p, next(iter(currencies)) or "")
                if split is not None:
                    yield split


def worded(split: Split, lang: Lang, key: str = "") -> Question:
    """The question in words, with an answer for each value, and one more for "any"."""
    texts = _texts()
    name = split.field.removeprefix("attributes.")
    kind = name if name in texts else "attribute"
    labelled = label(name, lang)
    if kind == "attribute" and lang == "zh" and not HAN.search(labelled):
        kind = "tags"  # a name in another language says nothing to the reader; its values do
    words = texts[kind][lang]
    answers = [
        words.get("answers", {}).get(fold(value)) or words["answer"].format(value=value)
        if isinstance(value, str)
        else _band(split, value, lang)
        for value in split.values
    ]
    text = choose(words["ask"], key).format(label=labelled)
    return Question(split.field, text, (*dict.fromkeys(a.replace("的的", "的") for a in answers), texts["any"][lang]))


def which_question(count: int, lang: Lang, key: str = "") -> Question:
    """Asks which of the first `count` things shown is meant (at most three)."""
    words = _texts()["which"][lang]
    return Question("title", choose(words["ask"], key), tuple(words["answers"][:count]))


def loosening_question(answers: Sequence[str], lang: Lang, key: str = "") -> Question:
    """Asks which limit may give way."""
    return Question("", choose(_texts()["loosen"][lang]["ask"], key), tuple(answers))


def loosening_answers(kind: Literal["price", "open"], said: str, lang: Lang) -> tuple[str, ...]:
    """Ways to say that a limit gives way. `said`: the price that it is widened to, or what the limit is called."""
    return tuple(words.format(price=said, label=said) for words in _texts()["loosen"][lang][kind])


def _choosable(field: str, values: Sequence[tuple[str, IntArray]]) -> list[tuple[str, IntArray]]:
    """The values that are a choice: not "everybody", and of several words for one thing the commonest."""
    texts = _texts()
    indifferent = frozenset(texts["indifferent"]) if field == "attributes.audience" else frozenset()
    kept: dict[str, tuple[str, IntArray]] = {}
    for name, places in sorted(values, key=lambda pair: -len(pair[1])):
        folded = fold(name)
        same = next((group[0] for group in texts["same"] if folded in group), folded)
        if folded not in indifferent:
            kept.setdefault(same, (name, places))
    return list(kept.values())


def _by_value(field: str, values: Sequence[tuple[str, IntArray]], count: int, p: QuestionParameters) -> Split | None:
    """The commonest values that tell candidates apart, each mostly of candidates that the others do not have."""
    ranked = sorted(values, key=lambda pair: -len(pair[1]))
    names: list[str] = []
    rows: list[BoolArray] = []
    for name, places in ranked:
        if len(names) == p.most_answers:
            break
        if len(places) > p.most_share * count:
            continue
        row = np.zeros(count, dtype=np.bool_)
        row[places] = True
        if all(int((row & other).sum()) <= p.overlap * len(places) for other in rows):
            names.append(name)
            rows.append(row)
    return _split(field, names, rows, p)


def _by_band(field: str, values: FloatArray, p: QuestionParameters, currency: str) -> Split | None:
    """Prices or years cut into a low, a middle and a high band of about as many candidates each."""
    known = values[~np.isnan(values)]
    if len(known) < p.covered * len(values):
        return None
    low, high = (_round_mark(float(mark), field) for mark in np.quantile(known, [1 / 3, 2 / 3]))
    if not known.min() < low < high < known.max():
        return None
    bands = [(np.nan, low), (low, high), (high, np.nan)]
    rows = [values <= low, (values >= low) & (values <= high), values >= high]
    return _split(field, bands, rows, p, currency)


def _split(
    field: str,
    values: Sequence[str | tuple[float, float]],
    rows: Sequence[BoolArray],
    p: QuestionParameters,
    currency: str = "",
) -> Split | None:
    if len(rows) < 2:
        return None
    members = np.stack(rows)
    if members.any(axis=0).mean() < p.covered:
        return None
    return Split(field, tuple(values), members, currency)


def _round_mark(value: float, field: str) -> float:
    """A number that people say: years at fives, prices at halves of their leading digit (37 → 35, 187 → 200)."""
    if field == "year":
        return float(round(value / 5) * 5)
    if value < 10:
        return float(round(value))
    step = 10.0 ** (len(str(int(value))) - 1) / 2
    return float(round(value / step) * step)


def _band(split: Split, band: tuple[float, float], lang: Lang) -> str:
    low, high = band
    place = "low" if np.isnan(low) else "high" if np.isnan(high) else "middle"
    words: str = _texts()["bands"][split.field][lang][place]
    return words.format(low=_mark(low, split, lang, closed=place == "middle"), high=_mark(high, split, lang))


def _mark(value: float, split: Split, lang: Lang, *, closed: bool = False) -> str:
    """The end of a band. `closed`: the other end follows and says the unit."""
    if np.isnan(value):
        return ""
    if split.field != "price":
        return f"{value:g}"
    said = price(Item("", "", "", price=value, currency=split.currency), lang)
    return number(value) if closed and said[0].isdigit() else said


def _numbers(values: Sequence[float | None]) -> FloatArray:
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float32)


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, Any]:
    texts: Mapping[str, Any] = read_json("bot.policy", "questions.json")
    return texts
