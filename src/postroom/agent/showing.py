"""The commands that read: list, read, delete, watch.

What a message says reaches the terminal only through `agent.terminal`, which lets no control character pass; `--raw` into a terminal is
escaped too, into a file or a pipe it is the message octet by octet. Not here: mailboxes (`agent.mailbox`).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from postroom.agent.exits import ServerBusy, ServerFailed
from postroom.agent.idling import Listener, listen
from postroom.agent.mailbox import Entry, Mailbox
from postroom.agent.reading import Letter, all_headers, line_of, read_letter, structure_lines
from postroom.agent.saving import save
from postroom.agent.session import MailSession
from postroom.agent.terminal import FIRST_DAY, LAST_DAY, Column, Terminal, count_text, size_text, time_text
from postroom.agent.watching import Arrival, News, Rounds
from postroom.message.headers.dates import parse_date
from postroom.message.headers.header import Header

Line = dict[str, Any]


def _who(line: Line) -> str:
    """Who wrote it; of a message that does not say, who sent it."""
    return str(line["from"] or line["return_path"] or "(nobody)")


def _about(line: Line) -> str:
    return str(line["subject"] or "(no subject)")


def _when(line: Line) -> str:
    """In the reader's own time zone; as it stands where it is no date, or one at an end of the calendar, which has no local time."""
    written = str(line["date"] or "(no date)")
    moment = parse_date(written)
    if moment is None or not FIRST_DAY <= moment.seconds <= LAST_DAY:
        return written
    return time_text(moment.seconds * 1_000_000)


def _flags(line: Line) -> str:
    """What a person wants to know of a message's flags."""
    flags = {flag.lower() for flag in line["flags"]}
    words = [word for flag, word in _FLAGS if flag in flags]
    return ", ".join(words if "\\seen" in flags else ["new", *words])


_FLAGS = (
    ("\\answered", "answered"),
    ("\\flagged", "flagged"),
    ("\\draft", "draft"),
    ("\\deleted", "deleted"),
)
COLUMNS = (
    Column[Line]("N", lambda line: str(line["number"]), number=True),
    Column[Line]("From", _who),
    Column[Line]("Subject", _about),
    Column[Line]("Date", _when),
    Column[Line]("Size", lambda line: size_text(line["size"]), number=True),
)


def line_columns(lines: Sequence[Line]) -> tuple[Column[Line], ...]:
    """The columns of a list; flags where they are known."""
    known = bool(lines) and "flags" in lines[0]
    return (*COLUMNS, Column[Line]("Flags", _flags)) if known else COLUMNS


def listing(session: MailSession, last: int, folder: str) -> None:
    """`postroom mail list`."""

    async def fetch(mailbox: Mailbox) -> list[Line]:
        shown = await mailbox.entries(last)
        headers = await mailbox.headers([one.number for one in shown])
        return [message_line(entry, header) for entry, header in zip(shown, headers, strict=True)]

    lines = session.in_mailbox(fetch, folder)
    if not session.terminal.listing(lines, line_columns(lines)):
        session.terminal.note("no mail")


class Wish(msgspec.Struct, frozen=True):
    """How a message is to be shown."""

    directory: Path | None = None
    raw: bool = False
    headers: bool = False


def show(session: MailSession, number: str, folder: str, wish: Wish) -> None:
    """`postroom mail read`."""

    async def fetch(mailbox: Mailbox) -> tuple[Entry, bytes]:
        (entry,) = await mailbox.chosen([number])
        return entry, await mailbox.message(entry.number)

    entry, message = session.in_mailbox(fetch, folder)
    if wish.raw:
        _show_raw(session, message)
        return
    letter = read_letter(message)
    saved = save(message, wish.directory) if wish.directory else []
    fields = all_headers(message) if wish.headers else _fields(letter) or all_headers(message)
    session.terminal.record(
        {
            **message_line(entry, bytes(Header.parse(message))),
            "cc": letter.cc,
            **({"headers": fields} if wish.headers else {}),
            "text": letter.text,
            "parts": letter.parts,
            "saved": saved,
        }
    )
    _show_letter(session, letter, fields)
    for file in saved:
        session.terminal.say(f"saved {file.path} ({file.type}, {size_text(file.size)})")


def delete(session: MailSession, numbers: Sequence[str], folder: str) -> None:
    """`postroom mail delete`."""

    async def work(mailbox: Mailbox) -> list[Entry]:
        chosen = await mailbox.chosen(numbers)
        await mailbox.delete([one.number for one in chosen])
        return chosen

    gone = session.in_mailbox(work, folder)
    for entry in gone:
        session.terminal.record({"deleted": entry.uid, "number": entry.number})
    session.terminal.say(f"deleted {count_text(len(gone), 'message')}")


def watch(session: MailSession, interval: float, count: int, folder: str) -> None:
    """`postroom mail watch`."""
    if session.account.imap is not None:
        asyncio.run(_listen(session, interval, count, folder))
        return
    rounds = Rounds(partial(session.open_mailbox, folder))
    asyncio.run(rounds.look())  # before the feed begins: what comes in between is found by the next look
    news = News(session.feed, session.account)
    session.terminal.note(f"watching {session.account.address}; Ctrl-C ends it")
    shown = 0
    while not count or shown < count:
        record = news.wait(interval)
        if record is not None and record.get("event") == "shown":
            show_at_once(session.terminal, record)
            shown += 1
            continue
        for arrival in _found(rounds, interval):
            _show_arrival(session, arrival)
            shown += 1


def _found(rounds: Rounds, interval: float) -> list[Arrival]:
    """What has come. While another program has the mailbox there is nothing to be seen, and the next look finds it.

    A server that is started anew takes a moment: it is asked once more after a pause.
    """
    try:
        with suppress(ServerBusy):
            return asyncio.run(rounds.look())
    except ServerFailed:
        time.sleep(interval)
        with suppress(ServerBusy):
            return asyncio.run(rounds.look())
    return []


async def _listen(session: MailSession, interval: float, count: int, folder: str) -> None:
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[Line] = asyncio.Queue()

    def put(record: Line) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the thread is to end with the program
            loop.call_soon_threadsafe(told.put_nowait, record)

    listener = Listener(partial(session.open_folder, folder))
    await listener.begin()
    News(session.feed, session.account, put)
    session.terminal.note(f"watching {session.account.address}; Ctrl-C ends it")
    shown = 0
    async with aclosing(listen(listener, told, interval)) as heard:
        async for one in heard:
            if isinstance(one, Arrival):
                _show_arrival(session, one)
            elif one.get("event") == "shown":
                show_at_once(session.terminal, one)
            else:
                continue
            shown += 1
            if count and shown >= count:
                return


def _show_arrival(session: MailSession, arrival: Arrival) -> None:
    line = message_line(arrival.entry, arrival.header)
    session.terminal.record({"event": "added", **line})
    session.terminal.say(f"{line['number']}  {_who(line)}  {_about(line)}  ({size_text(line['size'])})")


def show_at_once(terminal: Terminal, record: dict[str, Any]) -> None:
    """A message that is for the terminal."""
    message = bytes(record.get("content") or b"")
    line, text = line_of(bytes(Header.parse(message))), read_letter(message).text
    terminal.record(
        {"event": "shown", **{name: line[name] for name in ("from", "return_path", "subject")}, "text": text}
    )
    terminal.styled(f"* from {_who(line)}: {_about(line)}", "bold")
    terminal.say(text)


def _show_raw(session: MailSession, message: bytes) -> None:
    if session.terminal.json:
        session.terminal.record({"raw": message})
    elif session.terminal.is_terminal:
        session.terminal.say(
            message.decode("utf-8", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
        )
    else:
        sys.stdout.buffer.write(message)
        sys.stdout.buffer.flush()


def _show_letter(session: MailSession, letter: Letter, fields: list[tuple[str, str]]) -> None:
    terminal = session.terminal
    for name, value in fields:
        terminal.styled(f"{name}: {value}", "bold")
    terminal.say("\n" + letter.text)
    files = [part.name or part.type for part in letter.parts if part.attachment]
    if len(letter.parts) > 1 or files:
        terminal.say("\n" + "\n".join(structure_lines(letter.parts)))
    if files:
        terminal.note(f"attached: {', '.join(files)}; --save DIR saves it")


def _fields(letter: Letter) -> list[tuple[str, str]]:
    pairs = (
        ("From", letter.from_),
        ("To", letter.to),
        ("Cc", letter.cc),
        ("Date", letter.date),
        ("Subject", letter.subject),
    )
    return [(name, value) for name, value in pairs if value]


def message_line(entry: Entry, header: bytes) -> Line:
    """What a list shows of a message."""
    line = {"number": entry.number, "uid": entry.uid, **line_of(header), "size": entry.size}
    return line if entry.flags is None else {**line, "flags": list(entry.flags)}
