"""A configuration read as a server reads it, before anything is opened: all that is wrong with it, each with its key and the remedy.

`postroom config check` says it, and `postroom serve` begins with it, so that the two never disagree. Not here: what the values become.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from postroom.app import authenticating, building, guarding, own_policy, places, reporting
from postroom.app.control import MOST_OF_A_FILE
from postroom.app.settings.file import Settings, SettingsError
from postroom.app.signing_terms import rotation_terms
from postroom.message.address import parse_domain
from postroom.message.idn import a_labels
from postroom.store.engine.refused import without_password
from postroom.wire.ip import is_address


def problems(settings: Settings) -> list[str]:
    """What a server would refuse; without a name of its own nothing else is looked at, since much is made of that."""
    return _refused(_NAMES, settings) or _refused(_REST, settings)


def must_be_right(settings: Settings) -> None:
    """Raises `SettingsError` with all problems."""
    found = problems(settings)
    if found:
        raise SettingsError("; ".join(found))


def _refused(looks: tuple[Callable[[Settings], object], ...], settings: Settings) -> list[str]:
    found = []
    for look in looks:
        try:
            look(settings)
        except SettingsError as error:
            found.append(str(error))
    return found


def _hostname(settings: Settings) -> None:
    _domain("[server] hostname", settings.server.hostname, "mail.example.com")


def _own_domain(settings: Settings) -> None:
    if settings.server.domain:
        _domain("[server] domain", settings.server.domain, "example.com")


def _web_names(settings: Settings) -> None:
    for name in settings.web.names:
        if not is_address(name):
            _domain("[web] names", name, "webmail.example.com")


def _certified_names(settings: Settings) -> None:
    """One that an authority does not take would cost the certificate for all of them."""
    for name in settings.acme.names:
        _domain("[acme] names", name, "mail.example.net")


def _domain(key: str, name: str, example: str) -> None:
    """RFC 5321 §2.3.5: what is said in greetings and certificates is in ASCII."""
    if parse_domain(name) is None or name.startswith("["):
        raise SettingsError(f'{key} = "{name}": write a domain name such as {example}')
    if name.isascii():
        return
    try:
        remedy = f"write it as the DNS has it, {a_labels(name)}"
    except ValueError as error:
        remedy = f"it is no internationalized name ({error})"
    raise SettingsError(f'{key} = "{name}": {remedy}')


def _control(settings: Settings) -> None:
    """A socket in a directory of whatever depth is reached by that; its own name has no such way."""
    name = Path(settings.listen.control).name
    if len(os.fsencode(name)) > MOST_OF_A_FILE:
        raise SettingsError(
            f'[listen] control: "{name}" is longer than {MOST_OF_A_FILE} octets: write a shorter name'
        )


def _authority(settings: Settings) -> None:
    """RFC 8555 §6.1: an authority is spoken to by HTTPS alone."""
    directory = settings.acme.directory
    if directory and not _is_https(directory):
        raise SettingsError(
            f'[acme] directory = "{directory}": write the URL of the authority\'s directory, https://..., or "" for none'
        )


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _database(settings: Settings) -> None:
    named = settings.server.database
    if named and not named.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            f'[server] database = "{without_password(named)}": write postgresql://host/database, or "" for the embedded one'
        )


def _room_for_the_largest(settings: Settings) -> None:
    """There would never be room for it, and its sender is told to try again later."""
    limits = settings.limits
    if limits.bodies_in_flight < limits.message_bytes:
        raise SettingsError(
            f"[limits] bodies_in_flight = {limits.bodies_in_flight} is less than message_bytes = {limits.message_bytes}:"
            " no message of that size could be received"
        )


_NAMES = (_hostname, _own_domain)
_REST = (
    places.check,
    _control,
    _database,
    _web_names,
    _certified_names,
    _authority,
    _room_for_the_largest,
    own_policy.check,
    building.rules,
    building.check_pairs,
    building.check_files,
    rotation_terms,
    building.reading_mechanisms,
    building.message_limit,
    building.routes,
    building.resolver_options,
    authenticating.check,
    guarding.check,
    reporting.check,
)
