"""IMAP: SEARCH BODY in a mailbox of 100,000 letters of 4 KB (fewer with `--quick`), and what others wait for small answers meanwhile.

The letters lie in the mailbox before the server runs; ours has read them all for its index when the questions begin. Each question is asked several
times, each time for another word, so that no answer is one that was kept; the slowest is told as well. Dovecot reads every letter, as it has no
index of words by itself; the first question has it parse them. The others are those of `imap_fair`; all questions are asked again beside them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from statistics import median
from typing import Final

import msgspec

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.fill import fill
from bench.imap_load import ImapConnection, letters
from bench.imap_plans import percentile
from bench.ours import Ours
from bench.peers import Peers
from bench.processes import BenchError
from bench.rows.imap_crowd import filled
from bench.rows.imap_fair import P99_MS, beside, quiet
from bench.systems import MailSystem, addresses, user

Letter = Callable[[int], bytes]

ALPHABET: Final = "abcdefghijklmnoprstuvwyz"  # without q and x: words with them are the planted ones
VOCABULARY: Final = 20_000
LINES: Final = 55
LOT: Final = 400  # letters that share a planted word
INDEXED_SECONDS: Final = 1800.0  # for the index to read them all
FEW_MS: Final = 50.0
ANY_MS: Final = 1000.0
ASKED: Final = 8
ASKED_PEER: Final = 1  # it takes seconds
TYPICAL: Final = "median"
SLOWEST: Final = "slowest"
HITS: Final = "found with the first word"
BUSY: Final = "p99 of others, during searches"
WORST: Final = "longest of others, during searches"
QUIET: Final = "p99 of others, nobody else there"
OTHERS_KINDS: Final = (
    Kind(BUSY, "ms", more_is_better=False, budget=Budget(at_most=P99_MS)),
    Kind(WORST, "ms", more_is_better=False),
    Kind(QUIET, "ms", more_is_better=False),
)


class Question(msgspec.Struct, frozen=True):
    """`word` of the number of the question; `most` milliseconds are allowed."""

    name: str
    most: float
    word: Callable[[int], str]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What is told of it."""
        budget = Budget(at_most=self.most)
        return (
            Kind(TYPICAL, "ms", more_is_better=False, budget=budget),
            Kind(SLOWEST, "ms", more_is_better=False, budget=budget),
            Kind(HITS, "messages"),
        )


def trigram(number: int) -> str:
    """One of 576 words of three letters that nothing else has in it."""
    first, second = divmod(number % len(ALPHABET) ** 2, len(ALPHABET))
    return f"q{ALPHABET[first]}{ALPHABET[second]}"


COMMON: Final = (
    "everybody",
    "everything",
    "everywhere",
    "anybody",
    "anything",
    "anywhere",
    "nobody",
    "nothing",
)
QUESTIONS: Final = (
    Question("a word of some letters", FEW_MS, lambda n: f"lot{n}lot"),
    Question("three characters", FEW_MS, trigram),
    Question("a word of none", FEW_MS, lambda n: f"nowhere{n}"),
    Question("a word of all letters", ANY_MS, lambda n: COMMON[n % len(COMMON)]),
    Question("two characters", ANY_MS, lambda n: f"{ALPHABET[n]}{ALPHABET[-n - 1]}"),
    Question("one character", ANY_MS, lambda n: ALPHABET[n]),
    Question("a phrase", ANY_MS, lambda n: f"lot{n}lot {COMMON[0]} {COMMON[1]}"),
)


def run(course: Course) -> Iterator[Figure]:
    """Both sides have the same letters."""
    count = course.scale.searched
    letter = Letters()
    with _ours(course, count, letter) as ours, _peer(course, count, letter) as peer:
        for question in QUESTIONS:
            samples = course.alternate(
                f"imap search: {question.name}",
                partial(asked, ours, question, ASKED),
                partial(asked, peer, question, ASKED_PEER) if peer else None,
                1,
            )
            yield from figures(f"imap search: {question.name}, {count:,} letters", question.kinds, samples)
        samples = course.alternate(
            "imap search: others",
            partial(_others, course, ours),
            partial(_others, course, peer) if peer else None,
            1,
        )
    yield from figures("imap search: small answers to others", OTHERS_KINDS, samples)


class Letters:
    """The letter of each number: always the same words, by chance, and the planted ones."""

    def __init__(self) -> None:
        chance = Random(7)
        self._words = ["".join(chance.choices(ALPHABET, k=chance.randint(2, 9))) for _ in range(VOCABULARY)]

    def __call__(self, number: int) -> bytes:
        chance = Random(number)
        words = chance.choices(self._words, k=LINES * 11)
        lines = [" ".join(words[start : start + 11])[:76] for start in range(0, len(words), 11)]
        lines[chance.randrange(LINES)] = f"lot{number // LOT}lot {' '.join(COMMON)} {trigram(number)} end"
        header = (
            f"Return-Path: <{words[0]}@sender.test>\r\nFrom: {words[1]} <{words[0]}@sender.test>\r\n"
            f"To: User <user0@receiver.test>\r\nSubject: {' '.join(words[2:7])}\r\n"
            f"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{number}@sender.test>\r\n\r\n"
        )
        return (header + "".join(f"{line}\r\n" for line in lines)).encode()


def asked(system: MailSystem, question: Question, times: int) -> Sample:
    """Asks for so many words, in a session that has the mailbox open."""
    session = ImapConnection(system.imaps, system.login(0), system.tls())
    session.command("SELECT INBOX")
    took, hits = [], []
    for number in range(times):
        began = time.perf_counter()
        answer = session.command(f'UID SEARCH BODY "{question.word(number)}"')
        took.append((time.perf_counter() - began) * 1e3)
        hits.append(found(answer))
    session.close()
    return {TYPICAL: median(took), SLOWEST: max(took), HITS: hits[0]}


def found(answer: bytes) -> int:
    """How many numbers `* SEARCH 1 2 3` has."""
    for line in answer.split(b"\r\n"):
        if line.startswith(b"* SEARCH"):
            return len(line.split()) - 2
    raise BenchError(f"no answer to SEARCH: {answer[:200]!r}")


def _others(course: Course, system: MailSystem) -> Sample:
    sample = {QUIET: quiet(course, system)}
    times = ASKED if isinstance(system, Ours) else ASKED_PEER

    def search() -> None:
        for question in QUESTIONS:
            asked(system, question, times)

    took = beside(course, system, search).all()
    return sample | {BUSY: percentile(took, 0.99), WORST: max(took)}


@contextlib.contextmanager
def _ours(course: Course, count: int, letter: Letter) -> Iterator[Ours]:
    with course.ours() as ours:
        ours.stop()
        course.say(f"imap search: filling a mailbox of ours with {count:,} letters")
        fill(ours.database, addresses()[0], count, letter)
        ours.start()
        filled(ours, letters(100))
        began = time.perf_counter()
        course.settle(ours, INDEXED_SECONDS)
        course.note(
            f"imap search: our index read {count:,} letters in {time.perf_counter() - began:.0f} s, before the questions"
        )
        yield ours


@contextlib.contextmanager
def _peer(course: Course, count: int, letter: Letter) -> Iterator[Peers | None]:
    with course.peer() as peer:
        if peer:
            course.say(f"imap search: filling a Maildir with {count:,} letters")
            peer.dovecot.prefill(user(0), count, letter)
            filled(peer, letters(100))
        yield peer


IMAP_SEARCH: Final = Row("imap-search", "IMAP: SEARCH BODY in a large mailbox", run)
