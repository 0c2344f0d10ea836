"""Tables, lines and JSON; nothing that a stranger wrote controls the terminal."""

from __future__ import annotations

import io
import json

import msgspec
import pytest

from postroom.agent.terminal import Column, Terminal, age_text, count_text, json_line, size_text, time_text


class Fruit(msgspec.Struct):
    name: str
    weight: int


FRUIT = [Fruit("apple", 120), Fruit("plum\x1b[31m", 30)]
COLUMNS = [
    Column[Fruit]("Name", lambda fruit: fruit.name),
    Column[Fruit]("Weight", lambda fruit: str(fruit.weight), number=True),
]


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_into_a_pipe_goes_a_line_a_record() -> None:
    out = io.StringIO()
    assert Terminal(out=out).listing(iter(FRUIT), COLUMNS) == 2
    assert out.getvalue() == "apple\t120\nplum\\x1b[31m\t30\n"


def test_a_terminal_gets_a_table() -> None:
    out = Screen()
    assert Terminal(out=out, color=False).listing(FRUIT, COLUMNS) == 2
    heading, apple, plum = out.getvalue().splitlines()
    assert heading.split() == ["Name", "Weight"]
    assert apple.split() == ["apple", "120"]
    assert "\x1b" not in plum


@pytest.mark.parametrize("color", [True, False])
def test_styled_lines_stay_lines(color: bool) -> None:
    out = Screen()
    Terminal(out=out, color=color).styled("\nid\x1b[5m", "bold")
    blank, line = out.getvalue().splitlines()
    assert (blank, r"id\x1b[5m" in line) == ("", True)


def test_a_long_cell_is_cut_to_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    columns = (COLUMNS[1], Column[Fruit]("Why", lambda fruit: f"{fruit.name} " * 30, cut=True))
    out, pipe = Screen(), io.StringIO()
    Terminal(out=out, color=False).listing(FRUIT[:1], columns)
    Terminal(out=pipe).listing(FRUIT[:1], columns)
    _, line = out.getvalue().splitlines()
    assert (len(line), line[-1]) == (40, "\N{HORIZONTAL ELLIPSIS}")
    assert pipe.getvalue().count("apple") == 30


def test_what_names_a_record_is_never_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    columns = (COLUMNS[0], Column[Fruit]("Address", lambda _: "a" * 60), Column[Fruit]("Why", str, cut=True))
    out = Screen()
    Terminal(out=out, color=False).listing([Fruit("J6xr759080400", 1)], columns)
    assert "J6xr759080400" in out.getvalue()
    assert out.getvalue().count("a") >= 60


def test_json_is_one_object_a_line() -> None:
    out = Screen()
    terminal = Terminal(out=out, json=True)
    terminal.listing(FRUIT, COLUMNS)
    terminal.record({"ok": True})
    terminal.say("words are for people")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines == [{"name": "apple", "weight": 120}, {"name": "plum\x1b[31m", "weight": 30}, {"ok": True}]


@pytest.mark.parametrize(("as_json", "expected"), [(False, "error: no fruit\nbuy some\n"), (True, None)])
def test_errors_go_to_standard_error(as_json: bool, expected: str | None) -> None:
    out, err = io.StringIO(), io.StringIO()
    Terminal(out=out, err=err, json=as_json).error("no fruit\nbuy some", code=3)
    assert out.getvalue() == ""
    if expected is None:
        assert json.loads(err.getvalue()) == {"error": "no fruit\nbuy some", "code": 3}
    else:
        assert err.getvalue() == expected


@pytest.mark.parametrize("hostile", ["\x1b]0;x\x07", "\x9b31m", "\u202eabc", "a\u2028b", "\x7f", "a\tb\nc"])
def test_controls_never_reach_the_terminal(hostile: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out=out, err=err)
    terminal.listing([Fruit(hostile, 1)], COLUMNS)
    terminal.say(hostile.replace("\n", ""))
    terminal.note(hostile)
    terminal.error(hostile)
    text = (out.getvalue() + err.getvalue() + json_line(hostile)).replace("\n", "").replace("\t1", "")
    assert text.isprintable()
    assert json.loads(json_line(hostile)) == hostile


def test_bytes_and_lone_surrogates_become_json() -> None:
    assert json.loads(json_line({"a": b"caf\xe9", "b": ["\ud800"]})) == {"a": "caf\\xe9", "b": ["\\ud800"]}


@pytest.mark.parametrize(
    ("no_color", "term", "screen", "expected"),
    [
        ("", "xterm", True, True),
        ("1", "xterm", True, False),
        ("", "dumb", True, False),
        ("", "xterm", False, False),
    ],
)
def test_colour_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, no_color: str, term: str, screen: bool, expected: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)
    assert Terminal(out=Screen() if screen else io.StringIO()).color is expected


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (999, "999 B"),
        (4096, "4.1 kB"),
        (999_999, "1.0 MB"),
        (50_000_000, "50 MB"),
        (10**16, "10000 TB"),
    ],
)
def test_sizes(octets: int, text: str) -> None:
    assert size_text(octets) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 h"), (900_000, "10 d"), (-5, "0 s")],
)
def test_ages(seconds: int, text: str) -> None:
    assert age_text(seconds * 1_000_000) == text


def test_no_time_is_empty() -> None:
    assert time_text(0) == ""
    assert time_text(1_750_000_000_000_000).startswith("2025-06-15 ")
    for late in (253_402_300_799_000_000, 1 << 80):  # as somebody's report may say
        assert time_text(late).startswith(("9999-12-29", "9999-12-30"))
    for early in (-62_135_683_140_000_000, -62_135_596_800_000_000, -1 << 80):
        assert time_text(early).startswith(("1-01-02", "1-01-03", "0001-01-02", "0001-01-03"))


def test_without_a_terminal_nobody_can_say_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert not Terminal().confirm("Drop all?")


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_a_question_wants_yes(monkeypatch: pytest.MonkeyPatch, typed: str, answer: bool) -> None:
    monkeypatch.setattr("sys.stdin", Screen(typed))
    assert Terminal(err=io.StringIO()).confirm("Drop all?") is answer


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 mailboxes"), (1, "1 mailbox"), (2, "2 mailboxes"), (1_000, "1000 mailboxes")]
)
def test_how_many(number: int, words: str) -> None:
    assert count_text(number, "mailbox", "mailboxes") == words
    assert count_text(number, "letter") == f"{number} letter{'s' * (number != 1)}"
