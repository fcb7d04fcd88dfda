"""Texts that would run if they were ever read as markup or as an address: in a real browser, none of them does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from widget_host import Fake, Host, Told, card, host_page

RUN = "window.ran=(window.ran||0)+1"
TEXTS = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><img src=x onerror="{RUN}">',
    f"'><img src=x onerror='{RUN}'>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><set onbegin={RUN} attributeName=x>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f"<body onload={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src='javascript:parent.{RUN}'></iframe>",
    f"<object data='javascript:{RUN}'></object>",
    f"<embed src='javascript:{RUN}'>",
    f"<a href='javascript:{RUN}' autofocus onfocus={RUN}>x</a>",
    f"<input autofocus onfocus={RUN}>",
    f"<textarea autofocus onfocus={RUN}></textarea>",
    f"</textarea><img src=x onerror={RUN}>",
    f"<select autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<marquee onstart={RUN}>",
    f"<style>@import 'javascript:{RUN}';</style>",
    f"<style onload={RUN}></style>",
    f"<link rel=stylesheet href=x onerror={RUN}>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<base href='javascript:{RUN}//'>",
    f"<form action='javascript:{RUN}'><input type=submit autofocus></form>",
    f"<button formaction='javascript:{RUN}'>x</button>",
    f"<template><script>{RUN}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<![CDATA[><img src=x onerror={RUN}>]]>",
    f"&lt;img src=x onerror={RUN}&gt;",
    f"&#60;img src=x onerror={RUN}&#62;",
    f"\\u003cimg src=x onerror={RUN}\\u003e",
    f"%3Cimg src=x onerror={RUN}%3E",
    f"＜img src=x onerror={RUN}＞",
    f"${{{RUN}}}",
    f"{{{{{RUN}}}}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"<%= {RUN} %>",
    f"'-({RUN})-'",
    f'"-({RUN})-"',
    f"`-({RUN})-`",
    f"');{RUN};//",
    f'");{RUN};//',
    f"\n\ndata: <script>{RUN}</script>\n\n",
    f"event: done\ndata: {{}}\n\n<script>{RUN}</script>",
    f"<x onclick={RUN} style='position:fixed;inset:0'>y</x>",
    f"<zhiyin-chat base='javascript:{RUN}'></zhiyin-chat>",
    f"<slot onslotchange={RUN}></slot>",
    f"]]></style></svg><img src=x onerror={RUN}>",
    f"\u2028<img src=x onerror={RUN}>\u2029",
    f"\u202e<img src=x onerror={RUN}>",
    f"\x00<img src=x onerror={RUN}>".replace("\x00", "\ufffd"),
    "__proto__",
    "constructor",
    f"{{title}}<img src=x onerror={RUN}>{{act}}",
    f"$&<img src=x onerror={RUN}>$'",
]
ADDRESSES = [
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f" javascript:{RUN}",
    f"java\tscript:{RUN}",
    f"java\nscript:{RUN}",
    f"\x01javascript:{RUN}",
    f"javascript://shop.example/%0a{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"vbscript:{RUN}",
    f"blob:{RUN}",
    f"view-source:javascript:{RUN}",
    f"//javascript:{RUN}",
    "file:///etc/passwd",
    f'https://shop.example/"onclick="{RUN}',
    f"https://shop.example/' onmouseover='{RUN}",
    f"https://shop.example/><script>{RUN}</script>",
    f"https://javascript:{RUN}@shop.example/",
    f"x:{RUN}",
]
SOON = 15_000


@pytest.fixture
def page(browser: Browser, sites: tuple[Host, Fake]) -> Iterator[Page]:
    sites[1].told.__dict__.update(Told().__dict__)
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("dialog", lambda dialog: failures.append(dialog.message))
        yield page
        assert failures == []


def test_there_are_enough_of_them() -> None:
    assert len(TEXTS) >= 60


def test_no_text_of_catalogue_model_or_visitor_runs(page: Page, sites: tuple[Host, Fake]) -> None:
    host, fake = sites
    told = fake.told
    told.cards = [
        card(f"i{i}", text, category=text, brand=text, tags=[text], because=[{"kind": "words", "text": text}])
        for i, text in enumerate(TEXTS)
    ]
    told.words = {"opening": " ".join(TEXTS), **{f"i{i}": text for i, text in enumerate(TEXTS)}}
    told.greeting, told.suggestions, told.unmet = TEXTS[2], TEXTS, TEXTS
    told.question = {"field": "x", "text": TEXTS[5], "answers": TEXTS[:9]}
    told.site = {"title": TEXTS[3], "greeting": TEXTS[4], "accent": f"red;background:url(javascript:{RUN})"}
    page.goto(host.put(host_page(fake.address, item_id="i0", site="x")))
    page.locator("zhiyin-chat .bubble").click()
    expect(page.locator("zhiyin-chat .greeting")).to_have_text(TEXTS[4])
    box = page.locator("zhiyin-chat textarea")
    box.fill(" ".join(TEXTS)[:1900])
    box.press("Enter")
    turn = page.locator("zhiyin-chat .turn").last
    expect(turn).to_have_attribute("data-state", "done", timeout=SOON)
    expect(turn.locator("h3")).to_have_count(len(TEXTS))
    assert [title.strip() for title in turn.locator("h3").all_text_contents()] == [text.strip() for text in TEXTS]
    page.locator("zhiyin-chat .chips button").first.click()
    expect(page.locator("zhiyin-chat .turn")).to_have_count(2)
    page.reload()
    expect(page.locator("zhiyin-chat .turn")).to_have_count(2)
    made = page.locator("zhiyin-chat").evaluate(
        "(chat) => [...new Set([...chat.shadowRoot.querySelectorAll('*')].map((node) => node.localName))].sort()"
    )
    assert not set(made) & {"script", "iframe", "object", "embed", "style", "link", "base", "meta", "video", "audio"}
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None


def test_each_text_alone_does_not_run_when_said(page: Page, sites: tuple[Host, Fake]) -> None:
    host, fake = sites
    fake.told.cards = []
    page.goto(host.put(host_page(fake.address)))
    page.locator("zhiyin-chat .bubble").click()
    expect(page.locator("zhiyin-chat .greeting")).to_be_visible()
    for text in TEXTS:
        page.evaluate("(text) => Zhiyin.send(text)", text)
    said = page.locator("zhiyin-chat .said")
    expect(said).to_have_count(len(TEXTS))
    assert said.all_text_contents() == [text.strip() for text in TEXTS]
    assert page.evaluate("window.ran") is None


def test_no_address_but_of_the_web_becomes_a_link_or_a_picture(page: Page, sites: tuple[Host, Fake]) -> None:
    host, fake = sites
    fake.told.cards = [card(f"i{i}", f"Item {i}", url=url, image_url=url) for i, url in enumerate(ADDRESSES)]
    page.route("https://*/**", lambda route: route.abort())
    page.goto(host.put(host_page(fake.address, privacy=f"javascript:{RUN}")))
    page.locator("zhiyin-chat .bubble").click()
    expect(page.locator("zhiyin-chat .welcome .card")).to_have_count(len(ADDRESSES))
    protocols = page.locator("zhiyin-chat a").evaluate_all("(all) => [...new Set(all.map((one) => one.protocol))]")
    assert protocols == ["https:"]
    pictures = page.locator("zhiyin-chat img").evaluate_all("(all) => all.map((one) => new URL(one.src).protocol)")
    assert set(pictures) <= {"https:"}
    for link in page.locator("zhiyin-chat h3 a").all():
        assert link.get_attribute("rel") == "noopener noreferrer"
        link.evaluate("(node) => { node.addEventListener('click', (e) => e.preventDefault()); node.click(); }")
    assert page.evaluate("window.ran") is None


def test_attributes_of_the_tag_are_texts_too(page: Page, sites: tuple[Host, Fake]) -> None:
    host, fake = sites
    attack = f"&quot;&gt;&lt;img src=x onerror={RUN}&gt;"
    names = ("heading", "label", "suggestions", "site", "position", "theme", "domains", "privacy", "item_url", "accent")
    page.goto(host.put(host_page(fake.address, **dict.fromkeys(names, attack))))
    page.locator("zhiyin-chat .bubble").click()
    expect(page.locator("zhiyin-chat .greeting")).to_be_visible()
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
