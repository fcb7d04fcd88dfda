"""The widget's script: made of its modules as they are, small, alone in its function; and how it is served."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.keeping import FEEDBACK_KINDS
from bot.web.schema import CardOut
from bot.web.widget import bundle as bundling
from bot.web.widget.bundle import BundleError, joined, panel, small, small_css, version, widget_script
from bot.web.widget.routes import widget_router

FOLDER = Path(bundling.__file__).parent
MODULES = sorted(path.name for path in (FOLDER / "js").glob("*.js"))
SCRIPT_BYTES, PANEL_BYTES = 12_000, 6_500


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(widget_router())
    with TestClient(app) as client:
        yield client


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Modules of the test's own, by path."""
    own: dict[str, str] = {}
    monkeypatch.setattr(bundling, "_read", own.__getitem__)
    return own


def test_the_script_is_made_of_the_modules_as_they_are() -> None:
    assert widget_script().decode() == small(joined()), "run python -m bot.web.widget.bundle"


def test_script_and_panel_are_small() -> None:
    assert len(gzip.compress(widget_script(), 9)) <= SCRIPT_BYTES
    assert all(len(gzip.compress(panel(lang), 9)) <= PANEL_BYTES for lang in ("zh", "en"))


def test_every_module_is_in_the_script_and_small_itself() -> None:
    whole = joined()
    for name in MODULES:
        text = (FOLDER / "js" / name).read_text("utf-8")
        first = re.findall(r"^export (?:async )?(?:function\*?|class|const) (\w+)", text, re.M)[:1]
        assert name == "main.js" or first[0] in whole, name
        assert len(text.splitlines()) <= 420, name


def test_the_script_is_one_strict_function_that_needs_no_evaluation_and_no_markup() -> None:
    script = widget_script().decode()
    assert script.startswith('(()=>{"use strict";')
    assert script.rstrip(";\n").endswith(")()")
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "import(",
    ):
        assert forbidden not in script, forbidden
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", script), "no outside address"


def test_the_panel_brings_style_texts_and_drawings() -> None:
    told = {lang: json.loads(panel(lang)) for lang in ("zh", "en")}
    assert told["zh"]["text"].keys() == told["en"]["text"].keys()
    assert told["zh"]["style"] == told["en"]["style"]
    assert {"glyphs", "hues", "shapes", "icons"} == told["zh"]["drawings"].keys()
    assert version() in widget_script().decode()


def test_the_texts_of_both_languages_name_the_same_values() -> None:
    zh, en = (json.loads(panel(lang))["text"] for lang in ("zh", "en"))
    for name, said in zh.items():
        if isinstance(said, str):
            assert set(re.findall(r"\{\w+\}", said)) == set(re.findall(r"\{\w+\}", en[name])), name


def test_modules_stand_after_those_they_need(modules: dict[str, str]) -> None:
    modules["js/main.js"] = "import { b } from './b.js';\nimport style from '../style.css';\nuse(b, style);\n"
    modules["js/b.js"] = "import { c } from './c.js';\nexport const b = c + 1;\n"
    modules["js/c.js"] = "export const c = 1;\n"
    modules["style.css"] = "/* a note */\n.a  { color: red; }\n"
    assert joined() == (
        "(() => {\n'use strict';\nconst c = 1;\n\nconst b = c + 1;\n\n"
        'const style = ".a{color:red}";\nuse(b, style);\n\n})();\n'
    )


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("import { a } from './main.js';\nexport const b = 1;\n", "circle"),
        ("export const a = 1;\n", "a is a name in"),
        ("export const b = 1, a = 2;\n", "a is a name in"),
        ("export function a() {}\n", "a is a name in"),
        ("export default 1;\n", "unknown form"),
        ("import * as x from './x.js';\n", "unknown form"),
        ("export { a as b };\n", "unknown form"),
    ],
)
def test_what_cannot_be_bundled_is_refused(modules: dict[str, str], second: str, reason: str) -> None:
    modules["js/main.js"] = "import { b } from './b.js';\nconst a = b;\n"
    modules["js/b.js"] = second
    with pytest.raises(BundleError, match=reason):
        joined()


def test_making_it_small_keeps_template_strings_expressions_and_line_ends() -> None:
    script = r"""(() => {
  const a = `x  // no comment ${ 1 + 1 }
  y`; // a comment
  const found = (text) => /[/]\s+"'`\/\/ /g.test(text) && text.replace(/\{(\w+)\}/g, '  ');
  window.told = [a, found, 'two  spaces', "// text"];
})();"""
    made = small(script)
    for kept in (
        "x  // no comment",
        "\n  y",
        r"/[/]\s+\"'`\/\/ /g".replace(r"\"", '"'),
        r"/\{(\w+)\}/g",
        "two  spaces",
        "// text",
    ):
        assert kept in made, kept
    assert "a comment" not in made


def test_making_a_style_small_keeps_what_counts() -> None:
    assert small_css("a :is(b, c) > d { margin: 0 calc(1px + 2px); }\n") == "a :is(b,c) > d{margin:0 calc(1px + 2px)}"


@pytest.mark.parametrize(
    ("path", "kind", "kept"),
    [
        ("/widget.js", "text/javascript; charset=utf-8", "max-age=300"),
        ("/widget/panel.zh.json", "application/json; charset=utf-8", "immutable"),
        ("/widget.d.ts", "text/plain; charset=utf-8", "max-age=300"),
        ("/widget", "text/html; charset=utf-8", "no-cache"),
        ("/widget/demo/shop", "text/html; charset=utf-8", "no-cache"),
        ("/widget/demo/films", "text/html; charset=utf-8", "no-cache"),
        ("/widget/pages/demo.css", "text/css; charset=utf-8", "no-cache"),
    ],
)
def test_what_is_served_has_type_tag_and_cache(client: TestClient, path: str, kind: str, kept: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert kept in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text


def test_script_and_panel_may_be_loaded_by_any_page(client: TestClient) -> None:
    for path in ("/widget.js", "/widget/panel.en.json"):
        headers = client.get(path).headers
        assert headers["access-control-allow-origin"] == "*"
        assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("path", ["/widget/panel.fr.json", "/widget/pages/none.js", "/widget/pages/..%2froutes.py"])
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 422)


def declared(types: str, name: str) -> set[str]:
    """The names of the members of an interface in the type declarations."""
    body = re.search(rf"interface {name}\b[^{{]*\{{(.*?)^  \}}", types, re.M | re.S)
    assert body, name
    return set(re.findall(r"^ {4}'?([\w-]+)'?[?(<:]", body[1], re.M))


def test_the_types_have_the_names_of_the_script() -> None:
    """They are written by hand, so the names that pages rely on are compared with the modules'."""
    types = (FOLDER / "zhiyin.d.ts").read_text("utf-8")
    main, element, *others = (
        (FOLDER / "js" / f"{name}.js").read_text("utf-8") for name in ("main", "element", "conversation")
    )
    calls = set(re.findall(r"'(\w+)'", main.partition("CALLS = [")[2].partition("]")[0])) | {"destroy"}
    assert declared(types, "Actions") == calls
    assert declared(types, "Interface") == {"on", "off", "push"}
    assert all(re.search(rf"^  (?:async )?{name}\(", element, re.M) for name in calls)
    told = set(re.findall(r"\bevent\('(\w+)'", "\n".join([element, *others])))
    assert declared(types, "Events") == told
    attributes = declared(types, "Attributes") - {"base", "theme", "position"}
    asking = element + (FOLDER / "js" / "view.js").read_text("utf-8")
    asked = set(re.findall(r"(?:getAttribute|listed)\('([\w-]+)'", asking))
    assert attributes == asked - {"base"}
    for name in ("theme", "position"):
        assert f"[{name}=" in (FOLDER / "bubble.css").read_text("utf-8") + (FOLDER / "panel.css").read_text("utf-8")
    card = re.search(r"interface Card \{(.*?)^  \}", types, re.M | re.S)
    assert card
    assert set(re.findall(r"^ {4}(\w+):", card[1], re.M)) == set(CardOut.model_fields)
    kinds = re.search(r"type Kind = (.*);", types)
    assert kinds
    assert set(re.findall(r"'(\w+)'", kinds[1])) == set(FEEDBACK_KINDS)
