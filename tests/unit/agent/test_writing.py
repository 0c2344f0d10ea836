"""Recipients, text and files, from options, standard input or an editor."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import pytest

from postroom.agent.accounts import Account
from postroom.agent.invocation import CommandFailed
from postroom.agent.writing import attachment, author, complete, finish, kept, recipients
from postroom.agent.written import Written
from postroom.message.composing.compose import Draft
from postroom.message.composing.reply import read_original, reply

NOON = 1_763_985_600_000_000  # 2025-11-24 12:00 UTC
ME = Account("alice@crepes.test", name="Alice")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def draft(to: str = "bob@hamburger.test") -> Draft:
    return Draft([author(ME)], recipients([to]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bob@x.test", [("", "bob@x.test")]),
        ("Bob B. <bob@x.test>, c@x.test", [("Bob B.", "bob@x.test"), ("", "c@x.test")]),
        ("bøb@x.test", [("", "bøb@x.test")]),
    ],
)
def test_people_write_addresses(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.name, str(one.address)) for one in recipients([text])] == expected


@pytest.mark.parametrize("text", ["bob", "bob@@x", "a b@c"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(CommandFailed, match="is not an address"):
        recipients([text])


@pytest.mark.parametrize(
    ("body", "stdin", "quoted", "text"),
    [
        ("from option", "not this", "", "from option"),
        (None, "from stdin\n", "", "from stdin\n"),
        (None, "answer\n\n", "> question\n", "answer\n\n> question\n"),
        ("", "", "> question\n", "\n\n> question\n"),
    ],
)
def test_the_text(
    monkeypatch: pytest.MonkeyPatch, body: str | None, stdin: str, quoted: str, text: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
    one = draft()
    complete(one, Written(body=body, subject="s"), quoted=quoted)
    assert one.text == text


@pytest.mark.parametrize("octets", ["Crêpes für Jörg\n".encode(), "Crêpes für Jörg\n".encode("latin-1")])
def test_the_text_of_a_program_that_knows_no_utf_8(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, octets: bytes
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(octets)))
    (tmp_path / "a.html").write_bytes(octets)
    one = draft()
    complete(one, Written(html=tmp_path / "a.html"))
    assert (one.text, one.html) == ("Crêpes für Jörg\n", "Crêpes für Jörg\n")


def test_html_is_in_the_charset_that_it_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    html = '<meta charset="windows-1251"><p>Блины</p>'
    (tmp_path / "a.html").write_bytes(html.encode("cp1251"))
    one = draft()
    complete(one, Written(html=tmp_path / "a.html", body="x"))
    assert one.html == html


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("open(f,'a').write('edited')", "\n\n> q\nedited"),
        ("open(f,'w').write('')", "nothing was written"),
        ("pass", "nothing was written"),
        ("sys.exit(3)", "ended with 3"),
    ],
)
def test_the_editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, text: str) -> None:
    monkeypatch.setattr("sys.stdin", Screen())
    (tmp_path / "editor.py").write_text(f"import sys\nf = sys.argv[1]\n{script}\n")
    monkeypatch.setenv("VISUAL", f"{sys.executable} {tmp_path / 'editor.py'}")
    one = draft()
    if script.startswith("open(f,'a')"):
        complete(one, Written(), quoted="> q\n")
        assert one.text == text
        return
    with pytest.raises(CommandFailed, match=text):
        complete(one, Written(), quoted="> q\n")


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("\ufeffwörds\r\n".encode(), "wörds\r\n"),
        ("wörds\n".encode("utf-16"), "wörds\n"),
        ("\ufeff".encode(), None),
        ("\ufeff\r\n\r\n> q\r\n".encode(), None),
    ],
)
def test_an_editor_that_leaves_a_mark_and_line_ends_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, octets: bytes, text: str | None
) -> None:
    """A mark is no word: without any, nothing is sent."""
    monkeypatch.setattr("sys.stdin", Screen())
    (tmp_path / "editor.py").write_text(f"import sys\nopen(sys.argv[1], 'wb').write({octets!r})\n")
    monkeypatch.setenv("VISUAL", f"{sys.executable} {tmp_path / 'editor.py'}")
    one = draft()
    if text is not None:
        complete(one, Written(), quoted="> q\n")
        assert one.text == text
        return
    with pytest.raises(CommandFailed, match="nothing was written"):
        complete(one, Written(), quoted="> q\n")


@pytest.mark.parametrize("command", ["vi 'x", " "])
def test_an_editor_that_is_no_command(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr("sys.stdin", Screen())
    monkeypatch.setenv("VISUAL", command)
    with pytest.raises(CommandFailed, match="set EDITOR"):
        complete(draft(), Written())


def edited_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> Draft:
    monkeypatch.setattr("sys.stdin", Screen())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "editor.py").write_text(
        f"import os, signal, sys\nopen(sys.argv[1], 'w').write('typed')\n{script}\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {tmp_path / 'editor.py'}")
    one = draft()
    complete(one, Written())
    return one


def test_a_key_that_interrupts_is_the_editors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Emacs has C-g for it, vi Ctrl-C: the terminal sends both processes a signal."""
    script = "signal.signal(signal.SIGINT, signal.SIG_IGN)\nos.kill(os.getppid(), signal.SIGINT)\nos.kill(os.getpid(), signal.SIGINT)"
    assert edited_by(monkeypatch, tmp_path, script).text == "typed"


def test_what_was_typed_outlives_the_editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="ended with -9: nothing is sent; what was written is kept in"):
        edited_by(monkeypatch, tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    assert [file.read_text() for file in tmp_path.glob("postroom-*.txt")] == ["typed"]


def test_what_was_typed_outlives_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told: list[str] = []
    with kept("sent", told.append):
        pass
    with pytest.raises(CommandFailed, match="no"), kept("", told.append):
        raise CommandFailed("no")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), kept("a long letter, J\xf6rg", told.append):
        raise KeyboardInterrupt
    (file,) = tmp_path.iterdir()
    assert (file.read_text("utf-8"), file.stat().st_mode & 0o777) == ("a long letter, J\xf6rg", 0o600)
    assert told == [f"what was written is kept in {file}"]


def test_an_editor_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Screen())
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    with pytest.raises(CommandFailed, match="set EDITOR"):
        complete(draft(), Written())


def test_the_finished_message(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("file")
    one = draft()
    options = Written(["c@x.test"], ["d@x.test"], "Crêpes", [tmp_path / "a.txt"], None, "text\n")
    complete(one, options)
    envelope, made = finish(one, "unique", NOON)
    assert [str(recipient.address) for recipient in envelope.recipients] == [
        "bob@hamburger.test",
        "c@x.test",
        "d@x.test",
    ]
    assert made.message_id == "<unique@crepes.test>"
    assert made.raw.isascii()
    assert b"User-Agent: Postroom/" in made.raw
    assert b"d@x.test" not in made.raw
    assert made.raw.splitlines()[0].startswith(b"Date: Mon, 24 Nov 2025 1")


def test_the_identifier_is_in_ascii_whatever_the_address_is() -> None:
    """An answer has to name it, also one from somebody whose server takes no other (RFC 6532 §3.3)."""
    me = Account("jörg@crêpes.test")
    _, made = finish(Draft([author(me)], recipients(["bob@hamburger.test"])), "unique", NOON)
    assert made.message_id == "<unique@xn--crpes-isa.test>"
    answer = reply(read_original(made.raw), author(ME))
    assert answer.in_reply_to == [made.message_id]


def test_refusals_have_words(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="nobody is named"):
        finish(Draft([author(ME)]), "u", NOON)
    one = draft()
    one.subject = "a\r\nBcc: x@y.test"
    with pytest.raises(CommandFailed, match="Subject"):
        finish(one, "u", NOON)
    with pytest.raises(CommandFailed, match="/no/such"):
        attachment(Path("/no/such"))
    with pytest.raises(CommandFailed, match="is none"):
        author(Account("alice"))
