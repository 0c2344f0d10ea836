"""Lessons about SMTP: by hand, its extensions, the leading period, addresses that are asked about, relaying.

RFC 5321, RFC 2920, RFC 1870, RFC 3463. Data only.
"""

from __future__ import annotations

from typing import Final

from postroom.lab.lessons.lesson import Connect, Consider, Lesson, Part, Run, Step, Type

KETCHUP: Final = "Do you like ketchup?\nHow about pickles?"

_GREETED: Final = (
    Step(
        "Bob's mail server takes mail for hamburger.test. Knock at its door.",
        Connect("smtp"),
        ("-> 220 mail\\.hamburger\\.test .*",),
        "The server speaks first: 220 and its name. 2 means that all is well.",
        "RFC 5321 §3.1",
    ),
    Step(
        "Say who you are: the mail server of crepes.test.",
        Type("HELO crepes.test"),
        ("<- HELO crepes\\.test", "-> 250 .*Hello crepes\\.test, pleased to meet you"),
        "A name is all that it asks for. Nothing proves that you are crepes.test.",
        "RFC 5321 §4.1.1.1",
    ),
)
_ENVELOPE: Final = (
    Step(
        "Begin a letter: who sends it?",
        Type("MAIL FROM:<$alice>"),
        ("<- MAIL FROM: ?<?$alice>?.*", "-> 250 .*"),
        "This is the sender on the envelope, to whom a failure would be reported. The letter itself may say something else.",
        "RFC 5321 §4.1.1.2",
    ),
    Step(
        "And who is to get it?",
        Type("RCPT TO:<$bob>"),
        ("<- RCPT TO: ?<?$bob>?.*", "-> 250 .*"),
        "Each recipient has a line of his own, and an answer of his own.",
        "RFC 5321 §4.1.1.3",
    ),
)
_DATA: Final = Step(
    "Ask to send the letter itself.",
    Type("DATA"),
    ("<- DATA", "-> 354 .*"),
    "3 means: go on. What follows is no command any more.",
    "RFC 5321 §4.1.1.4",
)
_QUIT: Final = Step(
    "Take your leave.",
    Type("QUIT"),
    ("<- QUIT", "-> 221 .*", "closed"),
    "The server says goodbye and closes the connection.",
    "RFC 5321 §4.1.1.10",
)

BY_HAND: Final = Lesson(
    "smtp",
    "SMTP by hand",
    "You are the mail server of crepes.test and bring Bob a letter from Alice, typing what servers say to each other.",
    (
        Part(
            "a letter",
            (
                *_GREETED,
                *_ENVELOPE,
                _DATA,
                Step(
                    "The letter, and then a line that has nothing but a period.",
                    Type(f"{KETCHUP}\n."),
                    ("<- \\.", "-> 250 .*queued as (?P<id>J\\w+)"),
                    "This 250 is a promise: from now on the server answers for the letter, whatever happens to it.",
                    "RFC 5321 §6.1",
                ),
                _QUIT,
                Step(
                    "Has Bob got it?",
                    Run("postroom journey $id", ("MAIL FROM:", "filed in INBOX")),
                    explain="The id that the 250 named is known to the lab: this is the way of your letter, and every line that you typed.",
                ),
            ),
        ),
        Part(
            "the letter has a header",
            (
                *_GREETED,
                *_ENVELOPE,
                _DATA,
                Step(
                    "This time with a header: fields first, then an empty line, then the text. From and To are not looked at by the server.",
                    Type(f"From: Alice <$alice>\nTo: Bob <$bob>\nSubject: Ketchup\n\n{KETCHUP}\n."),
                    ("<- From: .*", "<- To: .*", "<- Subject: Ketchup", "<- \\.", "-> 250 .*"),
                    "The envelope (MAIL and RCPT) is for servers, the header for people: they are two things.",
                    "RFC 5321 §2.3.1, RFC 5322 §2.1",
                ),
                _QUIT,
                Step(
                    "What has the server made of it?",
                    Run(
                        "postroom mail --as bob search subject:Ketchup",
                        ("Ketchup",),
                    ),
                    explain="The header that you typed is what Bob sees.",
                ),
                Step(
                    "And the way of the letter, as the lab has noted it.",
                    Run(
                        "postroom journey --last --at hamburger.test",
                        ("MAIL FROM:", "filed in INBOX"),
                    ),
                    explain="Every server notes what it was told and what it has answered. Each adds a Received field on top of the header.",
                    source="RFC 5321 §4.4",
                ),
            ),
        ),
        Part(
            "what goes wrong",
            (
                *_GREETED,
                Step(
                    "The order matters. Name a recipient before a sender.",
                    Type("RCPT TO:<$bob>"),
                    ("<- RCPT TO: ?<?$bob>?", "-> 503 5\\.5\\.1 .*"),
                    "503: a bad sequence of commands. 5 means no, and no again if you repeat it.",
                    "RFC 5321 §4.1.4",
                ),
                Step(
                    "Say something that is no command.",
                    Type("HELLO crepes.test"),
                    ("<- HELLO .*", "-> 500 5\\.5\\.\\d .*"),
                    "500: the command is not known. Commands are not case sensitive, but they must be these words.",
                    "RFC 5321 §4.2.4",
                ),
                _ENVELOPE[0],
                Step(
                    "Write to somebody who is not there.",
                    Type("RCPT TO:<nobody@hamburger.test>"),
                    ("<- RCPT TO: ?<?nobody@hamburger\\.test>?", "-> 550 5\\.1\\.1 .*"),
                    "550 5.1.1: no such mailbox. The sender knows at once; no report has to be sent.",
                    "RFC 3463 §3.2",
                ),
                Step(
                    "Think better of it.",
                    Type("RSET"),
                    ("<- RSET", "-> 250 .*"),
                    "The letter that was begun is forgotten; the connection stays.",
                    "RFC 5321 §4.1.1.5",
                ),
                _QUIT,
            ),
        ),
    ),
    ("RFC 5321", "RFC 5322"),
)

ESMTP: Final = Lesson(
    "esmtp",
    "ESMTP: extensions, several letters, pipelining",
    "EHLO in place of HELO asks the server what it can do. One connection carries as many letters as you like, and commands need not wait for each other.",
    (
        Part(
            "EHLO",
            (
                _GREETED[0],
                Step(
                    "Say hello in the way of today.",
                    Type("EHLO crepes.test"),
                    (
                        "<- EHLO crepes\\.test",
                        "-> 250-PIPELINING",
                        "-> 250-SIZE (?P<size>\\d+)",
                        "-> 250-8BITMIME",
                        "-> 250-ENHANCEDSTATUSCODES",
                        "-> 250-STARTTLS",
                        "-> 250 \\S+",
                    ),
                    "Each line is an extension. 250 and a hyphen: more lines follow; 250 and a space: the last one.",
                    "RFC 5321 §4.2.1",
                ),
                Step(
                    "SIZE says how big a letter may be. Announce one that is bigger.",
                    Type("MAIL FROM:<$alice> SIZE=99999999"),
                    ("<- MAIL FROM: ?<?$alice>? SIZE=99999999", "-> 552 5\\.3\\.4 .*"),
                    "It is refused before a single octet of it was sent: that is what the extension is for.",
                    "RFC 1870 §6.1",
                ),
                _QUIT,
            ),
        ),
        Part(
            "two letters in one connection",
            (
                *_GREETED,
                *_ENVELOPE,
                _DATA,
                Step(
                    "The first letter.",
                    Type("Subject: the first\n\nOne.\n."),
                    ("<- Subject: the first", "<- \\.", "-> 250 .*"),
                ),
                *_ENVELOPE,
                _DATA,
                Step(
                    "After the period you simply went on with MAIL FROM. The second letter.",
                    Type("Subject: the second\n\nTwo.\n."),
                    ("<- Subject: the second", "<- \\.", "-> 250 .*"),
                    "The connection is persistent, as in HTTP/1.1: one greeting for many letters.",
                    "RFC 5321 §4.1.4",
                ),
                _QUIT,
            ),
        ),
        Part(
            "pipelining",
            (
                _GREETED[0],
                Step(
                    "PIPELINING must be asked for.",
                    Type("EHLO crepes.test"),
                    ("<- EHLO crepes\\.test", "-> 250-PIPELINING", "-> 250 \\S+"),
                ),
                Step(
                    "Now say three things without waiting for an answer. (They went one by one? RSET, and again.)",
                    Type(
                        "MAIL FROM:<$alice>\nRCPT TO:<$bob>\nRCPT TO:<nobody@hamburger.test>",
                        at_once=True,
                    ),
                    (
                        "<- MAIL FROM: ?<?$alice>?",
                        "<- RCPT TO: ?<?$bob>?",
                        "<- RCPT TO: ?<?nobody@hamburger\\.test>?",
                        "-> 250 2\\.1\\.0 .*",
                        "-> 250 2\\.1\\.5 .*",
                        "-> 550 5\\.1\\.1 .*",
                    ),
                    "The answers come in the order of the commands: one round trip in place of three (telnet sends the first line ahead of the others). DATA may be the last of such a group.",
                    "RFC 2920 §3.1",
                ),
                _DATA,
                Step(
                    "The letter for the one recipient who was accepted.",
                    Type("Subject: pipelined\n\nThree.\n."),
                    ("<- Subject: pipelined", "<- \\.", "-> 250 .*"),
                ),
                _QUIT,
            ),
        ),
    ),
    ("RFC 5321", "RFC 1870", "RFC 2920"),
)

PERIOD: Final = Lesson(
    "period",
    "The leading period",
    "A line with nothing but a period ends a letter. What if the letter has such a line?",
    (
        Part(
            "a letter full of periods",
            (
                *_GREETED,
                *_ENVELOPE,
                _DATA,
                Step(
                    "Whoever sends puts a period before every line that begins with one. The letter is to have the lines `.`, `.foo` and `.`; type:",
                    Type(
                        "Subject: leading period\n\nThis letter is a test of SMTP\n..\n..foo\n..\nDid it work?\n."
                    ),
                    (
                        "<- This letter is a test of SMTP",
                        "<- \\.\\.",
                        "<- \\.\\.foo",
                        "<- \\.\\.",
                        "<- Did it work\\?",
                        "<- \\.",
                        "-> 250 .*",
                    ),
                    "Only the last line, a single period, has ended the letter.",
                    "RFC 5321 §4.5.2",
                ),
                _QUIT,
            ),
        ),
        Part(
            "what Bob gets",
            (
                *_GREETED,
                *_ENVELOPE,
                _DATA,
                Step(
                    "One more, so that it is the newest in his mailbox.",
                    Type("Subject: periods\n\n..\n..foo\n."),
                    ("<- Subject: periods", "<- \\.\\.", "<- \\.\\.foo", "<- \\.", "-> 250 .*"),
                ),
                _QUIT,
                Step(
                    "Now you are Bob. Connect to his mailbox.",
                    Connect("pop3"),
                    ("-> \\+OK .*",),
                ),
                Step("Who?", Type("USER $bob"), ("<- USER .*", "-> \\+OK .*")),
                Step("Prove it.", Type("PASS $bob_password"), ("<- PASS \\*+", "-> \\+OK .*")),
                Step(
                    "How many letters are there?", Type("STAT"), ("<- STAT", "-> \\+OK (?P<newest>\\d+) \\d+")
                ),
                Step(
                    "Fetch the newest.",
                    Type("RETR $newest"),
                    ("<- RETR $newest", "-> Subject: periods", "-> \\.\\.", "-> \\.\\.foo", "-> \\."),
                    "POP3 ends a letter as SMTP does, so the periods are doubled on this way too. What is kept, and what a mail reader shows, are the lines `.` and `.foo`.",
                    "RFC 1939 §3",
                ),
                Step("Leave.", Type("QUIT"), ("<- QUIT", "-> \\+OK .*", "closed")),
                Step(
                    "A mail reader takes them off again.",
                    Run("postroom mail --as bob read $newest", ("^\\.$", "^\\.foo$")),
                ),
            ),
        ),
    ),
    ("RFC 5321 §4.5.2", "RFC 1939 §3"),
)

ALIASES: Final = Lesson(
    "aliases",
    "VRFY, EXPN, aliases, and commands of old",
    "A server can be asked who lives there. Hardly any answers today, for collectors of addresses ask too; in the lab it does.",
    (
        Part(
            "an address that stands for others",
            (
                Step(
                    "Make one that stands for Alice and Bob.",
                    Run(
                        "postroom alias add dinner@hamburger.test $bob $alice --at hamburger.test",
                        perhaps=True,
                    ),
                    explain="An alias is no mailbox. It is a name that the server replaces by others.",
                    source="RFC 5321 §3.9.1",
                ),
                *_GREETED,
                Step(
                    "Is there a Bob?",
                    Type("VRFY bob"),
                    ("<- VRFY bob", "-> 25[02] .*<$bob>"),
                    "Yes, and this is his address.",
                    "RFC 5321 §4.1.1.6",
                ),
                Step(
                    "Is there somebody called nobody?",
                    Type("VRFY nobody"),
                    ("<- VRFY nobody", "-> 550 5\\.1\\.1 .*"),
                    "No. Whoever tries a whole dictionary of names that way has a list to sell: so most servers say 252, which is neither yes nor no.",
                    "RFC 5321 §7.3",
                ),
                Step(
                    "For whom does the alias stand?",
                    Type("EXPN dinner"),
                    ("<- EXPN dinner", "-> 250.*<$alice>", "-> 250.*<$bob>"),
                    "EXPN expands it, a line for each.",
                    "RFC 5321 §4.1.1.7",
                ),
                _ENVELOPE[0],
                Step(
                    "Write to all of them at once.",
                    Type("RCPT TO:<dinner@hamburger.test>"),
                    ("<- RCPT TO: ?<?dinner@hamburger\\.test>?", "-> 250 .*"),
                ),
                _DATA,
                Step(
                    "An invitation.",
                    Type("From: Alice <$alice>\nTo: dinner@hamburger.test\nSubject: Dinner\n\nAt eight?\n."),
                    ("<- Subject: Dinner", "<- \\.", "-> 250 .*", "crepes.test: ~> 250 .*queued as .*"),
                    "One copy has gone into Bob's mailbox, another on to crepes.test, where Alice lives.",
                    "RFC 5321 §3.9.1",
                ),
                Step(
                    "And a command of 1982: exchange the roles of client and server.",
                    Type("TURN"),
                    ("<- TURN", "-> 502 5\\.5\\.1 .*"),
                    "502: known once, not implemented. Whoever calls could take mail that is not his.",
                    "RFC 5321 appendix F.1",
                ),
                Step(
                    "Does nothing, and says so.",
                    Type("NOOP"),
                    ("<- NOOP", "-> 250 .*"),
                ),
                _QUIT,
                Step(
                    "Tidy up.",
                    Run("postroom alias remove dinner@hamburger.test --yes --at hamburger.test"),
                ),
            ),
        ),
    ),
    ("RFC 5321 §3.5", "RFC 5321 §7.3"),
)

RELAY: Final = Lesson(
    "relay",
    "Relaying, and why it is closed",
    "A server takes mail for its own domain from anybody. Mail for others it passes on for those only whom it knows, or the world's spam would go by it.",
    (
        Part(
            "a stranger",
            (
                *_GREETED,
                Step(
                    "You are a stranger to hamburger.test, and have a letter for somebody elsewhere.",
                    Type("MAIL FROM:<spammer@elsewhere.test>"),
                    ("<- MAIL FROM: ?<?spammer@elsewhere\\.test>?", "-> 250 .*"),
                ),
                Step(
                    "Ask this server to bring it to Alice, who lives at crepes.test.",
                    Type("RCPT TO:<$alice>"),
                    ("<- RCPT TO: ?<?$alice>?", "-> 550 5\\.7\\.1 Relaying denied.*"),
                    "550 5.7.1: refused by policy. An open relay would be on every blocklist within hours.",
                    "RFC 5321 §3.6.1, RFC 3463 §3.8",
                ),
                Step(
                    "And to Bob, who lives here?",
                    Type("RCPT TO:<$bob>"),
                    ("<- RCPT TO: ?<?$bob>?", "-> 250 .*"),
                    "For its own people it takes mail from anybody: how else would they get any?",
                    "RFC 5321 §2.1",
                ),
                _QUIT,
            ),
        ),
        Part(
            "somebody who is known",
            (
                Step(
                    "Bob's own server brings his letters anywhere: there is a door for that, of its own, and it wants TLS and a login.",
                    Connect("submission", tls="starttls"),
                    ("secured .*",),
                    "Submission, port 587: from people to their own server. Port 25 is between servers.",
                    "RFC 6409 §3.1",
                ),
                Step(
                    "Greet again, now under TLS.",
                    Type("EHLO bob.hamburger.test"),
                    ("<~ EHLO .*", "~> 250 \\S+"),
                ),
                Step(
                    "Without a login?",
                    Type("MAIL FROM:<$bob>"),
                    ("<~ MAIL FROM: ?<?$bob>?", "~> 530 5\\.7\\.0 .*"),
                    "530: authentication required.",
                    "RFC 4954 §6",
                ),
                Step(
                    "Log in; this is a NUL, the name, a NUL and the password, in base64.",
                    Type("AUTH PLAIN $plain"),
                    ("<~ AUTH PLAIN \\*+", "~> 235 2\\.7\\.0 .*"),
                ),
                Step(
                    "Now the same once more.",
                    Type("MAIL FROM:<$bob>"),
                    ("<~ MAIL FROM: ?<?$bob>?", "~> 250 .*"),
                ),
                Step(
                    "To Alice, elsewhere.",
                    Type("RCPT TO:<$alice>"),
                    ("<~ RCPT TO: ?<?$alice>?", "~> 250 .*"),
                    "The server knows for whom it does that, and can be asked about it: relaying is for its own people.",
                    "RFC 6409 §4.3",
                ),
                Step("Leave.", Type("QUIT"), ("<~ QUIT", "~> 221 .*", "closed")),
                Step(
                    "Why do users not bring their letters to the recipient's server themselves?",
                    Consider(),
                    explain="Their computers are not always on, to try again for days; their addresses change, so nothing vouches for them. A server has a name, an SPF record, DKIM keys, and a queue.",
                ),
            ),
        ),
    ),
    ("RFC 5321", "RFC 6409", "RFC 4954"),
)
