"""What a disk may hold after a power cut, worked out from the system calls that a process has made.

A model of what POSIX promises and no more: octets are durable once fsync(2) of their file has returned, as they were when it was called, and a
name once fsync of its directory has; what was done later may be there, may not, may be there in part. strace(1) says what was called and when it
was done. No power is cut, and no file system is asked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

CALLS = (
    "openat", "open", "creat", "write", "pwrite64", "writev", "pwritev", "ftruncate", "fallocate", "lseek",
    "fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
    "link", "linkat", "sendto", "sendmsg",
)  # fmt: skip
SECTOR = 512

_LINE = re.compile(rb"(\d+) +(\w+)\((.*)\) += (-?\d+|\?)[^)]*$")
_BEGUN = re.compile(rb"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_ENDED = re.compile(rb"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)[^)]*$")
_STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(rb"^(\d+)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")


def strace(output: Path) -> list[str]:
    """What to put before a command. The process that is started is the command's, not strace."""
    calls = ",".join(CALLS)
    return [
        "strace",
        "-D",
        "-f",
        "-q",
        "-y",
        "-xx",
        "-s",
        "100000000",
        "-e",
        f"trace={calls}",
        "-o",
        str(output),
    ]


class Call(msgspec.Struct):
    """A system call: `begun` and `ended` are lines of the log."""

    begun: int
    ended: int
    name: str
    arguments: bytes
    result: int

    @property
    def strings(self) -> list[bytes]:
        return [_octets(found) for found in _STRING.findall(self.arguments)]

    @property
    def descriptor(self) -> tuple[int, str]:
        """Its number and what it is; "" for a file without a name."""
        found = _DESCRIPTOR.match(self.arguments)
        assert found is not None, self.arguments[:200]
        return int(found[1]), "" if found[3] else _octets(found[2]).decode()

    @property
    def last(self) -> int:
        """The last argument, a number."""
        return int(self.arguments.rpartition(b", ")[2], 0)


def calls(output: Path) -> list[Call]:
    """Those that were successful, in the order of their begin."""
    open_: dict[tuple[bytes, bytes], tuple[int, bytes]] = {}
    found = []
    for number, line in enumerate(output.read_bytes().splitlines()):
        if match := _LINE.match(line):
            begun, name, arguments, result = number, match[2], match[3], match[4]
        elif match := _BEGUN.match(line):
            open_[match[1], match[2]] = number, match[3]
            continue
        elif match := _ENDED.match(line):
            begun, first = open_.pop((match[1], match[2]))
            name, arguments, result = match[2], first + match[3], match[4]
        else:
            continue
        if result.isdigit():
            found.append(Call(begun, number, name.decode(), arguments, int(result)))
    return sorted(found, key=lambda call: call.begun)


def _octets(escaped: bytes) -> bytes:
    return bytes.fromhex(escaped.replace(b"\\x", b"").decode())


class File:
    """A file's octets: durable ones, and what was done since."""

    def __init__(self, octets: bytes = b"") -> None:
        self.durable = octets
        self.since: list[
            tuple[int, bytes | None]
        ] = []  # from which offset which octets; None: its end is there

    def whole(self) -> bytes:
        return self.after(self.since)

    def after(self, since: Sequence[tuple[int, bytes | None]]) -> bytes:
        octets = bytearray(self.durable)
        for at, data in since:
            octets.extend(bytes(max(0, at - len(octets))))
            if data is None:
                del octets[at:]
            else:
                octets[at : at + len(data)] = data
        return bytes(octets)


class Directory:
    """Names: durable ones, and what was done since; each thing done is some names with what they stand for, or None, all at once."""

    def __init__(self) -> None:
        self.durable: dict[str, File | Directory] = {}
        self.since: list[dict[str, File | Directory | None]] = []

    def names(self, done: int | None = None) -> dict[str, File | Directory]:
        names: dict[str, File | Directory | None] = dict(self.durable)
        for one in self.since[:done]:
            names.update(one)
        return {name: node for name, node in names.items() if node is not None}


class Disk:
    """The directory `root` as it is now, all of it durable, and what calls make of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = _read(root)
        self._at: dict[int, int] = {}  # where the next write of a descriptor goes
        self._syncing: list[tuple[int, Callable[[], None]]] = []

    def play(self, call: Call) -> None:
        """What the call does, except that a sync counts from its end on: see `settle`."""
        if call.name == "openat":
            self._open(call)
        elif call.name == "mkdir":
            self._named(call.strings[0], lambda _: Directory())
        elif call.name in ("unlink", "rmdir"):
            self._named(call.strings[0], lambda _: None)
        elif call.name == "rename":
            self._rename(*call.strings)
        elif call.name in ("write", "pwrite64", "writev", "ftruncate", "lseek", "fsync", "fdatasync"):
            self._on_descriptor(call)
        else:
            assert not any(self._inside(one.decode("utf-8", "replace")) for one in call.strings), call

    def settle(self, line: int) -> bool:
        """Makes durable what was synced before this line of the log; whether there was anything."""
        ready = [done for end, done in self._syncing if end < line]
        self._syncing = [(end, done) for end, done in self._syncing if end >= line]
        for done in ready:
            done()
        return bool(ready)

    def image(self, chance: random.Random | None, *, everything: bool = False) -> Image:
        """What may be there now: nothing that is not durable, or with `everything` all of it, or as chance has it."""
        return dict(_image(self.top, Path(), chance, everything=everything))

    def _inside(self, path: str) -> bool:
        return path.startswith(f"{self.root}/")

    def _find(self, path: str) -> File | Directory | None:
        node: File | Directory | None = self.top
        for name in Path(path).relative_to(self.root).parts:
            node = node.names().get(name) if isinstance(node, Directory) else None
        return node

    def _named(self, path: bytes, make: Callable[[File | Directory | None], File | Directory | None]) -> None:
        text = path.decode()
        if self._inside(text):
            directory = self._find(str(Path(text).parent))
            assert isinstance(directory, Directory), text
            directory.since.append({Path(text).name: make(self._find(text))})

    def _open(self, call: Call) -> None:
        [path] = call.strings
        self._at[call.result] = 0
        if b"O_CREAT" in call.arguments and self._inside(path.decode()) and self._find(path.decode()) is None:
            self._named(path, lambda _: File())
        assert b"O_TRUNC" not in call.arguments or not self._inside(path.decode()), call

    def _rename(self, old: bytes, new: bytes) -> None:
        if self._inside(old.decode()):
            before, after = Path(old.decode()), Path(new.decode())
            assert before.parent == after.parent, "a rename between directories"
            directory = self._find(str(before.parent))
            assert isinstance(directory, Directory)
            directory.since.append({before.name: None, after.name: self._find(str(before))})

    def _on_descriptor(self, call: Call) -> None:
        number, path = call.descriptor
        node = self._find(path) if self._inside(path) or path == str(self.root) else None
        if node is None:
            return
        if call.name in ("fsync", "fdatasync"):
            self._sync(node, call.ended)
        elif call.name == "lseek":
            self._at[number] = call.result
        elif isinstance(node, File):
            if call.name == "ftruncate":
                node.since.append((call.last, None))
                return
            at = call.last if call.name == "pwrite64" else self._at[number]
            node.since.append((at, b"".join(call.strings)[: call.result]))
            self._at[number] = at + call.result

    def _sync(self, node: File | Directory, end: int) -> None:
        done = len(node.since)
        state = node.whole() if isinstance(node, File) else node.names()

        def settled() -> None:
            node.durable = state  # type: ignore[assignment]
            del node.since[:done]

        self._syncing.append((end, settled))


Image = dict[Path, bytes | None]


def lay_out(image: Image, directory: Path) -> None:
    """Makes it real; a path that stands for None is a directory."""
    for path, octets in image.items():
        if octets is None:
            (directory / path).mkdir(parents=True, exist_ok=True)
        else:
            (directory / path).write_bytes(octets)


def _read(path: Path) -> Directory:
    directory = Directory()
    for entry in path.iterdir():
        if entry.is_dir():
            directory.durable[entry.name] = _read(entry)
        elif entry.is_file():
            directory.durable[entry.name] = File(entry.read_bytes())
    return directory


def _image(
    directory: Directory, at: Path, chance: random.Random | None, *, everything: bool
) -> Iterator[tuple[Path, bytes | None]]:
    yield at, None
    done = len(directory.since) if everything else chance.randint(0, len(directory.since)) if chance else 0
    for name, node in directory.names(done).items():
        if isinstance(node, Directory):
            yield from _image(node, at / name, chance, everything=everything)
        else:
            since = node.since if everything else _some(node.since, chance) if chance else []
            yield at / name, node.after(since)


def _some(
    since: Sequence[tuple[int, bytes | None]], chance: random.Random
) -> Iterator[tuple[int, bytes | None]]:
    """Some of what was done: each thing, nothing of it, or only its first sectors."""
    for at, data in since:
        match chance.randrange(3):
            case 0:
                yield at, data
            case 1 if data is not None:
                yield at, data[: SECTOR * chance.randint(0, len(data) // SECTOR)]
