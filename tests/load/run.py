"""The load test: `python tests/load/run.py [SECONDS]` prints a table, once without and once with an abuser.

The app runs as an operator starts it, on this machine and without the language model; locust plays the visitors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from math import ceil
from pathlib import Path
from typing import Any

import httpx

VISITORS = Path(__file__).with_name("visitors.py")
PORT = int(os.environ.get("ZHIYIN_PORT", "7872"))
ARRIVING = 5
"""Visitors a second until all are there; what is counted begins then."""
SHARES = (0.5, 0.95, 0.99)


def percentile(times: dict[str, int], share: float) -> float:
    """Milliseconds within which that share of the calls was answered. `times`: milliseconds → how many."""
    counts = sorted((float(ms), count) for ms, count in times.items())
    left = share * sum(count for _, count in counts)
    for ms, count in counts:
        left -= count
        if left <= 0:
            return ms
    return float("nan")


def visited(seconds: int, abusers: int) -> list[dict[str, Any]]:
    """What locust counted, by name of call."""
    users = 16 + 200 + abusers
    command = [sys.executable, "-m", "locust", "-f", str(VISITORS), "--headless", "--json", "--only-summary"]
    arriving = ceil(users / ARRIVING)
    command += ["-u", str(users), "-r", str(ARRIVING), "--reset-stats", "-t", f"{arriving + seconds}s"]
    command += ["--host", f"http://127.0.0.1:{PORT}"]
    env = os.environ | {"ABUSERS": str(abusers)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    told: list[dict[str, Any]] = json.loads(done.stdout[done.stdout.index("[") :])
    return told


def main() -> None:
    """Starts the app, has it visited, prints the table."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        env = {"ZHIYIN_DATA_DIR": folder} | os.environ | {"ZHIYIN_LLM": "none", "ZHIYIN_PORT": str(PORT)}
        app = subprocess.Popen([sys.executable, "app.py"], env=env, stdout=subprocess.DEVNULL)
        try:
            while True:
                try:
                    if httpx.get(f"http://127.0.0.1:{PORT}/readyz", trust_env=False).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(1)
            print("| abusers | call | calls | failed | p50 ms | p95 ms | p99 ms |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            for abusers in (0, 1):
                for row in sorted(visited(seconds, abusers), key=lambda row: str(row["name"])):
                    times = [f"{percentile(row['response_times'], share):.0f}" for share in SHARES]
                    counts = [str(row[name]) for name in ("num_requests", "num_failures")]
                    print("|", " | ".join([str(abusers), row["name"], *counts, *times]), "|", flush=True)
        finally:
            app.terminate()
            app.wait(20)


if __name__ == "__main__":
    main()
