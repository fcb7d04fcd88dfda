"""What of a model's words goes out, what is tried again, and what takes their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event
from typing import get_args

import numpy as np
import pytest

from bot.phrasing.grounding import Ground
from bot.phrasing.language_model import Prompt
from bot.phrasing.outcomes import Line, Trouble, words_of
from bot.phrasing.phraser import Phraser, Writing
from bot.phrasing.plain import plain
from bot.phrasing.requests import AnswerLine, ItemLine, LineRequest, OpeningLine
from bot.phrasing.watched import Watched
from bot.reply import Delta
from bot.understanding.vocabulary import Vocabulary
from errors import Lang, ModelError
from retrieval.catalogue import build
from retrieval.items import Item

SHIRT = Item(
    "123", "品牌T恤", "clothing", category="T恤", brand="青禾", price=199, currency="CNY", tags=("透气", "百搭"),
    description="纯棉圆领短袖，洗后不变形，适合春夏日常穿着。", attributes={"color": ("白色", "藏青")},
    i18n={
        "en": {
            "title": "Qinghe T-shirt", "category": "T-shirt", "brand": "Qinghe", "tags": ("breathable",),
            "description": "A tailored crew-neck tee in pure cotton, made for spring.",
            "attributes": {"color": ("white", "navy")},
        }
    },
)  # fmt: skip
SHIRT_EN = SHIRT.localized("en")
FILM = Item(
    "f1", "银翼杀手", "film", category="科幻片", brand="雷德利·斯科特", year=1982, tags=("赛博朋克",),
    description="退休的警探追捕逃回地球的复制人。", attributes={"duration_minutes": 117},
)  # fmt: skip
UNGROUNDED: list[tuple[Lang, Item, str]] = [
    ("zh", SHIRT, "只要88元，穿着舒服。"),
    ("zh", SHIRT, "199美元，穿着舒服。"),
    ("zh", FILM, "和《银河护卫队》一样好看。"),
    ("zh", SHIRT, "这是最好的T恤。"),
    ("zh", SHIRT, "A soft cotton tee for spring."),
    ("en", SHIRT_EN, "Only 88 yuan for pure cotton."),
    ("en", SHIRT_EN, "Pure cotton for $199."),
    ("en", SHIRT_EN, "Goes with “Stretch Jeans”."),
    ("en", SHIRT_EN, "The best tee, in pure cotton."),
    ("en", SHIRT_EN, "纯棉的，适合春夏。"),
]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """The words of a small catalogue; the vectors do not matter here."""
    return Vocabulary(build([SHIRT, FILM], np.ones((2, 2), dtype=np.float32)))


def item_line(item: Item = SHIRT, lang: Lang = "zh", wish: str = "想买件T恤") -> ItemLine:
    return ItemLine(lang, wish, (), item)


class Writer:
    """Writes the given lines, one for each prompt, `step` characters at a time and side by side; then may break.

    `again`: what it writes when it is asked another time.
    """

    name = "writer"

    def __init__(self, *lines: str, step: int = 1, breaks: bool = False, again: Sequence[str] = ()) -> None:
        self.tries = (lines, again or lines)
        self.step, self.breaks = step, breaks
        self.asked: list[list[Prompt]] = []
        self.attempts: list[int] = []

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        self.asked.append(list(prompts))
        self.attempts.append(attempt)
        lines = self.tries[attempt]
        for at in range(0, max(map(len, lines)), self.step):
            for index, line in enumerate(lines[: len(prompts)]):
                if stop and stop.is_set():
                    return
                if line[at : at + self.step]:
                    yield index, line[at : at + self.step]
        if self.breaks:
            raise ModelError(model="writer", reason="it broke")


class Stuck(Writer):
    """Writes its lines, then nothing more and does not end."""

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        assert stop is not None
        yield from super().generate(prompts, stop=stop)
        stop.wait(10)


def said(writing: Writing) -> dict[str, str]:
    """What went out of it, by part."""
    parts: dict[str, str] = {}
    for delta in writing:
        assert isinstance(delta, Delta)
        parts[delta.part] = parts.get(delta.part, "") + delta.text
    return parts


def written(
    vocabulary: Vocabulary, line: str, request: LineRequest, *, step: int = 1, breaks: bool = False, again: str = ""
) -> Line:
    model = Writer(line, step=step, breaks=breaks, again=(again,) if again else ())
    writing = Phraser(vocabulary, model).write([request], Event())
    parts = said(writing)
    assert parts == {request.part: writing.lines[request.part].text}
    return writing.lines[request.part]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 999])
@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("zh", "纯棉的，春夏穿，199元。"),
        ("zh", "藏青色：洗后不变形，适合春夏！199元"),
        ("en", "Made for spring, in white: 199 yuan."),
    ],
)
def test_a_true_line_goes_out_as_it_was_written(vocabulary: Vocabulary, lang: Lang, line: str, step: int) -> None:
    request = item_line(SHIRT.localized(lang), lang)
    cut = line if line[-1] in "。." else line[: line.rindex("！") + 1]
    assert written(vocabulary, line, request, step=step).text == cut


@pytest.mark.parametrize(("amount", "text"), [(1299.0, "1,299"), (9.9, "9.9")])
def test_a_mark_inside_a_number_ends_no_clause(vocabulary: Vocabulary, amount: float, text: str) -> None:
    request = item_line(replace(SHIRT_EN, price=amount), "en")
    line = written(vocabulary, f"Pure cotton, and only {text} yuan for it.", request)
    assert line == Line(f"Pure cotton, and only {text} yuan for it.", "ok")


@pytest.mark.parametrize("step", [1, 4])
@pytest.mark.parametrize(("lang", "item", "line"), UNGROUNDED, ids=[row[2] for row in UNGROUNDED])
def test_an_ungrounded_clause_never_goes_out(
    vocabulary: Vocabulary, lang: Lang, item: Item, line: str, step: int
) -> None:
    request = item_line(item, lang, "想买件T恤" if lang == "zh" else "a t-shirt please")
    writing = Phraser(vocabulary, Writer(line, step=step)).write([request], Event())
    text = ""
    for delta in writing:
        if item.id not in writing.lines:
            text += delta.text
            assert Ground(request, vocabulary).violations(text) == []
    assert writing.lines[item.id].outcome == "plain"
    assert writing.lines[item.id].text.endswith(plain(request))


@pytest.mark.parametrize(
    ("lang", "line", "kept"),
    [
        ("zh", "洗后不变形，春夏日常穿，只要88元。", "洗后不变形，春夏日常穿。"),
        ("zh", "洗后不变形，适合春夏。只要88元。", "洗后不变形，适合春夏。"),
        ("zh", "这是《品牌T恤》，纯棉，只要88元。", "这是《品牌T恤》，纯棉。"),
        ("zh", "洗后不变形，春夏日常穿，洗后", "洗后不变形，春夏日常穿。"),
        ("en", "Pure cotton, made for the spring, only 88 yuan.", "Pure cotton, made for the spring."),
        ("en", "It is cotton, made for spring. Only 88 yuan.", "It is cotton, made for spring."),
        ("en", "It is cotton, made for spring, in pure cot", "It is cotton, made for spring."),
    ],
)
def test_a_line_that_is_cut_ends_as_a_whole_sentence(vocabulary: Vocabulary, lang: Lang, line: str, kept: str) -> None:
    out = written(vocabulary, line, item_line(SHIRT.localized(lang), lang))
    assert (out.text, out.outcome) == (kept, "cut")


# -- a small model is kept close


@pytest.mark.parametrize(
    ("lang", "line", "outcome"),
    [
        ("zh", "纯棉圆领短袖，洗后不变形，199元。", "ok"),
        ("zh", "短袖和圆领都在春夏里纯棉着日常。", "plain"),
        ("en", "A crew-neck tee in pure cotton, made for spring, 199 yuan.", "ok"),
        ("en", "Pure spring is made in the crew of a tee that cotton has.", "plain"),
    ],
)
def test_a_line_that_joins_its_words_anew_is_not_said_by_a_small_model(
    vocabulary: Vocabulary, lang: Lang, line: str, outcome: str
) -> None:
    request = item_line(SHIRT.localized(lang), lang)
    for close in (False, True):
        writing = Phraser(vocabulary, Writer(line), close=close).write([request], Event())
        said(writing)
        assert writing.lines[request.part].outcome == (outcome if close else "ok")


# -- one more try


def test_a_line_without_any_true_words_is_asked_for_once_more(vocabulary: Vocabulary) -> None:
    out = written(vocabulary, "只要88元，纯棉。", item_line(), again="洗后不变形，适合春夏。")
    assert out == Line("洗后不变形，适合春夏。", "retried", (("number: 88",), ()))


def test_only_the_lines_that_failed_are_asked_for_again_with_another_sample(vocabulary: Vocabulary) -> None:
    model = Writer("洗后不变形，适合春夏。", "只要88元。", again=["退休的警探追捕复制人。"])
    writing = Phraser(vocabulary, model).write([item_line(), item_line(FILM)], Event())
    words = said(writing)
    assert words == {"123": "洗后不变形，适合春夏。", "f1": "退休的警探追捕复制人。"}
    assert {part: line.outcome for part, line in writing.lines.items()} == {"123": "ok", "f1": "retried"}
    assert model.attempts == [0, 1]
    assert model.asked[1] == model.asked[0][1:]


def test_a_line_that_fails_twice_becomes_a_plain_sentence(vocabulary: Vocabulary) -> None:
    out = written(vocabulary, "只要88元，纯棉。", item_line(), again="只要77元，纯棉。")
    assert out == Line(plain(item_line()), "plain", (("number: 88",), ("number: 77",)))


@pytest.mark.parametrize(
    ("lang", "line", "again"),
    [
        ("zh", "纯棉的，只要88元。", "洗后不变形，适合春夏。"),
        ("zh", "纯棉的，只要88元。", "纯棉的，洗后不变形。"),
        ("en", "Pure cotton, only 88 yuan.", "It is cotton, made for spring."),
        ("en", "Pure cotton, only 88 yuan.", "Pure cotton, made for spring."),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 99])
def test_words_too_short_to_stand_wait_and_are_not_out_when_the_line_fails(
    vocabulary: Vocabulary, lang: Lang, line: str, again: str, step: int
) -> None:
    request = item_line(SHIRT.localized(lang), lang)
    assert written(vocabulary, line, request, step=step, again=again) == Line(again, "retried", (("number: 88",), ()))
    out = written(vocabulary, line, request, step=step, again=line)
    assert (out.text, out.outcome) == (plain(request), "plain")


def test_an_answer_that_does_not_say_what_was_asked_is_completed(vocabulary: Vocabulary) -> None:
    request = AnswerLine("zh", "多少钱", SHIRT, (("价格", "199元"),))
    out = written(vocabulary, "这件是纯棉的，洗后不变形。", request, again="价格是199元。")
    assert out.outcome == "retried"
    assert out.text == "这件是纯棉的，洗后不变形。价格是199元。"
    assert out.violations[0] == ("omission: 199元",)


def test_what_comes_later_does_not_mend_what_was_ungrounded(vocabulary: Vocabulary) -> None:
    out = written(vocabulary, "300元，其实199元，洗后不变形。", item_line(wish="300元以内的T恤"))
    assert (out.text, out.violations[0]) == (plain(item_line(wish="300元以内的T恤")), ("price: 300",))


# -- models that break or hang


@pytest.mark.parametrize(
    ("line", "text", "outcome", "trouble"),
    [
        ("洗后不变形，适合春夏，199", "洗后不变形，适合春夏。", "cut", "failed"),
        ("纯棉的，春夏", plain(item_line()), "plain", "failed"),
        ("纯棉", plain(item_line()), "plain", "failed"),
        ("纯棉的。", "纯棉的。", "ok", ""),
        (" ", plain(item_line()), "plain", "failed"),
    ],
)
def test_a_model_that_breaks_leaves_no_half_clause(
    vocabulary: Vocabulary, line: str, text: str, outcome: str, trouble: str
) -> None:
    out = written(vocabulary, line, item_line(), breaks=True)
    assert (out.text, out.outcome, out.trouble) == (text, outcome, trouble)


def test_a_model_that_breaks_is_not_asked_again(vocabulary: Vocabulary) -> None:
    model = Writer("只要88元。", breaks=True)
    said(Phraser(vocabulary, model).write([item_line()], Event()))
    assert model.attempts == [0]


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("out of memory"), ValueError("a bug"), OSError(12, "no")]
)
def test_whatever_a_model_raises_plain_sentences_take_over(vocabulary: Vocabulary, error: Exception) -> None:
    class Full(Writer):
        def generate(self, *_: object, **__: object) -> Iterator[tuple[int, str]]:
            raise error

    writing = Phraser(vocabulary, Full("")).write([item_line(), item_line(FILM)], Event())
    assert said(writing) == {"123": plain(item_line()), "f1": plain(item_line(FILM))}
    assert {(line.outcome, line.trouble) for line in writing.lines.values()} == {("plain", "failed")}


def test_a_model_that_hangs_costs_no_more_than_its_time(vocabulary: Vocabulary) -> None:
    model = Stuck("洗后不变形，适合春夏。")
    watched = Watched(model, seconds=0.3)
    writing = Phraser(vocabulary, watched).write([item_line(), item_line(FILM)], Event())
    assert said(writing) == {"123": "洗后不变形，适合春夏。", "f1": plain(item_line(FILM))}
    assert {part: (line.outcome, line.trouble) for part, line in writing.lines.items()} == {
        "123": ("ok", ""),
        "f1": ("plain", "slow"),
    }
    assert model.attempts == [0]
    assert watched.health.slow == 1


def test_both_tries_share_the_time(vocabulary: Vocabulary) -> None:
    left: list[float] = []

    class Noting(Watched):
        def generate(self, *_: object, seconds: float | None = None, **__: object) -> Iterator[tuple[int, str]]:
            assert seconds is not None
            left.append(seconds)
            yield 0, "只要88元。"

    said(Phraser(vocabulary, Noting(Writer(""), seconds=5)).write([item_line()], Event()))
    assert 5 >= left[0] > left[1] > 0


# -- beside the model


def test_a_short_line_without_a_full_stop_gets_one(vocabulary: Vocabulary) -> None:
    assert written(vocabulary, "纯棉的，春夏都能穿。”", item_line()).text == "纯棉的，春夏都能穿。”"
    assert written(vocabulary, "  洗后不变形\n", item_line()).text == "洗后不变形。"
    assert written(vocabulary, "Pure cotton", item_line(SHIRT_EN, "en")).text == "Pure cotton."


def test_fixed_parts_and_floors_need_no_model(vocabulary: Vocabulary) -> None:
    model = Writer("纯棉的，春夏穿。")
    requests: list[LineRequest] = [OpeningLine("zh", "", "greeting"), item_line()]
    writing = Phraser(vocabulary, model).write(requests, Event(), {"opening": "你好呀。"}, frozenset({"opening"}))
    first, *_ = list(writing)
    assert first == Delta("opening", "你好呀。")
    assert [len(prompts) for prompts in model.asked] == [1]
    assert {part: line.outcome for part, line in writing.lines.items()} == {"opening": "fixed", "123": "ok"}


def test_without_a_model_all_is_plain(vocabulary: Vocabulary) -> None:
    requests: list[LineRequest] = [OpeningLine("zh", "T恤", "recommend"), item_line()]
    writing = Phraser(vocabulary).write(requests, Event())
    assert said(writing) == {"opening": plain(requests[0]), "123": plain(requests[1])}
    assert {(line.outcome, line.trouble) for line in writing.lines.values()} == {("none", "none")}


def test_a_stop_ends_the_words_where_they_are(vocabulary: Vocabulary) -> None:
    stop = Event()
    requests: list[LineRequest] = [item_line(), item_line(FILM)]
    writer = Writer("纯棉的，春夏日常穿，洗后不变形。", "追捕复制人，退休的警探。")
    writing = Phraser(vocabulary, writer).write(requests, stop)
    steps = iter(writing)
    assert next(steps) == Delta("123", "纯棉的，春夏日常穿")
    stop.set()
    assert [delta.part for delta in steps] in ([], ["f1"])
    assert writing.lines == {}


@pytest.mark.parametrize(("lang", "joint"), [("zh", ""), ("en", " ")])
def test_what_follows_a_part_is_said_at_its_end(vocabulary: Vocabulary, lang: Lang, joint: str) -> None:
    wish, line = ("一件T恤", "照你说的，一件T恤。") if lang == "zh" else ("a T-shirt", "Here is a T-shirt.")
    request = OpeningLine(lang, wish, "recommend")
    for model in (None, Writer(line)):
        writing = Phraser(vocabulary, model).write([request], Event(), after={"opening": "是给谁的？"})
        words = said(writing)["opening"]
        assert words == writing.lines["opening"].text
        assert words == (line if writing.lines["opening"].outcome == "ok" else plain(request)) + joint + "是给谁的？"


@pytest.mark.parametrize(
    ("lines", "words", "reason"),
    [
        ([Line("", "ok"), Line("", "retried"), Line("", "cut")], "model", ""),
        ([Line("", "fixed"), Line("", "ok")], "model", ""),
        ([Line("", "ok"), Line("", "plain", (("number: 8",),))], "mixed", ""),
        ([Line("", "ok"), Line("", "plain", trouble="slow")], "mixed", "slow"),
        ([Line("", "plain", trouble="failed")] * 2, "plain", "failed"),
        ([Line("", "cut", trouble="slow")], "model", "slow"),
        ([Line("", "none", trouble="none"), Line("", "fixed")], "plain", "none"),
        ([Line("", "fixed")], "plain", ""),
        ([], "plain", ""),
    ],
)
def test_who_wrote_a_reply_is_told_by_its_lines(lines: list[Line], words: str, reason: str) -> None:
    assert words_of(line.as_json() for line in lines) == (words, reason)
    assert reason in get_args(Trouble)
