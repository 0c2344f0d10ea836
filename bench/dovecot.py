"""Dovecot 2.3 of the bench: LMTP in, Maildir, POP3 and IMAP out; any user, one password.

Loopback only, limits on connections lifted; `mail_fsync = optimized` as shipped, so a delivered file is synced to disk. Not here:
SMTP (`postfix`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Final

from bench.certificate import Certificate
from bench.processes import BenchError, end
from bench.sockets import LOOPBACK, until_banner
from bench.systems import PASSWORD

BANNER: Final = b"+OK"
START_SECONDS: Final = 30.0
OWNER: Final = "mail"  # Debian's user for it, on every system
CONNECTIONS: Final = 20_000

CONFIGURATION: Final = """\
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
protocols = pop3 imap lmtp
listen = {loopback}
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{mail}/%n/Maildir
mail_max_userip_connections = {connections}
mail_privileged_group =
first_valid_uid = 1
default_client_limit = {connections}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={mail}/%n
}}
namespace inbox {{
  inbox = yes
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
  service_count = 0
  client_limit = {connections}
  vsz_limit = 2G
}}
service pop3 {{
  process_limit = 2000
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
  service_count = 0
  client_limit = {connections}
  vsz_limit = 2G
}}
service imap {{
  process_limit = 2000
}}
service lmtp {{
  inet_listener lmtp {{
    address = {loopback}
    port = {lmtp}
  }}
}}
service anvil {{
  client_limit = 40000
}}
service auth {{
  client_limit = 40000
}}
"""


class Dovecot:
    """An instance below `place`; `ports` are of LMTP, POP3, POP3 over TLS, IMAP, IMAP over TLS."""

    def __init__(self, place: Path, ports: list[int], certificate: Certificate) -> None:
        self.lmtp, self.pop3, self.pop3s, self.imap, self.imaps = ports
        self.mail = place / "mail"
        self._place = place
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None

    def write(self) -> None:
        """Writes the configuration and makes room for mail."""
        for directory in (self._place, self.mail):
            directory.mkdir(exist_ok=True)
            directory.chmod(0o755)
        shutil.chown(self.mail, OWNER, OWNER)
        filled = CONFIGURATION.format(
            place=self._place,
            mail=self.mail,
            loopback=LOOPBACK,
            chain=self._certificate.chain,
            key=self._certificate.key,
            lmtp=self.lmtp,
            pop3=self.pop3,
            pop3s=self.pop3s,
            imap=self.imap,
            imaps=self.imaps,
            password=PASSWORD,
            owner=OWNER,
            connections=CONNECTIONS,
        )
        (self._place / "dovecot.conf").write_text(filled)

    def launch(self) -> None:
        """Starts the master process, without waiting for anything."""
        command = ["dovecot", "-F", "-c", str(self._place / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def started(self) -> float:
        """Waits for the first POP3 greeting; gives its moment (`perf_counter`)."""
        try:
            return until_banner(self.pop3, BANNER, START_SECONDS)
        except BenchError as error:
            raise BenchError(f"Dovecot: {error}; its log ends: {self.log_end()}") from error

    def log_end(self) -> str:
        """The last words of its log."""
        log = self._place / "log"
        return log.read_text("utf-8", "replace")[-500:] if log.exists() else "(there is none)"

    def stop(self) -> None:
        """Ends the master and its children."""
        if self._process:
            end(self._process.pid)
            self._process.wait()
            self._process = None

    def roots(self) -> list[int]:
        """See `Entrance`."""
        return [self._process.pid] if self._process else []

    def count(self) -> int:
        """Files that a reader sees."""
        folders = (self.mail.glob(f"*/Maildir/{name}") for name in ("new", "cur"))
        return sum(1 for folder in chain(*folders) for _ in os.scandir(folder))

    def prefill(self, name: str, messages: int, letter: Callable[[int], bytes]) -> None:
        """Puts so many messages into a user's mailbox, as files in `cur`, as if they had been read before; `letter` makes each of its number."""
        owner = pwd.getpwnam(OWNER)
        uid, gid = owner.pw_uid, owner.pw_gid
        maildir = self.mail / name / "Maildir"
        for folder in (maildir.parent, maildir, maildir / "cur", maildir / "new", maildir / "tmp"):
            folder.mkdir(exist_ok=True)
            os.chown(folder, uid, gid)
        for number in range(messages):
            message = letter(number)
            path = f"{maildir}/cur/{1_700_000_000 + number}.M1P1.bench,S={len(message)}:2,S"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(descriptor, message)
            os.fchown(descriptor, uid, gid)
            os.close(descriptor)
