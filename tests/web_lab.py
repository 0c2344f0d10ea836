"""A lab as the browser's tests see it: where its web mails are, who lives there, and letters into their mailboxes.

lab.send("bob@hamburger.test", "Ketchup", "Do you like ketchup?")
"""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import Any


class WebLab:
    """What `postroom lab --json` has said."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts

    def url(self, address: str = "bob@hamburger.test") -> str:
        """The web mail of somebody's domain."""
        return f"http://127.0.0.1:{self._ports(address)['http']}/mail/"

    def password(self, address: str) -> str:
        found: str = self.facts["accounts"][address]
        return found

    def send(self, to: str, subject: str, text: str, reply_to: str = "", **more: Any) -> str:
        """A letter from Alice that is in the mailbox when this returns; gives its Message-ID. `html`, `attachment` (a name, or several in a list)."""
        message = EmailMessage()
        message["From"] = "Alice Crêpe <alice@crepes.test>"
        message["To"] = to
        message["Subject"] = subject
        message["Message-ID"] = made = make_msgid(domain="crepes.test")
        if reply_to:
            message["In-Reply-To"] = message["References"] = reply_to
        message.set_content(text)
        if "html" in more:
            message.add_alternative(more["html"], subtype="html")
        names = more.get("attachment", [])
        for name in [names] if isinstance(names, str) else names:
            message.add_attachment(b"%PDF-1.4\n" * 500, maintype="application", subtype="pdf", filename=name)
        self.hand_in(to, message.as_bytes(policy=SMTP))
        return str(made)

    def submit(self, to: str, subject: str, html: str) -> None:
        """A letter that Alice has logged in to send: her server signs it. It comes a moment later."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "Alice Crêpe <alice@crepes.test>", to, subject
        message.set_content("plain")
        message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self._ports("alice@crepes.test")["submission"], "crepes.test") as smtp:
            smtp.login("alice@crepes.test", self.password("alice@crepes.test"))
            smtp.send_message(message)

    def hand_in(self, to: str, raw: bytes) -> None:
        """A letter as it is: lines end with CRLF."""
        with smtplib.SMTP("127.0.0.1", self._ports(to)["smtp"], "crepes.test") as smtp:
            smtp.sendmail("alice@crepes.test", [to], raw)

    def _ports(self, address: str) -> dict[str, int]:
        found: dict[str, int] = self.facts["domains"][address.partition("@")[2]]
        return found
