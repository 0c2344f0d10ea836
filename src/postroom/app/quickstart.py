"""A server from nothing: configuration, data directory, keys, the first domain and account.

Never overwrites: what is there already is refused before anything is written. On an error all that was made is removed again, and nothing
else. No question is asked and nothing is looked up in the DNS: an answer that a record is not there would be remembered. Not here: words and
tables (`cli.quickstart`), the running server.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from postroom.app.control import Caller, OperationError, Request
from postroom.app.dns.forms import WrittenRecord
from postroom.app.locate import CONFIG, load_at, make_places, places_of
from postroom.app.operations import accounts, dns, domains
from postroom.app.operations.direct import DirectOffice, caller
from postroom.app.operations.office import as_dict
from postroom.app.operations.table import perform
from postroom.app.settings.file import Settings
from postroom.message.address import Address, parse_domain, parse_mailbox
from postroom.message.idn import a_labels
from postroom.net.tls.selfsigned import self_signed

_TEMPLATE = """\
# A Postroom server. All keys, with their defaults and meanings: postroom config describe

[server]
hostname = {hostname}
data = {data}
administrator = {administrator}
"""


class Plan(msgspec.Struct, frozen=True):
    """What is to be made, and where: `directory` gets the configuration, and beside it the data unless `data` says otherwise."""

    address: Address
    hostname: str
    directory: Path
    data: Path
    password: str

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.directory / CONFIG


class Made(msgspec.Struct, frozen=True):
    """What was made. The password is kept nowhere else."""

    address: str
    password: str
    config: str
    data: str
    records: list[WrittenRecord]


def plan(text: str, hostname: str, directory: Path, data: Path | None, password: str) -> Plan:
    """Checks what is wanted; raises `OperationError` for a name that is none, or when something is there already."""
    address = parse_mailbox(text)
    if address is None or address.domain.startswith("["):
        raise OperationError(f"{text!r} is not an address; one looks like you@example.com")
    named = hostname or f"mail.{address.domain}"
    host = _host(named)
    if host is None:
        raise OperationError(f"{named!r} is not a host's name; one looks like mail.example.com")
    wanted = Plan(address, host, directory.resolve(), (data or directory / "data").resolve(), password)
    for path in (wanted.config, wanted.data):
        if os.path.lexists(path):
            raise OperationError(
                f"{path} exists already, and nothing is overwritten: choose another --directory"
            )
    return wanted


def _host(text: str) -> str | None:
    """A host's name as the DNS, greetings and certificates have it; None when it is none."""
    host = parse_domain(text)
    try:
        return None if host is None or host.startswith("[") else a_labels(host)
    except ValueError:
        return None


async def make(wanted: Plan) -> Made:
    """Makes all of it, or nothing."""
    made_directory = not wanted.directory.exists()
    _write_config(wanted)
    async with _undone_on_error(wanted, made_directory=made_directory):
        settings = load_at(wanted.config)
        make_places(places_of(settings))
        return await _fill(settings, wanted)


async def _fill(settings: Settings, wanted: Plan) -> Made:
    office = await DirectOffice.open(settings)
    try:
        await _do(office, domains.ADD.name, domains.NamedDomain(wanted.address.domain))
        new = accounts.NewAccount(str(wanted.address), wanted.password)
        await _do(office, accounts.ADD.name, new)
        make_keys(office, wanted.hostname)
        found = await _do(office, dns.RECORDS.name, dns.WantedRecords(wanted.address.domain))
    finally:
        await office.close()
    records = [msgspec.convert(record, WrittenRecord) for record in found]
    return Made(str(wanted.address), wanted.password, str(wanted.config), str(wanted.data), records)


def make_keys(office: DirectOffice, hostname: str) -> None:
    """The vault's key, and certificates that are good until there are others."""
    _ = office.vault  # made when it is asked for
    self_signed(places_of(office.settings).keys, [hostname], office.clock.now())


async def _do(office: DirectOffice, name: str, arguments: msgspec.Struct) -> list[dict[str, object]]:
    who: Caller = caller()
    return [record async for record in perform(office, who, Request(name, as_dict(arguments)))]


def _write_config(wanted: Plan) -> None:
    beside = wanted.data.parent == wanted.directory
    text = _TEMPLATE.format(
        hostname=_toml(wanted.hostname),
        data=_toml(wanted.data.name if beside else str(wanted.data)),
        administrator=_toml(str(wanted.address)),
    )
    wanted.directory.mkdir(parents=True, exist_ok=True)
    try:
        with wanted.config.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise OperationError(f"{wanted.config} has been made meanwhile; it is left as it is") from error
    except OSError:  # half of it would be in the way of the next try
        wanted.config.unlink(missing_ok=True)
        raise


def _toml(text: str) -> str:
    """A basic string of TOML: JSON's, but for DEL."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


@asynccontextmanager
async def _undone_on_error(wanted: Plan, *, made_directory: bool) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        wanted.config.unlink(missing_ok=True)
        shutil.rmtree(wanted.data, ignore_errors=True)
        if made_directory:
            shutil.rmtree(wanted.directory, ignore_errors=True)
        raise
