"""Pebble, Let's Encrypt's certificate authority for tests, on loopback; and a DNS that leads names here.

`go install github.com/letsencrypt/pebble/v2/cmd/pebble@latest` makes it.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import trustme

from running import until


class Pebble:
    """A running authority, which may want an account that one has with it (`external`: keys by id). `directory` is its URL, `trust` a file with whom its HTTPS is trusted by."""

    def __init__(
        self,
        program: str,
        place: Path,
        dns_port: int,
        ports: Mapping[str, int],
        external: Mapping[str, str] | None = None,
    ) -> None:
        place.mkdir(parents=True, exist_ok=True)
        made = trustme.CA()
        own = made.issue_cert("localhost", "127.0.0.1")
        own.cert_chain_pems[0].write_to_path(place / "own.pem")
        own.private_key_pem.write_to_path(place / "own.key")
        self.trust = place / "trust.pem"
        made.cert_pem.write_to_path(self.trust)
        port, management = free_port(), free_port()
        self.directory = f"https://localhost:{port}/dir"
        self._management = f"https://localhost:{management}"
        configuration = {
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(place / "own.pem"),
            "privateKey": str(place / "own.key"),
            "httpPort": ports["http"],
            "tlsPort": ports["https"],
            "retryAfter": {"authz": 1, "order": 1},
            "profiles": {"default": {"description": "any", "validityPeriod": 7_776_000}},
        }
        if external:
            configuration |= {
                "externalAccountBindingRequired": True,
                "externalAccountMACKeys": dict(external),
            }
        written = place / "pebble.json"
        written.write_text(json.dumps({"pebble": configuration}))
        self.log = place / "pebble.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, "-config", str(written), "-dnsserver", f"127.0.0.1:{dns_port}", "-strict"],
                stdout=log, stderr=log, env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "20"},
            )  # fmt: skip
        until("pebble to listen", lambda: b"ACME directory available" in self.log.read_bytes())

    def root(self, place: Path) -> Path:
        """A file with the certificate that its own are signed by."""
        context = ssl.create_default_context(cafile=str(self.trust))
        with urllib.request.urlopen(f"{self._management}/roots/0", context=context, timeout=60) as answer:
            place.write_bytes(answer.read())
        return place

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
