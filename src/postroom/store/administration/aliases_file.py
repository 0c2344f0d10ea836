"""The alias file of Unix mail systems (/etc/aliases), read into aliases.

    name: target, target ...       # a comment; lines that begin with white space go on with the entry before
    "quoted name": bob, :include:/etc/mail/staff, \\root

A file has no RFC; this is what sendmail and its successors agree on. Programs (`|command`) and files (`/path`) are not run or written: they are
refused, with the reason and the line, and the rest is read. Pure: files come from a given function. Not here: the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from postroom.message.address import Address, parse_mailbox

MAX_INCLUDES = 100  # files, over all entries: a file may include itself

ReadFile = Callable[[str], str]


class AliasLine(msgspec.Struct, frozen=True):
    """One entry, and its file and line: its name without a domain unless it was written with one, and its targets."""

    where: str
    name: Address
    targets: list[Address]


class Complaint(msgspec.Struct, frozen=True):
    """Something that was not taken: `where` is a file and line, `text` the reason and the remedy."""

    where: str
    text: str


class AliasFile(msgspec.Struct):
    """What a file says."""

    aliases: list[AliasLine] = []
    complaints: list[Complaint] = []


def parse_aliases(text: str, read: ReadFile, name: str = "aliases") -> AliasFile:
    """Reads a whole file; `read` gives the text of an included one or raises OSError. Never raises for what is in them."""
    reader = _Reader(read)
    for number, entry in logical_lines(text):
        reader.entry(f"{name}:{number}", entry)
    return AliasFile(list(reader.entered.values()), reader.complaints)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Entries with the number of their first line: comments gone, continuation lines joined."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        kept = _without_comment(line).rstrip()
        if not kept.strip():
            continue  # a comment line does not end an entry
        if kept[0] in " \t" and parts:
            parts.append(kept.strip())
            continue
        if parts:
            yield start, " ".join(parts)
        start, parts = number, [kept.strip()]
    if parts:
        yield start, " ".join(parts)


def _without_comment(line: str) -> str:
    for end, char, quoted in _characters(line):
        if char == "#" and not quoted:
            return line[:end]
    return line


def _characters(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each character with its place, and whether it is within quotes or behind a backslash."""
    quoted = escaped = False
    for place, char in enumerate(text):
        yield place, char, quoted or escaped
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted


def _partition(text: str, separator: str) -> tuple[str, str, str]:
    for place, char, quoted in _characters(text):
        if char == separator and not quoted:
            return text[:place].strip(), char, text[place + 1 :].strip()
    return text.strip(), "", ""


def _split(text: str, separator: str) -> list[str]:
    parts, start = [], 0
    for place, char, quoted in _characters(text):
        if char == separator and not quoted:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


class _Reader:
    def __init__(self, read: ReadFile) -> None:
        self._read = read
        self._includes = 0
        self.entered: dict[str, AliasLine] = {}
        self.complaints: list[Complaint] = []

    def entry(self, where: str, text: str) -> None:
        name, colon, rest = _partition(text, ":")
        address = parse_mailbox(name, unqualified=True)
        if not colon:
            self._complain(where, f"{text!r} has no colon: write it as name: target")
        elif address is None:
            self._complain(
                where, f"{name!r} is not a name: it is what stands before the @, in quotes if it has spaces"
            )
        else:
            targets = self._targets(where, rest)
            if targets:
                self._enter(AliasLine(where, address, targets))
            else:
                self._complain(where, f"{name} is left out: none of its targets can be used")

    def _enter(self, one: AliasLine) -> None:
        """Of several entries with one name the last counts."""
        before = self.entered.get(one.name.key)
        if before is not None:
            self._complain(before.where, f"{before.name} is left out: it is written again at {one.where}")
        self.entered[one.name.key] = one

    def _targets(self, where: str, text: str) -> list[Address]:
        targets: dict[str, Address] = {}
        todo = [(where, target) for target in reversed(_split(text, ","))]
        while todo:
            place, target = todo.pop()
            bare = target.removeprefix('"')
            if bare.lower().startswith(":include:"):
                todo += reversed(self._included(place, bare[9:].strip().strip('"')))
            elif target:
                address = self._target(place, target)
                if address is not None:
                    targets.setdefault(address.key, address)
        return list(targets.values())

    def _included(self, where: str, path: str) -> list[tuple[str, str]]:
        self._includes += 1
        if self._includes > MAX_INCLUDES:
            self._complain(where, f"{path} is not read: more than {MAX_INCLUDES} files are included")
            return []
        try:
            text = self._read(path)
        except (OSError, UnicodeDecodeError) as error:
            self._complain(where, f"{path} cannot be read: {error}")
            return []
        lines = ((number, _without_comment(line)) for number, line in enumerate(text.splitlines(), 1))
        return [(f"{path}:{number}", target) for number, line in lines for target in _split(line, ",")]

    def _target(self, where: str, target: str) -> Address | None:
        bare = target.removeprefix('"')
        if bare.startswith("|"):
            self._complain(
                where,
                f"{target} is refused: mail is not given to programs; use a mailbox that the program reads",
            )
        elif bare.startswith("/"):
            self._complain(where, f"{target} is refused: mail is not written to files; use an account")
        else:
            address = parse_mailbox(target.removeprefix("\\"), unqualified=True)
            if address is not None:
                return address
            self._complain(where, f"{target!r} is not an address")
        return None

    def _complain(self, where: str, text: str) -> None:
        self.complaints.append(Complaint(where, text))
