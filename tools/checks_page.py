"""docs/checks.md: each check of a message's writing, out of the table that the program works with."""

from doc_pages import page, table
from postroom.message.proof.findings import Check, Group
from postroom.message.proof.table import CHECKS, REACHED

TITLES = {
    Group.HEADER: "Header",
    Group.BODY: "Bodies",
    Group.CLIENTS: "HTML that some mail programs do not have",
    Group.ACCESS: "Accessibility of the HTML",
    Group.LINKS: "Links",
    Group.FILES: "Files",
    Group.BULK: "Mail to many, and mail by programs",
    Group.SENDER: "The sender, as the server found it that took the message",
}


def checks_page() -> str:
    """A table for each group."""
    return page(
        "Checks for the writer of mail",
        "What readers and servers will stumble over in a message, and how it is mended. Each check says `good`, `note` (some readers get less), `bad` "
        "(something does not work, or is against a standard), or `not run because ...`; with the reason, and the exact remedy.",
        "    postroom check writing FILE            # a message in a file, - for the standard input\n"
        "    postroom check writing FILE --follow   # and each link is asked (HEAD) whether it answers\n"
        "    postroom mail --as bob check 1         # a message in a mailbox, by its number in the list\n"
        "    postroom check writing FILE --json     # one finding a line",
        "The exit code is 3 when something is bad; `--without NAME` lets a check, or a whole group (`links`), not count. In tests: "
        "`assert not mail.problems()`, see [testing.md](testing.md). Nothing is connected to unless `--follow` says so.",
        'What is said of mail programs is what is known well of families of them, not of each version: "Outlook for Windows" is the classic one, '
        "which shows HTML with the engine of Word.",
        *(part for group in Group for part in _of(group)),
    )


def _of(group: Group) -> tuple[str, str]:
    mine = [check for check in _checks() if check.group is group]
    rows = [(f"`{check.name}`", check.what, check.by) for check in mine]
    head = ("Check", "What happens otherwise", "Who lacks it")
    return f"## {TITLES[group]} (`{group}`)", table(
        head if group is Group.CLIENTS else ("Check", "Good is", "By"), rows
    )


def _checks() -> tuple[Check, ...]:
    return (*CHECKS, REACHED)
