"""The author's domain (RFC 9989 §5.3.1), and all the ways not to have exactly one."""

from __future__ import annotations

import pytest

from postroom.mailauth.dmarc.author import MAX_AUTHORS, MAX_FROM, Fault, authors
from postroom.message.headers.address_list import MAX_TOKENS
from postroom.message.headers.header import MAX_FIELDS, MAX_HEADER, Header


@pytest.mark.parametrize(
    ("fields", "domains", "fault"),
    [
        ("From: a@e.test", ["e.test"], None),
        ("FROM: a@E.Test", ["e.test"], None),
        ("From : a@e.test", ["e.test"], None),
        ("From:\r\n a@e.test", ["e.test"], None),
        ('From: "b@f.test" <a@e.test>', ["e.test"], None),
        ("From: b@f.test <a@e.test>", ["e.test"], None),
        ("From: a@e.test (b@f.test)", ["e.test"], None),
        ("From: a@e.test, b@e.test", ["e.test"], None),
        ("From: us: a@e.test, b@e.test;", ["e.test"], None),
        ("From: <@f.test:a@e.test>", ["e.test"], None),
        ("From: a@bücher.test", ["xn--bcher-kva.test"], None),
        ("From: a@xn--bcher-kva.test, b@bücher.test", ["xn--bcher-kva.test"], None),
        ("From: a@e.test, b@f.test", ["e.test", "f.test"], Fault.SEVERAL_DOMAINS),
        ("From: <a@e.test>, <b@f.test>", ["e.test", "f.test"], Fault.SEVERAL_DOMAINS),
        ("From: us: a@e.test;, b@f.test", ["e.test", "f.test"], Fault.SEVERAL_DOMAINS),
        ("From: a@e.test\r\nFrom: a@e.test", ["e.test"], Fault.FROM_TWICE),
        ("From: a@e.test\r\nSubject: x\r\nfrom : b@f.test", ["e.test", "f.test"], Fault.FROM_TWICE),
        ("Sender: a@e.test", [], Fault.NO_FROM),
        ("Resent-From: a@e.test", [], Fault.NO_FROM),
        (" From: a@e.test", [], Fault.NO_FROM),
        ("From:", [], Fault.NO_AUTHOR),
        ("From: undisclosed:;", [], Fault.NO_AUTHOR),
        ("From: \x0b", [], Fault.UNREADABLE),  # an entry of which nothing can be shown
        ("From: a", [], Fault.UNREADABLE),
        ("From: a@", [], Fault.UNREADABLE),
        ("From: a@[192.0.2.1]", [], Fault.UNREADABLE),
        ("From: a@e..test", [], Fault.UNREADABLE),
        ("From: a@e.test\x00.f.test", [], Fault.UNREADABLE),
        ("From: a@-e.test", [], Fault.UNREADABLE),
        (f"From: a@{'e' * 64}.test", [], Fault.UNREADABLE),
        ("From: =?utf-8?q?a=40e.test?=", [], Fault.UNREADABLE),
        ("From: <b@f.test>\\,<a@e.test>", ["e.test"], Fault.UNREADABLE),
        ("From: <b@f.test>a@e.test", [], Fault.UNREADABLE),
        ("From: a@e.test, nonsense", ["e.test"], Fault.UNREADABLE),
        ("From: " + ", ".join(f"a{n}@e.test" for n in range(MAX_AUTHORS)), ["e.test"], None),
        ("From: " + ", ".join(f"a{n}@e.test" for n in range(MAX_AUTHORS + 1)), ["e.test"], Fault.TOO_MANY),
    ],
)
def test_authors(fields: str, domains: list[str], fault: Fault | None) -> None:
    found = authors(Header.parse(f"{fields}\r\n\r\nFrom: body@e.test\r\n".encode()))
    assert (list(found.domains), found.fault) == (domains, fault)
    assert bool(found.problem) is (fault is not None)


@pytest.mark.parametrize("between", ["X: y\r\n" * MAX_FIELDS, f"X: {'y' * MAX_HEADER}\r\n"])
@pytest.mark.parametrize("first", ["From: a@e.test\r\n", ""])
def test_a_from_that_nobody_here_looks_at(first: str, between: str) -> None:
    found = authors(Header.parse(f"{first}{between}From: b@f.test\r\n\r\n".encode()))
    assert found.fault is Fault.TOO_LONG


@pytest.mark.parametrize("between", ["," * MAX_TOKENS, "," * MAX_FROM, "(" + "x" * MAX_FROM + "),"])
def test_an_author_whom_nobody_here_reads(between: str) -> None:
    found = authors(Header.parse(f"From: a@e.test,{between}b@f.test\r\n\r\n".encode()))
    assert found.fault in {Fault.UNREADABLE, Fault.TOO_LONG}


def test_the_problem_names_the_entry() -> None:
    found = authors(Header.parse(b"From: e\x1b[2J@\r\n\r\n"))
    assert found.problem.startswith("an entry of From that is no address: ")
    assert found.problem.isprintable()
    found = authors(Header.parse(b"From: a@e.test, b@f.test\r\n\r\n"))
    assert found.problem == "addresses of several domains in From: e.test, f.test"
