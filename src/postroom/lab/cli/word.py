"""The files by which a running lab tells other commands of the same user about itself: accounts, servers, its own socket.

Not here: where they lie (`agent.runtime`).
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import msgspec

from postroom.agent import runtime
from postroom.agent.accounts import Account, AccountsFile, Endpoint, dump
from postroom.app.control import is_served
from postroom.lab.control import LAB
from postroom.lab.laboratory import Laboratory
from postroom.lab.settling import Inhabitant

LOOK_SECONDS: Final = 1.0  # between two looks whether commands find a lab


class _Again(msgspec.Struct, frozen=True):
    """The files once more, until they are taken away."""

    running: Laboratory
    directory: Path

    def __call__(self) -> None:
        if stands(self.running, self.directory):
            runtime.publish(word(self.running), self.directory)


def leave_word(running: Laboratory, directory: Path) -> None:
    """Writes the files, and again whenever the clock was moved. Raises `runtime.NotOurs`."""
    runtime.publish(word(running), directory)
    again = _Again(running, directory)
    if again not in running.clock.on_move:
        running.clock.on_move.append(again)


async def keep_word(running: Laboratory, directory: Path) -> None:
    """Writes the files once more whenever those of a lab that is gone stand there, or none: commands mean the lab that this user has started last of those that run.

    So it does, too, when somebody has moved in: not at once, since tests make a mailbox each.
    """
    told = len(running.inhabitants)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        before, told = told, len(running.inhabitants)
        moved_in = told != before and stands(running, directory)
        if moved_in or not await asyncio.to_thread(leads_to_a_lab, running, directory):
            with contextlib.suppress(runtime.NotOurs):
                leave_word(running, directory)


def leads_to_a_lab(running: Laboratory, directory: Path) -> bool:
    """Whether commands find this lab there, or another one that runs."""
    try:
        return stands(running, directory) or is_served(Path((directory / LAB).read_text("utf-8")))
    except OSError:
        return False


def take_back(running: Laboratory, directory: Path) -> None:
    """Removes the files, if they are not those of another lab that this user has started since."""
    if stands(running, directory):
        runtime.retract(directory)


def stands(running: Laboratory, directory: Path) -> bool:
    """Whether commands still mean this lab."""
    try:
        named = (directory / LAB).read_text("utf-8")
    except OSError:  # none is there, or no more
        return False
    return runtime.is_ours(directory) and named == str(running.control.path)


def word(running: Laboratory) -> dict[str, str]:
    """The files that tell other commands of this user about the lab."""
    servers = "".join(
        f'[servers."{domain}"]\ncontrol = {msgspec.json.encode(str(control)).decode()}\n'
        f'dns = "127.0.0.1:{running.names.port}"\n'
        f'address = "{running.address_of(domain)}"\n'
        for domain, control in running.controls().items()
    )
    people: dict[str, Account] = {}
    known = {one.address for one in running.inhabitants}
    printed = [Inhabitant(name, word) for name, word in running.printed.items() if name not in known]
    for one in [*running.inhabitants, *printed]:
        name, _, domain = one.address.partition("@")
        ports = running.ports[domain]
        people[name if name not in people else one.address] = Account(
            one.address,
            Endpoint("127.0.0.1", ports["submission"], "starttls", f"mail.{domain}"),
            Endpoint("127.0.0.1", ports["pop3"], "starttls", f"mail.{domain}"),
            Endpoint("127.0.0.1", ports["imap"], "starttls", f"mail.{domain}"),
            name=name.capitalize(),
            password=one.password,
            authorities=str(running.ca.path),
            ahead=running.clock.offset,
            insecure_loopback=True,
            control=str(running.controls()[domain]),
        )
    return {
        runtime.SERVERS: servers,
        runtime.ACCOUNTS: dump(AccountsFile(people, "alice")),
        LAB: str(running.control.path),
    }
