"""TLSA records held against certificates: which count, which agree, and every reason why one does not."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from authority import YEAR, Issued
from postroom.proto.dns.answer import Tlsa
from postroom.proto.dns.tlsa import (
    MOST_CERTIFICATES,
    MOST_RECORDS,
    MOST_SIGNATURES,
    NotProven,
    name_matches,
    names_of,
    prove,
    unusable,
    usable,
)

NOW = time.time_ns() // 1000
NAME = "mail.r.test"
ROOT = Issued(["Root"], ca=True)
MIDDLE = Issued(["Middle"], ROOT, ca=True)
LEAF = Issued([NAME], MIDDLE)
OTHER = Issued([NAME])


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Tlsa(3, 1, 1, bytes(32)), ""),
        (Tlsa(2, 0, 2, bytes(64)), ""),
        (Tlsa(3, 0, 0, b"der"), ""),
        (Tlsa(0, 1, 1, bytes(32)), "usage 0"),
        (Tlsa(1, 1, 1, bytes(32)), "usage 1"),
        (Tlsa(4, 1, 1, bytes(32)), "usage 4"),
        (Tlsa(255, 1, 1, bytes(32)), "usage 255"),
        (Tlsa(3, 2, 1, bytes(32)), "selector 2"),
        (Tlsa(3, 1, 3, bytes(32)), "matching type 3"),
        (Tlsa(3, 1, 1, bytes(31)), "31 octets"),
        (Tlsa(3, 1, 2, bytes(32)), "32 octets"),
        (Tlsa(3, 1, 0, b""), "0 octets"),
    ],
)
def test_records_that_can_be_used(record: Tlsa, why: str) -> None:
    assert why in unusable(record)
    assert bool(unusable(record)) is bool(why)


def test_of_two_digests_the_stronger_counts() -> None:
    weak, strong, whole = Tlsa(3, 1, 1, bytes(32)), Tlsa(3, 1, 2, bytes(64)), Tlsa(3, 1, 0, b"x")
    other = Tlsa(3, 0, 1, bytes(32))
    assert usable([weak, strong, whole, other]) == (strong, whole, other)
    assert usable([weak]) == (weak,)


def test_so_many_records_are_looked_at() -> None:
    records = [Tlsa(0, 1, 1, bytes(32))] * (MOST_RECORDS - 1)
    assert usable([*records, LEAF.tlsa()]) == (LEAF.tlsa(),)
    assert usable([*records, records[0], LEAF.tlsa()]) == ()


def proven(*records: Tlsa, chain: list[bytes] | None = None, names: tuple[str, ...] = (NAME,)) -> str:
    return str(prove(records, LEAF.chain() if chain is None else chain, names, NOW))


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_each_form_of_a_record(selector: int, matching: int) -> None:
    assert proven(LEAF.tlsa(3, selector, matching)) == f"DANE-EE 3 {selector} {matching}"
    for above in (MIDDLE, ROOT):
        assert proven(above.tlsa(2, selector, matching)) == f"DANE-TA 2 {selector} {matching}"


def test_one_of_several_is_enough() -> None:
    assert proven(OTHER.tlsa(), OTHER.tlsa(2), LEAF.tlsa()) == "DANE-EE 3 1 1"


def test_dane_ee_knows_neither_names_nor_dates() -> None:
    expired = Issued(["elsewhere.test"], days=(-9, -3))
    assert proven(expired.tlsa(), chain=expired.chain()) == "DANE-EE 3 1 1"


def kind(*records: Tlsa, chain: list[bytes], names: tuple[str, ...] = (NAME,)) -> str:
    with pytest.raises(NotProven) as caught:
        prove(records, chain, names, NOW)
    assert str(caught.value)
    return caught.value.kind


EXPIRED = Issued([NAME], MIDDLE, days=(-9, -3))
UNBORN = Issued([NAME], MIDDLE, days=(3, 9))
OLD_MIDDLE = Issued(["Old"], ROOT, ca=True, days=(-9, -3))
NO_CA = Issued(["No authority"], ROOT)


@pytest.mark.parametrize(
    ("record", "chain", "result"),
    [
        (OTHER.tlsa(), LEAF.chain(), "validation-failure"),
        (LEAF.tlsa(), [], "validation-failure"),
        (OTHER.tlsa(2), LEAF.chain(), "certificate-not-trusted"),
        (ROOT.tlsa(2), [LEAF.der], "certificate-not-trusted"),  # the server does not show what leads there
        (ROOT.tlsa(2), [LEAF.der, ROOT.der], "certificate-not-trusted"),
        (LEAF.tlsa(2), LEAF.chain(), "certificate-not-trusted"),  # its own certificate is no anchor
        (ROOT.tlsa(2), EXPIRED.chain(), "certificate-expired"),
        (ROOT.tlsa(2), UNBORN.chain(), "validation-failure"),
        (ROOT.tlsa(2), Issued([NAME], OLD_MIDDLE).chain(), "certificate-expired"),
        (ROOT.tlsa(2), Issued([NAME], NO_CA).chain(), "certificate-not-trusted"),
        (ROOT.tlsa(2), Issued(["elsewhere.test"], MIDDLE).chain(), "certificate-host-mismatch"),
        (ROOT.tlsa(2), [b"no certificate"], "validation-failure"),
    ],
)
def test_what_does_not_agree(record: Tlsa, chain: list[bytes], result: str) -> None:
    assert kind(record, chain=chain) == result


def test_a_forged_signature_leads_nowhere() -> None:
    impostor = Issued(["Root"], ca=True)  # the same name, another key
    assert kind(ROOT.tlsa(2), chain=[Issued([NAME], impostor).der, ROOT.der]) == "certificate-not-trusted"


def test_an_anchor_in_the_dns_need_not_be_shown() -> None:
    assert proven(ROOT.tlsa(2, 0, 0), chain=[LEAF.der, MIDDLE.der]) == "DANE-TA 2 0 0"
    assert proven(MIDDLE.tlsa(2, 1, 0), chain=[LEAF.der]) == "DANE-TA 2 1 0"
    assert kind(ROOT.tlsa(2, 1, 0), chain=[LEAF.der]) == "certificate-not-trusted"


@pytest.mark.parametrize(
    "anchor", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)]
)
def test_what_another_kind_of_key_has_signed_is_not_below_a_bare_one(
    anchor: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    own = ed25519.Ed25519PrivateKey.generate()
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), dt.datetime.now(dt.UTC)
    shown = (
        x509.CertificateBuilder(name, name, own.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
        .sign(own, None)
        .public_bytes(Encoding.DER)
    )
    bare = anchor.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert kind(Tlsa(2, 1, 0, bare), chain=[shown]) == "certificate-not-trusted"


def test_any_of_the_names_will_do() -> None:
    assert proven(ROOT.tlsa(2), names=("alias.test", NAME, "r.test")) == "DANE-TA 2 1 1"


def test_the_order_of_a_chain_and_what_is_too_much_in_it_do_not_matter() -> None:
    assert proven(ROOT.tlsa(2), chain=[LEAF.der, OTHER.der, ROOT.der, MIDDLE.der]) == "DANE-TA 2 1 1"


def test_so_many_certificates_are_looked_at() -> None:
    padding = [OTHER.der] * (MOST_CERTIFICATES - 3)
    assert proven(ROOT.tlsa(2), chain=[LEAF.der, *padding, MIDDLE.der, ROOT.der])
    assert (
        kind(ROOT.tlsa(2), chain=[LEAF.der, *padding, OTHER.der, MIDDLE.der, ROOT.der])
        == "certificate-not-trusted"
    )


def test_so_many_signatures_are_looked_at() -> None:
    """Who owns both records and chain can make each of them take long, and each step try all of them."""
    others = [Issued([NAME]).tlsa(2, 1, 0) for _ in range(MOST_SIGNATURES)]
    right, chain = MIDDLE.tlsa(2, 1, 0), [LEAF.der, MIDDLE.der]
    few = others[: MOST_SIGNATURES - 2]  # one more is that of the record, one that of the shown certificate
    assert prove([*few, right], chain, [NAME], NOW).record == right
    with pytest.raises(NotProven, match="signatures"):
        prove([*others, right], chain, [NAME], NOW)
    anchors = [Issued(["Middle"], ca=True).tlsa(2, 0, 0) for _ in range(MOST_SIGNATURES)]
    with pytest.raises(NotProven, match="signatures"):
        prove([*anchors, MIDDLE.tlsa(2, 0, 0)], [LEAF.der], [NAME], NOW)


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("mail.r.test", "mail.r.test", True),
        ("*.r.test", "mail.r.test", True),
        ("*.r.test", "r.test", False),
        ("*.r.test", "a.mail.r.test", False),
        ("*.test", "r.test", False),  # too much for one star
        ("m*.r.test", "mail.r.test", False),
        ("*", "test", False),
    ],
)
def test_names(pattern: str, name: str, meant: bool) -> None:
    assert name_matches(pattern, name) is meant


def test_the_common_name_counts_where_there_is_no_other() -> None:
    assert names_of(Issued(["A.test"], days=(0, YEAR)).certificate) == ["a.test"]
    assert names_of(Issued(["B.test"], ca=True).certificate) == ["b.test"]
