"""Authentication-Results: written so that no value forges anything, read as others write it, and forged ones found (RFC 8601)."""

from __future__ import annotations

import pytest

from postroom.message.headers.authentication_results import (
    MAX_PROPERTIES,
    MAX_READ,
    MAX_RESULTS,
    MAX_VALUE,
    AuthenticationResults,
    MethodResult,
    Property,
    forged,
    parse,
    payload,
    render,
    value_text,
)
from postroom.message.headers.header import Header, unfold


def found(*results: MethodResult, by: str = "mx.l.test") -> AuthenticationResults:
    return AuthenticationResults(by, results)


def spf(value: str = "e.test", **more: str) -> MethodResult:
    return MethodResult("spf", "pass", (Property("smtp", "mailfrom", value),), **more)


WRITTEN = [
    (found(), "Authentication-Results: mx.l.test; none"),
    (found(spf()), "Authentication-Results: mx.l.test;\n\tspf=pass smtp.mailfrom=e.test"),
    (
        found(spf(comment="192.0.2.9 matches mx"), MethodResult("dkim", "fail", reason="no key")),
        ("Authentication-Results: mx.l.test;\n\tspf=pass (192.0.2.9 matches mx) smtp.mailfrom=e.test;\n"
        '\tdkim=fail reason="no key"'),
    ),
    (
        found(MethodResult("dkim", "pass", (Property("header", "d", "e.test"), Property("header", "b", "ab/c+d==")))),
        'Authentication-Results: mx.l.test;\n\tdkim=pass header.d=e.test header.b="ab/c+d=="',
    ),
    (
        found(spf("x" * 40 + ".test", comment="a comment that is so long that it needs another line")),
        ("Authentication-Results: mx.l.test;\n\tspf=pass (a comment that is so long that it needs another line)\n"
        f"\tsmtp.mailfrom={'x' * 40}.test"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("results", "text"), WRITTEN)
def test_written(results: AuthenticationResults, text: str) -> None:
    assert render(results) == text.replace("\n", "\r\n").encode() + b"\r\n"


@pytest.mark.parametrize(("results", "_"), WRITTEN)
def test_what_is_written_is_read(results: AuthenticationResults, _: str) -> None:
    (value,) = Header.parse(render(results) + b"\r\n").all("Authentication-Results")
    plain = [MethodResult(one.method, one.result, one.properties, one.reason) for one in results.results]
    assert parse(value) == AuthenticationResults("mx.l.test", tuple(plain))


def test_an_authserv_id_is_no_identity() -> None:
    """§2.2: it is a value, token or quoted-string."""
    assert payload(found(by="mx@l.test")) == '"mx@l.test"; none'


def test_payload_for_arc() -> None:
    assert payload(found(spf())) == "mx.l.test;\r\n\tspf=pass smtp.mailfrom=e.test"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("alice@e.test", "alice@e.test"),
        ("a.b+c@e.test", "a.b+c@e.test"),
        ("2001:db8::1", '"2001:db8::1"'),
        ("", '""'),
        ("legit.test'a.a.test", "legit.test'a.a.test"),
        ("legit.test(a.a.test", '"legit.test(a.a.test"'),
        ("e.test; dkim=pass header.d=legit.test", '"e.test; dkim=pass header.d=legit.test"'),
        ('a"; dkim=pass; x="', '"a\\"; dkim=pass; x=\\""'),
        ("a\\", '"a\\\\"'),
        ("a\r\nSubject: b", '"a??Subject: b"'),
        ("a\x00b\u202ec", '"a?b?c"'),
        ("a@b@c", '"a@b@c"'),
        # §2.2, domain-name: two labels at least, of letters, digits and inner hyphens
        ("alice@localhost", '"alice@localhost"'),
        ("alice@x--y.e1.test", "alice@x--y.e1.test"),
        ("alice@a_b.test", '"alice@a_b.test"'),
        ("alice@-a.test", '"alice@-a.test"'),
        ("alice@a-.test", '"alice@a-.test"'),
        ("a_b.localhost", "a_b.localhost"),
        (".a", '".a"'),
        ("a..b", '"a..b"'),
        # ... and an identity is written as one, not as a quoted-string
        ("@e.test", "@e.test"),
        ("a b@e.test", '"a b"@e.test'),
        ("a@b@e.test", '"a@b"@e.test'),
        ('a"; dkim=pass@e.test', '"a\\"; dkim=pass"@e.test'),
        ("zoë@e.test", '"zoë"@e.test'),
        ("zoë@bücher.test", '"zoë"@bücher.test'),
        ("x" * MAX_VALUE + "@e.test", '"' + "x" * MAX_VALUE + '"'),
        ("x" * MAX_VALUE, "x" * MAX_VALUE),
        ("x" * (MAX_VALUE + 1), '"' + "x" * MAX_VALUE + '"'),
        ("ë" * MAX_VALUE, '"' + "ë" * (MAX_VALUE // 2) + '"'),
    ],
)
def test_values(value: str, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    "nasty",
    [
        "a\r\n\r\nbody",
        'a"',
        "a;dkim=pass",
        "(",
        "a(b)c\\",
        "\\",
        ") dkim=pass (",
        "\n x",
        "ë\x85",
        "'",
        "=?utf-8?q?x?=",
    ],
)
def test_no_value_forges_a_result(nasty: str) -> None:
    """Security of the field from inside: as value, as comment, as reason."""
    written = render(found(spf(nasty, comment=nasty, reason=nasty)))
    assert written.count(b"\r\n") == written.count(b"\r\n\t") + 1
    assert all(len(line) < 998 for line in written.split(b"\r\n"))
    (value,) = Header.parse(written + b"\r\n").all("Authentication-Results")
    again = parse(value)
    assert again is not None
    (result,) = again.results
    assert (result.method, result.result, len(result.properties)) == ("spf", "pass", 1)


@pytest.mark.parametrize("spaces", [1, 60, 80, 200])
def test_no_line_is_white_space_alone(spaces: int) -> None:
    """RFC 5322 §3.2.2: such lines must not be made, however many spaces a stranger's record has."""
    nasty = f"it is not in v=spf1{' ' * spaces}-all of e.test {'x' * 60}"
    for line in render(found(spf(comment=nasty, reason=nasty))).split(b"\r\n")[:-1]:
        assert line.strip()


READ = [
    # RFC 8601 §2.2, §2.3 and appendix B
    ("example.org 1; none", ("example.org", [])),
    ("example.com; none", ("example.com", [])),
    ("example.com", ("example.com", [])),
    ("example.com;", ("example.com", [])),
    ("example.org 01; none", ("example.org", [])),
    # §2.6: a result by a version of its method that is not known is left out
    ("a.test; spf/1=pass; dkim/2=pass header.d=b.test; dkim/01=fail", ("a.test", [("spf", "pass", "", []), ("dkim", "fail", "", [])])),
    ("(c) example.com (d(e)\\)f) 1 (g) ; (h) none (i)", ("example.com", [])),
    ('"mx l"; none', ("mx l", [])),
    ("example.com; spf=pass smtp.mailfrom=example.net", ("example.com", [("spf", "pass", "", ["smtp.mailfrom=example.net"])])),
    (
        "example.com; auth=pass (cram-md5) smtp.auth=sender@example.com; spf=pass smtp.mailfrom=example.com",
        ("example.com", [("auth", "pass", "", ["smtp.auth=sender@example.com"]), ("spf", "pass", "", ["smtp.mailfrom=example.com"])]),
    ),
    (
        'example.com; dkim=fail reason="bad signature" header.i=@sender.example.com',
        ("example.com", [("dkim", "fail", "bad signature", ["header.i=@sender.example.com"])]),
    ),
    (
        ("foo.example.net (foobar) 1 (baz);\r\n\tdkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
        "\tpolicy (A dot can go here) . (like that) expired\r\n\t(this surprised me) = (as I wasn't expecting it) 1362471462"),
        ("foo.example.net", [("dkim", "fail", "", ["policy.expired=1362471462"])]),
    ),
    ("a.test; DKIM=Pass Header.D=X.test", ("a.test", [("dkim", "pass", "", ["header.d=X.test"])])),
    ("a.test; dkim=pass header.b=a/b+c==;", ("a.test", [("dkim", "pass", "", ["header.b=a/b+c=="])])),
    ('a.test; spf=fail smtp.mailfrom="a b"@c.test smtp.helo="x\\"y"', ("a.test", [("spf", "fail", "", ["smtp.mailfrom=a b@c.test", 'smtp.helo=x"y'])])),
    ("a.test; iprev=pass policy.iprev=2001:db8::1", ("a.test", [("iprev", "pass", "", ["policy.iprev=2001:db8::1"])])),
    ("a.test; spf=pass smtp.mailfrom=<b@c.test>", ("a.test", [("spf", "pass", "", ["smtp.mailfrom=<b@c.test>"])])),
    ("a.test;spf=pass(x)smtp.mailfrom=b.test(y);dkim=none", ("a.test", [("spf", "pass", "", ["smtp.mailfrom=b.test"]), ("dkim", "none", "", [])])),
    ("a.test; x-y=pass reason=bare", ("a.test", [("x-y", "pass", "bare", [])])),
    # as the two write it whose seals are trusted most; what is no property is left out
    (
        "mx.microsoft.com 1; dmarc=pass (p=none sp=none) action=none header.from=b.test; arc=pass (0 oda=1 spf=[1,1,smtp.mailfrom=b.test])",
        ("mx.microsoft.com", [("dmarc", "pass", "", ["header.from=b.test"]), ("arc", "pass", "", [])]),
    ),
    (
        "mx.messagingengine.com; x-vs=clean score=-51 state=0; dmarc=pass header.from=b.test",
        ("mx.messagingengine.com", [("x-vs", "clean", "", []), ("dmarc", "pass", "", ["header.from=b.test"])]),
    ),
    ("bücher.test; spf=none smtp.mailfrom=zoë@bücher.test", ("bücher.test", [("spf", "none", "", ["smtp.mailfrom=zoë@bücher.test"])])),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), READ)
def test_read(value: str, expected: tuple[str, list[tuple[str, str, str, list[str]]]]) -> None:
    for text in (value.encode(), unfold(value.encode())):
        read = parse(text)
        assert read is not None
        results = [
            (one.method, one.result, one.reason, [f"{p.ptype}.{p.name}={p.value}" for p in one.properties])
            for one in read.results
        ]
        assert (read.authserv_id, results) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        "; spf=pass",
        "(only a comment)",
        "a.test spf=pass",
        "a.test; spf",
        "a.test; spf=",
        "a.test; =pass",
        "a.test; spf=pass smtp",
        "a.test; spf=pass smtp.",
        "a.test; spf=pass smtp.mailfrom",
        "a.test; spf=pass smtp.mailfrom=",
        "a.test; spf=pass smtp.mailfrom=a=\x00",
        'a.test; spf=pass smtp.mailfrom="a',
        "a.test; spf=pass mailfrom",
        "a.test; spf=pass mailfrom=",
        "a.test; spf=pass reason",
        "a.test; dkim/x=pass",
        "a.test; spf=pass, dkim=pass",
        'a.test "b"; none',
        "a.test 2; spf=pass",
        "a.test 0; spf=pass",
        "a.test 10; spf=pass",
        "a.test 1x; spf=pass",
        "spf=pass smtp.mailfrom=a.test",
    ],
)
def test_not_read(value: str) -> None:
    assert parse(value.encode()) is None


def test_the_first_property_of_a_name() -> None:
    read = parse(b"a.test; dkim=pass header.d=b.test header.d=c.test")
    assert read is not None
    assert read.results[0].get("header", "d") == "b.test"
    assert read.results[0].get("header", "i") is None


def test_limits_of_reading() -> None:
    read = parse(b"a.test" + b"; spf=pass" * MAX_RESULTS)
    assert read is not None
    assert len(read.results) == MAX_RESULTS
    assert parse(b"a.test" + b"; spf=pass" * (MAX_RESULTS + 1)) == read
    read = parse(b"a.test; spf=pass" + b" smtp.x=y" * MAX_PROPERTIES)
    assert read is not None
    assert len(read.results[0].properties) == MAX_PROPERTIES
    assert parse(b"a.test; spf=pass" + b" smtp.x=y" * (MAX_PROPERTIES + 1)) == read
    assert parse(b"a.test;".ljust(MAX_READ)) is not None
    assert parse(b"a.test;".ljust(MAX_READ + 1)) is None


@pytest.mark.parametrize(
    "value",
    [
        b"(" * 60_000,
        b"a.test; " + b"()" * 30_000,
        b'a.test; x="' + b"\\" * 60_000,
        b";" * 60_000,
        b"(\\" * 30_000,
    ],
)
def test_what_is_long_and_makes_no_sense(value: bytes) -> None:
    assert parse(value) is None or parse(value) == AuthenticationResults("a.test")


@pytest.mark.parametrize(
    ("field", "is_forged"),
    [
        ("Authentication-Results: mx.l.test; spf=pass", True),
        ("Authentication-Results: MX.L.TEST; spf=pass", True),
        ("authentication-results: mx.l.test; spf=pass", True),
        ("Authentication-Results : mx.l.test; spf=pass", True),
        ("Authentication-Results:mx.l.test;spf=pass", True),
        ("Authentication-Results: mx.l.test 1; spf=pass", True),
        ("Authentication-Results: mx.l.test.; spf=pass", True),
        ("Authentication-Results: (x) mx.l.test (y); spf=pass", True),
        ('Authentication-Results: ((x)\\)) "mx.l.test"; spf=pass', True),
        ('Authentication-Results: "mx\\.l.test"; spf=pass', True),
        ("Authentication-Results:\r\n\tmx.l.test; spf=pass", True),
        ("Authentication-Results: mx.l.test nonsense ((", True),
        ("Authentication-Results: mx.l.test/1; spf=pass", True),
        ("Authentication-Results: mx.l.test=x; spf=pass", True),
        ("Authentication-Results: other.test 2; spf=pass", True),
        ("Authentication-Results: other.test (a) 3", True),
        ("Authentication-Results: other.test 1; spf=pass", False),
        ("Authentication-Results: other.test(2)1(2); spf=pass", False),
        ("Authentication-Results: xn--bcher-kva.test; spf=pass", True),
        ("Authentication-Results: bücher.test; spf=pass", True),
        ("Authentication-Results: BÜCHER.test; spf=pass", True),
        ("Authentication-Results:", True),
        ("Authentication-Results: ; spf=pass", True),
        ("Authentication-Results: (mx.l.test", True),
        ("Authentication-Results: mx.other.test; spf=pass", False),
        ("Authentication-Results: mx.l.test.other.test; spf=pass", False),
        ("Authentication-Results: (mx.l.test) other.test; spf=pass", False),
        ("Authentication-Results: spf=pass smtp.mailfrom=mx.l.test", False),
        ("X-Authentication-Results: mx.l.test; spf=pass", False),
        ("ARC-Authentication-Results: i=1; mx.l.test; spf=pass", False),
        ("Subject: mx.l.test; spf=pass", False),
    ],
)  # fmt: skip
def test_forged(field: str, is_forged: bool) -> None:
    """RFC 8601 §5, and security row A05."""
    header = Header.parse(f"Received: x\r\n{field}\r\nTo: y\r\n\r\n".encode())
    found_fields = forged(header, ["mx.l.test", "bücher.test"])
    assert [one.raw for one in found_fields] == ([f"{field}\r\n".encode()] if is_forged else [])
    assert header.discard(found_fields) == is_forged
    assert (
        bytes(header)
        == f"Received: x\r\n{'' if is_forged else field + chr(13) + chr(10)}To: y\r\n\r\n".encode()
    )


def test_two_forged_ones_go() -> None:
    header = Header.parse(
        b"Authentication-Results: a.test\r\nTo: y\r\nAuthentication-Results: a.test\r\n\r\n"
    )
    assert header.discard(forged(header, ["a.test"])) == 2
    assert bytes(header) == b"To: y\r\n\r\n"


def test_a_name_of_any_length_is_compared() -> None:
    name = "".join(map(chr, range(0x4E00, 0x9A00))) + ".test"
    header = Header.parse(f"Authentication-Results: {name}; none\r\n\r\n".encode())
    assert forged(header, ["mx.l.test"]) == []
