"""An application that lets people sign up: it mails them a code and a link, and believes the address when either comes back.

Ordinary Flask and smtplib, with nothing in it that knows of tests: where mail goes is configuration, as it would be in production.
"""

from __future__ import annotations

import hmac
import secrets
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from html import escape

from flask import Flask, abort, current_app, request, url_for

SENDER = "Pickle Shop <shop@pickles.example>"


def create_app(smtp_host: str = "localhost", smtp_port: int = 25) -> Flask:
    """The application. `codes` are what people have to show, `members` who has; both are in memory, since this is an example."""
    app = Flask(__name__)
    app.config.update(SMTP_HOST=smtp_host, SMTP_PORT=smtp_port, CODES={}, MEMBERS=set())

    @app.post("/sign-up")
    def sign_up() -> tuple[str, int]:
        address, code = request.form["address"], f"{secrets.randbelow(10**6):06}"
        link = url_for("confirm", address=address, code=code, _external=True)
        try:
            send(welcome(address, code, link))
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException):
            return "We could not mail you: is the address right? Try again in a while.", 503
        app.config["CODES"][address] = code
        return "Look into your mailbox.", 202

    @app.route("/confirm", methods=["GET", "POST"])
    def confirm() -> str:
        address, code = request.values["address"], request.values["code"]
        if not hmac.compare_digest(app.config["CODES"].get(address, ""), code) or not code:
            abort(403)
        app.config["MEMBERS"].add(address)
        return f"Welcome, {address}!"

    return app


def welcome(address: str, code: str, link: str) -> EmailMessage:
    """What somebody who signs up is sent."""
    message = EmailMessage()
    message["From"], message["To"] = SENDER, address
    message["Subject"] = "Confirm your address"
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="pickles.example")
    message.set_content(f"Your code is {code}.\n\nOr open this link: {link}\n")
    message.add_alternative(
        f'<!DOCTYPE html><html lang="en"><body><p>Your code is <b>{code}</b>.</p>'
        f'<p><a href="{escape(link)}">Confirm your address</a></p></body></html>',
        subtype="html",
    )
    return message


def send(message: EmailMessage) -> None:
    """Hands a message to the mail server; raises what smtplib raises."""
    with smtplib.SMTP(current_app.config["SMTP_HOST"], current_app.config["SMTP_PORT"], timeout=10) as smtp:
        smtp.send_message(message)
