"""Faults of the web, in front of an application."""

from __future__ import annotations

import json
from typing import Any

import pytest

from postroom.lab.faults import web
from postroom.lab.faults.guest import Trouble
from postroom.lab.faults.rules import FaultRule, FaultRules
from postroom.lab.faults.web import FaultyWeb
from postroom.net.clock import MovableClock
from postroom.serve.jmap.methods.sessions import API


class Site:
    """An application behind faults of JMAP that is asked once; it keeps what has come to it, piece by piece."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.waiting = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        ]
        self.came: list[bytes] = []
        self.left = -1  # pieces that nobody had asked for when the application began

    async def receive(self) -> Any:
        return self.waiting.pop(0)

    async def app(self, _scope: Any, receive: Any, _send: Any) -> None:
        self.left = len(self.waiting)
        more = True
        while more:
            message = await receive()
            self.came.append(message["body"])
            more = message["more_body"]

    async def ask(self) -> FaultRule:
        rules = FaultRules()
        rule = rules.add(FaultRule("jmap Email/get", delay=0.001))
        trouble = Trouble(rules, MovableClock(), lambda *_: pytest.fail("no certificate is asked for"))
        scope = {"type": "http", "method": "POST", "path": API, "scheme": "http", "client": ("127.0.0.1", 5)}
        await FaultyWeb(self.app, trouble, "hamburger.test")(scope, self.receive, None)
        return rule


async def test_a_method_is_found_in_pieces() -> None:
    body = json.dumps({"methodCalls": [["Email/get", {}, "a"]]}).encode()
    site = Site([body[:9], body[9:]])
    assert (await site.ask()).hits == 1
    assert b"".join(site.came) == body


async def test_a_request_that_is_nested_deeply_goes_on() -> None:
    site = Site([b"[" * 200_000])
    assert (await site.ask()).hits == 0
    assert site.came == [b"[" * 200_000]


async def test_no_more_is_held_than_servers_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MOST_READ", 100)
    site = Site([b"x" * 60] * 10)
    await site.ask()
    assert site.left == 8
    assert b"".join(site.came) == b"x" * 600
