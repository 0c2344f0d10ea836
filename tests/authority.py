"""Certificates to order, for tests: authorities, those below them, and what is wrong with them."""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from postroom.lab.ca import authority_usage
from postroom.net.tls.certificates import verified
from postroom.net.tls.layer import TlsContext
from postroom.net.tls.selfsigned import alternative_names
from postroom.proto.dns.answer import Tlsa

YEAR = 365


class Issued:
    """A certificate with its key; `ca` says whether it may issue others."""

    def __init__(
        self,
        names: Sequence[str],
        issuer: Issued | None = None,
        *,
        ca: bool = False,
        days: tuple[int, int] = (-1, YEAR),
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(issuer.certificate.subject if issuer else own)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + dt.timedelta(days=days[0]))
            .not_valid_after(now + dt.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer or self).key.public_key()),
                critical=False,
            )
        )
        if ca:
            builder = builder.add_extension(authority_usage(), critical=True)
        else:
            builder = builder.add_extension(alternative_names(names), critical=False)
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def chain(self) -> list[bytes]:
        """This one and all above it, in DER."""
        return [self.der, *(self.issuer.chain() if self.issuer else [])]

    def tlsa(self, usage: int = 3, selector: int = 1, matching: int = 1) -> Tlsa:
        """The record that means this certificate."""
        data = self.spki if selector else self.der
        digest = {0: lambda: data, 1: hashlib.sha256(data).digest, 2: hashlib.sha512(data).digest}[matching]()
        return Tlsa(usage, selector, matching, digest)

    def write(self, directory: Path, name: str = "server") -> tuple[Path, Path]:
        """Files with the chain and with the key."""
        chain, key = directory / f"{name}.pem", directory / f"{name}.key"
        above, pems = self.issuer, [self.pem]
        while above is not None:
            pems.append(above.pem)
            above = above.issuer
        chain.write_bytes(b"".join(pems))
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return chain, key

    def server(self, directory: Path) -> TlsContext:
        """A server's context that shows this chain."""
        context = TlsContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.write(directory))
        return context

    def trusting(self, directory: Path) -> TlsContext:
        """A client's context that trusts this authority alone."""
        path = directory / "authority.pem"
        path.write_bytes(self.pem)
        return verified(path)
