"""The yardstick: Debian's Postfix and Dovecot, started for the bench and ended with it.

They run from a directory of their own, beside ours on the same file system, and leave nothing behind. Not here: what they are asked.
"""

from __future__ import annotations

import os
import pwd
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Final

from bench.certificate import Certificate
from bench.dovecot import Dovecot
from bench.postfix import FORWARDING, RECEIVING, Postfix
from bench.sockets import free_ports
from bench.systems import DOMAIN, FORWARDER, user

PROGRAMS: Final = {
    "postfix": "postfix",
    "dovecot": "dovecot-core",
    "/usr/lib/dovecot/pop3": "dovecot-pop3d",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
}
DURABILITY: Final = "as shipped: Postfix syncs its queue file before 250, Dovecot (mail_fsync=optimized) syncs the delivered file"


def why_missing() -> str:
    """Why there is no yardstick on this machine; "" when there is."""
    missing = sorted(package for program, package in PROGRAMS.items() if not shutil.which(program))
    if missing:
        return f"not installed: {', '.join(missing)} (as root: apt-get install {' '.join(missing)})"
    if os.geteuid() != 0:
        return "Postfix and Dovecot can only be started by root"
    version = dovecot_version()
    if not version.startswith("2.3."):
        return f"Dovecot {version} is installed; the bench has a configuration for 2.3 only"
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        return "there is no user postfix"
    return ""


def dovecot_version() -> str:
    """Such as `2.3.19.1`."""
    said = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=False)
    return said.stdout.split(" ")[0].strip()


def postfix_version() -> str:
    """Such as `3.7.11`."""
    said = subprocess.run(
        ["postconf", "-d", "-h", "mail_version"], capture_output=True, text=True, check=False
    )
    return said.stdout.strip()


class Peers:
    """Postfix in front of Dovecot: a `MailSystem` below `place`."""

    name = "Postfix+Dovecot"
    durability = DURABILITY

    def __init__(self, place: Path, certificate: Certificate) -> None:
        smtp, *others = free_ports(6)
        place.mkdir()
        place.chmod(0o755)
        self.dovecot = Dovecot(place / "dovecot", others, certificate)
        names: dict[str, object] = {"hostname": f"mx.{DOMAIN}", "domain": DOMAIN, "lmtp": self.dovecot.lmtp}
        self.postfix = Postfix(place / "postfix", smtp, RECEIVING, names)
        self.smtp, self.pop3, self.pop3s = smtp, self.dovecot.pop3, self.dovecot.pop3s
        self.imap, self.imaps = self.dovecot.imap, self.dovecot.imaps
        self._certificate = certificate
        self._launched: subprocess.Popen[bytes] | None = None
        self.dovecot.write()
        self.postfix.write()

    def start(self) -> None:
        """See `MailSystem`."""
        self.launch()
        self.started()

    def launch(self) -> None:
        """See `MailSystem`: both at the same time."""
        self.dovecot.launch()
        self._launched = self.postfix.launch()

    def started(self) -> tuple[float, float]:
        """The moments (`perf_counter`) of the first SMTP and the first POP3 greeting."""
        assert self._launched is not None
        return self.postfix.started(self._launched), self.dovecot.started()

    def stop(self) -> None:
        """See `MailSystem`."""
        self.postfix.stop()
        self.dovecot.stop()

    def roots(self) -> list[int]:
        """See `Entrance`."""
        return self.postfix.roots() + self.dovecot.roots()

    def count(self) -> int:
        """See `MailSystem`: files in the Maildirs."""
        return self.dovecot.count()

    def backlog(self) -> int:
        """See `MailSystem`: it has no index of words."""
        return 0

    def login(self, number: int) -> str:
        """See `MailSystem`."""
        return user(number)

    def tls(self) -> ssl.SSLContext:
        """See `MailSystem`."""
        return self._certificate.client


class ForwardingPostfix(Postfix):
    """A second Postfix, which passes the mail of its domain on to the users of another server."""

    def __init__(self, place: Path, next_port: int) -> None:
        names: dict[str, object] = {
            "hostname": f"mx.{FORWARDER}",
            "domain": FORWARDER,
            "next_port": next_port,
        }
        super().__init__(place, free_ports(1)[0], FORWARDING, names)
        self.write(f"/^(.*)@{FORWARDER.replace('.', '[.]')}$/ $1@{DOMAIN}\n")

    def start(self) -> None:
        """Starts it and waits for its greeting."""
        self.started(self.launch())
