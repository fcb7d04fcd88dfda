"""Who visits in the load test, for locust: people who chat, open widgets that nobody uses, and one who abuses it.

Each comes from an address of their own, told by the forwarded header that the app believes from this machine.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

from locust import HttpUser, between, constant, task

ADDRESSES = itertools.count(1)
SAID = (
    "我喜欢品牌T恤和牛仔裤",
    "300元以内，不要红色",
    "换一批",
    "第一个怎么样？",
    "想看节奏慢一点的科幻电影",
    "a mystery novel for the weekend",
    "something shorter",
    "便宜一点的",
)


class Visitor(HttpUser):
    """Opens a session."""

    abstract = True

    def on_start(self) -> None:
        number = next(ADDRESSES)
        self.client.trust_env = False
        self.client.headers["X-Forwarded-For"] = f"10.1.{number // 250}.{number % 250 + 1}"
        self.client.headers["Accept"] = "application/json"
        opened: dict[str, Any] = self.client.post("/api/v1/sessions", json={}, name="open").json()
        self.session = f"/api/v1/sessions/{opened['session_id']}"
        self.client.headers["Authorization"] = f"Bearer {opened['token']}"


class Chatter(Visitor):
    """Says something every few seconds and likes what is shown."""

    fixed_count = int(os.environ.get("CHATTERS", "16"))
    wait_time = between(1.5, 3.5)

    @task
    def talk(self) -> None:
        text = SAID[self.turn % len(SAID)]
        self.turn += 1
        reply = self.client.post(f"{self.session}/messages", json={"text": text}, name="message").json()
        if cards := reply.get("slate", {}).get("items"):
            liked = {"item_id": cards[0]["id"], "kind": "like"}
            self.client.post(f"{self.session}/feedback", json=liked, name="feedback")

    def on_start(self) -> None:
        super().on_start()
        self.turn = 0


class Idle(Visitor):
    """A widget that is open on a page; it looks at its conversation once in a while."""

    fixed_count = int(os.environ.get("IDLE", "200"))
    wait_time = constant(60)

    @task
    def look(self) -> None:
        self.client.get(self.session, name="idle")


class Abuser(Visitor):
    """Sends messages as fast as it can."""

    fixed_count = int(os.environ.get("ABUSERS", "1"))
    wait_time = constant(0.01)

    @task
    def flood(self) -> None:
        with self.client.post(
            f"{self.session}/messages", json={"text": SAID[0]}, name="abuse", catch_response=True
        ) as answer:
            if answer.status_code == 429:
                answer.request_meta["name"] = "abuse (refused)"
                answer.success()
