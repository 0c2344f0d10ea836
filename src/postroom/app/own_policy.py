"""The MTA-STS policy that a server publishes for its domains (RFC 8461 §3.2).

Not here: its text (`web.mta_sts`), and those of others.
"""

from __future__ import annotations

from postroom.app.settings.file import Settings, SettingsError
from postroom.message.address import fold
from postroom.proto.http.mta_sts import BadPolicy, parse_policy
from postroom.web.mta_sts import Policy


def own_policy(settings: Settings) -> Policy:
    """Every domain of a server has the same: they have their mail hosts in common."""
    wanted = settings.mta_sts
    return Policy(wanted.mode, wanted.mx or (settings.server.hostname,), wanted.max_age)


def check(settings: Settings) -> None:
    """Raises `SettingsError` for a host that is none: who reads the policy refuses all of it, or sends no mail (RFC 8461 §3.2)."""
    for host in settings.mta_sts.mx:
        if not _is_host(host):
            raise SettingsError(
                f'[mta_sts] mx: "{host}" is no host; write e.g. mail.example.com or *.example.com, as the DNS has it'
            )


def _is_host(host: str) -> bool:
    text = Policy("enforce", (host,), 0).text()
    try:
        return parse_policy(text.encode()).mx == (fold(host),)
    except BadPolicy:
        return False
