"""A real browser and a real app process, for the journeys."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 300.0


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Fails loudly where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "these tests need a Chromium: install the package chromium"
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=path, args=args)
        try:
            yield browser
        finally:
            browser.close()


def opened(page: Page, address: str) -> Page:
    """The page, once the conversation is drawn."""
    page.goto(address)
    page.locator(".zy[data-ready]").wait_for(timeout=20_000)
    return page


def say(page: Page, text: str, seconds: float = 60) -> None:
    """Says something and waits for the whole answer."""
    before = page.locator(".zy-said").count()
    box = page.get_by_role("textbox")
    box.fill(text)
    box.press("Enter")
    expect(page.locator(".zy-said")).to_have_count(before + 1)
    turn = page.locator(".zy-turn:has(.zy-said)").last
    expect(turn).to_have_attribute("data-state", "done", timeout=seconds * 1000)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class AppProcess:
    """`python app.py` over a data folder, at one address; it may be killed and started again."""

    def __init__(self, data_dir: Path, models_dir: Path, llm: str = "embedded") -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._log_path = data_dir / "app.log"
        self._settings = {
            "ZHIYIN_DATA_DIR": str(data_dir),
            "ZHIYIN_MODELS_DIR": str(models_dir),
            "ZHIYIN_HOST": "127.0.0.1",
            "ZHIYIN_PORT": str(port),
            "ZHIYIN_LLM": llm,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env={**os.environ, **self._settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        _wait(f"{self.address}/readyz", self._process, self._log_path)

    def kill(self) -> None:
        """Ends it at once, whatever it was doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Asks it to end; kills it where it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running_app(data_dir: Path, models_dir: Path, llm: str = "embedded") -> Iterator[str]:
    """`python app.py` over a data folder, once it is ready; yields its address, then stops it."""
    app = AppProcess(data_dir, models_dir, llm)
    try:
        app.start()
        yield app.address
    finally:
        app.stop()


def _wait(address: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the app ended early:\n{log_path.read_text()[-3000:]}"
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.25)
    raise AssertionError(f"the app was not ready in time:\n{log_path.read_text()[-3000:]}")
