"""The Internet in one process: two mail domains with their own DNS, CA, clock and faults, on loopback.

`postroom.lab.Lab` is such a lab for programs and tests, `Mailbox` what it gives them; see `lab.testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from postroom.lab.arrived.box import Mailbox
    from postroom.lab.testing.lab import Lab

__all__ = ["Lab", "Mailbox"]


def __getattr__(name: str) -> Any:
    """Both are imported when they are asked for: commands that need neither start faster."""
    if name == "Lab":
        from postroom.lab.testing.lab import Lab

        return Lab
    if name == "Mailbox":
        from postroom.lab.arrived.box import Mailbox

        return Mailbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
