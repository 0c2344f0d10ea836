"""TLSA records held against certificates.

RFC 6698 §2.1 (the three numbers), RFC 7671 §9 (of two digests the stronger counts), RFC 7672 §3.1 (usages 2 and 3, and no others), §3.2 (names) and
§3.1.1 (of a certificate that DANE-EE names, neither dates nor names matter). Not here: where the records come from, and whether DNSSEC covers them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import NameOID

from postroom.message.address import fold
from postroom.proto.certificate import UNREADABLE, alternative_names
from postroom.proto.dns.answer import Tlsa

DANE_TA, DANE_EE = 2, 3
MOST_RECORDS = 100  # of one RRset that are looked at
MOST_CERTIFICATES = 10  # of one chain that are looked at
MOST_SIGNATURES = 16  # of one chain that are verified: a key can be made for which each takes 30 ms
_DIGESTS: Mapping[int, Callable[[bytes], bytes]] = MappingProxyType(
    {
        0: bytes,
        1: lambda data: hashlib.sha256(data).digest(),
        2: lambda data: hashlib.sha512(data).digest(),
    }
)
_SIZES = MappingProxyType({1: 32, 2: 64})


class NotProven(Exception):
    """The certificate is not the one that was meant. `kind` is a result type of RFC 8460 §4.3."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind


class Proven(msgspec.Struct, frozen=True):
    """The record that the certificate agrees with."""

    record: Tlsa

    def __str__(self) -> str:
        name = "DANE-EE" if self.record.usage == DANE_EE else "DANE-TA"
        return f"{name} {self.record.usage} {self.record.selector} {self.record.matching}"


def unusable(record: Tlsa) -> str:
    """Why a record cannot be used for SMTP, "" when it can (RFC 7672 §3.1.3: PKIX usages are not)."""
    if record.usage not in (DANE_TA, DANE_EE):
        return f"usage {record.usage} is not for SMTP"
    if record.selector not in (0, 1):
        return f"selector {record.selector} is not known"
    if record.matching not in _DIGESTS:
        return f"matching type {record.matching} is not known"
    size = _SIZES.get(record.matching)
    if not record.data or (size is not None and len(record.data) != size):
        return f"its data has {len(record.data)} octets, which a digest of that type has not"
    return ""


def usable(records: Iterable[Tlsa]) -> tuple[Tlsa, ...]:
    """The records that count: those that can be used, of the digests of one usage and selector the strongest (RFC 7671 §9)."""
    good = [record for record in list(records)[:MOST_RECORDS] if not unusable(record)]
    best: dict[tuple[int, int], int] = {}
    for record in good:
        key = record.usage, record.selector
        best[key] = max(best.get(key, 0), record.matching)
    return tuple(record for record in good if record.matching in (0, best[record.usage, record.selector]))


def prove(records: Sequence[Tlsa], chain: Sequence[bytes], names: Sequence[str], now: int) -> Proven:
    """The usable record that the shown chain (DER, the server's own first) agrees with; raises `NotProven`.

    `names` are those that a certificate below a trust anchor may have; `now` is unix microseconds.
    """
    if not chain:
        raise NotProven("validation-failure", "the server showed no certificate")
    own = chain[0]
    for record in records:
        if record.usage == DANE_EE and _selected(own, record.selector, record):
            return Proven(record)
    anchors = [record for record in records if record.usage == DANE_TA]
    if not anchors:
        raise NotProven("validation-failure", "the server's certificate is in none of the TLSA records")
    try:
        parsed = [x509.load_der_x509_certificate(der) for der in chain[:MOST_CERTIFICATES]]
        return _below_anchor(anchors, parsed, names, dt.datetime.fromtimestamp(now / 1_000_000, dt.UTC))
    except UNREADABLE as error:
        raise NotProven("validation-failure", f"the server's certificates cannot be read: {error}") from error


def _selected(der: bytes, selector: int, record: Tlsa) -> bool:
    try:
        data = der if selector == 0 else _key(x509.load_der_x509_certificate(der))
    except UNREADABLE:
        return False
    return _DIGESTS[record.matching](data) == record.data


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _below_anchor(
    anchors: Sequence[Tlsa], chain: Sequence[x509.Certificate], names: Sequence[str], now: dt.datetime
) -> Proven:
    """Walks up from the server's certificate to the first one that an anchor's record means (RFC 7672 §3.1.2)."""
    left = [*chain[1:], *_whole_anchors(anchors)]
    current, patience = chain[0], _Patience()
    _in_force(current, now)
    while True:
        record = next((one for one in anchors if _signed_by_bare_key(current, one, patience)), None)
        issuer = next((one for one in left if _issued(current, one, patience)), None)
        if record is None and issuer is None:
            raise NotProven(
                "certificate-not-trusted", "the server's certificate leads to none of the TLSA records"
            )
        if issuer is not None:
            der = issuer.public_bytes(Encoding.DER)
            record = record or next((one for one in anchors if _selected(der, one.selector, one)), None)
            _in_force(issuer, now)
            left.remove(issuer)
            current = issuer
        if record is not None:
            _named(chain[0], names)
            return Proven(record)


class _Patience:
    """What is left of the signatures that are verified for one chain."""

    def __init__(self) -> None:
        self._left = MOST_SIGNATURES

    def spend(self) -> None:
        """One more; raises `NotProven`."""
        if not self._left:
            words = "the server's certificates and the TLSA records lead through too many signatures"
            raise NotProven("certificate-not-trusted", words)
        self._left -= 1


def _whole_anchors(anchors: Sequence[Tlsa]) -> list[x509.Certificate]:
    """Certificates that stand in the DNS whole need not be shown by the server."""
    found = []
    for record in anchors:
        if (record.selector, record.matching) == (0, 0):
            try:
                found.append(x509.load_der_x509_certificate(record.data))
            except UNREADABLE:
                continue
    return found


def _signed_by_bare_key(certificate: x509.Certificate, record: Tlsa, patience: _Patience) -> bool:
    """A bare key in the DNS: it signs whatever says so, whatever its name (RFC 7671 §5.2.3)."""
    if (record.selector, record.matching) != (1, 0):
        return False
    patience.spend()
    try:
        return _verifies(certificate, load_der_public_key(record.data))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _verifies(certificate: x509.Certificate, key: object) -> bool:
    signature, signed, digest = (
        certificate.signature,
        certificate.tbs_certificate_bytes,
        certificate.signature_hash_algorithm,
    )
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            padding = certificate.signature_algorithm_parameters
            key.verify(signature, signed, padding, digest)  # type: ignore[arg-type]
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, signed)
        else:
            return False  # also what a key of Edwards curves has signed, which has no digest
    except InvalidSignature:
        return False
    return True


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, patience: _Patience) -> bool:
    try:
        if certificate.issuer != issuer.subject:
            return False
        patience.spend()
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (TypeError, InvalidSignature, x509.ExtensionNotFound, *UNREADABLE):
        return False
    return constraints.ca


def _in_force(certificate: x509.Certificate, now: dt.datetime) -> None:
    if now > certificate.not_valid_after_utc:
        raise NotProven(
            "certificate-expired", f"a certificate has expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        )
    if now < certificate.not_valid_before_utc:
        raise NotProven("validation-failure", "a certificate is not yet valid")


def _named(certificate: x509.Certificate, names: Sequence[str]) -> None:
    shown = names_of(certificate)
    if not any(name_matches(pattern, name) for pattern in shown for name in names):
        raise NotProven(
            "certificate-host-mismatch",
            f"the certificate is of {', '.join(shown[:3]) or 'nobody'}, not of {names[0] if names else '?'}",
        )


def names_of(certificate: x509.Certificate) -> list[str]:
    """The DNS names of a certificate, in their absence its common name (RFC 7672 §3.2.3); in lower case."""
    found = alternative_names(certificate, x509.DNSName)
    if not found:
        found = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return [fold(name.removesuffix(".")) for name in found]


def name_matches(pattern: str, name: str) -> bool:
    """RFC 6125 §6.4.3: a `*` is the whole of the first label, and stands for exactly one."""
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:] and "." in pattern[2:]
    return pattern == name
