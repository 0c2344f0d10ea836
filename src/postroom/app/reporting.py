"""Reports of one server: sent to others, read out of the mailbox to which they come, and forgotten in time.

RFC 9990, RFC 8460. Puts together what the settings say; the work is `deliver.reporting` and `intake.report_mailbox`. Not here: commands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from postroom import __version__
from postroom.app import authenticating
from postroom.app.building import Authorities, home_domain
from postroom.app.operations.office import Office, Submission
from postroom.app.settings.file import Settings, SettingsError
from postroom.app.surroundings import Surroundings
from postroom.deliver.reporting import Reports, ReportSender, Unwanted
from postroom.intake.report_mailbox import Looked, ReportMailbox
from postroom.mailauth.dkim.names import a_labels
from postroom.message.address import Address, parse_mailbox
from postroom.message.envelope import Notify, Recipient
from postroom.net.https import NotFetched, Web
from postroom.net.public_addresses import is_public
from postroom.net.tls.certificates import CertificateError
from postroom.proto.http.client import Request
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.peers import received_reports, report_rows
from postroom.store.peers.report_rows import DMARC, TLS
from postroom.store.store import Store

USER = "reports"  # who posts them, in Received
DAY = 86_400_000_000  # microseconds
MAX_RESPONSE = 64 * 1024  # octets of an answer to a report; nothing is done with them
_PASSING = (408, 425, 429)  # of the statuses that blame us, those that pass
ROWS_DAYS = 7  # that rows are kept which no report takes up


def author(settings: Settings) -> Address:
    """The address our reports come from; raises `SettingsError`."""
    found = _address(settings.reports.sender or f"postmaster@{home_domain(settings)}", "sender")
    return Address(found.local, a_labels(found.domain) or found.domain)


def organization(settings: Settings) -> str:
    """The domain in whose name we report, in A-labels; raises `SettingsError`."""
    text = settings.reports.organization
    found = a_labels(text) if text else home_domain(settings)
    if found is None:
        raise SettingsError(f'[reports] organization = "{text}": write a domain such as example.com')
    return found


def report_account(settings: Settings) -> Address | None:
    """The account to which reports come; None for none. Raises `SettingsError`."""
    return _address(settings.reports.account, "account") if settings.reports.account else None


def check(settings: Settings) -> None:
    """Raises `SettingsError` for what cannot be in [reports]."""
    author(settings)
    organization(settings)
    report_account(settings)


def _address(text: str, key: str) -> Address:
    found = parse_mailbox(text)
    if found is None:
        raise SettingsError(f'[reports] {key} = "{text}": write an address such as reports@example.com')
    return found


def sender(office: Office, world: Surroundings) -> ReportSender:
    """What sends the reports of a server that runs in this world."""
    context = Authorities(office.settings, world).context
    permitted = _anywhere if world.open_house else is_public  # whose reports these are says where they go
    web = Web(world.resolver, context, world.https_port_of, world.source, permitted=permitted)

    async def post(author: Address, to: Sequence[Address], raw: bytes) -> int:
        recipients = [Recipient(one, Notify.NEVER) for one in to]
        utf8 = not all(one.is_ascii for one in (author, *to))
        return await office.submit(Submission(USER, author, recipients, raw, smtputf8=utf8))

    settings, publish = office.settings, publisher(web)
    generator = f"Postroom {__version__}"
    whose = organization(settings)
    return ReportSender(
        Reports(office.engine, world.resolver, whose, author(settings), post, generator, publish)
    )


def _anywhere(_ip: str) -> bool:
    return True


def publisher(web: Web) -> Callable[[str, bytes, str], Awaitable[None]]:
    """What hands a report to a URL; raises OSError for whatever but 2xx."""

    async def publish(url: str, octets: bytes, media_type: str) -> None:
        request = posting(url, octets, media_type)
        try:
            response = await web.ask(request)
        except (NotFetched, CertificateError) as error:
            raise OSError(str(error)) from error
        if not 200 <= response.status < 300:
            passes = response.status >= 500 or response.status in _PASSING
            raise (OSError if passes else Unwanted)(f"it answers {response.status}")

    return publish


def posting(url: str, octets: bytes, media_type: str) -> Request:
    """The request that takes a report to a URL (RFC 8460 §5.4); raises OSError for a URL that is none, or has a port of its own."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Unwanted(f"it is no URL: {error}") from error
    if parts.scheme.lower() != "https" or a_labels(host) is None or port not in (None, 443) or parts.username:
        raise Unwanted("only https at port 443 of a named host, without a password, is served")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request(host, target, MAX_RESPONSE, "POST", (("Content-Type", media_type),), octets)


async def look(office: Office, store: Store, now: int) -> Looked:
    """Looks into the mailbox to which reports come."""
    address = report_account(office.settings)
    if address is None:
        return Looked()
    own = {office.settings.server.hostname, authenticating.identity(office.settings)}
    return await ReportMailbox(office.engine, store.read_email, office.ids.next, own).look(address, now)


async def prune(engine: Engine, days: int, now: int) -> None:
    """Forgets what is older than so many days."""
    before = now - days * DAY

    async def work(tx: Transaction) -> int:
        rows = await report_rows.prune(tx, (DMARC, TLS), now // DAY - ROWS_DAYS, before)
        return rows + await received_reports.prune(tx, before)

    while await engine.write(work, Urgency.HOUSEKEEPING):
        pass
