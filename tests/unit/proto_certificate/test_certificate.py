"""Certificates that nobody should have made: everything that reads one has an answer."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from postroom.net.tls.channel_binding import end_point
from postroom.net.tls.client_certificate import fingerprint, identities
from postroom.net.tls.layer import certificate_facts, subject
from postroom.proto.dns.answer import Tlsa
from postroom.proto.dns.tlsa import NotProven, prove

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.test")])


def _made(*extensions: tuple[str, bytes]) -> bytes:
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    builder = builder.not_valid_after(dt.datetime(2040, 1, 1, tzinfo=dt.UTC))
    for oid, value in extensions:
        one = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        builder = builder.add_extension(one, critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def _twice() -> bytes:
    made = _made(("2.5.29.99", b"x"), ("2.5.29.98", b"x"))
    return made.replace(bytes.fromhex("0603551d62"), bytes.fromhex("0603551d63"))


ODD = {
    "an X.400 address": _made(("2.5.29.17", bytes.fromhex("3004a3020500"))),
    "an EDI party": _made(("2.5.29.17", bytes.fromhex("3004a5020500"))),
    "names that are none": _made(("2.5.29.17", b"\xff\xff")),
    "an extension twice": _twice(),
    "version 8": _made().replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020107"), 1),
    "no certificate": b"\x30\x03abc",
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("read", [subject, certificate_facts, end_point])
def test_whatever_is_shown_is_read(read: Callable[[bytes], Any], what: str) -> None:
    read(ODD[what])


@pytest.mark.parametrize("what", ODD)
def test_it_is_of_nobody(what: str) -> None:
    assert identities(ODD[what]) == [fingerprint(ODD[what])]
    assert subject(ODD[what]) in ("a.test", "")


@pytest.mark.parametrize("what", ODD)
def test_it_proves_nothing(what: str) -> None:
    records = [Tlsa(usage, 1, 1, b"x" * 32) for usage in (2, 3)] + [Tlsa(2, 0, 0, ODD[what])]
    with pytest.raises(NotProven):
        prove(records, [ODD[what]], ["mx.test"], 1_790_000_000_000_000)
