"""DMARC records: which texts they are, and what their tags say (RFC 9989 §4.7, §4.8)."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.mailauth.dmarc.record import MAX_RECORD, MAX_URIS, Mode, Policy, Psd, Record, parse, select

NONE, QUARANTINE, REJECT = Policy


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("v=DMARC1", True),
        ("v=DMARC1;", True),
        ("v=DMARC1; p=none", True),
        ("v = DMARC1 ; p=none", True),
        ("v\t=\tDMARC1;p=none", True),
        ("v=DMARC1 p=none", False),
        ("v=DMARC1,p=none", False),
        ("V=DMARC1; p=none", False),
        ("v=dmarc1; p=none", False),
        ("v=DMARC10; p=none", False),
        ("v=DMARC2; p=none", False),
        (" v=DMARC1; p=none", False),
        ("p=none; v=DMARC1", False),
        ("v=spf1 -all", False),
        ("", False),
        ("v=DMARC1;" + "x" * (MAX_RECORD - 9), True),
        ("v=DMARC1;" + "x" * (MAX_RECORD - 8), False),
    ],
)
def test_what_a_record_is(text: str, is_one: bool) -> None:
    assert bool(select([text.encode()])) is is_one


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", {}),
        ("p=none", {"p": NONE, "readable": True}),
        ("p=reject", {"p": REJECT, "readable": True}),
        ("P=Reject", {"p": REJECT, "readable": True}),
        ("p = quarantine ;", {"p": QUARANTINE, "readable": True}),
        ("p=", {}),
        ("p=strict", {}),
        ("p=reject; p=none", {}),
        ("p=reject; sp=none; np=quarantine", {"p": REJECT, "sp": NONE, "np": QUARANTINE, "readable": True}),
        ("p=reject; sp=nothing", {"p": REJECT}),
        ("p=reject; np=", {"p": REJECT}),
        ("adkim=s; aspf=s", {"adkim": Mode.STRICT, "aspf": Mode.STRICT}),
        ("adkim=S; aspf=x", {"adkim": Mode.STRICT}),
        ("psd=y", {"psd": Psd.YES}),
        ("psd=n", {"psd": Psd.NO}),
        ("psd=u", {}),
        ("psd=maybe", {}),
        ("t=y", {"testing": True}),
        ("t=n", {}),
        ("t=yes", {}),
        ("pct=0", {"percent": 0}),
        ("pct=42", {"percent": 42}),
        ("pct=100", {}),
        ("pct=101", {}),
        ("pct=-1", {}),
        ("pct=+1", {}),
        ("pct=١", {}),
        ("fo=1", {"failure_options": ("1",)}),
        ("fo=1:d:s", {"failure_options": ("1", "d", "s")}),
        ("fo=d : s", {"failure_options": ("d", "s")}),
        ("fo=d:d", {}),
        ("fo=d:0:s", {"failure_options": ("d", "0", "s")}),
        ("fo=0:1", {}),
        ("fo=1:d:0", {}),
        ("fo=x", {}),
        ("x=y; unknown=1; p=none; 1=2; =; ;;", {"p": NONE, "readable": True}),
        ("p=none\x07", {}),
    ],
)
def test_tags(tags: str, expected: dict[str, Any]) -> None:
    text = f"v=DMARC1; {tags}"
    assert parse(text.encode()) == Record(text, **expected)


@pytest.mark.parametrize(
    ("value", "addresses", "has_uri"),
    [
        ("mailto:a@e.test", ["a@e.test"], True),
        ("mailto:a@e.test,mailto:b@e.test", ["a@e.test", "b@e.test"], True),
        ("mailto:a@e.test , MAILTO:b@E.test", ["a@e.test", "b@e.test"], True),
        ("mailto:a@e.test,mailto:A@e.test", ["a@e.test"], True),
        ("mailto:a@e.test!10m", ["a@e.test"], True),
        ("mailto:a@e.test!10", ["a@e.test"], True),
        ("mailto:a%21b@e.test", ["a!b@e.test"], True),
        ("mailto:a%2Cb@e.test", [], False),  # a comma is no atom
        ("mailto:%22a%2Cb%22@e.test", ['"a,b"@e.test'], True),
        ("mailto:a@e.test?subject=x", ["a@e.test"], True),
        ("mailto:a%0d%0aBcc:x@e.test", [], False),
        ("mailto:", [], False),
        ("mailto:nobody", [], False),
        ("mailto:<a@e.test>", [], False),
        ("https://e.test/dmarc", [], True),
        ("https://e.test/dmarc!5k,mailto:a@e.test", ["a@e.test"], True),
        ("a@e.test", [], False),
        (",,", [], False),
        (
            ",".join(f"mailto:{n}@e.test" for n in range(MAX_URIS)),
            [f"{n}@e.test" for n in range(MAX_URIS)],
            True,
        ),
        (
            ",".join(f"mailto:{n}@e.test" for n in range(MAX_URIS + 1)),
            [f"{n}@e.test" for n in range(MAX_URIS)],
            True,
        ),
    ],
)
def test_report_addresses(value: str, addresses: list[str], has_uri: bool) -> None:
    record = parse(f"v=DMARC1; rua={value}; ruf={value}".encode())
    assert [str(address) for address in record.reports] == addresses
    assert record.failures == record.reports
    assert record.has_uri is has_uri


@pytest.mark.parametrize(
    ("tags", "own", "below", "missing"),
    [
        ("p=reject", REJECT, REJECT, REJECT),
        ("p=reject; sp=none", REJECT, NONE, NONE),
        ("p=none; np=reject", NONE, NONE, REJECT),
        ("p=none; sp=quarantine; np=reject", NONE, QUARANTINE, REJECT),
        ("p=none; sp=reject", NONE, REJECT, REJECT),
        ("p=reject; sp=nonsense; rua=mailto:a@e.test", NONE, NONE, NONE),
        ("sp=reject; rua=mailto:a@e.test", NONE, NONE, NONE),
    ],
)
def test_which_policy(tags: str, own: Policy, below: Policy, missing: Policy) -> None:
    record = parse(f"v=DMARC1; {tags}".encode())
    assert record.policy(subdomain=False) is own
    assert record.policy(subdomain=True) is below
    assert record.policy(subdomain=True, exists=False) is missing
    assert record.depends_on_existence is (below is not missing)


@pytest.mark.parametrize(
    ("tags", "applies"),
    [
        ("p=none", True),
        ("", False),
        ("p=nonsense", False),
        ("p=nonsense; rua=mailto:a@e.test", True),
        ("p=nonsense; rua=nowhere", False),
        ("rua=https://e.test/", True),
    ],
)
def test_whether_a_record_applies(tags: str, applies: bool) -> None:
    assert parse(f"v=DMARC1; {tags}".encode()).applies is applies


@pytest.mark.parametrize(
    "text", [b"v=DMARC1;\xff\xfe=\x80", b"v=DMARC1;" + b"p=none;" * 1000, b"v=DMARC1;" + b"=" * 8000]
)
def test_nothing_raises(text: bytes) -> None:
    assert parse(text).p is None
