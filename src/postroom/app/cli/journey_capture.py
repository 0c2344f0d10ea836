"""`postroom journey --pcap`: journeys written as a capture file.

Not here: what a capture is made of (`message.journey.captured`), finding journeys.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from postroom.agent.invocation import CommandFailed
from postroom.agent.terminal import count_text
from postroom.app.cli.session import Administration
from postroom.app.control import OperationError
from postroom.app.locate import Server
from postroom.app.operations import journeys
from postroom.app.operations.journeys import JourneyRecord, WantedJourney
from postroom.message.journey.captured import Told, capture_journeys
from postroom.message.journey.captures import Capture
from postroom.message.journey.events import Hop

_OWN_ONLY = 0o600  # messages are in it


def write_capture(session: Administration, found: Sequence[tuple[Server, JourneyRecord]], path: Path) -> None:
    """Writes the file and says what is in it. Raises `CommandFailed` when it cannot be written."""
    told = [_told(session, server, record) for server, record in found]
    names = {server.address: server.name for server, _ in found if server.address}
    try:
        with own_file(path) as file:
            capture = Capture(lambda octets: _write(file, octets), names)
            capture_journeys(capture, told)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from error
    facts = {"pcap": str(path), "connections": capture.connections, "packets": capture.packets}
    session.terminal.record(facts)
    session.terminal.say(
        f"{count_text(capture.connections, 'connection')}, {count_text(capture.packets, 'packet')} in {path}; to look at them: wireshark {path}"
    )


def own_file(path: Path) -> BinaryIO:
    """Opened to be written anew, for this user alone if it was not there."""
    path.touch(_OWN_ONLY)
    return path.open("wb")


def _write(file: BinaryIO, octets: bytes) -> None:
    file.write(octets)


def _told(session: Administration, server: Server, record: JourneyRecord) -> Told:
    hops = [Hop.unpack(packed) for packed in record.hops]
    return Told(record.id, hops, server.address, _content(session, record.id))


def _content(session: Administration, name: str) -> bytes:
    """The message that a journey brought; b"" where nobody has it any more."""
    try:
        found = session.perform_each(journeys.CONTENT, WantedJourney(name))
        return next((record.content for _, record in found), b"")
    except OperationError:
        return b""
