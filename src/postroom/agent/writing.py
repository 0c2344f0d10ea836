"""What a user writes: recipients, text, files; from options, standard input, or his editor.

RFC 5322 §3.4 (addresses as people write them), RFC 2183 §2 (attachments). Not here: the form of a message (`message.composing.compose`), sending.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from postroom import __version__
from postroom.agent.accounts import Account
from postroom.agent.invocation import CommandFailed
from postroom.agent.written import Written
from postroom.message.address import parse_mailbox
from postroom.message.composing.compose import Attachment, Composed, Draft, Making, compose
from postroom.message.encodings.charset import Decoded, decode, decode_html
from postroom.message.envelope import Envelope, Recipient
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.headers.fields import Mailbox
from postroom.message.idn import a_labels

MAX_FILE = 48 << 20  # octets of one attachment
USER_AGENT = f"Postroom/{__version__}"


def author(account: Account) -> Mailbox:
    """The account's own address and name; raises `CommandFailed`."""
    address = parse_mailbox(account.address)
    if address is None:
        raise CommandFailed(f"the account's address {account.address!r} is none")
    return Mailbox(address, account.name)


def recipients(texts: Sequence[str]) -> list[Mailbox]:
    """Addresses as people write them: `bob@x`, `Bob <bob@x>`, lists with commas; raises `CommandFailed`."""
    found: list[Mailbox] = []
    for text in texts:
        for spec in mailboxes(parse_address_list(text)):
            if spec.address is None:
                raise CommandFailed(
                    f"{spec.email or text!r} is not an address; one looks like bob@example.com"
                )
            found.append(Mailbox(spec.address, spec.name))
    return found


def complete(draft: Draft, options: Written, *, quoted: str = "") -> None:
    """Fills a draft with what the options and the writer say; `quoted` goes below his words. Raises `CommandFailed`."""
    draft.cc = [*draft.cc, *recipients(options.cc)]
    draft.bcc = [*draft.bcc, *recipients(options.bcc)]
    if options.subject is not None:
        draft.subject = options.subject
    draft.attachments = [*draft.attachments, *(attachment(path) for path in options.files)]
    if options.html is not None:
        draft.html = _words(_read(options.html), decode_html)
    draft.user_agent = USER_AGENT
    draft.text = _text(options, quoted)


def attachment(path: Path) -> Attachment:
    """A file, its type found from its content and name; raises `CommandFailed`."""
    return Attachment(_read(path), path.name)


def finish(draft: Draft, unique: str, now: int) -> tuple[Envelope, Composed]:
    """The message and its envelope, 7bit clean, so that any server takes it; `now` in unix microseconds. Raises `CommandFailed`."""
    if not (draft.to or draft.cc or draft.bcc):
        raise CommandFailed("nobody is named: say to whom", 2)
    address = draft.author[0].address
    seconds = now // 1_000_000
    offset = (time.localtime(seconds).tm_gmtoff or 0) // 60
    try:
        # The identifier in ASCII, for answers of those whose addresses are, too (RFC 6532 §3.3)
        done = compose(draft, Making(seconds, unique, a_labels(address.domain), offset))
    except ValueError as error:  # FieldRefused is one
        raise CommandFailed(str(error)) from error
    envelope = Envelope(address, [Recipient(one) for one in done.recipients])
    envelope.body, envelope.smtputf8, envelope.size = done.body, done.smtputf8, len(done.raw)
    return envelope, done


def is_typed(options: Written) -> bool:
    """Whether the text is written in an editor, now."""
    return options.body is None and sys.stdin.isatty()


@contextmanager
def kept(text: str, tell: Callable[[str], None]) -> Iterator[None]:
    """What somebody has typed does not go with an error: it lies in a file then, which he is told."""
    try:
        yield
    except BaseException:
        if text:
            tell(_keep(text))
        raise


def _keep(text: str) -> str:
    """Puts it into a file, and says which."""
    descriptor, path = tempfile.mkstemp(".txt", "postroom-")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return f"what was written is kept in {path}"


def _text(options: Written, quoted: str) -> str:
    if is_typed(options):
        return _edited(quoted)
    text = options.body
    return _joined(_words(sys.stdin.buffer.read()) if text is None else text, quoted)


def _words(octets: bytes, read: Callable[[bytes, str | None], Decoded] = decode) -> str:
    """UTF-8, or UTF-16 that says so; what cannot be that was written by a program that does not know it. A byte order mark is no word."""
    charset = "utf-16" if octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else None
    return read(octets, charset).text.removeprefix("\ufeff")


def _joined(text: str, quoted: str) -> str:
    return f"{text.rstrip()}\n\n{quoted}" if quoted else text


def _edited(quoted: str) -> str:
    """What the writer leaves in his editor; nothing is no message."""
    editor = _editor()
    start = f"\n\n{quoted}" if quoted else ""
    with tempfile.TemporaryDirectory(prefix="postroom-") as directory:  # of mode 0700
        path = Path(directory) / "message.txt"
        path.write_text(start, "utf-8")
        try:
            code = _run([*editor, str(path)])
        except OSError as error:
            remedy = "set EDITOR, or write the text to standard input"
            raise CommandFailed(f"the editor {editor[0]}: {error.strerror}; {remedy}") from error
        text = _words(path.read_bytes())
    written = bool(text.strip()) and text.splitlines() != start.splitlines()
    if code:
        where = f"; {_keep(text)}" if written else ""
        raise CommandFailed(f"the editor {editor[0]} ended with {code}: nothing is sent{where}")
    if not written:
        raise CommandFailed("nothing was written: nothing is sent")
    return text


def _editor() -> list[str]:
    """The command that the environment names."""
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        command = shlex.split(said)
    except ValueError as error:
        raise CommandFailed(f"the editor {said!r}: {error}; set EDITOR to a command") from error
    if not command:
        raise CommandFailed(f"the editor {said!r} is no command: set EDITOR")
    return command


def _run(editor: Sequence[str]) -> int:
    """Its exit code. Keys that interrupt are the editor's own meanwhile (Emacs' C-g): we would end it, and its text with it."""
    before = signal.signal(
        signal.SIGINT, lambda *_: None
    )  # a handler, unlike SIG_IGN, is not the editor's too
    try:
        return subprocess.run(editor, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise CommandFailed(f"{path} has more than {MAX_FILE >> 20} MiB: too much for a mail")
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}") from error
