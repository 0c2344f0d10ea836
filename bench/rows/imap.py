"""IMAP: what mail programs ask for, of a mailbox of one client, over TLS.

Both sides hold the same letters. The first answer to a question is a line of its own, asked in mailboxes that were copied just before: Dovecot copies
what its cache holds of the letters with them, we read summaries that were made when they came. The other lines are of answers that follow in the same
sessions. All are medians, of answers of ours and of the peer's in turn, so that what else the machine does strikes both. Octets that came are
compared, so that nobody answers less. Not here: many clients at once (`imap_crowd`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

import msgspec

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, Samples, figures
from bench.imap_load import ImapConnection, letters
from bench.systems import MailSystem

FIRST: Final = "first"
AGAIN: Final = "repeated"
AS_FAST: Final = Budget(ratio=1)
AT_ONCE: Final = 100  # letters of one MULTIAPPEND
REPEATS: Final = 31  # of a question
FRESH: Final = 3  # copies of the mailbox in which a question is asked for the first time
COPIES: Final = 5  # times that all is copied
ENOUGH_REPEATS: Final = 7  # of one that takes long
ENOUGH_SECONDS: Final = 4.0  # after which a question takes long
LESS: Final = 0.8  # of the peer's octets: an answer with fewer is told of, where it is not a few words
WORDS: Final = 1_000  # octets of them
DURABLE: Final = (
    "imap: STORE, COPY and APPEND are durable on our side when OK is said; Dovecot (mail_fsync=optimized) syncs what APPEND and COPY file, but not "
    "the index that STORE writes"
)


class Question(msgspec.Struct, frozen=True):
    """A command; with `back` one that undoes it, so that each answer changes every row."""

    name: str
    command: str
    back: str = ""


FIELDS: Final = "DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES"
QUESTIONS: Final = (
    Question("SELECT", "SELECT INBOX"),
    Question("FLAGS", "UID FETCH 1:* (FLAGS)"),
    Question("ENVELOPE", "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"),
    Question("BODYSTRUCTURE", "FETCH 1:* (BODYSTRUCTURE)"),
    Question("HEADER.FIELDS", f"FETCH 1:* (BODY.PEEK[HEADER.FIELDS ({FIELDS})])"),
    Question("BODY[]", "UID FETCH 1:* (BODY.PEEK[])"),
    Question("SEARCH ALL", "UID SEARCH ALL"),
    Question("SEARCH SUBJECT", "UID SEARCH SUBJECT {word}"),
    Question("SEARCH FROM", "UID SEARCH FROM {word}"),
    Question("SEARCH BODY", "UID SEARCH BODY {word}"),
    Question("SEARCH TEXT", "UID SEARCH TEXT {word}"),
    Question("SORT", "SORT (REVERSE DATE) UTF-8 ALL"),
    Question("THREAD", "THREAD REFERENCES UTF-8 ALL"),
    Question("STORE", "STORE 1:* +FLAGS.SILENT (\\Flagged)", "STORE 1:* -FLAGS.SILENT (\\Flagged)"),
)


def run(course: Course) -> Iterator[Figure]:
    """One pair of servers, filled alike."""
    course.note(DURABLE)
    post = letters(course.scale.imap)
    word = post[len(post) // 2].split(b"Subject: ", 1)[1].split()[1].decode()
    with course.ours() as ours, course.peer() as peer:
        samples = course.alternate(
            "imap APPEND", lambda: _fill(ours, post), (lambda: _fill(peer, post)) if peer else None, 1
        )
        yield from figures(f"imap: APPEND of {len(post) // 3} × 4 KB", APPENDS, samples)
        course.settle(ours)
        sessions = [_session(system) for system in ((ours, peer) if peer and samples.peer else (ours,))]
        yield from answers(course, word, sessions, f"{len(post)} × 4 KB")
        yield from _copies(course, sessions, len(post))
        for session in sessions:
            session.close()


APPENDS: Final = (
    Kind("lockstep", "messages/s", budget=AS_FAST),
    Kind("multi", "messages/s, 100 a command", budget=AS_FAST),
)


def _fill(system: MailSystem, post: list[bytes]) -> Sample:
    """A third one by one, the rest many at once."""
    session = _session(system)
    part = len(post) // 3
    began = time.perf_counter()
    for letter in post[:part]:
        session.append("INBOX", [letter])
    middle = time.perf_counter()
    for start in range(part, len(post), AT_ONCE):
        session.append("INBOX", post[start : start + AT_ONCE])
    ended = time.perf_counter()
    session.close()
    return {"lockstep": part / (middle - began), "multi": (len(post) - part) / (ended - middle)}


def _session(system: MailSystem) -> ImapConnection:
    return ImapConnection(system.imaps, system.login(0), system.tls())


def answers(course: Course, word: str, sessions: list[ImapConnection], what: str) -> Iterator[Figure]:
    """All questions, put to the sessions of both sides, whose INBOX has the same letters; `what` they are, and a `word` to look for."""
    for question in QUESTIONS:
        asked = msgspec.structs.replace(question, command=question.command.format(word=word))
        yield from _answers(course, asked, sessions, what)


def _answers(
    course: Course, question: Question, sessions: list[ImapConnection], what: str
) -> Iterator[Figure]:
    course.say(f"imap {question.name}")
    firsts = _firsts(question, sessions)
    repeated = _repeated(question, sessions)
    _compare(course, question, [session.came for session in sessions])
    samples = [
        {FIRST: median(first) * 1e3, AGAIN: median(again) * 1e3}
        for first, again in zip(firsts, repeated, strict=True)
    ]
    budget = AS_FAST
    kinds = (
        Kind(AGAIN, "ms", more_is_better=False, budget=None if question.back else budget),
        Kind(FIRST, "ms, first time", more_is_better=False, budget=budget if question.back else None),
    )
    yield from figures(f"imap: {question.name}, {what}", kinds, Samples(samples[:1], samples[1:]))


def _firsts(question: Question, sessions: list[ImapConnection]) -> list[list[float]]:
    """The seconds of each session's answers in mailboxes about which nobody has asked, in turn."""
    taken: list[list[float]] = [[] for _ in sessions]
    for turn in range(FRESH):
        for session, times in zip(sessions, taken, strict=True):
            session.command("SELECT INBOX")
            session.command(f"CREATE Fresh{turn}")
            session.command(f"COPY 1:* Fresh{turn}")
            if question.name != "SELECT":
                session.command(f"SELECT Fresh{turn}")
            times.append(session.timed(question.command.replace("INBOX", f"Fresh{turn}")))
    for session in sessions:
        session.command("SELECT INBOX")
        for turn in range(FRESH):
            session.command(f"DELETE Fresh{turn}")
    return taken


def _repeated(question: Question, sessions: list[ImapConnection]) -> list[list[float]]:
    """The seconds of each session's answers, asked in turn."""
    taken: list[list[float]] = [[] for _ in sessions]
    until = time.monotonic() + ENOUGH_SECONDS
    for turn in range(REPEATS):
        if turn >= ENOUGH_REPEATS and time.monotonic() > until:
            break
        for session, times in zip(sessions, taken, strict=True):
            if question.back:
                times.append(session.timed(question.back))
            times.append(session.timed(question.command))
    return taken


def _compare(course: Course, question: Question, came: list[int]) -> None:
    """Tells of an answer that is much shorter than the peer's."""
    if len(came) > 1 and came[0] < LESS * came[1] > WORDS:
        course.note(f"imap {question.name}: our answer has {came[0]} octets, the peer's {came[1]}")


def _copies(course: Course, sessions: list[ImapConnection], count: int) -> Iterator[Figure]:
    course.say("imap COPY")

    def copy(session: ImapConnection) -> Callable[[], Sample]:
        def work() -> Sample:
            session.command("SELECT INBOX")
            session.command("CREATE Copies")
            seconds = session.timed("COPY 1:* Copies")
            session.command("DELETE Copies")
            return {AGAIN: seconds * 1e3}

        return work

    kinds = (Kind(AGAIN, "ms", more_is_better=False, budget=AS_FAST),)
    samples = course.alternate(
        "imap COPY", copy(sessions[0]), copy(sessions[1]) if len(sessions) > 1 else None, COPIES
    )
    yield from figures(f"imap: COPY of {count}", kinds, samples)


IMAP: Final = Row("imap", "IMAP, one client", run)
