"""The settings of sender authentication as what works by them: the examiner of a server's door.

Not here: the checks (`mailauth`), and when they are made (`intake.examiner`).
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from postroom.app.settings.file import AuthenticationSettings, Settings, SettingsError
from postroom.app.surroundings import Surroundings
from postroom.intake.examiner import Examiner, Examining
from postroom.intake.rates import Counted, Rates
from postroom.mailauth.decision import Measure, Policy
from postroom.mailauth.dkim.names import a_labels
from postroom.mailauth.dmarc.evaluation import Terms
from postroom.mailauth.dmarc.suffixes import SuffixList
from postroom.message.feedback.aggregate import Seen

T = TypeVar("T")
_MEASURES: Mapping[str, Measure] = MappingProxyType({one.name.lower(): one for one in Measure})
_UNDECIDED: Mapping[str, bool] = MappingProxyType({"accept": False, "defer": True})


def identity(settings: Settings) -> str:
    """Our name in Authentication-Results (RFC 8601 §2.3)."""
    return settings.authentication.identity or settings.server.hostname


def examiner(
    settings: Settings, world: Surroundings, count: Callable[[Seen | None], None]
) -> Examiner | None:
    """What examines the mail of other servers; None when it is not to be. `count` hears what reports say of it. Raises `SettingsError`."""
    wanted = settings.authentication
    if not wanted.check:
        return None
    return Examiner(
        Examining(
            world.resolver,
            identity(settings),
            policy(wanted),
            world.clock.now,
            world.log.info,
            count if settings.reports.send else _not_counted,
            tuple(_network(text) for text in wanted.exempt),
            dmarc_terms(wanted.suffix_list, random.SystemRandom().randrange),
            rates=_rates(settings, world),
            found=world.found,
        )
    )


def check(settings: Settings) -> None:
    """Raises `SettingsError` for what cannot be in [authentication]."""
    wanted = settings.authentication
    policy(wanted)
    for text in wanted.exempt:
        _network(text)
    dmarc_terms(wanted.suffix_list, random.SystemRandom().randrange)


def _rates(settings: Settings, world: Surroundings) -> Rates:
    """How often one signature counts; always in a lab."""
    most = 0 if world.open_house else settings.guard.copies_per_hour
    return Rates({Counted.COPIES: most}, world.clock.monotonic)


def _not_counted(_: Seen | None) -> None:
    """Nobody is sent reports."""


def policy(wanted: AuthenticationSettings) -> Policy:
    """What is done about what. Raises `SettingsError`."""
    return Policy(
        _measure("most", wanted.most),
        _measure("spf_fail", wanted.spf_fail),
        _measure("unclear_author", wanted.unclear_author),
        _choice("undecided", wanted.undecided, _UNDECIDED),
        frozenset(_sealer(name) for name in wanted.trusted_sealers),
    )


def dmarc_terms(suffix_list: str, below: Callable[[int], int]) -> Terms:
    """How DMARC policies are found; `below` gives a number from 0 to less than its argument. Raises `SettingsError`."""
    if not suffix_list:
        return Terms()
    try:
        suffixes = SuffixList(Path(suffix_list).read_text("utf-8").splitlines())
    except (OSError, ValueError) as error:  # UnicodeDecodeError is one
        raise SettingsError(f"[authentication] suffix_list: {suffix_list}: {error}") from error
    return Terms(suffixes, lambda: below(100))


def _measure(key: str, text: str) -> Measure:
    return _choice(key, text, _MEASURES)


def _choice(key: str, text: str, choices: Mapping[str, T]) -> T:
    if text not in choices:
        raise SettingsError(f'[authentication] {key} = "{text}": use one of {", ".join(choices)}')
    return choices[text]


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise SettingsError(
            f'[authentication] exempt: "{text}" is no network; write e.g. 192.0.2.1 or 2001:db8::/32'
        ) from error


def _sealer(name: str) -> str:
    found = a_labels(name)
    if found is None:
        raise SettingsError(
            f'[authentication] trusted_sealers: "{name}" is no domain; write e.g. lists.example'
        )
    return found
