import pytest
from heard import JEANS, READER, SHOES, SLATE, heard

from bot.understanding.turn import Context, Intent, Question

ALL = (SHOES, JEANS, READER)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("第二个多少钱", (JEANS,)),
        ("第2个", (JEANS,)),
        ("最后一个不错", (READER,)),
        ("倒数第二个", (JEANS,)),
        ("前两个", (SHOES, JEANS)),
        ("第一和第三个", (SHOES, READER)),
        ("这几个", ALL),
        ("都不要", ALL),
        ("那条牛仔裤多少钱", (JEANS,)),
        ("粉色的那双", (SHOES,)),
        ("最便宜的那个", (SHOES,)),
        ("最贵的", (READER,)),
        ("这两个哪个好", (SHOES, JEANS)),
        ("它是什么材质", ALL),
        ("the second one", (JEANS,)),
        ("the last one", (READER,)),
        ("the first two", (SHOES, JEANS)),
        ("compare the first and the third", (SHOES, READER)),
        ("option 2", (JEANS,)),
        ("both look nice", (SHOES, JEANS)),
        ("none of these", ALL),
        ("that pair of jeans", (JEANS,)),
        ("those jeans", (JEANS,)),
        ("the cheaper one", (SHOES,)),
        ("the most expensive one", (READER,)),
        ("the pink one", (SHOES,)),
        ("I don't like the black one", (READER,)),
        ("the cheaper of those", (SHOES,)),
    ],
)
def test_what_was_shown(text: str, ids: tuple[str, ...]) -> None:
    (reference,) = heard(text, SLATE).references
    assert (reference.kind, reference.item_ids) == ("shown", ids)


@pytest.mark.parametrize(
    "text",
    [
        "a film that makes me laugh",
        "第二次世界大战",
        "the second world war",
        "这个周末看的电影",
        "that film",
        "a café for the two of us",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    assert heard(text, SLATE).references == ()


def test_one_that_many_were_asked_for() -> None:
    turn = heard("which of these is the cheapest?", SLATE)
    assert [r.item_ids for r in turn.references] == [(SHOES,)]
    assert turn.intent is Intent.ABOUT


@pytest.mark.parametrize("text", ["how much is the gym pair?", "what colours do the flexible gym trainers come in?"])
def test_words_of_what_was_shown(text: str) -> None:
    assert [r.item_ids for r in heard(text, SLATE).references] == [(SHOES,)]


def test_a_pronoun_is_of_what_the_message_names() -> None:
    assert [r.kind for r in heard("is Intersteller any good? do you have it", SLATE).references] == ["title"]


@pytest.mark.parametrize("text", ["同一个牌子的", "anything by the same brand", "his other clothes"])
def test_more_of_the_same_maker(text: str) -> None:
    (limit,) = heard(text, SLATE).constraints
    assert (limit.field, limit.op, "跃坪" in limit.values) == ("brand", "is", True)


def test_nothing_shown_nothing_meant() -> None:
    assert heard("第二个").references == ()


def test_it_is_what_was_last_spoken_of() -> None:
    context = Context(slate=ALL, shown=ALL, focus=(READER,))
    assert heard("它有多重", context).references[0].item_ids == (READER,)


@pytest.mark.parametrize(
    ("text", "sentiment", "role"),
    [
        ("第二个不喜欢", -1.0, "this"),
        ("不要这些", -1.0, "this"),
        ("I don't like any of these", -1.0, "this"),
        ("none of them", -1.0, "this"),
        ("除了第二个都行", -1.0, "this"),
        ("I like the first one", 0.5, "this"),
        ("就要第二个", 0.5, "this"),
        ("类似第二个的", 0.0, "similar"),
        ("有没有像第二个那样的", 0.0, "similar"),
        ("more like the second one", 0.0, "similar"),
        ("第二个多少钱", 0.0, "this"),
    ],
)
def test_what_is_said_of_it(text: str, sentiment: float, role: str) -> None:
    (reference,) = heard(text, SLATE).references
    assert (reference.sentiment, reference.role) == (sentiment, role)


QUESTION = Question("attributes.color", "什么颜色？", ("黑色的", "白色的"))


def test_answers_to_the_bots_question() -> None:
    context = Context(slate=ALL, shown=ALL, question=QUESTION, domain="clothing")
    for text in ("都行", "随便", "whatever", "I don't mind"):
        turn = heard(text, context)
        assert (turn.intent, turn.lifted) == (Intent.ANYTHING, frozenset({"attributes.color"}))
    picked = understood_answer("第二个", context)
    assert "白色" in picked
    assert "黑色" not in picked


def understood_answer(text: str, context: Context) -> tuple[str, ...]:
    from heard import understander

    turn = understander("sample").understand(text, "zh", context)
    assert turn.text == text
    return turn.constraints[0].values


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("the shorter one, please", "fi-007"),
        ("the longer of the two", "fi-006"),
        ("短一点的那部", "fi-007"),
        ("最长的那部", "fi-006"),
    ],
)
def test_what_was_shown_by_its_length(text: str, item: str) -> None:
    (reference,) = heard(text, Context(slate=("fi-006", "fi-007"), focus=("fi-006", "fi-007"))).references
    assert reference.item_ids == (item,)
