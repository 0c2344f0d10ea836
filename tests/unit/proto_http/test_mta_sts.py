"""Records and policies of MTA-STS: what is one, what is none, and which hosts one means."""

from __future__ import annotations

import pytest

from postroom.proto.http.mta_sts import (
    LONGEST,
    MOST_OCTETS,
    MOST_PATTERNS,
    BadPolicy,
    Mode,
    matches,
    parse_policy,
    record_id,
)

GOOD = "version: STSv1\nmode: enforce\nmx: mail.r.test\nmx: *.r.test\nmax_age: 604800\n"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([b"v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        ([b"v=STSv1;id=a"], "a"),
        ([b"v=STSv1 ; \t id=a ; other=b; id=c"], "a"),
        ([b"v=STSv1; x=y; id=" + b"a" * 32], "a" * 32),
        ([b"v=spf1 -all", b"v=STSv1; id=a"], "a"),
        ([b"v=STSv1; id=" + b"a" * 33], None),
        ([b"v=STSv1; id=a-b"], None),
        ([b"v=STSv1; id="], None),
        ([b"v=STSv1; x=y"], None),
        ([b"v=STSv1"], None),
        ([b"v=STSv10; id=a"], None),
        ([b" v=STSv1; id=a"], None),
        ([b"v=STSv1; id=a", b"v=STSv1; id=b"], None),  # §3.1: more than one is none
        ([b"v=STSv1; id=\xff"], None),
        ([], None),
    ],
)
def test_records(texts: list[bytes], found: str | None) -> None:
    assert record_id(texts) == found


def test_a_policy() -> None:
    for text in (GOOD, GOOD.replace("\n", "\r\n"), GOOD.rstrip(), "\n" + GOOD + "\n\n"):
        policy = parse_policy(text.encode())
        assert (policy.mode, policy.max_age, policy.mx) == (Mode.ENFORCE, 604800, ("mail.r.test", "*.r.test"))
        assert policy.lines[:2] == ("version: STSv1", "mode: enforce")


def test_unknown_keys_and_repetitions_do_not_count() -> None:
    policy = parse_policy((GOOD + "more: than this\nmode: none\nmax_age: 1\n").encode())
    assert (policy.mode, policy.max_age) == (Mode.ENFORCE, 604800)


def test_none_needs_no_mx() -> None:
    assert parse_policy(b"version: STSv1\nmode: none\nmax_age: 5").mx == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no `version: STSv1`"),
        (GOOD.replace("STSv1", "STSv2"), "no `version: STSv1`"),
        (GOOD.replace("enforce", "Enforce"), "none of enforce, testing, none"),
        (GOOD.replace("mode: enforce\n", ""), "none of enforce"),
        (GOOD.replace("604800", "1 week"), "no number of seconds"),
        (GOOD.replace("604800", "-1"), "no number of seconds"),
        (GOOD.replace("max_age: 604800\n", ""), "no number of seconds"),
        (GOOD.replace("mx: mail.r.test\nmx: *.r.test\n", ""), "names no mx"),
        (GOOD.replace("mail.r.test", "mail..test"), "the mx in line 3 is no host name"),
        (GOOD.replace("mail.r.test", "m*.r.test"), "no host name"),
        (GOOD.replace("mail.r.test", "*.*.r.test"), "no host name"),
        (GOOD.replace("mail.r.test", ""), "no host name"),
        ("<html>", "is not `key: value`"),
        ("version STSv1", "is not `key: value`"),
    ],
)
def test_what_is_no_policy(text: str, why: str) -> None:
    with pytest.raises(BadPolicy, match=why.replace("*", r"\*")):
        parse_policy(text.encode())


def test_limits() -> None:
    filled = GOOD + "x: " + "y" * (MOST_OCTETS - len(GOOD) - len("x: "))
    assert len(filled) == MOST_OCTETS
    parse_policy(filled.encode())
    with pytest.raises(BadPolicy, match="longer than"):
        parse_policy(filled.encode() + b"y")
    many = GOOD + "mx: a.test\n" * (MOST_PATTERNS - 2)
    assert len(parse_policy(many.encode()).mx) == MOST_PATTERNS
    with pytest.raises(BadPolicy, match="more than"):
        parse_policy(many.encode() + b"mx: a.test\n")
    assert parse_policy(GOOD.replace("604800", str(LONGEST)).encode()).max_age == LONGEST
    assert parse_policy(GOOD.replace("604800", str(LONGEST + 1)).encode()).max_age == LONGEST
    with pytest.raises(BadPolicy, match="not UTF-8"):
        parse_policy(b"\xff" + GOOD.encode())


@pytest.mark.parametrize(
    ("pattern", "host", "meant"),
    [
        ("mail.r.test", "mail.r.test", True),
        ("mail.r.test", "MAIL.r.test.", True),
        ("mail.r.test", "mx.mail.r.test", False),
        ("*.r.test", "mail.r.test", True),
        ("*.r.test", "r.test", False),
        ("*.r.test", "a.mail.r.test", False),  # one label, §4.1
        ("*.r.test", "mail.r.test.evil.test", False),
    ],
)
def test_matching(pattern: str, host: str, meant: bool) -> None:
    assert matches(pattern, host) is meant
