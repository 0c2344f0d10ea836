"""The Internet in one process: two mail domains with their own DNS, CA, clock and faults, on loopback.

`postroom.lab.Lab` is such a lab for programs and tests; see `lab.testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from postroom.lab.testing.lab import Lab

__all__ = ["Lab"]


def __getattr__(name: str) -> Any:
    """`Lab`, imported when it is asked for: commands that need none start faster."""
    if name == "Lab":
        from postroom.lab.testing.lab import Lab

        return Lab
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
