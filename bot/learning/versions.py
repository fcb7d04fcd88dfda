"""Versions of the score's weights, kept in the data folder: one JSON file each, and which of them is in use."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from retrieval.score import ScoreWeights

log = logging.getLogger(__name__)

SHIPPED = 0
"""The version that comes with the app."""


class Versions:
    """The versions in a folder. Version 0 is what the app comes with; nothing is written until one is stored."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "ranking"

    @property
    def current(self) -> int:
        """The version in use."""
        path = self._folder / "current"
        try:
            return int(path.read_text(encoding="utf-8")) if path.is_file() else SHIPPED
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read, so the shipped weights are used: %s", path, error)
            return SHIPPED

    def weights(self, version: int | None = None) -> ScoreWeights:
        """The weights of a version, of the current one if none is named; shipped ones where it is damaged."""
        number = self.current if version is None else version
        if number == SHIPPED:
            return ScoreWeights()
        try:
            raw = json.loads(self._path(number).read_text(encoding="utf-8"))["weights"]
            known = {name: float(raw[name]) for name in asdict(ScoreWeights()) if name in raw}
            return replace(ScoreWeights(), **known)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("weights of version %d cannot be read, so the shipped ones are used: %s", number, error)
            return ScoreWeights()

    def add(self, weights: ScoreWeights, about: Mapping[str, Any]) -> int:
        """Stores weights as a new version and puts it into use; its number."""
        taken = [int(path.stem.removeprefix("weights-")) for path in self._folder.glob("weights-*.json")]
        number = max(taken, default=SHIPPED) + 1
        self._folder.mkdir(parents=True, exist_ok=True)
        told = {"version": number, "before": self.current, "weights": asdict(weights), **about}
        self._path(number).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        self._use(number)
        return number

    def roll_back(self) -> int:
        """Goes back to the version before the current one; its number. The shipped one stays."""
        number = self.current
        before = SHIPPED
        if number != SHIPPED:
            try:
                before = int(json.loads(self._path(number).read_text(encoding="utf-8"))["before"])
            except (OSError, ValueError, KeyError) as error:
                log.warning("version %d does not say what came before it: %s", number, error)
            self._use(before)
        return before

    def _use(self, number: int) -> None:
        passing = self._folder / "current.part"
        passing.write_text(str(number), encoding="utf-8")
        passing.replace(self._folder / "current")

    def _path(self, number: int) -> Path:
        return self._folder / f"weights-{number:04d}.json"
