"""What happens in a lab beside dialogues, in words for people: connections, DNS questions and their results, HTTP, lines of a log. Data only.

Not here: which of them fits (`lab.heard.explained`), words of dialogues (`message.journey.dialogue_words`, `message.journey.imap_words`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from postroom.message.journey.dialogue_words import Words

SERVICES: Final[Mapping[str, Words]] = {
    "smtp": Words(
        "Somebody connects to hand over mail for this domain: another server, or a program that plays one. On the Internet this is port 25.",
        "RFC 5321 §3.1",
    ),
    "submission": Words(
        "A user's program connects to send mail; it has to log in. On the Internet this is port 587.",
        "RFC 6409 §3.1",
    ),
    "submissions": Words(
        "A user's program connects to send mail, under TLS from the first octet. On the Internet this is port 465.",
        "RFC 8314 §3.3",
    ),
    "lmtp": Words("Mail is handed over within one organisation.", "RFC 2033 §1"),
    "pop3": Words(
        "A user's program connects to fetch mail. On the Internet this is port 110.", "RFC 1939 §3"
    ),
    "pop3s": Words(
        "A user's program connects to fetch mail, under TLS from the first octet. On the Internet this is port 995.",
        "RFC 8314 §3.1",
    ),
    "imap": Words(
        "A user's program connects to read mail that stays on the server. On the Internet this is port 143.",
        "RFC 9051 §2.1",
    ),
    "imaps": Words(
        "A user's program connects to read mail on the server, under TLS from the first octet. On the Internet this is port 993.",
        "RFC 8314 §3.2",
    ),
    "http": Words("A browser or a program connects to the web mail.", "RFC 9110 §3.3"),
    "https": Words("A browser or a program connects to the web mail, under TLS.", "RFC 9110 §4.2.2"),
}
CLOSED: Final = Words("The connection is over.", "RFC 5321 §3.8")

MESSAGE: Final = Words("The message itself, or a list.", "RFC 1939 §3")

# By the beginning of the name that is asked for.
TEXTS: Final[Mapping[str, Words]] = {
    "_dmarc.": Words(
        "Asks what the domain in From wishes to be done with mail that it does not stand behind (DMARC).",
        "RFC 9989",
    ),
    "_mta-sts.": Words("Asks whether the domain has a policy for encrypted transport.", "RFC 8461 §3.1"),
    "_smtp._tls.": Words("Asks where reports of encrypted transport are to go.", "RFC 8460 §3"),
}
KEY: Final = Words("Asks for the key with which a DKIM signature is checked.", "RFC 6376 §3.6.2")
SPF: Final = Words(
    "Asks which computers may send mail for this name (SPF, the record that begins with v=spf1).",
    "RFC 7208 §3",
)
OTHER_QUESTION: Final = Words("Asks the DNS for records of this kind.", "RFC 1035 §3.2.2")
RCODES: Final[Mapping[str, Words]] = {
    "": Words("No answer came.", "RFC 1035 §4.2.1"),
    "NXDOMAIN": Words("There is no such name.", "RFC 1035 §4.1.1"),
    "SERVFAIL": Words(
        "The name server could not answer, or the signatures of the answer are wrong. Whoever asks tries again later.",
        "RFC 4035 §5.5",
    ),
    "REFUSED": Words("The name server does not want to answer.", "RFC 1035 §4.1.1"),
    "FORMERR": Words("The name server does not understand the question.", "RFC 1035 §4.1.1"),
    "NOTIMP": Words("The name server cannot do that.", "RFC 1035 §4.1.1"),
}
EMPTY: Final = Words("The name is there, but has no such record.", "RFC 2308 §2.2")

METHODS: Final[Mapping[str, Words]] = {
    "GET": Words("Asks for something.", "RFC 9110 §9.3.1"),
    "HEAD": Words("Asks what could be had.", "RFC 9110 §9.3.2"),
    "POST": Words("Hands something over, such as calls of JMAP.", "RFC 9110 §9.3.3"),
    "PUT": Words("Puts something in the place of what is there.", "RFC 9110 §9.3.4"),
    "DELETE": Words("Asks for something to be removed.", "RFC 9110 §9.3.5"),
    "OPTIONS": Words("Asks what could be done.", "RFC 9110 §9.3.7"),
}
STATUSES: Final[Mapping[str, Words]] = {
    "1": Words("Go on.", "RFC 9110 §15.2"),
    "2": Words("Done.", "RFC 9110 §15.3"),
    "3": Words("It is elsewhere, or has not changed.", "RFC 9110 §15.4"),
    "4": Words("The request was not good.", "RFC 9110 §15.5"),
    "5": Words("The server has failed.", "RFC 9110 §15.6"),
}

NOTES: Final[Mapping[str, Words]] = {
    "message.accepted": Words(
        "The server has written into its log that it took a message. From now on it is responsible for it.",
        "RFC 5321 §6.1",
    ),
}
NOTE: Final = Words("A line that the server has written into its log.", "")
CHECKED: Final = Words(
    "What this server has found out about the sender so far. When all checks are done the field stands at the top of the message.",
    "RFC 8601 §2.2",
)
