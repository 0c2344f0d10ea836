"""A lesson on paper: what to do and what it means, as Markdown, without a lab.

What only a running lab knows stands in capitals: PASSWORD, NEWEST. Not here: the lesson as it is held (`telling`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from postroom.lab.doors import SHUT
from postroom.lab.lessons.lesson import Ask, Connect, Consider, Door, Lesson, Post, Run, Step, Type

_NAME: Final = re.compile(r"\$([a-z][a-z_]*)")
_KNOWN: Final = {
    "alice": "alice@crepes.test",
    "bob": "bob@hamburger.test",
    "bob_password": "PASSWORD",
    "secret": "tanstaaf",
    "newest_less": "NEWEST-1",
    "newest_more": "NEWEST+1",
    "plain": "NAME-AND-PASSWORD-IN-BASE64",
    "scram_first": "FIRST-MESSAGE-IN-BASE64",
    "scram_last": "PROOF-IN-BASE64",
}


def handout(lesson: Lesson) -> str:
    """All of it."""
    return "\n".join(_lines(lesson))


def _lines(lesson: Lesson) -> Iterator[str]:
    yield f"# {lesson.title}\n"
    yield f"{lesson.about} ({', '.join(lesson.sources)})"
    for part in lesson.parts:
        yield f"\n## {part.title[0].upper()}{part.title[1:]}\n"
        for number, step in enumerate(part.steps, 1):
            yield f"{number}. {filled(step.say)}"
            yield from _action(step)
            if step.explain:
                source = f" ({step.source})" if step.source else ""
                yield f"\n   {filled(step.explain)}{source}"
            yield ""


def _action(step: Step) -> Iterator[str]:
    match step.do:
        case Connect(service, domain, tls):
            under = {"": "", "starttls": ", and STARTTLS", "implicit": ", under TLS"}[tls]
            yield f"\n   Connect to the port of {service} at mail.{domain}{under}."
        case Type(""):
            yield "\n   Type an empty line."
        case Type(text):
            yield from _block(text)
        case Run():
            yield from _block(f"$ {step.do.by_hand}")
        case Ask(name, kind):
            yield f"\n   Ask the DNS for {name}, {kind}."
        case Post(text):
            yield from _block(text)
        case Door(domain, is_open):
            shut = f"add mail --reply '{SHUT.format(domain)}' --domain {domain}"
            yield from _block(f"$ postroom lab faults {'clear' if is_open else shut}")
        case Consider():
            pass


def _block(text: str) -> Iterator[str]:
    yield ""
    yield from (f"       {line}".rstrip() for line in filled(text).split("\n"))


def filled(text: str) -> str:
    """With words in place of values."""
    return _NAME.sub(lambda found: _KNOWN.get(found[1], found[1].upper()), text)
