"""Client certificates: asked for by a server, and who one says its holder is.

RFC 5280 §4.2.1.6 (subjectAltName, rfc822Name). Not here: whether it is valid (TLS has seen to that), whose account that is.
"""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from postroom.proto.certificate import UNREADABLE, alternative_names

MOST_ADDRESSES = 20  # of one certificate that are looked at


def ask_for_certificates(context: ssl.SSLContext, authorities: Path) -> None:
    """Has a server's context ask for a certificate, and take none that the authorities of a PEM file have not made (RFC 8446 §4.3.2).

    A self-signed certificate may be its own authority. Raises ValueError with words.
    """
    try:
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{authorities}: {error.strerror or error}") from error
    context.verify_mode = ssl.CERT_OPTIONAL


def identities(der: bytes) -> list[str]:
    """The fingerprint as `sha256:` and hexadecimal digits, then each mail address as `email:` and the address; [] for no certificate."""
    if not der:
        return []
    return [fingerprint(der), *(f"email:{address}" for address in _addresses(der))]


def fingerprint(der: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


def read_fingerprint(path: Path) -> str:
    """The fingerprint of the first certificate in a PEM file; raises ValueError with words, or OSError."""
    try:
        return fingerprint(x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER))
    except ValueError as error:
        raise ValueError(f"{path} holds no certificate in PEM form") from error


def _addresses(der: bytes) -> list[str]:
    try:
        names = alternative_names(x509.load_der_x509_certificate(der), x509.RFC822Name)
    except UNREADABLE:
        return []
    return [name.lower() for name in names[:MOST_ADDRESSES]]
