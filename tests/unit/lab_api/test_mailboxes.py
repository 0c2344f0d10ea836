"""Mailboxes over HTTP: made, written to, waited for, looked into, emptied."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from api_client import Answer, Client, sign_up
from postroom.lab.api.values import MOST_LISTED, MOST_PATTERN, MOST_SECONDS
from postroom.lab.arrived.mail import Mail


def test_a_sign_up(client: Client) -> None:
    box = client.mailbox()
    client.send(box, sign_up(box))
    found = client.ask("GET", f"mailboxes/{box['address']}/wait?subject=confirm*&timeout=30")
    assert found.status == 200
    mail = found.json
    assert (mail["code"], mail["links"], mail["sender"]) == (
        "123456",
        ["https://app.test/confirm?x=1"],
        "app@crepes.test",
    )
    assert [(one["number"], one["name"], one["content_type"]) for one in mail["parts"]] == [
        (1, 'menu".html', "text/html")
    ]
    at = f"mailboxes/{box['address']}/messages/{mail['id']}"
    assert client.ask("GET", at).json == mail
    assert client.ask("GET", f"{at}/links?containing=nothing").json == {"links": []}
    assert client.ask("GET", f"{at}/code").json == {"code": "123456"}
    assert client.ask("GET", f"{at}/parts").json["parts"] == mail["parts"]
    assert {"check", "group", "verdict", "reason"} <= set(client.ask("GET", f"{at}/checks").json["checks"][0])
    raw = client.ask("GET", f"{at}/raw")
    assert (raw.media_type, len(raw.content)) == ("message/rfc822", mail["size"])
    assert b"Subject: Confirm your address\r\n" in raw.content


def test_a_file_of_a_message_is_no_page_of_ours(client: Client) -> None:
    box = client.mailbox()
    client.send(box, sign_up(box))
    mail = client.ask("GET", f"mailboxes/{box['address']}/wait?timeout=30").json
    found = client.ask("GET", f"mailboxes/{box['address']}/messages/{mail['id']}/parts/1")
    assert found.content == b"<script>alert(1)</script>\r\n" or b"alert" in found.content
    assert found.headers["content-disposition"] == 'attachment; filename="part-1"'
    assert found.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in found.headers
    for number in ("0", "2", "0000000011", "x", "\N{SUPERSCRIPT TWO}".encode().hex()):
        assert (
            client.ask("GET", f"mailboxes/{box['address']}/messages/{mail['id']}/parts/{number}").status
            == 404
        )


def test_listing_and_searching(client: Client) -> None:
    box = client.mailbox()
    for _ in range(2):
        client.send(box, sign_up(box))
    at = f"mailboxes/{box['address']}/messages"
    assert [one["subject"] for one in client.ask("GET", at).json["messages"]] == ["Confirm your address"] * 2
    assert len(client.ask("GET", f"{at}?text=CODE+IS&limit=1").json["messages"]) == 1
    for query in ("subject=other", "sender=bob*", "text=ketchup"):
        assert client.ask("GET", f"{at}?{query}").json == {"messages": []}


def test_one_message_is_read_alone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    box, read = client.mailbox(), []
    for _ in range(3):
        client.send(box, sign_up(box))
    at = f"mailboxes/{box['address']}/messages"
    wanted = client.ask("GET", at).json["messages"][1]["id"]

    class Counted(Mail):
        def __init__(self, raw: bytes, *rest: Any) -> None:
            read.append(raw)
            super().__init__(raw, *rest)

    monkeypatch.setattr("postroom.lab.arrived.box.Mail", Counted)
    for path in (wanted, f"{wanted}/raw", f"{wanted}/parts/1"):
        assert client.ask("GET", f"{at}/{path}").status == 200
    assert len(read) == 3


def test_one_is_deleted_then_all(client: Client) -> None:
    box = client.mailbox()
    for _ in range(3):
        client.send(box, sign_up(box))
    at = f"mailboxes/{box['address']}/messages"
    first, *rest = [one["id"] for one in client.ask("GET", at).json["messages"]]
    assert client.ask("DELETE", f"{at}/{first}").status == 204
    assert client.ask("DELETE", f"{at}/{first}").status == 404
    assert [one["id"] for one in client.ask("GET", at).json["messages"]] == rest
    assert client.ask("DELETE", at).status == 204
    assert client.ask("GET", at).json == {"messages": []}


def test_who_waits_gets_it_when_it_comes(client: Client) -> None:
    box, found = client.mailbox(), []
    path = f"mailboxes/{box['address']}/wait?timeout={MOST_SECONDS}"
    waiting = threading.Thread(target=lambda: found.append(client.ask("GET", path)))
    waiting.start()
    client.send(box, sign_up(box))
    waiting.join(60)
    assert found[0].json["subject"] == "Confirm your address"


def test_nothing_came(client: Client) -> None:
    box = client.mailbox()
    found = client.ask("GET", f"mailboxes/{box['address']}/wait?subject=x&timeout=0")
    assert (found.status, found.media_type) == (404, "application/problem+json")
    assert found.json["type"] == "urn:postroom:problem:not-arrived"
    assert "there is nothing" in found.json["detail"]


def test_mailboxes_by_name(client: Client) -> None:
    made = client.ask("POST", "mailboxes", {"name": "carol", "domain": "crepes.test"})
    assert (made.status, made.json["address"]) == (201, "carol@crepes.test")
    assert client.ask("POST", "mailboxes", {"name": "carol", "domain": "crepes.test"}).status == 409
    listed = {one["address"]: one for one in client.ask("GET", "mailboxes").json["mailboxes"]}
    assert listed["carol@crepes.test"] == made.json == client.ask("GET", "mailboxes/carol@crepes.test").json
    assert listed["bob@hamburger.test"]["password"]
    assert client.ask("GET", "mailboxes/dave@crepes.test").status == 404


def test_one_name_for_many_who_ask_at_once(client: Client) -> None:
    found: list[Answer] = []
    askers = [
        threading.Thread(target=lambda: found.append(client.ask("POST", "mailboxes", {"name": "erin"})))
        for _ in range(4)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(60)
    assert sorted(one.status for one in found) == [201, 409, 409, 409]
    (made,) = (one.json for one in found if one.status == 201)
    assert client.ask("GET", "mailboxes/erin@hamburger.test").json == made


def test_the_address_of_a_fault_is_no_name_for_a_mailbox(client: Client) -> None:
    found = client.ask("POST", "mailboxes", {"name": "slow"})
    assert (found.status, found.media_type) == (409, "application/problem+json")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "a" * 64}, 201),
        ({"name": "a" * 65}, 422),
        ({"name": "A b"}, 422),
        ({"domain": "elsewhere.test"}, 422),
        ({"nmae": "x"}, 422),
        ([], 422),
        (b"{", 400),
        (b"\xff", 400),
    ],
)
def test_what_a_new_mailbox_can_be(client: Client, body: Any, status: int) -> None:
    found = client.ask("POST", "mailboxes", body)
    assert found.status == status, found.content
    if status != 201:
        assert found.media_type == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("timeout=0", 404),
        (f"timeout={MOST_SECONDS + 1}", 422),
        ("timeout=-1", 422),
        ("timeout=nan", 422),
        (f"timeout=0&subject={'x' * MOST_PATTERN}", 404),
        (f"timeout=0&subject={'x' * (MOST_PATTERN + 1)}", 422),
        ("subjcet=x", 422),
        ("timeout=0&timeout=0", 422),
    ],
)
def test_what_can_be_waited_for(client: Client, query: str, status: int) -> None:
    assert client.ask("GET", f"mailboxes/bob@hamburger.test/wait?{query}").status == status


@pytest.mark.parametrize(
    ("limit", "status"), [(1, 200), (MOST_LISTED, 200), (0, 422), (MOST_LISTED + 1, 422)]
)
def test_how_many_are_listed(client: Client, limit: int, status: int) -> None:
    assert client.ask("GET", f"mailboxes/bob@hamburger.test/messages?limit={limit}").status == status
