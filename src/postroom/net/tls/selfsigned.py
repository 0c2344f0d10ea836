"""A certificate that a server signs for itself, when it is given none: clients cannot verify it, but nobody listens in either.

RFC 5280 (the certificate), RFC 7672 §1.3 and RFC 3207 §4.1 (opportunistic TLS does with it). ECDSA P-256 for those who can (367 µs a
handshake), RSA-2048 for the others (700 µs). Not here: authorities (`lab.ca`, ACME).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from postroom.net.tls.certificates import Pair

LIFE = dt.timedelta(days=3650)
BEFORE = dt.timedelta(days=1)  # other people's clocks
_KINDS = ("ecdsa", "rsa")

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def self_signed(directory: Path, names: Sequence[str], now: int) -> list[Pair]:
    """The pairs in `directory` (`selfsigned-ecdsa.pem`, …), made if they are not there. `now` is in unix microseconds."""
    directory.mkdir(parents=True, exist_ok=True)
    pairs = []
    for kind in _KINDS:
        pair = Pair(directory / f"selfsigned-{kind}.pem", directory / f"selfsigned-{kind}.key")
        if not (pair.chain.exists() and pair.key.exists()):
            key = new_key(kind)
            write_private(pair.key, key_pem(key))
            write_whole(pair.chain, _certificate(key, names, now).public_bytes(serialization.Encoding.PEM))
        pairs.append(pair)
    return pairs


def new_key(kind: str) -> PrivateKey:
    """A fresh `ecdsa` (P-256) or `rsa` (2048 bits) key."""
    return (
        ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa" else rsa.generate_private_key(65537, 2048)
    )


def key_pem(key: PrivateKey) -> bytes:
    """The key in PKCS #8, PEM, without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, data: bytes) -> None:
    """Writes a file that nobody else may read, not even for the moment before its mode is set; whole, or not at all."""
    write_whole(path, data, 0o600)


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Writes a file, which stays as it was when there is no room for it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    """Host names and addresses for a certificate (RFC 5280 §4.2.1.6)."""
    return x509.SubjectAlternativeName([_general_name(name) for name in names])


class Validity(NamedTuple):
    """When a certificate holds (RFC 5280 §4.1.2.5)."""

    since: dt.datetime
    until: dt.datetime


def validity(now: int, life: dt.timedelta = LIFE) -> Validity:
    """From a day before `now`, in unix microseconds, for `life`."""
    at = dt.datetime.fromtimestamp(now / 1_000_000, dt.UTC)
    return Validity(at - BEFORE, at + life)


class Issuer(NamedTuple):
    """Whose name and key a certificate is signed with (RFC 5280 §4.1.2.4)."""

    name: x509.Name
    key: PrivateKey


def leaf(
    subject_key: PrivateKey, issuer: Issuer, names: Sequence[str], valid: Validity
) -> x509.CertificateBuilder:
    """The certificate of a server called `names`, to be signed. It names both keys (RFC 5280 §4.2.1.1, §4.2.1.2): strict clients ask for that."""
    own = x509.SubjectKeyIdentifier.from_public_key(subject_key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
        .issuer_name(issuer.name)
        .public_key(subject_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid.since)
        .not_valid_after(valid.until)
        .add_extension(alternative_names(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(own, critical=False)
        .add_extension(above, critical=False)
    )


def _certificate(key: PrivateKey, names: Sequence[str], now: int) -> x509.Certificate:
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    return leaf(key, Issuer(own, key), names, validity(now)).sign(key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
