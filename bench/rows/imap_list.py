"""IMAP: what mail programs ask for, of 12,000 letters of a public mailing list (fewer with `--quick`), as people and their programs have written them.

The questions are those of `imap`. The letters are the file list-mail-12000.mbox.xz in the directory POSTROOM_DATA, or in a directory called data near
this checkout; without it the row is left out. Not here: letters made by chance (`imap`).
"""

from __future__ import annotations

import lzma
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.course import Course, Row
from bench.figures import Figure
from bench.imap_load import ImapConnection
from bench.rows.imap import answers
from bench.systems import MailSystem

NAME: Final = "list-mail-12000.mbox.xz"
SEPARATOR: Final = re.compile(rb"^From mboxrd@z [^\n]*\n", re.MULTILINE)
AT_ONCE: Final = 100  # letters of one MULTIAPPEND
WORD: Final = "locking"  # some of the letters have it in their subject, more in their text


def run(course: Course) -> Iterator[Figure]:
    """One pair of servers, filled alike."""
    post = _letters(course.scale.listed)
    if not post:
        course.note(f"imap list: left out, as {NAME} is nowhere: name its directory with POSTROOM_DATA")
        return
    with course.ours() as ours, course.peer() as peer:
        sessions = []
        for system in (ours, peer):
            if system:
                course.say(f"imap list: filling {system.name}")
                sessions.append(_filled(system, post))
        course.settle(ours)
        yield from answers(course, WORD, sessions, f"{len(post):,} list mails")
        for session in sessions:
            session.close()


def _letters(count: int) -> list[bytes]:
    """So many of the archive, from all of its years; none where it is not there."""
    named = os.environ.get("POSTROOM_DATA")
    near = Path(__file__).parents[2].parent.glob(f"*/data/{NAME}")
    path = next((one for one in ([Path(named) / NAME] if named else near) if one.is_file()), None)
    if path is None:
        return []
    letters = SEPARATOR.split(lzma.decompress(path.read_bytes()))[1:]
    return [letter.replace(b"\n", b"\r\n") for letter in letters[:: max(1, len(letters) // count)]]


def _filled(system: MailSystem, post: list[bytes]) -> ImapConnection:
    session = ImapConnection(system.imaps, system.login(0), system.tls())
    for start in range(0, len(post), AT_ONCE):
        session.append("INBOX", post[start : start + AT_ONCE])
    return session


IMAP_LIST: Final = Row("imap-list", "IMAP, one client, letters of a mailing list", run)
