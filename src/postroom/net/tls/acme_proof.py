"""What a certificate authority is shown in a handshake when it looks whether a name is ours.

RFC 8737 §3 (a certificate for the name alone, with the hash of the key authorization in a critical extension). Not here: who is shown it
(`certificates`), and how the authority is asked (`acme`).
"""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from postroom.net.tls.pem import Material
from postroom.net.tls.selfsigned import Issuer, key_pem, leaf, new_key, validity

_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")  # id-pe-acmeIdentifier
_OCTET_STRING = b"\x04\x20"  # in DER, of 32 octets


def proof(name: str, authorizes: str, now: int) -> Material:
    """The certificate for a key authorization; `now` is in unix microseconds."""
    key = new_key("ecdsa")
    digest = hashlib.sha256(authorizes.encode()).digest()
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ACME challenge")])
    extension = x509.UnrecognizedExtension(_IDENTIFIER, _OCTET_STRING + digest)
    certificate = (
        leaf(key, Issuer(own, key), [name], validity(now))
        .add_extension(extension, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Material(
        certificate.public_bytes(serialization.Encoding.PEM), key_pem(key), f"the proof for {name}"
    )
