"""Faults, the clock, a fresh start and what happened, over HTTP; and who is not heard."""

from __future__ import annotations

import smtplib
import threading
from typing import Any

import pytest

from api_client import Client, sign_up


def test_a_fault_for_the_next_two(client: Client) -> None:
    fault = client.ask("POST", "faults", {"at": "rcpt", "reply": "451 4.2.1 Busy", "times": 2})
    assert fault.status == 201
    box = client.mailbox()
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send(box, sign_up(box))
    client.send(box, sign_up(box))
    (told,) = client.ask("GET", "faults").json["faults"]
    assert (told["id"], told["hits"], told["left"], told["terms"]) == (
        fault.json["id"],
        2,
        0,
        {"reply": "451 4.2.1 Busy"},
    )
    assert client.ask("DELETE", f"faults/{fault.json['id']}").status == 204
    assert client.ask("DELETE", f"faults/{fault.json['id']}").status == 404
    client.ask("POST", "faults", {"at": "mail", "drop": True})
    assert client.ask("DELETE", "faults").status == 204
    assert client.ask("GET", "faults").json == {"faults": []}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"at": "rcpt"},
        {"at": "nowhere", "drop": True},
        {"at": "rcpt", "reply": "250 Fine"},
        {"fault": "no-such"},
        {"at": "rcpt", "fault": "no-mx"},
    ],
)
def test_faults_that_cannot_be(client: Client, body: dict[str, Any]) -> None:
    assert client.ask("POST", "faults", body).status == 422


def test_a_fault_with_a_name(client: Client) -> None:
    made = client.ask("POST", "faults", {"fault": "no-mx@hamburger.test"})
    assert (made.status, made.json["id"], made.json["left"]) == (201, "no-mx@hamburger.test", None)
    assert made.json["words"]
    assert client.ask("DELETE", "faults/no-mx@hamburger.test").status == 204
    assert client.ask("GET", "faults").json == {"faults": []}


def test_the_clock(client: Client) -> None:
    before = client.ask("GET", "clock").json["ahead"]
    assert client.ask("POST", "clock", {"step": "+5h"}).json["ahead"] == before + 18_000
    assert client.ask("POST", "clock", {"step": "yesterday"}).status == 422


def test_the_clock_has_an_end(client: Client) -> None:
    most = 50 * 365 * 86_400 - round(client.ask("GET", "clock").json["ahead"])
    assert client.ask("POST", "clock", {"step": f"+{most + 1}s"}).status == 422
    assert client.ask("POST", "clock", {"step": "+0s"}).status == 200


def test_a_fresh_start(client: Client) -> None:
    box = client.mailbox()
    client.send(box, sign_up(box))
    client.ask("POST", "faults", {"at": "mail", "drop": True})
    found = client.ask("POST", "reset", {}).json
    assert found["faults"] == 1
    assert found["messages"] >= 1
    assert client.ask("GET", f"mailboxes/{box['address']}/messages").json == {"messages": []}


def test_what_happened(client: Client) -> None:
    last = client.ask("GET", "happenings").json["last"]
    box = client.mailbox()
    client.send(box, sign_up(box))
    client.ask("GET", f"mailboxes/{box['address']}/wait?timeout=30")
    found = client.ask("GET", f"happenings?since={last}").json
    assert any(one.get("text") == "DATA" or one.get("text") == "data" for one in found["happenings"])
    (newest,) = client.ask("GET", f"happenings?since={found['last'] - 1}&limit=1").json["happenings"]
    assert newest["seq"] == found["last"]
    assert any(
        "queued as" in line for one in client.ask("GET", "journeys").json["journeys"] for line in one["lines"]
    )


def test_who_waits_for_something_to_happen(client: Client) -> None:
    last, found = client.ask("GET", "happenings").json["last"], []
    waiting = threading.Thread(
        target=lambda: found.append(client.ask("GET", f"happenings?since={last}&timeout=60"))
    )
    waiting.start()
    box = client.mailbox()
    client.send(box, sign_up(box))
    waiting.join(60)
    assert found[0].json["happenings"][0]["seq"] == last + 1
    far = client.ask("GET", "happenings?since=9007199254740992&limit=1")
    assert far.json["happenings"] != []  # of a lab that was there before
    assert client.ask("GET", "happenings?since=9007199254740993").status == 422
    assert client.ask("GET", "journeys?limit=100").status == 200
    assert client.ask("GET", "journeys?limit=101").status == 422


def test_health(client: Client) -> None:
    assert client.ask("GET", "/livez").json == {"status": "alive"}
    assert client.ask("GET", "/readyz").json == {"status": "ready"}
    client.lab.failed.set()
    try:
        assert client.ask("GET", "/readyz").status == 503
    finally:
        client.lab.failed.clear()
    assert client.ask("GET", "lab").json["dns"] == client.lab.names.port


def test_who_is_not_heard(client: Client) -> None:
    assert client.ask("GET", "lab", host="evil.example").status == 403
    assert client.ask("POST", "reset", {}, origin="http://evil.example").status == 403
    assert client.ask("DELETE", "faults", sec_fetch_site="cross-site").status == 403
    assert client.ask("POST", "reset", b"{}", content_type="text/plain").status == 415
    assert client.ask("PUT", "reset", {}).headers["allow"] == "POST"
    assert client.ask("GET", "nothing").json["type"] == "urn:postroom:problem:not-found"
