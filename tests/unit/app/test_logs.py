"""Logs: one line an event, no secret and no control character in it."""

from __future__ import annotations

import errno
import io
import json

import pytest

from postroom.app.logs import make_log


@pytest.mark.parametrize("format_", ["json", "console"])
def test_an_event_is_one_line_without_secrets_or_controls(format_: str) -> None:
    out = io.StringIO()
    make_log(format_, stream=out).info("smtp.auth", id="J1", password="canary-7", line=b"a\r\nb\x1b[31m\x00")
    text = out.getvalue()
    assert text.count("\n") == 1
    assert "canary-7" not in text
    assert "\x1b[31m" not in text
    assert "\\r\\n" in text


def test_json_carries_time_level_and_id() -> None:
    out = io.StringIO()
    make_log("json", stream=out).warning("queue.retry", id="J1")
    event = json.loads(out.getvalue())
    assert (event["event"], event["level"], event["id"]) == ("queue.retry", "warning", "J1")
    assert "timestamp" in event


def test_a_machine_gets_the_time_to_the_microsecond(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    log = make_log("json", stream=out)
    for now in (1_700_000_000_000_007_000, 1_700_000_000_999_999_999, 1_700_000_001_000_000_000):
        monkeypatch.setattr("postroom.app.logs.time.time_ns", lambda now=now: now)
        log.info("x")
    told = [json.loads(line)["timestamp"] for line in out.getvalue().splitlines()]
    assert told == [
        "2023-11-14T22:13:20.000007Z",
        "2023-11-14T22:13:20.999999Z",
        "2023-11-14T22:13:21.000000Z",
    ]


def test_levels_below_the_set_one_are_silent() -> None:
    out = io.StringIO()
    make_log("json", "error", out).info("x")
    assert out.getvalue() == ""


def test_two_logs_do_not_share_anything() -> None:
    one, two = io.StringIO(), io.StringIO()
    make_log("json", "info", one)
    make_log("json", "error", two)
    make_log("json", "info", one).info("x")
    assert one.getvalue()
    assert not two.getvalue()


def test_long_values_are_cut() -> None:
    out = io.StringIO()
    make_log("json", stream=out).info("x", line="x" * 5000)
    assert len(json.loads(out.getvalue())["line"]) == 2001


@pytest.mark.parametrize("broken", ["write", "flush", "closed"])
def test_a_log_that_cannot_be_written_stops_nobody(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    log = make_log("json", "info", out)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    if broken == "closed":
        out.close()
        log.info("said to nobody")
        return
    with monkeypatch.context() as at:
        at.setattr(out, broken, full)
        log.info("said to nobody")
    log.info("said again")
    assert "said again" in out.getvalue()
