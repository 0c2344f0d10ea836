"""Every operation of the interface: its method, path, what it takes and gives. Routes and the document follow from it. Not here: what they do."""

from __future__ import annotations

from typing import Any, Final

from postroom.lab.api import mailboxes, switches, telling, values
from postroom.lab.api.desk import Operation

VERSION: Final = "/api/v1"
_BOXES: Final = f"{VERSION}/mailboxes"
_BOX: Final = f"{_BOXES}/{{address}}"
_MESSAGES: Final = f"{_BOX}/messages"
_MESSAGE: Final = f"{_MESSAGES}/{{id}}"
_FAULTS: Final = f"{VERSION}/faults"
_JSON: Final = (400, 415, 422)  # what can be wrong with a body

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("GET", "/livez", telling.livez, values.Health),
    Operation("GET", "/readyz", telling.readyz, values.Health, problems=(503,)),
    Operation("GET", f"{VERSION}/lab", telling.show_lab, dict[str, Any]),
    Operation("GET", _BOXES, mailboxes.list_mailboxes, values.Mailboxes),
    Operation(
        "POST", _BOXES, mailboxes.make_mailbox, values.Mailbox, body=values.NewMailbox, status=201, problems=(*_JSON, 409)
    ),
    Operation("GET", _BOX, mailboxes.show_mailbox, values.Mailbox, problems=(404,)),
    Operation("GET", f"{_BOX}/wait", mailboxes.wait_for_message, values.Message, values.Awaited, problems=(404, 422, 503)),
    Operation("GET", _MESSAGES, mailboxes.list_messages, values.Headings, values.Wanted, problems=(404, 422)),
    Operation("DELETE", _MESSAGES, mailboxes.empty_mailbox, status=204, problems=(404,)),
    Operation("GET", _MESSAGE, mailboxes.show_message, values.Message, problems=(404,)),
    Operation("DELETE", _MESSAGE, mailboxes.delete_message, status=204, problems=(404,)),
    Operation("GET", f"{_MESSAGE}/raw", mailboxes.show_raw, "message/rfc822", problems=(404,)),
    Operation("GET", f"{_MESSAGE}/parts", mailboxes.list_parts, values.Parts, problems=(404,)),
    Operation("GET", f"{_MESSAGE}/parts/{{number}}", mailboxes.show_part, "*/*", problems=(404,)),
    Operation("GET", f"{_MESSAGE}/links", mailboxes.list_links, values.Links, values.Containing, problems=(404, 422)),
    Operation("GET", f"{_MESSAGE}/code", mailboxes.show_code, values.Code, problems=(404,)),
    Operation("GET", f"{_MESSAGE}/checks", mailboxes.check_message, values.Checks, problems=(404,)),
    Operation("GET", _FAULTS, switches.list_faults, values.Faults),
    Operation("POST", _FAULTS, switches.add_fault, values.Fault, body=values.NewFault, status=201, problems=_JSON),
    Operation("DELETE", _FAULTS, switches.clear_faults, status=204),
    Operation("DELETE", f"{_FAULTS}/{{id}}", switches.end_fault, status=204, problems=(404,)),
    Operation("GET", f"{VERSION}/clock", switches.show_clock, values.Time),
    Operation("POST", f"{VERSION}/clock", switches.move_clock, values.Time, body=values.Step, problems=_JSON),
    Operation("POST", f"{VERSION}/reset", switches.reset_lab, values.Removed, body=values.Nothing, problems=_JSON),
    Operation("GET", f"{VERSION}/happenings", telling.list_happenings, values.Happenings, values.Since, problems=(422, 503)),
    Operation("GET", f"{VERSION}/journeys", telling.list_journeys, values.Journeys, values.Last, problems=(422,)),
)  # fmt: skip
