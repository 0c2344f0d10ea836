"""A program on a terminal of tmux's: keys in, and what the screen shows out."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from running import PATIENCE


class Screen:
    """120 by 40 characters."""

    def __init__(self, directory: Path, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._socket = str(directory / "tmux")
        self._environ = {**environ, "TERM": "xterm-256color"}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", *command)

    def keys(self, *keys: str) -> None:
        """Types keys: `Enter`, `C-x`, or text as it is."""
        self._tmux("send-keys", *keys)

    def text(self, text: str) -> None:
        """Types text, whatever it is called."""
        self._tmux("send-keys", "-l", text)

    def shown(self) -> str:
        """What stands there now; "" when the program has ended."""
        return self._tmux("capture-pane", "-p", check=False)

    def shows(self, words: str) -> str:
        """Waits until these words stand there."""
        end = time.monotonic() + PATIENCE
        while words not in (shown := self.shown()):
            assert time.monotonic() < end, f"waited in vain for {words!r}:\n{shown}"
            time.sleep(0.05)
        return shown

    def ends(self) -> None:
        """Waits until the program has ended."""
        end = time.monotonic() + PATIENCE
        while self._tmux("list-sessions", check=False):
            assert time.monotonic() < end, f"it does not end:\n{self.shown()}"
            time.sleep(0.05)

    def close(self) -> None:
        """Ends it, however it is."""
        self._tmux("kill-server", check=False)

    def _tmux(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            env=self._environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout if done.returncode == 0 else ""
