"""Somebody who types at a program and reads what it says: a line, the reply, the next line."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from running import PATIENCE


class Typist:
    """A program with somebody before it; on a terminal of its own if it looks for one."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], *, terminal: bool = False) -> None:
        if terminal:
            self._read, theirs = pty.openpty()
            streams = (theirs, theirs, theirs)
        else:
            self._read, output = os.pipe()
            streams = (subprocess.PIPE, output, output)
        self.process = subprocess.Popen(
            command, stdin=streams[0], stdout=streams[1], stderr=streams[2],
            env={**environ, "TERM": "dumb"}, start_new_session=True,
        )  # fmt: skip
        os.close(streams[1])
        self._write = self._read if self.process.stdin is None else self.process.stdin.fileno()
        self.seen = ""  # everything
        self._read_to = 0

    def type(self, text: str) -> None:
        """Types lines, each with the return key at its end."""
        os.write(self._write, text.encode() + b"\n")

    def reads(self, pattern: str, patience: float = PATIENCE) -> str:
        """Waits until what was not read yet holds the pattern; gives what matched."""
        end = time.monotonic() + patience
        while (found := re.compile(pattern, re.MULTILINE).search(self.seen, self._read_to)) is None:
            assert self._more(end), f"no {pattern!r} in {self.seen!r}"
        self._read_to = found.end()
        return found[0]

    def says(self, text: str, pattern: str) -> str:
        """Types, and waits for the reply."""
        self.type(text)
        return self.reads(pattern)

    def ends(self) -> int:
        """Types Ctrl-D, waits for the program's end; gives its exit code."""
        if self.process.stdin is not None:
            self.process.stdin.close()  # nc waits for it, even when nobody listens any more
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        assert self.process.returncode is not None, f"still running after {self.seen!r}"
        return self.process.returncode

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        os.close(self._read)

    def _more(self, end: float) -> bool:
        if not select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._read, 65536)
        except OSError:  # EIO: nobody has the other end of the terminal any more
            data = b""
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)
