"""A lesson as a student takes it: the lesson on one terminal, nc or telnet on another; with mistakes, left, and gone on with."""

import re
from pathlib import Path

import pytest

from running import POSTROOM, at_home, until
from screen import Screen
from typing_by_hand import Typist


@pytest.fixture
def student(lab, home, tmp_path, require_tool):
    """Starts lessons on a screen, and programs beside it."""
    require_tool("tmux")
    environ = {**home, "XDG_RUNTIME_DIR": lab.environ["XDG_RUNTIME_DIR"]}
    opened = []

    class Student:
        def lesson(self, *words: str) -> Screen:
            place = tmp_path / str(len(opened))
            place.mkdir()
            opened.append(Screen(place, [POSTROOM, "lesson", "run", *words], environ))
            return opened[-1]

        def beside(self, tool: str, screen: Screen) -> Typist:
            """The command that the lesson shows."""
            shown = re.findall(r"> telnet (\S+ \d+) +\(or: nc -C \S+ \d+\)", screen.shown())
            command = {"telnet": ["telnet"], "nc": ["nc", "-C"]}[tool]
            command[0] = require_tool(tool, {"nc": "netcat-openbsd"}.get(tool, tool))
            opened.append(Typist([*command, *shown[-1].split()], environ, terminal=tool == "telnet"))
            return opened[-1]

    yield Student()
    for one in reversed(opened):
        one.close()


@pytest.mark.parametrize("tool", ["nc", "telnet"])
def test_smtp_by_hand(student, tool):
    lesson = student.lesson("smtp")
    lesson.shows("In your lab, which is running.")
    lesson.shows("(or: nc -C")
    typist = student.beside(tool, lesson)
    lesson.shows("> HELO crepes.test")
    typist.says("HELLO crepes.test", "^500 ")
    lesson.shows("This is not what the step asks for")
    lesson.shows("The server does not understand the line.")
    typist.says("helo crepes.test", "^250 ")
    lesson.shows("=> A name is all that it asks for.")
    typist.says("MAIL FROM: <alice@crepes.test>", "^250 ")
    typist.says("RCPT TO: bob@hamburger.test", "^250 ")
    lesson.shows("Ask to send the letter itself.")
    lesson.keys("Enter")  # what was it?
    typist.says("DATA", "^354 ")
    typist.says("Do you like ketchup?\n.", "^250 ")
    lesson.shows("This 250 is a promise")
    typist.says("QUIT", "^221 ")
    lesson.shows("Enter runs:")
    lesson.keys("Enter")
    lesson.shows("== Part 2 of 3: the letter has a header ==")
    lesson.keys("C-c")
    lesson.ends()
    again = student.lesson("smtp")
    again.shows("Going on with part 2 of 3")
    again.keys("q", "Enter")
    again.ends()


def test_a_connection_that_is_lost(student):
    lesson = student.lesson("smtp", "--restart")
    lesson.shows("(or: nc -C")
    typist = student.beside("nc", lesson)
    typist.says("HELO crepes.test", "^250 ")
    lesson.shows("3. Begin a letter")
    typist.says("QUIT", "^221 ")
    shown = lesson.shows("ended too soon. Do it once more from")
    assert shown.index("once more from") < shown.rindex("1. Bob's mail server takes mail")
    typist = student.beside("nc", lesson)
    typist.says("HELO crepes.test", "^250 ")
    lesson.shows("=> A name is all that it asks for.")
    lesson.keys("C-d")
    lesson.ends()


def test_in_a_lab_of_its_own(tmp_path, require_tool):
    """Nobody has started one; commands in another terminal find the lesson's."""
    require_tool("tmux")
    environ = at_home(tmp_path)
    lesson = Screen(tmp_path, [POSTROOM, "lesson", "run", "remedies"], environ)
    try:
        lesson.shows("This lesson runs a lab of its own.")
        lesson.shows("Enter asks")
        lesson.keys("Enter")
        lesson.shows('"v=spf1 mx -all"')
        lesson.shows("postroom spf alice@crepes.test")
        lesson.keys("Enter")
        lesson.shows("pass: 127.0.0.2")
        lesson.keys("q", "Enter")
        lesson.ends()
    finally:
        lesson.close()
    assert left_behind(tmp_path) == []


def left_behind(home: Path) -> list[Path]:
    return [*(home / "tmp").iterdir(), *(home / "runtime").iterdir()]


def test_a_window_that_is_closed(tmp_path, require_tool):
    """Its lab goes with it."""
    require_tool("tmux")
    lesson = Screen(tmp_path, [POSTROOM, "lesson", "run", "smtp"], at_home(tmp_path))
    try:
        lesson.shows("(or: nc -C")
        assert left_behind(tmp_path) != []
    finally:
        lesson.close()
    until("nothing to be left", lambda: not left_behind(tmp_path))


def test_without_a_second_terminal(student):
    """What is typed at the lesson goes to the server: empty lines, and QUIT, too."""
    lesson = student.lesson("smtp", "--restart", "--here")
    lesson.shows("The lesson does this:")
    lesson.shows("> HELO crepes.test")
    for line, shows in (
        ("EHLO crepes.test", "This is not what the step asks for"),
        ("HELO crepes.test", "=> A name is all that it asks for."),
        ("MAIL FROM:<alice@crepes.test>", "=> This is the sender on the envelope"),
        ("RCPT TO:<bob@hamburger.test>", "=> Each recipient has a line of his own"),
        ("DATA", "=> 3 means: go on."),
    ):
        lesson.text(line)
        lesson.keys("Enter")
        lesson.shows(shows)
    for line in ("Subject: empty line", "", "Do you like ketchup?", "."):
        lesson.text(line)
        lesson.keys("Enter")
    lesson.shows("=> This 250 is a promise")
    lesson.text("QUIT")
    lesson.keys("Enter")
    lesson.shows("Enter runs:")
    lesson.keys("q", "Enter")
    lesson.ends()
