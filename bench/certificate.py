"""One certificate for both sides: ECDSA P-256, made anew for each run."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certificate:
    """PEM files in a directory, readable for whoever serves with them."""

    def __init__(self, directory: Path, name: str) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        leaf = authority.issue_cert(name, key_type=trustme.KeyType.ECDSA)
        self.chain = directory / "certificate.pem"
        self.key = directory / "key.pem"
        self.chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        self.key.write_bytes(leaf.private_key_pem.bytes())
        self.key.chmod(0o600)
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client.check_hostname = False  # the server is an address and a port here
        authority.configure_trust(self.client)
