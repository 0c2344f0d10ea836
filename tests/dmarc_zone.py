"""A zone of DMARC records, written short."""

from __future__ import annotations

from spf_zone import Zone


def zone(records: str) -> Zone:
    """`e.test p=none` is a record at _dmarc.e.test; `e.test` a name; `e.test !SERVFAIL` a failure; | separates them."""
    lines = []
    for line in records.split("|"):
        name, _, tags = line.strip().partition(" ")
        text = tags if tags.startswith("!") else f"v=DMARC1; {tags}"
        lines.append(f"_dmarc.{name} TXT {text}" if tags else f"{name} A 192.0.2.1")
    return Zone("\n".join(lines))
