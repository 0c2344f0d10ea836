"""Local users' messages: names completed, sender and full name from the caller."""

from __future__ import annotations

from typing import Any

import pytest

from offices import ALICE, TestOffice
from postroom.message.address import Address
from postroom.message.envelope import Notify, Recipient, Ret
from postroom.message.errors import NoSuchUser

TEXT = b"Subject: x\r\n\r\nhello\r\n"


async def test_a_message_is_accepted_under_its_callers_name(office: TestOffice) -> None:
    assert await office.ask("submit", ALICE, recipients=["bob", "x@crepes.test"], content=TEXT) == [
        {"id": "J1"}
    ]
    (taken,) = office.submitted
    assert (taken.user, taken.sender) == ("alice", Address("alice", "hamburger.test"))
    addresses = [Address("bob", "hamburger.test"), Address("x", "crepes.test")]
    assert taken.recipients == [Recipient(address) for address in addresses]
    assert (taken.content, taken.smtputf8) == (TEXT, False)


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("<>", None),
        ("carol", Address("carol", "hamburger.test")),
        ("c@crepes.test", Address("c", "crepes.test")),
    ],
)
async def test_senders(office: TestOffice, sender: str, expected: Address | None) -> None:
    await office.ask("submit", ALICE, recipients=["bob"], content=TEXT, sender=sender)
    assert office.submitted[0].sender == expected


async def test_what_delivery_reports_were_asked_for(office: TestOffice) -> None:
    wanted = {"notify": 3, "ret": "hdrs", "envid": "e1", "recipients": ["bøb@crepes.test"]}
    await office.ask("submit", ALICE, content=TEXT, **wanted)
    (taken,) = office.submitted
    assert taken.recipients[0].notify == Notify.SUCCESS | Notify.FAILURE
    assert (taken.ret, taken.envid, taken.smtputf8) == (Ret.HEADERS, "e1", True)


@pytest.mark.parametrize(
    ("content", "sender", "first"),
    [
        (TEXT, "", b"From: Alice A. <alice@hamburger.test>\r\n"),
        (b"From: x@y\r\n\r\n", "", b"From: x@y\r\n"),
        (b"From: root (Cron)\r\n\r\n", "", b"From: root@hamburger.test (Cron)\r\n"),
        (TEXT, "<>", b"Subject: x\r\n"),
    ],
)
async def test_a_full_name_makes_a_from(
    office: TestOffice, content: bytes, sender: str, first: bytes
) -> None:
    arguments = {"recipients": ["bob"], "content": content, "sender": sender, "name": "Alice A."}
    await office.ask("submit", ALICE, **arguments)
    assert office.submitted[0].content.startswith(
        first.replace(b"Alice A.", b'"Alice A."')
    ) or office.submitted[0].content.startswith(first)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"recipients": []}, "no recipient"),
        ({"recipients": ["a b"]}, "'a b' is not an address"),
        ({"recipients": ["bob"], "sender": "a b"}, "sender 'a b'"),
        ({"recipients": ["bob"], "ret": "body"}, "FULL or HDRS"),
        ({"recipients": ["bob"], "envid": "x\r\nRSET"}, "printable ASCII"),
        ({"recipients": ["bob"], "envid": "x" * 101}, "1 to 100 characters"),
        ({"recipients": ["bob"], "notify": 99}, "NOTIFY"),
        ({"recipients": ["bob"], "name": "a\r\nBcc: x"}, "full name"),
    ],
)
async def test_refusals(office: TestOffice, arguments: dict[str, Any], words: str) -> None:
    assert words in await office.refusal("submit", ALICE, content=TEXT, **arguments)
    assert office.submitted == []


async def test_a_refusal_of_the_door_comes_through(office: TestOffice) -> None:
    office.refuses = NoSuchUser()
    assert await office.refusal("submit", ALICE, recipients=["x"], content=TEXT) == "No such user here"


async def test_without_a_domain_the_host_completes(bare: TestOffice) -> None:
    await bare.ask("submit", ALICE, recipients=["bob"], content=TEXT)
    assert bare.submitted[0].recipients[0].address == Address("bob", "mail.hamburger.test")


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("bob", {"recipient": "bob@hamburger.test", "local": True}),
        ("postmaster@hamburger.test", {"recipient": "postmaster@hamburger.test", "local": True}),
        ("x@crepes.test", {"recipient": "x@crepes.test", "local": False}),
    ],
)
async def test_verify_says_what_rcpt_would(
    office: TestOffice, recipient: str, expected: dict[str, Any]
) -> None:
    assert await office.ask("verify", ALICE, recipient=recipient) == [expected]


@pytest.mark.parametrize(
    ("recipient", "words"),
    [("x", "No such user here: x@hamburger.test"), ("a b", "not an address"), ("carol", "disabled")],
)
async def test_verify_refuses_as_rcpt_would(office: TestOffice, recipient: str, words: str) -> None:
    await office.ask("account.add", address="carol@hamburger.test")
    await office.ask("account.set", address="carol@hamburger.test", enabled=False)
    assert words in await office.refusal("verify", ALICE, recipient=recipient)
