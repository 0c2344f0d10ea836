"""What milters are told beside the commands: macros, by their names in Sendmail.

j, _, i and v are Sendmail's letters; {client_addr} and the like its longer names. A filter may name those that it wants; others get what belongs
to the stage. Not here: when they are sent.
"""

from __future__ import annotations

from postroom.deliver.router import Resolved
from postroom.intake.client import Client
from postroom.message.address import Address
from postroom.proto.milter.codes import Command

Macros = dict[str, str]


def client_macros(client: Client, hostname: str) -> dict[Command, Macros]:
    """Those of CONNECT, HELO and of each MAIL."""
    ip, port = client.peer.ip, str(max(0, client.peer.port))
    name = client.reverse or f"[{ip}]"
    login, tls = client.login, client.tls
    connect = {
        "j": hostname,
        "_": f"{name} [{ip}]" if client.reverse else f"[{ip}]",
        "v": "Postroom",
        "daemon_name": "postroom",
        "daemon_addr": client.local.ip,
        "daemon_port": str(max(0, client.local.port)),
        "if_name": hostname,
        "if_addr": client.local.ip,
        "client_name": name,
        "client_addr": ip,
        "client_port": port,
        "client_ptr": client.reverse or "unknown",
    }
    helo = {
        "tls_version": tls.version if tls else "",
        "cipher": tls.cipher if tls else "",
        "cipher_bits": str(tls.bits) if tls else "",
        "cert_subject": tls.subject if tls else "",
    }
    mail = {
        **connect,
        **helo,
        "auth_type": login.mechanism if login else "",
        "auth_authen": login.address if login else "",
        "auth_author": login.address if login else "",
    }
    return {Command.CONNECT: connect, Command.HELO: {**connect, **helo}, Command.MAIL: mail}


def sender_macros(sender: Address | None) -> Macros:
    """Those of MAIL."""
    return {
        "mail_mailer": "smtp",
        "mail_host": sender.domain if sender else "",
        "mail_addr": str(sender) if sender else "",
    }


def recipient_macros(recipient: Address, resolved: Resolved | None) -> Macros:
    """Those of RCPT; what is not ours is for `smtp`."""
    return {
        "rcpt_mailer": "local" if resolved is not None else "smtp",
        "rcpt_host": recipient.domain,
        "rcpt_addr": str(recipient),
    }
