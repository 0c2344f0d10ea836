"""A verdict of SPF as header fields (RFC 7208 §9)."""

from __future__ import annotations

import pytest

from postroom.mailauth.spf.fields import method_result, received_spf
from postroom.message.headers.authentication_results import AuthenticationResults, parse, render
from postroom.message.headers.header import Header
from spf_zone import check

FIELDS = [
    (
        {"zone": "e.test TXT v=spf1 ip4:192.0.2.9 -all"},
        ("Received-SPF: pass (192.0.2.9 matches ip4:192.0.2.9 of e.test)\n"
        '\tclient-ip=192.0.2.9;\n\tenvelope-from="alice@e.test";\n\thelo=mail.e.test;\n\tidentity=mailfrom;\n'
        '\treceiver=mx.l.test;\n\tmechanism="ip4:192.0.2.9"\n'),
        "spf=pass (192.0.2.9 matches ip4:192.0.2.9 of e.test) smtp.mailfrom=e.test",
    ),
    (
        {"zone": "e.test TXT v=spf1", "ip": "2001:db8::9", "sender": ""},
        ("Received-SPF: none (mail.e.test has no SPF record)\n"
        '\tclient-ip="2001:db8::9";\n\tenvelope-from="postmaster@mail.e.test";\n\thelo=mail.e.test;\n'
        "\tidentity=mailfrom;\n\treceiver=mx.l.test\n"),
        "spf=none (mail.e.test has no SPF record) smtp.mailfrom=mail.e.test",
    ),
    (
        {"zone": "mail.e.test TXT v=spf1", "sender": None},
        ("Received-SPF: neutral (192.0.2.9 is not in v=spf1 of mail.e.test)\n"
        "\tclient-ip=192.0.2.9;\n\thelo=mail.e.test;\n\tidentity=helo;\n\treceiver=mx.l.test;\n\tmechanism=default\n"),
        "spf=neutral (192.0.2.9 is not in v=spf1 of mail.e.test) smtp.helo=mail.e.test",
    ),
    (
        {"zone": "e.test TXT !SERVFAIL"},
        ("Received-SPF: temperror (the DNS answers SERVFAIL for TXT of e.test)\n"
        '\tclient-ip=192.0.2.9;\n\tenvelope-from="alice@e.test";\n\thelo=mail.e.test;\n\tidentity=mailfrom;\n'
        '\treceiver=mx.l.test;\n\tproblem="the DNS answers SERVFAIL for TXT of e.test"\n'),
        "spf=temperror (the DNS answers SERVFAIL for TXT of e.test) smtp.mailfrom=e.test",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("case", "field", "_"), FIELDS)
async def test_received_spf(case: dict[str, str], field: str, _: str) -> None:
    assert received_spf(await check(**case)) == field.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(("case", "_", "words"), FIELDS)
async def test_authentication_results(case: dict[str, str], _: str, words: str) -> None:
    text = render(AuthenticationResults("mx.l.test", (method_result(await check(**case)),))).decode()
    assert " ".join(text.split()) == f"Authentication-Results: mx.l.test; {words}"


@pytest.mark.parametrize(
    ("sender", "helo"),
    [
        ('a"; dkim=pass@e.test', "x"),
        ("a\r\nSubject: x@e.test", "x"),
        ("alice@e.test", "x\r\nSubject: y"),
        ("alice@e.test", 'x"; identity=helo'),
        ("alice@e.test;dkim=pass (", ")("),
        ("alice@" + "x" * 2000, "y" * 2000),
        ("zoë@e.test", "bücher"),
    ],
)
async def test_nobody_forges_a_field(sender: str, helo: str) -> None:
    verdict = await check("e.test TXT v=spf1 a:(x).)test\\.test -all", sender=sender, helo=helo)
    result = method_result(verdict)
    for field in (received_spf(verdict), render(AuthenticationResults("mx.l.test", (result,)))):
        header = Header.parse(field + b"\r\n")
        assert len(header) == 1
        assert bytes(header) == field + b"\r\n"
        assert all(len(line) <= 998 for line in field.split(b"\r\n"))
    read = parse(next(iter(header)).value)
    assert read is not None
    assert [one.method for one in read.results] == ["spf"]
