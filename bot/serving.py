"""Starts the site and ends it: a clear line for each step, a clear sentence for what is wrong."""

from __future__ import annotations

import logging
import os
import socket
from errno import EADDRNOTAVAIL
from threading import Thread
from types import FrameType

import uvicorn
from fastapi import FastAPI

from bot.bot import Bot
from bot.daily import Daily
from bot.database import open_store
from bot.importing import index_lock
from bot.loading import Loader
from bot.running import Running
from bot.service.logs import set_up_logs
from bot.service.spans import spans
from bot.settings import Settings
from bot.setup import set_up
from bot.web.server import create_app
from errors import SettingsError
from storage.masking import mask_logs

log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serves until it is stopped. Raises SettingsError for a port that cannot be had, and what set-up raises."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch reads it once: waiting threads do not spin
    set_up_logs(settings.log)
    mask_logs()
    with free_port(settings.host, settings.port) as listening:
        set_up(settings)
        _serve(settings, listening)


def _serve(settings: Settings, listening: socket.socket) -> None:
    with index_lock(settings) as held:
        if not held:
            reason = f"another app is running on {settings.data_dir}; stop it, or choose another folder"
            raise SettingsError(name="ZHIYIN_DATA_DIR", reason=reason)
        store = open_store(settings)
        loader = Loader(settings, store)
        loader.start()
        daily = Daily(settings, store)
        daily.start()
        try:
            bot = Bot(store, loader, replicas=bool(settings.chroma_url))
            if settings.otlp_url:
                bot.watchers.add(spans(settings))
            app = create_app(bot, loader, settings)
            host, port = listening.getsockname()[:2]
            print(
                f"\n知音 Zhiyin  →  http://{'localhost' if host in ('0.0.0.0', '127.0.0.1') else host}:{port}\n",
                flush=True,
            )
            Server(_how(app, settings), bot.running, settings.stop_seconds).run(sockets=[listening])
        finally:
            daily.close()
            loader.close()


class Server(uvicorn.Server):
    """Told to stop, it lets running replies end first: new ones are refused and `/readyz` says so meanwhile.

    Told twice, it ends at once.
    """

    def __init__(self, config: uvicorn.Config, running: Running, seconds: float) -> None:
        super().__init__(config)
        self._running = running
        self._seconds = seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came. It is not passed on at the end, as uvicorn would: ending as one is told to is no failure."""
        if self._running.stopping:
            self.should_exit = self.force_exit = True
            return
        self._running.stopping = True
        Thread(target=self._end, name="stopping", daemon=True).start()

    def _end(self) -> None:
        left = self._running.close(self._seconds)
        log.info("stopping; replies that were cut off: %d", left)
        self.should_exit = True


def _how(app: FastAPI, settings: Settings) -> uvicorn.Config:
    # Forwarded headers are read by the app, which knows the proxies that may send them.
    return uvicorn.Config(
        app,
        log_config=None,  # its lines go where the app's own go
        log_level="warning",
        timeout_graceful_shutdown=5,
        proxy_headers=False,
        server_header=False,
        root_path=settings.root_path,
    )


def free_port(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises SettingsError where host or port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        wrong_host = isinstance(error, socket.gaierror) or error.errno == EADDRNOTAVAIL
        name, what = ("ZHIYIN_HOST", "host") if wrong_host else ("ZHIYIN_PORT", "port")
        reason = f"{host}:{port} cannot be used ({error.strerror}); choose another {what}"
        raise SettingsError(name=name, reason=reason) from error
    return listening
