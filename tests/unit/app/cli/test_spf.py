"""`postroom spf` against a name server on loopback: words, JSON, exit codes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from commands import Run
from name_server import serving
from postroom.agent.invocation import CommandFailed
from postroom.app.cli import asking
from postroom.app.cli.asking import Asking, resolver_at
from postroom.app.cli.spf import EXITS
from postroom.lab.dns.zones import ZoneText
from postroom.mailauth.spf.verdict import Result
from postroom.proto.dns.answer import Answer, Kind, Rcode
from postroom.proto.dns.resolver import normal_name

ZONE = ZoneText(
    "e.test",
    (
        '@ TXT "v=spf1 mx include:more.e.test -all exp=why.e.test"',
        "@ MX 10 mail",
        "mail A 192.0.2.1",
        'mail TXT "v=spf1 a -all"',
        'more TXT "v=spf1 ip6:2001:db8::/32 ~ip4:198.51.100.0/24 " "?ip4:203.0.113.0/24"',
        'why TXT "%{i} may not, %{l}"',
        'soft TXT "v=spf1 ~all"',
        'neutral TXT "v=spf1 ?all"',
        'wrong TXT "v=spf1 moo"',
    ),
)


@pytest.fixture
def name_server() -> Iterator[str]:
    """HOST:PORT of one that knows what is asked for here."""
    with serving((ZONE,)) as address:
        yield address


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("e.test 192.0.2.1", 0, "pass: 192.0.2.1 matches mx of e.test"),
        ("alice@e.test 2001:db8::7", 0, "pass: 2001:db8::7 matches ip6:2001:db8::/32 of more.e.test, by include:more.e.test of e.test"),
        ("alice@e.test 192.0.2.2", 10, "fail: 192.0.2.2 is not in v=spf1 mx include:more.e.test -all exp=why.e.test of e.test"),
        ("alice@e.test 198.51.100.1", 10, "fail: 198.51.100.1 is not in v=spf1 mx include:more.e.test -all exp=why.e.test of e.test"),
        ("soft.e.test 192.0.2.2", 11, "softfail: 192.0.2.2 is not in v=spf1 ~all of soft.e.test"),
        ("neutral.e.test 192.0.2.2", 12, "neutral: 192.0.2.2 is not in v=spf1 ?all of neutral.e.test"),
        ("gone.e.test 192.0.2.2", 13, "none: gone.e.test has no SPF record"),
        ("wrong.e.test 192.0.2.2", 15, "permerror: the SPF record of wrong.e.test is wrong: moo: there is no such mechanism"),
        ("<> 192.0.2.1 --helo mail.e.test", 0, "pass: 192.0.2.1 matches a of mail.e.test"),
    ],
)  # fmt: skip
def test_verdicts(run: Run, name_server: str, arguments: str, code: int, words: str) -> None:
    ran = run(f"spf {arguments} --resolver {name_server}")
    assert (ran.code, ran.err) == (code, "")
    assert ran.out.splitlines()[0] == words


def test_what_was_asked_and_the_explanation(run: Run, name_server: str) -> None:
    ran = run(f"spf alice@e.test 192.0.2.2 --resolver {name_server}")
    assert ran.out.splitlines()[1:] == [
        "e.test says: 192.0.2.2 may not, alice",
        '  TXT e.test: "v=spf1 mx include:more.e.test -all exp=why.e.test"',
        "  MX e.test: 10 mail.e.test",
        "  A mail.e.test: 192.0.2.1",
        '  TXT more.e.test: "v=spf1 ip6:2001:db8::/32 ~ip4:198.51.100.0/24 ?ip4:203.0.113.0/24"',
        '  TXT why.e.test: "%{i} may not, %{l}"',
        "  2 of 10 lookups, 0 of 2 void",
    ]


def test_json(run: Run, name_server: str) -> None:
    ran = run(f"spf alice@e.test 2001:db8::7 --helo mail.e.test --json --resolver {name_server}")
    record = json.loads(ran.out)
    assert (ran.code, record["result"], record["sender"], record["helo"]) == (
        0,
        "pass",
        "alice@e.test",
        "mail.e.test",
    )
    assert record["path"] == [
        {"domain": "e.test", "term": "include:more.e.test"},
        {"domain": "more.e.test", "term": "ip6:2001:db8::/32"},
    ]
    assert record["asked"][2] == {"name": "mail.e.test", "kind": "AAAA", "rcode": "NOERROR", "records": []}
    assert (record["lookups"], record["voids"]) == (2, 1)


def test_a_name_server_that_is_not_there(run: Run) -> None:
    ran = run("spf e.test 192.0.2.1 --resolver [::1]:1")
    assert (ran.code, ran.err) == (14, "")
    assert ran.out.startswith("temperror: the DNS answers UNREACHABLE for TXT of e.test\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("e.test 192.0.2", "'192.0.2' is no IP address"),
        ("a@b@c 192.0.2.1", "a@b@c is no address; write a domain, local@domain, or <>"),
        ("<> 192.0.2.1", "give it with --helo NAME"),
        (
            "e.test 192.0.2.1 --resolver mail.test:53",
            "--resolver mail.test:53 is no address of a name server",
        ),
        ("e.test 192.0.2.1 --resolver 127.0.0.1:0", "no address of a name server"),
        ("e.test 192.0.2.1 --resolver 127.0.0.1:65536", "no address of a name server"),
        ("e.test 192.0.2.1 --resolver [::1]:", "no address of a name server"),
    ],
)
def test_what_is_wrong_with_a_command_line(run: Run, arguments: str, words: str) -> None:
    ran = run(f"spf {arguments}")
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


@pytest.mark.parametrize(
    ("place", "ip", "port"),
    [
        ("127.0.0.1", "127.0.0.1", 53),
        ("127.0.0.1:5353", "127.0.0.1", 5353),
        ("localhost:5353", "127.0.0.1", 5353),
        ("localhost", "127.0.0.1", 53),
        ("2001:db8::1", "2001:db8::1", 53),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
    ],
)
def test_places_of_name_servers(place: str, ip: str, port: int) -> None:
    server = asking._server(place)
    assert (server.ip, server.port) == (ip, port)


def test_a_place_that_is_none() -> None:
    with pytest.raises(CommandFailed, match=r"write e\.g\. 127\.0\.0\.1:5353"):
        resolver_at("no.such.host")


def test_each_verdict_has_its_exit_code() -> None:
    assert set(EXITS) == set(Result)
    assert len(set(EXITS.values())) == len(EXITS)


class Hanging:
    """Never answers."""

    async def txt(self, name: str) -> Answer[bytes]:
        return await asyncio.get_running_loop().create_future()

    async def ptr(self, ip: str) -> Answer[str]:
        return Answer(normal_name(ip), Kind.PTR)


async def test_when_the_time_is_over_a_question_is_answered_with_timeout() -> None:
    late = Asking(Hanging(), 0.0)
    assert (await late.txt("e.test")).rcode is Rcode.TIMEOUT
    assert late.expired()
    assert [(one.name, one.rcode) for one in late.said] == [("e.test", "TIMEOUT")]
    early = Asking(Hanging(), 60.0)
    assert (await early.ptr("192.0.2.1")).rcode is Rcode.NOERROR
    assert not early.expired()
