"""Logs as one JSON object a line: a constant message and facts as fields; ids and counts, never content.

Only the fields named here are written, so a careless `extra` cannot leak a phone number or a text.
"""

import json
import logging
import sys
import time
import traceback
from contextvars import ContextVar
from typing import Any

#: The id of the request that is being answered in this thread, empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

FIELDS = ("envelope", "profile", "account", "provider", "fault", "is_dead", "count", "seconds", "entry", "member")


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "logger", "message", ...}`; an exception is its type and where it was raised, not its text.

    An exception's text often quotes the row or the payload that caused it, which is personal data.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
        }
        line |= {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
        if status := getattr(record, "status_code", None):  # Django's name for it, on the lines of `django.request`
            line["status"] = status
        if request := request_id.get():
            line["request"] = request
        if record.exc_info and record.exc_info[0]:
            frames = [f for f in traceback.extract_tb(record.exc_info[2]) if "site-packages" not in f.filename][-3:]
            line["exception"] = record.exc_info[0].__name__
            line["raised_at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line, default=str)

    @staticmethod
    def _message(record: logging.LogRecord) -> str:
        """Our own messages are constant; those of libraries keep their template and lose their arguments."""
        return record.getMessage() if record.name.startswith("cxhub") else str(record.msg)


def configuration(*, level: str = "INFO") -> dict[str, Any]:
    """A `dictConfig` that sends everything to stderr as JSON."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "cxhub.logs.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"cxhub": {"level": level}, "django.server": {"level": "WARNING"}},
    }
