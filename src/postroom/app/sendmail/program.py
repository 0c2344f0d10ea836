"""sendmail(1), mailq(1), newaliases(1): what other programs of a Unix system expect to find.

Options as in `app.sendmail.options`, exit codes as in sysexits.h. A message goes to the running server, else into its drop directory. RFC 5322
§3.6.3 (Bcc is read with -t and sent to nobody). `-bs` speaks SMTP (`app.sendmail.smtp`); -bp, -bi, -q and -bd are the commands
`queue list`, `alias import`, `queue retry` and `serve` under their old names. Not here: what becomes of the message.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

import msgspec

from postroom.app.control import CallFailed, OperationError
from postroom.app.locate import Here, Server, system_servers
from postroom.app.post_office import PostOffice, Unreachable
from postroom.app.sendmail.facts import facts_of
from postroom.app.sendmail.options import HELP, BadOption, Mode, Options, parse_options
from postroom.app.settings.file import Settings, SettingsError
from postroom.message.address import parse_mailbox
from postroom.message.composing.sendmail_input import header_recipients, read_message
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.printable import printable

MAX_INPUT = 64 << 20  # octets of a message
MODES = {"sendmail": Mode.DELIVER, "mailq": Mode.QUEUE, "newaliases": Mode.ALIASES}

_EXITS = {  # by the enhanced status, the longest beginning first
    "5.1.2": os.EX_NOHOST,
    "5.1.7": os.EX_DATAERR,
    "5.1": os.EX_NOUSER,
    "5.3.4": os.EX_DATAERR,
    "5.6": os.EX_DATAERR,
    "5.7": os.EX_NOPERM,
    "4": os.EX_TEMPFAIL,
}


Command = Callable[[Sequence[str]], int]


class Streams(msgspec.Struct):
    """Standard input, output and error."""

    input: BinaryIO
    output: BinaryIO
    errors: TextIO


class Surrounded(msgspec.Struct, frozen=True):
    """Where the program is called, and what runs a command line of postroom."""

    here: Here
    command: Command


class Refused(Exception):
    """It ends here, with words and a code of sysexits.h."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(words)
        self.code = code


def main(name: str, arguments: Sequence[str], command: Command) -> int:
    """Runs as `name`, one of `MODES`; `command` runs a command line of postroom. Gives the exit code."""
    here = Surrounded(Here(), command)
    return run(name, arguments, Streams(sys.stdin.buffer, sys.stdout.buffer, sys.stderr), here)


def run(name: str, arguments: Sequence[str], streams: Streams, here: Surrounded) -> int:
    """As `main`, with everything from outside as an argument."""
    if list(arguments) == ["--help"]:
        streams.output.write(HELP.encode())
        return os.EX_OK
    try:
        options = parse_options(list(arguments), MODES[name])
        run_mode = _MODES[options.mode]
        return run_mode(options, streams, here)
    except BadOption as error:
        return _complain(name, str(error), os.EX_USAGE, streams)
    except SettingsError as error:
        return _complain(name, str(error), os.EX_CONFIG, streams)
    except Refused as refused:
        return _complain(name, str(refused), refused.code, streams)


def exit_code(error: OperationError) -> int:
    """The code of sysexits.h for a refusal."""
    if not isinstance(error, CallFailed):
        return os.EX_TEMPFAIL  # the connection broke: nobody knows
    status = error.failed.status
    for beginning in sorted(_EXITS, key=len, reverse=True):
        if status == beginning or status.startswith(f"{beginning}."):
            return _EXITS[beginning]
    return os.EX_TEMPFAIL if error.failed.temporary else os.EX_UNAVAILABLE


def _deliver(options: Options, streams: Streams, here: Surrounded) -> int:
    if not (options.recipients or options.header_recipients):
        raise Refused("nobody is named: give recipients, or -t to take them from the header", os.EX_USAGE)
    office = PostOffice(_server(options, here))
    data = _given(streams.input, dot_ends=options.dot_ends)
    if len(data) > MAX_INPUT:
        raise Refused(f"the message has more than {MAX_INPUT >> 20} MiB", os.EX_DATAERR)
    content = read_message(data, dot_ends=options.dot_ends)
    recipients = _named(options.recipients)
    if options.header_recipients:
        content = _from_header(content, recipients)
    try:
        posted = office.submit(facts_of(options, recipients), content)
    except OperationError as error:
        raise Refused(str(error), exit_code(error)) from error
    except Unreachable as error:
        raise Refused(str(error), os.EX_TEMPFAIL) from error
    if options.verbose:
        _tell(posted.journey, posted.dropped, streams)
    return os.EX_OK


def _given(source: BinaryIO, *, dot_ends: bool) -> bytes:
    """The input to its end, or to the dot: whoever wrote that may leave a pipe, or a terminal, open behind it."""
    if not dot_ends:
        return source.read(MAX_INPUT + 1)
    lines: list[bytes] = []
    left = MAX_INPUT + 1
    while left and (line := source.readline(left)):
        lines.append(line)
        left -= len(line)
        if line in (b".\n", b".\r\n"):
            break
    return b"".join(lines)


def _named(arguments: list[str]) -> list[str]:
    """Recipients of the command line: addresses, or lists of them as in a header."""
    found: list[str] = []
    for argument in arguments:
        alone = parse_mailbox(argument, unqualified=True)
        if alone is not None:
            found.append(argument)
            continue
        for spec in mailboxes(parse_address_list(argument)):
            text = spec.local if spec.defect else spec.email
            if parse_mailbox(text, unqualified=True) is None:
                raise Refused(f"{printable(text)!r} is not an address", os.EX_NOUSER)
            found.append(text)
    return found


def _from_header(content: bytes, recipients: list[str]) -> bytes:
    """Adds the header's recipients; gives the message without its Bcc."""
    try:
        found = header_recipients(content)
    except ValueError as error:
        raise Refused(str(error), os.EX_DATAERR) from error
    if found.unusable:
        names = ", ".join(repr(printable(text, 80)) for text in found.unusable[:5])
        raise Refused(f"the header names what is no address: {names}", os.EX_DATAERR)
    recipients += [str(address) for address in found.recipients if str(address) not in recipients]
    if not recipients:
        raise Refused("the header names no recipient (To, Cc, Bcc)", os.EX_USAGE)
    return found.raw


def _tell(journey: str, dropped: str, streams: Streams) -> None:
    words = (
        f"accepted as {journey}; its way: postroom journey {journey}"
        if journey
        else f"the server is down: dropped as {dropped}, it will be taken when the server starts"
    )
    streams.errors.write(words + "\n")


def _verify(options: Options, streams: Streams, here: Surrounded) -> int:
    office, code = PostOffice(_server(options, here)), os.EX_OK
    for recipient in _named(options.recipients):
        try:
            record = office.verify(recipient)
        except OperationError as error:
            streams.output.write(f"{recipient}... {printable(str(error))}\n".encode())
            code = exit_code(error)
            continue
        if record is None:
            raise Refused("the server is down: nobody knows", os.EX_TEMPFAIL)
        where = "deliverable here" if record["local"] else "goes to another server"
        streams.output.write(f"{recipient}... {where}: {printable(record['recipient'])}\n".encode())
    return code


def _speak(options: Options, streams: Streams, here: Surrounded) -> int:
    from postroom.app.sendmail.smtp import speak

    return speak(_server(options, here), options, streams.input, streams.output)


def _command(options: Options, here: Surrounded, *arguments: str) -> int:
    config = ["--config", options.config] if options.config else []
    return here.command([*arguments, *config])


def _flush(options: Options, _: Streams, here: Surrounded) -> int:
    about = {"I": "--id", "R": "--recipient", "S": "--sender"}
    chosen = [about[options.flush[0]], options.flush[1:]] if options.flush else []
    if chosen[:1] == ["--recipient"] and "@" not in chosen[1]:
        chosen[0] = "--domain"
    return _command(options, here, "queue", "retry", "--yes", *chosen)


def _server(options: Options, here: Surrounded) -> Server:
    """The server; of a lab's, the one that has the sender's domain, else the first."""
    servers = system_servers(Path(options.config) if options.config else None, here.here)
    domain = (options.sender or "").rpartition("@")[2].lower()
    return next((server for server in servers if server.name == domain), servers[0])


def _complain(name: str, words: str, code: int, streams: Streams) -> int:
    streams.errors.write(f"{name}: {printable(words)}\n")
    return code


def _queue(options: Options, _: Streams, here: Surrounded) -> int:
    return _command(options, here, "queue", "list")


def _aliases(options: Options, _: Streams, here: Surrounded) -> int:
    server = _server(options, here)
    if server.settings is None:
        remedy = f"postroom alias import {Settings().server.aliases} --at {server.name}"
        raise Refused(f"a lab with several servers runs: say which one, {remedy}", os.EX_USAGE)
    return _command(options, here, "alias", "import", server.settings.server.aliases)


def _daemon(options: Options, _: Streams, here: Surrounded) -> int:
    servers = system_servers(Path(options.config) if options.config else None, here.here)
    if servers[0].settings is None:
        names = " and ".join(server.name for server in servers)
        raise Refused(
            f"a lab runs and serves {names}; a server of its own needs a configuration: {here.here.system}, or -C FILE",
            os.EX_CONFIG,
        )
    return _command(options, here, "serve")


_MODES: dict[Mode, Callable[[Options, Streams, Surrounded], int]] = {
    Mode.DELIVER: _deliver,
    Mode.SMTP: _speak,
    Mode.VERIFY: _verify,
    Mode.FLUSH: _flush,
    Mode.QUEUE: _queue,
    Mode.ALIASES: _aliases,
    Mode.DAEMON: _daemon,
}
