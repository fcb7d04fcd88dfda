"""The description as a page to read: `/api/v1/docs`. Plain HTML, no script, nothing from another host."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem } h2 code { font-size: 1rem } details { margin: .5rem 0 }
pre { padding: .75rem; overflow: auto; max-height: 26rem; border: 1px solid #8886; border-radius: 6px;
 font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere }
summary { cursor: pointer } .refused { opacity: .8 }
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""What a browser may do with the page: show it."""


def reference(document: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document."""
    info = document["info"]
    body = "".join(
        part
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for part in _call(path, method, operation)
    )
    about = "".join(f"<p>{escape(text)}</p>" for text in info["description"].strip().split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])} API {escape(info['version'])}</title><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>{about}"
        f'<p>For programs: <a href="openapi.json">openapi.json</a>.</p>{body}</html>'
    )


def _call(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2 id={operation['operationId']!r}>{escape(operation['summary'])}<br>"
    yield f"<code>{method.upper()} {escape(path)}</code></h2>"
    if "security" in operation:
        yield "<p>With <code>Authorization: Bearer TOKEN</code>.</p>"
    named = [p for p in operation.get("parameters", []) if p["in"] != "path"]
    if named:
        yield "<ul>"
        for parameter in named:
            told = escape(parameter.get("description", ""))
            yield f"<li><code>{escape(parameter['name'])}</code> ({escape(parameter['in'])}) {told}</li>"
        yield "</ul>"
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in asked:
        yield f"<pre>{_shown(asked['example'])}</pre>"
    for status, answer in operation["responses"].items():
        kind = "details open" if status < "300" else 'details class="refused"'
        yield f"<{kind}><summary>{escape(status)} {escape(answer['description'])}</summary>"
        for media, told in answer.get("content", {}).items():
            yield f"<p><code>{escape(media)}</code></p><pre>{_shown(told.get('example', ''))}</pre>"
        yield "</details>"


def _shown(example: Any) -> str:
    return escape(example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=1))
