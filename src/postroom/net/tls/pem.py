"""Certificates and keys as PEM: what they say of themselves, and how OpenSSL gets them without a file.

RFC 7468 §5 and §10, RFC 5280 §4.2.1.6 (names of a host). Keys out of the store are never written to a disk: OpenSSL reads them from memory.
Not here: contexts (`certificates`), making certificates (`selfsigned`, `net.tls.acme`).
"""

from __future__ import annotations

import os
import ssl

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from postroom.proto.certificate import alternative_names


class CertificateError(Exception):
    """A certificate or key that cannot be used; the message names the file and what is wrong with it."""


class Material(msgspec.Struct, frozen=True):
    """A certificate with its chain, and its key, both PEM; `source` is where they are from, in words."""

    chain: bytes
    key: bytes
    source: str


class Held(msgspec.Struct, frozen=True):
    """A certificate that is shown to clients. Times are unix microseconds; `kind` is `ecdsa` or `rsa`."""

    names: tuple[str, ...]
    kind: str
    issuer: str
    not_before: int
    not_after: int
    source: str


def describe(material: Material) -> Held:
    """What the certificate says; raises `CertificateError`."""
    try:
        certificate = x509.load_pem_x509_certificate(material.chain)
    except ValueError as error:
        raise CertificateError(f"{material.source} holds no certificate in PEM form") from error
    common = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    own = certificate.issuer == certificate.subject
    return Held(
        _names(certificate),
        "ecdsa" if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey) else "rsa",
        "itself" if own else str(common[0].value) if common else certificate.issuer.rfc4514_string(),
        int(certificate.not_valid_before_utc.timestamp()) * 1_000_000,
        int(certificate.not_valid_after_utc.timestamp()) * 1_000_000,
        material.source,
    )


def load(context: ssl.SSLContext, material: Material) -> None:
    """Has a server's context show the certificate; raises `CertificateError`."""
    memory = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(memory, material.key.rstrip() + b"\n" + material.chain)
        context.load_cert_chain(f"/proc/self/fd/{memory}", password=_no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{material.source}: the key is not the key of the certificate") from error
        raise CertificateError(f"{material.source}: {error.reason or error}") from error
    except (OSError, ValueError) as error:
        raise CertificateError(f"{material.source}: {error}") from error
    finally:
        os.close(memory)


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase: store it without one, readable by this user alone")


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    kinds = (x509.DNSName, x509.IPAddress)
    return tuple(name.lower() for kind in kinds for name in alternative_names(certificate, kind))
