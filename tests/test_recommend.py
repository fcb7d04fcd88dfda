"""Slates from a small catalogue whose right answers are seen by eye, and from the sample one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bot.interest.state import Dialogue, Evidence, Interest, Limit, Refusal, Thread, Word
from bot.mind import Mind
from bot.recommending.likeness import in_common, likeness
from bot.recommending.recommend import Recommender, Request, Shelf
from bot.reply import Slate
from bot.understanding.turn import Constraint, Facet
from retrieval.catalogue import Catalogue, build
from retrieval.items import Item
from retrieval.lexical import LexicalIndex
from retrieval.segment import Segmenter

FloatArray = npt.NDArray[np.float32]


def tee(id_: str, color: str, price: float, *tags: str) -> Item:
    return Item(id_, f"T恤{id_}", "clothing", category="T恤", price=price, tags=tags, attributes={"color": color})


def film(id_: str, category: str, minutes: int | None, *tags: str, year: int = 2000, **more: Any) -> Item:
    attributes: dict[str, Any] = {} if minutes is None else {"duration_minutes": minutes}
    return Item(id_, f"片{id_}", "film", category=category, year=year, tags=tags, attributes=attributes, **more)


ITEMS = (
    tee("t1", "黑色", 99, "复古"),
    tee("t2", "白色", 59, "复古"),
    tee("t3", "蓝色", 199, "透气"),
    tee("t4", "黑色", 299, "透气"),
    Item("j1", "直筒裤", "clothing", category="牛仔裤", price=259, tags=("复古",), attributes={"color": "蓝色"}),
    Item("j2", "工装裤", "clothing", category="牛仔裤", price=159, tags=("耐穿",), attributes={"color": "黑色"}),
    film("f1", "科幻片", 110, "太空", "烧脑"),
    film("f2", "科幻片", 150, "太空"),
    film("f3", "科幻片", None, "时间旅行"),
    film("f4", "喜剧片", 95, "搞笑", year=1990),
    film("f5", "喜剧片", 120, "家庭"),
    Item("b1", "三体", "book", category="科幻小说", brand="刘慈欣", price=39, tags=("科幻", "太空", "烧脑")),
    Item("b2", "厨房", "book", category="散文", price=29, tags=("家庭",), attributes={"signed": True}),
    Item("h1", "海边小屋", "stay", category="民宿", price=400, attributes={"pet_friendly": True, "rating": 4.5}),
    Item("h2", "山上客栈", "stay", category="民宿", price=300, attributes={"pet_friendly": False, "rating": 4.1}),
)
KINDS = {"clothing": 0, "film": 1, "book": 2, "stay": 3}
SCIENCE, FUN = 4, 5


def vectors() -> FloatArray:
    """A direction for the domain, one for what it is about, and a little of its own."""
    rows = np.zeros((len(ITEMS), 6 + len(ITEMS)), dtype=np.float32)
    for i, item in enumerate(ITEMS):
        rows[i, KINDS[item.domain]] = 1
        rows[i, SCIENCE] = 0.8 * ("科幻" in item.category)
        rows[i, FUN] = 0.8 * (item.category in ("喜剧片", "散文"))
        rows[i, 6 + i] = 0.3
    unit: FloatArray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


class FakeIndex:
    """Compares with every row."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def search(self, queries: FloatArray, k: int) -> tuple[list[list[str]], FloatArray]:
        near = queries @ self.catalogue.centred.T
        order = np.argsort(-near[0], kind="stable")[:k]
        return [[self.catalogue.items[i].id for i in order]], near[:, order]


def recommender_of(items: Sequence[Item], rows: FloatArray) -> Recommender:
    catalogue = build(items, rows)
    words = ["科幻", "科幻片", "科幻小说", "喜剧片", "牛仔裤", "T恤", "复古", "透气", "太空", "烧脑", "家庭"]
    index: Any = FakeIndex(catalogue)
    nothing = np.zeros(len(items), dtype=np.float32)
    return Recommender(Shelf(catalogue, LexicalIndex(catalogue, Segmenter(words)), index, nothing, nothing))


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return recommender_of(ITEMS, vectors())


def word(text: str, field: str = "tags", weight: float = 0.8, turn_id: str = "t1") -> Word:
    return Word(text, text.lower(), weight, turn_id, (Facet(field, text.lower()),) if field else ())


FILMS = Word("电影", "电影", 0.8, "t1", (Facet("domain", "film"),))
BOOKS = Word("书", "书", 0.8, "t1", (Facet("domain", "book"),))
TEES, JEANS = word("T恤", "category"), word("牛仔裤", "category")
SCIFI = Word("科幻", "科幻", 0.8, "t1", (Facet("category", "科幻片"), Facet("tags", "科幻")))


def thread(domain: str, *words: Word, weight: float = 1.0, **more: Any) -> Thread:
    vector = np.zeros(6 + len(ITEMS), dtype=np.float32)
    vector[KINDS.get(domain, SCIENCE)] = 1
    return Thread(vector, weight, words, domain, **more)


def limit(
    field: str, op: Any, value: float = 0.0, text: str = "那样的", domain: str = "", values: tuple[str, ...] = ()
) -> Limit:
    return Limit(Constraint(field, op, value, text, values=values), domain, "t1")


def color(value: str, text: str = "", domain: str = "clothing") -> Limit:
    return limit("attributes.color", "is", text=text or f"{value}的", domain=domain, values=(value,))


def slate(recommender: Recommender, *threads: Thread, lang: Any = "zh", size: int = 3, **more: Any) -> Slate:
    of_interest = {name: more.pop(name) for name in ("limits", "refusals", "evidence", "dialogue") if name in more}
    interest = Interest(threads=threads, **of_interest)
    return recommender.slate(Request(interest, lang, size, **{"said_at": "t1", **more}), "s")


def ids(made: Slate) -> list[str]:
    return [card.item.id for card in made.cards]


def reasons(made: Slate, id_: str) -> list[str]:
    return [because.text for card in made.cards if card.item.id == id_ for because in card.because]


# -- words


def test_what_meets_all_the_words_comes_first_and_the_score_is_the_sum_of_its_parts(recommender: Recommender) -> None:
    made = slate(recommender, thread("clothing", word("复古"), TEES))
    assert set(ids(made)[:2]) == {"t1", "t2"}
    assert ids(made)[2] in ("t3", "t4")
    for card in made.cards:
        assert card.score == pytest.approx(sum(card.parts.values()), abs=2e-3)
    assert made.cards[0].fits == ("复古", "T恤")
    assert made.unmet == ()


def test_a_word_of_a_label_is_enough_for_a_kind(recommender: Recommender) -> None:
    assert set(ids(slate(recommender, thread("film", SCIFI, FILMS)))) == {"f1", "f2", "f3"}


def test_each_kind_named_has_a_place_even_where_another_meets_more(recommender: Recommender) -> None:
    made = slate(recommender, thread("clothing", word("透气"), TEES, JEANS))
    assert {card.item.category for card in made.cards} == {"T恤", "牛仔裤"}


def test_two_interests_are_both_on_the_slate(recommender: Recommender) -> None:
    made = slate(recommender, thread("film", SCIFI, FILMS), thread("clothing", JEANS, weight=0.9))
    assert {card.item.domain for card in made.cards} == {"film", "clothing"}
    quiet = slate(recommender, thread("film", SCIFI, FILMS), thread("clothing", JEANS, weight=0.24))
    assert {card.item.domain for card in quiet.cards} == {"film"}


def test_the_places_of_a_thread_with_nothing_left_go_to_the_others(recommender: Recommender) -> None:
    threads = thread("film", SCIFI, FILMS), thread("book", BOOKS)
    assert len(slate(recommender, *threads, shown=["b1", "b2"]).cards) == 3


# -- more


def test_when_all_of_a_kind_were_shown_the_slate_says_so(recommender: Recommender) -> None:
    jeans = thread("clothing", JEANS)
    assert ids(slate(recommender, jeans, shown=["j1"])) == ["j2"]
    after = slate(recommender, jeans, shown=["j1", "j2"])
    assert {card.item.category for card in after.cards} == {"T恤"}
    assert after.unmet == ("更多牛仔裤",)
    assert slate(recommender, jeans, shown=["j1", "j2"], lang="en").unmet == ("more 牛仔裤",)


def test_when_all_that_has_a_tag_was_shown_the_slate_says_so(recommender: Recommender) -> None:
    made = slate(recommender, thread("film", word("太空"), FILMS), shown=["f1", "f2"])
    assert set(ids(made)) == {"f3", "f4", "f5"}
    assert made.unmet == ("更多太空",)


def test_nothing_is_repeated_and_at_the_end_there_is_nothing(recommender: Recommender) -> None:
    shown: list[str] = []
    for _ in range(3):
        shown += ids(slate(recommender, thread("film", FILMS), shown=shown))
    assert sorted(shown) == ["f1", "f2", "f3", "f4", "f5"]


# -- limits


def test_price_is_always_hard_and_the_nearest_is_told(recommender: Recommender) -> None:
    cheap = limit("price", "<=", 50, "50以内", "clothing")
    made = slate(recommender, thread("clothing", TEES), limits=(cheap,))
    assert (made.cards, made.unmet, made.nearest) == ((), ("50以内",), "最接近的价钱是 59元")
    english = slate(recommender, thread("clothing", TEES), limits=(cheap,), lang="en")
    assert english.nearest == "the closest price is 59 yuan"
    old = slate(recommender, thread("film", FILMS), limits=(limit("year", "<", 1950, "五十年代以前", "film"),))
    assert (old.cards, old.unmet, old.nearest) == ((), ("五十年代以前",), "最接近的年份是 1990")


def test_only_the_limit_that_leaves_nothing_is_unmet(recommender: Recommender) -> None:
    both = limit("price", "<=", 10, "10以内", "clothing"), limit("price", ">=", 1, "1以上", "clothing")
    assert slate(recommender, thread("clothing", TEES), limits=both).unmet == ("10以内",)


def test_a_text_limit_is_hard_where_it_can_be_met(recommender: Recommender) -> None:
    made = slate(recommender, thread("clothing", TEES), limits=(color("黑色"),))
    assert set(ids(made)) == {"t1", "t4"}
    assert made.unmet == ()
    assert "符合“黑色的”" in reasons(made, "t1")
    assert made.cards[0].fits == ("T恤", "黑色的")
    again = slate(recommender, thread("clothing", TEES), limits=(color("黑色"),), shown=["t1", "t4"], said_at="t2")
    assert {item_id[0] for item_id in ids(again)} == {"j"}
    assert again.unmet == ("更多T恤",)


def test_where_nothing_meets_a_text_limit_the_nearest_is_shown_and_named(recommender: Recommender) -> None:
    made = slate(recommender, thread("clothing", JEANS), limits=(color("紫色"),), size=1)
    assert made.unmet == ("紫色的",)
    colour = made.cards[0].item.attributes["color"]
    assert made.nearest == f"最接近的是{colour}的"
    assert made.cards[0].item.category == "牛仔裤"
    english = slate(recommender, thread("clothing", JEANS), limits=(color("紫色"),), size=1, lang="en")
    assert english.nearest.startswith("the closest are ")


def test_of_limits_that_hold_only_apart_the_latest_stays(recommender: Recommender) -> None:
    limits = color("白色"), limit("price", ">=", 100, "100以上", "clothing")
    made = slate(recommender, thread("clothing", TEES), limits=limits)
    assert set(ids(made)) == {"t3", "t4"}
    assert made.unmet == ("白色的",)
    apart = slate(recommender, thread("clothing", TEES), limits=(color("白色"), color("蓝色")))
    assert (ids(apart), apart.unmet) == (["t3"], ("白色的",))


def test_a_number_that_nothing_meets_brings_what_is_nearest(recommender: Recommender) -> None:
    short = limit("attributes.duration_minutes", "<", 60, "一小时以内", "film")
    made = slate(recommender, thread("film", FILMS), limits=(short,), size=2)
    assert set(ids(made)) == {"f4", "f1"}
    assert (made.unmet, made.nearest) == (("一小时以内",), "最接近的是 95 分钟")
    met = limit("attributes.duration_minutes", "<=", 110, "110分钟以内", "film")
    within = slate(recommender, thread("film", FILMS), limits=(met,))
    assert set(ids(within)) == {"f1", "f4"}
    assert "95 分钟，符合“110分钟以内”" in reasons(within, "f4")
    rated = limit("attributes.rating", ">=", 4.8, "4.8分以上", "stay")
    assert slate(recommender, thread("stay"), limits=(rated,), size=1).nearest == "rating最接近的是 4.5"


def test_a_domain_that_has_nothing_of_the_kind_is_not_bound(recommender: Recommender) -> None:
    everywhere = color("黑色", domain="")
    assert len(slate(recommender, thread("film", FILMS), limits=(everywhere,)).cards) == 3
    said_of_films = slate(recommender, thread("film", FILMS), limits=(color("黑色", domain="film"),))
    assert len(said_of_films.cards) == 3
    assert said_of_films.unmet == ("黑色的",)


def test_yes_or_no_can_be_asked_for(recommender: Recommender) -> None:
    pets = limit("attributes.pet_friendly", "is", text="能带狗", domain="stay", values=("true",))
    made = slate(recommender, thread("stay"), limits=(pets,))
    assert ids(made) == ["h1"]
    assert "符合“能带狗”" in reasons(made, "h1")


def test_a_leaning_excludes_nothing_and_puts_its_end_first(recommender: Recommender) -> None:
    low = slate(recommender, thread("clothing", TEES), limits=(limit("price", "low", text="便宜点"),))
    assert ids(low)[0] == "t2"
    assert "在同类里价钱偏低" in reasons(low, "t2")
    high = slate(recommender, thread("clothing", TEES), limits=(limit("price", "high", text="好一点"),))
    assert ids(high)[0] == "t4"
    long = slate(recommender, thread("film", FILMS), limits=(limit("attributes.duration_minutes", "high"),))
    assert ids(long)[0] == "f2"


def test_cheaper_than_what_was_shown_says_by_how_much(recommender: Recommender) -> None:
    cheaper = limit("price", "<", 199, "比上一件便宜", "clothing")
    made = slate(
        recommender, thread("clothing", TEES), limits=(cheaper,), shown=["t3"], dialogue=Dialogue(slate=("t3",))
    )
    assert set(ids(made)) == {"t1", "t2"}
    assert "比“T恤t3”便宜100元" in reasons(made, "t1")
    told = slate(recommender, thread("clothing", TEES), limits=(cheaper,), shown=["t3"], lang="en")
    assert "140 yuan less than “T恤t3”" in reasons(told, "t2")


def test_refusals_dislikes_and_without_always_hold(recommender: Recommender) -> None:
    made = slate(
        recommender,
        thread("clothing", TEES),
        refusals=(Refusal("黑色", "黑色", "t1", (Facet("attributes.color", "黑色"),)),),
        evidence=(Evidence("t2", "dislike", -0.8, "t0"),),
        without=["t3"],
    )
    assert not {"t1", "t2", "t3", "t4"} & set(ids(made))


# -- what was liked, elsewhere and before


def test_what_was_liked_pulls_in_another_domain_and_names_the_bridge(recommender: Recommender) -> None:
    made = slate(recommender, thread("film", FILMS), evidence=(Evidence("b1", "like", 0.7, "t0"),))
    assert ids(made)[0] == "f1"
    (liked,) = [because for because in made.cards[0].because if because.kind == "liked"]
    assert liked.text.startswith("和你喜欢的《三体》同是")
    assert liked.turn_id == "t0"
    assert "科幻" in liked.text or "太空" in liked.text
    assert all("三体" not in text for text in reasons(made, "f4") + reasons(made, "f5"))


def test_something_like_an_item_is_like_it_and_not_it(recommender: Recommender) -> None:
    like = Word("像三体的", "像三体的", 0.8, "t1", (Facet("item", "b1"),))
    made = slate(recommender, thread("film", FILMS, like))
    assert ids(made)[0] == "f1"
    assert any(text.startswith("和《三体》同是") for text in reasons(made, "f1"))
    assert made.unmet == ()
    assert "b1" not in ids(slate(recommender, thread("book", BOOKS, like)))


def test_nothing_is_like_itself(recommender: Recommender) -> None:
    places = np.arange(len(ITEMS))
    like = likeness(recommender.shelf, [11, 0], places)
    assert like.shape == (2, len(ITEMS))
    assert like[0, 11] == like[1, 0] == 0
    assert like.max() <= 1
    assert like[0, 6] > 0 == like[0, 9]
    assert likeness(recommender.shelf, [], places).shape == (0, len(ITEMS))


def test_what_is_in_common_is_read_in_the_visitors_language(recommender: Recommender) -> None:
    catalogue = recommender.shelf.catalogue
    assert in_common(catalogue, ITEMS[11], ITEMS[7], "zh") == ("科幻", "太空")
    assert in_common(catalogue, ITEMS[11], ITEMS[7], "en") == ()
    novel, screen = Item("1", "a", "book", tags=("sci-fi",)), Item("2", "b", "film", category="sci-fi film")
    assert in_common(catalogue, novel, screen, "en") == ("sci-fi",)


def test_the_profile_colours_the_present_wish_and_serves_where_there_is_none(recommender: Recommender) -> None:
    before = thread("film", SCIFI, weight=0.3, source="profile")
    alone = slate(recommender, before)
    assert {card.item.category for card in alone.cards} == {"科幻片"}
    assert "你以前常看“科幻”" in reasons(alone, ids(alone)[0])
    books = slate(recommender, thread("book", BOOKS, weight=0.2), before)
    assert ids(books) == ["b1", "b2"]
    assert "你以前常看“科幻”" in reasons(books, "b1")


# -- nothing said


def test_first_slates_go_in_different_directions_and_follow_a_like_at_once(recommender: Recommender) -> None:
    for seed in range(10):
        assert len({card.item.domain for card in slate(recommender, seed=seed).cards}) == 3
        liked = slate(recommender, seed=seed, evidence=(Evidence("b1", "like", 0.7, "t0"),), shown=["b1"])
        assert sum(any(because.kind == "liked" for because in card.because) for card in liked.cards) >= 2
    open_ = slate(recommender, thread("film", FILMS), anything=True)
    assert len({card.item.domain for card in open_.cards}) == 3
    drawn = {tuple(ids(slate(recommender, seed=seed))) for seed in range(10)}
    assert len(drawn) > 3


def test_in_one_domain_the_directions_are_its_categories(recommender: Recommender) -> None:
    for seed in range(5):
        made = slate(recommender, seed=seed, domains=["clothing"], size=2)
        assert {card.item.category for card in made.cards} == {"T恤", "牛仔裤"}


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_tiny_catalogues_without_words(count: int) -> None:
    items = [Item(str(i), f"thing {i}", "thing") for i in range(count)]
    rows = np.eye(4, dtype=np.float32)[:count]
    tiny = recommender_of(items, rows)
    wish = Thread(np.ones(4, dtype=np.float32) / 2, 1.0, (word("thing", ""),), "thing" if count else "")
    everything = {str(i) for i in range(count)}
    for threads in ((), (wish,)):
        made = slate(tiny, *threads, lang="en")
        assert set(ids(made)) == everything
        assert not slate(tiny, *threads, shown=ids(made)).cards
    liked = slate(tiny, evidence=(Evidence("0", "like", 0.7, "t0"),), shown=["0"])
    assert set(ids(liked)) == everything - {"0"}


# -- for questions and answers


def test_all_that_match_come_best_first(recommender: Recommender) -> None:
    def matching(*threads: Thread, **more: Any) -> list[str]:
        found = recommender.matching(Request(Interest(threads=threads), "zh", 2, **more))
        return [ITEMS[i].id for i in found]

    assert set(matching(thread("clothing", word("复古"), TEES))) == {"t1", "t2"}
    assert set(matching(thread("film", FILMS))) == {"f1", "f2", "f3", "f4", "f5"}
    assert set(matching(thread("film", FILMS), shown=["f1"])) == {"f2", "f3", "f4", "f5"}
    assert len(matching()) == len(ITEMS)
    assert matching(thread("film", FILMS), shown=[f"f{i}" for i in range(1, 6)]) == []


def test_cards_of_what_is_spoken_of(recommender: Recommender) -> None:
    request = Request(Interest(threads=(thread("clothing", TEES),)), "zh", 3, shown=["t1", "f1"])
    cards = recommender.cards(["f1", "gone", "t1"], request)
    assert [card.item.id for card in cards] == ["f1", "t1"]
    assert [because.text for because in cards[1].because] == ["你提到了“T恤”"]
    assert cards[0].because == ()


# -- the sample catalogue


def wish(mind: Mind, text: str, domain: str, *words: str) -> Thread:
    """A thread as a turn that says this would open it."""
    vocabulary, catalogue = mind.understander.vocabulary, mind.recommender.shelf.catalogue
    row = mind.encoder.encode([text], "query")[0] - catalogue.centre
    heard = []
    for said in words:
        norm = " ".join(token.norm for token in vocabulary.segmenter.tokens(said))
        heard.append(Word(said, norm, 0.8, "t1", vocabulary.facets(norm)))
    return Thread((row / np.linalg.norm(row)).astype(np.float32), 1.0, tuple(heard), domain)


def test_science_fiction_is_all_there_is_on_the_slate_while_it_lasts(mind: Mind) -> None:
    shown: list[str] = []
    for _ in range(5):
        made = slate(mind.recommender, wish(mind, "科幻电影", "film", "科幻", "电影"), shown=shown)
        assert len(made.cards) == 3
        assert all("科幻" in card.item.category + "".join(card.item.tags) for card in made.cards)
        assert not set(ids(made)) & set(shown)
        shown += ids(made)


def test_a_vintage_tee_comes_before_tees(mind: Mind) -> None:
    made = slate(mind.recommender, wish(mind, "复古的T恤", "clothing", "复古", "T恤"))
    assert "复古" in made.cards[0].item.tags
    assert all("T恤" in card.item.category + card.item.title for card in made.cards)


def test_films_like_a_book(mind: Mind) -> None:
    catalogue = mind.recommender.shelf.catalogue
    book = next(item for item in catalogue.items if item.title == "三体" and item.domain == "book")
    films = wish(mind, "films", "film", "films")
    like = Word("like it", "like it", 0.8, "t1", (Facet("item", book.id),))
    made = slate(mind.recommender, Thread(films.vector, 1.0, (*films.words, like), "film"), lang="en")
    assert all(card.item.domain == "film" for card in made.cards)
    assert any(
        text.startswith("shares ") and "“The Three-Body Problem”" in text for text in reasons(made, ids(made)[0])
    )


def test_black_is_kept_and_purple_is_admitted(mind: Mind) -> None:
    tees = wish(mind, "黑色的T恤", "clothing", "T恤")
    black = slate(mind.recommender, tees, limits=(color("黑色"),))
    assert len(black.cards) == 3
    assert all("黑色" in str(card.item.attributes["color"]) for card in black.cards)
    purple = slate(mind.recommender, tees, limits=(color("荧光紫"),))
    assert purple.unmet == ("荧光紫的",)
    assert purple.nearest.startswith("最接近的是")


# -- what a turn narrows, and wishes that name no domain


def test_what_was_shown_comes_again_where_a_limit_narrows_and_too_little_else_is_left(recommender: Recommender) -> None:
    under = limit("price", "<=", 100, "一百以内", domain="clothing")
    made = slate(recommender, thread("clothing", TEES), limits=(under,), shown=["t1", "t3", "t4"])
    assert set(ids(made)) == {"t2", "t1"}
    assert made.unmet == ()
    later = slate(recommender, thread("clothing", TEES), limits=(under,), shown=["t1", "t3", "t4"], said_at="t2")
    assert ids(later) == ["t2"]


def test_a_wish_without_a_domain_that_the_price_excludes_shows_nothing_and_says_so(recommender: Recommender) -> None:
    made = slate(recommender, thread("", word("复古")), limits=(limit("price", "<=", 10, "十块以内"),))
    assert made.cards == ()
    assert made.unmet == ("十块以内",)


def test_a_wish_without_a_domain_stays_where_its_words_are_at_home(recommender: Recommender) -> None:
    made = slate(recommender, thread("", word("复古")), size=5)
    assert {item_id[0] for item_id in ids(made)} <= {"t", "j"}


def test_a_word_of_this_turn_outweighs_a_kind_that_has_nothing_of_it(recommender: Recommender) -> None:
    older = Word("喜剧", "喜剧", 0.8, "t0", (Facet("category", "喜剧片"),))
    made = slate(recommender, thread("film", word("太空"), older))
    assert set(ids(made)[:2]) == {"f1", "f2"}
