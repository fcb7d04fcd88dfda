"""Records `bot/web/examples.json`: what the app truly answers for the sample catalogue.

Run `python tests/record_examples.py` where the interface or the sample catalogue has changed, and read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

EXAMPLES = Path(__file__).resolve().parent.parent / "bot" / "web" / "examples.json"
WISH = "like this one, but cheaper"


class Recorder:
    """Makes the calls one after another and notes what was asked and answered."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.calls: dict[str, Any] = {}
        self.headers: dict[str, str] = {"Accept-Language": "en"}

    def call(self, name: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.client.request(method, f"/api/v1{path}", json=body, headers=self.headers | headers)
        assert answer.is_success, answer.text
        noted = self.calls.setdefault(name, {})
        if body is not None:
            noted["request"] = body
        if "event-stream" in answer.headers.get("content-type", ""):
            noted["stream"] = answer.text
        elif answer.content:
            noted["answer"] = answer.json()
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else None


def recorded(client: TestClient) -> dict[str, Any]:
    """All calls of a short conversation."""
    to = Recorder(client)
    opened = to.call("open_session", "POST", "/sessions", {"lang": "en", "context": {"item_id": "456"}})
    session, to.headers["Authorization"] = f"/sessions/{opened['session_id']}", f"Bearer {opened['token']}"
    said = {"text": WISH, "context": {"item_id": "456"}}
    reply = to.call("say", "POST", f"{session}/messages", said, Accept="application/json", **{"Idempotency-Key": "m-1"})
    to.call("say", "POST", f"{session}/messages", said, Accept="text/event-stream", **{"Idempotency-Key": "m-1"})
    item = reply["slate"]["items"][0]["id"]
    feedback = {"item_id": item, "kind": "like", "turn_id": reply["turn_id"]}
    to.call("give_feedback", "POST", f"{session}/feedback", feedback, **{"Idempotency-Key": "f-1"})
    seen = {"slate_id": reply["slate"]["slate_id"], "item_ids": [item]}
    to.call("mark_seen", "POST", f"{session}/seen", seen)
    to.call("list_feedback", "GET", f"{session}/feedback")
    to.call("read_interest", "GET", f"{session}/interest")
    label = to.calls["read_interest"]["answer"]["threads"][0]["label"]
    to.call("edit_interest", "PATCH", f"{session}/interest", {"pin": [label]})
    to.call("read_slate", "GET", f"{session}/slate")
    to.call("read_why", "GET", f"{session}/why/{item}")
    to.call("read_session", "GET", session)
    to.call("export_session", "GET", f"{session}/export")
    to.call("cancel", "POST", f"{session}/cancel")
    to.call("delete_session", "DELETE", session)
    to.call("read_item", "GET", "/items/456")
    to.call("read_similar", "GET", "/items/456/similar")
    to.call("list_items", "GET", "/items?domain=clothing&limit=2")
    return to.calls


def problems() -> dict[str, Any]:
    """A problem of each status, as an English reader has it."""
    from bot.web.problems import problem
    from errors import (
        BodyTooLarge,
        Conflict,
        InputError,
        NotFound,
        NotReady,
        TooMany,
        Unauthorized,
        WrongOrigin,
        ZhiyinError,
    )  # fmt: skip

    given: list[ZhiyinError] = [
        Unauthorized(),
        WrongOrigin(origin="https://elsewhere.example"),
        NotFound(what="item", id="no-such"),
        Conflict(zh_reason="", reason="this conversation is being changed elsewhere"),
        BodyTooLarge(field="body", limit=65536),
        InputError(field="text", zh_reason="", reason="it is empty; please say something"),
        TooMany(seconds=12),
        ZhiyinError(),
        NotReady(missing="encoder, catalogue"),
    ]
    return {str(error.status): problem(error, "en") for error in given}


def main() -> None:
    """Writes the file, with the app over a fresh data folder."""
    from sample_app import sample_app

    if not EXAMPLES.exists():
        EXAMPLES.write_text(json.dumps({"calls": {}, "problems": problems()}))
    with sample_app() as app, TestClient(app) as client:
        told = {"calls": recorded(client), "problems": problems()}
    EXAMPLES.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
