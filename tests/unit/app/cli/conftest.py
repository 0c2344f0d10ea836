"""Command lines on a store without a server, and against a server in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Ran, Run, Served
from postroom.app.cli.program import run as run_program


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that the commands find."""
    path = tmp_path / "postroom.toml"
    path.write_text('[server]\nhostname = "mail.hamburger.test"\ndata = "data"\n')
    monkeypatch.setenv("POSTROOM_CONFIG", str(path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return path


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line: `run("domain list")`, or word by word."""

    def run_line(*words: str) -> Ran:
        arguments = words[0].split() if len(words) == 1 else list(words)
        code = run_program(arguments)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run_line


@pytest.fixture
def served(config: Path) -> Iterator[Served]:
    """A server that answers the commands."""
    server = Served(config.parent / "data")
    yield server
    server.close()
