"""Somebody who asks a lab's interface over HTTP."""

from __future__ import annotations

import json
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from typing import Any, NamedTuple

from laboratory import LabThread


class Answer(NamedTuple):
    """What came back."""

    status: int
    media_type: str
    content: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    """Asks one lab."""

    def __init__(self, lab: LabThread) -> None:
        self.lab = lab.lab
        self.thread = lab
        self.root = lab.lab.url

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`path` from the root when it begins with /, else from the version's."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            headers.setdefault("content_type", "application/json")
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.root + (path[1:] if path.startswith("/") else f"api/v1/{path}")
        request = urllib.request.Request(url, data, fields, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as found:
                return self._answer(found)
        except urllib.error.HTTPError as error:
            return self._answer(error)

    def mailbox(self) -> dict[str, Any]:
        """A fresh one."""
        found: dict[str, Any] = self.ask("POST", "mailboxes", {}).json
        return found

    def send(self, box: dict[str, Any], mail: EmailMessage) -> None:
        with smtplib.SMTP(box["host"], box["ports"]["smtp"]) as smtp:
            smtp.send_message(mail, "app@crepes.test", [box["address"]])

    @staticmethod
    def _answer(found: Any) -> Answer:
        headers = {name.lower(): value for name, value in found.headers.items()}
        return Answer(found.status, headers.get("content-type", ""), found.read(), headers)


def sign_up(box: dict[str, Any]) -> EmailMessage:
    """What an application sends."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "app@crepes.test", box["address"], "Confirm your address"
    mail.set_content("Your code is 123 456.\nOr go to https://app.test/confirm?x=1\n")
    mail.add_attachment(b"<script>alert(1)</script>", "text", "html", filename='menu".html')
    return mail
