"""Lessons about POP3: delete and keep, what a server can do, logging in without showing the password.

RFC 1939, RFC 2449. Data only.
"""

from __future__ import annotations

from typing import Final

from postroom.lab.lessons.lesson import Connect, Lesson, Part, Post, Run, Step, Type

_LETTER: Final = Step(
    "Bob gets a letter, so that there is something to fetch.",
    Post("From: Alice <$alice>\nTo: Bob <$bob>\nSubject: Pickles\n\nDo you like pickles?"),
    ("hamburger.test: -> 250 .*queued as .*",),
)
_KNOCK: Final = Step(
    "You are Bob. His letters are kept by his mail server; knock at the door for fetching them.",
    Connect("pop3"),
    ("-> \\+OK mail\\.hamburger\\.test POP3 server ready.*",),
    "The server speaks first, as in SMTP. Its answers have no numbers: +OK or -ERR.",
    "RFC 1939 §3",
)
_LOGIN: Final = (
    Step(
        "Whose mailbox?",
        Type("USER $bob"),
        ("<- USER (bob|$bob)", "-> \\+OK .*"),
    ),
    Step(
        "Prove that you are Bob.",
        Type("PASS $bob_password"),
        ("<- PASS \\*+", "-> \\+OK .*"),
        "The lab shows asterisks. On the wire there were none: anybody in between has read the password.",
        "RFC 1939 §7, §13",
    ),
)
_STAT: Final = Step(
    "How many letters, and how many octets are they?",
    Type("STAT"),
    ("<- STAT", "-> \\+OK (?P<newest>[1-9]\\d*) \\d+"),
)
_QUIT: Final = Step(
    "Leave.",
    Type("QUIT"),
    ("<- QUIT", "-> \\+OK .*", "closed"),
    "Only now, in the update state, is removed what was marked.",
    "RFC 1939 §6",
)

DELETE: Final = Lesson(
    "pop3",
    "POP3: delete, or keep",
    "Bob fetches his letters. In the old way he deletes them at the server and has them on one computer only; or he keeps them there.",
    (
        Part(
            "download and delete",
            (
                _LETTER,
                _KNOCK,
                *_LOGIN,
                _STAT,
                Step(
                    "List them, a line each: its number, and its size.",
                    Type("LIST"),
                    ("<- LIST", "-> \\+OK .*", "-> $newest \\d+", "-> \\."),
                    "An answer of many lines ends with a line that is a period.",
                    "RFC 1939 §5",
                ),
                Step(
                    "Fetch the newest.",
                    Type("RETR $newest"),
                    (
                        "<- RETR $newest",
                        "-> \\+OK .*",
                        "-> Subject: Pickles",
                        "-> Do you like pickles\\?",
                        "-> \\.",
                    ),
                ),
                Step(
                    "Mark it as deleted.",
                    Type("DELE $newest"),
                    ("<- DELE $newest", "-> \\+OK .*"),
                    "It is marked only; RSET would take that back.",
                    "RFC 1939 §5",
                ),
                Step(
                    "How many are there now?",
                    Type("STAT"),
                    ("<- STAT", "-> \\+OK $newest_less \\d+"),
                ),
                _QUIT,
                Step("Is it gone? Come back.", Connect("pop3"), ("-> \\+OK .*",)),
                *_LOGIN,
                Step(
                    "Count once more.",
                    Type("STAT"),
                    ("<- STAT", "-> \\+OK $newest_less \\d+"),
                    "It is gone for good. On another computer Bob will not find it.",
                    "RFC 1939 §8",
                ),
                _QUIT,
            ),
        ),
        Part(
            "download and keep",
            (
                _LETTER,
                _KNOCK,
                *_LOGIN,
                _STAT,
                Step(
                    "Numbers hold for one session. Each letter has an id besides, which stays.",
                    Type("UIDL $newest"),
                    ("<- UIDL $newest", "-> \\+OK $newest (?P<uid>\\S+)"),
                    source="RFC 1939 §7",
                ),
                Step(
                    "Fetch it, and do not delete it.",
                    Type("RETR $newest"),
                    ("<- RETR $newest", "-> \\+OK .*", "-> Subject: Pickles", "-> \\."),
                ),
                _QUIT,
                Step("Bob's other computer comes.", Connect("pop3"), ("-> \\+OK .*",)),
                *_LOGIN,
                Step(
                    "It knows by the ids which letters it has.",
                    Type("UIDL"),
                    ("<- UIDL", "-> \\+OK .*", "-> \\d+ $uid", "-> \\."),
                    "The server remembers nothing of what was fetched: POP3 has no state between two sessions. Each client keeps its list of ids.",
                    "RFC 1939 §7",
                ),
                Step(
                    "Its header alone, and the first line of its text.",
                    Type("TOP $newest 1"),
                    ("<- TOP $newest 1", "-> \\+OK .*", "-> Subject: Pickles", "-> \\."),
                    source="RFC 1939 §7",
                ),
                _QUIT,
            ),
        ),
        Part(
            "what goes wrong",
            (
                _KNOCK,
                Step(
                    "Fetch before you have logged in.",
                    Type("RETR 1"),
                    ("<- RETR 1", "-> -ERR .*"),
                    "Commands belong to states: authorization first, then transaction.",
                    "RFC 1939 §4",
                ),
                Step("Whose mailbox?", Type("USER $bob"), ("<- USER .*", "-> \\+OK .*")),
                Step(
                    "And a wrong password.",
                    Type("PASS vegetables"),
                    ("<- PASS \\*+", "-> -ERR .*Wrong name or password.*"),
                    "It does not say which of the two was wrong.",
                ),
                *_LOGIN,
                Step(
                    "A letter that is not there.",
                    Type("RETR 99999"),
                    ("<- RETR 99999", "-> -ERR .*"),
                ),
                _QUIT,
            ),
        ),
    ),
    ("RFC 1939",),
)

LOGIN: Final = Lesson(
    "pop3-login",
    "POP3: CAPA and APOP",
    "What can the server do, before anybody has logged in? And how can Bob prove that he knows a secret, and not show it?",
    (
        Part(
            "CAPA",
            (
                _KNOCK,
                Step(
                    "Ask, as a stranger.",
                    Type("CAPA"),
                    (
                        "<- CAPA",
                        "-> \\+OK .*",
                        "-> TOP",
                        "-> USER",
                        "-> SASL .*",
                        "-> UIDL",
                        "-> STLS",
                        "-> \\.",
                    ),
                    "Each line is a command or a habit of the server that a client may count on. STLS is the way to TLS.",
                    "RFC 2449 §5",
                ),
                Step(
                    "Leave.",
                    Type("QUIT"),
                    ("<- QUIT", "-> \\+OK .*", "closed"),
                    "Nobody had logged in, so there is no update state either: the session just ends.",
                    "RFC 1939 §6",
                ),
            ),
        ),
        Part(
            "APOP",
            (
                _LETTER,
                Step(
                    "APOP needs a secret that the server can read, so it is another one than the password. Give Bob one.",
                    Run(
                        "postroom account password $bob --apop --password-stdin --at hamburger.test",
                        typed="$secret\n",
                    ),
                    explain="While somebody has such a secret, every greeting has a timestamp that was never used before.",
                    source="RFC 1939 §7",
                ),
                Step(
                    "Look at the greeting.",
                    Connect("pop3"),
                    ("-> \\+OK .*(?P<stamp><[^<>]+>).*",),
                ),
                Step(
                    "Put the secret behind the timestamp and take the MD5 of it: printf '%s' '$stamp$secret' | md5sum. Log in with that:",
                    Type("APOP $bob $digest"),
                    ("<- APOP (bob|$bob) $digest", "-> \\+OK .*"),
                    "The password did not cross the wire, and what did is of no use a second time. But who is the server? That is not proven; and MD5 is old. TLS and SCRAM do better.",
                    "RFC 1939 §7",
                ),
                _STAT,
                Step(
                    "Fetch the newest.",
                    Type("RETR $newest"),
                    ("<- RETR $newest", "-> \\+OK .*", "-> Subject: Pickles", "-> \\."),
                ),
                _QUIT,
                Step(
                    "Take the secret away again.",
                    Run("postroom account password $bob --apop --off --at hamburger.test"),
                ),
            ),
        ),
    ),
    ("RFC 1939 §7", "RFC 2449"),
)
