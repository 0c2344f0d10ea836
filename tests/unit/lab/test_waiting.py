"""`postroom lab --wait`, and a page that others may reach."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from laboratory import LabThread
from postroom.agent import runtime
from postroom.app.cli.program import run
from postroom.app.control import listen_at
from postroom.lab.control import LAB
from postroom.lab.http_server import HttpServer
from postroom.lab.reachable import BadBind, parse_bind
from postroom.lab.routes import Routes
from postroom.net.clock import SystemClock
from postroom.web.doors import nothing


def test_a_lab_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = LabThread(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(lab.runtime))
    try:
        assert run(["lab", "--wait", "--json"]) == 0
        assert (
            json.loads(capsys.readouterr().out).items() >= json.loads(json.dumps(lab.lab.describe())).items()
        )
        assert run(["lab", "--wait"]) == 0
        assert capsys.readouterr().out == f"The lab is ready: {lab.lab.front.url}\n"
        lab.lab.failed.set()
        assert run(["lab", "--wait", "--timeout", "0"]) == 1
        assert "a server of the lab has failed" in capsys.readouterr().err
    finally:
        lab.close()
    assert run(["lab", "--wait", "--timeout", "0"]) == 1  # what it left behind is no lab
    assert "no lab was ready within 0 s" in capsys.readouterr().err


def test_a_lab_that_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes the connection, as a process does that was stopped (SIGSTOP), and `--timeout` holds all the same."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("postroom.lab.cli.waiting.ANSWER_SECONDS", 0.1)
    runtime.publish({LAB: str(tmp_path / "socket")}, runtime.lab_directory())
    with listen_at(tmp_path / "socket"):
        assert run(["lab", "--wait", "--timeout", "0.2"]) == 1
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "code"), [("3600", 0), ("3601", 2), ("-1", 2)])
def test_how_long(monkeypatch: pytest.MonkeyPatch, seconds: str, code: int) -> None:
    monkeypatch.setattr("postroom.lab.cli.wait_for_lab", lambda _seconds, *, json: int(json))
    assert run(["lab", "--wait", "--timeout", seconds]) == code


def test_the_page_is_bound_where_others_are() -> None:
    with pytest.raises(BadBind, match="goes with --bind"):
        parse_bind("", page_too=True)
    assert parse_bind("") == ""


@pytest.mark.parametrize(
    ("host", "alone", "for_others"),
    [("localhost", 404, 404), ("lab", 403, 404), ("192.0.2.1", 403, 404), ("evil.example", 403, 403)],
)
async def test_whose_names_are_heard(host: str, alone: int, for_others: int) -> None:
    for further, status in (("", alone), ("127.0.0.9", for_others)):
        server = HttpServer(SystemClock(), Routes((), nothing, lambda: None), lambda _: None, further)
        await server.start(0)
        try:
            assert await _status(f"http://{further or '127.0.0.1'}:{server.port}/", host) == status
        finally:
            await server.stop(0)


async def _status(url: str, host: str) -> int:
    def ask() -> int:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, headers={"Host": host}), timeout=30
            ) as found:
                return int(found.status)
        except urllib.error.HTTPError as error:
            return error.code

    return await asyncio.to_thread(ask)
