"""A record in the forms in which people paste it: into a web form, into a zone file, and as one string.

RFC 1035 §3.3.14 and §5.1 (strings of TXT in a zone file, at most 255 octets each), RFC 1035 §5.1 (relative names). What goes wrong with long TXT records goes
wrong here: some forms want no quotes and cut the text themselves, some take one string in quotes, zone files need several. Not here: which records.
"""

from __future__ import annotations

import msgspec

from postroom.mailauth.dkim.private_key import zone_text

TTL = 300  # seconds: short, while it is being set up


class DnsRecord(msgspec.Struct, frozen=True):
    """A record of `zone`, the domain it is for. `name` ends with a dot; `value` is as a web form takes it: a text without quotes, "" where only the
    administrator can know it. `topic` groups records, `why` says what it is for; mail works without an `optional` one."""

    name: str
    type: str
    value: str
    why: str
    topic: str = ""
    zone: str = ""
    optional: bool = False
    ttl: int = TTL

    @property
    def host(self) -> str:
        """The name as most web forms want it: without the domain, `@` for the domain itself; in full where it is another domain's."""
        name = self.name.removesuffix(".")
        if name == self.zone:
            return "@"
        return name.removesuffix(f".{self.zone}")

    @property
    def string(self) -> str:
        """The value in one piece: a text in one pair of quotes."""
        return f'"{self.value}"' if self.type == "TXT" and self.value else self.value


class WrittenRecord(msgspec.Struct, frozen=True):
    """A record in all its forms: `host` and `value` for a web form, `zone_file` a line, `string` in one piece."""

    topic: str
    name: str
    host: str
    type: str
    ttl: int
    value: str
    zone_file: str
    string: str
    why: str
    optional: bool


def written(record: DnsRecord) -> WrittenRecord:
    """The record in all its forms."""
    return WrittenRecord(
        record.topic,
        record.name,
        record.host,
        record.type,
        record.ttl,
        record.value,
        zone_line(record),
        record.string,
        record.why,
        record.optional,
    )


def zone_line(record: DnsRecord | WrittenRecord) -> str:
    """The record as a line of a zone file; a comment where the value is missing."""
    value = zone_text(record.value) if record.type == "TXT" and record.value else record.value
    line = f"{record.name} {record.ttl} IN {record.type} {value or '<value>'}"
    return line if value else f"; {line}"


def in_zone_file(record: WrittenRecord) -> str:
    """The record in the zone file of the domain that it is for: what it is for, and its line; what another zone has to have is a comment (RFC 1035 §5.2)."""
    foreign = record.value and record.host == record.name.removesuffix(".")
    return f"; {record.why}\n{'; in another zone: ' if foreign else ''}{record.zone_file}"


def explained(record: WrittenRecord) -> str:
    """The record for people: what it is for, and each form on a line of its own."""
    optional = " (optional)" if record.optional else ""
    if not record.value:
        return f"{record.topic}{optional}: {record.why}\n    {record.zone_file}"
    lines = [
        f"{record.topic}{optional}: {record.why}",
        f"    web form    host {record.host}   (in full: {record.name.removesuffix('.')})   type {record.type}   value {record.value}",
    ]
    if record.type == "TXT":
        lines.append(f"    one string  {record.string}")
    return "\n".join([*lines, f"    zone file   {record.zone_file}"])
