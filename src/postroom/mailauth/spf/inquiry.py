"""What one check knows: who is asked about, the questions so far, the client's names; and with it, what macros expand to.

RFC 7208 §4.8 (target names), §5.5 (validated names), §7.2 (the values of macro letters), RFC 8616 §4. Not here: records and mechanisms.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from postroom.mailauth.spf.macros import ENOUGH, MacroString, target_name
from postroom.mailauth.spf.questions import Questions
from postroom.mailauth.spf.verdict import Client, Identity, Ip
from postroom.proto.dns.answer import Family

_OF_LOCAL_PARTS = frozenset("sl")  # the macro letters in whose values the local part is


class Inquiry:
    """One check. `ip` and `family` are the client's; names and whether they are validated are asked for once."""

    def __init__(self, client: Client, identity: Identity, questions: Questions) -> None:
        self.questions = questions
        self.ip: Ip = client.address
        self.family = Family.IPV4 if self.ip.version == 4 else Family.IPV6
        self._client = client
        self._identity = identity
        self._names: tuple[str, ...] | None = None
        self._validated: dict[str, bool] = {}

    async def target(self, spec: MacroString | None, domain: str) -> str | None:
        """The <target-name> of a term in the record of `domain` (RFC 7208 §4.8).

        "" when the DNS cannot be asked for it; None when it asks for a local part that is beyond ASCII, whatever would be left of that: then
        the term matches nothing (RFC 8616 §4).
        """
        if spec is None:
            return domain
        if not self._identity.local.isascii() and not _OF_LOCAL_PARTS.isdisjoint(spec.letters):
            return None
        return target_name(spec.ending(await self._values(spec.letters, domain), ENOUGH))

    async def expanded(self, text: MacroString, domain: str) -> str:
        """A text with its macros expanded, as it stands in the record of `domain`."""
        return text.expand(await self._values(text.letters, domain))

    async def _values(self, letters: frozenset[str], domain: str) -> Mapping[str, str]:
        """RFC 7208 §7.2. Only `p` costs anything, so it is looked for only where it is wanted."""
        client, identity, ip = self._client, self._identity, self.ip
        dotted = str(ip) if isinstance(ip, ipaddress.IPv4Address) else ".".join(ip.exploded.replace(":", ""))
        return {
            "s": identity.sender,
            "l": identity.local,
            "o": identity.domain,
            "d": domain,
            "i": dotted,
            "p": await self._validated_name(domain) if "p" in letters else "",
            "v": "in-addr" if ip.version == 4 else "ip6",
            "h": client.helo,
            "c": str(ip),
            "r": client.receiver,
            "t": str(client.now),
        }

    async def names(self, *, counted: bool = False) -> tuple[str, ...]:
        """The first of the client's names (RFC 7208 §4.6.4), none when the DNS fails (§5.5); `counted` where a term asks for them."""
        if self._names is None:
            answer = await self.questions.names(str(self.ip))
            self._names = answer.records[: self.questions.limits.names]
            if counted:
                self.questions.count(answer)
        return self._names

    async def is_validated(self, name: str) -> bool:
        """Whether the client's address is one of the name's (RFC 7208 §5.5)."""
        if name not in self._validated:
            answer = await self.questions.addresses_if_any(name, self.family)
            self._validated[name] = str(self.ip) in answer.records or any(
                ipaddress.ip_address(ip) == self.ip for ip in answer.records
            )
        return self._validated[name]

    async def _validated_name(self, domain: str) -> str:
        """`%{p}` (RFC 7208 §7.3): the domain itself, else a name in it, else any."""
        wanted = domain.lower()
        names = await self.names()
        for name in sorted(names, key=lambda name: (name != wanted, not name.endswith(f".{wanted}"))):
            if await self.is_validated(name):
                return name
        return "unknown"
