"""What of the configuration file concerns who is let in: the guard, lists in the DNS, filters.

Everything that might refuse good mail is off until it is asked for. Not here: what the values do (`app.guarding`, `intake.guard`).
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

MOST_DAYS: Final = (
    36_500  # that anything may last, a hundred years: longer ones soon are no number of microseconds any more
)
MOST_SECONDS: Final = MOST_DAYS * 86_400  # the same
Count = Annotated[int, Meta(ge=0)]
Points = Annotated[int, Meta(ge=-1000, le=1000)]


class GuardSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[guard]: what other servers have to put up with at port 25. A check gives points; as many as `refuse_at` refuse. 0 is off everywhere."""

    exempt: Annotated[
        tuple[str, ...], Meta(description="networks that nothing here, and no limit of connections, is for")
    ] = ()
    proxies: Annotated[
        tuple[str, ...],
        Meta(description="networks of proxies: their connections begin with a PROXY header, at every port"),
    ] = ()
    xclient: Annotated[
        tuple[str, ...], Meta(description="networks of proxies that may say XCLIENT over SMTP")
    ] = ()
    refuse_at: Annotated[
        int,
        Meta(
            ge=0, description="points that refuse a client's recipients (not postmaster and abuse); 0: nobody"
        ),
    ] = 0
    no_reverse: Annotated[Points, Meta(description="points for an address without a name in the DNS")] = 0
    unconfirmed_reverse: Annotated[
        Points, Meta(description="points for an address whose name does not lead back to it")
    ] = 0
    helo_ours: Annotated[Points, Meta(description="points for a client that greets with our name")] = 0
    helo_bare: Annotated[
        Points, Meta(description="points for a greeting without a dot, or with a bare address")
    ] = 0
    helo_unknown: Annotated[
        Points, Meta(description="points for a greeting with a name that the DNS does not know")
    ] = 0
    dns_seconds: Annotated[
        float,
        Meta(gt=0, le=30, description="how long the DNS is waited for: all [lists] together, names, SPF"),
    ] = 3.0
    greet_delay: Annotated[
        float, Meta(ge=0, le=20, description="seconds until the greeting; who speaks before it is refused")
    ] = 0.0
    hold_seconds: Annotated[
        float,
        Meta(ge=0, le=20, description="seconds that a refusal waits, for each one before it; at most 20"),
    ] = 0.0
    hold_most: Annotated[Count, Meta(description="connections that are made to wait at the same time")] = 100
    messages_per_hour: Annotated[
        Count, Meta(description="messages from one IPv4 /32 or IPv6 /64, for each worker")
    ] = 0
    recipients_per_hour: Annotated[Count, Meta(description="recipients of them, likewise")] = 0
    unknown_per_hour: Annotated[Count, Meta(description="unknown recipients of them, likewise")] = 0
    bounces_per_hour: Annotated[
        Count, Meta(description="delivery reports (from <>) for one recipient, for each worker")
    ] = 0
    copies_per_hour: Annotated[
        Count,
        Meta(
            description="times that one DKIM signature counts, for each worker: whoever sends a signed message again and again is not its signer; 0: always"
        ),
    ] = 10_000
    sent_per_hour: Annotated[
        Count, Meta(description="recipients of messages that one account submits, for each worker")
    ] = 0
    greylist: Annotated[bool, Meta(description="whoever is unknown has to come again (RFC 6647)")] = False
    greylist_wait: Annotated[
        int, Meta(ge=1, le=86_400, description="seconds after which who comes again is taken")
    ] = 300
    greylist_window: Annotated[
        int, Meta(ge=3600, le=MOST_SECONDS, description="seconds in which who was refused has to come again")
    ] = 2 * 86_400
    greylist_days: Annotated[
        int,
        Meta(ge=1, le=MOST_DAYS, description="days that somebody known is remembered after his last message"),
    ] = 35
    greylist_known_after: Annotated[
        Count, Meta(description="so many senders and recipients of a domain make a network known for it")
    ] = 5
    greylist_spf: Annotated[bool, Meta(description="whom SPF lets send need not come again")] = True


class ListSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[lists."ZONE"]: a list of addresses in the DNS, to which every client's address is sent (RFC 5782)."""

    points: Annotated[
        Points, Meta(description="what being listed weighs; less than 0 speaks for a client")
    ] = 5
    answers: Annotated[
        tuple[str, ...], Meta(description="the answers that count, as 127.0.0.2 or 127.0.0.4-11; none: all")
    ] = ()


class MilterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[milters."NAME"]: a filter that is shown every message, in the order of the file (milter protocol 6)."""

    socket: Annotated[str, Meta(description="where it listens: unix:/path or inet:address:port")] = ""
    services: Annotated[
        tuple[str, ...], Meta(description="whose mail it sees: smtp (other servers), submission (users)")
    ] = ("smtp",)
    on_failure: Annotated[
        str, Meta(description="when it cannot be asked: tempfail, accept (go on without it) or reject")
    ] = "tempfail"
    seconds: Annotated[float, Meta(gt=0, le=300, description="how long it may take for a command")] = 30.0
    end_seconds: Annotated[
        float, Meta(gt=0, le=540, description="how long it may take at the end of a message")
    ] = 120.0
