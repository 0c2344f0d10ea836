"""The examples in other languages, as they stand in the repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import running

EXAMPLES = Path(__file__).parents[2] / "examples" / "other_languages"


def test_in_shell(lab: Any, require_tool: Callable[..., str]) -> None:
    """It uses the lab that it has started, though another runs already."""
    for tool in ("curl", "jq"):
        require_tool(tool)
    before = lab.postroom("journey", "--list", "10").stdout
    done = subprocess.run(
        ["sh", str(EXAMPLES / "sign_up.sh")],
        env=lab.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert lab.postroom("journey", "--list", "10").stdout == before
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout + done.stderr


def test_in_javascript(lab: Any, require_tool: Callable[..., str]) -> None:
    node = require_tool("node", "nodejs")
    page = lab.process.facts["page"]
    done = subprocess.run(
        [node, "--test", str(EXAMPLES / "sign_up.test.mjs")],
        env={**lab.environ, "LAB": page}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_waiting_for_a_lab(lab: Any, home: dict[str, str]) -> None:
    assert "The lab is ready: http://127.0.0.1:" in lab.postroom("lab", "--wait").stdout
    done = running.postroom(("lab", "--wait", "--timeout", "0"), home)
    assert (done.returncode, "no lab was ready within 0 s" in done.stderr) == (1, True)
