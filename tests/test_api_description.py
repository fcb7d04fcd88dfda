"""The OpenAPI description: whole, and its examples true for the app and the sample catalogue as they are."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import pytest
from record_examples import problems, recorded
from test_api import Site, serving

from bot.bot import Mind
from bot.web.description import ALWAYS, CALLS, examples


@pytest.fixture(scope="module")
def site(mind: Mind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(mind, tmp_path_factory.mktemp("described")) as site:
        yield site


@pytest.fixture(scope="module")
def document(site: Site) -> dict[str, Any]:
    answer = site.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {op["operationId"]: op for path in document["paths"].values() for op in path.values()}


def test_every_call_is_described_with_its_problems_and_examples(document: dict[str, Any]) -> None:
    found = operations(document)
    assert found.keys() == CALLS.keys()
    for name, call in CALLS.items():
        answers = found[name]["responses"]
        assert answers.keys() == {str(status) for status in (call.status, *call.refused, *ALWAYS)}
        for status, answer in answers.items():
            for kind, told in answer.get("content", {}).items():
                assert told["example"], (name, status, kind)
                assert told["schema"], (name, status, kind)
        if "requestBody" in found[name]:
            assert found[name]["requestBody"]["content"]["application/json"]["example"]
    assert "text/event-stream" in found["say"]["responses"]["200"]["content"]


def test_the_page_to_read_has_every_call_and_no_script(site: Site) -> None:
    answer = site.client.get("/api/v1/docs")
    assert answer.status_code == 200
    assert "script" not in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert 'href="http' not in answer.text
    assert "src=" not in answer.text
    for name, call in CALLS.items():
        assert f"id='{name}'" in answer.text
        assert escape(call.summary) in answer.text


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (value for name, value in node.items() if name == "$ref")
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from references(inner)

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def names(value: Any) -> Any:
    """The names of an answer, without what it holds; a list by its first entry."""
    if isinstance(value, dict):
        return {name: names(inner) for name, inner in value.items() if name not in ("parts", "attributes", "lines")}
    return [names(value[0])] if isinstance(value, list) and value else None


def cards(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "because" in value and "price" in value:
            yield value
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from cards(inner)


def test_the_examples_are_what_the_app_answers(site: Site) -> None:
    given, now = examples()["calls"], recorded(site.client)
    assert given.keys() == now.keys() == CALLS.keys()
    for name, call in CALLS.items():
        assert given[name].keys() == now[name].keys()
        assert given[name].get("request", {}).keys() == now[name].get("request", {}).keys()
        if call.answer is not None:
            for answer in (given[name]["answer"], now[name]["answer"]):
                call.answer.model_validate(answer)
            assert given[name]["answer"].keys() == now[name]["answer"].keys()
    reply, before = now["say"]["answer"], given["say"]["answer"]
    assert names(reply) == names(before)
    assert [c["id"] for c in reply["slate"]["items"]] == [c["id"] for c in before["slate"]["items"]]
    assert given["say"]["stream"].startswith("event: slate\ndata: {")
    for card in cards(list(given.values())):
        item = site.client.get(f"/api/v1/items/{card['id']}").json()
        assert card["price"] == item.get("price")
        assert card["title"] in (item["title"], item.get("i18n", {}).get("en", {}).get("title"))


def test_the_example_problems_are_what_readers_get() -> None:
    assert examples()["problems"] == problems()


def test_the_catalogue_comes_in_pages(site: Site, mind: Mind) -> None:
    ids, after = [], ""
    while True:
        page = site.client.get(f"/api/v1/items?domain=film&limit=40{after}").json()
        ids += [item["id"] for item in page["items"]]
        if "after" not in page:
            break
        after = f"&after={page['after']}"
    assert ids == [item.id for item in mind.recommender.shelf.catalogue.items if item.domain == "film"]
    assert len(ids) > 40
