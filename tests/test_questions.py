"""The question that splits best, on tables whose answer is seen by eye; then on the sample catalogue."""

from __future__ import annotations

from itertools import cycle
from time import perf_counter

import numpy as np
import pytest

from bot.bot import Mind
from bot.policy.questions import Asker, QuestionParameters, gain, which_question
from bot.understanding.turn import Context, Intent
from errors import Lang
from retrieval.items import Item


def things(count: int, **values: object) -> list[Item]:
    """Items with the given field values, each a list gone through again and again."""
    turns = {name: cycle(v) if isinstance(v, list) else cycle([v]) for name, v in values.items()}
    return [Item(str(i), f"甲{i}", "box", **{name: next(turn) for name, turn in turns.items()}) for i in range(count)]


def everything(items: list[Item]) -> np.ndarray:
    return np.arange(len(items))


# -- information gain


@pytest.mark.parametrize(
    ("members", "bits"),
    [
        ([[1, 1, 0, 0], [0, 0, 1, 1]], 1.0),  # halves
        ([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], 2.0),  # quarters
        ([[1, 1, 1, 1]], 0.0),  # true of all: nothing is learnt
        ([[1, 1, 0, 0]], 0.5),  # half of the visitors learn one bit, the others have no answer
        ([[1, 1, 0, 0], [1, 1, 0, 0]], 0.5),  # the same answer twice tells no more
    ],
)
def test_gain_is_what_an_answer_tells(members: list[list[int]], bits: float) -> None:
    assert gain(np.asarray(members, dtype=np.bool_)) == pytest.approx(bits)


def test_gain_of_exclusive_answers_is_the_entropy_of_their_shares() -> None:
    members = np.zeros((3, 8), dtype=np.bool_)
    members[0, :4] = members[1, 4:6] = members[2, 6:] = True
    assert gain(members) == pytest.approx(0.5 * 1 + 0.25 * 2 + 0.25 * 2)
    assert gain(np.zeros((0, 5), dtype=np.bool_)) == gain(np.zeros((2, 0), dtype=np.bool_)) == 0.0


# -- which field


def test_the_field_that_divides_most_evenly_is_asked_about() -> None:
    items = things(
        12,
        category=["衬衫"] * 11 + ["帽子"],
        attributes=[{"color": "红蓝黑"[i % 3], "season": "冬" if i > 8 else "夏"} for i in range(12)],
    )
    question = Asker(items).question(everything(items), "zh")
    assert question is not None
    assert question.field == "attributes.color"
    assert {"要红的", "要蓝的", "要黑的"} < set(question.answers)
    assert question.answers[-1] == "都行"


def test_a_field_that_was_taken_is_not_asked_about_and_no_field_is_no_question() -> None:
    items = things(12, attributes=[{"color": "红"}, {"color": "蓝"}])
    asker = Asker(items)
    assert asker.question(everything(items), "zh") is not None
    assert asker.question(everything(items), "zh", {"attributes.color"}) is None
    assert asker.question(np.arange(0), "zh") is None


def test_a_value_that_few_have_or_nearly_all_is_no_answer() -> None:
    items = things(20, tags=[("好",)] * 18 + [("好", "稀有"), ("好", "古怪")])
    assert Asker(items).question(everything(items), "zh") is None


def test_two_tags_of_the_same_things_are_one_answer() -> None:
    items = things(12, tags=[("科幻", "太空"), ("爱情", "都市"), ("悬疑",)])
    question = Asker(items).question(everything(items), "zh")
    assert question is not None
    assert len(question.answers) == 4
    assert not {"要科幻的", "要太空的"} <= set(question.answers)


def test_prices_are_asked_for_in_three_bands_of_one_currency() -> None:
    items = things(30, price=[float(p) for p in range(10, 310, 10)], currency="CNY")
    question = Asker(items).question(everything(items), "zh")
    assert question is not None
    assert question.field == "price"
    assert question.answers == ("100元以内", "100到200元", "200元以上", "都行")
    english = Asker(items).question(everything(items), "en")
    assert english is not None
    assert english.answers == ("under 100 yuan", "between 100 and 200 yuan", "over 200 yuan", "any is fine")
    mixed = things(30, price=[float(p) for p in range(10, 310, 10)], currency=["CNY", "USD"])
    assert Asker(mixed).question(everything(mixed), "zh") is None


def test_years_are_asked_for_in_bands() -> None:
    items = things(30, year=list(range(1990, 2020)))
    question = Asker(items).question(everything(items), "zh")
    assert question is not None
    assert question.answers == ("2000年以前的", "2000年到2010年的", "2010年以后的", "都行")


def test_answers_are_in_the_visitors_language() -> None:
    english = {"en": {"category": "lamp"}}
    items = things(12, category=["灯", "椅子"], i18n=[english, {"en": {"category": "chair"}}])
    asker = Asker(items)
    zh, en = (asker.question(everything(items), lang) for lang in ("zh", "en"))
    assert zh is not None
    assert en is not None
    assert set(zh.answers) == {"要灯", "要椅子", "都行"}
    assert set(en.answers) == {"lamp, please", "chair, please", "any is fine"}
    untranslated = things(12, category=["灯", "椅子"])
    assert Asker(untranslated).question(everything(untranslated), "en") is None


def test_only_candidates_count() -> None:
    items = things(24, attributes=[{"color": "红", "size": "大"}] * 12 + [{"color": "红"}, {"color": "蓝"}] * 6)
    asker = Asker(items)
    assert asker.question(np.arange(12), "zh") is None
    later = asker.question(np.arange(12, 24), "zh")
    assert later is not None
    assert later.field == "attributes.color"


def test_long_or_compound_values_are_no_answers() -> None:
    items = things(12, attributes=[{"material": "棉98%、弹力纤维2%"}, {"material": "一种非常非常长的说不完的料子"}])
    assert Asker(items).question(everything(items), "zh") is None


def test_which_one_offers_no_more_than_there_is() -> None:
    assert len(which_question(2, "zh").answers) == 2
    assert len(which_question(5, "en").answers) == 3


# -- on the sample catalogue


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_answer_is_understood_as_a_wish_or_a_limit(mind: Mind, lang: Lang) -> None:
    catalogue = mind.recommender.shelf.catalogue
    assert mind.asker is not None
    for code, domain in enumerate(catalogue.domains):
        candidates = np.flatnonzero(catalogue.domain_codes == code)
        for split in mind.asker.splits(candidates, lang):
            others = {s.field for s in mind.asker.splits(candidates, lang)} - {split.field}
            question = mind.asker.question(candidates, lang, others)
            if question is None:
                continue
            context = Context(question=question, domain=domain)
            for answer in question.answers[:-1]:
                turn = mind.understander.understand(answer, lang, context)
                assert turn.wishes or turn.constraints, answer
                assert not turn.refusals, answer
                assert turn.intent in (Intent.ASK, Intent.REFINE), (answer, turn.intent)


def test_a_question_takes_milliseconds(mind: Mind) -> None:
    assert mind.asker is not None
    candidates = np.arange(500)
    times = []
    for _ in range(9):
        start = perf_counter()
        mind.asker.question(candidates, "zh")
        times.append(perf_counter() - start)
    assert sorted(times)[4] < 0.02  # 1.5 ms where nothing else runs


def test_parameters_say_when_a_question_is_worth_it() -> None:
    items = things(12, attributes=[{"color": "红"}, {"color": "蓝"}])
    strict = Asker(items, QuestionParameters(least_gain=1.5))
    assert strict.question(everything(items), "zh") is None
