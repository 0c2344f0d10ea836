"""One Postfix instance of the bench: Debian's programs with a configuration, queue and log of its own.

Loopback only, no chroot, limits on connections of one client lifted, everything else as shipped: queue files are synced to disk before
a message is accepted. Not here: mailboxes (`dovecot`).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from bench.processes import BenchError, alive, end, wait_until
from bench.sockets import LOOPBACK, until_banner

BANNER: Final = b"220"
START_SECONDS: Final = 30.0

MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/state
maillog_file = {place}/log
maillog_file_prefixes = {place}
inet_interfaces = {loopback}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = {hostname}
mydestination =
alias_maps =
alias_database =
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
"""

# The final station: every user of the domain, handed to Dovecot by LMTP. Twenty deliveries at a time are the default; as the
# domain is one destination and recipients are not merged, a mailbox gets its messages one by one.
RECEIVING: Final = """\
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:present
virtual_transport = lmtp:inet:{loopback}:{lmtp}
lmtp_destination_recipient_limit = 1
"""

# The station on the way: users of one domain are aliases of those of the other, which is at the next server.
FORWARDING: Final = """\
virtual_alias_domains = {domain}
virtual_alias_maps = regexp:{place}/aliases
default_transport = smtp:[{loopback}]:{next_port}
"""

# name, type, private, unprivileged, chroot, wake-up, most processes, command
SERVICES: Final = """\
{loopback}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """An instance below `place`. `further` are lines of main.cf; {names} in them are filled in from `names`."""

    def __init__(self, place: Path, port: int, further: str, names: dict[str, object]) -> None:
        self.smtp = port
        self._place = place
        filled = {**names, "place": place, "port": port, "loopback": LOOPBACK}
        self._main = (MAIN + further).format(**filled)
        self._services = SERVICES.format(**filled)
        self._master = 0

    def write(self, aliases: str = "") -> None:
        """Writes the configuration; `aliases` is a regexp table."""
        etc = self._place / "etc"
        for directory in (self._place, etc, self._place / "queue", self._place / "state"):
            directory.mkdir(exist_ok=True)
            directory.chmod(0o755)
        subprocess.run(["chown", "postfix", str(self._place / "state")], check=True)
        (etc / "main.cf").write_text(self._main)
        (etc / "master.cf").write_text(self._services)
        (self._place / "aliases").write_text(aliases)

    def launch(self) -> subprocess.Popen[bytes]:
        """Runs `postfix start`, which ends when the master process is up."""
        (self._place / "queue/pid/master.pid").unlink(missing_ok=True)
        command = ["postfix", "-c", str(self._place / "etc"), "start"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def started(self, launched: subprocess.Popen[bytes]) -> float:
        """Waits for the first greeting; gives its moment (`perf_counter`)."""
        try:
            moment = until_banner(self.smtp, BANNER, START_SECONDS)
            launched.wait(START_SECONDS)
        except BenchError as error:
            raise BenchError(f"Postfix: {error}; its log ends: {self._log_end()}") from error
        self._master = int((self._place / "queue/pid/master.pid").read_text().split()[0])
        return moment

    def stop(self) -> None:
        """Ends the master and its children."""
        if self._master:
            end(self._master)
            wait_until(lambda: not alive(self._master), START_SECONDS, "Postfix's end")
            self._master = 0

    def roots(self) -> list[int]:
        """See `Entrance`."""
        return [self._master]

    def _log_end(self) -> str:
        log = self._place / "log"
        return log.read_text("utf-8", "replace")[-500:] if log.exists() else "(there is none)"
