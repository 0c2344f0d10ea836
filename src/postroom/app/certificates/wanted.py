"""Which certificates a server should have from its authority, and when the next one of each is due.

RFC 8555 §7.4 (a certificate has several names), RFC 9773 §4.2 (a moment within the authority's window), RFC 8461 §3.3 (`mta-sts.` needs one of its own
name). Names of domains are asked for only where the DNS leads them here: an authority counts failures. Not here: asking.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import msgspec

from postroom.app.settings.file import Settings
from postroom.mailauth.dkim.names import a_labels
from postroom.net.tls.acme import Window
from postroom.net.tls.pem import Held
from postroom.proto.dns.resolver import Resolver
from postroom.store.administration import domains
from postroom.store.certificates.certificates import Certificate
from postroom.store.engine.transaction import Engine
from postroom.web.hosts import names_of

SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
FIRST_WAIT = 600  # seconds after a failure, doubled with each further one
LONGEST_WAIT = 24 * 3600  # seconds, after many
LIMITED_WAIT = 6 * 3600  # where the authority says that it was too often
UNHEARD_WAIT = 6 * 3600  # where it did not say when to renew, or the least of it
SHARE_OF_LIFE = 2 / 3  # after which a certificate is renewed where the authority does not say when


class Wanted(msgspec.Struct, frozen=True):
    """A certificate with these names; the first one is what it is called here."""

    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first."""
        return self.names[0]


async def wanted(settings: Settings, engine: Engine, resolver: Resolver) -> list[Wanted]:
    """The server's own, and one for each domain whose names lead here."""
    acme = settings.acme
    own = tuple(
        dict.fromkeys(name.lower() for name in (settings.server.hostname, *acme.names, *settings.web.names))
    )
    found = [Wanted(own)]
    if acme.domains:
        ours = set((await resolver.addresses(settings.server.hostname)).records)
        async for domain in _all_domains(engine):
            names = [
                name for name in names_of(domain) if name not in own and await _leads_to(ours, name, resolver)
            ]
            if names:
                found.append(Wanted(tuple(names)))
    return found


async def _all_domains(engine: Engine) -> AsyncIterator[str]:
    """As the DNS has them: an authority takes A-labels alone (RFC 8555 §7.1.4)."""
    after = ""
    while some := await domains.listing(engine.reading(), after):
        for domain in some:
            yield a_labels(domain.name) or domain.name
        after = some[-1].name


async def _leads_to(ours: set[str], name: str, resolver: Resolver) -> bool:
    """Whether all that the name leads to is ours: the authority may ask any of its addresses."""
    there = set((await resolver.addresses(name)).records)
    return bool(there) and there <= ours


def is_due(row: Certificate, want: Wanted, held: Held | None, now: int) -> bool:
    """Whether the next certificate is to be asked for. `held` is what the present one says."""
    covered = held is not None and set(want.names) <= set(held.names)
    if not covered and set(row.names) != set(want.names):
        return True  # what is wanted has changed; a name less does not matter, since the DNS may be silent for a while
    # after a failure nobody waits longer than that: the clock that said so was ahead, as it is where no certificate seems to hold
    misset = row.tries > 0 and row.due - now > 2 * LONGEST_WAIT * SECOND
    return now >= row.due or misset


def renewal(held: Held, window: Window | None, chance: random.Random) -> tuple[int, int]:
    """When to renew, and when to ask the authority again for that (0 where it does not say). Not soon after issue (`soonest`): a window of the past would
    else have it renewed on and on."""
    if window is None:
        return held.not_before + round((held.not_after - held.not_before) * SHARE_OF_LIFE), 0
    moment = chance.randint(window.start, max(window.start, window.end))
    return min(max(moment, soonest(held, held.not_before)), held.not_after), window.ask_again


def soonest(held: Held, issued: int) -> int:
    """Before this moment a certificate that was issued at another is not renewed: a day, or a third of a life that is short."""
    return issued + min(DAY, (held.not_after - held.not_before) // 3)


def wait_after(tries: int, code: str, chance: random.Random) -> int:
    """Microseconds until the next try; `tries` have failed, the last with the authority's `code`."""
    seconds = min(FIRST_WAIT << min(tries - 1, 10), LONGEST_WAIT)
    if code == "rateLimited":
        seconds = max(seconds, LIMITED_WAIT)
    return round(seconds * chance.uniform(0.9, 1.1) * SECOND)
