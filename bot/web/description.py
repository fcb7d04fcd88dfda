"""The OpenAPI description: every call with its answers, its problems, and examples that were truly given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.web import schema
from bot.web.problems import PROBLEM

VERSION = "1.2.0"
ABOUT = """
The conversation, for your own pages and programs. Open a session, keep its token, send messages; every answer begins
with a slate of items, then come the words. All errors are problem documents (RFC 9457) with a stable `code`.

Within `/api/v1` fields may be added and none is renamed or taken away; read what you know and pass over the rest.
A call with `Idempotency-Key` may be repeated: it is done once and answered the same for 24 hours.
"""
STREAM = (
    "Server-sent events: `slate` (a SlateOut, before any words), any number of `delta` "
    '(`{"part": "opening" or an item id, "text"}`), then `done` (a ReplyOut), or `error` (a Problem).'
)
EVENT = {
    "type": "object",
    "description": STREAM,
    "properties": {
        "event": {"enum": ["slate", "delta", "done", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
"""One event of a stream, as the fields of an event-stream have it."""
REFERENCE = "#/components/schemas/{model}"
SESSION = (401, 403, 404)
"""What any call on a session may be refused with."""


@dataclass(frozen=True)
class Call:
    """One call. `answer`: what it gives, None for nothing; `refused`: the statuses of its problems."""

    summary: str
    status: int
    answer: type[BaseModel] | None
    refused: tuple[int, ...] = ()
    streams: bool = False


CALLS: Mapping[str, Call] = {
    "open_session": Call("Open a session", 201, schema.SessionOut, (401, 403, 404)),
    "say": Call("Say something", 200, schema.ReplyOut, (*SESSION, 409), streams=True),
    "cancel": Call("Stop the running reply", 204, None, SESSION),
    "read_session": Call("Read the conversation, the last turns first to come", 200, schema.ConversationOut, SESSION),
    "read_interest": Call("Read what was heard", 200, schema.InterestOut, SESSION),
    "edit_interest": Call("Change what was heard, by label", 200, schema.InterestOut, (*SESSION, 409)),
    "give_feedback": Call("Tell what the visitor did with an item", 201, schema.FeedbackOut, (*SESSION, 409)),
    "mark_seen": Call("Tell which cards of a slate the visitor had in sight", 204, None, SESSION),
    "list_feedback": Call("Read the session's feedback", 200, schema.FeedbackListOut, SESSION),
    "read_slate": Call("A slate for the interest as it is now", 200, schema.SlateOut, SESSION),
    "read_why": Call("Why an item is where it is", 200, schema.WhyOut, SESSION),
    "export_session": Call("All that is held on the session", 200, schema.ExportOut, SESSION),
    "delete_session": Call("Delete the session and all that is held on it", 204, None, SESSION),
    "list_items": Call("The catalogue, page by page", 200, schema.ItemListOut, (403, 404)),
    "read_similar": Call("Items like one", 200, schema.SlateOut, (403, 404)),
    "read_item": Call("An item", 200, schema.ItemOut, (403, 404)),
}
ALWAYS = (413, 422, 429, 500, 503)
"""What any call may be refused with."""


def examples() -> dict[str, Any]:
    """Questions and answers as the app gave them for the sample catalogue, by call; problems by status."""
    told: dict[str, Any] = json.loads((files("bot.web") / "examples.json").read_text(encoding="utf-8"))
    return told


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the app's interface."""
    document = get_openapi(title="Zhiyin 知音", version=VERSION, description=ABOUT, routes=app.routes)
    given = examples()
    models = [call.answer for call in CALLS.values() if call.answer] + [schema.Problem]
    _, defined = models_json_schema(
        [(model, "serialization") for model in dict.fromkeys(models)], ref_template=REFERENCE
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {name: _tidy(found) for name, found in defined["$defs"].items()}
    components["securitySchemes"] = {"session": {"type": "http", "scheme": "bearer", "description": "The token."}}
    for operations in document["paths"].values():
        for operation in operations.values():
            _describe(operation, CALLS[operation["operationId"]], given)
    return document


def _describe(operation: dict[str, Any], call: Call, given: Mapping[str, Any]) -> None:
    name = operation["operationId"]
    example = given["calls"].get(name, {})
    operation["summary"] = call.summary
    if 401 in call.refused and name != "open_session":
        operation["security"] = [{"session": []}]
    operation["parameters"] = [p for p in operation.get("parameters", []) if p["name"] != "authorization"]
    if "requestBody" in operation and "request" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["request"]
    answers: dict[str, Any] = {str(call.status): _answer(call, example)}
    for status in sorted({*call.refused, *ALWAYS}):
        answers[str(status)] = _problem(status, given["problems"])
    operation["responses"] = answers


def _answer(call: Call, example: Mapping[str, Any]) -> dict[str, Any]:
    if call.answer is None:
        return {"description": "Done."}
    content: dict[str, Any] = {
        "application/json": {
            "schema": {"$ref": REFERENCE.format(model=call.answer.__name__)},
            **({"example": example["answer"]} if "answer" in example else {}),
        }
    }
    if call.streams:
        content = {"text/event-stream": {"schema": EVENT, "example": example.get("stream", "")}, **content}
    return {"description": (call.answer.__doc__ or "").strip(), "content": content}


def _problem(status: int, given: Mapping[str, Any]) -> dict[str, Any]:
    example = given[str(status)]
    answer: dict[str, Any] = {
        "description": example["title"],
        "content": {PROBLEM: {"schema": {"$ref": REFERENCE.format(model="Problem")}, "example": example}},
    }
    if status in (429, 503):
        answer["headers"] = {
            "Retry-After": {"schema": {"type": "string"}, "description": "Seconds after which to come again."}
        }
    return answer


def _tidy(found: Any) -> Any:
    """Without the defaults that only make a field optional: what is left out is not sent as null."""
    if isinstance(found, dict):
        return {name: _tidy(inner) for name, inner in found.items() if not (name == "default" and inner is None)}
    return [_tidy(inner) for inner in found] if isinstance(found, list) else found
