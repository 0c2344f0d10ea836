"""Slips for a class: to each account its address, its password, and where its mail is given in and read; for paper.

RFC 8314 §3 (TLS from the first byte where a program can). Not here: who is on the roll (`lab.classroom.roll`), the commands (`lab.cli.slips`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from ipaddress import ip_address
from typing import Final

import msgspec

SLIPS: Final = "slips"
WIDTH: Final = 64


class Slip(msgspec.Struct, frozen=True):
    """What somebody needs. `host` is the address to connect to, `name` what the server's certificate says, `ports` by service."""

    address: str
    password: str
    host: str
    name: str
    ports: Mapping[str, int]

    @property
    def web(self) -> str:
        """The web mail; away from this machine under TLS only."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if ip_address(self.host).is_loopback:
            return f"http://{host}:{self.ports['http']}/mail/"
        return f"https://{host}:{self.ports['https']}/mail/"

    def rows(self) -> list[tuple[str, str]]:
        """What stands on it."""
        ports = self.ports
        return [
            ("address", self.address),
            ("password", self.password),
            ("server", f"{self.host} ({self.name})"),
            ("SMTP by hand", str(ports["smtp"])),
            ("sending", f"{ports['submission']} STARTTLS, {ports['submissions']} TLS"),
            ("POP3", f"{ports['pop3']} STLS, {ports['pop3s']} TLS"),
            ("IMAP", f"{ports['imap']} STARTTLS, {ports['imaps']} TLS"),
            ("web mail", self.web),
        ]


def slip(address: str, password: str, bind: str, ports: Mapping[str, int]) -> Slip:
    """For one account; `bind` is where others reach the lab, "" for nowhere."""
    return Slip(address, password, bind or "127.0.0.1", f"mail.{address.rpartition('@')[2]}", ports)


def as_text(found: Sequence[Slip]) -> str:
    """For a terminal or a printer: cut along the lines."""
    cut = "- " * (WIDTH // 2)
    lines = [cut]
    for slip in found:
        lines += [f"  {name:<13} {value}" for name, value in slip.rows()]
        lines.append(cut)
    return "\n".join(line.rstrip() for line in lines)


_STYLE: Final = """
body { font: 11pt/1.45 system-ui, sans-serif; margin: 10mm; color: #111; background: #fff }
main { display: grid; grid-template-columns: 1fr 1fr }
section { border: 1px dashed #777; margin: -1px 0 0 -1px; padding: 5mm; break-inside: avoid }
h2 { font-size: 12pt; margin: 0 0 2mm } dl { display: grid; grid-template-columns: 7.5em 1fr; margin: 0 }
dt { color: #555 } dd { margin: 0; overflow-wrap: anywhere } .secret { font: bold 13pt ui-monospace, monospace }
@media print { body { margin: 0 } @page { margin: 10mm } }
"""


def as_html(found: Sequence[Slip]) -> str:
    """For a browser's printer: two columns, no slip on two pages."""
    sections = "\n".join(_section(slip) for slip in found)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Mail accounts</title>'
        f"<style>{_STYLE}</style></head>\n<body><main>\n{sections}\n</main></body></html>\n"
    )


def _section(slip: Slip) -> str:
    first, *rest = slip.rows()
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd{' class=secret' if name == 'password' else ''}>{escape(value)}</dd>"
        for name, value in rest
    )
    return f"<section><h2>{escape(first[1])}</h2><dl>{rows}</dl></section>"
