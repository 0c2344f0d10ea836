"""The four scenarios of text-books, as they are started: played by themselves, and typed as they are shown; then the way is drawn."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import running
from running import POSTROOM, at_home, until

HERE = ["UA alice", "mailbox bob", "UA bob"]
FIGURES = {
    1: HERE,
    2: ["UA alice", "queue", "MTA client", "MTA server", "mailbox bob", "UA bob"],
    3: ["UA alice", "MTA client", "MTA server", "queue", "MTA client", "MTA server", "mailbox bob", "UA bob"],
    4: ["UA alice", "MTA client", "MTA server", "queue", "MTA client", "MTA server", "mailbox bob", "UA bob", "MAA server", "MAA client"],
}  # fmt: skip
LINKS = {1: [], 2: ["SMTP"], 3: ["SMTP", "SMTP"], 4: ["SMTP", "SMTP", "IMAP"]}
AGENT = re.compile(r"│ ((?:UA|MTA|MAA|queue|mailbox)[a-z ]*?) *│")


def agents(figure: str) -> list[str]:
    """Line by line, and from left to right."""
    return [found.strip() for found in AGENT.findall(figure)]


def links(figure: str) -> list[str]:
    return re.findall(r" (SMTP|IMAP|POP3|HTTP)(?=┌|│)", figure)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return at_home(tmp_path)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_played(home: dict[str, str], number: int) -> None:
    done = running.postroom(["lab", "--scenario", str(number), "--play", "--base-port", "0"], home)
    assert done.returncode == 0, done.stderr
    read = done.stdout.partition("# bob")[2]
    assert "Do you like ketchup?" in read
    assert "Alice <alice@" in read
    figure = done.stdout[done.stdout.index("┌") :]
    assert sorted(agents(figure)) == sorted(FIGURES[number])
    assert links(figure) == LINKS[number]
    assert list(Path(home["TMPDIR"]).iterdir()) == []


@pytest.fixture(params=[1, 2, 3, 4])
def lab(request: pytest.FixtureRequest, home: dict[str, str], tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A scenario's lab, and where its screen goes."""
    screen = tmp_path / "screen"
    command = [POSTROOM, "lab", "--scenario", str(request.param), "--base-port", "0"]
    with (
        screen.open("wb") as output,
        subprocess.Popen(command, env=home, stdout=output, stderr=output) as process,
    ):
        until("the screen", lambda: "Ctrl-C" in screen.read_text())
        yield request.param, screen
        process.send_signal(signal.SIGINT)
    assert process.returncode == 0, screen.read_text()


def test_typed_as_it_is_shown(lab: tuple[int, Path], home: dict[str, str], tmp_path: Path) -> None:
    number, screen = lab
    shown = screen.read_text()
    assert max(map(len, shown.splitlines())) <= 100  # a program at its full path is long
    whole = re.sub(r" \|\n +", " | ", shown)
    first, second = re.findall(r"^   ((?:printf|echo|\S*postroom) .*)$", whole, re.MULTILINE)
    done = running.run(["sh", "-c", first], home)
    assert done.returncode == 0, done.stderr
    until("a letter", lambda: running.run(["sh", "-c", second], home).stdout.count("Do you like ketchup?"))
    until("the figure", lambda: "For slides" in screen.read_text())
    figure = screen.read_text().partition("┌")[2]
    assert sorted(agents(figure)) == sorted(FIGURES[number])
    again = running.postroom(["journey", "--last", "--figure"], home)
    assert sorted(agents(again.stdout)) == sorted(FIGURES[number])
    done = running.postroom(["journey", "--last", "--svg", str(tmp_path / "way.svg")], home)
    assert done.returncode == 0, done.stderr
    texts = [one.text for one in ET.parse(tmp_path / "way.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("MTA client") == FIGURES[number].count("MTA client")
    done = running.postroom(["journey", "--last", "--svg", "/nowhere/way.svg"], home)
    assert (done.returncode, "/nowhere/way.svg: No such file" in done.stderr) == (1, True)


@pytest.mark.parametrize("words", [["--play"], ["--scenario", "1", "--play", "--json"], ["--scenario", "5"]])
def test_what_cannot_be_played(home: dict[str, str], words: list[str]) -> None:
    done = running.postroom(["lab", *words], home)
    assert done.returncode == 2
    assert "scenario" in done.stderr
