"""Lessons about the way between two servers: MX records and the queue, who a sender really is, passwords.

RFC 5321 §4.5.4 and §5, RFC 7208, RFC 6376, RFC 9989, RFC 4954, RFC 5802. Data only.
"""

from __future__ import annotations

from typing import Final

from postroom.lab.lessons.lesson import HAMBURGER, Ask, Connect, Consider, Door, Lesson, Part, Run, Step, Type

_SEND: Final = "postroom mail --as alice send $bob --subject {} --body 'Do you like ketchup?'"

QUEUE: Final = Lesson(
    "queue",
    "MX records, and the queue while the other side is down",
    "Where does mail for hamburger.test go, and what becomes of it when nobody takes it there?",
    (
        Part(
            "whom to ask",
            (
                Step(
                    "Which host takes mail for hamburger.test?",
                    Ask("hamburger.test", "MX"),
                    ("dns hamburger\\.test MX NOERROR MX \\d+ mail\\.hamburger\\.test\\.",),
                    "The number is a preference: the lowest first. A domain and its mail server are two names.",
                    "RFC 5321 §5.1",
                ),
                Step(
                    "And where is that?",
                    Ask("mail.hamburger.test", "A"),
                    ("dns mail\\.hamburger\\.test A NOERROR A 127\\.0\\.0\\.\\d+",),
                ),
                Step(
                    "A domain that is not there:",
                    Ask("nowhere.test", "MX"),
                    ("dns nowhere\\.test MX NXDOMAIN",),
                    "Mail for it fails at once; trying again would not help.",
                    "RFC 5321 §5.1",
                ),
            ),
        ),
        Part(
            "the other side is down",
            (
                Step(
                    "Bob's server is being repaired.",
                    Door(HAMBURGER, is_open=False),
                ),
                Step(
                    "Alice writes to Bob. Watch the two servers.",
                    Run(_SEND.format("Patience"), ("as (?P<id>J\\w+)",)),
                    ("hamburger.test: <~ MAIL FROM:<$alice>.*", "hamburger.test: ~> 421 4\\.3\\.2 .*"),
                    "Her own server has said 250 to her: it answers for the letter now. The other one says 421, which means later.",
                    "RFC 5321 §3.8, §4.2.1",
                ),
                Step(
                    "The letter waits in the queue of her server.",
                    Run("postroom queue list --at crepes.test", ("$id.*waiting",)),
                    explain="4 means not now, 5 means no. After 4 it is tried again and again, for days.",
                    source="RFC 5321 §4.5.4.1",
                ),
                Step("Bob's server is back.", Door(HAMBURGER, is_open=True)),
                Step(
                    "Nobody has to do anything but wait. In the lab time can be moved.",
                    Run("postroom lab clock +30m"),
                    ("hamburger.test: ~> 250 .*queued as .*",),
                    "The queue has tried again by itself, and this time it was taken.",
                    "RFC 5321 §4.5.4.1",
                ),
                Step(
                    "Its way, with both attempts.",
                    Run("postroom journey $id", ("421 4\\.3\\.2", "relayed to mail\\.hamburger\\.test")),
                ),
            ),
        ),
    ),
    ("RFC 5321 §4.5.4", "RFC 5321 §5"),
)

_FORGE: Final = (
    Step("Connect to Bob's server. You are nobody in particular.", Connect("smtp"), ("-> 220 .*",)),
    Step(
        "And say that you are Alice's server.",
        Type("HELO mail.crepes.test"),
        ("<- HELO mail\\.crepes\\.test", "-> 250 .*"),
    ),
    Step("With a letter of hers.", Type("MAIL FROM:<$alice>"), ("<- MAIL FROM: ?<?$alice>?", "-> 250 .*")),
    Step("For Bob.", Type("RCPT TO:<$bob>"), ("<- RCPT TO: ?<?$bob>?", "-> 250 .*")),
    Step("Which is:", Type("DATA"), ("<- DATA", "-> 354 .*")),
)

FORGED: Final = Lesson(
    "forged",
    "A forged sender",
    "SMTP believes what it is told. You send Bob a letter from Alice, who knows nothing of it; and see what he can know.",
    (
        Part(
            "you are Alice",
            (
                *_FORGE,
                Step(
                    "Something that Alice would never write.",
                    Type("From: Alice <$alice>\nTo: Bob <$bob>\nSubject: forged\n\nI hate ketchup.\n."),
                    ("<- I hate ketchup\\.", "<- \\.", "-> 250 .*queued as (?P<id>J\\w+)"),
                    "It is taken. But the server has asked the DNS before, or has known from the last time.",
                    "RFC 7208 §3",
                ),
                Step("Leave.", Type("QUIT"), ("<- QUIT", "-> 221 .*", "closed")),
                Step(
                    "What did it find out?",
                    Run("postroom journey $id", ("spf: fail", "dkim: none", "dmarc: fail")),
                    explain="Your address is not among those that crepes.test sends from, the letter has no signature, so nothing speaks for its From. The domain asks for nothing to be done about it (p=none), so Bob's server only notes it.",
                    source="RFC 9989 §4.7",
                ),
                Step("Bob fetches it; look at it as he does.", Connect("pop3"), ("-> \\+OK .*",)),
                Step("Who?", Type("USER $bob"), ("<- USER .*", "-> \\+OK .*")),
                Step("Prove it.", Type("PASS $bob_password"), ("<- PASS .*", "-> \\+OK .*")),
                Step("How many?", Type("STAT"), ("<- STAT", "-> \\+OK (?P<newest>[1-9]\\d*) \\d+")),
                Step(
                    "The newest.",
                    Type("RETR $newest"),
                    (
                        "<- RETR $newest",
                        "-> Authentication-Results: mail\\.hamburger\\.test.*",
                        "-> .*spf=fail.*",
                        "-> From: Alice .*",
                        "-> \\.",
                    ),
                    "From says Alice. Authentication-Results, which his own server has put on top, says that nobody vouches for it.",
                    "RFC 8601 §2.2",
                ),
                Step("Leave.", Type("QUIT"), ("<- QUIT", "-> \\+OK .*", "closed")),
            ),
        ),
    ),
    ("RFC 5321 §7.1", "RFC 7208", "RFC 8601"),
    lenient=True,
)

REMEDIES: Final = Lesson(
    "remedies",
    "Remedies: SPF, DKIM, DMARC",
    "Three records in the DNS of crepes.test say which hosts send for it, which keys sign for it, and what is to be done with the rest.",
    (
        Part(
            "three records",
            (
                Step(
                    "SPF: which hosts send?",
                    Ask("crepes.test", "TXT"),
                    ('dns crepes\\.test TXT NOERROR .*"v=spf1 mx -all".*',),
                    "Those of the MX records, and nobody else (-all).",
                    "RFC 7208 §5",
                ),
                Step(
                    "A receiving server does this for each letter: may a client of that address send for Alice?",
                    Run("postroom spf $alice 127.0.0.2 --resolver 127.0.0.1:$dns", ("^pass",)),
                ),
                Step(
                    "DKIM: the public key, below a selector.",
                    Ask("rsa._domainkey.crepes.test", "TXT"),
                    ("dns rsa\\._domainkey\\.crepes\\.test TXT NOERROR .*v=DKIM1.*p=.*",),
                    "The private one stays at the server. A signature names the domain (d=) and the selector (s=).",
                    "RFC 6376 §3.6.2",
                ),
                Step(
                    "DMARC: what to do with mail in whose From is crepes.test, and for which neither speaks.",
                    Ask("_dmarc.crepes.test", "TXT"),
                    ("dns _dmarc\\.crepes\\.test TXT NOERROR .*v=DMARC1.*p=.*",),
                    "p=none: tell us only. A domain that is sure of itself says quarantine or reject.",
                    "RFC 9989 §4.7",
                ),
            ),
        ),
        Part(
            "a letter that is genuine",
            (
                Step(
                    "Alice writes to Bob, by her own server.",
                    Run(_SEND.format("Genuine"), ("as (?P<id>J\\w+)",)),
                    (
                        "hamburger.test: <~ MAIL FROM:<$alice>.*",
                        "hamburger.test: <~ DKIM-Signature: .*d=crepes\\.test;.*",
                        "hamburger.test: ~> 250 .*queued as .*",
                    ),
                    "Her server has put signatures on top.",
                    "RFC 6376 §3.5",
                ),
                Step(
                    "What has Bob's server found out?",
                    Run("postroom journey $id", ("spf: pass", "dkim: pass", "dmarc: pass")),
                    explain="The address is right, the signature is right, and both are of the domain in From. SPF breaks when mail is forwarded, DKIM when it is changed: DMARC is content with one of them.",
                    source="RFC 9989 §4.4",
                ),
                Step(
                    "And against readers on the way?",
                    Consider(),
                    explain="These prove who sent it. They hide nothing: TLS does so between servers, OpenPGP or S/MIME from end to end.",
                    source="RFC 3207 §4",
                ),
            ),
        ),
    ),
    ("RFC 7208", "RFC 6376", "RFC 9989"),
    lenient=True,
)

SASL: Final = Lesson(
    "sasl",
    "Plain-text passwords against SASL",
    "Before Alice's and Bob's servers send their mail anywhere they want to know who they are. There are ways to show that, some better than others.",
    (
        Part(
            "in the clear",
            (
                Step("Bob's server, the door for his own letters.", Connect("submission"), ("-> 220 .*",)),
                Step(
                    "What can it do?",
                    Type("EHLO bob.hamburger.test"),
                    ("<- EHLO .*", "-> 250-STARTTLS", "-> 250-AUTH .*SCRAM-SHA-256.*PLAIN.*", "-> 250 \\S+"),
                    "AUTH lists mechanisms of SASL. In the lab PLAIN is there without TLS, so that it can be seen; elsewhere it must not be.",
                    "RFC 4954 §4, RFC 4616 §1",
                ),
                Step(
                    "PLAIN is a NUL, the name, a NUL, the password, in base64. Undo it: echo $plain | base64 -d | tr '\\0' ' '",
                    Type("AUTH PLAIN $plain"),
                    ("<- AUTH PLAIN \\*+", "-> 235 2\\.7\\.0 .*"),
                    "base64 hides nothing. Whoever listens has the password now.",
                    "RFC 4616 §2",
                ),
                Step("Leave.", Type("QUIT"), ("<- QUIT", "-> 221 .*", "closed")),
            ),
        ),
        Part(
            "SCRAM: a proof in place of the password",
            (
                Step("Once more.", Connect("submission"), ("-> 220 .*",)),
                Step("Greet.", Type("EHLO bob.hamburger.test"), ("<- EHLO .*", "-> 250 \\S+")),
                Step(
                    "Your name and a number used once, in base64: n,,n=$bob,r=rOprNGfwEbeRWgbNEkqO",
                    Type("AUTH SCRAM-SHA-256 $scram_first"),
                    ("<- AUTH SCRAM-SHA-256 \\*+", "-> 334 (?P<challenge>\\S+)"),
                    "The server answers with its own number, a salt, and how often to hash: echo $challenge | base64 -d",
                    "RFC 5802 §3, §5",
                ),
                Step(
                    "From the password, the salt and both numbers a proof is computed; the lesson has done it for you.",
                    Type("$scram_last"),
                    ("<- \\*+", "-> 334 .+"),
                    "The proof is good for this once. And the server proves that it knows Bob, too.",
                    "RFC 5802 §3",
                ),
                Step(
                    "You are content: answer with an empty line.",
                    Type(""),
                    ("<-", "-> 235 2\\.7\\.0 .*"),
                    "The password has never been sent, and the server keeps only what was hashed.",
                    "RFC 5802 §9",
                ),
                Step("Leave.", Type("QUIT"), ("<- QUIT", "-> 221 .*", "closed")),
            ),
        ),
        Part(
            "TLS",
            (
                Step(
                    "TLS hides everything, also the letter. With it, PLAIN is bearable.",
                    Connect("submission", tls="starttls"),
                    ("secured TLSv1\\.[23]",),
                    "Before it: EHLO, STARTTLS, 220. All that was said until then is forgotten.",
                    "RFC 3207 §4.2",
                ),
                Step(
                    "Ask again.",
                    Type("EHLO bob.hamburger.test"),
                    ("<~ EHLO .*", "~> 250-AUTH SCRAM-SHA-256-PLUS .*", "~> 250 \\S+"),
                    "-PLUS binds the proof to this TLS connection: nobody can sit in between.",
                    "RFC 5802 §6",
                ),
                Step("Log in.", Type("AUTH PLAIN $plain"), ("<~ AUTH PLAIN \\*+", "~> 235 2\\.7\\.0 .*")),
                Step("Leave.", Type("QUIT"), ("<~ QUIT", "~> 221 .*", "closed")),
                Step(
                    "There is a third door, where TLS begins with the first octet.",
                    Connect("submissions", tls="implicit"),
                    ("secured TLSv1\\.[23]", "~> 220 .*"),
                    "Port 465 is preferred today: there is nothing in the clear that could be tampered with.",
                    "RFC 8314 §3.3",
                ),
                Step("Leave.", Type("QUIT"), ("<~ QUIT", "~> 221 .*", "closed")),
            ),
        ),
    ),
    ("RFC 4954", "RFC 5802", "RFC 3207", "RFC 8314"),
)
