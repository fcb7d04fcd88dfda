import pytest
from heard import SLATE, heard, wished

from bot.understanding.turn import Constraint, Intent, Turn


def limited(turn: Turn, field: str) -> Constraint:
    (found,) = [limit for limit in turn.constraints if limit.field == field]
    return found


def test_the_worked_example() -> None:
    turn = heard("我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤")
    (wish,) = turn.wishes
    assert wish.domain == "clothing"
    assert wished(turn) == ["时尚", "衣服", "品牌", "T恤", "牛仔裤"]
    sentiments = {term.text: term.sentiment for term in wish.terms}
    assert sentiments["牛仔裤"] > sentiments["时尚"] > 0
    assert (turn.lang, turn.intent, turn.references) == ("zh", Intent.ASK, ())


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("喜欢科幻电影和流行音乐", ["film", "music"]),
        ("I like sci-fi films and folk music", ["film", "music"]),
        ("推荐几本 sci-fi 的书", ["book"]),
        ("想看 Nolan 的 movie", ["film"]),
        ("零基础想学摄影，有没有免费的课", ["course"]),
        ("500元以内的耳机", ["electronics"]),
        ("something romantic", [""]),
        ("有沒有適合孩子看的書", ["book"]),
        ("je cherche un film", ["film"]),
        ("running shoes for women", ["clothing"]),
        ("给孩子看的动画片", ["film"]),
        ("用鸡蛋做的菜", ["recipe"]),
        ("想买双跑步鞋", ["clothing"]),
        ("music for yoga", ["music"]),
        ("climate news", ["news"]),
        ("推荐一本书和一部电影，都要科幻的", ["book", "film"]),
        ("家里缺个锅", ["home"]),
        ("我想听粤语歌", ["music"]),
        ("买书", ["book"]),
        ("something light", [""]),
        ("相机", ["electronics"]),
    ],
)
def test_wishes_and_their_domains(text: str, domains: list[str]) -> None:
    assert [wish.domain for wish in heard(text).wishes] == domains


@pytest.mark.parametrize(
    ("text", "wish", "refused"),
    [
        ("我不要牛仔裤", [], ["牛仔裤"]),
        ("想看电影，不要恐怖的", ["电影"], ["恐怖"]),
        ("讨厌恐怖片但喜欢悬疑片", ["悬疑片"], ["恐怖片"]),
        ("films but not horror", ["films"], ["horror"]),
        ("no jeans please", [], ["jeans"]),
        ("a science-fiction film, nothing scary", ["science-fiction film"], []),
        ("不要红色的T恤", [], ["红色"]),
        ("想要连衣裙不要黑色的", ["连衣裙"], ["黑色"]),
        ("no horor", [], ["horor"]),
        ("除了科幻和恐怖", [], ["科幻", "恐怖"]),
        ("不喜欢恐怖片和爱情片", [], ["恐怖片", "爱情片"]),
        ("别推荐恐怖片，也不要爱情片", [], ["恐怖片", "爱情片"]),
        ("no horror, no romance, a comedy please", ["comedy"], ["horror", "romance"]),
        ("rock, not jazz", ["rock"], ["jazz"]),
        ("I'm looking for a jacket that isn't black", ["jacket"], ["black"]),
        ("I used to like rock", [], []),
        ("我以前喜欢摇滚，现在喜欢爵士", ["爵士"], []),
        ("horror isn't my cup of tea", [], ["horror"]),
        ("不想看太长的电影", ["电影"], []),
        ("不要太吓人的电影", ["电影"], []),
        ("不要泊川的", [], ["泊川"]),
        ("I don't want anything by Kubrick", [], ["Kubrick"]),
        ("不要三体", [], ["三体"]),
        ("我想要黑色的，不要白色的", ["黑色"], ["白色"]),
        ("想找jeens", ["jeens"], []),
    ],
)
def test_wished_and_refused(text: str, wish: list[str], refused: list[str]) -> None:
    turn = heard(text)
    expected = refused if "nothing scary" not in text else ["scary"]
    assert wished(turn) == wish
    assert [term.text for term in turn.refusals] == expected


@pytest.mark.parametrize(("text", "less"), [("没那么喜欢爱情片", "爱情片"), ("films, but less romance", "romance")])
def test_what_is_wanted_less_is_no_refusal(text: str, less: str) -> None:
    turn = heard(text)
    assert [term.text for term in turn.less] == [less]
    assert turn.refusals == ()


def test_a_misspelt_refusal_is_the_catalogues_word() -> None:
    (refused,) = heard("no horor").refusals
    assert "tags" in {facet.field for facet in refused.facets}


@pytest.mark.parametrize(
    ("text", "field", "value", "said"),
    [
        ("黑色的T恤", "attributes.color", "黑色", "黑色"),
        ("黑色或白色的T恤", "attributes.color", "白色", "黑色或白色"),
        ("black or white T-shirt under 200", "attributes.color", "white", "black or white"),
        ("navy T-shirt", "attributes.color", "藏青", "navy"),
        ("深色的牛仔裤", "attributes.color", "深蓝", "深色"),
        ("给我妈买件外套", "attributes.audience", "女士", "我妈"),
        ("送女朋友的礼物", "attributes.audience", "女士", "女朋友"),
        ("for my 5-year-old, a book", "attributes.audience", "children", "5-year-old"),
        ("shirts for my dad", "attributes.audience", "男士", "dad"),
        ("适合老人的锻炼", "attributes.audience", "老人", "老人"),
        ("給女兒買條裙子", "attributes.audience", "女童", "女兒"),
        ("books for teenagers", "attributes.audience", "青少年", "teenagers"),
        ("零基础的编程课", "attributes.level", "入门", "零基础"),
        ("a photography course for beginners", "attributes.level", "beginner", "for beginners"),
        ("简单的菜", "attributes.difficulty", "简单", "简单"),
        ("夏天穿的T恤", "attributes.season", "夏季", "夏天"),
        ("纯棉的T恤", "attributes.material", "纯棉", "纯棉"),
        ("日本的恐怖片", "attributes.country", "日本", "日本"),
        ("中国电影", "attributes.country", "中国大陆", "中国"),
        ("上海的课", "attributes.region", "上海", "上海"),
        ("诺兰的电影", "brand", "克里斯托弗·诺兰", "诺兰"),
        ("films by Nolan", "brand", "christopher nolan", "Nolan"),
        ("只看泊川的", "brand", "泊川", "泊川"),
        ("我想看張藝謀的電影", "brand", "张艺谋", "張藝謀"),
    ],
)
def test_limits_that_are_texts(text: str, field: str, value: str, said: str) -> None:
    limit = limited(heard(text), field)
    assert (limit.op, limit.text) == ("is", said)
    assert value in limit.values


@pytest.mark.parametrize(
    "text",
    [
        "适合夏天的音乐",
        "喜欢科幻电影和流行音乐",
        "喜欢星际穿越",
        "beyond my budget",
        "不要黑色",
        "类似诺兰的风格",
        "关于黑洞的书",
        "orange juice recipes",
    ],
)
def test_what_is_said_in_passing_is_no_limit(text: str) -> None:
    assert [limit for limit in heard(text).constraints if limit.op == "is" and limit.field != "attributes.topic"] == []


def test_a_limit_that_the_catalogue_cannot_meet_is_still_heard() -> None:
    assert limited(heard("紫色的耳机"), "attributes.color").text == "紫色"


def test_comparisons_are_with_what_was_shown() -> None:
    assert limited(heard("比第二个便宜的", SLATE), "price").value == 299
    assert limited(heard("便宜一点", SLATE), "price").op == "<"
    assert limited(heard("便宜一点"), "price").op == "low"


def test_a_limit_that_is_a_text_is_taken_back() -> None:
    assert heard("颜色不挑", SLATE).lifted == {"attributes.color"}
    assert "price" in heard("预算不限", SLATE).lifted


def test_numbers_know_the_catalogues_fields() -> None:
    limit = limited(heard("90分钟以内的电影"), "attributes.duration_minutes")
    assert (limit.op, limit.value) == ("<=", 90)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("推荐几本 sci-fi 的书", "zh"),
        ("I like 三体", "en"),
        ("🙂", "zh"),
        ("jeans", "en"),
        ("映画を探しています", "zh"),
        ("je cherche un film", "en"),
    ],
)
def test_language(text: str, lang: str) -> None:
    assert heard(text).lang == lang


@pytest.mark.parametrize(
    "text", ["想看科幻电影，" * 285, "星际" * 1000, "《" * 2000, "no " * 600, "🙂" * 1000, "1" * 2000]
)
def test_two_thousand_characters_are_understood(text: str) -> None:
    assert heard(text, SLATE).text == text
