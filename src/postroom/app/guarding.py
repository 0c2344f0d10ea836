"""How the guard of a service is made out of settings: none where nothing is asked for, so that it costs nothing.

Not here: what a guard does (`intake.guard`), the listeners.
"""

from __future__ import annotations

from collections.abc import Iterable

from postroom.app import building
from postroom.app.parts import Parts
from postroom.app.settings.file import Settings, SettingsError
from postroom.app.settings.guard import GuardSettings, MilterSettings
from postroom.app.surroundings import Surroundings
from postroom.intake.guard.greylist import Greylist, GreylistTerms
from postroom.intake.guard.guard import Guard, GuardTerms
from postroom.intake.guard.lists import AddressList, Lists, matchers
from postroom.intake.guard.milter_talk import FAILURES, MilterTerms
from postroom.intake.guard.milters import Milters
from postroom.intake.guard.names import NameWeights
from postroom.intake.rates import Counted, Rates
from postroom.mailauth.dkim.names import a_labels
from postroom.message.address import fold
from postroom.net.gate import Gate, GateLimits
from postroom.net.local_connect import read_socket
from postroom.net.networks import Networks

_SERVICES = frozenset({"smtp", "submission"})


def networks(names: Iterable[str], key: str) -> Networks:
    """Those of a setting; raises `SettingsError`."""
    try:
        return Networks(names)
    except ValueError as error:
        raise SettingsError(f"[guard] {key}: {error}") from error


def check(settings: Settings) -> None:
    """Raises `SettingsError` for what cannot be in [guard], [lists] and [milters]."""
    guard = settings.guard
    for key, names in (("exempt", guard.exempt), ("proxies", guard.proxies), ("xclient", guard.xclient)):
        networks(names, key)
    _check_greylist(guard)
    _address_lists(settings)
    for name, milter in settings.milters.items():
        _services(name, milter)
        _milter(name, milter)


def gate(settings: Settings, world: Surroundings) -> Gate | None:
    """The limits of connections; a lab has none."""
    limits = settings.limits
    if world.open_house:
        return None
    gate_limits = GateLimits(
        limits.connections_per_client,
        limits.connections_per_minute,
        network_at_once=limits.connections_per_network,
        network_per_minute=limits.connections_per_network_minute,
        exempt=networks(settings.guard.exempt, "exempt"),
    )
    return Gate(gate_limits, world.clock.monotonic)


def mx_guard(settings: Settings, world: Surroundings, parts: Parts) -> Guard | None:
    """The guard of port 25. Raises `SettingsError`."""
    guard_settings, clock = settings.guard, world.clock
    guard = Guard(_terms(settings), world.resolver, clock.sleep)
    guard.lists = _lists(settings, world)
    guard.milters = milters(settings, world, parts, "smtp")
    guard.rates = Rates(
        {
            Counted.MESSAGES: guard_settings.messages_per_hour,
            Counted.RECIPIENTS: guard_settings.recipients_per_hour,
            Counted.UNKNOWN: guard_settings.unknown_per_hour,
            Counted.BOUNCES: guard_settings.bounces_per_hour,
        },
        clock.monotonic,
    )
    if guard_settings.greylist:
        guard.greylist = greylist(settings, world, parts)
        guard.spf = guard_settings.greylist_spf
    return guard if guard.is_useful else None


def submission_guard(settings: Settings, world: Surroundings, parts: Parts) -> Guard | None:
    """The guard of users' mail: filters, and how much one account may send. Raises `SettingsError`."""
    guard = Guard(GuardTerms(), world.resolver, world.clock.sleep)
    guard.milters = milters(settings, world, parts, "submission")
    guard.rates = Rates({Counted.SENT: settings.guard.sent_per_hour}, world.clock.monotonic)
    return guard if guard.is_useful else None


def greylist(settings: Settings, world: Surroundings, parts: Parts) -> Greylist:
    """The greylist, for a guard and for the chore that prunes it."""
    guard = settings.guard
    terms = GreylistTerms(
        guard.greylist_wait, guard.greylist_window, guard.greylist_days, guard.greylist_known_after
    )
    return Greylist(terms, parts.store.engine, world.clock.now)


def milters(settings: Settings, world: Surroundings, parts: Parts, service: str) -> Milters | None:
    """The filters of a service; None without any. Raises `SettingsError`."""
    terms = [
        _milter(name, milter)
        for name, milter in settings.milters.items()
        if service in _services(name, milter)
    ]
    if not terms:
        return None
    premises = parts.premises
    return Milters(
        terms,
        settings.server.hostname,
        settings.limits.message_bytes,
        (premises.hostname, premises.identity or premises.hostname),
        lambda recipient: premises.router.resolve(premises.engine.reading(), recipient.address),
        world.log.info,
    )


def _services(name: str, milter: MilterSettings) -> tuple[str, ...]:
    for service in milter.services:
        if service not in _SERVICES:
            raise SettingsError(
                f'[milters."{name}"] services: {service!r}: use one of {", ".join(sorted(_SERVICES))}'
            )
    return milter.services


def _milter(name: str, milter: MilterSettings) -> MilterTerms:
    if milter.on_failure not in FAILURES:
        raise SettingsError(
            f'[milters."{name}"] on_failure = {milter.on_failure!r}: use one of {", ".join(FAILURES)}'
        )
    try:
        socket = read_socket(milter.socket)
    except ValueError as error:
        raise SettingsError(f'[milters."{name}"] socket: {error}') from error
    return MilterTerms(
        name,
        socket,
        seconds=milter.seconds,
        end_seconds=milter.end_seconds,
        on_failure=milter.on_failure,
    )


def _lists(settings: Settings, world: Surroundings) -> Lists | None:
    lists, seconds = _address_lists(settings), settings.guard.dns_seconds
    return Lists(lists, world.resolver, seconds, world.clock.monotonic, world.log.warning) if lists else None


def _address_lists(settings: Settings) -> list[AddressList]:
    """Raises `SettingsError` for what cannot be asked."""
    lists = [AddressList(_zone(name), one.points, one.answers) for name, one in settings.lists.items()]
    try:
        matchers(lists)
    except ValueError as error:
        raise SettingsError(f"[lists] {error}") from error
    return lists


def _zone(name: str) -> str:
    found = a_labels(name.strip("."))
    if found is None:
        raise SettingsError(
            f'[lists."{name}"]: write the name of a list in the DNS, such as list.example.com'
        )
    return found


def _check_greylist(guard: GuardSettings) -> None:
    """Who has to wait longer than he is remembered would be unknown whenever he comes."""
    wait, window = guard.greylist_wait, guard.greylist_window
    if wait >= window:
        raise SettingsError(
            f"[guard] greylist_wait = {wait} must be less than greylist_window = {window}: nobody could come again in time"
        )


def _terms(settings: Settings) -> GuardTerms:
    guard = settings.guard
    return GuardTerms(
        guard.refuse_at,
        guard.greet_delay,
        guard.hold_seconds,
        guard.hold_most,
        networks(guard.exempt, "exempt"),
        NameWeights(
            guard.no_reverse,
            guard.unconfirmed_reverse,
            guard.helo_ours,
            guard.helo_bare,
            guard.helo_unknown,
        ),
        frozenset((fold(settings.server.hostname), fold(building.home_domain(settings)))),
        guard.dns_seconds,
    )
