"""A Dovecot of our own for the tests: its configuration, mail and log in a temporary directory, on a free port of 127.0.0.1.

Nothing of an installed Dovecot is read but its programs. It needs root, as Dovecot's master does. Anybody may log in with the password `hungry`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from postgres import free_port
from postroom.lab.ca import LabCa
from running import PATIENCE, until

PASSWORD = "hungry"
CONFIG = """\
base_dir = {here}/run
state_dir = {here}/state
log_path = {here}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={here}/home/%u
}}
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
"""


class Dovecot:
    """One instance; `start` and `stop`. `ca` is the file of the authority that its certificate is from."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="postroom-dovecot-"))
        self.directory.chmod(0o755)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.ca = self.directory / "ca" / "ca.pem"

    def start(self) -> None:
        """Makes its files, and starts it."""
        now = time.time_ns() // 1000
        (pair,) = LabCa(self.ca.parent, now).issue(["localhost", "127.0.0.1"], now, kinds=["ecdsa"])
        (self.directory / "home").mkdir()
        owner = pwd.getpwnam("mail")
        os.chown(self.directory / "home", owner.pw_uid, owner.pw_gid)
        values = {"here": self.directory, "port": self.port, "password": PASSWORD}
        (self.directory / "conf").write_text(CONFIG.format(chain=pair.chain, key=pair.key, **values))
        path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        program = shutil.which("dovecot", path=path)
        assert program is not None
        with (self.directory / "out").open("wb") as out:
            self._process = subprocess.Popen(
                [program, "-F", "-c", str(self.directory / "conf")], stdout=out, stderr=out
            )
        until("dovecot to answer", self._answers)

    def stop(self) -> None:
        """Ends it, and removes its files."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process is not None
        said = (self.directory / "out").read_text()
        assert self._process.poll() is None, said
        try:
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as probe:
                return probe.recv(4) == b"* OK"
        except ConnectionError:
            return False
