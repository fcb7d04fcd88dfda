import pytest

from bot.bot import Mind
from bot.understanding.turn import Intent, Turn


def heard(mind: Mind, text: str) -> Turn:
    return mind.understander.understand(text, "zh")


def test_the_worked_example(mind: Mind) -> None:
    turn = heard(mind, "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤")
    (wish,) = turn.wishes
    assert wish.domain == "clothing"
    assert [term.text for term in wish.terms] == ["时尚", "衣服", "品牌", "T恤", "牛仔裤"]
    sentiments = {term.text: term.sentiment for term in wish.terms}
    assert sentiments["牛仔裤"] > sentiments["时尚"] > 0
    assert (turn.lang, turn.intent) == ("zh", Intent.ASK)


def test_every_part_knows_its_characters(mind: Mind) -> None:
    text = "想要300元以内的T恤，不要红色"
    turn = heard(mind, text)
    for part in (*turn.wishes[0].terms, *turn.refusals, *turn.constraints):
        assert text[part.start : part.end] == part.text


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("喜欢科幻电影和流行音乐", ["film", "music"]),
        ("I like sci-fi films and folk music", ["film", "music"]),
        ("推荐几本 sci-fi 的书", ["book"]),
        ("零基础想学摄影，有没有免费的课", ["course"]),
        ("500元以内的耳机", ["electronics"]),
        ("something romantic", [""]),
    ],
)
def test_wishes_and_their_domains(mind: Mind, text: str, domains: list[str]) -> None:
    assert [wish.domain for wish in heard(mind, text).wishes] == domains


@pytest.mark.parametrize(
    ("text", "wished", "refused"),
    [
        ("我不要牛仔裤", [], ["牛仔裤"]),
        ("想看电影，不要恐怖的", ["电影"], ["恐怖"]),
        ("讨厌恐怖片但喜欢悬疑片", ["悬疑片"], ["恐怖片"]),
        ("films but not horror", ["films"], ["horror"]),
        ("no jeans please", [], ["jeans"]),
        ("a science-fiction film, nothing scary", ["science-fiction film"], ["scary"]),
    ],
)
def test_wished_and_refused(mind: Mind, text: str, wished: list[str], refused: list[str]) -> None:
    turn = heard(mind, text)
    assert [term.text for wish in turn.wishes for term in wish.terms] == wished
    assert [term.text for term in turn.refusals] == refused


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("换一批", Intent.MORE),
        ("show me more", Intent.MORE),
        ("随便看看", Intent.ANYTHING),
        ("surprise me", Intent.ANYTHING),
        ("谢谢", Intent.THANKS),
        ("你好", Intent.SMALL_TALK),
        ("重新开始", Intent.START_OVER),
        ("300元以内", Intent.REFINE),
        ("便宜一点", Intent.REFINE),
        ("贵一点也行", Intent.REFINE),
        ("不要红色", Intent.REJECT),
        ("谢谢，再来点科幻片", Intent.ASK),
        ("🙂🙂🙂", Intent.SMALL_TALK),
        ("?", Intent.SMALL_TALK),
    ],
)
def test_intents(mind: Mind, text: str, intent: Intent) -> None:
    assert heard(mind, text).intent is intent


@pytest.mark.parametrize(
    ("text", "lang"), [("推荐几本 sci-fi 的书", "zh"), ("I like 三体", "en"), ("🙂", "zh"), ("jeans", "en")]
)
def test_language(mind: Mind, text: str, lang: str) -> None:
    assert heard(mind, text).lang == lang


def test_two_thousand_characters_are_understood(mind: Mind) -> None:
    assert heard(mind, "想看科幻电影，" * 285).wishes[0].domain == "film"
