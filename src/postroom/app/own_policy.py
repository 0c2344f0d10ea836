"""The MTA-STS policy that a server publishes for its domains (RFC 8461 §3.2).

Not here: its text (`web.mta_sts`), and those of others.
"""

from __future__ import annotations

from postroom.app.settings import Settings
from postroom.web.mta_sts import Policy


def own_policy(settings: Settings) -> Policy:
    """Every domain of a server has the same: they have their mail hosts in common."""
    wanted = settings.mta_sts
    return Policy(wanted.mode, wanted.mx or (settings.server.hostname,), wanted.max_age)
