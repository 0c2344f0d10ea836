"""Messages to push services: encrypted for the client alone, and signed so that the service knows who sends them.

RFC 8291 (keys), RFC 8188 (aes128gcm), RFC 8292 (VAPID). Randomness and time are arguments. Not here: HTTP, subscriptions.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD: Final = 4096  # octets of the one record; RFC 8291 §4
MAX_PLAIN: Final = 3993  # octets of a message, RFC 8291 §4
SALT: Final = 16  # octets
AUTH: Final = 16  # octets of a client's secret, RFC 8291 §3.2
TOKEN_SECONDS: Final = 12 * 3600  # that a token is good for; RFC 8292 §2 allows 24 hours
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_BASE64: Final = re.compile(r"[A-Za-z0-9_-]{1,200}={0,2}")


class BadKeys(ValueError):
    """The keys of a client are none."""


class ClientKeys(msgspec.Struct, frozen=True):
    """What a client wants its messages encrypted with: its public key (an uncompressed point) and its secret."""

    public: bytes
    auth: bytes


def client_keys(p256dh: str, auth: str) -> ClientKeys:
    """The keys as a client writes them, in URL-safe base64. Raises `BadKeys`."""
    keys = ClientKeys(_octets(p256dh), _octets(auth))
    _point(keys.public)
    if len(keys.auth) != AUTH:
        raise BadKeys(f"auth has {AUTH} octets")
    return keys


def server_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The key that 32 secret octets stand for, always the same."""
    return ec.derive_private_key(int.from_bytes(secret, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def public_octets(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, as an uncompressed point (65 octets)."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def text(octets: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def encrypt(plain: bytes, to: ClientKeys, key: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The body of a message (RFC 8291 §3.4, RFC 8188 §2.1). `key` is for this message alone, `salt` 16 random octets."""
    own = public_octets(key)
    shared = key.exchange(ec.ECDH(), _point(to.public))
    secret = _derive(to.auth, shared, b"WebPush: info\0" + to.public + own, 32)
    content_key = _derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD.to_bytes(4, "big") + bytes([len(own)]) + own
    return head + AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)


def vapid(key: ec.EllipticCurvePrivateKey, audience: str, contact: str, now: int) -> str:
    """The value of Authorization (RFC 8292 §3). `audience`: the origin of the push service; `now`: unix seconds."""
    head = text(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())
    claims = text(json.dumps({"aud": audience, "exp": now + TOKEN_SECONDS, "sub": contact}).encode())
    signed = f"{head}.{claims}"
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={text(public_octets(key))}"


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _octets(written: str) -> bytes:
    if not _BASE64.fullmatch(written):
        raise BadKeys("keys are written in URL-safe base64")
    bare = written.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise BadKeys("keys are written in URL-safe base64") from error


def _point(octets: bytes) -> ec.EllipticCurvePublicKey:
    if len(octets) != 65 or octets[0] != 4:
        raise BadKeys("p256dh is an uncompressed point of P-256, 65 octets")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)
    except ValueError as error:
        raise BadKeys("p256dh is no point of P-256") from error
