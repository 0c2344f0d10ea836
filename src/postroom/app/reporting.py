"""Reports of one server: sent to others, read out of the mailbox to which they come, and forgotten in time.

RFC 9990, RFC 8460. Puts together what the settings say; the work is `deliver.reporting` and `intake.report_mailbox`. Not here: commands.
"""

from __future__ import annotations

from collections.abc import Sequence

from postroom import __version__
from postroom.app.building import home_domain
from postroom.app.operations.office import Office, Submission
from postroom.app.settings import Settings, SettingsError
from postroom.deliver.reporting import Reports, ReportSender
from postroom.intake.report_mailbox import Looked, ReportMailbox
from postroom.message.address import Address, parse_mailbox
from postroom.message.envelope import Notify, Recipient
from postroom.proto.dns.resolver import Resolver
from postroom.store import received_reports, report_rows
from postroom.store.engine import Engine, Transaction, Urgency
from postroom.store.report_rows import DMARC, TLS
from postroom.store.store import Store

USER = "reports"  # who posts them, in Received
DAY = 86_400_000_000  # microseconds
ROWS_DAYS = 7  # that rows are kept which no report takes up


def author(settings: Settings) -> Address:
    """The address our reports come from; raises `SettingsError`."""
    text = settings.reports.sender or f"postmaster@{home_domain(settings)}"
    return _address(text, "sender")


def report_account(settings: Settings) -> Address | None:
    """The account to which reports come; None for none. Raises `SettingsError`."""
    return _address(settings.reports.account, "account") if settings.reports.account else None


def check(settings: Settings) -> None:
    """Raises `SettingsError` for what cannot be in [reports]."""
    author(settings)
    report_account(settings)


def _address(text: str, key: str) -> Address:
    found = parse_mailbox(text)
    if found is None:
        raise SettingsError(f'[reports] {key} = "{text}": write an address such as reports@example.com')
    return found


def sender(office: Office, resolver: Resolver) -> ReportSender:
    """What sends the reports of a server that runs."""

    async def post(author: Address, to: Sequence[Address], raw: bytes) -> int:
        recipients = [Recipient(one, Notify.NEVER) for one in to]
        return await office.submit(Submission(USER, author, recipients, raw))

    settings = office.settings
    organization = settings.reports.organization or home_domain(settings)
    generator = f"Postroom {__version__}"
    return ReportSender(Reports(office.engine, resolver, organization, author(settings), post, generator))


async def look(office: Office, store: Store, now: int) -> Looked:
    """Looks into the mailbox to which reports come."""
    address = report_account(office.settings)
    if address is None:
        return Looked()
    own = (office.settings.server.hostname,)
    return await ReportMailbox(office.engine, store.read_email, office.ids.next, own).look(address, now)


async def prune(engine: Engine, days: int, now: int) -> None:
    """Forgets what is older than so many days."""
    before = now - days * DAY

    async def work(tx: Transaction) -> None:
        await report_rows.prune(tx, (DMARC, TLS), now // DAY - ROWS_DAYS, before)
        await received_reports.prune(tx, before)

    await engine.write(work, Urgency.HOUSEKEEPING)
