"""All operations by their names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

from postroom.app.control import Caller, Request
from postroom.app.operations import (
    access,
    accounts,
    aliases,
    backup,
    certificates,
    checking,
    contacts,
    dkim,
    dns,
    domains,
    grants,
    journeys,
    moving,
    passkeys,
    queue,
    reports,
    submission,
    watching,
)
from postroom.app.operations.office import Office, Operation
from postroom.app.operations.office import perform as perform_one

OPERATIONS: Mapping[str, Operation[Any, Any]] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            *(domains.ADD, domains.LIST, domains.REMOVE, domains.CHANGE),
            *(
                accounts.ADD,
                accounts.LIST,
                accounts.SHOW,
                accounts.REMOVE,
                accounts.CHANGE,
                accounts.PASSWORD,
            ),
            *access.ALL,
            *(grants.LIST, grants.REVOKE, passkeys.LIST, passkeys.DELETE),
            *(aliases.ADD, aliases.LIST, aliases.SHOW, aliases.REMOVE, aliases.CHANGE, aliases.IMPORT),
            *(aliases.ADD_LIST, aliases.LIST_LISTS),
            *(queue.LIST, queue.COUNT, queue.HOLD, queue.RELEASE, queue.RETRY, queue.FAIL, queue.DROP),
            *(contacts.IMPORT, contacts.LIST),
            *(moving.TAKE, moving.DIGESTS, moving.GIVE),
            *(certificates.STATUS, certificates.RENEW, certificates.REVOKE, certificates.RELOAD),
            *(journeys.SHOW, journeys.LIST, journeys.CONTENT),
            *(reports.LIST, reports.SENT, reports.IMPORT, reports.SEND),
            *(submission.SUBMIT, submission.VERIFY),
            *(dkim.LIST, dkim.CREATE, dkim.ROTATE, dkim.RETIRE, dkim.DELETE, dkim.SAMPLE),
            *(backup.BACKUP, checking.CHECK, dns.RECORDS, watching.WATCH),
        )
    }
)


def perform(office: Office, caller: Caller, request: Request) -> AsyncIterator[dict[str, Any]]:
    """Performs a request; with the office bound, it is what `control.ControlServer` wants."""
    return perform_one(OPERATIONS, office, caller, request)
