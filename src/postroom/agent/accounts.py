"""The accounts that a user reads and writes with: servers, names, passwords, from a file of his own.

TOML: a table `accounts.NAME` for each, `default` for the one that is meant without `--as`. The file is named by `--config`,
$POSTROOM_MAIL_CONFIG, or is ~/.config/postroom/mail.toml; the accounts of a running lab (`agent.runtime`) are known beside them. It may hold
passwords, and is refused when others can read it. Not here: connections.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from postroom.agent import runtime
from postroom.agent.invocation import CommandFailed

VARIABLE = "POSTROOM_MAIL_CONFIG"
_COMMAND_SECONDS = 60.0


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server. `tls` is starttls, implicit or none; `server_name` the name in its certificate where it is not `host`."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)]
    tls: Annotated[str, Meta(pattern="^(starttls|implicit|none)$")] = "starttls"
    server_name: str = ""


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account. The password stands here, in a file, or is the first line that a command prints.

    `authorities` is a PEM file of those whose certificates are believed, "" the system's; `ahead` says by how many seconds the clock of the servers is ahead of this
    machine's (a lab's that was moved). `insecure_loopback`: on this machine the password
    may go without TLS (a lab). `control` is the control socket of a server on this machine. Mail is read by `imap` where that is given, else by
    `pop3`. `file_sent`: a copy of what is sent goes into the folder for it, by IMAP; off where the server does that itself. `bearer`: the password is a bearer
    token (OAUTHBEARER). `certificate` and `certificate_key` are PEM files: they log in where there is no password.
    """

    address: str
    smtp: Endpoint | None = None
    pop3: Endpoint | None = None
    imap: Endpoint | None = None
    name: str = ""
    username: str = ""
    password: str = ""
    password_file: str = ""
    password_command: list[str] = []
    authorities: str = ""
    ahead: float = 0.0
    insecure_loopback: bool = False
    control: str = ""
    file_sent: bool = True
    bearer: bool = False
    certificate: str = ""
    certificate_key: str = ""

    @property
    def login_name(self) -> str:
        """What the servers know the account by."""
        return self.username or self.address

    def now(self) -> int:
        """Unix microseconds, by the clock of its servers."""
        return time.time_ns() // 1000 + round(self.ahead * 1_000_000)

    def secret(self) -> str:
        """The password; raises `CommandFailed`."""
        if self.password_command:
            return _printed(self.password_command)
        if self.password_file:
            try:
                return Path(self.password_file).expanduser().read_text("utf-8").removesuffix("\n")
            except (OSError, UnicodeDecodeError) as error:
                raise CommandFailed(f"the password file of {self.address}: {error}") from error
        return self.password


class AccountsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    accounts: dict[str, Account] = {}
    default: str = ""


def load(path: Path) -> AccountsFile:
    """Reads a file; raises `CommandFailed` naming the file and the key."""
    try:
        mode = path.stat().st_mode
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), AccountsFile)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise CommandFailed(f"{path}: {error}") from error
    if mode & 0o077 and any(account.password for account in found.accounts.values()):
        raise CommandFailed(f"{path} holds passwords and can be read by others: chmod 600 {path}")
    return found


def dump(file: AccountsFile) -> str:
    """The file's text, for whoever makes one."""
    lines = [f"default = {_toml(file.default)}"] if file.default else []
    for name, account in file.accounts.items():
        tables = {"": account, ".smtp": account.smtp, ".pop3": account.pop3, ".imap": account.imap}
        for suffix, table in tables.items():
            if table is not None:
                lines += ["", f"[accounts.{_toml(name)}{suffix}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def own_file(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the user's own accounts are, or would be."""
    named = given or (Path(environ[VARIABLE]) if environ.get(VARIABLE) else None)
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    return named or home / "postroom" / "mail.toml"


def known(given: Path | None, environ: Mapping[str, str] = os.environ) -> AccountsFile:
    """The user's accounts, and those of a running lab; raises `CommandFailed` when there is no file at all."""
    own = own_file(given, environ)
    if given or environ.get(VARIABLE):
        return load(own)
    paths = [own, runtime.find(runtime.ACCOUNTS, environ)]
    files = [load(path) for path in paths if path is not None and path.is_file()]
    if not files:
        raise CommandFailed("there is no account: postroom mail setup ADDRESS, or start a lab (postroom lab)")
    accounts = {name: account for file in reversed(files) for name, account in file.accounts.items()}
    return AccountsFile(accounts, files[0].default)


def choose(file: AccountsFile, name: str) -> Account:
    """The account of that name or address, else the default one or the only one; raises `CommandFailed`."""
    if name:
        for key, account in file.accounts.items():
            if name in (key, account.address):
                return account
        raise CommandFailed(
            f"there is no account {name!r}; there are {_names(file)}. A new one: postroom mail setup ADDRESS",
            2,
        )
    if file.default in file.accounts:
        return file.accounts[file.default]
    if len(file.accounts) == 1:
        return next(iter(file.accounts.values()))
    raise CommandFailed(f"whose mail? say --as with one of {_names(file)}", 2)


def _names(file: AccountsFile) -> str:
    return ", ".join(sorted(file.accounts)) or "none"


def _printed(command: list[str]) -> str:
    asked = None if sys.stdin.isatty() else subprocess.DEVNULL  # what is piped in is a letter's text
    try:
        done = subprocess.run(command, stdin=asked, capture_output=True, check=True, timeout=_COMMAND_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise CommandFailed(f"the password command: {error}") from error
    return done.stdout.decode("utf-8", "replace").partition("\n")[0]


def _pairs(table: msgspec.Struct) -> list[str]:
    """The keys that are not as they would be anyway."""
    pairs = []
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        if not isinstance(value, msgspec.Struct) and value not in (field.default, None, []):
            pairs.append(f"{field.name} = {_toml(value)}")
    return pairs


def _toml(value: str | int | bool | list[str]) -> str:
    """JSON's form, which is TOML's but for DEL."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
