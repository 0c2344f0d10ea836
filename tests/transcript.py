"""Dialogues as files: `C:` and `S:` lines as books and RFCs print them, read and replayed against a machine.

    # a comment
    @ account mrose tanstaaf          what the stage needs to know; its words are the stage's
    M: Subject: one                   a line of a message; `@ message` begins one
    C: STAT                           lines without an S: between them are sent together
    S: +OK 2 320
    S: +OK *                          a star stands for any text
    S: ...                            stands for lines up to one with a single dot
    E: deliver                        something happens meanwhile, before the next C: lines; its words are the stage's

A machine is fed in pieces of a given size, so that one file tests every cut.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec


class Exchange(msgspec.Struct):
    """What the client sends in one go, and what it then hears."""

    sent: list[str] = []
    heard: list[str] = []
    events: list[str] = []


class Script(msgspec.Struct):
    """A dialogue. The first exchange sends nothing: it is the greeting. `facts` are the words of the `@` lines."""

    facts: list[list[str]] = []
    messages: list[list[str]] = []
    exchanges: list[Exchange] = []


def read_script(path: Path) -> Script:
    """Reads a file; raises ValueError for a line that is none of the above."""
    script = Script([], [], [Exchange([], [])])
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        kind, _, text = line.partition(" ")
        if kind == "@":
            script.facts.append(text.split())
            if text == "message":
                script.messages.append([])
        elif kind == "M:":
            script.messages[-1].append(text)
        elif kind == "C:":
            if script.exchanges[-1].heard or len(script.exchanges) == 1 or script.exchanges[-1].events:
                script.exchanges.append(Exchange([], []))
            script.exchanges[-1].sent.append(text)
        elif kind == "E:":
            script.exchanges.append(Exchange([], [], [text]))
        elif kind == "S:":
            script.exchanges[-1].heard.append(text)
        elif line and not line.startswith("#"):
            raise ValueError(f"{path.name}:{number}: neither C: nor S: nor a comment: {line!r}")
    return script


def replay(script: Script, machine: Any, answer: Callable[[Any], None], cut: int) -> None:
    """Plays the client. `answer` answers one event of the machine; `cut` octets travel at a time, 0 for a random number each time."""
    chance = random.Random(20040401)
    for exchange in script.exchanges:
        data = "".join(f"{line}\r\n" for line in exchange.sent).encode()
        said = b""
        for piece in pieces(data, cut, chance):
            machine.receive(piece)
            while (event := machine.next_event()) is not None:
                answer(event)
            said += machine.data_to_send()
        said += machine.data_to_send()
        assert said.endswith(b"\r\n") or not exchange.heard, f"{said!r} after {exchange.sent}"
        compare(exchange, said.decode().split("\r\n")[:-1])


def pieces(data: bytes, cut: int, chance: random.Random) -> Iterator[bytes]:
    """The data in pieces."""
    start = 0
    while start < len(data):
        size = cut or chance.randint(1, 9)
        yield data[start : start + size]
        start += size


def compare(exchange: Exchange, said: list[str], star: str = "*") -> None:
    """Whether what was said is what was expected, line by line; `star` is what stands for any text."""
    at = 0
    for expected in exchange.heard:
        if expected == "...":
            while at < len(said) and said[at] != ".":
                at += 1
            continue
        assert at < len(said), f"after {exchange.sent}: expected {expected!r}, and nothing came"
        assert matches(expected, said[at], star), (
            f"after {exchange.sent}: expected {expected!r}, came {said[at]!r}"
        )
        at += 1
    assert at == len(said), f"after {exchange.sent}: unexpected {said[at:]!r}"


def matches(expected: str, line: str, star: str = "*") -> bool:
    """Equality, with a star for any text."""
    first, *others = expected.split(star)
    if not others:
        return line == expected
    if not line.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        found = line.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(line) >= at + len(others[-1]) and line.endswith(others[-1])
