"""What keeps the app safe in the open: limits, sizes, headers, proxies, closed doors, and secrets that stay secret."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from fastapi.testclient import TestClient
from test_api import JSON, SEED, Session, Site, refused, serving
from test_api_public import proof

from bot.bot import Mind
from bot.settings import Settings, SiteSettings, read_settings
from bot.web.access import API_BODY
from errors import SettingsError

SECRETS = {"identity_secret": "id-S3CRET-0001", "review_password": "pw-S3CRET-0002", "llm_api_key": "sk-S3CRET-0003"}
SITE_SECRET = "site-S3CRET-0004"
PROXY = "203.0.113.9"


@pytest.fixture(scope="module")
def shared(mind: Mind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    sites = {"shop": SiteSettings(origins=("https://shop.example",), identity_secret=SITE_SECRET)}
    with serving(mind, tmp_path_factory.mktemp("safe"), sites=sites, **SECRETS) as site:
        yield site


@pytest.fixture
def site(shared: Site) -> Site:
    return shared


# -- how much may be asked


@pytest.fixture(scope="module")
def strict(mind: Mind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    sites = {
        "shop": SiteSettings(rate_limit="8/hour"),
        "ids": SiteSettings(identity_secret=SITE_SECRET),
    }
    limits: dict[str, Any] = {"rate_limit": "5/hour", "address_rate_limit": "1000/hour", "queue_size": 1}
    with serving(mind, tmp_path_factory.mktemp("strict"), sites=sites, **limits) as site:
        yield site


def likes(session: Session) -> list[httpx.Response]:
    return [session.call("POST", "/feedback", {"item_id": "123", "kind": "like"}) for _ in range(7)]


def test_a_visitor_who_asks_too_much_is_told_when_to_come_again_and_others_are_not(strict: Site) -> None:
    abuser, other = strict.open(), strict.open()
    answers = likes(abuser)
    assert [answer.status_code for answer in answers] == [201] * 5 + [429] * 2
    refused(answers[-1], 429, "too_many")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    refused(abuser.call("POST", "/messages", {"text": SEED}, JSON), 429, "too_many")
    assert abuser.call("GET").status_code == 200, "reading is free"
    assert other.call("POST", "/messages", {"text": SEED}, JSON).status_code == 200


def test_one_visitors_sessions_count_together_where_they_are_known(strict: Site) -> None:
    who = {"site": "ids", "visitor": "ann", "visitor_hash": proof(SITE_SECRET, "ann")}
    first, second = strict.open(**who), strict.open(**who)
    assert [a.status_code for a in likes(first)][:5] == [201] * 5
    assert {a.status_code for a in likes(second)} == {429}
    bob = strict.open(site="ids", visitor="bob", visitor_hash=proof(SITE_SECRET, "bob"))
    assert likes(bob)[0].status_code == 201


def test_a_sites_visitors_count_together(strict: Site) -> None:
    counts = [answer.status_code for _ in range(2) for answer in likes(strict.open(site="shop"))]
    assert counts.count(201) == 8
    assert likes(strict.open())[0].status_code == 201, "another site is not slowed"


def test_an_address_is_counted_whatever_it_does(mind: Mind, tmp_path: Path) -> None:
    with serving(mind, tmp_path, address_rate_limit="6/hour") as site:
        answers = [site.client.get("/api/v1/items/123") for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
        refused(site.client.post("/api/v1/sessions", json={}), 429, "too_many")
        refused(site.client.post("/gradio_api/queue/join", json={}), 429, "too_many")
        assert site.client.get("/healthz").status_code == 200


def test_where_all_seats_are_taken_others_are_told_to_come_again(strict: Site) -> None:
    talking, waiting = strict.open(), strict.open()
    url = f"/api/v1/sessions/{talking.session_id}/messages"
    limits = next(m.kwargs["limits"] for m in strict.client.app.user_middleware if "limits" in m.kwargs)  # type: ignore[attr-defined]
    with limits.seat():
        answer = waiting.call("POST", "/messages", {"text": SEED}, JSON | {"Accept-Language": "zh"})
        assert "人很多" in refused(answer, 429, "busy")["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    assert strict.client.post(url, json={"text": SEED}, headers=talking.bearer | JSON).status_code == 200
    assert waiting.call("POST", "/messages", {"text": SEED}, JSON).status_code == 200


# -- how large


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(site: Site) -> None:
    session = site.open()
    url = f"/api/v1/sessions/{session.session_id}/messages"
    large = json.dumps({"text": "x", "more": "y" * API_BODY}).encode()
    headers = session.bearer | {"Content-Type": "application/json"}
    refused(site.client.post(url, content=large, headers=headers), 413, "body_too_large")

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    refused(site.client.post(url, content=pieces(), headers=headers), 413, "body_too_large")
    small = json.dumps({"text": SEED}).encode()
    assert site.client.post(url, content=iter([small[:9], small[9:]]), headers=headers | JSON).status_code == 200


# -- what a browser may do with it


def test_answers_of_the_interface_can_do_nothing_in_a_browser(site: Site) -> None:
    for answer in (site.client.get("/api/v1/items/123"), site.client.get("/api/v1/items/none")):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/no-such", "/gradio_api/upload", "/review"])
def test_every_answer_has_its_headers(site: Site, path: str) -> None:
    headers = site.client.get(path).headers
    policy = headers["content-security-policy"]
    strict = path == "/review"
    rules = (
        ("default-src 'none'", "base-uri 'none'")
        if strict
        else ("default-src 'self'", "object-src 'none'", "base-uri 'self'")
    )
    for word in (*rules, "form-action 'self'", "frame-ancestors"):
        assert word in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"]
    assert "strict-transport-security" not in headers


# -- the page's machinery: only what the page needs

CLOSED = [
    "/docs", "/redoc", "/openapi.json", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/upload",
    "/gradio_api/upload_progress", "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/file=/etc/passwd",
    "/gradio_api/run/say", "/gradio_api/call/say", "/gradio_api/api/say", "/gradio_api/proxy=http://127.0.0.1",
    "/gradio_api/stream/1", "/gradio_api/component_server", "/gradio_api/monitoring", "/monitoring", "/gradio_api/runs",
    "/gradio_api/custom_component/x/component/index.js", "/gradio_api/dev/reload", "/gradio_api/vibe-editor/",
    "/gradio_api/mcp/", "/gradio_api/mcp/sse", "/login", "/logout", "/token", "/gradio_api/deep_link",
    "/gradio_api/process_recording", "/gradio_api/i18n/../../etc/passwd", "/svelte/../../../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", CLOSED)
def test_a_closed_door_is_no_door(site: Site, method: str, path: str) -> None:
    answer = site.client.request(method, path)
    assert answer.status_code in (404, 405), (path, answer.status_code)
    assert "root:" not in answer.text


def test_nothing_can_be_uploaded(site: Site) -> None:
    answer = site.client.post("/gradio_api/upload", files={"files": ("x.html", b"<script>alert(1)</script>")})
    assert answer.status_code == 404


TRAVERSALS = [
    f"{prefix}{step}{target}"
    for prefix in ("/assets/", "/static/", "/api/v1/items/", "/gradio_api/", "/gradio_api/heartbeat/", "/")
    for step in ("../../../", "..%2f..%2f", "%2e%2e/%2e%2e/", "....//....//", "..%5c..%5c", "%252e%252e%252f")
    for target in ("etc/passwd", "zhiyin.db", "bot/settings.py", ".env", "zhiyin.toml")
]  # fmt: skip


async def fetched(app: Any, path: str) -> tuple[int, bytes]:
    """The answer to a path just as it is; a client would tidy it first."""
    told: list[Any] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"testserver")], "client": ("198.51.100.1", 1), "server": ("testserver", 80),
    }  # fmt: skip

    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    return told[0]["status"], b"".join(message.get("body", b"") for message in told[1:])


def test_no_file_of_the_server_can_be_reached(site: Site) -> None:
    async def look() -> None:
        for path in TRAVERSALS:
            status, body = await fetched(site.client.app, path)
            heartbeat = path.startswith("/gradio_api/heartbeat/%252e")  # any name is one there, and none is a file
            assert status == 404 or heartbeat, (path, status)
            for mark in (b"root:x:", b"SQLite format", b"class Settings", b"S3CRET"):
                assert mark not in body

    asyncio.run(look())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_pages_machinery_answers_no_foreign_page(site: Site, method: str) -> None:
    for origin in ("https://evil.example", "https://shop.example", "null"):
        for path in ("/gradio_api/queue/join", "/gradio_api/queue/data"):
            answer = site.client.request(method, path, headers={"Origin": origin})
            refused(answer, 403, "origin")
    assert site.client.post("/page/session", json={}, headers={"Origin": "https://evil.example"}).status_code == 403
    own = site.client.post("/page/session", json={}, headers={"Origin": "http://testserver"})
    assert own.status_code == 200
    assert "httponly" in own.headers["set-cookie"].lower()
    assert "samesite=lax" in own.headers["set-cookie"].lower()
    site.client.cookies.clear()


# -- behind a proxy


def through(client: TestClient, peer: str) -> TestClient:
    return TestClient(client.app, client=(peer, 1), raise_server_exceptions=False)


def test_forwarded_headers_are_believed_from_trusted_proxies_only(mind: Mind, tmp_path: Path) -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "talk.example", "X-Forwarded-For": "198.51.100.7"}
    with serving(mind, tmp_path, trusted_proxies=("203.0.113.0/24",), address_rate_limit="3/hour") as site:
        proxied, stranger = through(site.client, PROXY), through(site.client, "198.51.100.99")
        origin = {"Origin": "https://talk.example"}
        assert proxied.post("/api/v1/sessions", json={}, headers=told | origin).status_code == 201
        assert "strict-transport-security" in proxied.get("/healthz", headers=told).headers
        refused(stranger.post("/api/v1/sessions", json={}, headers=told | origin), 403, "origin")
        assert "strict-transport-security" not in stranger.get("/healthz", headers=told).headers
        # each visitor behind the proxy is counted alone; a stranger cannot pass for others
        for last in range(5):
            mine = {"X-Forwarded-For": f"10.9.9.9, 198.51.100.{last}"}
            assert proxied.get("/api/v1/items/123", headers=mine).status_code == 200
        codes = [
            stranger.get("/api/v1/items/123", headers={"X-Forwarded-For": f"198.51.100.{last}"}).status_code
            for last in range(5)
        ]
        assert codes[-1] == 429


def test_the_app_may_lie_under_a_path(mind: Mind, tmp_path: Path) -> None:
    with serving(mind, tmp_path) as site:
        below = TestClient(site.client.app, root_path="/zhiyin", raise_server_exceptions=False)
        assert below.get("/zhiyin/api/v1/items/123").status_code == 200
        assert below.get("/zhiyin/").status_code == 200
        assert below.get("/zhiyin/gradio_api/upload").status_code == 404
        assert below.get("/zhiyin/api/v1/items/123").headers["content-security-policy"].startswith("default-src 'none'")


# -- secrets


def test_no_secret_is_logged_shown_or_answered(
    site: Site, mind: Mind, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    session = site.open(site="shop", visitor="ann", visitor_hash=proof(SITE_SECRET, "ann"))
    answers = [session.call("POST", "/messages", {"text": SEED}, JSON), session.call("GET", "/export")]
    answers += [site.client.post("/api/v1/sessions", json={"site": "shop", "visitor": "ann", "visitor_hash": "x"})]
    answers += [site.client.get(path) for path in ("/metrics", "/readyz", "/config", "/api/v1/openapi.json", "/")]
    site.store.error = RuntimeError("inside")
    answers += [site.client.get(f"/api/v1/sessions/{session.session_id}")]
    site.store.error = None
    said = caplog.text + "".join(capsys.readouterr()) + "".join(answer.text for answer in answers)
    assert "inside" in caplog.text
    assert "S3CRET" not in said
    assert session.opened["token"] not in said
    assert "S3CRET" not in repr(Settings(**SECRETS))  # type: ignore[arg-type]


# -- wrong settings of a site


@pytest.mark.parametrize(
    ("toml", "name", "said"),
    [
        ('[sites.shop]\norigins = ["https://shop.example/"]', "[sites.shop] origins", "no slash at the end"),
        ('[sites.shop]\norigins = ["*"]', "[sites.shop] origins", "is no origin"),
        ('[sites.shop]\norigins = "https://shop.example"', "[sites.shop] origins", "tuple"),
        ('[sites.shop]\norigin = ["https://shop.example"]', "[sites.shop] origin", "not permitted"),
        ('[sites.shop]\naccent = "url(x)"', "[sites.shop] accent", "#0a7d5a"),
        ('[sites.shop]\nrate_limit = "many"', "[sites.shop] rate_limit", "60/minute"),
        ('[sites.shop.greeting]\nfr = "Bonjour"', "[sites.shop] greeting", "zh and en"),
        ('[sites."Shop 1"]\ndomains = ["film"]', "ZHIYIN_SITES", "small letters"),
        ('root_path = "zhiyin/"', "ZHIYIN_ROOT_PATH", "/zhiyin"),
        ('trusted_proxies = "nginx"', "ZHIYIN_TRUSTED_PROXIES", "10.0.0.0/8"),
        ('address_rate_limit = "lots"', "ZHIYIN_ADDRESS_RATE_LIMIT", "60/minute"),
        ('rate_storage = "disk"', "ZHIYIN_RATE_STORAGE", "memory://"),
        ('widget_origins = "https://a.example, ftp://b"', "ZHIYIN_WIDGET_ORIGINS", "is no origin"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, name: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zhiyin.toml").write_text(toml)
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    assert name in str(wrong.value)
    assert said in str(wrong.value)


def test_a_sites_secret_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zhiyin.toml").write_text('[sites.shop]\norigins = ["https://shop.example"]\n')
    monkeypatch.setenv("ZHIYIN_SITES__SHOP__IDENTITY_SECRET", SITE_SECRET)
    site = read_settings().sites["shop"]
    assert site.origins == ("https://shop.example",)
    assert site.identity_secret.get_secret_value() == SITE_SECRET
