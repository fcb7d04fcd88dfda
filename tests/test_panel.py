"""The interest panel in a real browser: the picture of what is heard, and the visitor's hand on it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import opened, running_app, say
from playwright.sync_api import Browser, Locator, Page, expect

TALK = {
    "zh": ("我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤", "300元以内，不要红色"),
    "en": ("I like browsing fashionable clothes, especially brand-name T-shirts and jeans", "under 300 yuan, not red"),
}
LONG_TALK = {
    "zh": (*TALK["zh"], "宽松一点的", "想看一部慢节奏的科幻电影", "换成推理小说", "回到刚才的衣服，看看外套"),
    "en": (
        *TALK["en"],
        "something loose",
        "a slow-paced sci-fi film",
        "now a mystery novel",
        "back to clothes, jackets",
    ),
}
NAMES = {
    "zh": {
        "panel": "知音听到的",
        "word": "想要：牛仔裤",
        "refusal": "不要：红色",
        "limit": "条件：300元以内",
        "first": "来自第 1 句话",
        "remove": "移除：牛仔裤",
        "pin": "固定：牛仔裤",
        "pinned": "已固定",
        "edited": "按改过的兴趣",
        "close": "关上",
    },
    "en": {
        "panel": "What I heard",
        "word": "Wanted: jeans",
        "refusal": "Not wanted: red",
        "limit": "Limit: under 300 yuan",
        "first": "from message 1",
        "remove": "Remove: jeans",
        "pin": "Pin: jeans",
        "pinned": "pinned",
        "edited": "For the changed interest",
        "close": "Close",
    },
}
LOCALES = {"zh": "zh-CN", "en": "en-US"}
SHOWN = re.compile(r"^matrix\(1, 0, 0, 1, \d")
NAMELESS = """() => [...document.querySelectorAll('.zy :is(button, a[href], textarea, [role], [tabindex])')]
  .filter((one) => one.checkVisibility() && !one.matches('[aria-hidden=true], [role=status]'))
  .filter((one) => !(one.getAttribute('aria-label') || one.textContent).trim()).map((one) => one.outerHTML)"""
OVERLAPS = """() => {
  const picture = document.querySelector('.zy-graph').getBoundingClientRect();
  const nodes = [...document.querySelectorAll('.zy-node')];
  const boxes = nodes.map((node) => [node.textContent, node.getBoundingClientRect()]);
  const wrong = boxes.filter(([, box]) => box.left < picture.left - 1 || box.right > picture.right + 1
    || box.top < picture.top - 1 || box.bottom > picture.bottom + 1).map(([name]) => `${name} is outside`);
  boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
    const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (x > 3 && y > 3) wrong.push(`${one} lies on ${other}`);
  }));
  return wrong;
}"""


@pytest.fixture(scope="module")
def served_app(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path, models_dir: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("panel") / "data"
    shutil.copytree(sample_dir, folder)
    with running_app(folder, models_dir, llm="none") as address:
        yield address


@pytest.fixture
def visit(served_app: str, browser: Browser) -> Iterator[Any]:
    """Opens the page as a new visitor; at the end nothing may have failed in it."""
    failures: list[str] = []
    contexts = []

    def open_page(lang: str, width: int = 1280, **how: Any) -> Page:
        context = browser.new_context(locale=LOCALES[lang], viewport={"width": width, "height": 844}, **how)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
        return opened(page, served_app)

    yield open_page
    for context in contexts:
        context.close()
    assert failures == []


def node(page: Page, name: str) -> Locator:
    return page.get_by_role("complementary").get_by_role("button", name=name)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_word_is_removed_by_keyboard_and_the_slate_follows(visit: Any, lang: str) -> None:
    names, page = NAMES[lang], visit(lang)
    for text in TALK[lang]:
        say(page, text)
    word = node(page, names["word"])
    expect(word).to_be_visible()
    expect(word).to_have_accessible_name(re.compile(names["first"]))
    for kind in ("refusal", "limit"):
        expect(node(page, names[kind])).to_be_visible()
    expect(node(page, names["refusal"]).locator("s")).to_have_count(1)

    word.focus()
    page.keyboard.press("Enter")
    window = page.get_by_role("dialog", name=names["word"])
    expect(window.locator("blockquote")).to_have_text(TALK[lang][0])
    expect(window.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    expect(word).to_be_focused()

    page.keyboard.press("Enter")
    remove = page.get_by_role("button", name=names["remove"])
    while not remove.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(word).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('.zy-heard') !== null")
    slate = page.locator(".zy-turn[data-kind=edited]")
    expect(slate.locator(".zy-caption")).to_have_text(names["edited"])
    expect(slate.locator(".zy-card").first).to_be_visible()
    said = names["word"].split("：")[-1].split(": ")[-1]
    assert not [reason for reason in slate.locator(".zy-because li").all_inner_texts() if said in reason]

    opened(page, page.url)
    expect(node(page, names["refusal"])).to_be_visible()
    expect(word).to_have_count(0)
    expect(page.locator(".zy-turn").last).to_have_attribute("data-kind", "edited")


def test_a_word_is_pinned_and_unpinned(visit: Any) -> None:
    names, page = NAMES["zh"], visit("zh")
    say(page, TALK["zh"][0])
    node(page, names["word"]).click()
    page.get_by_role("button", name=names["pin"], exact=True).click()
    expect(node(page, names["word"])).to_have_accessible_name(re.compile(names["pinned"]))
    expect(page.locator(".zy-node[data-pinned]")).to_have_count(1)
    node(page, names["word"]).click()
    page.get_by_role("button", name=f"不再{names['pin']}").click()
    expect(page.locator(".zy-node[data-pinned]")).to_have_count(0)


def test_what_was_liked_hangs_in_the_picture_and_can_be_taken_back(visit: Any) -> None:
    page = visit("zh")
    say(page, TALK["zh"][0])
    page.get_by_role("button", name="喜欢：时尚牛仔裤").click()
    liked = node(page, "喜欢的：时尚牛仔裤")
    expect(liked).to_be_visible()
    liked.click()
    page.get_by_role("dialog").get_by_role("button", name="收回").click()
    expect(liked).to_have_count(0)
    expect(page.get_by_role("button", name="喜欢：时尚牛仔裤")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(("lang", "width"), [("zh", 1280), ("en", 1280), ("zh", 390), ("en", 390)])
def test_six_turns_stay_readable_and_every_control_has_a_name(visit: Any, lang: str, width: int) -> None:
    page = visit(lang, width, reduced_motion="reduce")
    for text in LONG_TALK[lang]:
        say(page, text)
    if width < 500:
        page.get_by_role("button", name=NAMES[lang]["panel"]).click()
    expect(page.locator(".zy-node-thread").first).to_have_css("transform", SHOWN)
    page.wait_for_timeout(700)
    assert page.locator(".zy-node-thread").count() >= 2
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(NAMELESS) == []
    expect(page.get_by_role("img").last).to_have_accessible_name(re.compile("6"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".zy-heard").evaluate("panel => panel.scrollWidth <= panel.clientWidth")
    page.locator(".zy-node-word").first.click()
    window = page.locator(".zy-pop").bounding_box()
    assert window is not None
    assert window["x"] >= 0
    assert window["x"] + window["width"] <= width
    assert page.evaluate(NAMELESS) == []


def test_nodes_glide_and_keep_their_places(visit: Any) -> None:
    page = visit("zh")
    say(page, TALK["zh"][0])
    page.wait_for_timeout(900)
    first = page.locator(".zy-node-thread").first.bounding_box()
    say(page, TALK["zh"][1])
    page.wait_for_timeout(900)
    second = page.locator(".zy-node-thread").first.bounding_box()
    assert first is not None
    assert second is not None
    assert abs(first["x"] - second["x"]) + abs(first["y"] - second["y"]) < 120


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_on_a_phone_the_panel_is_a_sheet(visit: Any, lang: str) -> None:
    names, page = NAMES[lang], visit(lang, 390, has_touch=True, is_mobile=True)
    say(page, TALK[lang][0])
    panel = page.locator(".zy-heard")
    expect(panel).to_be_hidden()
    toggle = page.get_by_role("button", name=names["panel"])
    toggle.click()
    expect(panel).to_be_visible()
    box = panel.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert page.locator(".zy-talk").evaluate("talk => talk.inert")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(toggle).to_be_focused()

    toggle.click()
    node(page, names["word"]).tap()
    page.get_by_role("button", name=names["remove"]).tap()
    expect(node(page, names["word"])).to_have_count(0)
    page.locator(".zy-follow").tap()
    expect(panel).to_be_hidden()
    expect(page.locator(".zy-turn[data-kind=edited] .zy-card").first).to_be_in_viewport()


def test_the_first_view_offers_three_directions_and_things_to_say(visit: Any) -> None:
    page = visit("en")
    expect(page.locator(".zy-greeting")).to_contain_text("Zhiyin")
    cards = page.locator(".zy-turn[data-kind=opening] .zy-card")
    expect(cards).to_have_count(3)
    assert len({kind.split(" · ")[0] for kind in cards.locator(".zy-kind").all_inner_texts()}) == 3
    wish = page.locator(".zy-suggestions button").first
    said = wish.inner_text()
    wish.click()
    expect(page.locator(".zy-said")).to_have_text(said)
    expect(page.locator(".zy-suggestions")).to_have_count(0)
    expect(page.locator(".zy-node-word").first).to_be_visible()


def test_an_answer_can_be_tapped_and_its_question_is_gone_then(visit: Any) -> None:
    page = visit("zh")
    say(page, "想看电影")
    chips = page.locator(".zy-question button")
    expect(chips.first).to_be_visible()
    asked = page.locator(".zy-turn:has(.zy-said)").last.get_by_role("group")
    expect(asked).to_have_accessible_name(re.compile("[？?]$"))
    opened(page, page.url)
    answer = chips.first.inner_text()
    chips.first.click()
    expect(page.locator(".zy-said")).to_have_text(["想看电影", answer])
    turn = page.locator(".zy-turn:has(.zy-said)").last
    expect(turn).to_have_attribute("data-state", "done")
    expect(chips).to_have_count(0)
    opened(page, page.url)
    expect(page.locator(".zy-said")).to_have_count(2)
    expect(chips).to_have_count(0)


def test_a_question_is_gone_once_something_else_is_said(visit: Any) -> None:
    page = visit("en")
    say(page, "I want to watch a film")
    expect(page.locator(".zy-question button").first).to_be_visible()
    say(page, "thanks!")
    expect(page.locator(".zy-question button")).to_have_count(0)
