"""What the look at all open logins (`serve.standing`) is told in tests."""

from __future__ import annotations

from postroom.serve.standing import Standing
from postroom.store.login.standing import Ground


async def look(standing: Standing, *, good: bool) -> int:
    """How many logins were asked about; all of them hold, or none."""
    asked = []

    async def holds(ground: Ground) -> bool:
        asked.append(ground)
        return good

    await standing.look(holds)
    return len(asked)
