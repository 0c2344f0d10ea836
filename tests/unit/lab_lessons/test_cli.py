"""`postroom lesson`: what it lists, what it refuses, and what programs read of it."""

import json
import re

import pytest

from postroom.app.cli.program import run
from postroom.lab.lessons.catalogue import LESSONS
from postroom.lab.lessons.kept import Kept
from running import postroom


@pytest.fixture(autouse=True)
def share(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_the_list_for_programs(capsys):
    Kept().reached(LESSONS[0], 1)
    Kept().reached(LESSONS[1], len(LESSONS[1].parts))
    assert run(["lesson", "list", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["name"] for one in records] == [one.name for one in LESSONS]
    assert [one["state"] for one in records[:3]] == [f"part 2 of {len(LESSONS[0].parts)}", "done", "new"]
    assert records[0].keys() == {"name", "title", "about", "parts", "steps", "sources", "state"}


def test_the_list_for_people(capsys):
    assert run(["lesson", "list"]) == 0
    assert capsys.readouterr().out.startswith("smtp\tnew\tSMTP by hand\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "there is no lesson 'nothing'; there are smtp, esmtp"),
        (["all"], "there is no lesson 'all'"),
        (["smtp"], "--check"),
    ],
)
def test_what_it_refuses(words, said, capsys):
    assert run(["lesson", "run", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_a_check_for_programs(home):
    done = postroom(["lesson", "run", "period", "--check", "--json"], home)
    assert done.returncode == 0, done.stderr
    *steps, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert last == {"name": "period", "holds": True}
    assert steps[0] == {"name": "period", "step": "1.1", "did": "connect to smtp of hamburger.test"}


@pytest.mark.slow
def test_a_check_that_does_not_hold(home, lab):
    """Bob is asked for a letter that nobody has let in."""
    lab.lab.rules.add(rule := _closed())
    try:
        done = postroom(["lesson", "run", "smtp", "--check"], home)
    finally:
        lab.lab.rules.remove(rule)
    assert done.returncode == 1
    assert (
        "smtp 1.3 does not hold: refused: '-> 421 4.3.2 The mail server of hamburger.test is being"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


def _closed():
    from postroom.lab.doors import ShutDoor

    return ShutDoor("hamburger.test")


def test_a_hand_out_says_how_to_do_what_a_lesson_does_itself(capsys):
    assert run(["lesson", "show", "pop3-login"]) == 0
    assert "       $ printf 'tanstaaf' | postroom account password" in capsys.readouterr().out
    assert run(["lesson", "show", "queue"]) == 0
    shown = capsys.readouterr().out
    assert (
        "       $ postroom lab faults add mail --reply '421 4.3.2 The mail server of hamburger.test is"
        in shown
    )
    assert "later' --domain hamburger.test\n" in shown
    assert "       $ postroom lab faults clear\n" in shown


def test_a_hand_out(capsys):
    assert run(["lesson", "show", "pop3"]) == 0
    shown = capsys.readouterr().out
    assert "# POP3: delete, or keep\n" in shown
    assert "       PASS PASSWORD\n" in shown
    assert "       RETR NEWEST\n" in shown
    assert run(["lesson", "show", "all", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["name"] for one in records] == [lesson.name for lesson in LESSONS]
    for one, lesson in zip(records, LESSONS, strict=True):
        assert not re.search(r"\$[a-z]", one["markdown"].replace("$ postroom", "")), one["markdown"]
        assert all(f"## {part.title[0].upper()}{part.title[1:]}" in one["markdown"] for part in lesson.parts)
