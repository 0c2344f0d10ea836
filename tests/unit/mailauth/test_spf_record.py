"""The grammar of SPF records: what is a record, what is a syntax error, and that one error spoils all of it (RFC 7208 §4.5, §4.6, §12)."""

from __future__ import annotations

import pytest

from postroom.mailauth.spf.record import MAX_RECORD, Network, RecordError, parse, select
from spf_zone import check

GOOD = [
    # §4.5, §4.6.1: version and spaces
    "v=spf1",
    "v=spf1 ",
    "v=spf1    -all   ",
    "V=SPF1 -ALL",
    "v=spf1 +all -all ~all ?all",
    # §5.1 to §5.7
    "v=spf1 all",
    "v=spf1 include:a.test -include:b.test",
    "v=spf1 INCLUDE:A.test",
    "v=spf1 a",
    "v=spf1 a:a.test",
    "v=spf1 a:a.test.",
    "v=spf1 a:a.test/24",
    "v=spf1 a/24",
    "v=spf1 a//64",
    "v=spf1 a/24//64",
    "v=spf1 a:a.test/0//0",
    "v=spf1 a:a.test/32//128",
    "v=spf1 a:a/24.test",
    "v=spf1 a:a//b.test//64",
    "v=spf1 a:_x.a-b.test",
    "v=spf1 a:a.x--y",
    "v=spf1 a:a.1-2",
    "v=spf1 a:a.4x",
    "v=spf1 a:%{d}",
    "v=spf1 a:%{d}/24",
    "v=spf1 a:a.test%%",
    "v=spf1 a:a.test%_",
    "v=spf1 a:a.test%-",
    "v=spf1 a:%{d2}.a.test//64",
    "v=spf1 a:!#$&'()*+,;<>?@[]^`{|}~.test",
    "v=spf1 mx",
    "v=spf1 mx:a.test/24//64",
    "v=spf1 mx/0",
    "v=spf1 ptr",
    "v=spf1 ptr:a.test",
    "v=spf1 ip4:192.0.2.1",
    "v=spf1 ip4:192.0.2.1/0",
    "v=spf1 ip4:192.0.2.77/24",
    "v=spf1 ip4:0.0.0.0/32",
    "v=spf1 ip4:255.255.255.255",
    "v=spf1 ip6:2001:db8::1",
    "v=spf1 ip6:::",
    "v=spf1 ip6:::1/128",
    "v=spf1 ip6:2001:DB8::/0",
    "v=spf1 ip6:::ffff:192.0.2.1/120",
    "v=spf1 ip6:1:2:3:4:5:6:7:8",
    "v=spf1 exists:%{i}.a.test",
    "v=spf1 exists:%{I}.a.test",
    # §6: modifiers, anywhere, the unknown ones as often as one likes
    "v=spf1 redirect=a.test",
    "v=spf1 redirect=a.test -all",
    "v=spf1 Redirect=%{d}",
    "v=spf1 exp=a.test -all",
    "v=spf1 -all exp=%{i}.a.test redirect=b.test",
    "v=spf1 foo=bar foo=bar",
    "v=spf1 foo= -all",
    "v=spf1 f-o_o.1=x/y:z=%{c}%{r}%{t}%%",
    "v=spf1 all=a.test",
    "v=spf1 ip4=192.0.2.1",
    "v=spf1 include=a",
    # §7.1: macros
    "v=spf1 exists:%{s}%{l}%{o}%{d}%{i}%{p}%{v}%{h}",
    "v=spf1 exists:%{S}%{L}%{O}%{D}%{I}%{P}%{V}%{H}",
    "v=spf1 exists:%{d1}%{d127}%{d128}%{d99999999999999999999}",
    "v=spf1 exists:%{dr}%{d1r}%{dR}%{d01}",
    "v=spf1 exists:%{d.-+,/_=}%{d2r.-}",
]

BAD = [
    "v=spf1 alll",
    "v=spf1 -",
    "v=spf1 --all",
    "v=spf1 +-all",
    "v=spf1 !all",
    "v=spf1 :a.test",
    "v=spf1 =a.test",
    "v=spf1 1a=x",
    "v=spf1 _foo=x",
    "v=spf1 -foo=bar",
    "v=spf1 +redirect=a.test",
    "v=spf1 -exp=a.test",
    "v=spf1 fo$o=bar",
    "v=spf1 foo",
    "v=spf1 foo:a.test",
    "v=spf1 v=spf1\tx",
    "v=spf1 all:a.test",
    "v=spf1 all/8",
    "v=spf1 all.",
    "v=spf1\x01-all",
    "v=spf1 -all\t",
    "v=spf1 a:\u00e9.test -all",
    "v=spf1 foo=\u00e9",
    # §5.2
    "v=spf1 include",
    "v=spf1 include:",
    "v=spf1 include/24",
    "v=spf1 include:a.test/24",
    "v=spf1 include:a",
    # §5.3, §5.4
    "v=spf1 a:",
    "v=spf1 a:/24",
    "v=spf1 a/",
    "v=spf1 a//",
    "v=spf1 a/33",
    "v=spf1 a//129",
    "v=spf1 a/024",
    "v=spf1 a/00",
    "v=spf1 a//064",
    "v=spf1 a/-1",
    "v=spf1 a/24/64",
    "v=spf1 a///64",
    "v=spf1 a//64/24",
    "v=spf1 a/x",
    "v=spf1 a24",
    "v=spf1 a:a.test/33",
    "v=spf1 a:a.test//129",
    "v=spf1 a:a.test/",
    "v=spf1 a:a.test/24/64",
    "v=spf1 a:a.test:25",
    "v=spf1 a:test",
    "v=spf1 a:a.-test",
    "v=spf1 a:a.test-",
    "v=spf1 a:a.te_st",
    "v=spf1 a:a.test..",
    "v=spf1 a:192.0.2.1",
    "v=spf1 a:a.123",
    "v=spf1 a:.",
    "v=spf1 a:%{d}.",
    "v=spf1 a:%{d}com",
    "v=spf1 mx:",
    "v=spf1 mx/33",
    "v=spf1 mx:a.test//129",
    "v=spf1 mx:a",
    "v=spf1 mx10",
    # §5.5, §5.7
    "v=spf1 ptr:",
    "v=spf1 ptr/24",
    "v=spf1 ptr:a.test/24",
    "v=spf1 ptr:a",
    "v=spf1 exists",
    "v=spf1 exists:",
    "v=spf1 exists/24",
    "v=spf1 exists:a.test/24",
    "v=spf1 exists:a",
    # §5.6
    "v=spf1 ip4",
    "v=spf1 ip4:",
    "v=spf1 ip4/24",
    "v=spf1 ip4:192.0.2",
    "v=spf1 ip4:192.0.2.1.1",
    "v=spf1 ip4:192.0.2.256",
    "v=spf1 ip4:192.0.2.01",
    "v=spf1 ip4:192.0.2.1/33",
    "v=spf1 ip4:192.0.2.1/",
    "v=spf1 ip4:192.0.2.1/024",
    "v=spf1 ip4:192.0.2.1/24/24",
    "v=spf1 ip4:192.0.2.1//24",
    "v=spf1 ip4:192.0.2.1/255.255.255.0",
    "v=spf1 ip4:a.test",
    "v=spf1 ip4:2001:db8::1",
    "v=spf1 ip4:192.0.2.1:25",
    "v=spf1 ip6",
    "v=spf1 ip6:",
    "v=spf1 ip6:192.0.2.1",
    "v=spf1 ip6:2001:db8::1/129",
    "v=spf1 ip6:2001:db8::1//64",
    "v=spf1 ip6:2001:db8",
    "v=spf1 ip6:2001::db8::1",
    "v=spf1 ip6:2001:db8::g",
    "v=spf1 ip6:2001:db8::12345",
    "v=spf1 ip6:fe80::1%eth0",
    "v=spf1 ip6:[2001:db8::1]",
    # §6.1, §6.2
    "v=spf1 redirect",
    "v=spf1 redirect=",
    "v=spf1 redirect:a.test",
    "v=spf1 redirect=a",
    "v=spf1 redirect=a.test/24",
    "v=spf1 redirect=a.test redirect=a.test",
    "v=spf1 exp=",
    "v=spf1 exp=a",
    "v=spf1 exp=a.test exp=b.test",
    "v=spf1 exp=a.test EXP=a.test",
    "v=spf1 exp=%{c}.a.test",
    # §7.1, §7.2
    "v=spf1 exists:%",
    "v=spf1 exists:%a.test",
    "v=spf1 exists:%(d).test",
    "v=spf1 exists:%{}.a.test",
    "v=spf1 exists:%{d",
    "v=spf1 exists:%{d}%",
    "v=spf1 exists:%{x}.a.test",
    "v=spf1 exists:%{c}.a.test",
    "v=spf1 exists:%{r}.a.test",
    "v=spf1 exists:%{t}.a.test",
    "v=spf1 exists:%{d0}.a.test",
    "v=spf1 exists:%{d00r}.a.test",
    "v=spf1 exists:%{dr2}.a.test",
    "v=spf1 exists:%{d-2}.a.test",
    "v=spf1 exists:%{d:}.a.test",
    "v=spf1 exists:%{dd}.a.test",
    "v=spf1 exists:%{ d}.a.test",
    "v=spf1 foo=%{d0}",
    "v=spf1 foo=%{x}",
    "v=spf1 foo=%",
]


@pytest.mark.parametrize("record", GOOD)
def test_what_follows_the_grammar(record: str) -> None:
    assert parse(record.encode()).text == record


@pytest.mark.parametrize("record", BAD)
def test_what_does_not_follow_it(record: str) -> None:
    (selected,) = select([record.encode()]) or [record.encode()]
    with pytest.raises(RecordError, match=r"expected|no such mechanism"):
        parse(selected)


@pytest.mark.parametrize("where", ["{} +all", "+all {}", "{} redirect=other.test"])
@pytest.mark.parametrize(
    "wrong", ["moo", "a/33", "ip4:1.2.3", "exp=", "redirect= ", "exists:%{x}.test", "-foo=bar"]
)
async def test_an_error_anywhere_is_one_of_the_whole_record(where: str, wrong: str) -> None:
    """§4.6: even behind a term that would match."""
    verdict = await check(f"e.test TXT v=spf1 {where.format(wrong)}")
    assert verdict.result == "permerror"
    assert wrong.strip() in verdict.problem
    assert verdict.lookups == 0


@pytest.mark.parametrize(
    ("texts", "result"),
    [
        (["v=spf1 +all"], "pass"),
        (["V=sPf1 +all"], "pass"),
        (["v=spf1"], "neutral"),
        (["v=spf10 +all"], "none"),
        (["v=spf1-all"], "none"),
        (["v=spf1\t+all"], "none"),
        (["v=spf1,+all"], "none"),
        ([" v=spf1 +all"], "none"),
        (["v=spf2.0/pra +all"], "none"),
        (["spf1 +all"], "none"),
        (["v=spf"], "none"),
        ([""], "none"),
        (["v=verification abc", "v=spf1 +all"], "pass"),
        (["v=spf10 +all", "v=spf1 +all"], "pass"),
        (["v=spf1 +all", "v=spf1 +all"], "permerror"),
        (["v=spf1 +all", "V=SPF1"], "permerror"),
        (["v=spf1", "v=spf1 moo"], "permerror"),
    ],
)
async def test_selection(texts: list[str], result: str) -> None:
    """§4.5 and §3.2."""
    assert (await check("\n".join(f"e.test TXT {text}" for text in texts))).result == result


def test_a_record_as_long_as_may_be_and_one_octet_more() -> None:
    record = b"v=spf1 foo=".ljust(MAX_RECORD, b"x")
    assert len(parse(record).text) == MAX_RECORD
    with pytest.raises(RecordError, match="8193 octets, at most 8192"):
        parse(record + b"x")


def test_values() -> None:
    record = parse(b"v=spf1 -A:%{d}/24//64 ~ip4:192.0.2.77/24 ?all exp=x.test")
    a, ip4, last = record.mechanisms
    assert (a.kind, a.result, a.text, a.four, a.six) == ("a", "fail", "-A:%{d}/24//64", 24, 64)
    assert ip4.network == Network(4, 0xC0_00_02, 8)
    assert (ip4.result, last.result) == ("softfail", "neutral")
    assert record.redirect is None
    assert record.exp is not None


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        ("\xa0", "\\xc2\\xa0:"),
        ("\x00\x7f", "\\x00\\x7f:"),
        ("\ue000", "\\xee\\x80\\x80:"),
        ("x" * 60, "x" * 60 + ":"),
        ("x" * 61, "x" * 57 + "...:"),
    ],
)
def test_an_error_shows_its_term_in_printable_ascii(term: str, shown: str) -> None:
    with pytest.raises(RecordError) as error:
        parse(f"v=spf1 {term}".encode())
    assert str(error.value).startswith(shown)
