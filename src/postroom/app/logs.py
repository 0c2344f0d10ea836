"""Logs: one event a line, for people on a terminal or as JSON for machines.

Each server has a logger of its own; nothing here is global. What a peer sent is escaped, and values under secret names are masked, so that
no password reaches a log even when a caller is careless. Not here: the journey, which is kept with the message.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

import msgspec
import structlog

SECRET_NAMES = frozenset(
    (
        "password",
        "passwd",
        "secret",
        "token",
        "credentials",
        "authorization",
        "cookie",
        "initial_response",
        "verifier",
    )
)
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
MAX_VALUE = 2_000  # characters of one value

_encode = msgspec.json.Encoder(enc_hook=str).encode

Log = structlog.typing.FilteringBoundLogger


def make_log(format_: str = "auto", level: str = "info", stream: TextIO | None = None) -> Log:
    """A logger that writes to `stream` (standard error). `format_` is console, json or auto (console on a terminal)."""
    stream = stream or sys.stderr
    people = format_ == "console" or (format_ == "auto" and stream.isatty())
    log: Log = structlog.wrap_logger(
        _Lines(stream),
        processors=_for_people(colors=stream.isatty()) if people else [JsonLine()],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=False,
    )
    return log


class _Lines:
    """Where lines go: a stream that may be full, or read by nobody any more, which stops no mail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def info(self, line: str) -> None:
        """Writes it if it can be written."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    debug = warning = error = critical = info


def _for_people(*, colors: bool) -> list[structlog.typing.Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
        escape_for_people,
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=28),
    ]


class JsonLine:
    """All that machines need, in one step: a busy server writes a line for each message."""

    def __init__(self) -> None:
        self._second = -1
        self._until_second = ""  # formatted once a second

    def __call__(self, log: Any, name: str, event: MutableMapping[str, Any]) -> str:
        """One event as a line."""
        if event.get("exc_info"):
            event = structlog.processors.format_exc_info(log, name, event)
        if not SECRET_NAMES.isdisjoint(event):
            mask_secrets(log, name, event)
        if bytes in map(type, event.values()):
            bytes_to_text(log, name, event)
        event["level"] = name
        event["timestamp"] = self._timestamp(time.time_ns() // 1000)
        line = _encode(event)
        if len(line) > MAX_VALUE:  # else no value is too long
            line = _encode(bytes_to_text(log, name, event))
        return line.decode()

    def _timestamp(self, now: int) -> str:
        second, micro = divmod(now, 1_000_000)
        if second != self._second:
            self._second = second
            self._until_second = dt.datetime.fromtimestamp(second, dt.UTC).replace(tzinfo=None).isoformat()
        return f"{self._until_second}.{micro:06d}Z"


def mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces values whose key is a secret's name."""
    for key in SECRET_NAMES.intersection(event):
        event[key] = "***"
    return event


def bytes_to_text(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Bytes become text, long values are cut; JSON escapes the rest."""
    for key, value in event.items():
        if isinstance(value, str):
            if len(value) > MAX_VALUE and key != "exception":
                event[key] = _cut(value)
        elif isinstance(value, bytes):
            event[key] = _cut(value.decode("utf-8", "backslashreplace"))
    return event


def escape_for_people(log: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """As `bytes_to_text`, and control characters become escapes, so that one event stays one line."""
    for key, value in bytes_to_text(log, name, event).items():
        if isinstance(value, str) and key != "exception":
            event[key] = printable(value)
    return event


def printable(text: str) -> str:
    """Control characters (C0, DEL, C1, bidirectional and line separators) as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + "…"
