"""Where a new password comes from: standard input, the terminal, or chance.

A password never stands on a command line, where every user of the machine can read it.
"""

from __future__ import annotations

import getpass
import secrets
import sys
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed

_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"  # none that looks like another
GROUPS, GROUP = 5, 4  # 98 bits

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Prompt = Annotated[bool, typer.Option("--prompt", help="Ask for the password on the terminal.")]


def generated() -> str:
    """A password that can be read out: `kx7f-q2mn-…`."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def new_password(*, from_stdin: bool, prompt: bool, without: str = "") -> str | None:
    """The password that was given; None when it is to be made up, or there is to be none (the option `without`). Raises `CommandFailed`."""
    said = [
        name
        for name, given in (("--password-stdin", from_stdin), ("--prompt", prompt), (without, without))
        if given
    ]
    if len(said) > 1:
        raise CommandFailed(f"{' and '.join(said)} exclude each other", 2)
    if from_stdin:
        line = sys.stdin.readline()
        password = line.removesuffix("\n").removesuffix("\r")
        if not password:
            raise CommandFailed("standard input has no password in its first line")
        return password
    return _asked() if prompt else None


def _asked() -> str:
    if not sys.stdin.isatty():
        raise CommandFailed("there is no terminal to ask on; use --password-stdin", 2)
    password = getpass.getpass("Password: ")
    if not password or getpass.getpass("Again: ") != password:
        raise CommandFailed("the passwords are empty or not the same")
    return password
