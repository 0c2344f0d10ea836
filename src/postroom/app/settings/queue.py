"""What of the configuration file concerns mail that goes on: the queue's times, and where mail goes instead of its MX.

Not here: the file (`app.settings.file`), what the values do (`app.building`, `deliver`).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from postroom.app.settings.guard import MOST_SECONDS

Port = Annotated[int, Meta(ge=0, le=65535)]


class QueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[queue]: retries and reports. Times are seconds."""

    waits: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=MOST_SECONDS)], ...],
        Meta(min_length=1, description="pauses after each failed attempt; the last one repeats"),
    ] = (
        300,
        600,
        1200,
        2400,
        5400,
        10800,
        14400,
    )
    life: Annotated[int, Meta(ge=1, le=MOST_SECONDS, description="how long a message is tried")] = 5 * 86400
    bounce_life: Annotated[int, Meta(ge=1, le=MOST_SECONDS, description="how long a report is tried")] = (
        2 * 86400
    )
    delay_notice: Annotated[
        int, Meta(ge=1, le=MOST_SECONDS, description="after how long the sender hears of a delay")
    ] = 4 * 3600
    concurrency: Annotated[int, Meta(ge=1, le=100, description="most connections to one destination")] = 10
    undo_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=3600,
            description="that mail sent by JMAP waits and can be called back, where it says no time itself",
        ),
    ] = 0


class RouteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[routes."DOMAIN"]: where a domain's mail goes instead of its MX; "*" is the smarthost for all other mail."""

    host: Annotated[
        str, Meta(description="name or address of the next server; '' is the domain's MX, only with tls set")
    ] = ""
    port: Annotated[Port, Meta(description="its port")] = 25
    tls: Annotated[str, Meta(description="none, opportunistic, required (STARTTLS) or implicit")] = (
        "opportunistic"
    )
    verify: Annotated[
        bool,
        Meta(
            description="with tls required or implicit: its certificate must be valid for its name; with the MX, for each exchanger's"
        ),
    ] = True
    username: Annotated[str, Meta(description="to log in there")] = ""
    password_file: Annotated[str, Meta(description="a file that holds the password")] = ""
    lmtp: Annotated[bool, Meta(description="speak LMTP instead of SMTP")] = False
    turn_for: Annotated[
        str, Meta(description="instead of a host: the account that fetches this mail with ATRN (RFC 2645)")
    ] = ""
