"""The widget in a real browser, on a site of another origin, against an interface that answers as it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from widget_host import Fake, Host, Told, card, host_page, serving_host, tag

SOON = 15_000
STRICT = (
    "default-src 'none'; script-src {0}; connect-src {0}; img-src {0}; style-src 'none'; "
    "require-trusted-types-for 'script'; base-uri 'none'"
)
HOSTILE = """
* { all: unset !important; font-size: 40px !important; color: lime !important; display: block !important; }
div, section, button, textarea, aside, zhiyin-chat {
  display: none !important; visibility: hidden !important; opacity: 0 !important;
}
html, body {
  font: 60px fantasy !important; line-height: 5 !important; letter-spacing: 20px !important;
  text-transform: uppercase !important; direction: rtl !important;
}
body > *, html > * {
  transform: scale(3) !important; pointer-events: none !important; filter: blur(9px) !important; width: 1px !important;
}
:root { --paper: red; --ink: red; --seal: red; --round: 0; }
"""
AGAIN = """async (script) => {
  document.querySelector('zhiyin-chat').remove();
  delete window.Zhiyin;
  const stand = `Object.assign(document.createElement('script'), { src: 'https://zy.example/widget.js' })`;
  const again = script.replace(/(['"`])zhiyin-chat\\1/, '"zhiyin-again"').replace(/document\\.currentScript/g, stand);
  const tag = document.createElement('script');
  tag.src = URL.createObjectURL(new Blob([again]));
  const began = performance.now();
  await new Promise((onload, onerror) => {
    Object.assign(tag, { onload, onerror });
    document.head.append(tag);
  });
  return performance.now() - began;
}"""
"""Runs the script once more, under another name of the element, and tells how long it took."""
OPEN = """() => new Promise((done) => {
  const root = document.querySelector('zhiyin-chat').shadowRoot, began = performance.now();
  const look = () => {
    if (root.querySelector('.greeting')) done(performance.now() - began);
    else requestAnimationFrame(look);
  };
  root.querySelector('.bubble').click();
  look();
})"""
LOOKS = """(chat) => [...chat.shadowRoot.querySelectorAll('.panel, .panel *')].map((node) => {
  const { x, y, width, height } = node.getBoundingClientRect(), style = getComputedStyle(node);
  const names = ['font', 'color', 'display', 'opacity', 'visibility', 'direction', 'letterSpacing', 'textTransform',
    'backgroundColor', 'pointerEvents'];
  return [node.localName, ...names.map((name) => style[name]), x, y, width, height];
})"""
HOST_LOOKS = """JSON.stringify([...document.querySelectorAll('main, main *')].map((node) => {
  const style = getComputedStyle(node);
  return [style.font, style.color, style.display, style.margin];
}))"""
NO_STORAGE = """for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"""
TAKEN = """document.addEventListener('zy:click', (event) => {
  window.seen = event.detail;
  event.preventDefault();
}, { once: true })"""
LATE = """Zhiyin.context({ item_id: 'b2' });
document.querySelector('main').append(Object.assign(document.createElement('zhiyin-chat'), { id: 'late' }))"""
COMPOSED = """(node) => node.dispatchEvent(
  new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))"""


@pytest.fixture
def host(sites: tuple[Host, Fake]) -> Host:
    return sites[0]


@pytest.fixture
def fake(sites: tuple[Host, Fake]) -> Fake:
    fake = sites[1]
    fake.told.__dict__.update(Told().__dict__)
    return fake


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(locale="en-US", viewport={"width": 1280, "height": 860}) as context:
        context.set_default_timeout(SOON)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    assert failures == []


def bubble(page: Page) -> Locator:
    return page.locator("zhiyin-chat .bubble")


def panel(page: Page) -> Locator:
    return page.locator("zhiyin-chat .panel")


def opened(page: Page, address: str) -> Locator:
    """The page's widget, opened by its bubble, once it has greeted."""
    page.goto(address)
    bubble(page).click()
    expect(page.locator("zhiyin-chat .greeting")).to_be_visible(timeout=SOON)
    return panel(page)


def say(page: Page, text: str) -> None:
    box = page.locator("zhiyin-chat textarea")
    box.fill(text)
    box.press("Enter")


def answered(page: Page, text: str) -> Locator:
    """Says it and waits for the whole reply."""
    before = page.locator("zhiyin-chat .turn").count()
    say(page, text)
    turn = page.locator("zhiyin-chat .turn").nth(before)
    expect(turn).to_have_attribute("data-state", "done", timeout=SOON)
    return turn


def heard(page: Page, *names: str) -> None:
    """Writes down the widget's events in `window.heard`."""
    page.evaluate(
        """names => { window.heard = []; for (const name of names)
             document.addEventListener('zy:' + name, ({ detail }) => heard.push([name, detail])); }""",
        list(names),
    )


def test_nothing_is_loaded_but_the_script_until_it_is_opened(page: Page, host: Host, fake: Fake) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(host.put(host_page(fake.address)))
    expect(bubble(page)).to_be_visible()
    page.wait_for_timeout(200)
    assert [url for url in asked if not url.startswith(host.address)] == [f"{fake.address}/widget.js"]
    assert fake.told.calls == []
    bubble(page).click()
    expect(page.locator("zhiyin-chat .greeting")).to_have_text(fake.told.greeting)
    assert all(url.startswith((host.address, fake.address)) for url in asked), "no outside request"


def test_loading_costs_the_host_page_little(context: BrowserContext, page: Page, host: Host, fake: Fake) -> None:
    """In processor time of the page's main thread, so that other work on the machine does not count."""
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        told = devtools.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(one["value"] for one in told if one["name"] == "TaskDuration"))

    costs = []
    for _ in range(5):
        page.goto(host.put(host_page(fake.address)))
        expect(bubble(page)).to_be_visible()
        script = page.request.get(f"{fake.address}/widget.js").text()
        before = spent()
        page.evaluate(AGAIN, script)
        costs.append(spent() - before)
    assert min(costs) <= 20, costs


def test_it_opens_quickly(page: Page, host: Host, fake: Fake) -> None:
    page.add_init_script("localStorage.clear(); sessionStorage.clear()")
    took = []
    for _ in range(7):
        page.goto(host.put(host_page(fake.address)))
        expect(bubble(page)).to_be_visible()
        took.append(page.evaluate(OPEN))
    assert min(took) > 1, "it was not open before"
    assert min(took) <= 300, took


def test_zhiyin_is_the_only_global_and_nothing_is_left_on_the_page(page: Page, host: Host, fake: Fake) -> None:
    page.goto(host.put("<!doctype html><title>Host</title><p>host</p>"))
    before = set(page.evaluate("Object.getOwnPropertyNames(window)"))
    styles = page.evaluate("document.styleSheets.length + document.adoptedStyleSheets.length")
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    assert set(page.evaluate("Object.getOwnPropertyNames(window)")) - before == {"Zhiyin"}
    assert page.evaluate("document.styleSheets.length + document.adoptedStyleSheets.length") == styles
    assert page.evaluate("Object.keys(localStorage)") == ["zhiyin:"]
    page.evaluate("Zhiyin.destroy()")
    expect(page.locator("zhiyin-chat")).to_have_count(0)
    assert page.evaluate("typeof Zhiyin") == "undefined"


def test_cards_come_first_and_the_words_stream_into_them(page: Page, host: Host, fake: Fake) -> None:
    fake.told.pause = 0.25
    fake.told.words = {"opening": "Here they are now.", "a1": "A true blue.", "b2": "Plain and white."}
    opened(page, host.put(host_page(fake.address)))
    say(page, "jeans")
    turn = page.locator("zhiyin-chat .turn").last
    expect(turn.locator(".card")).to_have_count(2)
    expect(turn.locator(".reply")).to_have_attribute("aria-busy", "true")
    assert turn.locator(".line").all_inner_texts() == ["", ""]
    expect(turn.locator(".opening")).to_have_text(re.compile("^Here"), timeout=SOON)
    expect(turn.locator(".line").nth(1)).to_have_text("Plain and white.", timeout=SOON)
    expect(turn.locator(".reply")).to_have_attribute("aria-busy", "false")


def test_like_and_not_for_me_can_be_pressed_and_taken_back(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    like = page.get_by_role("button", name="Like: Blue jeans").last
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Not for me: Blue jeans").last.click()
    expect(like).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Not for me: Blue jeans").last.click()
    expect(page.locator("zhiyin-chat .passed")).to_have_count(0)
    page.wait_for_timeout(300)
    kinds = [body["kind"] for body in fake.told.asked("POST", "/feedback")]
    assert kinds == ["like", "undo", "dislike", "undo"]


def test_a_card_opens_its_page_and_the_click_is_told_without_waiting(page: Page, host: Host, fake: Fake) -> None:
    fake.told.cards = [card("a1", "Blue jeans", url=f"{host.address}/item"), card("b2", "Shirt")]
    host.put("<!doctype html><title>Item</title>", "/item")
    opened(page, host.put(host_page(fake.address)))
    turn = answered(page, "jeans")
    link, outside = (
        turn.get_by_role("link", name="Blue jeans", exact=True),
        turn.get_by_role("link", name="Shirt (new tab)", exact=True),
    )
    assert link.get_attribute("target") is None
    assert (outside.get_attribute("target"), outside.get_attribute("rel")) == ("_blank", "noopener noreferrer")
    heard(page, "click")
    page.evaluate(TAKEN)
    link.click()
    assert page.evaluate("window.seen.item_id") == "a1"
    assert page.url == f"{host.address}/", "the host page shows it itself"
    link.click()
    page.wait_for_url(f"{host.address}/item")
    page.wait_for_timeout(300)
    assert [body["kind"] for body in fake.told.asked("POST", "/feedback")] == ["click", "click"]


def test_cards_that_were_in_sight_are_told_together_and_once(page: Page, host: Host, fake: Fake) -> None:
    fake.told.cards = [card(f"c{number}") for number in range(9)]

    def told() -> list[str]:
        page.wait_for_timeout(1_800)
        return [item for body in fake.told.asked("POST", "/seen") for item in body["item_ids"]]

    opened(page, host.put(host_page(fake.address)))
    seen = told()
    assert seen[0] == "c0"
    assert "c8" not in seen, "it is below"
    assert len(fake.told.asked("POST", "/seen")) == 1
    assert fake.told.asked("POST", "/seen")[0]["slate_id"]
    page.locator("zhiyin-chat .card").last.scroll_into_view_if_needed()
    assert "c8" in told()
    page.reload()
    page.locator("zhiyin-chat .card").last.scroll_into_view_if_needed()
    seen = told()
    assert len(seen) == len(set(seen))
    page.evaluate("Zhiyin.close()")
    answered_before = len(fake.told.asked("POST", "/seen"))
    page.evaluate("Zhiyin.send('jeans'); Zhiyin.close()")
    expect(page.locator("zhiyin-chat .turn")).to_have_attribute("data-state", "done", timeout=SOON)
    told()
    assert len(fake.told.asked("POST", "/seen")) == answered_before, "nobody sees a closed panel"


def test_why_this_is_told_and_can_be_objected_to(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    turn = answered(page, "jeans")
    why = turn.get_by_role("button", name="Why this?: Blue jeans")
    why.click()
    told = turn.locator(".whys")
    expect(told).to_contain_text("words you said")
    expect(told).to_contain_text("Without “jeans” it would not be here")
    expect(why).to_have_attribute("aria-expanded", "true")
    why.click()
    expect(told).to_have_count(0)
    why.click()
    turn.get_by_role("button", name="Not because of this: jeans").click()
    expect(page.locator("zhiyin-chat .turn")).to_have_count(2)
    assert fake.told.removed == ["jeans"]


def test_what_was_heard_can_be_taken_out(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    chips = page.locator("zhiyin-chat .chips li")
    expect(chips).to_have_text(["under 300", "red", "jeans", "cotton"])
    page.get_by_role("button", name="Remove: not red").click()
    expect(chips).to_have_text(["under 300", "jeans", "cotton"])
    expect(page.locator("zhiyin-chat .turn").last).to_contain_text("For the changed interest")
    page.get_by_role("button", name="Remove: cotton").click()
    expect(chips).to_have_count(2)
    expect(page.locator("zhiyin-chat .turn")).to_have_count(2)


def test_a_suggestion_and_an_answer_are_said_by_a_tap(page: Page, host: Host, fake: Fake) -> None:
    fake.told.question = {"field": "price", "text": "How much may it cost?", "answers": ["under 200", "under 500"]}
    opened(page, host.put(host_page(fake.address, suggestions="For a walk|For the office")))
    page.get_by_role("button", name="For the office").click()
    turn = page.locator("zhiyin-chat .turn").first
    expect(turn.locator(".said")).to_have_text("For the office")
    expect(turn.locator(".question p")).to_have_text("How much may it cost?")
    turn.get_by_role("button", name="under 500").click()
    expect(page.locator("zhiyin-chat .said").last).to_have_text("under 500")
    expect(turn.locator(".question")).to_be_hidden()


def test_the_conversation_goes_on_over_pages_reloads_and_tabs(
    context: BrowserContext, page: Page, host: Host, fake: Fake
) -> None:
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    page.get_by_role("button", name="Like: Blue jeans").last.click()
    page.goto(host.put(host_page(fake.address), "/next"))
    expect(page.locator("zhiyin-chat .said")).to_have_text(["jeans"])
    expect(page.get_by_role("button", name="Like: Blue jeans")).to_have_attribute("aria-pressed", "true")
    other = context.new_page()
    opened(other, f"{host.address}/")
    expect(other.locator("zhiyin-chat .said")).to_have_text(["jeans"])
    answered(other, "shirts")
    expect(page.locator("zhiyin-chat .said")).to_have_text(["jeans", "shirts"])
    answered(page, "coats")
    expect(other.locator("zhiyin-chat .said")).to_have_text(["jeans", "shirts", "coats"])
    other.get_by_role("button", name="New chat").click()
    expect(page.locator("zhiyin-chat .said")).to_have_count(0)
    assert fake.told.sessions == 2


def test_a_session_that_is_gone_is_begun_anew_without_a_word(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    fake.told.gone = True
    answered_again = page.locator("zhiyin-chat .turn").last
    say(page, "shirts")
    expect(page.locator("zhiyin-chat .said").last).to_have_text("shirts")
    expect(answered_again).to_have_attribute("data-state", "done", timeout=SOON)
    assert fake.told.sessions == 2
    fake.told.gone = True
    page.reload()
    expect(page.locator("zhiyin-chat .wishes")).to_be_visible()
    assert fake.told.sessions == 3


def test_all_data_can_be_deleted(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    erase = page.get_by_role("button", name="Delete my data")
    erase.click()
    page.get_by_role("button", name="Keep it").click()
    expect(erase).to_be_focused()
    erase.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(panel(page)).to_contain_text("All deleted.")
    assert [path for method, path, *_ in fake.told.calls if method == "DELETE"] == ["sessions/session-1"]
    assert page.evaluate("localStorage.length") == 0
    answered(page, "shirts")
    assert fake.told.sessions == 2


def test_the_item_on_the_page_goes_along_and_can_be_left_out(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address, item_id="a1")))
    expect(page.locator("zhiyin-chat .about")).to_contain_text("Blue jeans")
    page.get_by_role("button", name="Like this one, but cheaper").click()
    expect(page.locator("zhiyin-chat .turn").last).to_have_attribute("data-state", "done")
    assert fake.told.asked("POST", "sessions")[0]["context"] == {"item_id": "a1"}
    assert fake.told.asked("POST", "/messages")[-1]["context"] == {"item_id": "a1"}
    page.evaluate("Zhiyin.context({ item_id: 'b2' })")
    expect(page.locator("zhiyin-chat .about")).to_contain_text("White shirt")
    answered(page, "this one")
    assert fake.told.asked("POST", "/messages")[-1]["context"] == {"item_id": "b2"}
    page.get_by_role("button", name="Leave this item out").click()
    expect(page.locator("zhiyin-chat .about")).to_be_hidden()
    answered(page, "jeans")
    assert "context" not in fake.told.asked("POST", "/messages")[-1]
    page.evaluate("Zhiyin.context({ item_id: 'unknown' })")
    answered(page, "jeans")
    assert "context" not in fake.told.asked("POST", "/messages")[-1]


def test_calls_before_the_script_is_there_are_made_up_for(page: Page, host: Host, fake: Fake) -> None:
    early = """<script>
      window.Zhiyin = window.Zhiyin || [];
      Zhiyin.push(['on', 'ready', (detail) => { window.ready = detail; }]);
      Zhiyin.push(['identify', 'anna', 'abc123'], ['track', 'purchase', 'a1']);
      Zhiyin.push(['send', 'jeans']);
    </script>"""
    page.goto(host.put(host_page(fake.address, head=early, site="shop")))
    expect(page.locator("zhiyin-chat .turn")).to_have_attribute("data-state", "done", timeout=SOON)
    assert page.evaluate("window.ready") == {"site": "shop"}
    opening = fake.told.asked("POST", "sessions")[0]
    assert (opening["visitor"], opening["visitor_hash"], opening["site"]) == ("anna", "abc123", "shop")
    assert fake.told.asked("POST", "/feedback") == [{"item_id": "a1", "kind": "purchase"}]


def test_the_host_page_can_do_all_and_hears_all(page: Page, host: Host, fake: Fake) -> None:
    page.goto(host.put(host_page(fake.address)))
    expect(bubble(page)).to_be_visible()
    heard(page, "open", "close", "message", "slate", "feedback", "error")
    page.evaluate(
        "void (window.off = Zhiyin.on('message', ({ text }) => { (window.said = window.said || []).push(text); }))"
    )
    page.evaluate("Zhiyin.open()")
    expect(panel(page)).to_be_visible()
    page.evaluate("Zhiyin.close()")
    expect(panel(page)).to_be_hidden()
    page.evaluate("Zhiyin.toggle()")
    expect(panel(page)).to_be_visible()
    page.evaluate("Zhiyin.send('jeans'); off(); Zhiyin.send('shirts')")
    expect(page.locator("zhiyin-chat .turn").last).to_have_attribute("data-state", "done", timeout=SOON)
    page.evaluate("Zhiyin.track('rating', 'a1', 4)")
    page.get_by_role("button", name="Like: Blue jeans").last.click()
    page.wait_for_function("heard.some(([name]) => name === 'feedback')")
    names = [name for name, _ in page.evaluate("heard")]
    assert names[:4] == ["open", "close", "open", "message"]
    assert {"slate", "feedback"} <= set(names)
    assert page.evaluate("window.said") == ["jeans"]
    assert {"item_id": "a1", "kind": "rating", "value": 4} in fake.told.asked("POST", "/feedback")


def test_another_visitor_does_not_go_on_with_the_conversation(page: Page, host: Host, fake: Fake) -> None:
    page.goto(host.put(host_page(fake.address)))
    expect(bubble(page)).to_be_visible()
    page.evaluate("Zhiyin.identify('anna', 'x'); Zhiyin.send('jeans')")
    expect(page.locator("zhiyin-chat .turn").last).to_have_attribute("data-state", "done", timeout=SOON)
    page.evaluate("Zhiyin.identify('anna', 'x')")
    expect(page.locator("zhiyin-chat .said")).to_have_count(1)
    page.evaluate("Zhiyin.identify('ben', 'y')")
    expect(page.locator("zhiyin-chat .said")).to_have_count(0)
    answered(page, "shirts")
    assert [body.get("visitor") for body in fake.told.asked("POST", "sessions")] == ["anna", "ben"]


def test_it_is_used_by_keyboard_alone(page: Page, host: Host, fake: Fake) -> None:
    page.goto(host.put(host_page(fake.address)))
    expect(bubble(page)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(bubble(page)).to_be_focused()
    page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Say what you would like")
    expect(box).to_be_focused()
    dialog = page.get_by_role("dialog", name="Zhiyin")
    expect(dialog).to_be_visible()
    page.keyboard.type("jeans")
    page.keyboard.press("Enter")
    expect(page.locator("zhiyin-chat .turn").last).to_have_attribute("data-state", "done", timeout=SOON)
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") == "zhiyin-chat", "the focus stays inside"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.localName") == "zhiyin-chat"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(bubble(page)).to_be_focused()
    expect(bubble(page)).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize(
    ("width", "scheme", "lang"),
    [(1280, "light", "zh-CN"), (390, "dark", "en"), (390, "light", "zh-CN"), (1280, "dark", "en")],
)
def test_axe_finds_nothing(browser: Browser, host: Host, fake: Fake, width: int, scheme: Any, lang: str) -> None:
    with browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        fake.told.question = {"field": "price", "text": "How much?", "answers": ["under 200"]}
        fake.told.unmet = ["silk"]
        page.goto(host.put(host_page(fake.address, lang=lang, item_id="a1")))
        expect(bubble(page)).to_be_visible()
        found = [(state, violations(page)) for state in ["closed"]]
        bubble(page).click()
        expect(page.locator("zhiyin-chat .about")).to_be_visible()
        found.append(("open", violations(page)))
        answered(page, "jeans")
        page.locator("zhiyin-chat .why").first.click()
        page.locator("zhiyin-chat [data-act=like]").first.click()
        expect(page.locator("zhiyin-chat .whys ul").first).to_be_visible()
        found.append(("cards", violations(page)))
        page.locator("zhiyin-chat .erase").click()
        found.append(("asking", violations(page)))
        assert [one for one in found if one[1]] == []


def violations(page: Page) -> list[str]:
    """What axe finds wrong, a line each."""
    told = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']} {node.get('failureSummary', '')}" for one in told for node in one["nodes"]]


def test_a_phone_shows_it_on_the_whole_screen_with_room_for_fingers(browser: Browser, host: Host, fake: Fake) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        page.goto(host.put(host_page(fake.address)))
        bubble(page).tap()
        expect(page.locator("zhiyin-chat .greeting")).to_be_visible()
        page.wait_for_timeout(400)
        assert panel(page).bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
        expect(bubble(page)).to_be_hidden()
        answered(page, "jeans")
        box = page.locator("zhiyin-chat textarea")
        assert box.evaluate("(node) => getComputedStyle(node).fontSize") == "16px"
        small = page.locator("zhiyin-chat button:visible").evaluate_all(
            "(all) => all.filter((one) => one.getBoundingClientRect().height < 40).map((one) => one.outerHTML)"
        )
        assert small == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # A keyboard takes half of the screen.
        page.set_viewport_size({"width": 390, "height": 420})
        expect(box).to_be_in_viewport()
        assert panel(page).evaluate("(node) => node.getBoundingClientRect().height") == 420


def test_less_motion_is_less_motion(browser: Browser, host: Host, fake: Fake) -> None:
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        opened(page, host.put(host_page(fake.address)))
        answered(page, "jeans")
        moving = "(all) => all.filter((one) => getComputedStyle(one).animationName !== 'none').length"
        assert page.locator("zhiyin-chat .frame *").evaluate_all(moving) == 0


def test_it_works_under_the_strictest_policy(page: Page, host: Host, fake: Fake) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    fake.told.cards[0]["image_url"] = "https://pictures.example/one.png"
    opened(page, host.put(host_page(fake.address), Content_Security_Policy=STRICT.format(fake.address)))
    answered(page, "jeans")
    assert (
        page.locator("zhiyin-chat .seal").evaluate("(node) => getComputedStyle(node).backgroundColor")
        == "rgb(169, 59, 36)"
    )
    expect(page.locator("zhiyin-chat .turn .glyph")).to_have_count(2)
    assert [text for text in refused if "pictures.example" not in text] == []


def looks(page: Page) -> list[Any]:
    """What the parts of an open widget look like, and where they stand."""
    return list(page.locator("zhiyin-chat").evaluate(LOOKS))


def test_a_hostile_style_sheet_changes_nothing_and_nothing_leaks_out(browser: Browser, host: Host, fake: Fake) -> None:
    seen = []
    for style in ("", f"<style>{HOSTILE}</style>"):
        with browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce") as context:
            page = context.new_page()
            page.goto(host.put(host_page(fake.address, head=style)))
            page.evaluate(
                "new Promise((done) => { const look = () => (window.Zhiyin ? done() : setTimeout(look, 10)); look(); })"
            )
            before = page.evaluate(HOST_LOOKS)
            page.evaluate("Zhiyin.open()")
            expect(page.locator("zhiyin-chat .greeting")).to_be_visible()
            answered(page, "jeans")
            after = page.evaluate(HOST_LOOKS)
            assert before == after, "nothing leaks out"
            seen.append(looks(page))
            page.locator("zhiyin-chat .close").click()
            expect(panel(page)).to_be_hidden()
            bubble(page).click()
            expect(panel(page)).to_be_visible()
    assert seen[0] == seen[1]


def test_colours_corner_and_font_are_the_sites(page: Page, host: Host, fake: Fake) -> None:
    rules = "--zy-accent: #0a7d5a; --zy-radius: 4px; --zy-font: monospace; --zy-paper: #ffffff"
    style = f"<style>zhiyin-chat {{ {rules} }}</style>"
    opened(page, host.put(host_page(fake.address, head=style, position="left", heading="Style friend")))
    told = panel(page).evaluate(
        "(node) => { const s = getComputedStyle(node); return [s.borderRadius, s.fontFamily, s.backgroundColor]; }"
    )
    assert told == ["4px", "monospace", "rgb(255, 255, 255)"]
    assert (
        page.locator("zhiyin-chat .send").evaluate("(node) => getComputedStyle(node).backgroundColor")
        == "rgb(10, 125, 90)"
    )
    assert page.locator("zhiyin-chat h2").inner_text() == "Style friend"
    box = panel(page).bounding_box()
    assert box is not None
    assert box["x"] < 40


def test_what_the_server_knows_of_the_site_is_shown(page: Page, host: Host, fake: Fake) -> None:
    fake.told.site = {"name": "shop", "title": "Shop friend", "greeting": "Welcome to the shop.", "accent": "#ffd54a"}
    opened(page, host.put(host_page(fake.address, site="shop")))
    assert page.locator("zhiyin-chat h2").inner_text() == "Shop friend"
    assert page.locator("zhiyin-chat .greeting").inner_text() == "Welcome to the shop."
    told = page.locator("zhiyin-chat .send").evaluate(
        "(node) => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color]"
    )
    assert told == ["rgb(255, 213, 74)", "rgb(35, 18, 11)"], "dark ink on a light colour"


@pytest.mark.parametrize(
    ("theme", "scheme", "paper"),
    [
        ("", "dark", "rgb(23, 21, 18)"),
        ("light", "dark", "rgb(246, 241, 231)"),
        ("dark", "light", "rgb(23, 21, 18)"),
        ("auto", "light", "rgb(246, 241, 231)"),
    ],
)
def test_light_and_dark(browser: Browser, host: Host, fake: Fake, theme: str, scheme: Any, paper: str) -> None:
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        opened(page, host.put(host_page(fake.address, **({"theme": theme} if theme else {}))))
        assert panel(page).evaluate("(node) => getComputedStyle(node).backgroundColor") == paper


def test_it_stands_inline_where_the_page_wants_it(page: Page, host: Host, fake: Fake) -> None:
    body = '<div style="height: 3000px">far</div><section id="here"></section>'
    page.goto(host.put(host_page(fake.address, body=body, mode="inline", target="#here")))
    expect(page.locator("#here zhiyin-chat")).to_have_count(1)
    page.wait_for_timeout(200)
    assert fake.told.calls == [], "not before it is in sight"
    page.locator("#here").scroll_into_view_if_needed()
    expect(page.locator("zhiyin-chat .greeting")).to_be_visible()
    expect(page.get_by_role("region", name="Zhiyin")).to_be_visible()
    assert page.evaluate("document.activeElement.localName") == "body", "it takes no focus"
    answered(page, "jeans")
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_visible()


def test_several_stand_on_one_page(page: Page, host: Host, fake: Fake) -> None:
    body = "".join(f'<zhiyin-chat id="{site}" mode="inline" site="{site}"></zhiyin-chat>' for site in ("one", "two"))
    page.goto(host.put(host_page(fake.address, body=body) + tag(fake.address, site="one", position="left")))
    expect(page.locator("zhiyin-chat")).to_have_count(4)
    expect(page.locator("#two .greeting")).to_be_visible()
    box = page.locator("#one textarea")
    box.fill("jeans")
    box.press("Enter")
    expect(page.locator("#one .turn")).to_have_attribute("data-state", "done", timeout=SOON)
    expect(page.locator("#two .turn")).to_have_count(0)
    page.locator("zhiyin-chat[position=left] .bubble").click()
    expect(page.locator("zhiyin-chat[position=left] .said")).to_have_text(["jeans"])
    assert sorted(body.get("site", "") for body in fake.told.asked("POST", "sessions")) == ["one", "two"]


def test_frameworks_may_add_change_and_remove_it(page: Page, host: Host, fake: Fake) -> None:
    page.goto(host.put(host_page(fake.address, mode="element")))
    page.evaluate("customElements.whenDefined('zhiyin-chat')")
    expect(page.locator("zhiyin-chat")).to_have_count(0)
    page.evaluate(LATE)
    bubble(page).click()
    expect(page.locator("zhiyin-chat .about")).to_contain_text("White shirt")
    page.evaluate("late.setAttribute('lang', 'zh')")
    expect(page.get_by_role("textbox", name="说说你想要的")).to_be_visible()
    page.evaluate("late.setAttribute('item-id', 'a1')")
    expect(page.locator("zhiyin-chat .about")).to_contain_text("Blue jeans")
    page.evaluate("document.querySelector('main').replaceChildren()")
    expect(page.locator("zhiyin-chat")).to_have_count(0)


def test_the_body_may_be_swapped_under_it(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    page.evaluate("document.body.replaceWith(document.createElement('body'))")
    answered(page, "shirts")
    expect(page.locator("zhiyin-chat .said")).to_have_text(["jeans", "shirts"])


def test_a_reply_that_breaks_off_is_asked_for_again(page: Page, host: Host, fake: Fake) -> None:
    fake.told.cut = 2
    opened(page, host.put(host_page(fake.address)))
    turn = answered(page, "jeans")
    assert turn.locator(".opening").inner_text() == "Here they are."
    messages = [headers["idempotency-key"] for _, path, _, headers in fake.told.calls if path.endswith("/messages")]
    assert len(messages) == 2
    assert len(set(messages)) == 1, "the server knows that it is the same message"


def test_the_server_may_go_away_in_mid_reply_and_come_back(page: Page, host: Host, fake: Fake) -> None:
    fake.told.pause = 0.3
    opened(page, host.put(host_page(fake.address)))
    say(page, "jeans")
    expect(page.locator("zhiyin-chat .turn .card")).to_have_count(2)
    fake.stop()
    try:
        expect(page.locator("zhiyin-chat .notice")).to_have_text("Can't reach the server, trying again…", timeout=SOON)
        fake.told.pause = 0
    finally:
        fake.start()
    turn = page.locator("zhiyin-chat .turn").last
    expect(turn).to_have_attribute("data-state", "done", timeout=30_000)
    expect(page.locator("zhiyin-chat .notice")).to_be_hidden()
    assert turn.locator(".line").all_inner_texts() == ["One.", "Two."]


def test_offline_and_back(context: BrowserContext, page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    context.set_offline(True)
    say(page, "jeans")
    expect(page.locator("zhiyin-chat .notice")).to_have_text("Can't reach the server, trying again…")
    context.set_offline(False)
    expect(page.locator("zhiyin-chat .turn")).to_have_attribute("data-state", "done", timeout=30_000)
    expect(page.locator("zhiyin-chat .notice")).to_be_hidden()


def test_a_busy_server_is_asked_again_when_it_says(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    fake.told.before = [(429, {"Retry-After": "2"}), (503, {"Retry-After": "1"})]
    say(page, "jeans")
    expect(page.locator("zhiyin-chat .notice")).to_have_text("Busy just now, trying again in 2 s.")
    expect(page.locator("zhiyin-chat .turn")).to_have_attribute("data-state", "done", timeout=SOON)
    expect(page.locator("zhiyin-chat .notice")).to_be_hidden()


def test_what_cannot_be_done_is_told_in_the_servers_words_and_can_be_tried_again(
    page: Page, host: Host, fake: Fake
) -> None:
    opened(page, host.put(host_page(fake.address)))
    fake.told.before = [(500, {})]
    say(page, "jeans")
    turn = page.locator("zhiyin-chat .turn")
    expect(turn.locator(".end")).to_contain_text("later")
    turn.get_by_role("button", name="Try again").click()
    expect(turn).to_have_attribute("data-state", "done", timeout=SOON)
    expect(page.locator("zhiyin-chat .said")).to_have_count(1)


def test_a_reply_can_be_stopped(page: Page, host: Host, fake: Fake) -> None:
    fake.told.pause = 0.4
    opened(page, host.put(host_page(fake.address)))
    say(page, "jeans")
    expect(page.locator("zhiyin-chat .turn .card")).to_have_count(2)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("zhiyin-chat .turn")).to_have_attribute("data-state", "stopped")
    expect(page.locator("zhiyin-chat .end")).to_contain_text("It stopped here.")
    page.wait_for_timeout(300)
    assert fake.told.asked("POST", "/cancel") == [{}]


def test_a_page_that_may_not_call_is_told_so(page: Page, fake: Fake) -> None:
    with serving_host() as stranger:
        page.goto(stranger.put(host_page(fake.address)))
        bubble(page).click()
        expect(page.locator("zhiyin-chat .notice")).to_have_text("This site has not been allowed to use Zhiyin yet.")
        say(page, "jeans")
        expect(page.locator("zhiyin-chat .end")).to_have_text("This site has not been allowed to use Zhiyin yet.")


def test_without_storage_it_works_and_forgets(page: Page, host: Host, fake: Fake) -> None:
    page.add_init_script(NO_STORAGE)
    opened(page, host.put(host_page(fake.address)))
    answered(page, "jeans")
    page.reload()
    expect(bubble(page)).to_be_visible()
    assert page.locator("zhiyin-chat .said").count() == 0


def test_enter_that_ends_a_composition_does_not_send(page: Page, host: Host, fake: Fake) -> None:
    opened(page, host.put(host_page(fake.address)))
    box = page.locator("zhiyin-chat textarea")
    box.fill("niuzai")
    box.evaluate(COMPOSED)
    expect(page.locator("zhiyin-chat .said")).to_have_count(0)
    box.press("Shift+Enter")
    expect(page.locator("zhiyin-chat .said")).to_have_count(0)
    box.press("Enter")
    expect(page.locator("zhiyin-chat .said")).to_have_count(1)
