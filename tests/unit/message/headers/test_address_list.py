from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.message.headers.address_list import (
    MAX_ADDRESSES,
    MAX_TOKENS,
    AddressSpec,
    Group,
    mailboxes,
    parse_address_list,
)


def _pairs(value: bytes) -> list[tuple[str, str]]:
    return [(spec.name, spec.email) for spec in mailboxes(parse_address_list(value))]


# RFC 5322 appendix A.1.1, A.1.2, A.1.3, A.5, A.6.1, A.6.3, and the example of RFC 8621 §4.1.2.3
EXAMPLES = [
    (b"John Doe <jdoe@machine.example>", [("John Doe", "jdoe@machine.example")]),
    (b'"Joe Q. Public" <john.q.public@example.com>', [("Joe Q. Public", "john.q.public@example.com")]),
    (
        b"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
        [("Mary Smith", "mary@x.test"), ("", "jdoe@example.org"), ("Who?", "one@y.test")],
    ),
    (
        b'<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
        [("", "boss@nil.test"), ('Giant; "Big" Box', "sysservices@example.net")],
    ),
    (
        b"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
        [("Ed Jones", "c@a.test"), ("", "joe@where.test"), ("John", "jdoe@one.test")],
    ),
    (b"Undisclosed recipients:;", []),
    (b"John\t  Doe <jdoe@one.test>", [("John Doe", "jdoe@one.test")]),
    (b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [("Pete", "pete@silly.test")]),
    (
        b"A Group(Some people) :Chris Jones <c@(Chris's host.)public.example>, joe@example.org, John <jdoe@one.test> (my dear friend); (the end)",
        [("Chris Jones", "c@public.example"), ("", "joe@example.org"), ("John", "jdoe@one.test")],
    ),
    (b"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", []),
    (b"Joe Q. Public <john.q.public@example.com>", [("Joe Q. Public", "john.q.public@example.com")]),
    (
        b"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
        [("Mary Smith", "mary@example.net"), ("", "jdoe@test.example")],
    ),
    (b"John Doe <jdoe@machine(comment).  example>", [("John Doe", "jdoe@machine.example")]),
    (
        b'"  James Smythe" <james@example.com>, Friends: jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?= <john@example.com>;',
        [
            ("James Smythe", "james@example.com"),
            ("", "jane@example.com"),
            ("John Sm\u00eeth", "john@example.com"),
        ],
    ),
]


@pytest.mark.parametrize(("value", "expected"), EXAMPLES)
def test_examples(value: bytes, expected: list[tuple[str, str]]) -> None:
    assert _pairs(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", []),
        (b" , ,", []),
        (b"a@b (Joe \\) =?utf-8?q?=C3=A9?=)", [("Joe ) \u00e9", "a@b")]),
        (b"user@[127.0.0.1]", [("", "user@[127.0.0.1]")]),
        (b'"a b"@c, "x".y@z', [("", '"a b"@c'), ("", "x.y@z")]),
        (b"a@b; c@d", [("", "a@b"), ("", "c@d")]),
        (b"joe@x.test <joe@x.test>", [("joe@x.test", "joe@x.test")]),
        (b"docomo.@x.test", [("", '"docomo."@x.test')]),
        (b"[List] Bot <a@b>", [("[List] Bot", "a@b")]),
        ("Jos\u00e9 <jos\u00e9@b\u00fccher.test>".encode(), [("Jos\u00e9", "jos\u00e9@b\u00fccher.test")]),
        (b"Jos\xe9 <a@b>", [("Jos\u00e9", "a@b")]),
        (b"\xff\xfe <a@b>", [("\u00ff\u00fe", "a@b")]),
        (b'"x =?utf-8?q?a?=" =?utf-8?q?b?= <a@b>', [("x =?utf-8?q?a?= b", "a@b")]),
    ],
)
def test_forms_that_are_met(value: bytes, expected: list[tuple[str, str]]) -> None:
    assert _pairs(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        b"undisclosed",
        b"<>",
        b"a@b.",
        b"a@b..c",
        b"a@b@c",
        b"a b@c",
        b"<x@a>y@legit.test",
        b"<x@a><y@legit.test>",
        b'"open <a@b>',
        b"a@b (open",
        b"(open \\",
        b"a@b <c@d",
        b"a@ b c",
        b"a@[1.2.3.4",
        b"a\0@b",
    ],
)
def test_what_is_no_mailbox_is_one_defective_entry(value: bytes) -> None:
    (spec,) = mailboxes(parse_address_list(value))
    assert (spec.defect, spec.domain, spec.address) == (True, "", None)


# Display and check see the same author: espoofer's cases A14 to A19, and Mailsploit
@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"<x@a.test>, <y@legit.test>", ["x@a.test", "y@legit.test"]),
        (b"<y@legit.test>\\,<x@a.test>", [None, "x@a.test"]),
        (b"<@legit.test,@x.test:any@a.test>", ["any@a.test"]),
        (b"=?utf-8?b?PHlAbGVnaXQudGVzdD4=?=", [None]),
        (b"=?utf-8?b?eUBsZWdpdC50ZXN0?= <x@a.test>", ["x@a.test"]),
        (
            b"=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?=@a.test",
            ["=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?=@a.test"],
        ),
    ],
)
def test_authors_as_a_check_counts_them(value: bytes, addresses: list[str | None]) -> None:
    found = [spec.address for spec in mailboxes(parse_address_list(value))]
    assert [address and str(address) for address in found] == addresses


def test_control_characters_in_names_are_shown() -> None:
    assert _pairs(b"=?utf-8?q?a=00=0Ab?= <x@a.test>") == [("a\ufffd\ufffdb", "x@a.test")]
    assert _pairs(b"=?utf-8?q?p@w.test=00?= <x@a.test>") == [("p@w.test\ufffd", "x@a.test")]
    assert _pairs(b'"a\\\x00b" <x@a.test>') == [("a\ufffdb", "x@a.test")]


def test_groups_keep_their_names() -> None:
    assert parse_address_list(b"g:;, =?utf-8?q?h?=: a@b;c@d") == [
        Group("g", [], "g"),
        Group("h", [AddressSpec("", "a", "b")], "=?utf-8?q?h?="),
        AddressSpec("", "c", "d"),
    ]


def test_nested_comments_and_backslashes() -> None:
    (spec,) = mailboxes(parse_address_list(b"(" * 500 + b")" * 500 + b" a@b"))
    assert spec.address == Address("a", "b")
    (spec,) = mailboxes(parse_address_list(b'"\\\\\\\\"@x'))
    assert (spec.local, spec.domain) == ("\\\\", "x")


@pytest.mark.parametrize("entry", [b"a@b,", b"a@b(c),", b"<,", b"g:;", b'"x" <a@b>, '])
def test_a_hundred_thousand_addresses_are_capped(entry: bytes) -> None:
    assert len(mailboxes(parse_address_list(entry * 100_000))) <= MAX_ADDRESSES


@pytest.mark.parametrize("sign", [b",", b";", b"()", b"() ", b"x ", b":", b"<"])
def test_of_so_many_words_and_signs_the_rest_is_one_entry_that_is_no_mailbox(sign: bytes) -> None:
    """It is not passed over: who counts the authors of a message sees that there is more."""
    found = mailboxes(parse_address_list(b"a@b, (c) c@d," + sign * MAX_TOKENS + b", e@f"))
    assert [spec.address for spec in found[:2]] == [Address("a", "b"), Address("c", "d")]
    assert found[-1].defect
    assert Address("e", "f") not in [spec.address for spec in found]


SHRED = st.sampled_from([*'<>()[]:;@\\,". ', "\t", "\n", "\0", "a", "b.c", "=?utf-8?q?a?=", "é", '"q"'])


@given(st.lists(SHRED, max_size=40).map("".join), st.integers(1, 5))
def test_any_text_gives_entries(text: str, limit: int) -> None:
    entries = parse_address_list(text, limit)
    assert len(mailboxes(entries)) <= limit
    for spec in mailboxes(entries):
        assert spec.defect or (spec.domain and "@" not in spec.domain)
        assert isinstance(spec.email, str)
