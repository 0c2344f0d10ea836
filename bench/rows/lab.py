"""What tests and class-rooms wait for: the start of `postroom lab`, and of the fixtures, beside aiosmtpd's controller and MailDev.

Programs are started with their bytecode compiled, as an installed one is. Not here: what the fixtures do (`bench.fixtures`).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.course import LEFT_OUT, Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.ours import PROGRAM
from bench.processes import BenchError, end
from bench.sockets import free_ports, until_banner

SESSION: Final = "session begins"
MAILBOX: Final = "a mailbox"
WAIT: Final = "sent and read"
READY: Final = "takes mail"
FIXTURE_KINDS: Final = (
    Kind(SESSION, "s", more_is_better=False, budget=Budget(at_most=1.0)),
    Kind(MAILBOX, "ms", more_is_better=False, budget=Budget(at_most=100)),
    Kind(WAIT, "ms", more_is_better=False),
)
LAB_KINDS: Final = (Kind(READY, "s", more_is_better=False),)
START_SECONDS: Final = 60.0
MAILDEV: Final = Path("build/peers/node_modules/.bin/maildev")


def run(course: Course) -> Iterator[Figure]:
    """The fixtures, then the program."""
    environ = _environ(course.place("bytecode"))
    alone = course.no_peer == LEFT_OUT
    other = not alone and importlib.util.find_spec("aiosmtpd") is not None
    if not other and not alone:
        course.note("fixtures: the peer would be aiosmtpd, which is not installed")
    samples = course.alternate(
        "fixtures beside aiosmtpd",
        lambda: _fixtures("postroom", environ),
        (lambda: _fixtures("aiosmtpd", environ)) if other else None,
        course.scale.starts,
    )
    yield from figures("fixtures (beside aiosmtpd's controller)", FIXTURE_KINDS, samples)
    maildev = "" if alone else _maildev_here()
    if not maildev and not alone:
        course.note("lab: the peer would be MailDev: npm install --prefix build/peers maildev@2")
    samples = course.alternate(
        "lab beside MailDev",
        lambda: _lab(environ, course.place("lab")),
        (lambda: _maildev(maildev, course.place("maildev"))) if maildev else None,
        course.scale.starts,
    )
    yield from figures("postroom lab (beside MailDev)", LAB_KINDS, samples)


def _maildev_here() -> str:
    return shutil.which("maildev") or (str(MAILDEV.absolute()) if MAILDEV.exists() else "")


def _environ(bytecode: Path) -> dict[str, str]:
    """With compiled modules, whatever the caller's environment says; the first start makes them."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    _fixtures("postroom", environ)
    return environ


def _fixtures(side: str, environ: dict[str, str]) -> Sample:
    done = subprocess.run(
        [sys.executable, "-m", "bench.fixtures", side],
        capture_output=True,
        text=True,
        env=environ,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{side}: {done.stderr.strip().rpartition(chr(10))[2]}")
    found = json.loads(done.stdout)
    return {key: found[name] * scale for key, name, scale in _FOUND if name in found}


_FOUND: Final = ((SESSION, "session", 1), (MAILBOX, "mailbox", 1000), (WAIT, "wait", 1000))


def _lab(environ: dict[str, str], place: Path) -> Sample:
    """Until its line says that it is ready; nothing of it was there before."""
    place.mkdir()
    began = time.perf_counter()
    words = [str(PROGRAM), "lab", "--json", "--base-port", "0", "--data", str(place / "data")]
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**environ, "XDG_RUNTIME_DIR": str(place)},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        taken = time.perf_counter() - began
    finally:
        end(process.pid)
        process.communicate()
    if not line:
        raise BenchError("postroom lab did not start")
    return {READY: taken}


def _maildev(program: str, place: Path) -> Sample:
    place.mkdir()
    smtp, web = free_ports(2)
    words = [
        program,
        "--smtp",
        str(smtp),
        "--web",
        str(web),
        "--ip",
        "127.0.0.1",
        "--mail-directory",
        str(place),
    ]
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return {READY: until_banner(smtp, b"220", START_SECONDS) - began}
    finally:
        end(process.pid)
        process.wait()


LAB: Final = Row("lab", "starts of the lab and its fixtures", run)
