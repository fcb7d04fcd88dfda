import pytest
from heard import heard, understander


def named(text: str) -> list[tuple[str, str, str]]:
    """(text, kind, role) of what is named."""
    return [(r.text, r.kind, r.role) for r in heard(text).references]


@pytest.mark.parametrize(
    ("text", "title", "role"),
    [
        ("三体那样的书", "三体", "similar"),
        ("类似星际穿越的电影", "星际穿越", "similar"),
        ("有沒有像《星際穿越》那樣的片子", "星際穿越", "similar"),
        ("something like Inception", "Inception", "similar"),
        ("films similar to blade runner", "blade runner", "similar"),
        ("除了三体还有什么类似的", "三体", "similar"),
        ("有三体吗", "三体", "this"),
        ("我要看三体", "三体", "this"),
        ("I like Inception", "Inception", "this"),
        ("Inception怎么样", "Inception", "this"),
        ("intersteller", "intersteller", "this"),
        ("星际穿跃", "星际穿跃", "this"),
        ("银河系搭车指南", "银河系搭车指南", "this"),
        ("the wandering earth", "wandering earth", "this"),
        ("第九交响曲", "第九交响曲", "this"),
        ("想看活着", "活着", "this"),
        ("《活着》", "活着", "this"),
        ("the film Arrival", "Arrival", "this"),
        ("想看射雕", "射雕", "this"),
        ("泰坦尼克", "泰坦尼克", "this"),
        ("想看肖生克的救赎", "肖生克的救赎", "this"),
        ("银河戏搭乘客指南好看吗", "银河戏搭乘客指南", "this"),
        ("百年孤独多少钱", "百年孤独", "this"),
        ("重磅纯棉圆领T恤多少钱", "重磅纯棉圆领T恤", "this"),
    ],
)
def test_titles(text: str, title: str, role: str) -> None:
    assert named(text) == [(title, "title", role)]


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        ("诺兰的电影", "诺兰", "this"),
        ("films by Nolan", "Nolan", "this"),
        ("movies directed by spielberg", "spielberg", "this"),
        ("in the style of Nolan", "Nolan", "similar"),
        ("刘慈欣的书", "刘慈欣", "this"),
        ("jay chou songs", "jay chou", "this"),
        ("Beyond的歌", "Beyond", "this"),
    ],
)
def test_creators(text: str, name: str, role: str) -> None:
    assert named(text) == [(name, "creator", role)]


@pytest.mark.parametrize(
    "text",
    [
        "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤",
        "brand-name T-shirts and jeans",
        "something to help me sleep",
        "四季都能穿的外套",
        "我活着就是为了吃",
        "三体验",
        "beyond my budget",
        "a quiet film for my flight",
        "her",
    ],
)
def test_ordinary_words_name_nothing(text: str) -> None:
    assert named(text) == []


def test_two_names_and_what_is_said_of_them() -> None:
    assert named("三体和沙丘哪个好") == [("三体", "title", "this"), ("沙丘", "title", "this")]
    assert [r.sentiment for r in heard("看过《三体》和《流浪地球》，都很喜欢").references] == [0.5, 0.5]
    assert [r.sentiment for r in heard("喜欢三体").references] == [0.5]
    assert [r.sentiment for r in heard("不要三体").references] == [-1.0]
    assert [r.sentiment for r in heard("我要看三体").references] == [0.0]


def test_a_wish_for_the_like_does_not_wish_for_the_thing_itself() -> None:
    (wish,) = heard("三体那样的书").wishes
    assert [term.text for term in wish.terms] == ["书"]


def test_a_title_gives_its_domain_where_only_one_has_it() -> None:
    assert [wish.domain for wish in heard("我想看星际穿越").wishes] == ["film"]
    assert [wish.domain for wish in heard("我想看三体").wishes] == [""]


def test_names_are_found_in_both_languages() -> None:
    items = understander("sample").vocabulary.catalogue.items
    (reference,) = heard("I love WALL-E").references
    assert {item.title for item in items if item.id in reference.item_ids} == {"机器人总动员"}
