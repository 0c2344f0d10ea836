"""What a lesson says to a student."""

import io
import os
import pty

import pytest

from postroom.agent.terminal import Terminal
from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.attention import Attention, Seen
from postroom.lab.lessons.lesson import Ask, Connect, Consider, Door, Lesson, Part, Post, Run, Step, Type
from postroom.lab.lessons.place import Facts, Place
from postroom.lab.lessons.telling import Aloud, folded, instruction
from postroom.lab.lessons.values import Values

PORTS = {"smtp": 2525, "submission": 2587, "submissions": 2465, "pop3": 2110, "imap": 2143}
PLACE = Place(None, Facts({"hamburger.test": PORTS}, 2553, "/ca.pem", {}), {})
VALUES = Values({"alice": "alice@crepes.test", "bob": "bob@hamburger.test"})


@pytest.mark.parametrize(
    ("do", "lines"),
    [
        (Connect("smtp"), ["In a second terminal:", "telnet 127.0.0.1 2525      (or: nc -C 127.0.0.1 2525)"]),
        (
            Connect("submission", tls="starttls"),
            [
                "In a second terminal:",
                "openssl s_client -quiet -crlf -CAfile /ca.pem -starttls smtp -connect 127.0.0.1:2587 -servername mail.hamburger.test",
            ],
        ),
        (Type("RCPT TO:<$bob>"), ["Type there:", "RCPT TO:<bob@hamburger.test>"]),
        (Type("a\nb", at_once=True), ["Paste all of it together:", "a", "b"]),
        (Type(""), ["There, press Enter alone: an empty line."]),
        (Run("postroom x $bob"), ["Enter runs:", "postroom x bob@hamburger.test"]),
        (Run("postroom x", typed="$bob\n"), ["Enter runs:", "printf 'bob@hamburger.test' | postroom x"]),
        (
            Ask("crepes.test", "MX"),
            [
                "Enter asks (by hand, where dig is installed):",
                "dig @127.0.0.1 -p 2553 crepes.test MX +noall +answer",
            ],
        ),
        (Post("Subject: x\n\ny"), ["(A letter is brought to bob@hamburger.test: Subject: x ...)"]),
        (Door("hamburger.test", is_open=False), ["(The door of mail.hamburger.test is shut now.)"]),
        (Consider(), ["Enter goes on."]),
    ],
)
def test_what_to_do(do, lines):
    assert instruction(Step("", do), VALUES, PLACE) == lines


def happening(arrow, text, **more):
    return Happening(1, 0, "line", "hamburger.test", "smtp", 7, arrow=arrow, text=text, **more)


def told(do, terminal):
    """A lesson of one step, in which a command is mistyped, and then refused."""
    lesson = Lesson("one", "One", "About one.", (Part("first", (do,)),), ("RFC 5321",))
    aloud = Aloud(terminal, PLACE, lesson)
    aloud.begin(0, own=True)
    aloud.part(1, lesson.parts[0])
    aloud.step(1, do, VALUES)
    seen = Attention([], VALUES, 7, do.do)
    aloud.heard(happening("<-", "HELLO"), Seen.MISTYPED, seen)
    aloud.heard(happening("->", "500 5.5.2 What?"), Seen.REFUSED, seen)
    aloud.heard(happening("<-", "\t\x1b[31mfolded", content=True), Seen.OTHER, seen)
    aloud.heard(Happening(1, 0, "noted", "crepes.test", text="x"), Seen.OTHER, seen)
    aloud.done(do, VALUES)
    aloud.left()


STEP = Step("Greet $bob.", Connect("smtp"), explain="That is $bob.", source="RFC 5321 §3.1")


def test_into_a_pipe():
    out = io.StringIO()
    told(STEP, Terminal(out=out))
    text = out.getvalue()
    assert "1. Greet bob@hamburger.test." in text
    assert "This is not what the step asks for" in text
    assert "The server does not understand the line." in text
    assert "   => That is bob@hamburger.test. (RFC 5321 §3.1)\n" in text
    assert "postroom lesson run one" in text
    assert "\x1b" not in text
    assert "noted" not in text


def test_several_lines_can_be_copied_as_they_are():
    out = io.StringIO()
    lesson = Lesson("one", "One", "", (Part("first", ()),), ())
    aloud = Aloud(Terminal(out=out), PLACE, lesson, here=True)
    aloud.step(1, Step("Write.", Type("Subject: x\n\ny\n.")), VALUES)
    assert out.getvalue() == "\n1. Write.\n   Type:\nSubject: x\n\ny\n.\n"
    aloud.again(Step("", Type("QUIT")), VALUES)
    assert out.getvalue().endswith("   Type:\n   > QUIT\n")


def test_on_a_terminal_nothing_that_came_is_obeyed(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    near, far = pty.openpty()
    with os.fdopen(far, "w") as out:
        told(STEP, Terminal(out=out))
        out.flush()
        text = os.read(near, 65536).decode()
    os.close(near)
    assert "\x1b[1m" in text
    assert "\x1b[31mfolded" not in text


def test_long_lists_of_extensions_are_folded():
    lines = ["      -> 220 x", *(f"      <- 250-{n}" for n in range(5)), "      <- 250 HELP"]
    assert list(folded(lines)) == [lines[0], lines[1], "         (4 more lines)", lines[-1]]
    assert list(folded(lines[3:])) == lines[3:]


DOORS = (Door("hamburger.test", is_open=False),)
CLOCK = (Run("postroom queue list"), Run("postroom lab clock +30m"))


@pytest.mark.parametrize(
    ("actions", "own", "warned"),
    [
        (DOORS, False, True),
        (CLOCK, False, True),
        (CLOCK[:1], False, False),
        (DOORS, True, False),
    ],
)
def test_who_else_is_in_the_lab_is_thought_of(actions, own, warned):
    out = io.StringIO()
    lesson = Lesson("one", "One", "", (Part("first", tuple(Step("", do) for do in actions)),), ())
    Aloud(Terminal(out=out), PLACE, lesson).begin(0, own=own)
    assert ("all who are in this lab" in out.getvalue()) is warned
    assert "the first to connect where it says is taken for you" in " ".join(out.getvalue().split())


def test_every_line_that_is_not_asked_for_is_said_to_be_so():
    out = io.StringIO()
    aloud = Aloud(Terminal(out=out), PLACE, Lesson("one", "One", "", (Part("first", ()),), ()))
    seen = Attention([], VALUES, 7, Type("HELO x"))
    for words in ("MAIL FROM:<x>", "RCPT TO:<y>"):
        aloud.heard(happening("<-", words), Seen.MISTYPED, seen)
    assert out.getvalue().count("This is not what the step asks for") == 2


@pytest.mark.parametrize(
    ("ended", "words"), [(True, "ended too soon"), (False, "other lines than asked for")]
)
def test_why_it_goes_on_at_the_connection(ended, words):
    out = io.StringIO()
    lesson = Lesson("one", "One", "", (Part("first", ()),), ())
    Aloud(Terminal(out=out), PLACE, lesson).lost(ended=ended)
    assert words in out.getvalue()
    assert ("QUIT" in out.getvalue()) is not ended
