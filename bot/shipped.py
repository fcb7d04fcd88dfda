"""The data that ships in the package that uses it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def read_json(package: str, name: str) -> Any:
    """The file `data/NAME` of a package ("bot.policy")."""
    return json.loads(files(package).joinpath(f"data/{name}").read_text(encoding="utf-8"))
