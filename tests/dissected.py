"""What tshark, a program that knows nothing of us, finds in a capture file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

_STRICT = (
    "-o",
    "smtp.decryption:TRUE",
    "-o",
    "tcp.check_checksum:TRUE",
    "-o",
    "ip.check_checksum:TRUE",
    "-o",
    "udp.check_checksum:TRUE",
)
_WARNING = 0x0060_0000  # severities of Wireshark: chat, note, warning, error
_ENDS = "connection closing"  # a note on each FIN


class Dissected:
    """A capture, looked at by tshark."""

    def __init__(self, require_tool: Callable[..., str], path: Path) -> None:
        self._command = [require_tool("tshark"), "-r", str(path), "-n", *_STRICT]

    def fields(self, wanted: str, *names: str) -> list[tuple[str, ...]]:
        """These fields of the packets that a display filter lets through; the values of a field are joined by `|`."""
        chosen = [word for name in names for word in ("-e", name)]
        found = self._run("-Y", wanted, "-T", "fields", "-E", "aggregator=|", *chosen)
        return [tuple(line.split("\t")) for line in found.splitlines()]

    def count(self, wanted: str) -> int:
        """How many packets it lets through."""
        return len(self.fields(wanted, "frame.number"))

    def stream(self, number: int) -> str:
        """All that was said over a connection, by the line; what the server said is indented."""
        return self._run("-q", "-z", f"follow,tcp,ascii,{number}")

    def packets(self, wanted: str) -> list[dict[str, Any]]:
        """All that tshark knows."""
        found: list[dict[str, Any]] = json.loads(self._run("-Y", wanted, "-T", "json"))
        return found

    def assert_sound(self) -> None:
        """No malformed packet, no wrong checksum, no retransmission, nothing that Wireshark wonders at."""
        assert self.count("frame") > 0
        wondered = self.fields("_ws.expert", "frame.number", "_ws.expert.message", "_ws.expert.severity")
        for number, message, severity in wondered:
            worst = max(int(one) for one in severity.split("|"))
            assert worst < _WARNING, (number, message)
            if "4194304" in severity:
                assert _ENDS in message, (number, message)
        assert not self.count("_ws.malformed || tcp.analysis.flags || tcp.checksum.status == Bad")
        assert not self.count("ip.checksum.status == Bad || udp.checksum.status == Bad")
        assert not self.count("tcp.len > 1460")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._command, *arguments], capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "replace")
