"""`postroom mail`: a mail program for the command line and for scripts.

Sends by submission, reads by IMAP or else by POP3. Exit codes say at which step a server refused (`agent.exits`). Not here: what the commands do it with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import command, commands
from postroom.agent.searched import Before, Body, Flagged, From, Searched, Since, Subject, Unseen
from postroom.agent.searched import To as SearchedTo
from postroom.agent.session import (
    As,
    Config,
    Folder,
    MailSession,
    SetupSession,
    mail_session,
    setup_session,
)
from postroom.agent.written import Written, written

app = commands("Read and write mail.")

To = Annotated[list[str], typer.Argument(metavar="ADDRESS", help="To whom: bob@x.test, 'Bob <bob@x.test>'.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="The text as HTML too.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the dialogue with the server.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="QUERY",
        help="Words, each of them somewhere in the message; or as in the web mail: from:alice !subject:pie {is:unread larger:1M} '\"two words\"'.",
    ),
]
Numbers = Annotated[list[str], typer.Argument(metavar="N", help="Numbers in the list, or uids.")]
Number = Annotated[str, typer.Argument(metavar="N", help="The message's number in the list, or its uid.")]


@app.callback()
def group(as_: As = "", config: Config = None) -> None:
    """Read and write mail."""
    del as_, config  # the commands look at them


@app.command()
@command(setup_session)
def setup(
    session: SetupSession,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Your address.")],
    *,
    imap: Annotated[str, typer.Option(metavar="HOST[:PORT][/starttls]", help="Where mail is read.")] = "",
    pop3: Annotated[str, typer.Option(metavar="HOST[:PORT][/starttls]", help="The same, by POP3.")] = "",
    smtp: Annotated[str, typer.Option(metavar="HOST[:PORT][/starttls]", help="Where mail is sent.")] = "",
    user: Annotated[str, typer.Option(metavar="NAME", help="To log in with, if not the address.")] = "",
    name: Annotated[str, typer.Option(metavar="WORDS", help="Your name, for what you write.")] = "",
    called: Annotated[
        str, typer.Option(metavar="NAME", help="What --as will say; else ADDRESS up to @.")
    ] = "",
    password_command: Annotated[
        str, typer.Option(metavar="COMMAND", help="Prints the password, which is then not kept here.")
    ] = "",
    authorities: Annotated[
        str, typer.Option(metavar="FILE", help="PEM certificates to believe, not the system's.")
    ] = "",
    server_name: Annotated[
        str, typer.Option(metavar="NAME", help="What the certificate says, if not HOST.")
    ] = "",
) -> None:
    """Add an account of yours: its servers are found, tried and remembered. The password is asked for, or read from standard input."""
    from postroom.agent.setting_up import Told, set_up

    told = Told(address, called, imap, pop3, smtp, server_name, user, name, password_command, authorities)
    set_up(session, told)


@app.command()
@command(mail_session, written)
def send(
    session: MailSession,
    options: Written,
    to: To,
    *,
    html: Html = None,
    verbose: Verbose = False,
) -> None:
    """Send a message."""
    from postroom.agent import sending

    options = msgspec.structs.replace(options, html=html)
    sending.send(session, sending.new(session, to, options), options, verbose=verbose)


@app.command("list")
@command(mail_session)
def list_(
    session: MailSession,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, metavar="N", help="Only the last N; 0 for all.")
    ] = 0,
    folder: Folder = "",
) -> None:
    """List the messages."""
    from postroom.agent.showing import listing

    listing(session, last, folder)


@app.command()
@command(mail_session)
def read(
    session: MailSession,
    number: Number,
    *,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save what is attached into this directory.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="The message as it is, octet by octet.")] = False,
    headers: Annotated[bool, typer.Option("--headers", help="All header fields.")] = False,
    folder: Folder = "",
) -> None:
    """Show a message: who, when, its words, what it is made of."""
    from postroom.agent.showing import Wish, show

    show(session, number, folder, Wish(save, raw=raw, headers=headers))


@app.command()
@command(mail_session, written)
def reply(
    session: MailSession,
    options: Written,
    number: Number,
    *,
    to_all: Annotated[bool, typer.Option("--all", help="To everybody who got it.")] = False,
    no_quote: Annotated[bool, typer.Option("--no-quote", help="Without the text that is answered.")] = False,
    verbose: Verbose = False,
    folder: Folder = "",
) -> None:
    """Answer a message."""
    from postroom.agent import sending

    original = sending.original(session, number, folder)
    draft = sending.answer(session, original, options, to_all=to_all, quoting=not no_quote)
    sending.send(session, draft, options, verbose=verbose, answered=original)


@app.command()
@command(mail_session, written)
def forward(
    session: MailSession,
    options: Written,
    number: Number,
    to: To,
    *,
    attached: Annotated[
        bool, typer.Option("--attached", help="The whole message as it is, as a file.")
    ] = False,
    verbose: Verbose = False,
    folder: Folder = "",
) -> None:
    """Pass a message on, with what is attached to it."""
    from postroom.agent import sending

    original = sending.original(session, number, folder)
    draft = sending.pass_on(session, original, to, options, attached=attached)
    sending.send(session, draft, options, verbose=verbose)


@app.command()
@command(mail_session)
def check(
    session: MailSession,
    number: Number,
    *,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="NAME", help="Let a check, or a group of them, not count."),
    ] = None,
    folder: Folder = "",
) -> None:
    """Say what readers and servers will stumble over in a message, and how it is mended. Exits with 3 when something is bad."""
    from postroom.agent.proofreading import check as check_it

    check_it(session, number, folder, without or ())


@app.command()
@command(mail_session)
def delete(
    session: MailSession,
    numbers: Numbers,
    *,
    folder: Folder = "",
) -> None:
    """Delete messages for good; to keep a way back, move them to Trash."""
    from postroom.agent.showing import delete as delete_them

    delete_them(session, numbers, folder)


@app.command()
@command(mail_session)
def folders(session: MailSession) -> None:
    """List the folders, with how many messages are in them (IMAP)."""
    from postroom.agent.filing import folders as list_folders

    list_folders(session)


@app.command()
@command(mail_session)
def move(
    session: MailSession,
    numbers: Numbers,
    to: Annotated[str, typer.Argument(metavar="FOLDER", help="Where they go; see postroom mail folders.")],
    *,
    folder: Folder = "",
    create: Annotated[bool, typer.Option("--create", help="Make the folder when there is none.")] = False,
) -> None:
    """Move messages into a folder (IMAP)."""
    from postroom.agent.filing import move as move_them

    move_them(session, numbers, to, folder, create=create)


@app.command()
@command(mail_session)
def search(
    session: MailSession,
    words: Words = None,
    *,
    from_: From = "",
    to: SearchedTo = "",
    subject: Subject = "",
    body: Body = "",
    since: Since = "",
    before: Before = "",
    unseen: Unseen = False,
    flagged: Flagged = False,
    folder: Folder = "",
) -> None:
    """Search on the server (IMAP). All that is said has to hold."""
    from postroom.agent.filing import search as search_folder

    wanted = Searched(words or (), from_, to, subject, body, since, before, unseen, flagged)
    search_folder(session, wanted, folder)


@app.command()
@command(mail_session)
def watch(
    session: MailSession,
    interval: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How often to look where nobody tells.")
    ] = 10.0,
    count: Annotated[int, typer.Option(min=0, metavar="N", help="End after N messages; 0: never.")] = 0,
    folder: Folder = "",
) -> None:
    """Wait for new mail, and show each message's line as it comes."""
    from postroom.agent.showing import watch as watch_mailbox

    watch_mailbox(session, interval, count, folder)
