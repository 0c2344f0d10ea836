"""Key records, and what a public key says of a signature.

RFC 6376 §3.6.1 (the tags of a record), §6.1.2 (which are refused), RFC 8301 §3.2 (RSA of 1024 to 4096 bits), RFC 8463 §3 and §4.2 (Ed25519
signs the hash). Not here: questions to the DNS.
"""

from __future__ import annotations

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from postroom.mailauth.dkim.results import Defect
from postroom.mailauth.dkim.tags import BadTags, base64_value, colon_list, parse_tags

MAX_KEY_RECORD = 4096  # octets of one record's text
MAX_RSA_BITS = 4096  # beyond it a key costs more than it proves
_LEAST_RSA_BITS = 1024
_LEAST_EXPONENT = 3
_MOST_EXPONENT_BITS = (
    64  # a long exponent makes a verification as slow as a signature, 40 times; nobody needs one
)


class KeyRecord(msgspec.Struct, frozen=True):
    """A record that can be used. `text` as it was; `strict`: t=s, i= is d= exactly; `testing`: t=y."""

    text: str
    kind: str
    data: bytes
    testing: bool = False
    strict: bool = False


def parse_key_record(text: bytes) -> KeyRecord:
    """A record for mail with a key in it; raises Defect for any other."""
    if len(text) > MAX_KEY_RECORD:
        raise Defect(f"the key record has {len(text)} octets, more than {MAX_KEY_RECORD}")
    try:
        tags = parse_tags(text)
        if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
            raise Defect("the record is of another version, or v= is not its first tag")
        if "p" not in tags:
            raise Defect("the record has no key")
        if "h" in tags and "sha256" not in colon_list(tags["h"]):
            raise Defect("the key is not for sha256")
        if "s" in tags and not {"*", "email"} & set(colon_list(tags["s"])):
            raise Defect("the key is not for mail")
        data = base64_value(tags, "p")
    except BadTags as bad:
        raise Defect(f"the key record cannot be read: {bad}") from None
    if not data:
        raise Defect("the key was revoked")
    flags = colon_list(tags.get("t", ""))
    return KeyRecord(text.decode(), tags.get("k", "rsa"), data, "y" in flags, "s" in flags)


class PublicKey:
    """A key that can be used; `bits` is its size."""

    def __init__(self, record: KeyRecord) -> None:
        """Raises Defect when the record's data is no such key, or too weak."""
        self._key: RSAPublicKey | Ed25519PublicKey
        if record.kind == "rsa":
            self._key = _rsa(record.data)
            self.bits = self._key.key_size
        elif record.kind == "ed25519":
            self._key = _ed25519(record.data)
            self.bits = 256
        else:
            raise Defect(f"keys of the kind {record.kind[:40]!r} are not known")

    def verifies(self, signature: bytes, digest: bytes) -> bool:
        """Did this key sign that SHA-256 digest?"""
        try:
            if isinstance(self._key, RSAPublicKey):
                self._key.verify(signature, digest, PKCS1v15(), Prehashed(hashes.SHA256()))
            else:
                self._key.verify(signature, digest)
        except (InvalidSignature, ValueError):
            return False
        return True


def _rsa(data: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(
            data
        )  # takes RSAPublicKey, as the text asks, and what all publish, SubjectPublicKeyInfo
    except (ValueError, UnsupportedAlgorithm):
        raise Defect("p= is not an RSA key") from None
    if not isinstance(key, RSAPublicKey):
        raise Defect("p= is not an RSA key")
    if not _LEAST_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise Defect(f"the key has {key.key_size} bits, not {_LEAST_RSA_BITS} to {MAX_RSA_BITS}")
    exponent = key.public_numbers().e
    if exponent < _LEAST_EXPONENT:
        raise Defect("the key's exponent is too small")
    if exponent.bit_length() > _MOST_EXPONENT_BITS:
        raise Defect(f"the key's exponent has more than {_MOST_EXPONENT_BITS} bits")
    return key


def _ed25519(data: bytes) -> Ed25519PublicKey:
    if len(data) != 32:
        raise Defect("p= is not an Ed25519 key: it has not 32 octets")
    return Ed25519PublicKey.from_public_bytes(data)
