"""Where policies are, and organizations end (RFC 9989 §4.10, RFC 7489 §6.6.3)."""

from __future__ import annotations

import pytest

from dmarc_zone import zone
from postroom.mailauth.dmarc.discovery import Discovery, Method, Undiscovered, targets
from postroom.mailauth.dmarc.suffixes import SuffixList
from spf_zone import Zone

LIST = SuffixList(["test", "co.test"])


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("test", "test"),
        ("mail.e.test", "mail.e.test e.test test"),
        ("a.b.c.d.e.f.g.h", "a.b.c.d.e.f.g.h b.c.d.e.f.g.h c.d.e.f.g.h d.e.f.g.h e.f.g.h f.g.h g.h h"),
        (
            "a.b.c.d.e.f.g.h.i.j.mail.example.com",  # the example of RFC 9989 §4.10
            (
                "a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com h.i.j.mail.example.com "
                "i.j.mail.example.com j.mail.example.com mail.example.com example.com com"
            ),
        ),
    ],
)
def test_the_walk(domain: str, expected: str) -> None:
    assert list(targets(domain)) == expected.split()


# author domain, records; then who has the policy, and the organizational domain
CASES = [
    # the examples of RFC 9989 §4.10.2
    ("a.mail.example.com", "mail.example.com p=none|example.com p=none", "example.com", "example.com"),
    (
        "a.mail.example.com",
        "mail.example.com p=none; psd=n|example.com p=none",
        "mail.example.com",
        "mail.example.com",
    ),
    ("a.mail.example.com", "com p=none; psd=y", "com", "example.com"),
    # at the author's domain
    ("e.test", "e.test p=none", "e.test", "e.test"),
    ("a.e.test", "a.e.test p=none|e.test p=none", "a.e.test", "e.test"),
    ("a.e.test", "a.e.test p=none; psd=n|e.test p=none", "a.e.test", "a.e.test"),
    ("a.e.test", "a.e.test p=none|test p=none; psd=y", "a.e.test", "e.test"),
    ("a.e.test", "a.e.test p=none", "a.e.test", "a.e.test"),
    # above it
    ("a.e.test", "e.test p=none", "e.test", "e.test"),
    ("a.e.test", "e.test p=none|test p=none; psd=y", "e.test", "e.test"),
    ("a.b.e.test", "b.e.test p=none|test p=none; psd=y", "test", "e.test"),
    ("a.b.e.test", "b.e.test p=none; psd=y|e.test p=none", "b.e.test", "a.b.e.test"),
    ("a.e.test", "test p=none", "test", "test"),
    ("a.e.test", "test p=none; psd=y", "test", "e.test"),
    # a suffix itself
    ("co.test", "co.test p=none; psd=y|test p=none; psd=y", "co.test", "co.test"),
    ("test", "test p=none; psd=y", "test", "test"),
    ("co.test", "test p=none; psd=y", "test", "co.test"),
    # nothing
    ("a.e.test", "other.test p=none", None, "a.e.test"),
    # two records of one name are none
    ("e.test", "e.test p=none|e.test p=reject", None, "e.test"),
    ("a.e.test", "a.e.test p=none|a.e.test p=reject|e.test p=none", "e.test", "e.test"),
    # long names: what lies between is not seen
    ("a.b.c.d.e.f.g.h.test", "b.c.d.e.f.g.h.test p=none|h.test p=none", "h.test", "h.test"),
    ("a.b.c.d.e.f.g.h.test", "a.b.c.d.e.f.g.h.test p=none", "a.b.c.d.e.f.g.h.test", "a.b.c.d.e.f.g.h.test"),
    ("a.b.c.d.e.f.g.test", "b.c.d.e.f.g.test p=none", "b.c.d.e.f.g.test", "b.c.d.e.f.g.test"),
]


@pytest.mark.parametrize(("author", "records", "policy", "organization"), CASES)
async def test_by_the_tree_walk(author: str, records: str, policy: str | None, organization: str) -> None:
    asked = zone(records)
    discovery = Discovery(asked)
    published = await discovery.policy_of(author)
    assert (published.domain if published else None) == policy
    assert await discovery.organization_of(author) == organization
    assert discovery.method is Method.TREE_WALK
    assert len(asked.asked) == len(set(asked.asked)) <= 8


@pytest.mark.parametrize(
    ("author", "records", "policy", "organization"),
    [
        ("e.test", "e.test p=none", "e.test", "e.test"),
        ("a.e.test", "e.test p=none", "e.test", "e.test"),
        ("a.e.test", "a.e.test p=none|e.test p=none", "a.e.test", "e.test"),
        ("a.b.e.test", "b.e.test p=none", None, "e.test"),
        ("a.e.co.test", "e.co.test p=none", "e.co.test", "e.co.test"),
        ("e.co.test", "co.test p=none|test p=none; psd=y", None, "e.co.test"),
        ("a.e.test", "a.e.test p=none; psd=n", "a.e.test", "e.test"),
        ("a.e.test", "a.e.test p=none|a.e.test p=none|e.test p=none", None, "e.test"),
    ],
)
async def test_by_a_list(author: str, records: str, policy: str | None, organization: str) -> None:
    asked = zone(records)
    discovery = Discovery(asked, LIST)
    published = await discovery.policy_of(author)
    assert (published.domain if published else None) == policy
    assert await discovery.organization_of(author) == organization
    assert discovery.method is Method.SUFFIX_LIST
    assert len(asked.asked) <= 2


@pytest.mark.parametrize("records", ["a.e.test !SERVFAIL|e.test p=none", "e.test !TIMEOUT", "test !REFUSED"])
async def test_where_the_dns_fails_nothing_is_known(records: str) -> None:
    with pytest.raises(Undiscovered, match=r"the DNS answers .* for TXT of _dmarc"):
        await Discovery(zone(records)).policy_of("a.e.test")


@pytest.mark.parametrize(
    ("records", "exists"),
    [("a.e.test", True), ("a.e.test p=none", True), ("e.test", False), ("x.a.e.test", False)],
)
async def test_whether_a_name_exists(records: str, exists: bool) -> None:
    discovery = Discovery(zone(records))
    await discovery.policy_of("a.e.test")
    assert await discovery.exists("a.e.test") is exists


async def test_other_texts_at_the_name_are_not_records() -> None:
    texts = "\n".join(f"_dmarc.e.test TXT {text}" for text in ("v=spf1 -all", "v=DMARC1; p=reject", "hello"))
    published = await Discovery(Zone(texts)).policy_of("e.test")
    assert published is not None
    assert published.record.text == "v=DMARC1; p=reject"
