"""docs/teaching.md: every command in it is run, every dialogue is spoken, in their order, and what comes is what stands there."""

from __future__ import annotations

import re
import shlex
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from postroom.lab.lessons.catalogue import LESSONS
from running import PATIENCE, Running, at_home, postroom, until

PAGE = (Path(__file__).parents[2] / "docs" / "teaching.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
STARTS = "postroom lab"  # which is running already


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One whose clock may be moved."""
    home = tmp_path_factory.mktemp("teaching")
    started = Running(["lab", "--json", "--ephemeral", "--base-port", "0"], at_home(home), home / "lab.log")
    yield started
    assert started.stop() == 0


def port_of(lab: Running, service: str) -> int:
    number: int = lab.facts["domains"]["hamburger.test"][service]
    return number


def pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, line.split("…"))))


def shown_in_order(expected: list[str], lines: list[str]) -> str:
    """The first line that does not come, "" when all do; one that is only an ellipsis stands for any number."""
    rest = iter(lines)
    for wanted in expected:
        if wanted.strip() != "…" and not any(pattern(wanted).fullmatch(line) for line in rest):
            return wanted
    return ""


def run_all(block: str, environ: dict[str, str]) -> None:
    for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *expected = shown.splitlines()
        if command == STARTS:
            continue
        until(f"{command} to show {expected}", partial(shows, command, expected, environ))


def shows(command: str, expected: list[str], environ: dict[str, str]) -> bool:
    """Whether a command prints this. Mail takes its time between two servers, so what only looks may be asked again."""
    done = postroom(shlex.split(command)[1:], environ)
    assert done.returncode == 0, (command, done.stderr)
    missing = shown_in_order(expected, done.stdout.splitlines())
    assert not missing or " send " not in command, (command, missing, done.stdout)
    return not missing


class Spoken:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.lines = self.socket.makefile("rb")

    def hears(self, wanted: str) -> None:
        line = self.lines.readline().decode().rstrip("\r\n")
        assert pattern(wanted).fullmatch(line), (wanted, line)

    def hears_until(self, wanted: str) -> None:
        while not pattern(wanted).fullmatch(line := self.lines.readline().decode().rstrip("\r\n")):
            assert line or wanted, wanted

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def speak(block: str, port: int, password: str) -> None:
    """Plays C, and reads S; `S: …` alone stands for any lines until the next one."""
    spoken, skipping = Spoken(port), False
    try:
        for line in block.splitlines():
            side, text = line[:2], line[3:]
            if side == "C:":
                spoken.socket.sendall(text.replace("PASSWORD", password).encode() + b"\r\n")
            elif text == "…":
                skipping = True
            elif skipping:
                spoken.hears_until(text)
                skipping = False
            else:
                spoken.hears(text)
    finally:
        spoken.close()


def test_all_that_is_shown(lab):
    password = lab.facts["accounts"]["bob@hamburger.test"]
    for kind, block in BLOCKS:
        if kind == "console":
            run_all(block, lab.environ)
        else:
            speak(block, port_of(lab, kind), password)
    assert {kind for kind, _ in BLOCKS} == {"console", "smtp", "pop3", "imap"}


def test_each_lesson_is_named_and_no_other():
    named = set(re.findall(r"[Ll]essons? (`[a-z0-9-]+`(?:(?:, | and )`[a-z0-9-]+`)*)", PAGE))
    assert {name for names in named for name in re.findall(r"[a-z0-9-]+", names)} - {"and"} == {
        lesson.name for lesson in LESSONS
    }


def test_commands_in_the_text_exist():
    """Those in tables: each is one of the blocks', or asks for help."""
    run = " ".join(block for kind, block in BLOCKS if kind == "console")
    for command in set(re.findall(r"`(postroom [^`]*)`", PAGE)):
        words = command.split("…")[0].strip()
        known = words in run or words.endswith("--help") or words.startswith("postroom lesson run")
        assert known or words == "postroom mail --as bob read 1 --headers", command


def test_bob_reads_all_header_fields(lab):
    speak(next(block for kind, block in BLOCKS if kind == "smtp"), port_of(lab, "smtp"), "")
    done = postroom(["mail", "--as", "bob", "read", "1", "--headers"], lab.environ)
    assert done.returncode == 0
    assert re.search("^Received: from ", done.stdout, re.MULTILINE)
