"""What is asked and told over HTTP, each with its limits: the schemas of the OpenAPI document. Not here: what is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, get_type_hints

import msgspec
from msgspec import Meta

from postroom.lab.faults.rules import Terms
from postroom.lab.heard.feed import Happening
from postroom.message.proof.findings import Finding

MOST_SECONDS: Final = 60  # that a request waits for something to happen
MOST_LISTED: Final = 1_000  # of anything in one answer
MOST_PATTERN: Final = 200  # characters of what is looked for

Pattern = Annotated[
    str, Meta(max_length=MOST_PATTERN, description="With * and ?, as file names; in any case.")
]
Seconds = Annotated[float, Meta(ge=0, le=MOST_SECONDS, description="How long to wait, in seconds.")]
Limit = Annotated[int, Meta(ge=1, le=MOST_LISTED, description="At most so many.")]


class Health(msgspec.Struct, frozen=True):
    """Whether the lab is well."""

    status: str


class NewMailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mailbox that is wanted: by default with a fresh address."""

    name: Annotated[
        str,
        Meta(
            max_length=64,
            pattern="^([a-z0-9]+([._-][a-z0-9]+)*)?$",
            description="What stands before the @; empty for one that nobody had before.",
        ),
    ] = ""
    domain: Annotated[
        str, Meta(max_length=255, description="One of the lab's two domains; empty for the first.")
    ] = ""


class Mailbox(msgspec.Struct, frozen=True):
    """An account and what a program needs to use it. `password` is empty where the lab does not know it. `ports` by service, on `host`."""

    address: str
    password: str
    host: str
    ports: dict[str, int]


class Mailboxes(msgspec.Struct, frozen=True):
    """Those whose passwords the lab knows."""

    mailboxes: list[Mailbox]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages."""

    subject: Pattern = "*"
    sender: Pattern = "*"
    text: Annotated[
        str, Meta(max_length=MOST_PATTERN, description="Words that are in the subject or the text.")
    ] = ""
    limit: Limit = 100


class Awaited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which message, and how long it is waited for."""

    subject: Pattern = "*"
    sender: Pattern = "*"
    timeout: Seconds = 10.0


class Heading(msgspec.Struct, frozen=True):
    """A message in a list. `mailbox` is the name of the folder it is in; addresses are bare."""

    id: str
    mailbox: str
    subject: str
    sender: str
    to: list[str]
    cc: list[str]
    size: int


class Headings(msgspec.Struct, frozen=True):
    """Messages, oldest first."""

    messages: list[Heading]


class Part(msgspec.Struct, frozen=True):
    """A file that came with a message, or a picture within its HTML. `number` counts from 1."""

    number: int
    name: str
    content_type: str
    content_id: str
    size: int


class Parts(msgspec.Struct, frozen=True):
    """The files of a message."""

    parts: list[Part]


class Message(Heading, frozen=True):
    """A whole message: its words, header fields in their order, links, a code that somebody is to type (null for none), files."""

    text: str
    html: str
    headers: list[tuple[str, str]]
    links: list[str]
    code: str | None
    parts: list[Part]


class Containing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which links."""

    containing: Annotated[str, Meta(max_length=MOST_PATTERN, description="Words that are in the link.")] = ""


class Links(msgspec.Struct, frozen=True):
    """Addresses of the web, each once, those of the HTML first."""

    links: list[str]


class Code(msgspec.Struct, frozen=True):
    """What somebody is to type, without spaces."""

    code: str


class Checks(msgspec.Struct, frozen=True):
    """The findings of all checks."""

    checks: Sequence[Finding]


NewFault: Any = msgspec.defstruct(
    "NewFault",
    [
        (
            "at",
            Annotated[str, Meta(max_length=100, description="The stage: rcpt, after-data, imap FETCH ...")],
            "",
        ),
        (
            "fault",
            Annotated[
                str, Meta(max_length=300, description="Instead: one with a name, no-mx@hamburger.test.")
            ],
            "",
        ),
        *((name, kind, kind()) for name, kind in get_type_hints(Terms).items()),
    ],
    frozen=True,
    forbid_unknown_fields=True,
    module=__name__,
)
NewFault.__doc__ = "Something that is to go wrong, at a stage or by its name; docs/faults.md has all of them. `times` 0 is always."


class Fault(msgspec.Struct, frozen=True):
    """A fault that is on: `id` ends it, `terms` are those that it was made with, `hits` says how often it happened, `left` how often it still will (null: always)."""

    id: str
    at: str
    fault: str
    terms: dict[str, Any]
    hits: int
    left: int | None
    words: str


class Faults(msgspec.Struct, frozen=True):
    """All that are on."""

    faults: list[Fault]


class Time(msgspec.Struct, frozen=True):
    """What the lab's clock says (RFC 3339), and how many seconds it is ahead of this machine's."""

    now: str
    ahead: float


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the clock is to be moved."""

    step: Annotated[str, Meta(max_length=40, description="Such as +5h, +30m or +1d12h; forward only.")]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


class Removed(msgspec.Struct, frozen=True):
    """How many of each were taken away."""

    faults: int
    messages: int
    queued: int
    journeys: int


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which happenings. With a timeout the answer waits for the first."""

    since: Annotated[int, Meta(ge=0, le=2**53, description="The number of the last one that is known.")] = 0
    timeout: Seconds = 0.0
    limit: Limit = MOST_LISTED


class Happenings(msgspec.Struct, frozen=True):
    """What happened, oldest first; `last` is what to ask from the next time."""

    last: int
    happenings: Sequence[Happening]


class Last(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many."""

    limit: Annotated[int, Meta(ge=1, le=100, description="At most so many, of each server.")] = 20


class Journey(msgspec.Struct, frozen=True):
    """The way of a message at a server, line by line as `postroom journey` shows it."""

    id: str
    server: str
    lines: list[str]


class Journeys(msgspec.Struct, frozen=True):
    """Oldest first."""

    journeys: list[Journey]
