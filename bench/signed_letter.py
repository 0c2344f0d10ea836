"""A signed letter of the sender that the load speaks for, and the DNS records that prove it: SPF, DKIM, DMARC, the client's name.

Not here: the load (`smtp_load`), and who looks at the records (`checking`, `rows.authentication`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bench.smtp_load import CLIENT, SENDER, message
from bench.sockets import LOOPBACK
from postroom.lab.dns.zones import ZoneText, reverse_zone
from postroom.mailauth.dkim.private_key import Algorithm, PrivateKey
from postroom.mailauth.dkim.signing import SigningKey, sign

SELECTOR: Final = "bench"
RECIPIENT: Final = "everybody@receiver.test"  # whom the header names: signed once, sent to many
BITS: Final = 2048
_STRING: Final = 200  # octets of one string of a TXT record
_DOMAIN: Final = SENDER.partition("@")[2]


def signed(size: int) -> tuple[bytes, str]:
    """A letter with about `size` octets of text and one RSA signature, and the record of its key."""
    key = PrivateKey.create(Algorithm.RSA, BITS)
    raw = message(RECIPIENT, size)
    fields = sign(raw, [SigningKey(_DOMAIN, SELECTOR, key)], int(time.time()))
    return b"".join(fields) + raw, key.record()


def written(letter: bytes, path: Path) -> Path:
    """The letter as a file for the load: lines end with LF, and it does not end with an empty one."""
    path.write_bytes(letter.replace(b"\r\n", b"\n"))
    return path


def zones(record: str) -> list[ZoneText]:
    """The sender's domain and the client's address, with `record` as the key."""
    name = CLIENT.removesuffix(f".{_DOMAIN}")
    lines = (
        f'@ TXT "v=spf1 a:{CLIENT} -all"',
        f"{name} A {LOOPBACK}",
        f'{name} TXT "v=spf1 a -all"',
        f'_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{_DOMAIN}"',
        f"{SELECTOR}._domainkey TXT {' '.join(_strings(record))}",
    )
    return [ZoneText(_DOMAIN, lines), reverse_zone("127.in-addr.arpa", {LOOPBACK: CLIENT})]


def _strings(record: str) -> Iterable[str]:
    return (f'"{record[at : at + _STRING]}"' for at in range(0, len(record), _STRING))
