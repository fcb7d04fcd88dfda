"""What a visitor does, in a real browser against the real app, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import opened, running_app
from playwright.sync_api import Browser, expect

WISH = {
    "zh": "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤",
    "en": "I like browsing fashionable clothes, especially brand-name T-shirts and jeans",
}
NAMES = {
    "zh": {"box": "说说你想要的", "like": "喜欢：时尚牛仔裤", "title": "时尚牛仔裤", "heard": "知音听到的"},
    "en": {
        "box": "Say what you would like",
        "like": "Like: Fashion Jeans",
        "title": "Fashion Jeans",
        "heard": "What I heard",
    },
}
LOCALES = {"zh": "zh-CN", "en": "en-US"}
WORDS_SECONDS = 60_000


@pytest.fixture(scope="module")
def served_app(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("data"), models_dir) as address:
        yield address


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_wish_is_heard_answered_liked_and_kept(served_app: str, browser: Browser, lang: str, width: int) -> None:
    names = NAMES[lang]
    with browser.new_context(locale=LOCALES[lang], viewport={"width": width, "height": 844}) as context:
        page = opened(context.new_page(), served_app)
        outside: list[str] = []
        page.on(
            "request",
            lambda request: None if request.url.startswith(served_app) else outside.append(request.url),
        )
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))

        box = page.get_by_role("textbox", name=names["box"])
        box.fill(WISH[lang])
        box.press("Enter")
        turn = page.locator(".zy-turn").last
        for item_id in ("123", "456"):
            expect(turn.locator(f'[data-id="{item_id}"]')).to_be_visible(timeout=10_000)
        expect(turn.locator(".zy-opening")).not_to_be_empty(timeout=WORDS_SECONDS)
        expect(turn).to_have_attribute("data-state", "done", timeout=WORDS_SECONDS)
        assert all(line.strip() for line in turn.locator(".zy-line").all_inner_texts())

        like = turn.get_by_role("button", name=names["like"])
        like.click()
        expect(like).to_have_attribute("aria-pressed", "true")
        if width < 500:
            panel = page.get_by_role("complementary", name=names["heard"])
            expect(panel).to_be_hidden()
            page.get_by_role("button", name=names["heard"]).click()
        panel = page.get_by_role("complementary", name=names["heard"])
        expect(panel.locator(".zy-node-thread").first).to_be_visible()
        expect(panel).to_contain_text(names["title"])
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        page = opened(page, served_app)
        expect(page.locator(".zy-said")).to_have_text([WISH[lang]])
        expect(page.get_by_role("button", name=names["like"])).to_have_attribute("aria-pressed", "true")
        assert outside == []
        assert failures == []


def test_another_visitor_sees_nothing_of_it(served_app: str, browser: Browser) -> None:
    with browser.new_context(locale="zh-CN") as one, browser.new_context(locale="zh-CN") as other:
        first, second = opened(one.new_page(), served_app), opened(other.new_page(), served_app)
        first.get_by_role("textbox").fill(WISH["zh"])
        first.get_by_role("textbox").press("Enter")
        expect(first.locator(".zy-turn").last).to_have_attribute("data-state", "done", timeout=WORDS_SECONDS)
        expect(first.locator(".zy-node-thread").first).to_be_visible()
        assert second.locator(".zy-said").count() == 0
        second = opened(second, served_app)
        assert second.locator(".zy-said").count() == 0
        assert second.locator(".zy-node").count() == 0


def test_a_new_message_cuts_the_running_reply_off(served_app: str, browser: Browser) -> None:
    with browser.new_context(locale="zh-CN") as context:
        page = opened(context.new_page(), served_app)
        box = page.get_by_role("textbox")
        box.fill(WISH["zh"])
        box.press("Enter")
        expect(page.locator(".zy-turn").last.locator(".zy-card").first).to_be_visible(timeout=10_000)
        box.fill("想看科幻电影")
        box.press("Enter")
        expect(page.locator(".zy-said")).to_have_count(2)
        expect(page.locator(".zy-turn").last).to_have_attribute("data-state", "done", timeout=WORDS_SECONDS)
        expect(page.locator(".zy-turn[data-state=pending]")).to_have_count(0)


def test_new_conversation_language_and_light_can_be_switched(served_app: str, browser: Browser) -> None:
    with browser.new_context(locale="zh-CN", color_scheme="light") as context:
        page = opened(context.new_page(), served_app)
        page.get_by_role("button", name="Switch to English").click()
        expect(page.get_by_role("textbox", name="Say what you would like")).to_be_visible()
        expect(page.locator(".zy-greeting")).to_contain_text("Zhiyin")
        page.get_by_role("button", name="Switch light and dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page = opened(page, served_app)
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        page.get_by_role("textbox").fill(WISH["en"])
        page.get_by_role("textbox").press("Enter")
        expect(page.locator(".zy-said")).to_have_count(1)
        page.get_by_role("button", name="New chat").click()
        expect(page.locator(".zy-said")).to_have_count(0)
