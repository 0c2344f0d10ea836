"""Private keys of signers: made, kept as PEM, and what to put into the DNS for them.

RFC 6376 §3.3.2 and §3.6.1 (RSA, and its record), §3.6.2.2 (strings of a TXT record), RFC 8301 §3.2 (key sizes), RFC 8463 §4.2 (Ed25519), RFC 5208
§5 (PKCS #8). The chance in a new key is the crypto library's own. Not here: which key signs when (`rotation`), and where keys are kept.
"""

from __future__ import annotations

import base64
import enum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from postroom.mailauth.dkim.public_key import MAX_RSA_BITS
from postroom.proto.dns.answer import record_text

RSA_BITS = 2048  # of a new key
_LEAST_RSA_BITS = 1024
_STRING = 255  # octets of one character-string, RFC 1035 §3.3


class Algorithm(enum.StrEnum):
    """How a key signs: the a= of its signatures."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


class BadKey(ValueError):
    """The text is no key to sign with; the message says why, and never what is in it."""


class PrivateKey:
    """A key that signs."""

    def __init__(self, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
        self._key = key
        self.algorithm = Algorithm.RSA if isinstance(key, RSAPrivateKey) else Algorithm.ED25519

    def __repr__(self) -> str:
        return f"PrivateKey({self.algorithm.value})"

    @classmethod
    def create(cls, algorithm: Algorithm, bits: int = RSA_BITS) -> PrivateKey:
        """A new key; `bits` is for RSA."""
        if algorithm is Algorithm.ED25519:
            return cls(Ed25519PrivateKey.generate())
        return cls(rsa.generate_private_key(65537, bits))

    @classmethod
    def from_pem(cls, pem: bytes) -> PrivateKey:
        """A key out of PEM without a password, PKCS #8 or an older form; raises BadKey."""
        try:
            key = serialization.load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise BadKey("This is no private key in PEM; it must be without a password") from None
        if isinstance(key, Ed25519PrivateKey):
            return cls(key)
        if not isinstance(key, RSAPrivateKey):
            raise BadKey("The key is neither RSA nor Ed25519")
        if not _LEAST_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise BadKey(f"The key has {key.key_size} bits, not {_LEAST_RSA_BITS} to {MAX_RSA_BITS}")
        return cls(key)

    def to_pem(self) -> bytes:
        """PKCS #8 in PEM, not encrypted: a secret."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption())

    def sign(self, digest: bytes) -> bytes:
        """The signature over a SHA-256 digest."""
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(digest, PKCS1v15(), Prehashed(hashes.SHA256()))
        return self._key.sign(digest)

    def record(self) -> str:
        """The text of the key's TXT record."""
        public = self._key.public_key()
        if isinstance(self._key, RSAPrivateKey):
            data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return f"v=DKIM1; k=rsa; h=sha256; p={base64.b64encode(data).decode()}"
        data = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; h=sha256; p={base64.b64encode(data).decode()}"


def revoked_record(algorithm: Algorithm) -> str:
    """The record of a selector whose key is no longer good (RFC 6376 §3.6.1, p=)."""
    return f"v=DKIM1; k={algorithm.partition('-')[0]}; p="


def strings(record: str) -> list[str]:
    """The record cut into the strings of a TXT record."""
    return [record[start : start + _STRING] for start in range(0, len(record), _STRING)] or [""]


def zone_text(record: str) -> str:
    """The strings in quotes, as a zone file has them behind TXT."""
    return " ".join(record_text(string.encode()) for string in strings(record))
