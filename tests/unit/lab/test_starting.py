"""What a command of the lab imports before it does anything: the servers only when it starts them."""

from __future__ import annotations

import subprocess
import sys


def test_commands_do_not_load_the_servers() -> None:
    asked = "import sys, postroom.lab.cli; print([one for one in ('postroom.app.server', 'uvicorn', 'rich') if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
