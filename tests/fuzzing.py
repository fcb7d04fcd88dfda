"""Fuzzes the interface from its own description: `python tests/fuzzing.py [CALLS]` (2,000 by default).

Everything that the OpenAPI document allows, and much that it does not, is sent to the real app over the sample
catalogue; no answer may be a server error or outside the description. Sessions are made first, so that what is sent
reaches the inside.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EVERY_OTHER = 2


@dataclass
class Fuzzed:
    """What came of it: calls by name and status, and what was wrong, once each."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return self.answers.total()


def fuzz(app: FastAPI, calls: int, first_seed: int = 1) -> Fuzzed:
    """Makes about so many calls, the same ones every time."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    each = max(2, calls // (len(operations) * 2))
    done = Fuzzed()
    with TestClient(app, raise_server_exceptions=False) as client:
        for number, operation in enumerate(operations):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                except Exception:
                    continue  # there is no wrong way to make this call
                _run(client, strategy, each, first_seed + number, done)
    return done


def _run(client: TestClient, strategy: Any, count: int, number: int, done: Fuzzed) -> None:
    sessions: list[tuple[str, str]] = []

    @seed(number)
    @settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=False
    )
    @given(case=strategy)
    def once(case: Any) -> None:
        name = case.operation.definition.raw["operationId"]
        if "session_id" in (case.path_parameters or {}) and done.calls % EVERY_OTHER:
            session_id, token = _session(client, sessions, fresh=name == "delete_session")
            case.path_parameters["session_id"] = session_id
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        if "item_id" in (case.path_parameters or {}) and done.calls % 3:
            case.path_parameters["item_id"] = "456"
        response = case.call(session=client)
        done.answers[name, response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseException as failure:
            if isinstance(failure, KeyboardInterrupt):
                raise
            told = "; ".join(str(one) for one in getattr(failure, "exceptions", [failure]))
            done.wrong.setdefault(f"{name} {response.status_code} {told[:160]}", f"{told}\n{case.as_curl_command()}")

    once()


def _session(client: TestClient, kept: list[tuple[str, str]], *, fresh: bool) -> tuple[str, str]:
    if fresh or not kept:
        opened = client.post("/api/v1/sessions", json={"lang": "en"}).json()
        token = (opened["session_id"], opened["token"])
        if fresh:
            return token
        kept.append(token)
        client.post(
            f"/api/v1/sessions/{token[0]}/messages",
            json={"text": "T-shirts and jeans under 300 yuan, nothing red"},
            headers={"Authorization": f"Bearer {token[1]}", "Accept": "application/json"},
        )
    return kept[0]


def main() -> int:
    """The whole run, over a fresh data folder; 1 where anything was wrong."""
    from time import perf_counter

    from sample_app import sample_app

    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    free = "1000000/second"
    with sample_app(rate_limit=free, address_rate_limit=free) as app:
        start = perf_counter()
        done = fuzz(app, calls)
        seconds = perf_counter() - start
    for (name, status), count in sorted(done.answers.items()):
        print(f"{name:16} {status} {count:6}")
    print(f"{done.calls} calls in {seconds:.0f} s; server errors or answers outside the description: {len(done.wrong)}")
    for told in done.wrong.values():
        print(told, "\n")
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
