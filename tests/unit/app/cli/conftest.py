"""Command lines on a store without a server, and against a server in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Ran, Run, Served
from postroom.agent.runtime import SERVERS, lab_directory, publish
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


@pytest.fixture
def lab(config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Served]]:
    """Two servers, known by a lab's file alone."""
    monkeypatch.delenv("POSTROOM_CONFIG")
    monkeypatch.chdir(tmp_path.parent)
    servers = {name: Served(tmp_path / name) for name in ("crepes.test", "hamburger.test")}
    text = "".join(f'[servers."{name}"]\ncontrol = "{tmp_path / name / "control"}"\n' for name in servers)
    publish({SERVERS: text}, lab_directory())
    for name, server in servers.items():
        server.do(server.office.ask("domain.add", name=name))
    yield servers
    for server in servers.values():
        server.close()
