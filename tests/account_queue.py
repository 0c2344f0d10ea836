"""Sessions whose commands wait for an account's lock, one behind the other."""

from functools import partial

from behind import behind
from imap_stage import BOB, Client, ImapStage
from postroom.store.mailboxes import mailboxes


async def in_line(stage: ImapStage, *commands: tuple[Client, str]) -> list[list[str]]:
    """What they are answered. Each command is given once the one before it waits, and none goes on before all do."""
    hold = partial(mailboxes.hold, account_id=stage.logins.people[BOB])
    told = await behind(
        stage.store.engine, hold, *(partial(client.say, f"x {command}") for client, command in commands)
    )
    return [lines for lines in told if isinstance(lines, list)]
