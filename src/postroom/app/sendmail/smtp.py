"""sendmail -bs: SMTP over standard input and output, as mail programs speak it to a local mailer.

The server's own machine talks (RFC 5321); what it takes is handed over like any other local message, and recipients are asked for at RCPT.
No TLS and no AUTH: the kernel says who calls. A driver of blocking reads is all that one dialogue needs. Not here: acceptance.
"""

from __future__ import annotations

import os
import select
import socket
import time
from typing import BinaryIO

from postroom.app.control import CallFailed, OperationError
from postroom.app.locate import Server
from postroom.app.post_office import PostOffice, Unreachable
from postroom.app.sendmail.facts import facts_of
from postroom.app.sendmail.options import Options
from postroom.message.composing.sendmail_input import read_message
from postroom.message.envelope import Envelope
from postroom.proto.smtp.commands import Data, Mail, Rcpt, Vrfy
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.events import BodyChunk, BodyEnd, BodyRefused, Closed, Greeted, SmtpEvent
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.server import SmtpServer
from postroom.serve.smtp.replies import CANNOT_TELL, GO_AHEAD, RECIPIENT_OK, SENDER_OK

SILENCE = 300.0  # seconds, RFC 5321 §4.5.3.2.7
MAX_MESSAGE = 60 << 20
_CHUNK = 1 << 16
_NOT_HERE = Reply.of(502, "5.5.1", "Not over standard input: connect to the server")
_WITHHELD = frozenset(
    ("DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "BINARYMIME")
)  # a submission does not carry them


class _Dialogue:
    """One caller's session."""

    def __init__(self, office: PostOffice, options: Options, machine: SmtpServer) -> None:
        self._office = office
        self._options = options
        self._machine = machine
        self._chunks: list[bytes] = []

    def handle(self, event: SmtpEvent) -> None:
        """Answers one event."""
        match event:
            case Greeted() | Closed():
                pass
            case BodyRefused():
                self._chunks = []
            case BodyChunk():
                self._chunks.append(event.data)
            case Mail():
                self._machine.reply(SENDER_OK)
            case Rcpt():
                self._machine.reply(self._verified(str(event.recipient.address), RECIPIENT_OK))
            case Vrfy():
                self._machine.reply(self._verified(event.text, CANNOT_TELL))
            case Data():
                self._machine.reply(GO_AHEAD)
            case BodyEnd():
                content, self._chunks = b"".join((*self._chunks, event.data)), []
                envelope = self._machine.transaction
                assert envelope is not None
                self._machine.reply(self._submitted(envelope, content))
            case _:
                self._machine.reply(_NOT_HERE)

    def _verified(self, recipient: str, good: Reply) -> Reply:
        try:
            record = self._office.verify(recipient)
        except OperationError as error:
            return _refusal(error, 550)
        if record is None or good is RECIPIENT_OK:
            return good
        return Reply.of(250, "2.1.5", f"<{record['recipient']}>") if record["local"] else good

    def _submitted(self, envelope: Envelope, content: bytes) -> Reply:
        facts = facts_of(self._options, [str(one.address) for one in envelope.recipients])
        if self._options.sender is None:
            facts["sender"] = str(envelope.sender) if envelope.sender else "<>"
        if self._options.notify is None:
            asked = [one.notify for one in envelope.recipients]
            facts["notifies"] = [None if one is None else int(one) for one in asked]
        if any(one.orcpt for one in envelope.recipients):
            facts["orcpts"] = [one.orcpt or "" for one in envelope.recipients]
        facts["ret"] = facts["ret"] or (envelope.ret.value if envelope.ret else "")
        facts["envid"] = facts["envid"] or envelope.envid or ""
        try:
            posted = self._office.submit(facts, read_message(content, dot_ends=False))
        except OperationError as error:
            return _refusal(error, 554)
        except Unreachable as error:
            return Reply.of(451, "4.3.0", str(error))
        return Reply.of(250, "2.0.0", f"Ok: queued as {posted.id}")


def _refusal(error: OperationError, permanent: int) -> Reply:
    failed = error.failed if isinstance(error, CallFailed) else None
    if failed is None or failed.temporary:
        return Reply.of(451, (failed.status if failed else "") or "4.3.0", str(error))
    return Reply.of(permanent, failed.status or "5.0.0", str(error))


def speak(server: Server, options: Options, source: BinaryIO, sink: BinaryIO) -> int:
    """Talks until QUIT or the end of the input; gives the exit code."""
    limits = Limits(message=MAX_MESSAGE, silence=SILENCE)
    config = ServerConfig(
        socket.gethostname() or "localhost",
        lambda: time.time_ns() // 1000,
        Service.SUBMISSION,
        limits,
        unqualified_ok=True,
        withheld=_WITHHELD,
    )
    machine = SmtpServer(config)
    dialogue = _Dialogue(PostOffice(server), options, machine)
    machine.greet()
    while True:
        sink.write(machine.data_to_send())
        sink.flush()
        if machine.closing:
            return os.EX_OK
        data = _read(source)
        if data is None:
            machine.close_with(Reply.of(421, "4.4.2", "Nothing was said for too long, goodbye"))
            continue
        if not data:
            return os.EX_OK
        # line by line: a script in a pipe does not wait for replies, and here nobody stands between who could profit from it
        for line in data.splitlines(keepends=True):
            machine.receive(line)
            while (event := machine.next_event()) is not None:
                dialogue.handle(event)


def _read(source: BinaryIO) -> bytes | None:
    """What there is; b"" at the end, None after a long silence."""
    try:
        descriptor = source.fileno()
    except (OSError, ValueError):
        return source.read(_CHUNK)  # not a file: a test's
    ready, _, _ = select.select([descriptor], [], [], SILENCE)
    return os.read(descriptor, _CHUNK) if ready else None
