"""Lessons about IMAP: folders and flags that stay at the server, looking before fetching, being told of new mail.

RFC 9051, RFC 2177. Data only.
"""

from __future__ import annotations

from typing import Final

from postroom.lab.lessons.lesson import Connect, Consider, Lesson, Part, Post, Step, Type

_OK: Final = "-> \\S+ OK .*"
_LETTER: Final = Step(
    "Bob gets a letter.",
    Post("From: Alice <$alice>\nTo: Bob <$bob>\nSubject: Sauces\n\nDo you like ketchup?"),
    ("hamburger.test: -> 250 .*queued as .*",),
)
_PICTURE: Final = Step(
    "Bob gets a letter with a picture.",
    Post(
        "From: Alice <$alice>\nTo: Bob <$bob>\nSubject: Picture of yummy crepe\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=98766789\n\n--98766789\nContent-Type: text/plain\n\n"
        "Dear Bob,\nPlease find a picture of a crepe.\n--98766789\nContent-Type: image/gif\n"
        "Content-Transfer-Encoding: base64\n\nR0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\n--98766789--"
    ),
    ("hamburger.test: -> 250 .*queued as .*",),
)
_KNOCK: Final = Step(
    "You are Bob. Knock at his server's door for IMAP.",
    Connect("imap"),
    ("-> \\* OK .*IMAP server ready",),
    "* marks what the server says of itself. OK, NO and BAD are its answers.",
    "RFC 9051 §7.1",
)
_LOGIN: Final = Step(
    "Every command begins with a tag of your choice; the answer to it has the same one. Log in.",
    Type("a1 LOGIN $bob $bob_password"),
    ("<- \\S+ LOGIN \\S+ \\*+", _OK),
    "A password in the clear again: see the lesson sasl.",
    "RFC 9051 §6.2.3",
)
_SELECT: Final = Step(
    "Open the inbox.",
    Type("a2 SELECT INBOX"),
    ("<- \\S+ SELECT \\S+", "-> \\* (?P<newest>[1-9]\\d*) EXISTS", "-> \\S+ OK \\[READ-WRITE\\].*"),
    "EXISTS is how many letters there are; UIDs are numbers that stay, as long as UIDVALIDITY does.",
    "RFC 9051 §6.3.2",
)
_LOGOUT: Final = Step(
    "Leave.",
    Type("a9 LOGOUT"),
    ("<- \\S+ LOGOUT", "-> \\* BYE .*", _OK, "closed"),
)

FOLDERS: Final = Lesson(
    "imap",
    "IMAP: folders and flags",
    "With IMAP the letters stay at the server, in folders, with flags; every client sees the same.",
    (
        Part(
            "folders",
            (
                _LETTER,
                _KNOCK,
                _LOGIN,
                Step(
                    "Which folders are there?",
                    Type('a2 LIST "" "*"'),
                    ("<- \\S+ LIST .*", '-> \\* LIST \\(.*\\) "/" "?INBOX"?', _OK),
                    "Some have a use, such as \\Sent and \\Trash. / stands between a folder and those in it.",
                    "RFC 9051 §7.3.1",
                ),
                Step(
                    "Make one in another.",
                    Type("a3 CREATE Recipes/Sauces"),
                    ("<- \\S+ CREATE (?-i:Recipes/Sauces)", "-> \\S+ (OK|NO \\[ALREADYEXISTS\\]) .*"),
                    source="RFC 9051 §6.3.4",
                ),
                _SELECT,
                Step(
                    "Put a copy of the newest letter there.",
                    Type("a4 COPY $newest Recipes/Sauces"),
                    ("<- \\S+ COPY $newest Recipes/Sauces", "-> \\S+ OK \\[COPYUID .*"),
                    source="RFC 9051 §6.4.7",
                ),
                Step(
                    "And give the one in the inbox a flag.",
                    Type("a5 STORE $newest +FLAGS (\\Flagged)"),
                    ("<- \\S+ STORE .*", "-> \\* $newest FETCH \\(.*\\\\Flagged.*", _OK),
                    source="RFC 9051 §6.4.6",
                ),
                _LOGOUT,
                Step(
                    "All that is kept at the server. Bob's other computer comes.",
                    Connect("imap"),
                    ("-> \\* OK .*",),
                ),
                _LOGIN,
                Step(
                    "It sees the same folders.",
                    Type('a2 LIST "" "Recipes*"'),
                    ("<- \\S+ LIST .*", '-> \\* LIST .*Recipes/Sauces"?', _OK),
                ),
                _SELECT,
                Step(
                    "And the same flags.",
                    Type("a3 FETCH $newest (UID FLAGS)"),
                    ("<- \\S+ FETCH .*", "-> \\* $newest FETCH \\(.*\\\\Flagged.*", _OK),
                    "State across sessions: that is what POP3 does not have.",
                    "RFC 9051 §2.3.2",
                ),
                Step(
                    "A folder can be renamed.",
                    Type("a4 RENAME Recipes/Sauces Recipes/Dips"),
                    ("<- \\S+ RENAME .*", "-> \\S+ (OK|NO \\[ALREADYEXISTS\\]) .*"),
                    source="RFC 9051 §6.3.6",
                ),
                Step(
                    "And removed with what is in it.",
                    Type("a5 DELETE Recipes/Dips"),
                    ("<- \\S+ DELETE .*", "-> \\S+ OK .*"),
                    source="RFC 9051 §6.3.5",
                ),
                _LOGOUT,
            ),
        ),
    ),
    ("RFC 9051",),
)

PARTIAL: Final = Lesson(
    "imap-partial",
    "IMAP: look first, fetch a part",
    "On a slow line Bob wants to see who writes, and of what kind the letter is, before he fetches anything big.",
    (
        Part(
            "headers first",
            (
                _PICTURE,
                _KNOCK,
                _LOGIN,
                _SELECT,
                Step(
                    "Who writes, and about what? PEEK: without marking the letter as read.",
                    Type("a3 FETCH $newest (FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])"),
                    (
                        "<- \\S+ FETCH .*",
                        "-> \\* $newest FETCH .*RFC822\\.SIZE \\d+.*",
                        "-> Subject: Picture of yummy crepe",
                        _OK,
                    ),
                    source="RFC 9051 §6.4.5",
                ),
                Step(
                    "The same, taken apart by the server: date, subject, people, ids.",
                    Type("a4 FETCH $newest ENVELOPE"),
                    ("<- \\S+ FETCH .*", "-> \\* $newest FETCH \\(ENVELOPE \\(.*yummy crepe.*", _OK),
                    "ENVELOPE is made of the header. It is not the envelope of SMTP.",
                    "RFC 9051 §7.5.2",
                ),
                Step(
                    "Of what is it made?",
                    Type("a5 FETCH $newest BODYSTRUCTURE"),
                    ("<- \\S+ FETCH .*", '-> .*"TEXT" "PLAIN".*"IMAGE" "GIF".*"MIXED".*', _OK),
                    "Two parts: a text, and a picture in base64, with their sizes.",
                    "RFC 9051 §7.5.2",
                ),
                _LOGOUT,
            ),
        ),
        Part(
            "search, and fetch a part",
            (
                _PICTURE,
                _KNOCK,
                _LOGIN,
                _SELECT,
                Step(
                    "Let the server search.",
                    Type('a3 SEARCH FROM alice SUBJECT "yummy"'),
                    ("<- \\S+ SEARCH .*", "-> \\* SEARCH .*\\b$newest\\b.*", _OK),
                    source="RFC 9051 §6.4.4",
                ),
                Step(
                    "In the text, too.",
                    Type('a4 SEARCH BODY "picture of a crepe"'),
                    ("<- \\S+ SEARCH .*", "-> \\* SEARCH .*\\b$newest\\b.*", _OK),
                ),
                Step(
                    "Fetch the text, and leave the picture where it is.",
                    Type("a5 FETCH $newest BODY[1]"),
                    ("<- \\S+ FETCH .*", "-> \\* $newest FETCH .*BODY\\[1\\].*", "-> Dear Bob,", _OK),
                    "Without PEEK the letter is marked as \\Seen now.",
                    "RFC 9051 §6.4.5",
                ),
                Step(
                    "Of the picture the first twelve octets: enough to see what it is.",
                    Type("a6 FETCH $newest BODY.PEEK[2]<0.12>"),
                    (
                        "<- \\S+ FETCH .*",
                        "-> \\* $newest FETCH .*BODY\\[2\\]<0> .*",
                        "-> R0lGODlhAQAB.*",
                        _OK,
                    ),
                    "R0lGODlh is GIF89a in base64: each GIF begins so.",
                    "RFC 9051 §6.4.5",
                ),
                _LOGOUT,
            ),
        ),
    ),
    ("RFC 9051 §6.4",),
)

PUSH: Final = Lesson(
    "push-pull",
    "Push against pull",
    "SMTP pushes: whoever has a letter brings it. POP3, IMAP and the web pull: whoever wants letters fetches them. IDLE has the server call.",
    (
        Part(
            "waiting to be told",
            (
                _LETTER,
                Step(
                    "Why does the last stretch not go by SMTP, to Bob's computer?",
                    Consider(),
                    explain="It would have to be a server that is always on and has a name. So his server keeps the letters, and he comes.",
                    source="RFC 1939 §1",
                ),
                _KNOCK,
                _LOGIN,
                _SELECT,
                Step(
                    "Do not ask again and again: say that you wait.",
                    Type("a3 IDLE"),
                    ("<- \\S+ IDLE", "-> \\+ .*"),
                    "The connection stays open; nobody says anything.",
                    "RFC 9051 §6.3.13",
                ),
                Step(
                    "Alice's server pushes a letter to Bob's.",
                    Post("From: Alice <$alice>\nTo: Bob <$bob>\nSubject: Push\n\nHere it comes."),
                    ("-> \\* $newest_more EXISTS",),
                    "And his server tells the waiting client at once. The client still fetches: a push that says where to pull.",
                    "RFC 9051 §6.3.13",
                ),
                Step("Stop waiting.", Type("DONE"), ("<- DONE", _OK)),
                Step(
                    "Pull.",
                    Type("a4 FETCH $newest_more BODY[HEADER.FIELDS (SUBJECT)]"),
                    ("<- \\S+ FETCH .*", "-> Subject: Push", _OK),
                ),
                _LOGOUT,
                Step(
                    "And HTTP? The web pulls too: a browser asks, a server answers.",
                    Consider(),
                    explain="Both speak in lines of text with codes of three digits. SMTP keeps its connection for many letters and ends each with a line that is a period; HTTP says how long each object is. A letter has many objects in one (multipart), HTTP answers with one each.",
                    source="RFC 9112 §6, RFC 5321 §4.1.1.4",
                ),
            ),
        ),
    ),
    ("RFC 9051 §6.3.13", "RFC 5321"),
)
