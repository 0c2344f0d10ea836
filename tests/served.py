"""`postroom serve` as a process of its own, set up by `postroom quickstart` in a directory of its own, at free ports."""

from __future__ import annotations

import json
import smtplib
import ssl
from pathlib import Path

import running
from letters import Maildrop
from running import Running, at_home

LISTEN = """
[listen]
addresses = ["127.0.0.1"]
smtp = 0
submission = 0
submissions = 0
lmtp = 0
pop3 = 0
pop3s = 0
imap = 0
imaps = 0
http = 0
https = 0

[tls]
"""
PASSWORD = "tanstaaf"


class Served:
    """One server: `set_up`, `start`, and its owner's account. `start` again after a stop or a crash."""

    def __init__(self, home: Path, owner: str, more: str = "") -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.owner, self.environ = home, owner, at_home(home)
        self.config = home / "postroom.toml"
        self.process: Running | None = None
        words = ["quickstart", owner, "--directory", str(home), "--password-stdin", "--json"]
        done = running.postroom(words, self.environ, PASSWORD + "\n")
        assert done.returncode == 0, done.stderr
        self.made = json.loads(done.stdout.splitlines()[0])
        self.config.write_text(self.config.read_text() + LISTEN + more)

    def start(self, *wrapped_by: str) -> Running:
        """Starts it; under another program if one is named."""
        arguments = ["serve", "--config", str(self.config), "--json"]
        self.process = Running(arguments, self.environ, self.home / "serve.log", wrapped_by)
        return self.process

    def port(self, service: str) -> int:
        assert self.process is not None
        number: int = self.process.facts["domains"][self.owner.partition("@")[2]][service]
        return number

    def command(self, *arguments: str, stdin: str = "") -> str:
        """One of our commands, which must succeed; gives its output."""
        done = running.postroom([*arguments, "--config", str(self.config)], self.environ, stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def maildrop(self) -> Maildrop:
        """Its owner's mail."""
        return Maildrop(self.port("pop3s"), self.owner, PASSWORD, unverified())

    def submission(self) -> smtplib.SMTP_SSL:
        """A connection on which its owner has logged in."""
        smtp = smtplib.SMTP_SSL(
            "127.0.0.1", self.port("submissions"), timeout=running.PATIENCE, context=unverified()
        )
        smtp.login(self.owner, PASSWORD)
        return smtp


class ServedByPostgres(Served):
    """The same with its mail in a PostgreSQL database, an empty one."""

    def __init__(
        self, home: Path, owner: str, database: str
    ) -> None:  # no quickstart: that is for one machine
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.owner, self.environ = home, owner, at_home(home)
        self.config = home / "postroom.toml"
        self.process: Running | None = None
        domain = owner.partition("@")[2]
        server = f'[server]\nhostname = "mail.{domain}"\ndatabase = "{database}"\n'
        self.config.write_text(f"{server}{LISTEN}\n[limits]\nfree_bytes = 0\n")
        self.command("domain", "add", domain)
        self.command("account", "add", owner, "--password-stdin", stdin=PASSWORD + "\n")

    def port(self, service: str) -> int:
        assert self.process is not None
        [ports] = self.process.facts["domains"].values()
        number: int = ports[service]
        return number


def unverified() -> ssl.SSLContext:
    """For servers whose certificate nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
