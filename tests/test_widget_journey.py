"""The widget with the real app, on the demo sites, each from another origin: in both languages, wide and on a phone."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import AppProcess, running_app
from playwright.sync_api import Browser, Page, expect
from widget_host import Host, host_page, serving_host

from bot.web.widget.routes import page_text

SOON = 30_000
SITES = {
    "zh": {
        "page": "shop.html",
        "wish": "想要一条深色牛仔裤，三百元以内",
        "like": "喜欢：时尚牛仔裤",
        "open": "时尚牛仔裤",
        "item": "456",
        "bubble": "问问知音",
        "again": "不要黑色的",
        "cheaper": "和这个差不多，便宜一点的",
        "new": "新对话",
    },
    "en": {
        "page": "films.html",
        "wish": "A slow science-fiction film, nothing scary",
        "like": "Like: Arrival",
        "open": "Arrival",
        "item": "fi-009",
        "bubble": "Open the chat",
        "again": "made before 2000",
        "cheaper": "More like this",
        "new": "New chat",
    },
}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with serving_host() as host:
        yield host


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path, models_dir: Path, host: Host) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "ZHIYIN_WIDGET_ORIGINS", host.address)
        patch.setitem(os.environ, "ZHIYIN_RATE_LIMIT", "1000/minute")
        data = Path(shutil.copytree(sample_dir, tmp_path_factory.mktemp("widget") / "data"))
        with running_app(data, models_dir, llm="none") as address:
            for name in ("shop.html", "films.html"):
                html = page_text(name).replace("../../widget.js", f"{address}/widget.js")
                host.put(html.replace("../pages/", f"{address}/widget/pages/"), f"/{name}")
            yield address


def said(page: Page, text: str) -> None:
    box = page.locator("zhiyin-chat textarea")
    box.fill(text)
    box.press("Enter")


def done(page: Page, turns: int) -> None:
    expect(page.locator("zhiyin-chat .turn")).to_have_count(turns, timeout=SOON)
    expect(page.locator("zhiyin-chat .turn").last).to_have_attribute("data-state", "done", timeout=SOON)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_whole_journey(app: str, host: Host, browser: Browser, lang: str, width: int) -> None:
    names = SITES[lang]
    asked: list[str] = []
    failures: list[str] = []
    with browser.new_context(viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{host.address}/{names['page']}")
        page.get_by_role("button", name=names["bubble"]).last.click()
        expect(page.locator("zhiyin-chat .greeting")).to_be_visible(timeout=SOON)
        expect(page.locator("zhiyin-chat .welcome .card").first).to_be_visible()
        said(page, names["wish"])
        done(page, 1)
        turn = page.locator("zhiyin-chat .turn").last
        assert all(line.strip() for line in turn.locator(".line").all_inner_texts())
        expect(page.locator("zhiyin-chat .chips li").first).to_be_visible()

        like = turn.get_by_role("button", name=names["like"])
        like.click()
        expect(like).to_have_attribute("aria-pressed", "true")
        why = turn.locator(".why").first
        why.click()
        expect(turn.locator(".whys li").first).to_be_visible(timeout=SOON)
        why.click()

        turn.get_by_role("link", name=names["open"], exact=True).click()
        page.wait_for_url(f"**?item={names['item']}")
        if width < 480:
            page.get_by_role("button", name=names["bubble"]).last.click()
        expect(page.locator("zhiyin-chat .said")).to_have_text([names["wish"]], timeout=SOON)
        expect(page.locator("zhiyin-chat .about b")).to_have_text(names["open"], timeout=SOON)
        expect(page.get_by_role("button", name=names["like"]).first).to_have_attribute("aria-pressed", "true")
        said(page, names["cheaper"])
        done(page, 2)
        said(page, names["again"])
        done(page, 3)

        page.evaluate("(id) => Zhiyin.track('purchase', id)", names["item"])
        page.wait_for_timeout(500)
        kept = page.evaluate("JSON.parse(Object.values(localStorage)[0]).session")
        headers = {"Authorization": f"Bearer {kept['token']}"}
        told = httpx.get(f"{app}/api/v1/sessions/{kept['id']}/export", headers=headers, timeout=30).json()
        kinds = {one["kind"] for one in told["feedback"] if one["item_id"] == names["item"]}
        assert {"like", "click", "purchase"} <= kinds

        page.get_by_role("button", name=names["new"]).click()
        expect(page.locator("zhiyin-chat .turn")).to_have_count(0)
        expect(page.locator("zhiyin-chat .wishes")).to_be_visible(timeout=SOON)
    assert failures == []
    assert {url.split("/")[2] for url in asked} == {host.address.split("/")[2], app.split("/")[2]}


def test_a_server_that_is_killed_in_the_middle_of_a_reply_and_comes_back(
    tmp_path: Path, sample_dir: Path, models_dir: Path, host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The language model's endpoint takes the call and never answers, so that the reply is in the middle for long."""
    app = AppProcess(Path(shutil.copytree(sample_dir, tmp_path / "data")), models_dir, llm="openai")
    first, second = "想要一条深色牛仔裤，三百元以内", "不要黑色的"
    with socket.create_server(("127.0.0.1", 0)) as silent, browser.new_context(locale="zh-CN") as context:
        monkeypatch.setenv("ZHIYIN_LLM_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        monkeypatch.setenv("ZHIYIN_LLM_MODEL", "silent")
        monkeypatch.setenv("ZHIYIN_WORDS_TIMEOUT", "8")
        monkeypatch.setenv("ZHIYIN_WIDGET_ORIGINS", host.address)
        try:
            app.start()
            page = context.new_page()
            page.goto(host.put(host_page(app.address, lang="zh"), "/killed.html"))
            page.locator("zhiyin-chat .bubble").click()
            expect(page.locator("zhiyin-chat .greeting")).to_be_visible(timeout=SOON)
            said(page, first)
            turn = page.locator("zhiyin-chat .turn").last
            expect(turn.locator(".card").first).to_be_visible(timeout=SOON)
            expect(turn).to_have_attribute("data-state", "pending")
            app.kill()
            cards = turn.locator(".card h3").all_inner_texts()
            expect(page.locator("zhiyin-chat .notice")).to_be_visible(timeout=SOON)
            app.start()
            expect(turn).to_have_attribute("data-state", "stopped", timeout=SOON)
            expect(page.locator("zhiyin-chat .notice")).to_be_hidden()
            assert turn.locator(".card h3").all_inner_texts() == cards
            said(page, second)
            done(page, 2)
            kept = page.evaluate("JSON.parse(Object.values(localStorage)[0]).session")
            bearer = {"Authorization": f"Bearer {kept['token']}"}
            told = httpx.get(f"{app.address}/api/v1/sessions/{kept['id']}", headers=bearer, timeout=30).json()
        finally:
            app.stop()
    assert [turn["text"] for turn in told["turns"] if turn["role"] == "user"] == [first, second]
    assert [turn["complete"] for turn in told["turns"] if turn["role"] == "bot"] == [False, True]


def test_a_foreign_page_is_refused_with_a_clear_line(app: str, browser: Browser) -> None:
    with serving_host() as stranger, browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        page.goto(stranger.put(f'<!doctype html><title>x</title><script src="{app}/widget.js" async></script>'))
        page.locator("zhiyin-chat .bubble").click()
        expect(page.locator("zhiyin-chat .notice")).to_have_text("这个网站还没有获准使用知音。", timeout=SOON)


def test_the_page_that_builds_the_tag_shows_what_it_builds(app: str, browser: Browser) -> None:
    with browser.new_context(locale="en-US", viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda told: failures.append(told.text) if told.type == "error" else None)
        page.goto(f"{app}/widget")
        expect(page.locator("zhiyin-chat .greeting")).to_be_visible(timeout=SOON)
        assert page.locator("code").inner_text() == f'<script src="{app}/widget.js" async></script>'
        page.locator("[name=theme][value=dark]").check(force=True)
        page.locator("[name=position][value=left]").check(force=True)
        page.get_by_label("Title (optional)").fill('"Style" & <friend>')
        wanted = (
            f'<script src="{app}/widget.js" async data-theme="dark" data-position="left" '
            'data-heading="&quot;Style&quot; &amp; &lt;friend>"></script>'
        )
        expect(page.locator("code")).to_have_text(wanted)
        expect(page.locator("zhiyin-chat h2")).to_have_text('"Style" & <friend>', timeout=SOON)
        page.locator("[name=mode][value=inline]").check(force=True)
        expect(page.locator("code")).to_contain_text('data-mode="inline"')
        expect(page.locator("zhiyin-chat[mode=inline] .greeting")).to_be_visible(timeout=SOON)
        page.get_by_role("button", name="中文").click()
        expect(page.locator("h1")).to_have_text("把知音放进你的网站")
        assert failures == []


def test_the_demo_sites_work_where_the_app_serves_them(app: str, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        # Each has a conversation of its own, although they stand on one origin.
        for name, title in (("shop", "棉里"), ("films", "Reel Room")):
            page.goto(f"{app}/widget/demo/{name}")
            expect(page.locator(".brand")).to_have_text(title)
            expect(page.locator(".tile")).to_have_count(8)
            page.locator("zhiyin-chat .bubble").click()
            expect(page.locator("zhiyin-chat .greeting")).to_be_visible(timeout=SOON)
