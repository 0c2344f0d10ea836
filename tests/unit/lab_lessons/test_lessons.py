"""Every lesson holds: it is run unattended, by real connections to a real lab, and each reply is what the lesson says."""

import io
import re

import pytest

from postroom.agent.terminal import Terminal
from postroom.lab.lessons.catalogue import LESSONS
from postroom.lab.lessons.checking import check
from postroom.lab.lessons.lesson import Connect, Lesson, Part, Run, Step, Type
from postroom.lab.lessons.place import Place

RFC = re.compile(r"RFC \d+( §[\d.]+(, §[\d.]+)*| appendix [A-Z.\d]+)?(, RFC \d+( §[\d.]+)?)*")


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
async def test_it_holds(lesson, lab, home):
    place = await Place.at(lab.lab.control.path, home)
    out = io.StringIO()
    assert await check(lesson, place, Terminal(out=out)) == "", out.getvalue()
    assert out.getvalue().count("ok  ") == len(lesson.steps)


def lesson_of(*steps):
    return Lesson("wrong", "Wrong", "", (Part("one", steps),), ("RFC 5321",))


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((Step("", Connect("smtp"), ("-> 554 .*",)), Step("", Type("QUIT"), ("closed",))), "in vain"),
        (
            (Step("", Connect("smtp"), ("-> 220 .*",)), Step("", Type("HELLO"), ("<- HELLO", "-> 250 .*"))),
            r"wrong 1\.2 does not hold: refused: '-> 500 .*', where '-> 250 \.\*' was expected",
        ),
        (
            (Step("", Run("postroom mail --as bob list", ("no such letter",))),),
            "does not show 'no such letter'",
        ),
        ((Step("", Run("postroom mail --as nobody list")),), "exit code"),
        ((Step("", Connect("smtp"), ("-> 220 $nothing",)),), "nothing"),
    ],
)
async def test_one_that_does_not_hold(steps, words, lab, home, monkeypatch):
    monkeypatch.setattr("postroom.lab.lessons.pupils.PATIENCE", 2.0)
    place = await Place.at(lab.lab.control.path, home)
    found = await check(lesson_of(*steps), place, Terminal(out=io.StringIO()))
    assert re.search(words, found), found


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_how_it_is_written(lesson):
    assert re.fullmatch(r"[a-z0-9-]{3,20}", lesson.name)
    for part in lesson.parts:
        assert part.title
        typed = [sign for step in part.steps if isinstance(step.do, Type) for sign in step.expect]
        for step in part.steps:
            looked_for = re.search(r"subject:(\S+)", step.do.command) if isinstance(step.do, Run) else None
            assert looked_for is None or any(
                sign.startswith(f"<- Subject: {looked_for[1]}") for sign in typed
            ), "a letter with another subject would not be found, whatever is done"
    for step in lesson.steps:
        assert step.say.endswith((".", "?", ":", ")")) or " | " in step.say or "=" in step.say, step.say
        assert not step.source or RFC.fullmatch(step.source), step.source
        if isinstance(step.do, Connect | Type):
            assert step.expect, step
    for source in lesson.sources:
        assert RFC.fullmatch(source)
    assert [one.name for one in LESSONS].count(lesson.name) == 1
