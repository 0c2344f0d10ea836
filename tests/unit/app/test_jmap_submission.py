"""Mail that is sent by JMAP over HTTPS of a whole server goes the way of port 587: delay to undo it, filing, limits of an account."""

from __future__ import annotations

import base64
import http.client
import imaplib
import json
import ssl
from pathlib import Path
from typing import Any

import msgspec

from whole_server import PASSWORD, Running, fetch, settings_of, thread

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"]


def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    """An exchange over TLS as Bob."""
    token = base64.b64encode(f"bob@l.test:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json", "Host": "mail.l.test"}
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port, context=ssl._create_unverified_context(), timeout=60
    )
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    raw = response.read()
    connection.close()
    assert response.status == 200, raw
    return json.loads(raw)


def calls(port: int, account: str, *wanted: tuple[str, dict[str, Any]]) -> list[Any]:
    listed = [[name, {"accountId": account} | given, str(n)] for n, (name, given) in enumerate(wanted)]
    told = ask(port, "POST", "/jmap/api", {"using": USING, "methodCalls": listed})
    return [one[1] for one in told["methodResponses"]]


def write_and_send(port: int, account: str) -> Any:
    boxes, identities = calls(port, account, ("Mailbox/get", {"ids": None}), ("Identity/get", {"ids": None}))
    drafts = next(one["id"] for one in boxes["list"] if one["role"] == "drafts")
    draft = {
        "mailboxIds": {drafts: True},
        "from": [{"email": "bob@l.test"}],
        "to": [{"email": "bob@l.test"}],
        "subject": "To myself",
        "textBody": [{"partId": "1"}],
        "bodyValues": {"1": {"value": "Buy ketchup"}},
    }
    submission = {"identityId": identities["list"][0]["id"], "emailId": "#d"}
    told = calls(
        port,
        account,
        ("Email/set", {"create": {"d": draft}}),
        ("EmailSubmission/set", {"create": {"s": submission}, "onSuccessDestroyEmail": ["#s"]}),
    )
    assert told[2]["destroyed"] == [told[0]["created"]["d"]["id"]]
    return told[1]["created"]["s"]


async def test_a_letter_to_oneself(tmp_path: Path) -> None:
    async with Running(settings_of(tmp_path / "data")) as server:
        await server.settle()
        port = server.ports["https"]
        session = await thread(lambda: ask(port, "GET", "/.well-known/jmap"))
        account = session["primaryAccounts"]["urn:ietf:params:jmap:submission"]
        capability = session["accounts"][account]["accountCapabilities"]["urn:ietf:params:jmap:submission"]
        assert "FUTURERELEASE" in capability["submissionExtensions"]
        made = await thread(lambda: write_and_send(port, account))
        assert made["deliveryStatus"]["bob@l.test"]["delivered"] == "yes"
        (message,) = await thread(lambda: fetch(server.ports["pop3s"]))
        assert b"Subject: To myself" in message
        assert b"(authenticated as bob@l.test)" in message
        assert b"Received: from [127.0.0.1] ([127.0.0.1])" in message


async def test_the_delay_of_the_settings_and_the_limit_of_an_account(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data")
    settings = msgspec.structs.replace(
        settings,
        queue=msgspec.structs.replace(settings.queue, undo_seconds=600),
        guard=msgspec.structs.replace(settings.guard, sent_per_hour=1),
    )
    async with Running(settings) as server:
        await server.settle()
        port = server.ports["https"]
        session = await thread(lambda: ask(port, "GET", "/jmap/session"))
        account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
        told = session["accounts"][account]["accountCapabilities"]["urn:postroom:params:jmap:webmail"]
        assert told["undoSeconds"] == 600
        made = await thread(lambda: write_and_send(port, account))
        assert made["undoStatus"] == "pending"
        update = {made["id"]: {"undoStatus": "canceled"}}
        (told,) = await thread(lambda: calls(port, account, ("EmailSubmission/set", {"update": update})))
        assert list(told["updated"]) == [made["id"]]
        assert await server.operate("queue.list") == []
        identities, boxes = await thread(
            lambda: calls(port, account, ("Identity/get", {"ids": None}), ("Mailbox/get", {"ids": None}))
        )
        draft = {
            "mailboxIds": {boxes["list"][0]["id"]: True},
            "from": [{"email": "bob@l.test"}],
            "to": [{"email": "bob@l.test"}],
        }
        create = {"s": {"identityId": identities["list"][0]["id"], "emailId": "#d"}}
        _, told = await thread(
            lambda: calls(
                port,
                account,
                ("Email/set", {"create": {"d": draft}}),
                ("EmailSubmission/set", {"create": create}),
            )
        )
        assert told["notCreated"]["s"]["type"] == "rateLimit"


def _by_imap(port: int) -> tuple[str, str, str]:
    box = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=ssl._create_unverified_context())
    box.login("bob@l.test", PASSWORD)
    assert "JMAPACCESS" in box.capability()[1][0].decode().split()
    imaplib.Commands["GETJMAPACCESS"] = ("AUTH", "SELECTED")
    url = box._untagged_response(*box._simple_command("GETJMAPACCESS"), "JMAPACCESS")[1][0].decode()
    mailbox = box.status("INBOX", "(MAILBOXID)")[1][0].decode()
    box.append("INBOX", "", "", b"Subject: x\r\n\r\nx\r\n")
    box.select("INBOX")
    email = box.fetch("1", "(EMAILID)")[1][0].decode()
    box.logout()
    return url, mailbox, email


async def test_imap_says_where_jmap_is_and_both_have_the_same_ids(tmp_path: Path) -> None:
    """RFC 9698 §2 and §3."""
    async with Running(settings_of(tmp_path / "data")) as server:
        await server.settle()
        port = server.ports["https"]
        url, mailbox, email = await thread(lambda: _by_imap(server.ports["imaps"]))
        assert url == f'"https://mail.l.test:{port}/jmap/session"'
        session = await thread(lambda: ask(port, "GET", "/jmap/session"))
        account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
        boxes, emails = await thread(
            lambda: calls(port, account, ("Mailbox/get", {"ids": None}), ("Email/query", {}))
        )
        inbox = next(one["id"] for one in boxes["list"] if one["role"] == "inbox")
        assert f"MAILBOXID ({inbox})" in mailbox
        assert f"EMAILID ({emails['ids'][0]})" in email
