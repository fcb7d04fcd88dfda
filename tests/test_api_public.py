"""What other sites and programs rely on: origins, sites, identities, the page's item, calls that come twice."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import update
from test_api import JSON, SEED, Session, Site, refused, serving

from bot.bot import Bot, Mind
from bot.phrasing.language_model import Prompt
from bot.settings import SiteSettings
from bot.web.once import LEASE, Once
from bot.web.texts import EXAMPLES
from errors import Conflict
from storage.records import utc_now
from storage.tables import RequestRow

SHOP, FILMS, EVIL = "https://shop.example", "https://films.example", "https://evil.example"
SITES = {
    "shop": SiteSettings(
        origins=(SHOP,),
        domains=("clothing",),
        tags=("牛仔裤", "T恤"),
        title={"zh": "小店顾问", "en": "Shop guide"},
        greeting={"zh": "想找什么衣服？"},
        accent="#0a7d5a",
        identity_secret="shop-secret",
        identity_required=False,
    ),
    "films": SiteSettings(origins=(FILMS,), domains=("film",), identity_secret="film-secret", identity_required=True),
}


def proof(secret: str, visitor: str) -> str:
    return hmac.new(secret.encode(), visitor.encode(), hashlib.sha256).hexdigest()


@pytest.fixture(scope="module")
def shared(mind: Mind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(mind, tmp_path_factory.mktemp("public"), sites=SITES, widget_origins="https://other.example") as site:
        yield site


@pytest.fixture
def site(shared: Site, mind: Mind) -> Iterator[Site]:
    yield shared
    shared.loading.mind = mind


# -- origins


def test_a_page_calls_only_for_its_own_site(site: Site) -> None:
    opened = site.client.post("/api/v1/sessions", json={"lang": "zh", "site": "shop"}, headers={"Origin": SHOP})
    assert opened.status_code == 201
    assert opened.headers["access-control-allow-origin"] == SHOP
    session = Session(site.client, opened.json())
    assert session.call("GET", "", headers={"Origin": SHOP}).status_code == 200
    for origin in (EVIL, FILMS, "null", "https://other.example", SHOP + ".evil.example"):
        wrong = session.call("GET", "", headers={"Origin": origin, "Accept-Language": "zh"})
        assert origin in refused(wrong, 403, "origin")["detail"]
        refused(site.client.post("/api/v1/sessions", json={"site": "shop"}, headers={"Origin": origin}), 403, "origin")
    # the app's own pages, and programs, which send no origin
    assert session.call("GET", "", headers={"Origin": "http://testserver"}).status_code == 200
    assert session.call("GET").status_code == 200


def test_an_unlisted_page_is_told_no_at_the_preflight_and_does_nothing(site: Site) -> None:
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = site.client.options("/api/v1/sessions", headers=asked)
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
    asked["Access-Control-Request-Headers"] = "authorization, content-type, idempotency-key"
    answer = site.client.options("/api/v1/sessions", headers=asked | {"Origin": SHOP})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "access-control-allow-credentials" not in answer.headers


def test_an_unknown_site_is_told(site: Site) -> None:
    refused(site.client.post("/api/v1/sessions", json={"site": "nobody"}), 404, "not_found")


# -- sites


def test_a_site_says_what_is_set(site: Site) -> None:
    opened = site.open(site="shop").opened
    told = {"name": "shop", "title": "小店顾问", "greeting": "想找什么衣服？", "accent": "#0a7d5a"}
    assert opened["site"] == told
    assert opened["greeting"] == "想找什么衣服？"
    english = site.open(site="shop", lang="en").opened
    assert english["site"] == {"name": "shop", "title": "Shop guide", "accent": "#0a7d5a"}
    assert "Zhiyin" in english["greeting"]
    assert "site" not in site.open().opened


def test_a_site_shows_its_own_part_of_the_catalogue_only(site: Site, mind: Mind) -> None:
    session = site.open(site="shop")
    said = (SEED, "想看科幻电影", "换一批", "随便看看", "《星际穿越》怎么样", "便宜一点的")
    slates = [
        session.opened["slate"],
        *(session.say(text)["slate"] for text in said),
        session.call("GET", "/slate").json(),
    ]
    cards = [card for slate in slates for card in slate["items"]]
    assert cards
    assert {card["domain"] for card in cards} == {"clothing"}
    items = mind.recommender.shelf.catalogue.items
    shown = {item.id for item in items if item.domain == "clothing" and {"牛仔裤", "T恤"} & set(item.tags)}
    assert {card["id"] for card in cards} <= shown
    outside = next(item.id for item in items if item.domain == "film")
    refused(session.call("POST", "/feedback", {"item_id": outside, "kind": "like"}), 404, "not_found")
    refused(session.call("GET", f"/why/{outside}"), 404, "not_found")
    refused(site.client.get(f"/api/v1/items/{outside}?site=shop"), 404, "not_found")
    assert site.client.get(f"/api/v1/items/{outside}").status_code == 200
    similar = site.client.get("/api/v1/items/123/similar?site=shop&limit=5").json()["items"]
    assert len(similar) == 5
    assert {card["id"] for card in similar} <= shown


def test_a_title_of_another_sites_item_is_not_answered_with_it(site: Site, mind: Mind) -> None:
    session = site.open(site="shop")
    films = [item for item in mind.recommender.shelf.catalogue.items if item.domain == "film"][:8]
    for film in films:
        reply = session.say(f"《{film.title}》怎么样？多少钱？")
        assert film.id not in {card["id"] for card in reply["slate"]["items"]}
        assert film.id not in reply["lines"]


def test_suggestions_are_of_the_part_that_is_shown(site: Site) -> None:
    films, clothes = site.open(domains=["film"]).opened, site.open(domains=["clothing"]).opened
    shop = site.open(site="shop", domains=["clothing", "film"]).opened
    assert EXAMPLES["film"].zh in films["suggestions"]
    assert EXAMPLES["clothing"].zh in clothes["suggestions"]
    assert EXAMPLES["film"].zh not in [*clothes["suggestions"], *shop["suggestions"]]
    assert EXAMPLES["clothing"].zh not in films["suggestions"]
    assert films["suggestions"] != clothes["suggestions"] != site.open().opened["suggestions"]


def test_domains_asked_for_stay_within_the_sites(site: Site) -> None:
    assert site.open(site="shop", domains=["clothing", "film"]).opened["slate"]["items"]
    refused(
        site.client.post("/api/v1/sessions", json={"site": "shop", "domains": ["film"]}), 422, "bad_input", "domains"
    )


# -- identities


def test_each_site_proves_its_own_visitors(site: Site) -> None:
    opened = site.open(site="shop", visitor="ann", visitor_hash=proof("shop-secret", "ann"))
    assert site.store.session(opened.session_id).visitor == "ann"
    for wrong in (proof("film-secret", "ann"), proof("shop-secret", "bob"), "", "x"):
        body = {"site": "shop", "visitor": "ann", "visitor_hash": wrong}
        refused(site.client.post("/api/v1/sessions", json=body), 401, "unauthorized")


def test_a_site_may_ask_everybody_who_they_are(site: Site) -> None:
    answer = site.client.post("/api/v1/sessions", json={"site": "films"}, headers={"Accept-Language": "zh"})
    assert "visitor_hash" in refused(answer, 401, "unauthorized")["detail"]
    assert site.open(site="films", visitor="ann", visitor_hash=proof("film-secret", "ann")).opened["token"]


def test_one_site_knows_nothing_of_anothers_visitor(site: Site) -> None:
    first = site.open(site="films", visitor="eve", visitor_hash=proof("film-secret", "eve"))
    first.say("想看科幻电影")
    again = site.open(site="films", visitor="eve", visitor_hash=proof("film-secret", "eve"))
    assert again.call("GET", "/interest").json()["threads"]
    elsewhere = site.open(site="shop", visitor="eve", visitor_hash=proof("shop-secret", "eve"))
    assert elsewhere.call("GET", "/interest").json()["threads"] == []


def test_a_session_that_lay_unused_has_expired(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    session = site.open()
    monkeypatch.setattr("storage.sessions.utc_now", lambda: utc_now() + timedelta(days=181))
    assert "expired" in refused(session.call("GET"), 401, "unauthorized")["detail"]


def test_the_token_is_long_and_its_hash_alone_is_kept(site: Site, tmp_path: Path) -> None:
    tokens = {site.open().opened["token"] for _ in range(5)}
    assert len(tokens) == 5
    assert min(map(len, tokens)) >= 43
    files = b"".join(path.read_bytes() for path in Path(str(site.store._engine.url.database)).parent.glob("api.db*"))
    assert not [token for token in tokens if token.encode() in files]


# -- the page that the visitor is on


def test_this_is_the_item_of_the_page(site: Site) -> None:
    session = site.open(context={"item_id": "456"})
    reply = session.call("POST", "/messages", {"text": "这个多少钱？"}, JSON).json()
    assert [card["id"] for card in reply["slate"]["items"]] == ["456"]
    moved = {"text": "这个多少钱？", "context": {"item_id": "123"}}
    reply = session.call("POST", "/messages", moved, JSON).json()
    assert [card["id"] for card in reply["slate"]["items"]] == ["123"]
    assert "199" in reply["text"] + "".join(reply["lines"].values())


@pytest.mark.parametrize(("lang", "text"), [("zh", "像这个，但便宜一点"), ("en", "like this one, but cheaper")])
def test_like_this_one_but_cheaper(site: Site, lang: str, text: str) -> None:
    session = site.open(lang=lang)
    session.say("想看电影" if lang == "zh" else "a film please")  # the talk was of something else before
    reply = session.call("POST", "/messages", {"text": text, "context": {"item_id": "456"}}, JSON).json()
    cards = reply["slate"]["items"]
    assert cards
    assert {card["domain"] for card in cards} == {"clothing"}
    assert "456" not in {card["id"] for card in cards}
    assert all(card["price"] < 299 for card in cards)


def test_what_was_spoken_of_on_a_page_stays_meant_there(site: Site) -> None:
    session = site.open()
    first = session.call("POST", "/messages", {"text": SEED, "context": {"item_id": "456"}}, JSON).json()
    second = first["slate"]["items"][1]["id"]
    asked = {"text": "第二个怎么样？", "context": {"item_id": "456"}}
    assert [c["id"] for c in session.call("POST", "/messages", asked, JSON).json()["slate"]["items"]] == [second]
    asked["text"] = "这个多少钱？"
    assert [c["id"] for c in session.call("POST", "/messages", asked, JSON).json()["slate"]["items"]] == [second]


def test_an_unknown_page_is_no_item(site: Site) -> None:
    session = site.open(context={"item_id": "456"})
    body = {"text": SEED, "context": {"item_id": "no-such"}}
    assert session.call("POST", "/messages", body, JSON).status_code == 200
    assert site.store.session(session.session_id).context == {"item_id": "no-such"}
    refused(session.call("POST", "/messages", {"text": "x", "context": {"item_id": 5}}), 422, "bad_input")
    refused(session.call("POST", "/messages", {"text": "x", "context": {"item_id": "x" * 129}}), 422, "bad_input")


# -- calls that come twice


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


def test_a_message_that_comes_twice_is_answered_once(site: Site) -> None:
    session = site.open()
    first = session.call("POST", "/messages", {"text": SEED}, JSON | key("k1"))
    again = session.call("POST", "/messages", {"text": SEED}, JSON | key("k1"))
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(session.call("GET").json()["turns"]) == 2
    streamed = session.stream(SEED, key("k1"))
    assert streamed[0] == ("slate", first.json()["slate"])
    assert streamed[-1] == ("done", first.json())
    told: dict[str, str] = {data["part"]: data["text"] for name, data in streamed if name == "delta"}
    assert told == {"opening": first.json()["text"]} | first.json()["lines"]
    assert len(session.call("GET").json()["turns"]) == 2


def test_a_key_is_for_one_question(site: Site) -> None:
    session, other = site.open(), site.open()
    assert session.call("POST", "/messages", {"text": SEED}, JSON | key("k")).status_code == 200
    wrong = session.call("POST", "/messages", {"text": "别的"}, JSON | key("k"))
    refused(wrong, 422, "bad_input", "Idempotency-Key")
    liked = {"item_id": "123", "kind": "like"}
    refused(session.call("POST", "/feedback", liked, key("k")), 422, "bad_input", "Idempotency-Key")
    assert other.call("POST", "/messages", {"text": "别的"}, JSON | key("k")).status_code == 200


@pytest.mark.parametrize("name", ["", "x" * 129, "a b"])
def test_a_key_has_its_form(site: Site, name: str) -> None:
    session = site.open()
    refused(session.call("POST", "/messages", {"text": SEED}, JSON | key(name)), 422, "bad_input")


def test_feedback_that_comes_twice_is_kept_once(site: Site) -> None:
    session = site.open()
    body = {"item_id": "123", "kind": "purchase"}
    first, again = (session.call("POST", "/feedback", body, key("buy")) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(site.store.feedback(session.session_id)) == 1


def test_what_was_refused_may_be_tried_again_with_its_key(site: Site, mind: Mind) -> None:
    session = site.open()
    body = {"item_id": "123", "kind": "undo"}
    refused(session.call("POST", "/feedback", body, key("u")), 404, "not_found")
    assert session.call("POST", "/feedback", {"item_id": "123", "kind": "like"}).status_code == 201
    assert session.call("POST", "/feedback", body, key("u")).status_code == 201
    site.loading.mind = None
    refused(session.call("POST", "/messages", {"text": SEED}, JSON | key("m")), 503, "not_ready")
    site.loading.mind = mind
    assert session.call("POST", "/messages", {"text": SEED}, JSON | key("m")).status_code == 200


def test_keys_are_among_what_is_held_and_go_with_the_session(site: Site) -> None:
    session = site.open()
    session.call("POST", "/messages", {"text": SEED}, JSON | key("k"))
    assert [request["key"] for request in session.call("GET", "/export").json()["requests"]] == ["k"]
    assert session.call("DELETE").status_code == 204


class Waiting:
    """A language model that writes one word, then waits until it is stopped."""

    name = "waiting"

    def __init__(self) -> None:
        self.began = Event()

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 64, stop: Event | None = None, attempt: int = 0
    ) -> Iterator[tuple[int, str]]:
        self.began.set()
        assert stop is not None
        stop.wait(20)
        yield 0, ""


def test_a_running_reply_is_cancelled_and_comes_again_as_it_was(site: Site, mind: Mind) -> None:
    session, model = site.open(), Waiting()
    site.loading.mind = replace(mind, phraser=replace(mind.phraser, model=model))
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(session.call("POST", "/messages", {"text": SEED}, JSON | key("k")))
    )
    thread.start()
    assert model.began.wait(10)
    cancelled = session.call("POST", "/cancel")
    assert (cancelled.status_code, cancelled.content) == (204, b"")
    thread.join(10)
    reply = answers[0].json()
    assert reply["complete"] is False
    assert session.call("POST", "/messages", {"text": SEED}, JSON | key("k")).json() == reply
    assert [turn["complete"] for turn in session.call("GET").json()["turns"]] == [True, False]
    assert session.call("POST", "/cancel").status_code == 204  # nothing is running any more


def test_a_reply_that_a_restart_cut_off_comes_as_far_as_it_came(site: Site) -> None:
    """What a process that died leaves: the key with its slate, the turn incomplete."""
    session = site.open()
    reply = session.call("POST", "/messages", {"text": SEED}, JSON | key("k")).json()
    store = site.store
    store.answer_request(session.session_id, "k", {"slate": reply["slate"]})
    store.finish_reply(reply["turn_id"], text="", lines={}, line_outcomes={}, timings={}, complete=False)
    again = session.stream(SEED, key("k"))
    assert [name for name, _ in again] == ["slate", "done"]
    assert again[0][1] == reply["slate"]
    assert (again[1][1]["turn_id"], again[1][1]["complete"]) == (reply["turn_id"], False)
    assert len(session.call("GET").json()["turns"]) == 2


def aged(site: Site, session: Session, seconds: float) -> None:
    """Makes the session's keys so much older."""
    with site.store._engine.begin() as db:
        db.execute(update(RequestRow).values(created_at=utc_now() - timedelta(seconds=seconds)))


def test_a_call_that_died_without_an_answer_blocks_its_key_for_seconds_only(site: Site) -> None:
    """A process that was killed leaves its claim."""
    session = site.open()
    once = Once.of(Bot(site.store, site.loading), session.session_id, "k", "messages", {"text": SEED, "context": None})
    assert once.earlier() is None
    held = site.store.claim_request(session.session_id, "k", once.fingerprint, LEASE)
    assert held, "a moment later it may still be at work"
    aged(site, session, LEASE.total_seconds() + 1)
    reply = session.call("POST", "/messages", {"text": SEED}, JSON | key("k")).json()
    assert reply["complete"]
    assert len(session.call("GET").json()["turns"]) == 2


def test_a_call_that_is_still_at_work_here_keeps_its_key(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    session, bot = site.open(), Bot(site.store, site.loading)
    once = Once.of(bot, session.session_id, "k", "messages", {"text": SEED, "context": None})
    assert once.earlier() is None
    aged(site, session, LEASE.total_seconds() + 1)
    monkeypatch.setattr("bot.web.once.LONGEST_WAIT", 0.2)
    with bot.running.taking_over(session.session_id, Event()), pytest.raises(Conflict):
        once.earlier()
    assert once.earlier() is None, "it is over, and gave no answer"


# -- what was seen


def test_what_a_page_says_was_seen_is_kept_with_the_impressions(site: Site) -> None:
    session, other = site.open(), site.open()
    slate = session.opened["slate"]
    first, second, *_ = (item["id"] for item in slate["items"])
    told = {"slate_id": slate["slate_id"], "item_ids": [first, "nothing"]}
    answer = session.call("POST", "/seen", told)
    assert (answer.status_code, answer.content) == (204, b"")
    seen = {shown.item_id: shown.seen_at for shown in site.store.slates(session.session_id)[0].impressions}
    assert seen[first]
    assert seen[second] is None
    session.call("POST", "/seen", told)
    shown = session.call("GET", "/export").json()["slates"][0]["impressions"]
    assert [one["seen_at"] for one in shown if one["seen_at"]] == [seen[first].isoformat()], "the first time counts"
    refused(other.call("POST", "/seen", told), 404, "not_found")
    refused(
        session.call("POST", "/seen", {"slate_id": slate["slate_id"], "item_ids": []}), 422, "bad_input", "item_ids"
    )
    refused(site.client.post(f"/api/v1/sessions/{session.session_id}/seen", json=told), 401, "unauthorized")


# -- in the reader's language


def test_an_item_and_what_is_like_it_come_in_the_readers_language(site: Site) -> None:
    held = site.client.get("/api/v1/items/456").json()
    english = held["i18n"]["en"]["title"]
    assert held["title"] != english
    by_header = {"Accept-Language": "en-GB,zh;q=0.5"}
    assert site.client.get("/api/v1/items/456", headers=by_header).json()["title"] == english
    assert site.client.get("/api/v1/items/456?lang=en", headers={"Accept-Language": "zh"}).json()["title"] == english
    assert site.client.get("/api/v1/items/456?lang=zh", headers=by_header).json()["title"] == held["title"]
    assert site.client.get("/api/v1/items/456", headers={"Accept-Language": "*"}).json() == held
    refused(site.client.get("/api/v1/items/456?lang=fr"), 422, "bad_input", "lang")
    listed = site.client.get("/api/v1/items?lang=en&limit=200").json()["items"]
    assert english in {item["title"] for item in listed}
    in_both = [site.client.get(f"/api/v1/items/456/similar?lang={lang}").json()["items"] for lang in ("zh", "en")]
    assert [card["id"] for card in in_both[0]] == [card["id"] for card in in_both[1]]
    assert [card["title"] for card in in_both[0]] != [card["title"] for card in in_both[1]]


# -- looking back, page by page


def test_turns_come_in_pages(site: Site) -> None:
    session = site.open()
    for text in (SEED, "换一批", "再来一批"):
        session.say(text)
    whole = session.call("GET").json()
    assert "before" not in whole
    pages, before = [], None
    while True:
        page = session.call("GET", "?limit=4" + (f"&before={before}" if before else "")).json()
        pages.insert(0, page["turns"])
        if (before := page.get("before")) is None:
            break
    assert [len(page) for page in pages] == [2, 4]
    assert [turn for page in pages for turn in page] == whole["turns"]
    refused(session.call("GET", "?before=nobody"), 404, "not_found")
    for limit in ("0", "501", "x"):
        refused(session.call("GET", f"?limit={limit}"), 422, "bad_input", "limit")
