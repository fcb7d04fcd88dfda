import pytest

from bot.understanding.polarity import refused_spans, stances


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("我不要牛仔裤", ["牛仔裤"]),
        ("讨厌恐怖片但喜欢悬疑", ["恐怖片"]),
        ("除了动画片都行", ["动画片"]),
        ("除了恐怖片什么都可以", ["恐怖片"]),
        ("想看电影，别给我推荐爱情片、恐怖片", ["爱情片、恐怖片"]),
        ("不要恐怖片，要喜剧", ["恐怖片"]),
        ("恐怖片就算了", ["恐怖片"]),
        ("恐怖片看腻了", ["恐怖片"]),
        ("恐怖片以外的电影", ["恐怖片"]),
        ("红色的不要", ["红色的"]),
        ("别再给我推荐T恤了", ["T恤了"]),
        ("不太想看恐怖片", ["恐怖片"]),
        ("我对恐怖片没兴趣", ["我对恐怖片"]),
        ("对花生过敏", ["对花生"]),
        ("没有恐怖镜头的电影", ["恐怖镜头"]),
        ("非黑色的T恤", ["黑色的T恤"]),
        ("I like films but not horror", [" horror"]),
        ("anything but jeans, maybe shirts", [" jeans"]),
        ("please don't show me jeans", [" me jeans"]),
        ("films without violence", [" violence"]),
        ("horror isn't for me", ["horror"]),
        ("horror isn't my thing", ["horror"]),
        ("jazz is fine but rock bores me", [" rock"]),
        ("I'm allergic to peanuts", [" peanuts"]),
        ("a jacket that isn't black", [" black"]),
        ("comedy rather than horror", [" horror"]),
        ("不是不喜欢科幻", []),
        ("这件不错", []),
        ("要不要看电影", []),
        ("有没有牛仔裤", []),
        ("没有牛仔裤吗", []),
        ("非常好看", []),
        ("not too expensive jackets", []),
        ("nothing but jazz", []),
        ("never seen any sci-fi", []),
        ("I don't mind horror", []),
        ("I used to like rock", []),
        ("我喜欢牛仔裤", []),
    ],
)
def test_scope_of_negation(text: str, refused: list[str]) -> None:
    assert [text[a:b].rstrip() for a, b in refused_spans(text)] == refused


@pytest.mark.parametrize(
    ("text", "said", "sentiment"),
    [
        ("没那么喜欢爱情片", "爱情片", -0.4),
        ("少点爱情，多点悬疑", "爱情", -0.4),
        ("less romance, more mystery", " romance", -0.4),
        ("not too scary", " scary", -0.4),
        ("我以前喜欢摇滚，现在喜欢爵士", "摇滚", 0.0),
        ("I used to like rock", " rock", 0.0),
        ("不介意黑白片", "黑白片", 0.2),
        ("I don't mind horror", " horror", 0.2),
        ("锅我再想想，还是看书吧", "锅我", 0.0),
    ],
)
def test_what_is_neither_wished_nor_refused(text: str, said: str, sentiment: float) -> None:
    assert [(text[s.start : s.end], s.sentiment) for s in stances(text)] == [(said, sentiment)]
