"""`postroom account passkey`: what users sign in to the web mail with in place of a password."""

from __future__ import annotations

from postroom.agent.invocation import command, commands
from postroom.app.cli.access import KEYS, Which, Who
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import passkeys
from postroom.app.operations.access import NamedKey, OfAccount

app = commands("Passkeys that users have made in the web mail.")


@app.command("list")
@command(administration)
def list_passkeys(session: Administration, address: Who) -> None:
    """List an account's passkeys."""
    found = session.perform(passkeys.LIST, OfAccount(address), address)
    if not session.terminal.listing(found, KEYS):
        session.terminal.note("no passkey; users make them in the web mail's settings")


@app.command()
@command(administration)
def delete(session: Administration, address: Who, which: Which) -> None:
    """Delete a passkey: who has it is out, and browsers that were signed in with it."""
    done = session.one(passkeys.DELETE, NamedKey(address, which), address)
    session.terminal.record(done)
    session.terminal.say(f"passkey {done.label!r} of {done.address} deleted")
