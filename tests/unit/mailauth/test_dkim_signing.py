from __future__ import annotations

import base64
import logging

import dkim
import pytest

from dkim_post import LETTER, NOW, Keys, check, ed25519, keys, rsa, signed, zone
from postroom.mailauth.dkim.private_key import (
    Algorithm,
    BadKey,
    PrivateKey,
    revoked_record,
    strings,
    zone_text,
)
from postroom.mailauth.dkim.public_key import MAX_RSA_BITS
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.signing import SEALED, SigningKey, SigningTerms, Unsignable, sign
from postroom.mailauth.dkim.tags import parse_tags

LETTERS = [
    LETTER,
    b"From: a@crepes.test\r\n\r\n",
    b"From: a@crepes.test\r\n",
    b"from:a@crepes.test\r\nX:\r\n\r\n\r\n\r\n",
    b"From: a@crepes.test\r\n\r\n \t\r\n \r\n",
    b"From: a@crepes.test\r\n\r\nno end",
    b"From: a@crepes.test\r\n\r\na\t \tb \r\n\r\n  c\r\n \r\n\r\n",
    b"From: a@crepes.test\r\nList-Id: <l>\r\nResent-To: b@x\r\nResent-To: c@x\r\nReceived: by x\r\n\r\nx\r\n",
    "From: Алиса <алиса@crepes.test>\r\nSubject: Блины\r\n\r\nБлины\r\n".encode(),
]


@pytest.mark.parametrize("letter", LETTERS)
def test_what_is_signed_verifies(letter: bytes) -> None:
    assert [one.reason for one in check(signed(letter))] == ["", ""]


@pytest.mark.parametrize("letter", LETTERS[:-1])
def test_another_program_verifies_what_is_signed(letter: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    records = {f"{name}.".encode(): text.encode() for name, text in zone().items()}
    raw = b"".join(sign(letter, keys(), 1_700_000_000, SigningTerms(life=0))) + letter
    checker = dkim.DKIM(raw)
    for index in (0, 1):
        assert checker.verify(index, dnsfunc=lambda name, timeout=5: records[name])


@pytest.mark.parametrize("letter", LETTERS[:-1])
@pytest.mark.parametrize("canon", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body_canon", [b"simple", b"relaxed"])
def test_what_another_program_signs_verifies(letter: bytes, canon: bytes, body_canon: bytes) -> None:
    made = dkim.sign(
        letter,
        b"r1",
        b"crepes.test",
        rsa().to_pem(),
        canonicalize=(canon, body_canon),
        include_headers=[b"from"],
    )
    assert [one.reason for one in check(made + letter, now=4_000_000_000)] == [""]


def tags(field: bytes) -> dict[str, str]:
    return parse_tags(field.partition(b":")[2].removesuffix(b"\r\n"))


def test_the_tags_of_a_signature() -> None:
    first, second = (tags(field) for field in sign(LETTER, keys(), NOW))
    assert {name: first[name] for name in ("v", "a", "c", "d", "s", "t", "x")} == {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/relaxed",
        "d": "crepes.test",
        "s": "r1",
        "t": str(NOW),
        "x": str(NOW + 7 * 86_400),
    }
    assert (second["a"], second["s"]) == ("ed25519-sha256", "e1")
    assert "l" not in first
    assert "x" not in tags(sign(LETTER, keys(), NOW, SigningTerms(life=0))[0])


def test_what_a_reader_sees_is_named_once_more_than_it_is_there() -> None:
    letter = b"Received: by x\r\nList-Id: <l>\r\nCc: a@b\r\nCc: c@d\r\nReturn-Path: <>\r\n" + LETTER
    named = list(tags(sign(letter, keys(), NOW)[0])["h"].replace(" ", "").split(":"))
    for name in SEALED:
        there = {b"Cc": 2}.get(name, letter.count(b"\r\n" + name + b":"))
        assert named.count(name.decode()) == there + 1, name
    assert named.count("List-Id") == 1
    assert not {"Received", "Return-Path", "DKIM-Signature", "Sender"} & set(named)


def test_what_says_whose_tls_report_it_is_is_signed() -> None:
    """RFC 8460 §5.3."""
    letter = b"TLS-Report-Domain: crepes.test\r\nTLS-Report-Submitter: hamburger.test\r\n" + LETTER
    named = tags(sign(letter, keys(), NOW)[0])["h"].replace(" ", "").split(":")
    assert {"TLS-Report-Domain", "TLS-Report-Submitter"} <= set(named)


def test_lines_of_a_signature_are_short_and_fields_whole() -> None:
    for field in sign(LETTER, keys(), NOW):
        assert field.startswith(b"DKIM-Signature: v=1; ")
        assert field.endswith(b"\r\n")
        lines = field.removesuffix(b"\r\n").split(b"\r\n")
        assert max(map(len, lines)) <= 78
        assert all(line.startswith(b" ") and line.strip() for line in lines[1:])


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (b"To: bob@x\r\n\r\n", "no From"),
        (b"From: a@x\r\nFrom: b@x\r\n\r\n", "2 From"),
        (b"", "no From"),
        (b"From: a@x\r\n" + b"X: 1\r\n" * 10_000 + b"\r\n", "too long"),
    ],
)
def test_what_is_not_signed(letter: bytes, reason: str) -> None:
    with pytest.raises(Unsignable, match=reason):
        sign(letter, keys(), NOW)


@pytest.mark.parametrize(
    ("domain", "selector"), [("test", "a"), ("x..test", "a"), ("x.test", "a;b"), ("x.test", "")]
)
def test_a_key_needs_a_place(domain: str, selector: str) -> None:
    with pytest.raises(ValueError, match="no key can be at"):
        SigningKey(domain, selector, ed25519())


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_key_comes_back_from_its_pem(algorithm: Algorithm) -> None:
    key = PrivateKey.create(algorithm, 1024)
    pem = key.to_pem()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    again = PrivateKey.from_pem(pem)
    assert (again.algorithm, again.record()) == (algorithm, key.record())
    assert base64.b64encode(pem[40:60]).decode() not in repr(again)


def test_keys_are_of_2048_bits() -> None:
    raw = b"".join(sign(LETTER, [SigningKey("crepes.test", "r1", rsa())], NOW)) + LETTER
    assert check(raw)[0].key.bits == 2048


def generated(kind: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    if kind == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ed25519()._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "no private key"),
        (b"hello", "no private key"),
        (generated("ec"), "neither RSA nor Ed25519"),
        (generated("password"), "without a password"),
    ],
)
def test_what_is_no_key(pem: bytes, reason: str) -> None:
    with pytest.raises(BadKey, match=reason):
        PrivateKey.from_pem(pem)


def test_a_key_may_have_so_many_bits() -> None:
    assert PrivateKey.from_pem(rsa(MAX_RSA_BITS).to_pem()).algorithm is Algorithm.RSA


def test_the_record_of_a_key() -> None:
    record = rsa().record()
    assert record.startswith("v=DKIM1; k=rsa; h=sha256; p=MII")
    assert [len(string) for string in strings(record)] == [255, len(record) - 255]
    assert zone_text(record) == f'"{record[:255]}" "{record[255:]}"'
    assert zone_text(ed25519().record()).count('"') == 2


def test_a_revoked_key_verifies_nothing() -> None:
    records = {
        name: revoked_record(Algorithm.RSA if ".r1" in f".{name}" else Algorithm.ED25519) for name in zone()
    }
    assert {(one.verdict, one.reason) for one in check(signed(), Keys(records))} == {
        (Verdict.PERMERROR, "the key was revoked")
    }
