"""Logs: one line for each thing that happened, to read or as JSON, with the request that it belongs to.

No line below warning has a visitor's words, and no line at all a token, a key or a password: what is logged of a
request is its route, not its address, and the database driver hides its parameters.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

LogKind = Literal["plain", "json"]

NONE = "-"
request_id: ContextVar[str] = ContextVar("request_id", default=NONE)
"""The request that is being answered; threads that a request starts through anyio have it, too."""

TELLING = ("bot", "retrieval", "storage")
"""Loggers that are heard from `info` on; all others from `warning` on."""
REQUESTS = "bot.web.requests"
"""One line a request, for machines only: a person at a terminal would find nothing else between them."""
_PLAIN = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id", "taskName"}


def set_up_logs(kind: LogKind, stream: TextIO | None = None) -> None:
    """Sends everything that is logged from here on to `stream` (stderr by default), in place of what was set before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if kind == "json" else logging.Formatter(_PLAIN))
    handler.addFilter(with_request)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in TELLING:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger(REQUESTS).setLevel(logging.INFO if kind == "json" else logging.WARNING)


def with_request(record: logging.LogRecord) -> bool:
    """Notes on a record which request it belongs to. A filter that lets everything pass."""
    record.request_id = request_id.get()
    return True


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, what was given as `extra`, and the error."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", NONE),
        }
        told |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[0]:
            told["error"] = record.exc_info[0].__name__
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)
