"""The script for other sites' pages, out of the widget's modules; and what an open panel loads besides.

The modules are plain ES modules. In the order of their imports they stand in one strict function, so that they share
nothing with the page. The script is made once, before a release (`python -m bot.web.widget.bundle`), with a minifier
that the app itself does not need; a test checks that it is made of the modules as they are.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath

from errors import Lang, ZhiyinError

ENTRY = "js/main.js"
MADE = "widget.min.js"
IMPORT = re.compile(r"^import (?:\{[^}]*\}|(\w+)) from '(\.[^']+)';\n", re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.M)
DECLARED = re.compile(r"^(?:async )?(function|class|const|let)\*? (.*)", re.M)


class BundleError(ZhiyinError):
    """Fields: `path`, `reason`."""

    code = "bundle"
    zh = "{path} 不能打包：{reason}"
    en = "{path} cannot be bundled: {reason}"


@dataclass(frozen=True)
class Module:
    """A module as it stands in the script, and the names it brings into it."""

    path: str
    text: str
    names: tuple[str, ...]


def joined(entry: str = ENTRY) -> str:
    """The whole script, not yet made small.

    Raises BundleError for imports in a circle, for a name used twice and for an import or export of an unknown form.
    """
    modules = [_module(path, name) for path, name in _ordered(entry)]
    owners: dict[str, str] = {}
    for module in modules:
        for name in module.names:
            if owners.setdefault(name, module.path) != module.path:
                raise BundleError(path=module.path, reason=f"{name} is a name in {owners[name]} too")
    body = "\n".join(module.text for module in modules)
    return f"(() => {{\n'use strict';\n{body}\n}})();\n"


def small(script: str) -> str:
    """The script without comments, spaces and long local names."""
    import minify

    return str(minify.string("text/javascript", script))


@cache
def widget_script() -> bytes:
    """The script as it is served."""
    return files("bot.web.widget").joinpath(MADE).read_bytes()


@cache
def panel(lang: Lang) -> bytes:
    """What an open panel needs besides the script: its style, texts and drawings, as JSON."""
    told = {"style": small_css(_read("panel.css")), "text": json.loads(_read("strings.json"))[lang]}
    drawings = {**json.loads(_read("drawings.json")), "glyphs": json.loads(_read("../static/glyphs.json"))}
    return json.dumps({**told, "drawings": drawings}, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def version() -> str:
    """The version of what a panel loads: part of its address, so that browsers may keep it for good."""
    return hashlib.sha256(panel("zh") + panel("en")).hexdigest()[:10]


def small_css(text: str) -> str:
    """A style sheet without comments and spaces."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*([{};,])\s*", r"\1", text)
    return re.sub(r":\s+", ":", text).replace(";}", "}").strip()


def _ordered(entry: str) -> list[tuple[str, str]]:
    """All modules with the name they are imported by, each after those it needs."""
    done: dict[str, str] = {}

    def visit(path: str, name: str, above: tuple[str, ...]) -> None:
        if path in above:
            raise BundleError(path=path, reason=f"it is imported in a circle: {' → '.join((*above, path))}")
        if path in done:
            return
        for whole, target in IMPORT.findall(_read(path)) if path.endswith(".js") else ():
            visit(_resolved(path, target), whole, (*above, path))
        done[path] = name

    visit(entry, "", ())
    return list(done.items())


def _module(path: str, name: str) -> Module:
    if not path.endswith(".js"):
        value = version() if path == "version" else small_css(_read(path))
        return Module(path, f"const {name} = {json.dumps(value, ensure_ascii=False)};", (name,))
    text = EXPORT.sub("", IMPORT.sub("", _read(path)))
    if unknown := re.search(r"^(?:import|export)\b.*", text, re.M):
        raise BundleError(path=path, reason=f"unknown form: {unknown.group()}")
    return Module(path, text, tuple(name for kind, line in DECLARED.findall(text) for name in _declared(kind, line)))


def _declared(kind: str, line: str) -> list[str]:
    """The names that a line declares at the top of a module: one function or class, one or more constants."""
    if kind not in ("const", "let"):
        return re.findall(r"^\w+", line)
    while (flat := re.sub(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}", "", line)) != line:
        line = flat
    return re.findall(r"(?:^|, )(\w+) =(?!>)", line)


def _resolved(path: str, target: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / target).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


@cache
def _read(path: str) -> str:
    return files("bot.web.widget").joinpath(path).read_text("utf-8")


if __name__ == "__main__":
    Path(str(files("bot.web.widget").joinpath(MADE))).write_text(small(joined()), "utf-8")
