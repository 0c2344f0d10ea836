"""Logs: one event a line, for people on a terminal or as JSON for machines.

Each server has a logger of its own; nothing here is global. What a peer sent is escaped, and values under secret names are masked, so that
no password reaches a log even when a caller is careless. Not here: the journey, which is kept with the message.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

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
        structlog.WriteLogger(cast("TextIO", _Patient(stream))),
        processors=_for_people(colors=stream.isatty()) if people else [json_line],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=False,
    )
    return log


class _Patient:
    """A stream that may be full, or read by nobody any more: that stops no mail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Writes what can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Likewise."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def _for_people(*, colors: bool) -> list[structlog.typing.Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
        escape_for_people,
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=28),
    ]


def json_line(log: Any, name: str, event: MutableMapping[str, Any]) -> str:
    """All that machines need, in one step: a busy server writes a line for each message."""
    if event.get("exc_info"):
        event = structlog.processors.format_exc_info(log, name, event)
    if not SECRET_NAMES.isdisjoint(event):
        mask_secrets(log, name, event)
    bytes_to_text(log, name, event)
    event["level"] = name
    event["timestamp"] = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return _encode(event).decode()


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
