"""The lab's certificate authority: made anew or kept in a directory, its dates by the lab's clock.

RFC 5280 §4.2.1.9 (an authority says that it is one) and §4.2.1.6 (names of a host). Only the lab's own programs trust it. Not here: how
servers use certificates (`net.certificates`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from postroom.net.certificates import Pair
from postroom.net.selfsigned import BEFORE, LIFE, alternative_names, key_pem, leaf, new_key, write_private

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
        else:
            self._key = ec.generate_private_key(ec.SECP256R1())
            write_private(key_path, key_pem(self._key))
            self.path.write_bytes(_root(self._key, now).public_bytes(serialization.Encoding.PEM))

    def issue(self, names: Sequence[str], now: int, *, kinds: Sequence[str] = ()) -> list[Pair]:
        """Certificates for a host with these names or addresses, one for each kind of key; kept under the first name and taken up again."""
        pairs = []
        for kind in kinds or self._kinds:
            stem = f"{names[0]}-{kind}"
            pair = Pair(self._directory / f"{stem}.pem", self._directory / f"{stem}.key")
            if not (pair.key.exists() and _covers(pair.chain, names)):
                self.renew(pair, names, now, kind)
            pairs.append(pair)
        return pairs

    def expire(self, pairs: Sequence[Pair], names: Sequence[str], now: int) -> None:
        """Writes certificates into the files of `pairs` that have expired, for the keys that are there."""
        for pair in pairs:
            key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
            assert isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey))
            long_ago = now - (LIFE + BEFORE) // dt.timedelta(microseconds=1)
            certificate = leaf(key, _NAME, names, long_ago).sign(self._key, hashes.SHA256())
            pair.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def renew(self, pair: Pair, names: Sequence[str], now: int, kind: str = "ecdsa") -> None:
        """Writes a fresh key and certificate into the files of `pair`."""
        key = new_key(kind)
        certificate = leaf(key, _NAME, names, now).sign(self._key, hashes.SHA256())
        write_private(pair.key, key_pem(key))
        pair.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _covers(chain: Path, names: Sequence[str]) -> bool:
    """Whether there is a certificate for all of these names: a lab of an earlier version may have had fewer."""
    if not chain.exists():
        return False
    certificate = x509.load_pem_x509_certificate(chain.read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(alternative_names(names)) <= set(found)


def _root(key: ec.EllipticCurvePrivateKey, now: int) -> x509.Certificate:
    at = dt.datetime.fromtimestamp(now / 1_000_000, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BEFORE)
        .not_valid_after(at + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )


def _usage() -> x509.KeyUsage:
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
