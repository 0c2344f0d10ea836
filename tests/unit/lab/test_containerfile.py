"""The Containerfile names the ports that a lab has."""

from __future__ import annotations

import json
import re
from pathlib import Path

from postroom.lab.plan import DEFAULT_BASE, HOUSES, PAGE_OFFSET

TEXT = (Path(__file__).parents[3] / "Containerfile").read_text("utf-8")
SERVICES = ("smtp", "submission", "submissions", "pop3", "pop3s", "imap", "imaps", "http", "https")


def test_ports() -> None:
    exposed = {
        int(port) for line in re.findall(r"^EXPOSE (.*)$", TEXT, re.MULTILINE) for port in line.split()
    }
    page = DEFAULT_BASE + PAGE_OFFSET
    assert exposed == {page} | {house.port(one, DEFAULT_BASE) for house in HOUSES for one in SERVICES}
    assert f"http://127.0.0.1:{page}/readyz" in TEXT


def test_it_runs_for_nobody_special() -> None:
    assert re.search(r"^USER postroom$", TEXT, re.MULTILINE)
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", TEXT, re.MULTILINE)
    assert "postroom lab --json" in json.loads(entry)[2]
