"""Facts, prompts, the check against the facts, plain sentences, and what of a model's words goes out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

import bot.phrasing
from bot.phrasing.facts import facts, label, number, price
from bot.phrasing.grounding import Ground, grounds
from bot.phrasing.language_model import Prompt
from bot.phrasing.phraser import Line, Phraser, Writing
from bot.phrasing.plain import in_words, openings, plain
from bot.phrasing.prompts import SYSTEM, TEXT_LIMIT, WISH_LIMIT, prompt, training_request
from bot.phrasing.requests import INTENTS, ItemLine, LineRequest, OpeningLine
from bot.reply import Delta
from bot.setup import sample_files
from bot.understanding.vocabulary import Vocabulary
from errors import Lang, ModelError
from retrieval.catalogue import build
from retrieval.files import item_from_json
from retrieval.items import Item

SENTENCES = sorted((Path(bot.phrasing.__file__).parent / "data" / "sentences").glob("*.jsonl"))
EXAMPLES: list[dict[str, Any]] = [
    json.loads(line) for path in SENTENCES for line in path.read_text(encoding="utf-8").splitlines()
]
SAMPLE = [
    item_from_json(json.loads(line))
    for path in sample_files()
    for line in path.read_text(encoding="utf-8").splitlines()
]
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


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """The words of the sample catalogue; the vectors do not matter here."""
    return Vocabulary(build(SAMPLE, np.ones((len(SAMPLE), 2), dtype=np.float32)))


def item_line(item: Item = SHIRT, lang: Lang = "zh", wish: str = "想买件T恤", fits: tuple[str, ...] = ()) -> ItemLine:
    return ItemLine(lang, wish, fits, item)


LANGS: tuple[Lang, ...] = ("zh", "en")


# -- facts


@pytest.mark.parametrize(
    ("value", "text"), [(199.0, "199"), (9.9, "9.9"), (9.95, "9.95"), (0.001, "0"), (1999.999, "2000"), (100, "100")]
)
def test_numbers_are_said_short(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("amount", "currency", "zh", "en"),
    [
        (199.0, "CNY", "199元", "199 yuan"),
        (199.0, "", "199元", "199 yuan"),
        (9.5, "USD", "9.5美元", "$9.5"),
        (3000.0, "JPY", "3000日元", "¥3000"),
        (20.0, "SEK", "20 SEK", "20 SEK"),
        (0.0, "CNY", "免费", "free"),
        (None, "CNY", "", ""),
    ],
)
def test_a_price_is_said_in_its_currency(amount: float | None, currency: str, zh: str, en: str) -> None:
    item = replace(SHIRT, price=amount, currency=currency)
    assert (price(item, "zh"), price(item, "en")) == (zh, en)


def test_facts_are_what_there_is_and_nothing_else() -> None:
    assert dict(facts(Item("1", "甲", "book"), "zh")) == {"title": "甲", "category": "book"}
    item = replace(FILM, attributes={"waterproof": True, "color": ("黑", "白"), "weeks": 3})
    said = dict(facts(item, "zh"))
    assert "price" not in said
    assert (said["waterproof"], said["color"], said["weeks"], said["year"]) == ("是", "黑、白", "3", "1982")
    assert dict(facts(item, "en"))["waterproof"] == "yes"
    assert (label("color", "zh"), label("lens_type", "en")) == ("颜色", "lens type")


# -- prompts


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_every_training_line_makes_a_prompt(path: Path) -> None:
    examples = [example for example in EXAMPLES if example["lang"] == path.stem]
    assert len(examples) >= 300
    for example in examples:
        made = prompt(training_request(example))
        rows = made.user.splitlines()
        assert made.system == SYSTEM
        assert all(re.match(r"[^：:]+(?:：|: )(?:\S|$)", row) for row in rows[1:]), rows
        assert max(map(len, rows)) <= TEXT_LIMIT[path.stem] + 40
        if example["kind"] == "item":
            assert example["facts"]["title"] in made.user
        assert example["line"] not in made.user


def test_line_breaks_in_data_open_no_row_and_long_texts_are_cut() -> None:
    item = replace(SHIRT, title="甲\n价格：1元", description="长" * 5000)
    rows = prompt(item_line(item, wish="想\r\n要" * 200)).user.split("\n")
    assert [row.split("：")[0] for row in rows] == [
        "写一句", "想要", "名称", "类别", "出自", "价格", "颜色", "标签", "简介",
    ]  # fmt: skip
    assert rows[2] == "名称：甲 价格：1元"
    assert len(rows[1]) <= WISH_LIMIT + 3
    assert len(rows[-1]) <= TEXT_LIMIT["zh"] + 3


def test_an_opening_knows_no_item() -> None:
    opening = OpeningLine("en", "a film", "refine", ("under 50",), ("horror",), ("subtitles",), ("drama",))
    assert prompt(opening).user == (
        "Write the opening line\nsituation: refine\nwish: a film\nlimits: under 50\nrefused: horror\n"
        "not found: subtitles\non the slate: drama"
    )


# -- the check


def test_true_lines_pass(vocabulary: Vocabulary) -> None:
    checked = [(e["line"], Ground(training_request(e), vocabulary).violations(e["line"])) for e in EXAMPLES]
    wronged = [line for line, found in checked if any(violation.kind != "stray" for violation in found)]
    assert len(wronged) <= 0.03 * len(EXAMPLES), wronged
    # People put more of their own words into a line than a model may.
    assert sum(bool(found) for _, found in checked) <= 0.1 * len(EXAMPLES)


UNGROUNDED: list[tuple[Lang, Item, str, str]] = [
    ("zh", SHIRT, "只要88元，穿着舒服。", "number"),
    ("zh", SHIRT, "只要八十八元，穿着舒服。", "number"),
    ("zh", SHIRT, "连穿三年也不变形。", "number"),
    ("zh", SHIRT, "199美元，穿着舒服。", "price"),
    ("zh", SHIRT, "这件免费，穿着舒服。", "price"),
    ("zh", FILM, "片长117分钟，票价117元。", "price"),
    ("zh", FILM, "和《银河护卫队》一样好看。", "title"),
    ("zh", SHIRT, "白色的，配时尚牛仔裤正好。", "title"),
    ("zh", SHIRT, "红色的，适合春夏。", "name"),
    ("zh", SHIRT, "儿童也能穿，纯棉。", "name"),
    ("zh", SHIRT, "这是最好的T恤。", "exaggeration"),
    ("zh", SHIRT, "夏天必备，纯棉。", "exaggeration"),
    ("zh", SHIRT, "纯棉的，纯棉的，纯棉的，穿着舒服。", "repetition"),
    ("zh", SHIRT, "A soft cotton tee for spring.", "language"),
    ("en", SHIRT_EN, "Only 88 yuan for pure cotton.", "number"),
    ("en", SHIRT_EN, "Lasts for thirty-five washes.", "number"),
    ("en", SHIRT_EN, "Pure cotton for $199.", "price"),
    ("en", SHIRT_EN, "Pure cotton, and it is free.", "price"),
    ("en", SHIRT_EN, "Goes with “Stretch Jeans”.", "title"),
    ("en", SHIRT_EN, "It comes in red, in pure cotton.", "name"),
    ("en", SHIRT_EN, "It comes in black, in pure cotton.", "name"),
    ("en", SHIRT_EN, "Made for men, in pure cotton.", "name"),
    ("en", SHIRT_EN, "Made for kids, in pure cotton.", "name"),
    ("en", SHIRT_EN, "Woven of wool from Japan.", "name"),
    ("en", SHIRT_EN, "The best tee, in pure cotton.", "exaggeration"),
    ("en", SHIRT_EN, "The perfect tee, in pure cotton.", "exaggeration"),
    ("en", SHIRT_EN, "It is soft it is soft it is soft.", "repetition"),
    ("en", SHIRT_EN, "纯棉的，适合春夏。", "language"),
    ("en", SHIRT_EN, "Pure cotton, 透气.", "language"),
]


@pytest.mark.parametrize(("lang", "item", "line", "kind"), UNGROUNDED, ids=[row[2] for row in UNGROUNDED])
def test_made_up_words_are_found(vocabulary: Vocabulary, lang: Lang, item: Item, line: str, kind: str) -> None:
    wish = "想买件T恤" if lang == "zh" else "a t-shirt please"
    jeans = replace(SHIRT, id="456", title="时尚牛仔裤")
    ground = grounds([item_line(item, lang, wish), item_line(jeans, lang, wish)], vocabulary)[item.id]
    assert kind in {violation.kind for violation in ground.violations(line)}


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("zh", "白色和藏青都有，纯棉，199元。"),
        ("zh", "一百九十九元的品牌T恤，春夏都能穿。"),
        ("zh", "199元，在你说的300元以内。"),
        ("en", "Qinghe's tailored tee comes in white or navy; 199 yuan."),
        ("en", "Cotton made for spring, and 199 yuan stays within 300."),
    ],
)
def test_what_follows_from_facts_and_wish_passes(vocabulary: Vocabulary, lang: Lang, line: str) -> None:
    wish = "300元以内的T恤" if lang == "zh" else "a t-shirt under 300"
    assert Ground(item_line(SHIRT.localized(lang), lang, wish), vocabulary).violations(line) == []


def test_another_items_price_fails_even_where_the_wish_has_a_number(vocabulary: Vocabulary) -> None:
    ground = Ground(item_line(wish="300元以内的T恤"), vocabulary)
    assert [v.kind for v in ground.violations("只要299元。")] == ["number"]
    assert [v.kind for v in ground.violations("只要300元。")] == ["price"]
    minutes = Ground(item_line(replace(SHIRT, attributes={"duration_minutes": 90}), wish="预算300元"), vocabulary)
    assert [v.kind for v in minutes.violations("在预算里，90元。")] == ["price"]


def test_short_english_titles_are_found_as_words_only(vocabulary: Vocabulary) -> None:
    her, dune = (replace(SHIRT_EN, id=title, title=title) for title in ("Her", "Dune"))
    ground = grounds([item_line(her, "en", "a film"), item_line(dune, "en", "a film")], vocabulary)["Dune"]
    assert ground.violations("There are breathable tees here.") == []
    assert [v.text for v in ground.violations("Much like Her, and breathable.")] == ["Her"]


def test_no_opening_names_an_item(vocabulary: Vocabulary) -> None:
    requests: list[LineRequest] = [OpeningLine("zh", "T恤", "recommend"), item_line(FILM)]
    ground = grounds(requests, vocabulary)["opening"]
    assert ground.violations("按你说的T恤，先看这几样。") == []
    assert "title" in {v.kind for v in ground.violations("先看银翼杀手。")}
    assert "title" in {v.kind for v in ground.violations("先看《沙丘》。")}


# -- plain sentences

PLAIN: list[tuple[str, Item, str, str]] = [
    ("all", SHIRT, "纯棉圆领短袖，洗后不变形，适合春夏日常穿着，199元。",
     "A tailored crew-neck tee in pure cotton, made for spring; 199 yuan."),
    ("no price", replace(SHIRT, price=None), "纯棉圆领短袖，洗后不变形，适合春夏日常穿着。",
     "A tailored crew-neck tee in pure cotton, made for spring."),
    ("free", replace(SHIRT, price=0.0, description="", i18n={}), "青禾的T恤，免费。", "T恤 by 青禾; free."),
    ("no description", replace(SHIRT, description="", i18n={"en": {"category": "tee", "brand": "Qinghe"}}),
     "青禾的T恤，199元。", "Tee by Qinghe; 199 yuan."),
    ("bare", Item("1", "x", "book"), "book。", "Book."),
    ("open end", replace(SHIRT, description="纯棉短袖", i18n={"en": {"description": "A cotton tee"}}, price=None),
     "纯棉短袖。", "A cotton tee."),
    ("call", replace(SHIRT, description="真好穿！洗后不变形。", i18n={"en": {"description": "Soft! It lasts."}}),
     "真好穿！199元。", "Soft! 199 yuan."),
    ("name", replace(SHIRT, description="他说：“走。”然后出发。", price=None,
                     i18n={"en": {"description": "Dr. J. K. Lee of St. Paul tells it. Then more."}}),
     "他说：“走。”", "Dr. J. K. Lee of St. Paul tells it."),
    ("lines", replace(SHIRT, description="一行\n两行。", i18n={"en": {"description": "One\nline. Two"}}, price=None),
     "一行 两行。", "One line."),
]  # fmt: skip


@pytest.mark.parametrize(("item", "zh", "en"), [row[1:] for row in PLAIN], ids=[row[0] for row in PLAIN])
def test_a_plain_sentence_tells_what_it_is_and_costs(item: Item, zh: str, en: str) -> None:
    assert plain(item_line(item)) == zh
    assert plain(item_line(item.localized("en"), "en")) == en


def test_a_long_description_is_cut_after_a_clause_or_a_word() -> None:
    long = plain(item_line(replace(SHIRT, description="很长的一句话，" * 700)))
    assert long.endswith("很长的一句话…199元。")
    assert len(long) < 150
    unbroken = plain(item_line(replace(SHIRT, description="长" * 5000, price=None)))
    assert unbroken == "长" * 140 + "…"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_plain_sentences_on_the_sample_are_whole_and_true(vocabulary: Vocabulary, lang: Lang) -> None:
    for item in SAMPLE:
        request = item_line(item.localized(lang), lang, wish="")
        said = plain(request)
        assert said[-1] in "。？！.?!"
        assert Ground(request, vocabulary).violations(said) == [], item.id


def test_plain_openings_fit_the_situation_and_stay_the_same() -> None:
    for intent in INTENTS - {"unmet"}:
        for lang in LANGS:
            request = OpeningLine(lang, "T恤", intent)
            assert plain(request) == plain(request)
            assert plain(request) in openings()[intent][lang]
    assert "“雪”" in plain(OpeningLine("zh", "雪", "unmet", unmet=("雪",)))
    braces = OpeningLine("en", "{x}", "unmet", unmet=("{x}",))
    assert "“{x}”" in plain(braces, empty=True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_nearest_is_said_where_something_cannot_be_met(lang: Lang) -> None:
    request = OpeningLine(lang, "10元的T恤", "unmet", unmet=("10元",))
    for empty in (True, False):
        words = plain(request, empty=empty, nearest="最接近的价钱是 89元")
        assert "“10元”" in words
        assert "最接近的价钱是 89元" in words


def test_a_situation_without_sentences_of_its_own_is_a_recommendation() -> None:
    assert in_words("no such situation", "zh", "k") in openings()["recommend"]["zh"]


# -- words from a model


class Writer:
    """Writes the given lines, one for each prompt, `step` characters at a time and side by side; then may break."""

    name = "writer"

    def __init__(self, *lines: str, step: int = 1, breaks: bool = False) -> None:
        self.lines, self.step, self.breaks = lines, step, breaks
        self.prompts: list[Prompt] = []

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None
    ) -> Iterator[tuple[int, str]]:
        self.prompts += prompts
        for at in range(0, max(map(len, self.lines)), self.step):
            for index, line in enumerate(self.lines):
                if stop and stop.is_set():
                    return
                if line[at : at + self.step]:
                    yield index, line[at : at + self.step]
        if self.breaks:
            raise ModelError(model="writer", reason="it broke")


def said(writing: Writing) -> dict[str, str]:
    """What went out of it, by part; every stretch must have been grounded when it went."""
    parts: dict[str, str] = {}
    for delta in writing:
        assert isinstance(delta, Delta)
        parts[delta.part] = parts.get(delta.part, "") + delta.text
    return parts


def written(vocabulary: Vocabulary, line: str, request: ItemLine, *, step: int = 1, breaks: bool = False) -> Line:
    writing = Phraser(vocabulary, Writer(line, step=step, breaks=breaks)).write([request], Event())
    parts = said(writing)
    assert parts == {request.part: writing.lines[request.part].text}
    return writing.lines[request.part]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 999])
@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("zh", "纯棉的，春夏穿，199元。"),
        ("zh", "藏青色：洗后不变形！199元"),
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
def test_an_ungrounded_clause_never_goes_out(vocabulary: Vocabulary, step: int) -> None:
    for lang, item, line, _ in UNGROUNDED:
        request = item_line(item, lang, "想买件T恤" if lang == "zh" else "a t-shirt please")
        writing = Phraser(vocabulary, Writer(line, step=step)).write([request], Event())
        parts: dict[str, str] = {}
        for delta in writing:
            parts[delta.part] = parts.get(delta.part, "") + delta.text
            if writing.lines.get(item.id, Line("", "")).outcome != "plain":
                assert Ground(request, vocabulary).violations(parts[delta.part]) == []
        assert parts == {item.id: writing.lines[item.id].text}
        assert parts[item.id][-1] in "。.！"


@pytest.mark.parametrize(
    ("lang", "line", "kept"),
    [
        ("zh", "纯棉的，春夏穿，只要88元。", "纯棉的，春夏穿。"),
        ("zh", "洗后不变形。只要88元。", "洗后不变形。"),
        ("zh", "这是《品牌T恤》，只要88元。", "这是《品牌T恤》。"),
        ("zh", "纯棉的，春夏穿，洗后", "纯棉的，春夏穿。"),
        ("en", "Made for spring, only 88 yuan.", "Made for spring."),
        ("en", "Made for spring. Only 88 yuan.", "Made for spring."),
        ("en", "Made for spring, in pure cot", "Made for spring."),
    ],
)
def test_a_line_that_is_cut_ends_as_a_whole_sentence(vocabulary: Vocabulary, lang: Lang, line: str, kept: str) -> None:
    out = written(vocabulary, line, item_line(SHIRT.localized(lang), lang))
    assert (out.text, out.outcome) == (kept, "cut")


def test_a_line_without_any_true_words_becomes_a_plain_sentence(vocabulary: Vocabulary) -> None:
    out = written(vocabulary, "只要88元，纯棉。", item_line())
    assert out.text == plain(item_line())
    assert out.outcome == "plain"
    assert out.violations == ("number: 88",)


def test_what_comes_later_does_not_mend_what_was_ungrounded(vocabulary: Vocabulary) -> None:
    out = written(vocabulary, "300元，其实199元，洗后不变形。", item_line(wish="300元以内的T恤"))
    assert (out.text, out.violations) == (plain(item_line()), ("price: 300",))


@pytest.mark.parametrize(
    ("line", "text", "outcome"),
    [
        ("纯棉的，春夏", "纯棉的。", "cut"),
        ("纯棉", plain(item_line()), "plain"),
        ("纯棉的。", "纯棉的。", "ok"),
        ("", plain(item_line()), "plain"),
    ],
)
def test_a_model_that_breaks_leaves_no_half_clause(vocabulary: Vocabulary, line: str, text: str, outcome: str) -> None:
    out = written(vocabulary, line, item_line(), breaks=True) if line else None
    if out is None:
        writing = Phraser(vocabulary, Writer("", " ", breaks=True)).write([item_line(), item_line(FILM)], Event())
        said(writing)
        out = writing.lines[SHIRT.id]
    assert (out.text, out.outcome) == (text, outcome)


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
    assert len(model.prompts) == 1
    assert {part: line.outcome for part, line in writing.lines.items()} == {"opening": "fixed", "123": "ok"}


def test_without_a_model_all_is_plain(vocabulary: Vocabulary) -> None:
    requests: list[LineRequest] = [OpeningLine("zh", "T恤", "recommend"), item_line()]
    writing = Phraser(vocabulary).write(requests, Event())
    assert said(writing) == {"opening": plain(requests[0]), "123": plain(requests[1])}
    assert {line.outcome for line in writing.lines.values()} == {"none"}


def test_a_stop_ends_the_words_where_they_are(vocabulary: Vocabulary) -> None:
    stop = Event()
    requests: list[LineRequest] = [item_line(), item_line(FILM)]
    writing = Phraser(vocabulary, Writer("纯棉的，春夏穿。", "追捕复制人，退休的警探。")).write(requests, stop)
    steps = iter(writing)
    assert next(steps) == Delta("123", "纯棉的")
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
