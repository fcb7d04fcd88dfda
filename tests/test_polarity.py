import pytest

from bot.understanding.polarity import refused_spans


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("我不要牛仔裤", ["牛仔裤"]),
        ("讨厌恐怖片但喜欢悬疑", ["恐怖片"]),
        ("除了动画片都行", ["动画片"]),
        ("想看电影，别给我推荐爱情片、恐怖片", ["爱情片、恐怖片"]),
        ("I like films but not horror", [" horror"]),
        ("anything but jeans, maybe shirts", [" jeans"]),
        ("please don't show me jeans", [" me jeans"]),
        ("films without violence", [" violence"]),
        ("不是不喜欢科幻", []),
        ("这件不错", []),
        ("要不要看电影", []),
        ("not too expensive jackets", []),
        ("我喜欢牛仔裤", []),
    ],
)
def test_scope_of_negation(text: str, refused: list[str]) -> None:
    assert [text[a:b].rstrip() for a, b in refused_spans(text)] == refused
