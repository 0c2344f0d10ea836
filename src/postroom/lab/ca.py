"""The lab's certificate authority: made anew or kept in a directory, its dates by the lab's clock.

RFC 5280 §4.2.1.9 (an authority says that it is one), §4.2.1.6 (names of a host) and §4.2.1.2 (which key it is). Servers' certificates live for 90 days and are renewed when a third of that is left. Only the lab's own programs trust it. Not here: how
servers use certificates (`net.tls.certificates`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from postroom.net.clock import SystemClock
from postroom.net.tls.certificates import Pair
from postroom.net.tls.selfsigned import (
    BEFORE,
    Issuer,
    Validity,
    alternative_names,
    key_pem,
    leaf,
    new_key,
    validity,
    write_private,
    write_whole,
)

LIFE = dt.timedelta(days=90)  # of a server's certificate, as public authorities give them
ROOT_LIFE = dt.timedelta(days=3650)
_MICROSECOND = dt.timedelta(microseconds=1)

_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Postroom lab"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Authority of this lab only"),
    ]
)
KINDS = ("ecdsa", "rsa")


class LabCa:
    """An authority whose certificate is `ca.pem` in its directory, and whose key never leaves it."""

    def __init__(self, directory: Path, now: int, kinds: Sequence[str] = KINDS) -> None:
        """Takes up the authority in `directory`, or founds it; `now` is in unix microseconds, `kinds` are those of the keys that are certified."""
        self._kinds = kinds
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.path = directory / "ca.pem"  # for clients
        key_path = directory / "ca.key"
        if self.path.exists() and key_path.exists():
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            self._key = key
            if not _has(_read(self.path), x509.SubjectKeyIdentifier):
                self._write_root(now)
        else:
            self._key = ec.generate_private_key(ec.SECP256R1())
            write_private(key_path, key_pem(self._key))
            self._write_root(now)

    def keep(self, now: int) -> int:
        """Renews the authority's own certificate, for the same key, when that is due; gives the time when it will be due next."""
        due = _due(_read(self.path), ROOT_LIFE)
        if now >= due:
            self._write_root(now)
            due = _due(_read(self.path), ROOT_LIFE)
        return due

    def issue(self, names: Sequence[str], now: int, *, kinds: Sequence[str] = ()) -> list[Pair]:
        """Certificates for a host with these names or addresses, one for each kind of key; kept under the first name and taken up again, renewed when that is due."""
        pairs = []
        for kind in kinds or self._kinds:
            stem = f"{names[0]}-{kind}"
            pair = Pair(self._directory / f"{stem}.pem", self._directory / f"{stem}.key")
            if not (pair.key.exists() and _covers(pair.chain, names)):
                self.renew(pair, names, now, kind)
            elif now >= self.due(pair):
                self._write(pair, names, _around(now, LIFE))
            pairs.append(pair)
        return pairs

    def due(self, pair: Pair) -> int:
        """When the certificate in the files of `pair` is to be renewed, in unix microseconds."""
        return _due(_read(pair.chain), LIFE)

    def expire(self, pairs: Sequence[Pair], names: Sequence[str], now: int) -> None:
        """Writes certificates into the files of `pairs` that have expired, by any clock, for the keys that are there."""
        long_ago = min(now, SystemClock().now()) - (LIFE + BEFORE) // _MICROSECOND
        for pair in pairs:
            self._write(pair, names, validity(long_ago, LIFE))

    def renew(self, pair: Pair, names: Sequence[str], now: int, kind: str = "ecdsa") -> None:
        """Writes a fresh key and certificate into the files of `pair`."""
        pair.chain.unlink(missing_ok=True)  # it is of another key, should this go no further
        write_private(pair.key, key_pem(new_key(kind)))
        self._write(pair, names, _around(now, LIFE))

    def _write(self, pair: Pair, names: Sequence[str], valid: Validity) -> None:
        """A certificate for the key that is there: what a TLSA record says of it (RFC 7671 §8.1) stays true."""
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
        assert isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey))
        certificate = leaf(key, Issuer(_NAME, self._key), names, valid).sign(self._key, hashes.SHA256())
        write_whole(pair.chain, certificate.public_bytes(serialization.Encoding.PEM))

    def _write_root(self, now: int) -> None:
        made = _root(self._key, _around(now, ROOT_LIFE))
        write_whole(self.path, made.public_bytes(serialization.Encoding.PEM))


def _around(now: int, life: dt.timedelta) -> Validity:
    """For `life` from now on, and since the machine's own time: programs outside, whose clocks were not moved, believe it too."""
    since, until = validity(now, life)
    return Validity(min(since, validity(SystemClock().now()).since), until)


def _due(certificate: x509.Certificate, life: dt.timedelta) -> int:
    """When a third of its life is left."""
    return round((certificate.not_valid_after_utc - life / 3).timestamp() * 1_000_000)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _covers(chain: Path, names: Sequence[str]) -> bool:
    """Whether there is a certificate for all of these names: a lab of an earlier version may have had fewer."""
    if not chain.exists():
        return False
    certificate = _read(chain)
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(alternative_names(names)) <= set(found) and _has(certificate, x509.AuthorityKeyIdentifier)


def _has(certificate: x509.Certificate, extension: type[x509.ExtensionType]) -> bool:
    """Whether there is such an extension; earlier versions did not write all that there are."""
    return any(isinstance(one.value, extension) for one in certificate.extensions)


def _root(key: ec.EllipticCurvePrivateKey, valid: Validity) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid.since)
        .not_valid_after(valid.until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(authority_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def authority_usage() -> x509.KeyUsage:
    """What an authority's key is for (RFC 5280 §4.2.1.3)."""
    return x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
