"""`postroom account grant`: what users have allowed programs by OAuth."""

from __future__ import annotations

from postroom.agent.invocation import command, commands
from postroom.app.cli.access import KEYS, Which, Who
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import grants
from postroom.app.operations.access import NamedKey, OfAccount

app = commands("Programs that users have allowed in by OAuth.")


@app.command("list")
@command(administration)
def list_grants(session: Administration, address: Who) -> None:
    """List the programs that an account has allowed in."""
    found = session.perform(grants.LIST, OfAccount(address), address)
    if not session.terminal.listing(found, KEYS):
        session.terminal.note("no program was allowed in by OAuth")


@app.command()
@command(administration)
def revoke(session: Administration, address: Who, which: Which) -> None:
    """End what a program was allowed: its tokens are good no more."""
    done = session.one(grants.REVOKE, NamedKey(address, which), address)
    session.terminal.record(done)
    session.terminal.say(f"{done.label!r} is out of {done.address}")
