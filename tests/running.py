"""`postroom` as a process of its own: started, asked where it is, and stopped; what it left behind is looked at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

POSTROOM = str(Path(sys.executable).with_name("postroom"))
PATIENCE = 60.0  # seconds that anything here may take before the test says what it waited for

T = TypeVar("T")


def until(what: str, probe: Callable[[], T], patience: float = PATIENCE) -> T:
    """Asks `probe` again and again for something true, and gives it."""
    end = time.monotonic() + patience
    while not (found := probe()):
        assert time.monotonic() < end, f"waited {patience:.0f} s in vain for {what}"
        time.sleep(0.02)
    return found


def at_home(directory: Path, **other: str) -> dict[str, str]:
    """An environment whose every private place lies in `directory`: no setting of the machine is read, none is left behind."""
    runtime, temporary = directory / "runtime", directory / "tmp"
    runtime.mkdir(mode=0o700, exist_ok=True)
    temporary.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "POSTROOM_"))}
    return {
        **kept,
        "HOME": str(directory),
        "XDG_RUNTIME_DIR": str(runtime),
        "TMPDIR": str(temporary),
        "PATH": f"{Path(POSTROOM).parent}:{kept.get('PATH', os.defpath)}:/usr/sbin:/sbin",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        **other,
    }


class Running:
    """A server process that says in one JSON line when it is ready."""

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], log: Path, wrapped_by: Sequence[str] = ()
    ) -> None:
        self.environ = environ
        self.log = log
        self._output = log.with_suffix(".out")
        with self._output.open("wb") as output, log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*wrapped_by, POSTROOM, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environ,
            )
        try:
            self.facts: dict[str, Any] = json.loads(until("the server to be ready", self._ready))
        except BaseException:
            self.kill()
            raise

    def _ready(self) -> str:
        code = self.process.poll()
        assert code is None, f"ended with {code} instead of being ready:\n{self.log.read_text()}"
        line = self._output.read_text()
        return line if line.endswith("\n") else ""

    def stop(self) -> int:
        """Ctrl-C; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()


def postroom(
    arguments: Sequence[str], environ: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, whatever that is."""
    return run([POSTROOM, *arguments], environ, stdin)


def run(
    command: Sequence[str], environ: Mapping[str, str], stdin: str = "", cwd: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; a byte that is no UTF-8 passes as a surrogate."""
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, errors="surrogateescape", env=environ,
        cwd=cwd, timeout=PATIENCE * 2, check=False,
    )  # fmt: skip
