"""Hostile SPF: records, texts and answers of which nothing is right. Nothing raises, and what is long stays cheap.

Size is what makes a slow way visible: a record is at most 8 KiB, a text at most 64.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.mailauth.spf.macros import MAX_NAME, domain_spec, explain_string, macro_string, target_name
from postroom.mailauth.spf.record import MAX_RECORD, RecordError, parse
from postroom.mailauth.spf.verdict import Result
from postroom.message.headers.authentication_results import AuthenticationResults, MethodResult, Property
from postroom.message.headers.authentication_results import parse as parse_results
from postroom.message.headers.authentication_results import render as render_results
from postroom.message.headers.header import Header
from postroom.wire.cursor import GrammarError
from spf_zone import Zone, check

PIECES = [
    "v=spf1",
    "all",
    "include",
    "a",
    "mx",
    "ptr",
    "ip4",
    "ip6",
    "exists",
    "redirect",
    "exp",
    "+",
    "-",
    "~",
    "?",
    ":",
    "=",
    "/",
    "//",
    "%{",
    "}",
    "%",
    "%%",
    "%_",
    "%-",
    ".",
    "d",
    "s",
    "l",
    "o",
    "i",
    "p",
    "h",
    "v",
    "c",
    "r",
    "t",
    "D",
    "S",
    "0",
    "1",
    "2r",
    "127",
    "24",
    "33",
    "128",
    "129",
    "192.0.2.1",
    "2001:db8::1",
    "::",
    "e.test",
    "b.test",
    "test",
    "_",
    "[",
    "]",
    "é",
    "\x00",
    "\t",
]
TERMS = st.lists(st.sampled_from([*PIECES, " ", " ", ","]), max_size=40).map("".join)
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)


def wrong_with(record: bytes) -> str:
    """The error of a record, "" without one."""
    try:
        parse(record)
    except RecordError as error:
        return str(error)
    return ""


@SLOW
@given(st.one_of(TERMS.map(lambda text: text.encode()), st.binary(max_size=200)))
def test_any_record(terms: bytes) -> None:
    words = wrong_with(b"v=spf1 " + terms)
    if words:
        assert words.isprintable()
        return
    record = parse(b"v=spf1 " + terms)
    assert record.text == f"v=spf1 {terms.decode('ascii')}"
    assert len(record.mechanisms) <= len(terms)


@SLOW
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.text(max_size=80))
def test_any_macro(text: str, value: str) -> None:
    for read in (domain_spec, macro_string, explain_string):
        try:
            name = target_name(read(text.encode()).expand(dict.fromkeys("slodiphvcrt", value)))
        except GrammarError:
            continue
        assert name is None or len(name) <= MAX_NAME


@SLOW
@given(
    st.lists(TERMS, min_size=1, max_size=6),
    st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    st.text(max_size=30),
)
async def test_any_zone(records: list[str], ip: str, local: str) -> None:
    """Domains whose records lead to one another: every check ends within its limits, and says why."""
    names = ["e.test", "b.test", "c.e.test"]
    lines = [
        f"{name} TXT v=spf1 {' '.join(record.split())}" for name, record in zip(names, records, strict=False)
    ]
    zone = Zone("\n".join(line for line in lines if line.isprintable()))
    verdict = await check(zone, ip, f"{local.replace('@', '')}@e.test")
    assert verdict.result in set(Result)
    assert verdict.words
    assert verdict.lookups <= 11
    assert verdict.voids <= 3
    assert len(zone.asked) < 10 * 12 + 40


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "ip4:192.0.2.1 ",
        "foo=%{d} ",
        "exists:%{d}.test ",
        "a/",
        "a:/1",
        "%{d}",
        "a:" + "%{s}" * 3,
        "-",
        ":",
        "a.",
        "x=y=",
        "%",
        "0",
        "a:a.test//1/1",
    ],
)
def test_as_long_as_may_be(unit: str) -> None:
    for start in ("v=spf1 ", "v=spf1 a:", "v=spf1 exists:%{d", "v=spf1 redirect=", "v=spf1 a/"):
        text = (start + unit * MAX_RECORD)[:MAX_RECORD].encode()
        assert len(wrong_with(text)) < 200


async def test_a_record_that_asks_for_as_much_as_can_be() -> None:
    spec = "exists:" + "%{s}" * 180 + ".test"
    zone = Zone("e.test TXT v=spf1 " + f"{spec} " * 10 + "-all\n")
    verdict = await check(zone, sender=f"{'a.' * 31}a@e.test")
    assert verdict.result == "permerror"
    assert all(len(question) <= MAX_NAME + len(" TXT") for question in zone.asked)


WORDS = st.text(max_size=60)


@SLOW
@given(WORDS, WORDS, WORDS, WORDS)
def test_any_result_is_written_and_read(who: str, value: str, reason: str, comment: str) -> None:
    result = MethodResult("spf", "fail", (Property("smtp", "mailfrom", value),), reason, comment)
    field = render_results(AuthenticationResults(who, (result,)))
    header = Header.parse(field + b"\r\n")
    assert len(header) == 1
    read = parse_results(next(iter(header)).value)
    assert read is not None
    assert [(one.method, one.result, len(one.properties)) for one in read.results] == [("spf", "fail", 1)]


@SLOW
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from([*'();=./"\\@ \t\r\n', "none", "spf", "pass", "reason", "smtp", "mailfrom", "a.test", "\u00e9", "1"]),
            max_size=40,
        ).map(lambda words: "".join(words).encode()),
    )
)  # fmt: skip
def test_any_field_is_read(value: bytes) -> None:
    read = parse_results(value)
    assert read is None or read.authserv_id or b'""' in value.replace(b"\r\n", b"")
