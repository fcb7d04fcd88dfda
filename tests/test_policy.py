"""What is decided, and what is said of it: pure functions of a turn, the interest and the slate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bot.interest.state import Dialogue, Interest, Limit, Refusal, Thread, Word
from bot.phrasing.plain import openings
from bot.phrasing.requests import INTENTS, AnswerLine, CompareLine, ItemLine, OpeningLine
from bot.policy.decision import Act, Decision, decide, is_broad, meant, next_dialogue, taken_fields, with_slate
from bot.policy.questions import QuestionParameters
from bot.policy.script import Script
from bot.policy.script import script as script_of
from bot.reply import Because, Card, Slate
from bot.understanding.turn import Constraint, Facet, Intent, Question, Reference, Term, Turn, Wish
from retrieval.items import Item

SHIRT = Item("123", "品牌T恤", "clothing", category="T恤", price=199, currency="CNY")
FILM = Item("f1", "慢船", "film", category="剧情片", year=1999)
QUESTION = Question("price", "预算大概多少？", ("100元以内", "都行"))
SHOWN = Dialogue(slate=("123", "f1", "x"))


def thread(domain: str, *words: Word) -> Thread:
    return Thread(np.ones(2, dtype=np.float32), 1.0, words, domain)


def word(text: str, *facets: Facet, weight: float = 1.0) -> Word:
    return Word(text, text, weight, "t1", facets)


def turn(intent: Intent, *references: Reference, text: str = "嗯", **more: object) -> Turn:
    return replace(Turn(text, "zh", intent, references=references), **more)


def shown(*ids: str) -> Reference:
    return Reference("第一个", 0, 3, ids, kind="shown")


def card(item: Item = SHIRT) -> Card:
    return Card(item, 1.0, {"words": 1.0}, (), ("T恤",))


# -- the act


@pytest.mark.parametrize(
    ("intent", "act"),
    [
        (Intent.ASK, Act.RECOMMEND),
        (Intent.REFINE, Act.RECOMMEND),
        (Intent.REJECT, Act.RECOMMEND),
        (Intent.MORE, Act.RECOMMEND),
        (Intent.ANYTHING, Act.RECOMMEND),
        (Intent.START_OVER, Act.RECOMMEND),
        (Intent.RETURN, Act.RECOMMEND),
        (Intent.THANKS, Act.CHAT),
        (Intent.SMALL_TALK, Act.CHAT),
        (Intent.OUT_OF_SCOPE, Act.CHAT),
        (Intent.CARE, Act.CARE),
        (Intent.ABOUT, Act.WHICH),
        (Intent.COMPARE, Act.COMPARE),
    ],
)
def test_each_intent_has_its_act(intent: Intent, act: Act) -> None:
    before = Interest(dialogue=SHOWN)
    assert decide(turn(intent), before, before).act is act


@pytest.mark.parametrize(
    ("intent", "before", "after", "situation"),
    [
        (Intent.ASK, (), ("film",), "recommend"),
        (Intent.ASK, ("film",), ("film",), "refine"),
        (Intent.ASK, ("film",), ("book",), "shift"),
        (Intent.REFINE, (), (), "refine"),
        (Intent.REJECT, (), (), "reject"),
        (Intent.MORE, (), (), "more"),
        (Intent.ANYTHING, (), (), "anything"),
        (Intent.START_OVER, (), (), "start_over"),
        (Intent.RETURN, (), (), "return"),
        (Intent.THANKS, (), (), "thanks"),
    ],
)
def test_the_opening_is_about_what_the_turn_was(
    intent: Intent, before: tuple[str, ...], after: tuple[str, ...], situation: str
) -> None:
    interests = (Interest(tuple(thread(domain) for domain in domains)) for domains in (before, after))
    decision = decide(turn(intent), *interests)
    assert decision.situation == decision.intent == situation
    assert situation in openings()


def test_after_a_profile_the_first_wish_is_a_first_wish() -> None:
    before = Interest((replace(thread("film"), source="profile"),))
    assert decide(turn(Intent.ASK), before, Interest((thread("book"),))).situation == "recommend"


def test_what_is_meant_is_named_else_spoken_of_last_else_alone_on_the_slate() -> None:
    talk = replace(SHOWN, focus=("f1",))
    assert meant(turn(Intent.ABOUT, shown("123", "x")), talk) == ("123", "x")
    assert meant(turn(Intent.ABOUT, Reference("慢船", 0, 2, ("f9", "f8"))), talk) == ("f9",)
    assert meant(turn(Intent.ABOUT), talk) == ("f1",)
    assert meant(turn(Intent.ABOUT), SHOWN) == ()
    assert meant(turn(Intent.ABOUT), Dialogue(slate=("a",))) == ("a",)
    assert meant(turn(Intent.ABOUT, replace(shown("x"), role="similar")), talk) == ("f1",)


def test_a_question_about_nothing_clear_is_asked_back_but_not_twice() -> None:
    about = turn(Intent.ABOUT)
    assert decide(about, Interest(dialogue=SHOWN), Interest()).act is Act.WHICH
    asked = replace(SHOWN, question=QUESTION)
    assert decide(about, Interest(dialogue=asked), Interest()) == Decision(Act.ANSWER, "about", ("123",))
    assert decide(about, Interest(), Interest()) == Decision(Act.CHAT, "nothing_shown")
    all_of_them = turn(Intent.ABOUT, shown("123", "f1", "x"))
    assert decide(all_of_them, Interest(dialogue=SHOWN), Interest()).act is Act.WHICH
    prices = replace(all_of_them, asked=("price",))
    assert decide(prices, Interest(dialogue=SHOWN), Interest()).items == ("123", "f1", "x")


def test_a_comparison_needs_two() -> None:
    before = Interest(dialogue=replace(SHOWN, focus=("x",)))
    assert decide(turn(Intent.COMPARE, shown("123", "f1")), before, before).items == ("123", "f1")
    assert decide(turn(Intent.COMPARE, shown("f1")), before, before).items == ("f1", "x")
    assert decide(turn(Intent.COMPARE), Interest(dialogue=SHOWN), before).items == ("123", "f1")
    alone = Interest(dialogue=Dialogue(slate=("a",)))
    assert decide(turn(Intent.COMPARE), alone, alone).act is Act.ANSWER


def test_what_cannot_be_met_is_admitted_and_nothing_is_asked_then() -> None:
    decision = Decision(Act.RECOMMEND, "recommend", may_ask=True)
    admitted = with_slate(decision, Slate("s", (card(),), unmet=("雪",)))
    assert (admitted.act, admitted.situation, admitted.may_ask) == (Act.ADMIT, "unmet", False)
    assert with_slate(decision, Slate("s", (card(),))) == decision
    assert not with_slate(decision, Slate("s")).may_ask


# -- the question


@pytest.mark.parametrize("intent", list(Intent))
def test_a_question_is_put_only_where_it_helps_and_never_twice_in_a_row(intent: Intent) -> None:
    helpful = intent in (Intent.ASK, Intent.REFINE, Intent.MORE)
    assert decide(turn(intent), Interest(), Interest()).may_ask == helpful
    asked = Interest(dialogue=Dialogue(question=QUESTION))
    assert not decide(turn(intent), asked, asked).may_ask


def test_only_a_broad_wish_with_many_candidates_is_narrowed() -> None:
    p = QuestionParameters()
    broad = Interest((thread("film", word("电影", Facet("domain", "film")), word("科幻")),))
    assert is_broad(broad, 13, 3, p)
    assert not is_broad(broad, 12, 3, p)
    assert not is_broad(Interest(), 100, 3, p)
    clear = Interest((thread("film", word("科幻"), word("太空"), word("安静")),))
    assert not is_broad(clear, 100, 3, p)
    faded = Interest((thread("film", word("科幻"), word("太空", weight=0.2), word("安静", weight=0.2)),))
    assert is_broad(faded, 100, 3, p)
    limits = tuple(Limit(Constraint("price", "<=", 9, "九元"), domain, "t1") for domain in ("film", "", "book"))
    assert not is_broad(replace(broad, limits=limits), 100, 3, p)


def test_fields_that_were_spoken_of_need_no_question() -> None:
    interest = Interest(
        (thread("film", word("科幻", Facet("tags", "科幻"), Facet("category", "科幻片"))),),
        refusals=(Refusal("红", "红", "t1", (Facet("attributes.color", "红色"),)),),
        limits=(Limit(Constraint("price", "<=", 9, "九元"), "", "t1"),),
        dialogue=Dialogue(asked=("year",)),
    )
    assert taken_fields(interest) == {"tags", "category", "attributes.color", "price", "year"}


# -- where the talk stands


def test_the_dialogue_remembers_what_was_shown_asked_and_spoken_of() -> None:
    talk = Dialogue(slate=("a",), focus=("a",), asked=("year",))
    recommended = next_dialogue(talk, Decision(Act.RECOMMEND, "recommend"), Slate("s", (card(),), question=QUESTION))
    assert recommended == Dialogue(("123",), (), QUESTION, ("year", "price"))
    answered = next_dialogue(SHOWN, Decision(Act.ANSWER, "about", ("123",)), Slate("s", (card(),)))
    assert (answered.slate, answered.focus) == (SHOWN.slate, ("123",))
    chatted = next_dialogue(recommended, Decision(Act.CHAT, "hello"), Slate("s"))
    assert chatted == replace(recommended, question=None)
    on_page = next_dialogue(talk, Decision(Act.RECOMMEND, "recommend"), Slate("s", (card(),)), "page")
    assert on_page.focus == ("page",)


def test_asking_which_one_is_no_field() -> None:
    which = Question("title", "哪一个？", ("说说第一个",))
    after = next_dialogue(SHOWN, Decision(Act.WHICH, "which"), Slate("s", (card(),), question=which))
    assert after.asked == ()
    assert after.question == which


# -- what is said

ALL = frozenset({ItemLine, OpeningLine, AnswerLine, CompareLine})


def script(decision: Decision, heard: Turn, slate: Slate, interest: Interest, named: Sequence[Item] = ()) -> Script:
    """The words of a turn for a model that is trusted with all kinds of lines."""
    return script_of(decision, heard, slate, interest, named, ALL)


def test_by_default_a_model_writes_lines_on_items_only() -> None:
    slate = Slate("s", (card(),))
    assert script_of(Decision(Act.RECOMMEND, "recommend"), turn(Intent.ASK), slate, Interest()).fixed == {"opening"}


def said(decision: Decision, slate: Slate, of: Turn | None = None, named: tuple[Item, ...] = ()) -> str:
    return script(decision, of or turn(Intent.ASK), slate, Interest(), named).floor["opening"]


def test_each_card_gets_a_line_and_the_opening_is_told_what_holds() -> None:
    interest = Interest(
        (thread("clothing"),),
        limits=tuple(
            Limit(Constraint("price", "<=", 300, text), domain, "t1")
            for text, domain in (("300元以内", "clothing"), ("300元以内", ""), ("2010年以后", "film"))
        ),
    )
    asked = turn(Intent.ASK, text="T恤，不要红的", refusals=(Term("红的", "红的", 4, 6, -1.0),))
    slate = Slate("s", (card(), card(replace(FILM, domain="clothing"))), unmet=("雪",))
    lines = script(Decision(Act.RECOMMEND, "recommend"), asked, slate, interest)
    assert lines.requests[0] == OpeningLine(
        "zh", "T恤，不要红的", "recommend", ("300元以内",), ("红的",), ("雪",), ("T恤", "剧情片")
    )
    assert [(line.part, line.fits) for line in lines.requests if isinstance(line, ItemLine)] == [
        ("123", ("T恤",)),
        ("f1", ("T恤",)),
    ]
    assert lines.fixed == frozenset()


def test_answers_are_said_in_the_opening_and_their_cards_get_no_lines() -> None:
    about = turn(Intent.ABOUT, asked=("price",))
    lines = script(Decision(Act.ANSWER, "about", ("123",)), about, Slate("s", (card(),)), Interest())
    assert lines.floor["opening"] == "“品牌T恤”的价格是199元。"
    assert lines.requests == [AnswerLine("zh", about.text, SHIRT, (("价格", "199元"),))]
    assert lines.fixed == frozenset()
    assert set(lines.floor) == {"opening"}
    both = Slate("s", (card(), card(FILM)))
    assert "前者" in said(Decision(Act.COMPARE, "compare"), both, turn(Intent.COMPARE))


def test_a_question_follows_the_opening_and_a_question_back_is_the_opening() -> None:
    slate = Slate("s", (card(),), question=QUESTION)
    assert script(Decision(Act.RECOMMEND, "recommend"), turn(Intent.ASK), slate, Interest()).after == {
        "opening": QUESTION.text
    }
    back = script(Decision(Act.WHICH, "which"), turn(Intent.ABOUT), slate, Interest())
    assert (back.floor["opening"], back.after) == (QUESTION.text, {})


def test_the_model_is_given_only_situations_that_it_was_trained_on() -> None:
    for situation in (*INTENTS - {"unmet"}, "return", "start_over", "open", "similar"):
        lines = script(Decision(Act.RECOMMEND, situation), turn(Intent.ASK), Slate("s", (card(),)), Interest())
        opening = lines.requests[0]
        assert isinstance(opening, OpeningLine)
        assert opening.intent in INTENTS
        assert lines.fixed or opening.intent == situation


def test_an_empty_slate_is_said_in_plain_words_with_what_is_nearest() -> None:
    empty = Slate("s", (), ("10元以内",), nearest="最接近的价钱是 89元")
    words = said(Decision(Act.ADMIT, "unmet"), empty)
    assert "“10元以内”" in words
    assert "89元" in words
    nothing = script(Decision(Act.ADMIT, "unmet"), turn(Intent.ASK), empty, Interest()).requests[0]
    assert isinstance(nothing, OpeningLine)
    assert (nothing.intent, nothing.unmet, nothing.near) == ("nothing", empty.unmet, empty.nearest)


def test_a_limit_that_was_relaxed_is_admitted_with_what_differs() -> None:
    near = Slate("s", (card(),), ("蓝色",), nearest="最接近的是深蓝")
    decision = Decision(Act.ADMIT, "unmet")
    words = said(decision, near)
    assert "“蓝色”" in words
    assert "最接近的是深蓝" in words
    assert script(decision, turn(Intent.ASK), near, Interest()).fixed == {"opening"}
    assert script(decision, turn(Intent.ASK), replace(near, nearest=""), Interest()).fixed == frozenset()


def test_a_contradiction_is_named_with_and_without_cards() -> None:
    cheap = Constraint("price", "low", 0.0, "便宜")
    wish = Wish("奢侈品", 3, 6, (Term("奢侈品", "奢侈品", 3, 6),))
    clash = turn(Intent.ASK, text="便宜的奢侈品", wishes=(wish,), constraints=(cheap,))
    decision = decide(clash, Interest(), Interest())
    assert decision.clash == ("便宜", "奢侈品")
    for slate in (Slate("s", (card(),)), Slate("s", (), ("奢侈品",))):
        words = said(with_slate(decision, slate), slate, clash)
        assert "“便宜”" in words
        assert "“奢侈品”" in words


def test_something_like_that_names_that() -> None:
    like = turn(Intent.ASK, replace(shown("f1"), role="similar"), text="像这个一样的")
    decision = decide(like, Interest(), Interest())
    assert (decision.situation, decision.items, decision.may_ask) == ("similar", ("f1",), False)
    assert "《慢船》" in said(decision, Slate("s", (card(),)), like, (FILM,))


def test_care_and_small_talk_have_words_without_cards() -> None:
    live = Interest((thread("film", word("科幻", Facet("tags", "科幻"))),))
    for text, intent, part in (("我不想活了", Intent.CARE, "12356"), ("你好", Intent.SMALL_TALK, "科幻")):
        heard = turn(intent, text=text)
        decision = decide(heard, live, live)
        lines = script(decision, heard, Slate("s"), live)
        assert part in lines.floor["opening"]
        assert bool(lines.fixed) == (intent is Intent.CARE)


def test_a_comparison_is_asked_for_with_its_points_and_yes_or_no_is_said_as_it_stands() -> None:
    other = replace(SHIRT, id="9", title="麻T恤", price=299)
    lines = script(
        Decision(Act.COMPARE, "compare"), turn(Intent.COMPARE), Slate("s", (card(), card(other))), Interest()
    )
    compared = lines.requests[0]
    assert isinstance(compared, CompareLine)
    assert compared.points == (("价格", "199元", "299元", "前者便宜100元"),)
    assert lines.fixed == frozenset()
    washable = replace(SHIRT, attributes={"washable": True})
    about = turn(Intent.ABOUT, asked=("attributes.washable",))
    assert script(Decision(Act.ANSWER, "about"), about, Slate("s", (card(washable),)), Interest()).fixed == {"opening"}


def test_what_leads_to_another_domain_is_a_bridge() -> None:
    slate = Slate("s", (card(),))
    for named, intent in (((FILM,), "bridge"), ((replace(SHIRT, id="9"),), "recommend"), ((), "recommend")):
        opening = script(Decision(Act.RECOMMEND, "similar"), turn(Intent.ASK), slate, Interest(), named).requests[0]
        assert isinstance(opening, OpeningLine)
        assert opening.intent == intent
    assert opening.source == ""


def test_a_line_is_told_the_reasons_that_the_words_do_not_say() -> None:
    because = (
        Because("words", "你提到了“棉”"),
        Because("liked", "和你喜欢的“帆布鞋”相近"),
        Because("popular", "不少人喜欢"),
    )
    slate = Slate("s", (replace(card(), because=because),))
    line = script(Decision(Act.RECOMMEND, "recommend"), turn(Intent.ASK), slate, Interest()).requests[1]
    assert isinstance(line, ItemLine)
    assert line.reasons == ("和你喜欢的“帆布鞋”相近", "不少人喜欢")


def test_every_situation_has_three_ways_to_say_it() -> None:
    for situation, words in openings().items():
        for lang in ("zh", "en"):
            assert len(set(words[lang])) >= 3, situation


def test_distress_is_heard_whatever_the_message_seemed_to_be() -> None:
    for intent in (Intent.SMALL_TALK, Intent.OUT_OF_SCOPE):
        assert decide(turn(intent, text="我真的不想活了"), Interest(), Interest()).act is Act.CARE


def test_words_that_the_catalogue_does_not_know_are_nothing_to_come_back_to() -> None:
    foreign = Interest((thread("", word("Quiero"), word("pel")),))
    heard = turn(Intent.SMALL_TALK, text="你好")
    assert "Quiero" not in script(decide(heard, foreign, foreign), heard, Slate("s"), foreign).floor["opening"]


# -- who asks for no questions, and what is compared


def test_no_questions_is_remembered() -> None:
    before = Interest(dialogue=SHOWN)
    decision = decide(turn(Intent.ANYTHING, text="别问了，直接推荐"), before, before)
    after = next_dialogue(SHOWN, decision, Slate("s"))
    later = decide(turn(Intent.ASK), Interest(dialogue=after), Interest(dialogue=after))
    assert decision.quiet
    assert later.quiet
    assert not later.may_ask


@pytest.mark.parametrize("text", ["这几个里哪个最便宜", "which of these is the cheapest?"])
def test_all_that_is_shown_is_compared_where_it_is_asked_among_all(text: str) -> None:
    before = Interest(dialogue=replace(SHOWN, focus=("f1",)))
    assert decide(turn(Intent.COMPARE, text=text), before, before).items == SHOWN.slate


@pytest.mark.parametrize(
    ("text", "situation"), [("好无聊啊", "anything"), ("hi, what do you even have here?", "stock")]
)
def test_who_is_bored_or_curious_is_shown_something(text: str, situation: str) -> None:
    decision = decide(turn(Intent.SMALL_TALK, text=text), Interest(), Interest())
    assert (decision.act, decision.situation, decision.is_open) == (Act.RECOMMEND, situation, True)
