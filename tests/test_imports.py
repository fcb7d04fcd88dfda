"""The import rule: app -> bot -> {retrieval, storage}; and what is heavy is imported only where it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "retrieval", "storage")
OWN = {"app", "errors", *PACKAGES}
MAY_IMPORT = {
    "app": {"bot", "errors"},
    "errors": set(),
    "bot": {"bot", "retrieval", "storage", "errors"},
    "retrieval": {"retrieval", "errors"},
    "storage": {"storage", "errors"},
}
HEAVY = {"torch", "transformers", "chromadb", "sqlalchemy"}
FILES = [ROOT / "app.py", ROOT / "errors.py", *(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))]
MATHS = [
    ROOT / "retrieval" / "score.py",
    ROOT / "retrieval" / "diversify.py",
    *(ROOT / "bot" / "interest").glob("*.py"),
]


def module_of(path: Path) -> str:
    """`bot/web/api.py` -> bot.web.api, `bot/__init__.py` -> bot."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """The modules that a file names in any import statement, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by dots"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import(path: Path) -> Iterator[str]:
    """The project's own modules that a file imports when it is itself imported; what only types need is left out."""
    waiting: list[ast.AST] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def test_every_file_is_looked_at() -> None:
    assert len(FILES) > 60
    assert all(path.exists() for path in MATHS)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    own = {name.split(".")[0] for name in imports(path)} & OWN
    assert own <= MAY_IMPORT[module_of(path).split(".")[0]]


@pytest.mark.parametrize("path", MATHS, ids=module_of)
def test_the_maths_imports_nothing_heavy(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & HEAVY


def test_no_module_imports_itself_in_a_circle() -> None:
    modules = {module_of(path): path for path in FILES}
    needs = {name: {found for found in at_import(path) if found in modules} for name, path in modules.items()}
    done: set[str] = set()
    while ready := {name for name in needs.keys() - done if needs[name] - {name} <= done}:
        done |= ready
    assert done == needs.keys(), f"a circle among {sorted(needs.keys() - done)}"


def loaded_by(statement: str) -> set[str]:
    """The top names of all modules that a fresh interpreter has after the statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


def test_the_app_starts_without_models() -> None:
    loaded = loaded_by("import bot.serving")
    assert {"bot", "gradio", "sqlalchemy"} <= loaded
    assert not loaded & {"torch", "transformers", "chromadb", "peft"}


def test_the_command_line_starts_light() -> None:
    assert not loaded_by("import bot.cli") & {*HEAVY, "gradio"}


@pytest.mark.parametrize("path", MATHS, ids=module_of)
def test_the_maths_loads_nothing_heavy(path: Path) -> None:
    assert not loaded_by(f"import {module_of(path)}") & HEAVY


def test_a_package_is_imported_without_the_others() -> None:
    assert not loaded_by("import retrieval.index, retrieval.importing") & {"bot", "storage", "sqlalchemy"}
    assert not loaded_by("import storage.store, storage.database") & {"bot", "retrieval", "torch", "chromadb"}
