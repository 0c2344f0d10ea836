"""sendmail: to the server or into the drop directory, with the exit codes that callers know."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pytest

from commands import Served
from postroom.agent.runtime import SERVERS, lab_directory, publish
from postroom.app.control import CallFailed, Failed, OperationError
from postroom.app.locate import Here
from postroom.app.maildrop import collect, make_directory
from postroom.app.sendmail.program import Streams, Surrounded, exit_code, run
from postroom.message.address import Address
from postroom.message.errors import MessageTooBig, NoSuchUser, NotPermitted, TryLater

LETTER = "To: bob@hamburger.test\nBcc: x@crepes.test\nSubject: hi\n\none\n..\n.\ntwo\n"
HIDDEN = b"To: bob@hamburger.test\r\nSubject: hi\r\n\r\none\r\n"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Send = Callable[..., Ran]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "postroom.toml"
    path.write_text('[server]\nhostname = "mail.hamburger.test"\ndata = "data"\n')
    return path


@pytest.fixture
def send(config: Path, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Runs sendmail with options and a message."""
    monkeypatch.setenv("NAME", "Alice A.")

    called: list[list[str]] = []

    def send_now(options: str, text: str | BinaryIO = LETTER, name: str = "sendmail") -> Ran:
        source = io.BytesIO(text.encode()) if isinstance(text, str) else text
        streams = Streams(source, io.BytesIO(), io.StringIO())
        here = Here(
            {"XDG_RUNTIME_DIR": "/nowhere", "POSTROOM_CONFIG": str(config)}, Path("/"), Path("/nowhere")
        )
        code = run(
            name, options.split(), streams, Surrounded(here, lambda words: called.append(list(words)) or 0)
        )
        return Ran(code, streams.output.getvalue().decode(), streams.errors.getvalue())  # type: ignore[attr-defined]

    send_now.called = called  # type: ignore[attr-defined]
    return send_now


@pytest.fixture
def server(config: Path) -> Iterator[Served]:
    served = Served(config.parent / "data")
    served.do(served.office.ask("domain.add", name="hamburger.test"))
    served.do(served.office.ask("account.add", address="bob@hamburger.test"))
    yield served
    served.close()


@pytest.mark.parametrize(
    ("options", "recipients", "text"),
    [
        ("bob", ["bob@hamburger.test"], b"one\r\n..\r\n"),
        ("-i bob", ["bob@hamburger.test"], b"one\r\n..\r\n.\r\ntwo\r\n"),
        ("-t", ["bob@hamburger.test", "x@crepes.test"], b"one\r\n..\r\n"),
        ("-t -oi y@crepes.test", ["y@crepes.test", "bob@hamburger.test", "x@crepes.test"], b"two\r\n"),
        ("-- a@b.test,c@d.test", ["a@b.test", "c@d.test"], b"one\r\n"),
    ],
)
def test_recipients_and_text(
    send: Send, server: Served, options: str, recipients: list[str], text: bytes
) -> None:
    assert send(options) == Ran(0, "", "")
    (taken,) = server.office.submitted
    assert [str(one.address) for one in taken.recipients] == recipients
    assert text in taken.content
    if "-t" in options:
        assert b"Bcc" not in taken.content


class Typed(io.BytesIO):
    """What somebody types, who does not end his input behind the dot."""

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        assert line, "it waits for more"
        return line


def test_a_dot_ends_the_message_also_where_the_input_goes_on(send: Send, server: Served) -> None:
    assert send("bob", Typed(b"Subject: hi\n\none\n.\n")) == Ran(0, "", "")
    (taken,) = server.office.submitted
    assert taken.content.endswith(b"\r\n\r\none\r\n")


def test_sender_name_and_journey(send: Send, server: Served) -> None:
    ran = send("-v -f carol@crepes.test -F Carol bob", "hello\n")
    assert (ran.code, "postroom journey J1" in ran.err) == (0, True)
    (taken,) = server.office.submitted
    assert taken.sender == Address("carol", "crepes.test")
    assert taken.content == b"From: Carol <carol@crepes.test>\r\n\r\nhello\r\n"


def test_without_a_server_it_is_dropped(send: Send, config: Path) -> None:
    make_directory(config.parent / "data" / "drop")
    ran = send("-v -t -Nnever")
    assert (ran.code, "dropped as" in ran.err) == (0, True)
    (dropped,) = collect(config.parent / "data" / "drop", config.parent / "bad")
    assert dropped.facts["recipients"] == ["bob@hamburger.test", "x@crepes.test"]
    assert (dropped.facts["notify"], dropped.facts["sender"]) == (0, "")
    assert b"Bcc" not in dropped.facts["content"]


@pytest.mark.parametrize(
    ("options", "text", "code", "words"),
    [
        ("", LETTER, os.EX_USAGE, "nobody is named"),
        ("-Z bob", LETTER, os.EX_USAGE, "-Z is not an option"),
        ("-t", "Subject: x\n\nhello\n", os.EX_USAGE, "no recipient"),
        ("-t", "To: @@@\n\n", os.EX_DATAERR, "no address: '@@@'"),
        ("bob@@x", LETTER, os.EX_NOUSER, "'bob@@x' is not an address"),
        ("bob", LETTER, os.EX_TEMPFAIL, "cannot be dropped"),
        ("-C /no/such.toml bob", LETTER, os.EX_CONFIG, "/no/such.toml"),
    ],
)
def test_what_is_wrong_here(send: Send, options: str, text: str, code: int, words: str) -> None:
    ran = send(options, text)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert ran.err.startswith("sendmail: ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoSuchUser(), os.EX_NOUSER),
        (MessageTooBig(), os.EX_DATAERR),
        (NotPermitted(), os.EX_NOPERM),
        (TryLater(), os.EX_TEMPFAIL),
    ],
)
def test_what_the_server_says(send: Send, server: Served, error: NoSuchUser, code: int) -> None:
    server.office.refuses = error
    ran = send("bob")
    assert (ran.code, ran.err) == (code, f"sendmail: {error.public}\n")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("5.1.2", os.EX_NOHOST),
        ("5.1.10", os.EX_NOUSER),
        ("5.6.7", os.EX_DATAERR),
        ("5.2.1", os.EX_UNAVAILABLE),
        ("4.2.2", os.EX_TEMPFAIL),
        ("", os.EX_UNAVAILABLE),
    ],
)
def test_exit_codes(status: str, code: int) -> None:
    assert exit_code(CallFailed(Failed("no", status))) == code
    assert exit_code(OperationError("the connection broke")) == os.EX_TEMPFAIL


def test_verify(send: Send, server: Served) -> None:
    ran = send("-bv bob x@crepes.test nobody")
    assert ran.code == os.EX_NOUSER
    assert ran.out.splitlines() == [
        "bob... deliverable here: bob@hamburger.test",
        "x@crepes.test... goes to another server: x@crepes.test",
        "nobody... No such user here: nobody@hamburger.test",
    ]


@pytest.mark.parametrize(
    ("name", "options", "arguments"),
    [
        ("mailq", "", ["queue", "list"]),
        ("sendmail", "-bp -C /c", ["queue", "list", "--config", "/c"]),
        ("newaliases", "", ["alias", "import", "/etc/aliases"]),
        ("sendmail", "-q", ["queue", "retry", "--yes"]),
        ("sendmail", "-qRcrepes.test", ["queue", "retry", "--yes", "--domain", "crepes.test"]),
        ("sendmail", "-qRa@crepes.test", ["queue", "retry", "--yes", "--recipient", "a@crepes.test"]),
        ("sendmail", "-bd -q30m", ["serve"]),
    ],
)
def test_other_modes_are_commands(send: Send, name: str, options: str, arguments: list[str]) -> None:
    assert send(options, "", name).code == 0
    assert send.called == [arguments]  # type: ignore[attr-defined]


def test_the_alias_file_of_the_settings(send: Send, config: Path) -> None:
    config.write_text('[server]\naliases = "aliases"\n')
    assert send("", "", "newaliases").code == 0
    assert send.called == [["alias", "import", str(config.parent / "aliases")]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("option", "code", "words"),
    [
        ("-bd", os.EX_CONFIG, "a lab runs and serves crepes.test"),
        ("-bi", os.EX_USAGE, "postroom alias import /etc/aliases --at crepes.test"),
    ],
)
def test_what_a_lab_does_not_do(tmp_path: Path, option: str, code: int, words: str) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    publish({SERVERS: '[servers."crepes.test"]\ncontrol = "/nowhere"\n'}, lab_directory(environ))
    streams = Streams(io.BytesIO(), io.BytesIO(), io.StringIO())
    here = Here(environ, Path("/"), Path("/nowhere"))
    ended = run("sendmail", [option], streams, Surrounded(here, lambda _: 0))
    assert (ended, words in streams.errors.getvalue()) == (code, True)  # type: ignore[attr-defined]
