"""The MTA-STS policy that a domain of ours publishes.

RFC 8461 §3.2 (the policy's text), §3.1 (the id of its TXT record changes when it does). Not here: other domains' policies.
"""

from __future__ import annotations

import hashlib

import msgspec


class Policy(msgspec.Struct, frozen=True):
    """`mx` are the names of mail hosts; `max_age` seconds."""

    mode: str
    mx: tuple[str, ...]
    max_age: int

    def text(self) -> str:
        """As it is published; a policy that says `none` names no host."""
        hosts = () if self.mode == "none" else self.mx
        lines = (
            "version: STSv1",
            f"mode: {self.mode}",
            *(f"mx: {host}" for host in hosts),
            f"max_age: {self.max_age}",
        )
        return "".join(f"{line}\r\n" for line in lines)

    @property
    def id(self) -> str:
        """The same for the same policy."""
        return hashlib.sha256(self.text().encode()).hexdigest()[:20]
