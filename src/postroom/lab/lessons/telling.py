"""What a lesson says: to a student on a terminal, or in one line a step to whoever checks it.

Arrows are those of journeys: `<-` to the server, `->` from it, `~` under TLS. Not here: what lines mean (`message.journey.dialogue_explained`), what steps mean
(the lessons).
"""

from __future__ import annotations

import itertools
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from postroom.agent.terminal import Terminal
from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.attention import Attention, Seen
from postroom.lab.lessons.lesson import Ask, Connect, Consider, Door, Lesson, Part, Post, Run, Step, Type
from postroom.lab.lessons.place import LOOPBACK, Place
from postroom.lab.lessons.signs import is_own, shown
from postroom.lab.lessons.values import Values
from postroom.message.journey.dialogue_explained import Explainer
from postroom.message.journey.events import Connected, Hop, HopKind

WIDEST: Final = 100
_BY_ITSELF: Final = {"In a second terminal:": "The lesson does this:", "Type there:": "Type:"}
FOLDED: Final = 3  # lines of an answer to EHLO in a journey, from which on they are counted only
_EXTENSION: Final = re.compile(r" +(<-|->|<~|~>) 250-")
_HERE: Final = "What you type goes to the server; ? shows the step again,"
_BESIDE: Final = (
    "What is to be typed is typed in a second terminal; the lesson sees it there: the first to connect where it says is taken for you."
    " Enter shows the step again,"
)
_SPEAKS: Final = {"pop3": "pop3", "pop3s": "pop3s", "smtp": "esmtp", "submission": "esmtp"}
_STYLES: Final = {"<": "cyan", "-": "green", "~": "green"}


class Aloud:
    """To a student."""

    def __init__(self, terminal: Terminal, place: Place, lesson: Lesson, *, here: bool = False) -> None:
        """`here`: it is typed at the lesson itself."""
        self._terminal = terminal
        self._place = place
        self._lesson = lesson
        self._here = here
        self._width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
        self._said: set[str] = set()
        self._explainer: Explainer | None = None

    def begin(self, first: int, *, own: bool) -> None:
        """Before the first part."""
        lesson = self._lesson
        self._terminal.styled(f"{lesson.title}  ({', '.join(lesson.sources)})", "bold")
        self._wrapped(lesson.about)
        where = "This lesson runs a lab of its own." if own else "In your lab, which is running."
        how = _HERE if self._here else _BESIDE
        self._wrapped(f"{where} {how} q leaves, and the lesson goes on there next time.")
        if lesson.is_felt_by_all and not own:
            self._wrapped("It shuts doors or moves the clock, which all who are in this lab will feel.")
        if first:
            self._wrapped(f"Going on with part {first + 1} of {len(lesson.parts)}; from the start: --restart")

    def end(self) -> None:
        """All parts are done."""
        self._terminal.say("")
        self._terminal.styled(f"That was {self._lesson.title}. More: postroom lesson list", "bold")

    def left(self) -> None:
        """The student has gone."""
        self._terminal.say("")
        self._terminal.say(f"Left. It goes on here with: postroom lesson run {self._lesson.name}")

    def part(self, number: int, part: Part) -> None:
        """Its title."""
        self._terminal.say("")
        self._terminal.styled(
            f"== Part {number} of {len(self._lesson.parts)}: {part.title} ==", "bold yellow"
        )

    def step(self, number: int, step: Step, values: Values) -> None:
        """What it is about, and what to do."""
        if isinstance(step.do, Connect):
            self._explainer = _explainer(step.do.service)
        self._terminal.say("")
        self._wrapped(f"{number}. {values.fill(step.say)}", hanging=3)
        self._instruct(step, values)

    def again(self, step: Step, values: Values) -> None:
        """What to do."""
        self._instruct(step, values)

    def heard(self, happening: Happening, seen: Seen, attention: Attention) -> None:
        """A line of the student's connection, or whatever else the step looks for."""
        own = is_own(happening, attention.connection)
        if happening.kind == "line" and own:
            self._line(happening, seen)
        elif seen is Seen.FITS:
            self._terminal.styled(f"      {_beside(happening, own=own)}", "dim")
        if seen is Seen.MISTYPED:
            self._wrapped("This is not what the step asks for; go on as it says.", 6)

    def printed(self, output: str) -> None:
        """As it is, but for long lists of extensions."""
        for line in folded(output.rstrip().expandtabs().split("\n")):
            self._terminal.styled(f"      {line}", "dim")

    def done(self, step: Step, values: Values) -> None:
        """What it meant."""
        if step.explain:
            source = f" ({step.source})" if step.source else ""
            self._wrapped(f"=> {values.fill(step.explain)}{source}", 3, hanging=3)

    def lost(self, *, ended: bool) -> None:
        """Once more."""
        if ended:
            self._wrapped(
                "That was not yet it: the connection has ended too soon. Do it once more from here:"
            )
        else:
            self._wrapped(
                "That was not yet it: these were other lines than asked for. Leave (QUIT), and do it once more from here:"
            )

    def _line(self, happening: Happening, seen: Seen) -> None:
        explained = self._explained(happening)
        dim = "" if seen in (Seen.FITS, Seen.REFUSED) else " dim"
        style = "red" if seen is Seen.REFUSED else _STYLES[happening.arrow[0]]
        self._terminal.styled(f"      {shown(happening).expandtabs()}", style + dim)
        if explained and not dim and happening.arrow in ("->", "~>") and explained not in self._said:
            self._said.add(explained)
            self._wrapped(explained, 9, "italic dim")

    def _explained(self, happening: Happening) -> str:
        if self._explainer is None or happening.content or happening.text in ("", "."):
            return ""
        words = self._explainer.line(
            (b"<" if happening.arrow[0] == "<" else b">") + happening.text.encode("utf-8", "replace")
        )
        return f"{words.text} ({words.source})" if words is not None else ""

    def _instruct(self, step: Step, values: Values) -> None:
        lines = instruction(step, values, self._place)
        if self._here:
            lines = [_BY_ITSELF.get(lines[0], lines[0]), *lines[1:]]
        words, *typed = lines
        mark = (
            "   > " if len(typed) == 1 else ""
        )  # several lines stand so that they can be copied as they are
        self._terminal.say(f"   {words}")
        for line in typed:
            self._terminal.styled(f"{mark}{line}", "bold")

    def _wrapped(self, text: str, indent: int = 0, style: str = "", *, hanging: int = 0) -> None:
        filled = textwrap.fill(
            text, self._width, initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging), break_on_hyphens=False,
        )  # fmt: skip
        self._terminal.styled(filled, style)


class Terse:
    """To whoever checks it: a line for each step that holds."""

    def __init__(self, terminal: Terminal, lesson: Lesson) -> None:
        self._terminal = terminal
        self._lesson = lesson
        self._part = 0
        self._what = ""
        self.at = ""

    def part(self, number: int, _part: Part) -> None:
        """Remembered."""
        self._part = number

    def step(self, number: int, step: Step, values: Values) -> None:
        """Where it is, should it not hold."""
        self.at = f"{self._lesson.name} {self._part}.{number}"
        self._what = values.fill(brief(step))

    def done(self, _step: Step, _values: Values) -> None:
        """It holds."""
        self._terminal.say(f"ok  {self.at:<14} {self._what}")
        self._terminal.record({"name": self._lesson.name, "step": self.at.split()[-1], "did": self._what})

    def again(self, step: Step, values: Values) -> None:
        """Never."""

    def heard(self, happening: Happening, seen: Seen, attention: Attention) -> None:
        """Not told."""

    def printed(self, output: str) -> None:
        """Not told."""

    def lost(self, *, ended: bool) -> None:
        """Never: that does not hold."""


def folded(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a journey; of an answer to EHLO only the first, and how many follow."""
    for is_list, group in itertools.groupby(lines, lambda line: _EXTENSION.match(line) is not None):
        listed = list(group)
        if is_list and len(listed) > FOLDED:
            yield listed[0]
            indent = len(listed[0]) - len(listed[0].lstrip())
            yield f"{' ' * indent}   ({len(listed) - 1} more lines)"
        else:
            yield from listed


def _beside(happening: Happening, *, own: bool) -> str:
    """What is no line of the student's connection."""
    what = {"opened": "connected", "closed": "connection closed"}.get(happening.kind)
    if what is not None or own or not happening.server:
        return what or shown(happening)
    return f"{happening.server}: {shown(happening)}"


def instruction(step: Step, values: Values, place: Place) -> list[str]:
    """What to do: words, and then what is to be typed."""
    match step.do:
        case Connect():
            return ["In a second terminal:", *_ways(step.do, place)]
        case Type(""):
            return ["There, press Enter alone: an empty line."]
        case Type(text, at_once):
            return ["Paste all of it together:" if at_once else "Type there:", *values.fill(text).split("\n")]
        case Run():
            return ["Enter runs:", values.fill(step.do.by_hand)]
        case Ask(name, kind):
            way = f"dig @{LOOPBACK} -p {place.facts.dns} {values.fill(name)} {kind} +noall +answer"
            return ["Enter asks (by hand, where dig is installed):", way]
        case Post(text, recipient):
            return [f"(A letter is brought to {values.fill(recipient)}: {brief_text(values.fill(text))})"]
        case Door(domain, is_open):
            return [f"(The door of mail.{domain} is {'open again' if is_open else 'shut now'}.)"]
        case Consider():
            return ["Enter goes on."]


def _ways(wanted: Connect, place: Place) -> list[str]:
    port = place.port(wanted.service, wanted.domain)
    if not wanted.tls:
        return [f"telnet {LOOPBACK} {port}      (or: nc -C {LOOPBACK} {port})"]
    starttls = " -starttls smtp" if wanted.tls == "starttls" else ""
    where = f"-CAfile {place.facts.ca}{starttls} -connect {LOOPBACK}:{port} -servername mail.{wanted.domain}"
    return [f"openssl s_client -quiet -crlf {where}"]


def brief(step: Step) -> str:
    """What a step does, in a few words."""
    match step.do:
        case Connect(service, domain, tls):
            return f"connect to {service} of {domain}{' with TLS' if tls else ''}"
        case Type(text):
            return brief_text(text)
        case Run(command):
            return command
        case Ask(name, kind):
            return f"ask the DNS for {name} {kind}"
        case Post(text):
            return f"a letter: {brief_text(text)}"
        case Door(domain, is_open):
            return f"{'open' if is_open else 'shut'} the door of {domain}"
        case Consider():
            return "consider"


def brief_text(text: str) -> str:
    """Its first line, and whether there are more."""
    first, _, rest = text.partition("\n")
    return f"{first} ..." if rest else first


def _explainer(service: str) -> Explainer | None:
    protocol = _SPEAKS.get(service)
    return Explainer(Hop(HopKind.RECEIVED, 0, [Connected(0, protocol, "", "")])) if protocol else None
