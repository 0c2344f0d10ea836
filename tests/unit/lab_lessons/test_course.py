"""How a lesson goes on: by what happens, by Enter, back to the connection when that is lost; and how it is left."""

import asyncio

import pytest

from postroom.app.control import HungUp, OperationError
from postroom.lab.heard.feed import Happening
from postroom.lab.lessons import pupils
from postroom.lab.lessons.course import Course, Events, Left, NotHeld
from postroom.lab.lessons.lesson import Connect, Consider, Door, Lesson, Part, Run, Step, Type
from postroom.lab.lessons.place import Facts
from postroom.lab.lessons.pupils import Attended, Here, Unattended

ACCOUNTS = {"alice@crepes.test": "a", "bob@hamburger.test": "b"}
OPENED = Happening(1, 0, "opened", "hamburger.test", "smtp", 7)
CLOSED = Happening(1, 0, "closed", "hamburger.test", "smtp", 7)
KNOCK = Step("", Connect("smtp"), ("-> 220",))


def line(arrow, text):
    return Happening(1, 0, "line", "hamburger.test", "smtp", 7, arrow=arrow, text=text)


class Place:
    """Of which happens what it is told."""

    def __init__(self, *happens, end=None):
        self.environ = {}
        self.facts = Facts({}, 53, "", ACCOUNTS)
        self._happens = happens
        self._end = end
        self.turned = []

    async def turn(self, domain, *, is_open):
        self.turned.append((domain, is_open))

    async def last(self):
        return 0

    async def happenings(self, since):
        for one in self._happens:
            yield one
        if self._end is not None:
            raise self._end
        await asyncio.Event().wait()


class Told:
    """A teller that notes what it is told."""

    def __init__(self):
        self.words = []

    def __getattr__(self, name):
        return lambda *terms, **_: self.words.append(
            (name, *(one for one in terms if isinstance(one, int | str)))
        )


async def held(place, *steps, typed=(), pupil=Attended, parts=None, first=0):
    """Holds a lesson; gives what was told, and how far it got."""
    told, events, reached = Told(), Events(), []
    for one in typed:
        events.add(one)
    lesson = Lesson("x", "X", "", parts or (Part("", steps),), ())
    course = Course(lesson, place, events, told)
    try:
        async with asyncio.timeout(60):
            await course.run(pupil(place, told, events), first, reached.append)
    except Left:
        reached.append("left")
    return [words for words in told.words if words[0] not in ("heard", "part")], reached


async def test_by_what_happens():
    place = Place(OPENED, line("->", "220"), line("<-", "HELO x"), line("->", "250 x"))
    greet = Step("", Type("HELO x"), ("<- HELO .*", "-> 250 .*"))
    told, reached = await held(place, KNOCK, greet)
    assert told == [("step", 1), ("done",), ("step", 2), ("done",)]
    assert reached == [1]


async def test_back_to_the_connection():
    early = (OPENED, line("->", "220"), CLOSED)
    place = Place(*early, OPENED, line("->", "220"), line("<-", "QUIT"), line("->", "221"), CLOSED)
    leave = Step("", Type("QUIT"), ("<- QUIT", "-> 221", "closed"))
    told, reached = await held(place, Step("", Consider()), KNOCK, leave, typed=[""])
    assert [words[:2] for words in told if words[0] != "done"] == [
        ("step", 1), ("step", 2), ("step", 3), ("lost",), ("step", 2), ("step", 3),
    ]  # fmt: skip
    assert reached == [1]


async def test_back_to_the_connection_after_another_letter():
    """It can only be ended; who does so later has lost nothing more."""
    greeted = (OPENED, line("->", "220"))
    written = (line("<-", "Subject: x"), line("<-", "."), line("->", "250"))
    place = Place(*greeted, line("->", "250"), CLOSED, *greeted, *written)
    write = Step("", Type("Subject: x\n."), ("<- Subject: x", "<- \\.", "-> 250"))
    told, reached = await held(place, KNOCK, write)
    assert [words[0] for words in told] == ["step", "done", "step", "lost", "step", "done", "step", "done"]
    assert reached == [1]


async def test_a_refusal_shows_the_step_again_and_so_does_enter():
    place = Place(OPENED, line("->", "220"), line("<-", "X"), line("->", "500 what"), line("<-", "HELO x"))
    told, reached = await held(place, KNOCK, Step("", Type("HELO x"), ("<- HELO x",)), typed=["", "help me"])
    assert (told.count(("again",)), reached) == (3, [1])


async def test_what_is_pasted_line_by_line_is_asked_for_again_at_once():
    place = Place(
        OPENED, line("->", "220"), line("<-", "A"), line("->", "250"), line("<-", "A"), line("<-", "B")
    )
    told, reached = await held(place, KNOCK, Step("", Type("A\nB", at_once=True), ("<- A", "<- B")))
    assert (told.count(("again",)), told.count(("lost",)), reached) == (1, 0, [1])


async def test_what_happens_before_enter_is_not_lost():
    place = Place(OPENED, line("->", "220"))
    told, reached = await held(place, Step("", Consider()), KNOCK, typed=[""])
    assert (told[-1], reached) == (("done",), [1])


@pytest.mark.parametrize("last", ["q", None])
async def test_it_is_left(last):
    parts = (Part("", (Step("", Consider()),)), Part("", (Step("", Consider()),)))
    _, reached = await held(Place(), parts=parts, typed=["", last])
    assert reached == [1, "left"]


async def test_it_begins_with_a_later_part():
    parts = (Part("", (KNOCK,)), Part("", (Step("", Consider()),)))
    assert (await held(Place(), parts=parts, typed=[""], first=1))[1] == [2]


async def test_a_command_that_does_not_show_it_is_run_again(monkeypatch):
    outputs = ["", "as J1"]

    async def run(*_):
        return 0, outputs.pop(0)

    monkeypatch.setattr(pupils, "run_command", run)
    told, reached = await held(Place(), Step("", Run("postroom x", ("(?P<id>J\\d)",))), typed=["", ""])
    assert [words[0] for words in told] == ["step", "printed", "printed", "printed", "done"]
    assert "Enter tries it once more" in told[2][1]
    assert "(?P<id>" not in told[2][1]  # a pupil can do nothing with a pattern
    assert reached == [1]


@pytest.mark.parametrize(
    ("doors", "turned"),
    [((False,), [False, True]), ((False, True), [False, True]), ((True,), [True])],
)
async def test_a_door_is_not_left_shut(doors, turned):
    place = Place()
    steps = [Step("", Door("hamburger.test", is_open)) for is_open in doors]
    await held(place, *steps, Step("", Consider()), typed=["q"])
    assert place.turned == [("hamburger.test", is_open) for is_open in turned]


async def test_a_command_that_may_fail(monkeypatch):
    async def run(*_):
        return 1, "there is one already"

    monkeypatch.setattr(pupils, "run_command", run)
    assert (await held(Place(), Step("", Run("postroom x", perhaps=True)), typed=[""]))[1] == [1]


async def test_a_lab_that_ends():
    with pytest.raises(OperationError, match="gone"):
        await held(Place(end=OperationError("gone")), KNOCK)


async def test_a_lab_that_is_stopped():
    with pytest.raises(OperationError, match="the lab has stopped"):
        await held(Place(end=HungUp("the server closed the control connection")), KNOCK)


async def test_a_lab_without_bob():
    place = Place()
    place.facts = Facts({}, 53, "", {"alice@crepes.test": "a"})
    with pytest.raises(OperationError, match="who do not live in this lab"):
        await held(place, KNOCK)


async def test_typed_here(monkeypatch):
    """Lines go over the connection that the lesson has opened; a question mark does not."""
    typed = []

    class Line:
        peer = ""

        async def open(*_):
            return Line()

        def type(self, text):
            typed.append(text)

        def close(self):
            typed.append("hung up")

    monkeypatch.setattr(pupils, "Line", Line)
    place = Place(OPENED, line("->", "220"))
    told, reached = await held(place, KNOCK, pupil=Here, typed=["", "?", "HELO", "q"])
    assert (typed, reached) == (["", "HELO"], ["left"])
    assert told.count(("again",)) == 1


async def test_somebody_else_in_the_same_lab(monkeypatch):
    """Whose connection it is, is known where the lesson has opened it."""

    class Line:
        peer = "127.0.0.1:5001"

        async def open(*_):
            return Line()

        def close(self):
            pass

    monkeypatch.setattr(pupils, "Line", Line)
    ends = [(8, "127.0.0.1:5000"), (7, "127.0.0.1:5001")]
    other, own = (
        Happening(1, 0, "opened", "hamburger.test", "smtp", number, facts={"peer": peer})
        for number, peer in ends
    )
    ended = Happening(1, 0, "closed", "hamburger.test", "smtp", 8)
    told, reached = await held(Place(other, ended, own, line("->", "220")), KNOCK, pupil=Here)
    assert (told, reached) == ([("step", 1), ("done",)], [1])


async def test_a_look_that_comes_too_early(monkeypatch):
    """Nobody presses Enter: it is asked again, but nothing is done twice."""
    outputs = ["", "", "waiting", ""]

    async def run(*_):
        return 0, outputs.pop(0)

    monkeypatch.setattr(pupils, "run_command", run)
    monkeypatch.setattr(pupils, "PAUSE", 0)
    step = Step("", Run("postroom queue list", ("waiting",)))
    lesson = Lesson("x", "X", "", (Part("", (step,)),), ())
    told = Told()
    await Course(lesson, Place(), Events(), told).run(Unattended(Place(), told))
    assert outputs == [""]
    once = Lesson("x", "X", "", (Part("", (Step("", Run("postroom mail send", ("sent",))),)),), ())
    with pytest.raises(NotHeld, match="does not show"):
        await Course(once, Place(), Events(), told).run(Unattended(Place(), told))
    assert outputs == []
