"""Many faults: `python tests/load/faults.py [KILLS]` kills two apps in turn under load and prints a table.

The topology is that of `replicas.py`. Then both import at once, each its own file, and the index must hold both.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from processes import ROOT, SAID, Process, Visitor, check_kept, client, until
from replicas import two_apps

VISITORS = 8


def talk(visitor: Visitor, over: Event) -> None:
    """Talks and likes until it is over."""
    for text in cycle(SAID):
        if cards := visitor.say(text)["slate"]["items"]:
            visitor.like(cards[0]["id"])
        if over.is_set():
            return


def killed(apps: list[Process], kills: int) -> None:
    """Kills one app after the other while people chat; everything acknowledged must be kept, once."""
    over = Event()
    with client() as http:
        visitors = [Visitor([one.address for one in apps], http).open() for _ in range(VISITORS)]
        talking = [Thread(target=talk, args=(visitor, over)) for visitor in visitors]
        for thread in talking:
            thread.start()
        away = []
        for number in range(kills):
            time.sleep(random.uniform(0.5, 3.0))
            one = apps[number % len(apps)]
            one.end(signal.SIGKILL)
            start = time.monotonic()
            one.start().ready()
            away.append(time.monotonic() - start)
        over.set()
        for thread in talking:
            thread.join()
        for visitor in visitors:
            check_kept(visitor)
        said, liked = (sum(len(getattr(visitor, what)) for visitor in visitors) for what in ("said", "liked"))
        slowest = max(max(visitor.seconds) for visitor in visitors)
    print(f"| kill -9 under load, {kills} times | {said} messages, {liked} likes | 0 lost, 0 twice |")
    print(f"| from its death until it is ready again | {max(away):.0f} s at most | |")
    print(f"| the longest that a visitor waited, with the other replica | {slowest:.1f} s | |", flush=True)


def imported_at_once(folder: Path, apps: list[Process]) -> None:
    """Two processes import at once; in the end both apps have what both brought."""
    had = int(apps[0].figures()["zhiyin_catalogue_items"])
    files = []
    for part in ("one", "two"):
        rows = [{"id": f"{part}-{n}", "title": f"{part} {n}", "domain": part} for n in range(100)]
        files.append(folder / f"{part}.jsonl")
        files[-1].write_text("\n".join(map(json.dumps, rows)))
    command = [str(Path(sys.executable).with_name("zhiyin")), "import"]
    env = os.environ | apps[0].env
    running = [subprocess.Popen([*command, str(file)], env=env, cwd=ROOT) for file in files]
    assert [one.wait(600) for one in running] == [0, 0]
    for one in apps:
        until(lambda one=one: one.figures()["zhiyin_catalogue_items"] == had + 200)  # type: ignore[misc]
        assert one.readiness()["degraded"] == {}
    print("| two imports at once | 2 × 100 items | all there, at both replicas |", flush=True)


def main() -> None:
    """Starts all, lets it happen, prints."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with two_apps() as (folder, apps):
        print("| what | how much | |\n| --- | --- | --- |")
        imported_at_once(folder, apps)
        killed(apps, kills)


if __name__ == "__main__":
    main()
