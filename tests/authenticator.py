"""An authenticator in software, and the browser in front of it: makes passkeys, and answers challenges with them.

mine = Authenticator()
response = mine.create(options, "https://mail.l.test")       # as navigator.credentials.create
response = mine.get(options, "https://mail.l.test")          # as navigator.credentials.get
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ES256, EDDSA = -7, -8
PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64


class Authenticator:
    """One passkey. What it says of itself can be changed: `flags`, `count`, which grows by `step` with each use."""

    def __init__(self, algorithm: int = ES256) -> None:
        self.algorithm = algorithm
        self.credential_id = os.urandom(32)
        self.handle = b""
        self.count, self.step = 0, 1
        self.flags = PRESENT | VERIFIED
        self._ec = ec.generate_private_key(ec.SECP256R1())
        self._ed = ed25519.Ed25519PrivateKey.generate()

    def create(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """A new passkey, for who is named."""
        assert self.algorithm in [one["alg"] for one in options["pubKeyCredParams"]]
        self.handle = octets(options["user"]["id"])
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + self._cose()
        data = self._data(options["rp"]["id"], ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"], origin)
        return self._credential({"clientDataJSON": text(client), "attestationObject": text(attestation)})

    def get(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """An answer to a challenge."""
        self.count += self.step
        client, data = (
            self._client("webauthn.get", options["challenge"], origin),
            self._data(options["rpId"]),
        )
        signed = data + hashlib.sha256(client).digest()
        signature = (
            self._ec.sign(signed, ec.ECDSA(hashes.SHA256()))
            if self.algorithm == ES256
            else self._ed.sign(signed)
        )
        return self._credential(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(data),
                "signature": text(signature),
                "userHandle": text(self.handle),
            }
        )

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        number = text(self.credential_id)
        return {"id": number, "rawId": number, "type": "public-key", "response": response}

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def _data(self, host: str, flags: int = 0) -> bytes:
        head = hashlib.sha256(host.encode()).digest()
        return head + bytes([self.flags | flags]) + self.count.to_bytes(4, "big")

    def _cose(self) -> bytes:
        if self.algorithm == EDDSA:
            raw = self._ed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            return cbor2.dumps({1: 1, 3: EDDSA, -1: 6, -2: raw})
        point = self._ec.public_key().public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (point.x, point.y))
        return cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: x, -3: y})


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def octets(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
