"""A Postfix of our own for the tests: its configuration, queue and log in a temporary directory, on a free port of 127.0.0.1.

Nothing of an installed Postfix is read but its programs. It needs root, as Postfix's master does.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from postgres import free_port
from running import until

# What a server needs that takes mail, relays it, and files it in a maildir; no chroot, since there is no system below the queue.
MASTER = """\
127.0.0.1:{port} inet n - n - 20 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = {
    "compatibility_level": "3.6",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mydestination": "",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "mynetworks": "127.0.0.0/8",
    "smtp_tls_security_level": "may",
    "smtpd_tls_security_level": "none",
    # Times are whole seconds, so that 1 s may be over at once; and a file that is still locked then stays in the active queue for good.
    "minimal_backoff_time": "2s",
    "queue_run_delay": "1s",
    "transport_retry_time": "1s",
    "disable_dns_lookups": "yes",
    "virtual_minimum_uid": "1",
}


class Postfix:
    """One instance; `start` and `stop`. `mail` is where maildirs are. It asks `resolver`, an address that validates DNSSEC at port 53, if one is named:
    it then has an /etc/resolv.conf of its own, in a mount namespace."""

    def __init__(self, hostname: str, settings: Mapping[str, str], resolver: str = "") -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="postroom-postfix-"))
        self.directory.chmod(0o755)
        self.port = free_port()
        self.log = self.directory / "log" / "mail.log"
        self.mail = self.directory / "mail"
        self._resolver = resolver
        self._settings = {**MAIN, "myhostname": hostname, **settings}

    def start(self) -> None:
        """Makes its files, and starts it."""
        owner = pwd.getpwnam("postfix")
        for name in ("etc", "spool", "data", "log", "mail"):
            (self.directory / name).mkdir()
        for name in ("data", "mail"):
            os.chown(self.directory / name, owner.pw_uid, owner.pw_gid)
        own = {
            "queue_directory": str(self.directory / "spool"),
            "data_directory": str(self.directory / "data"),
            "maillog_file": str(self.log),
            "maillog_file_prefixes": str(self.directory),
            "virtual_mailbox_base": str(self.mail),
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
        }
        lines = [f"{name} = {value}\n" for name, value in {**self._settings, **own}.items()]
        (self.directory / "etc" / "main.cf").write_text("".join(lines))
        (self.directory / "etc" / "master.cf").write_text(MASTER.format(port=self.port))
        with suppress(FileNotFoundError):  # Debian has maps as plug-ins, listed here
            shutil.copy("/etc/postfix/dynamicmaps.cf", self.directory / "etc")
        done = self._postfix("start")
        assert done.returncode == 0, f"{done.stderr}{self.words()}"

    def words(self) -> str:
        """What it has logged."""
        return self.log.read_text() if self.log.exists() else ""

    @contextmanager
    def telling(self, before: int) -> Iterator[None]:
        """What fails inside tells what it has logged since it had logged `before` characters."""
        try:
            yield
        except AssertionError as error:
            error.add_note(self.words()[before:])
            raise

    def stop(self) -> None:
        """Ends its master, and with it all of it; removes its files."""
        pid_file = self.directory / "spool" / "pid" / "master.pid"
        with suppress(FileNotFoundError, ProcessLookupError, ValueError):
            pid = int(pid_file.read_text())
            os.kill(pid, signal.SIGTERM)
            until("postfix to end", lambda: not Path(f"/proc/{pid}").exists())
        shutil.rmtree(self.directory, ignore_errors=True)

    def letters(self, name: str) -> list[bytes]:
        """What lies in the maildir of that name."""
        return [file.read_bytes() for file in sorted((self.mail / name / "new").glob("*"))]

    def _postfix(self, command: str) -> subprocess.CompletedProcess[str]:
        path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        words = ["postfix", "-c", str(self.directory / "etc"), command]
        if self._resolver:
            conf = self.directory / "resolv.conf"
            conf.write_text(f"nameserver {self._resolver}\noptions trust-ad edns0 timeout:1 attempts:2\n")
            mounted = f"mount --bind {conf} /etc/resolv.conf && exec {shlex.join(words)}"
            words = ["unshare", "--mount", "sh", "-c", mounted]
        return subprocess.run(
            words,
            env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
        )  # fmt: skip
