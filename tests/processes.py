"""Real processes: apps, Chroma's server and an endpoint for the words, and visitors whose sessions hop between apps.

For tests and for runs by hand. Everything that was started is ended with the block that started it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parent.parent
SAID = (
    "我喜欢品牌T恤和牛仔裤",
    "300元以内，不要红色",
    "换一批",
    "想看节奏慢一点的科幻电影",
    "第一个怎么样？",
    "便宜一点的",
)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def until(holds: Any, seconds: float = 240.0) -> Any:
    """What `holds` gives, once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"it did not come about within {seconds:g} s: {holds}")


@dataclass
class Process:
    """A process that can be killed and started again at the same address."""

    command: Sequence[str]
    port: int
    log: Path
    alive_at: str
    env: dict[str, str] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        with self.log.open("ab") as out:
            env = os.environ | self.env
            self.running = subprocess.Popen(self.command, env=env, stdout=out, stderr=out, cwd=ROOT)
        return self

    def is_up(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(self.address + self.alive_at, trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def ready(self) -> Self:
        until(self.is_up)
        return self

    def send(self, what: signal.Signals) -> None:
        assert self.running is not None
        self.running.send_signal(what)

    def end(self, what: signal.Signals = signal.SIGTERM, seconds: float = 60.0) -> int:
        """Its exit status."""
        self.send(what)
        assert self.running is not None
        return self.running.wait(seconds)

    def room(self, length: int) -> None:
        """How long files that it writes may become, in bytes; -1: as long as they like."""
        assert self.running is not None
        _, hard = resource.prlimit(self.running.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.running.pid, resource.RLIMIT_FSIZE, (length, hard))

    def figures(self) -> dict[str, float]:
        text = httpx.get(f"{self.address}/metrics", trust_env=False, timeout=30).text
        rows = [row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#")]
        return {name: float(value) for name, value in rows}

    def readiness(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.address}/readyz", trust_env=False, timeout=30).json())


@contextmanager
def ended(*processes: Process) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            if process.running is not None and process.running.poll() is None:
                process.running.kill()
                process.running.wait(20)


def app(folder: Path, models: Path, **settings: object) -> Process:
    """An app over a data folder. `settings`: as in `Settings`."""
    port = free_port()
    given = {
        "data_dir": folder,
        "models_dir": models,
        "llm": "none",
        "port": port,
        "log": "json",
        "rate_limit": "100000/minute",
        "address_rate_limit": "100000/minute",
        "threads": 1,
        **settings,
    }
    env = {f"ZHIYIN_{name.upper()}": str(value) for name, value in given.items()}
    log = folder / f"app-{port}.log"
    return Process((sys.executable, "app.py"), port, log, "/readyz", env)


def chroma(folder: Path) -> Process:
    """Chroma's own server over a folder; one that an embedded index has filled will do."""
    port = free_port()
    command = (str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--host", "127.0.0.1")
    return Process((*command, "--port", str(port)), port, folder.parent / "chroma.log", "/api/v2/heartbeat")


# -- an endpoint for the words


class Endpoint:
    """What an OpenAI-compatible server does on a bad day. `mood`: well, hanging, broken (500) or garbage."""

    def __init__(self) -> None:
        self.mood = "well"
        self.asked = 0
        self.left = Event()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers["Content-Length"]))
        self.asked += 1
        if self.mood == "hanging":
            self.left.wait(60)
            return
        request.send_response(500 if self.mood == "broken" else 200)
        request.end_headers()
        row = json.dumps({"choices": [{"delta": {"content": "这件可以先看看。"}}]})
        told = {"well": f"data: {row}\n\ndata: [DONE]\n\n", "garbage": "data: {\x00]<html>\n\n", "broken": "oh"}
        request.wfile.write(told[self.mood].encode())


@contextmanager
def endpoint() -> Iterator[tuple[str, Endpoint]]:
    """The endpoint's address, and what sets its mood."""
    playing = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            playing.answer(self)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", playing
    finally:
        playing.left.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


# -- visitors


@dataclass
class Visitor:
    """A session that may hop: call n goes to the address n, in turn. What was acknowledged is noted."""

    addresses: Sequence[str]
    client: httpx.Client
    path: str = ""
    token: str = ""
    calls: int = 0
    said: list[str] = field(default_factory=list)
    """Texts of messages whose answer came."""
    liked: list[str] = field(default_factory=list)
    """Ids of feedback that was confirmed."""
    seconds: list[float] = field(default_factory=list)
    """How long the answers to messages took."""

    def open(self, lang: str = "zh") -> Self:
        opened = self._try("POST", "/api/v1/sessions", {"lang": lang}, "").json()
        self.path, self.token = f"/api/v1/sessions/{opened['session_id']}", opened["token"]
        return self

    def say(self, text: str) -> dict[str, Any]:
        """The reply; asked again with the same key until there is one."""
        key, start = f"m{self.calls}", time.monotonic()
        reply: dict[str, Any] = self._try("POST", f"{self.path}/messages", {"text": text}, key).json()
        self.seconds.append(time.monotonic() - start)
        self.said.append(text)
        return reply

    def like(self, item_id: str) -> str:
        body = {"item_id": item_id, "kind": "like"}
        kept: str = self._try("POST", f"{self.path}/feedback", body, f"f{self.calls}").json()["feedback_id"]
        self.liked.append(kept)
        return kept

    def once(self, method: str, path: str, body: object = None, key: str = "") -> httpx.Response:
        """One call, to the address whose turn it is."""
        address = self.addresses[self.calls % len(self.addresses)]
        self.calls += 1
        headers = {"Accept": "application/json", "Accept-Language": "zh"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        return self.client.request(method, address + path, json=body, headers=headers)

    def stored(self) -> dict[str, Any]:
        """All that is kept of the session."""
        return dict(self._try("GET", f"{self.path}/export", None, "").json())

    def _try(self, method: str, path: str, body: object, key: str) -> httpx.Response:
        end = time.monotonic() + 300
        while time.monotonic() < end:
            try:
                answer = self.once(method, path, body, key)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                time.sleep(0.2)
                continue
            if answer.is_success:
                return answer
            assert answer.status_code in (409, 429, 502, 503), answer.text
            time.sleep(float(answer.headers.get("Retry-After", "0.3")))
        raise AssertionError(f"no answer to {method} {path}")


def check_kept(visitor: Visitor) -> None:
    """Every acknowledged message and like is kept, once, in order."""
    kept = visitor.stored()
    texts = [message["text"] for message in kept["messages"] if message["role"] == "user"]
    assert texts[: len(visitor.said)] == visitor.said
    assert len(texts) <= len(visitor.said) + 1, "more was kept than was said"
    assert [one["feedback_id"] for one in kept["feedback"]] == visitor.liked
    replies = sum(message["role"] == "bot" for message in kept["messages"])
    assert len(visitor.said) <= replies <= len(visitor.said) + 1


def client() -> httpx.Client:
    return httpx.Client(timeout=60, trust_env=False)
