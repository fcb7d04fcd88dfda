"""The lines of catalogue files as JSON objects, before any field is checked.

CSV columns have the names of the fields; tags and lists are separated by `;`; nested fields have dotted
names: `attributes.color`, `i18n.en.title`, `i18n.en.attributes.color`.
"""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from errors import CatalogueError

log = logging.getLogger(__name__)

Row = tuple[int, dict[str, Any] | CatalogueError]
"""Line (from 1), and what it holds or why it cannot be read. `name` below: the file's, for errors."""

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def json_rows(file: TextIO, name: str) -> Iterator[Row]:
    """The objects of a JSONL file; empty lines are passed over."""
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError) as error:
            log.debug("%s:%d: %s", name, line, error)
            yield line, CatalogueError(file=name, line=line, field="line", reason="is not valid JSON")
            continue
        if not isinstance(raw, dict):
            raw = CatalogueError(file=name, line=line, field="line", reason="must be a JSON object")
        yield line, raw


def csv_rows(file: TextIO, name: str) -> Iterator[Row]:
    """The rows of a CSV file as the JSON objects they stand for. The line is the one a row starts at."""
    reader = csv.DictReader(file, strict=True)
    line = 1
    try:
        missing = [column for column in ("id", "title", "domain") if column not in (reader.fieldnames or ())]
        if missing:
            reason = f"the header lacks the column {missing[0]}"
            yield 1, CatalogueError(file=name, line=1, field=missing[0], reason=reason)
            return
        line = reader.line_num + 1
        for cells in reader:
            yield line, _nested(cells, name, line)
            line = reader.line_num + 1
    except csv.Error as error:
        # The reader cannot tell where the next row starts, so the rest of the file is not read.
        reason = f"is not valid CSV ({error}); nothing after it was read"
        yield line, CatalogueError(file=name, line=line, field="line", reason=reason)


def _nested(cells: Mapping[str | None, Any], name: str, line: int) -> dict[str, Any] | CatalogueError:
    """A CSV row as the JSON object it stands for."""
    raw: dict[str, Any] = {}
    for column, cell in cells.items():
        if column is None:
            return CatalogueError(file=name, line=line, field="line", reason="has more cells than the header")
        if cell is None or not cell.strip():
            continue
        path = _path(column.strip())
        inner = raw
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        inner[path[-1]] = _cell(path, cell.strip())
    return raw


def _path(column: str) -> list[str]:
    """`i18n.en.attributes.x.y` -> i18n, en, attributes, x.y: an attribute's own name may have dots."""
    head, mark, attribute = column.partition("attributes.")
    steps = [step for step in head.split(".") if step]
    return [*steps, "attributes", attribute] if mark else steps or [column]


def _cell(path: list[str], cell: str) -> Any:
    """A cell as the JSON value its column asks for; what does not fit stays text and is refused later."""
    if path[-1] == "tags":
        return cell.split(";")
    if path == ["available"]:
        return YES_NO.get(cell.lower(), cell)
    is_attribute = len(path) > 1 and path[-2] == "attributes"
    if (is_attribute or path in (["price"], ["year"])) and NUMBER.fullmatch(cell):
        return float(cell) if "." in cell else int(cell)
    if is_attribute:
        return cell.lower() == "true" if cell.lower() in ("true", "false") else _list_or_text(cell)
    return cell


def _list_or_text(cell: str) -> str | list[str]:
    return cell.split(";") if ";" in cell else cell
