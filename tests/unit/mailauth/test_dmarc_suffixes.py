"""Organizational domains by a list of suffixes (RFC 7489 §3.2)."""

from __future__ import annotations

import pytest

from postroom.mailauth.dmarc.suffixes import SuffixList

RULES = """
// a comment
test
co.test   and what follows a space
*.wild.test
!known.wild.test
公司.test
github.test
"""


@pytest.mark.parametrize(
    ("name", "organization"),
    [
        ("crepes.test", "crepes.test"),
        ("mail.crepes.test", "crepes.test"),
        ("a.b.c.crepes.test", "crepes.test"),
        ("test", "test"),
        ("co.test", "co.test"),
        ("crepes.co.test", "crepes.co.test"),
        ("a.crepes.co.test", "crepes.co.test"),
        ("notco.test", "notco.test"),
        ("wild.test", "wild.test"),
        ("any.wild.test", "any.wild.test"),
        ("crepes.any.wild.test", "crepes.any.wild.test"),
        ("a.crepes.any.wild.test", "crepes.any.wild.test"),
        ("known.wild.test", "known.wild.test"),
        ("a.known.wild.test", "known.wild.test"),
        ("a.crepes.xn--55qx5d.test", "crepes.xn--55qx5d.test"),
        ("a.b.unlisted", "b.unlisted"),
        ("unlisted", "unlisted"),
    ],
)
def test_the_organizational_domain(name: str, organization: str) -> None:
    assert SuffixList(RULES.splitlines()).organizational_domain(name) == organization


def test_what_is_no_rule_is_named() -> None:
    with pytest.raises(ValueError, match=r"line 2 of the suffix list: a\.\*\.b is no rule"):
        SuffixList(["test", "a.*.b"])
    with pytest.raises(ValueError, match="line 1"):
        SuffixList(["ö" * 300])
    assert len(SuffixList(RULES.splitlines())) == 6
