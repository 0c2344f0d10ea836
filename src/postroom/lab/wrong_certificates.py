"""Certificates of the lab's authority that are not good: expired, or of another name.

RFC 5280 §4.1.2.5 (validity), §4.2.1.6 (names). Made when they are first asked for. Not here: who shows them when (`lab.faults.guest`).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from postroom.lab.ca import LabCa


class WrongCertificates:
    """Those of one lab. `now` gives unix microseconds."""

    def __init__(self, ca: LabCa, now: Callable[[], int]) -> None:
        self._ca = ca
        self._now = now
        self._made: dict[tuple[str, str], ssl.SSLContext] = {}

    def context(self, domain: str, wrong: str) -> ssl.SSLContext:
        """What a server shows, by its domain and by what is wrong: `expired`, or `another name`."""
        made = self._made.get((domain, wrong))
        if made is None:
            made = self._made[domain, wrong] = self._make(domain, wrong)
        return made

    def _make(self, domain: str, wrong: str) -> ssl.SSLContext:
        now = self._now()
        if wrong == "expired":
            names = [f"mail.{domain}", domain, "localhost", "127.0.0.1"]
            pairs = self._ca.issue([f"expired.mail.{domain}", *names[1:]], now)  # files of their own
            self._ca.expire(pairs, names, now)
        else:
            pairs = self._ca.issue([f"elsewhere.{domain}"], now)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for pair in pairs:
            context.load_cert_chain(pair.chain, pair.key)
        return context
