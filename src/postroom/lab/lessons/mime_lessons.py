"""Lessons about MIME: base64 and quoted-printable by hand, parts, a picture within the text.

RFC 2045, RFC 2046, RFC 2387, RFC 2392. Data only.
"""

from __future__ import annotations

from typing import Final

from postroom.lab.lessons.lesson import Connect, Consider, Lesson, Part, Run, Step, Type

_GIF: Final = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_BEGUN: Final = (
    Step("Bring Bob a letter by hand.", Connect("smtp"), ("-> 220 .*",)),
    Step("Who are you?", Type("HELO crepes.test"), ("<- HELO .*", "-> 250 .*")),
    Step("From whom?", Type("MAIL FROM:<$alice>"), ("<- MAIL FROM: ?<?$alice>?", "-> 250 .*")),
    Step("To whom?", Type("RCPT TO:<$bob>"), ("<- RCPT TO: ?<?$bob>?", "-> 250 .*")),
    Step("Now the letter.", Type("DATA"), ("<- DATA", "-> 354 .*")),
)
_QUIT: Final = Step("Leave.", Type("QUIT"), ("<- QUIT", "-> 221 .*", "closed"))


def _found(subject: str) -> Step:
    """The number of the newest letter with a subject, in Bob's mailbox."""
    return Step(
        "Find it in Bob's mailbox.",
        Run(f"postroom mail --as bob search subject:{subject}", ("(?s).*^(?P<number>\\d+)\\t",)),
    )


BASE64: Final = Lesson(
    "mime",
    "MIME by hand: base64 and quoted-printable",
    "A letter is lines of ASCII. Everything else is written in ASCII, and two fields of the header say how.",
    (
        Part(
            "base64",
            (
                Step(
                    "Three octets are 24 bits, four times 6; each 6 bits are one of 64 characters. Write `Do you like ketchup?` so: printf 'Do you like ketchup?' | base64",
                    Consider(),
                    explain="RG8geW91IGxpa2Uga2V0Y2h1cD8= : 20 octets became 28 characters. 20 is no multiple of 3, so = fills the end.",
                    source="RFC 2045 §6.8",
                ),
                *_BEGUN,
                Step(
                    "Say in the header what it is, and how it is written.",
                    Type(
                        "From: Alice <$alice>\nTo: Bob <$bob>\nSubject: base64-by-hand\nMIME-Version: 1.0\n"
                        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
                        "RG8geW91IGxpa2Uga2V0Y2h1cD8=\n."
                    ),
                    (
                        "<- Subject: base64-by-hand",
                        "<- MIME-Version: 1\\.0",
                        "<- Content-Type: text/plain.*",
                        "<- Content-Transfer-Encoding: base64",
                        "<- RG8geW91IGxpa2Uga2V0Y2h1cD8=",
                        "<- \\.",
                        "-> 250 .*",
                    ),
                    "Servers do not look at it: for SMTP these are lines as any others.",
                    "RFC 2045 §3, §5, §6",
                ),
                _QUIT,
                _found("base64-by-hand"),
                Step(
                    "Bob's mail reader undoes it.",
                    Run("postroom mail --as bob read $number", ("^Do you like ketchup\\?",)),
                ),
            ),
        ),
        Part(
            "quoted-printable",
            (
                *_BEGUN,
                Step(
                    "Where most of a text is ASCII, only the rest is encoded: = and the octet in hexadecimal. é is C3 A9 in UTF-8. In a header the same is done by =?utf-8?q?...?=.",
                    Type(
                        "From: Alice <$alice>\nTo: Bob <$bob>\nSubject: quoted-printable =?utf-8?q?by_hand_=C3=A0_la_main?=\n"
                        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
                        "Un caf=C3=A9 =3D 2 cr=C3=AApes.\n."
                    ),
                    (
                        "<- Subject: quoted-printable .*",
                        "<- Content-Transfer-Encoding: quoted-printable",
                        "<- Un caf=C3=A9 =3D 2 cr=C3=AApes\\.",
                        "<- \\.",
                        "-> 250 .*",
                    ),
                    source="RFC 2045 §6.7, RFC 2047 §4.2",
                ),
                _QUIT,
                _found("quoted-printable"),
                Step(
                    "What Bob reads:",
                    Run(
                        "postroom mail --as bob read $number", ("by hand à la main", "^Un café = 2 crêpes\\.")
                    ),
                ),
            ),
        ),
    ),
    ("RFC 2045", "RFC 2047"),
)

MULTIPART: Final = Lesson(
    "multipart",
    "MIME by hand: several parts, Content-ID",
    "A text and a picture in one letter, between lines that both sides agree upon; and a picture that stands in the text.",
    (
        Part(
            "a text and a picture",
            (
                *_BEGUN,
                Step(
                    "The boundary is any line that does not occur in the parts. It stands before each of them with two hyphens, and behind the last with two more.",
                    Type(
                        "From: Alice <$alice>\nTo: Bob <$bob>\nSubject: multipart-by-hand\nMIME-Version: 1.0\n"
                        "Content-Type: multipart/mixed; boundary=98766789\n\n--98766789\n"
                        "Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain\n\n"
                        "Dear Bob,\nPlease find a picture of a crepe.\n--98766789\n"
                        'Content-Transfer-Encoding: base64\nContent-Type: image/gif; name="crepe.gif"\n'
                        f"Content-Disposition: attachment; filename=crepe.gif\n\n{_GIF}\n--98766789--\n."
                    ),
                    (
                        "<- Subject: multipart-by-hand",
                        "<- Content-Type: multipart/mixed; boundary=98766789",
                        "<- --98766789",
                        "<- --98766789",
                        "<- --98766789--",
                        "<- \\.",
                        "-> 250 .*",
                    ),
                    source="RFC 2046 §5.1.1",
                ),
                _QUIT,
                _found("multipart-by-hand"),
                Step(
                    "What Bob sees: the text, and that there is a file.",
                    Run("postroom mail --as bob read $number", ("picture of a crepe", "crepe\\.gif")),
                ),
            ),
        ),
        Part(
            "a picture within the text",
            (
                *_BEGUN,
                Step(
                    "HTML names the picture by its Content-ID, with cid: before it; multipart/related says that the parts belong together.",
                    Type(
                        "From: Alice <$alice>\nTo: Bob <$bob>\nSubject: related-by-hand\nMIME-Version: 1.0\n"
                        "Content-Type: multipart/related; boundary=crepe\n\n--crepe\nContent-Type: text/html\n\n"
                        '<p>A crepe: <img src="cid:crepe1@crepes.test" alt="yummy"></p>\n--crepe\nContent-Type: image/gif\n'
                        f"Content-ID: <crepe1@crepes.test>\nContent-Transfer-Encoding: base64\n\n{_GIF}\n--crepe--\n."
                    ),
                    (
                        "<- Content-Type: multipart/related; boundary=crepe",
                        "<- .*cid:crepe1@crepes\\.test.*",
                        "<- Content-ID: <crepe1@crepes\\.test>",
                        "<- --crepe--",
                        "<- \\.",
                        "-> 250 .*",
                    ),
                    source="RFC 2387 §3, RFC 2392 §2",
                ),
                _QUIT,
                Step("You are Bob now. Look at it by IMAP.", Connect("imap"), ("-> \\* OK .*",)),
                Step("Log in.", Type("a1 LOGIN $bob $bob_password"), ("<- \\S+ LOGIN .*", "-> \\S+ OK .*")),
                Step(
                    "Open the inbox.",
                    Type("a2 SELECT INBOX"),
                    ("<- \\S+ SELECT .*", "-> \\* (?P<newest>[1-9]\\d*) EXISTS", "-> \\S+ OK .*"),
                ),
                Step(
                    "Of what is it made?",
                    Type("a3 FETCH $newest BODYSTRUCTURE"),
                    ("<- \\S+ FETCH .*", '-> .*"<crepe1@crepes\\.test>".*"RELATED".*', "-> \\S+ OK .*"),
                    "The server has read the structure, and the Content-ID with it. In the web mail the picture stands in the text.",
                    "RFC 9051 §7.5.2",
                ),
                Step("Leave.", Type("a4 LOGOUT"), ("<- \\S+ LOGOUT", "-> \\S+ OK .*", "closed")),
            ),
        ),
    ),
    ("RFC 2046", "RFC 2387", "RFC 2392"),
)
