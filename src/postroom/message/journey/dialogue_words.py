"""What the commands, extensions, replies and other events of a journey mean, in words for people, each with the section that says so. Data only.

RFC 5321, RFC 1939 and what extends them. A text is two or three sentences at most. Not here: which of them fits a line (`dialogue_explained`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Words(NamedTuple):
    """A meaning, and where it is written; `names` are its own and that of the enhanced code, for who has it in another language."""

    text: str
    source: str
    names: tuple[str, ...] = ()


def _named(family: str, table: Mapping[str, Words]) -> Mapping[str, Words]:
    return {name: words._replace(names=(f"{family}.{name}",)) for name, words in table.items()}


VERBS: Final[Mapping[str, Words]] = _named(
    "command",
    {
        "HELO": Words(
            "The client says its name. This is the greeting of 1982, without extensions.", "RFC 5321 §4.1.1.1"
        ),
        "EHLO": Words(
            "The client says its name and asks what the server can do. The server answers with a line for each extension.",
            "RFC 5321 §4.1.1.1",
        ),
        "LHLO": Words(
            "The greeting of LMTP, the way in which mail is handed over within one organisation; each recipient gets a reply of its own.",
            "RFC 2033 §4.1",
        ),
        "MAIL": Words(
            "Begins a message and names its sender, to whom failures are reported. An empty <> is a report itself, which nobody answers. What follows the address are parameters of extensions, such as SIZE.",
            "RFC 5321 §4.1.1.2",
        ),
        "RCPT": Words(
            "Names one recipient. The server accepts or refuses each of them on its own. This is the envelope: it may differ from what To and Cc say.",
            "RFC 5321 §4.1.1.3",
        ),
        "DATA": Words(
            "The client asks to send the message itself. It ends with a line that has only a dot.",
            "RFC 5321 §4.1.1.4",
        ),
        "BDAT": Words(
            "A piece of the message of so many octets follows at once. LAST says that it is the last one.",
            "RFC 3030 §2",
        ),
        "RSET": Words("Forgets the message that was begun; the connection stays.", "RFC 5321 §4.1.1.5"),
        "NOOP": Words("Does nothing, but shows that both ends are still there.", "RFC 5321 §4.1.1.9"),
        "QUIT": Words(
            "The client is done. The server says goodbye and the connection ends.", "RFC 5321 §4.1.1.10"
        ),
        "VRFY": Words(
            "Asks whether there is such a mailbox. Most servers do not tell, since collectors of addresses ask, too.",
            "RFC 5321 §4.1.1.6",
        ),
        "EXPN": Words(
            "Asks for the members of a mailing list. Hardly any server tells.", "RFC 5321 §4.1.1.7"
        ),
        "HELP": Words("Asks what commands there are, or what one of them does.", "RFC 5321 §4.1.1.8"),
        "STARTTLS": Words(
            "The client wants to go on encrypted. After the server's 220 both begin with TLS, and all that was said before is forgotten.",
            "RFC 3207 §4",
        ),
        "AUTH": Words("The client logs in. What it sends to prove who it is, is masked here.", "RFC 4954 §4"),
        "ETRN": Words("Asks the server to send now what waits in its queue for a domain.", "RFC 1985 §5"),
        "ATRN": Words(
            "Turns the connection round: the server becomes the client and sends what waits for a domain.",
            "RFC 2645 §5.2.1",
        ),
        "TURN": Words("Turns the connection round, as in 1982.", "RFC 821 §3.8"),
        "XCLIENT": Words(
            "A proxy says for which client it speaks. Only proxies that are known may.",
            "Postfix, XCLIENT_README",
        ),
        "SEND": Words("Begins a message for the recipient's terminal. A relic of 1982.", "RFC 821 §3.4"),
        "SOML": Words(
            "Begins a message for the terminal, or else the mailbox. A relic of 1982.", "RFC 821 §3.4"
        ),
        "SAML": Words("Begins a message for the terminal and the mailbox. A relic of 1982.", "RFC 821 §3.4"),
    },
)

POP3_VERBS: Final[Mapping[str, Words]] = _named(
    "pop3",
    {
        "USER": Words("The reader says whose mailbox he wants.", "RFC 1939 §7"),
        "PASS": Words("The password, which is masked here.", "RFC 1939 §7"),
        "APOP": Words("Logs in with a digest in place of the password.", "RFC 1939 §7"),
        "AUTH": Words("Logs in by one of the SASL mechanisms; what proves it is masked here.", "RFC 5034 §4"),
        "STLS": Words("Goes on encrypted.", "RFC 2595 §4"),
        "UTF8": Words("The reader understands mailbox names and header fields in UTF-8.", "RFC 6856 §2.1"),
        "CAPA": Words("Asks what the server can do.", "RFC 2449 §5"),
        "LANG": Words("Asks for replies in another language.", "RFC 6856 §3"),
        "QUIT": Words("Ends the session. What was marked with DELE is deleted now.", "RFC 1939 §6"),
        "STAT": Words("Asks how many messages there are, and how large they are together.", "RFC 1939 §5"),
        "LIST": Words("Asks for the size of each message.", "RFC 1939 §5"),
        "RETR": Words("Fetches a whole message.", "RFC 1939 §5"),
        "DELE": Words("Marks a message as deleted. It is gone after QUIT.", "RFC 1939 §5"),
        "NOOP": Words("Does nothing, but shows that both ends are still there.", "RFC 1939 §5"),
        "RSET": Words("Takes back all DELE of this session.", "RFC 1939 §5"),
        "TOP": Words("Fetches the header of a message and some of its lines.", "RFC 1939 §7"),
        "UIDL": Words("Asks for the ids by which a program knows what it has fetched before.", "RFC 1939 §7"),
    },
)

EXTENSIONS: Final[Mapping[str, Words]] = _named(
    "extension",
    {
        "PIPELINING": Words(
            "Several commands may be sent at once without waiting for the reply to each.", "RFC 2920 §3"
        ),
        "SIZE": Words(
            "The largest message that is taken, in octets, and the client may say beforehand how large its own is.",
            "RFC 1870 §4",
        ),
        "8BITMIME": Words("Messages may have octets beyond ASCII as they are.", "RFC 6152 §2"),
        "BINARYMIME": Words("Messages may be any octets, without line ends.", "RFC 3030 §3"),
        "CHUNKING": Words(
            "Messages may come in counted pieces (BDAT), without a dot at the end.", "RFC 3030 §2"
        ),
        "SMTPUTF8": Words("Addresses and header fields may be in any script.", "RFC 6531 §3.1"),
        "DSN": Words("The sender may say of which events he wants reports.", "RFC 3461 §3"),
        "ENHANCEDSTATUSCODES": Words(
            "Replies say more exactly what they mean, as 5.1.1 after 550.", "RFC 2034 §4"
        ),
        "DELIVERBY": Words("The sender may say by when the message must be there.", "RFC 2852 §4"),
        "FUTURERELEASE": Words("A message may be handed in now to be sent later.", "RFC 4865 §3"),
        "MT-PRIORITY": Words("Messages may have a priority.", "RFC 6710 §3"),
        "LIMITS": Words("How many messages and recipients one connection may have.", "RFC 9422"),
        "STARTTLS": Words("The connection can become an encrypted one.", "RFC 3207 §2"),
        "AUTH": Words("One can log in here, by the mechanisms that are listed.", "RFC 4954 §3"),
        "REQUIRETLS": Words(
            "A message may demand that it is passed on encrypted and to proven servers alone.", "RFC 8689 §2"
        ),
        "ETRN": Words("The queue for a domain can be started from outside.", "RFC 1985 §3"),
        "ATRN": Words("The connection can be turned round to fetch waiting mail.", "RFC 2645"),
        "XCLIENT": Words("Known proxies may say for which client they speak.", "Postfix, XCLIENT_README"),
        "HELP": Words("HELP explains the commands.", "RFC 5321 §4.1.1.8"),
        "VRFY": Words("One may ask whether there is a mailbox.", "RFC 5321 §4.1.1.6"),
        "EXPN": Words("One may ask for the members of a list.", "RFC 5321 §4.1.1.7"),
    },
)

POP3_CAPABILITIES: Final[Mapping[str, Words]] = _named(
    "capability",
    {
        "TOP": Words("TOP fetches headers.", "RFC 2449 §6.1"),
        "USER": Words("One may log in with USER and PASS.", "RFC 2449 §6.2"),
        "SASL": Words("One may log in by these mechanisms.", "RFC 5034 §3"),
        "RESP-CODES": Words("Refusals say in brackets of what kind they are.", "RFC 2449 §6.4"),
        "AUTH-RESP-CODE": Words(
            "A failed login says whether the password was wrong or the server has trouble.", "RFC 3206 §6"
        ),
        "LOGIN-DELAY": Words("So many seconds must lie between two logins.", "RFC 2449 §6.5"),
        "PIPELINING": Words("Several commands may be sent at once.", "RFC 2449 §6.6"),
        "EXPIRE": Words(
            "How many days messages stay on the server; NEVER: they are not deleted by it.", "RFC 2449 §6.7"
        ),
        "UIDL": Words("Messages have ids that stay.", "RFC 2449 §6.8"),
        "STLS": Words("The connection can become an encrypted one.", "RFC 2595 §4"),
        "UTF8": Words("Messages are given as they are, in UTF-8.", "RFC 6856 §2"),
        "LANG": Words("Replies can be had in other languages.", "RFC 6856 §3"),
        "IMPLEMENTATION": Words("The program that runs here.", "RFC 2449 §6.9"),
    },
)

# By the first digit; every reply has one of them (RFC 5321 §4.2.1).
CLASSES: Final[Mapping[str, Words]] = _named(
    "class",
    {
        "2": Words("Done: what was asked for has been carried out.", "RFC 5321 §4.2.1"),
        "3": Words("Go on: the server waits for what belongs to this command.", "RFC 5321 §4.2.1"),
        "4": Words("Not now: the client keeps the message and tries again later.", "RFC 5321 §4.2.1"),
        "5": Words("No: trying the same again is of no use.", "RFC 5321 §4.2.1"),
    },
)
CODES: Final[Mapping[str, Words]] = _named(
    "code",
    {
        "211": Words("How the server is.", "RFC 5321 §4.2.3"),
        "214": Words("Help for people.", "RFC 5321 §4.2.3"),
        "220": Words(
            "The server is ready. At the beginning it is the greeting, after STARTTLS the sign to encrypt.",
            "RFC 5321 §4.2.3",
        ),
        "221": Words("Goodbye: the server closes the connection.", "RFC 5321 §4.2.3"),
        "235": Words("The login has succeeded.", "RFC 4954 §6"),
        "250": Words(
            "Done. After the end of a message it means that the server has taken it and is responsible for it from now on.",
            "RFC 5321 §4.2.3",
        ),
        "251": Words("The mailbox is elsewhere, and the server passes the message on.", "RFC 5321 §4.2.3"),
        "252": Words(
            "The server does not say whether there is such a mailbox, but would take the message.",
            "RFC 5321 §4.2.3",
        ),
        "334": Words("A step of a login: the server's challenge, or the sign to go on.", "RFC 4954 §4"),
        "354": Words("The message may come now, ended by a line with only a dot.", "RFC 5321 §4.2.3"),
        "421": Words("The server closes the connection, for now.", "RFC 5321 §4.2.3"),
        "432": Words("The password must be changed first.", "RFC 4954 §6"),
        "450": Words(
            "The mailbox cannot be reached just now, or the server wants the client to come again (greylisting).",
            "RFC 5321 §4.2.3",
        ),
        "451": Words("A fault in the server, or a check that could not be made now.", "RFC 5321 §4.2.3"),
        "452": Words("Too much for now: no room, or too many recipients in one message.", "RFC 5321 §4.2.3"),
        "453": Words("No mail is waiting for this domain.", "RFC 2645 §5.2.1"),
        "454": Words(
            "Not possible just now: TLS or the login has a passing fault.", "RFC 3207 §4, RFC 4954 §6"
        ),
        "455": Words("The server cannot do what a parameter demands just now.", "RFC 5321 §4.2.3"),
        "458": Words("The messages of this domain cannot be queued now.", "RFC 1985 §5.3"),
        "459": Words("The queue for this domain may not be started from outside.", "RFC 1985 §5.3"),
        "500": Words("The server does not understand the line.", "RFC 5321 §4.2.3"),
        "501": Words("The command is known, what stands behind it is wrong.", "RFC 5321 §4.2.3"),
        "502": Words("The command is known, but not offered here.", "RFC 5321 §4.2.3"),
        "503": Words("The command cannot come at this place.", "RFC 5321 §4.2.3"),
        "504": Words("This parameter is not offered here.", "RFC 5321 §4.2.3"),
        "521": Words("This host takes no mail at all.", "RFC 7504 §3"),
        "523": Words("This way of logging in needs encryption.", "RFC 5248"),
        "530": Words("Something must come first: a login, or TLS.", "RFC 4954 §6, RFC 3207 §4"),
        "534": Words("This mechanism of logging in is too weak for this account.", "RFC 4954 §6"),
        "535": Words("The login has failed.", "RFC 4954 §6"),
        "538": Words("This mechanism of logging in needs encryption.", "RFC 4954 §6"),
        "550": Words(
            "Refused: there is no such mailbox, or the server's rules forbid it.", "RFC 5321 §4.2.3"
        ),
        "551": Words(
            "The mailbox is elsewhere, and the server does not pass messages on.", "RFC 5321 §4.2.3"
        ),
        "552": Words("The message is too large, or the mailbox is full.", "RFC 5321 §4.2.3"),
        "553": Words("The address is not allowed as it is written.", "RFC 5321 §4.2.3"),
        "554": Words(
            "The transaction has failed, or the server takes no mail from this client.", "RFC 5321 §4.2.3"
        ),
        "555": Words("A parameter of MAIL or RCPT is not known here.", "RFC 5321 §4.2.3"),
        "556": Words("The domain takes no mail (null MX).", "RFC 7505 §4.1"),
    },
)
SUBJECTS: Final[Mapping[str, Words]] = _named(
    "subject",
    {
        "0": Words("no detail is given", "RFC 3463 §3.1"),
        "1": Words("it is about an address", "RFC 3463 §3.2"),
        "2": Words("it is about a mailbox", "RFC 3463 §3.3"),
        "3": Words("it is about the mail system that was meant", "RFC 3463 §3.4"),
        "4": Words("it is about the network, or the way there", "RFC 3463 §3.5"),
        "5": Words("it is about the dialogue of the two servers", "RFC 3463 §3.6"),
        "6": Words("it is about the content of the message, or its form", "RFC 3463 §3.7"),
        "7": Words("it is about security, or the server's rules", "RFC 3463 §3.8"),
    },
)
DETAILS: Final[Mapping[str, Words]] = _named(
    "detail",
    {
        "1.0": Words("the address is good", "RFC 3463 §3.2"),
        "1.1": Words("there is no such mailbox", "RFC 3463 §3.2"),
        "1.2": Words("there is no such domain", "RFC 3463 §3.2"),
        "1.3": Words("the address is written wrongly", "RFC 3463 §3.2"),
        "1.5": Words("the recipient is good", "RFC 3463 §3.2"),
        "1.6": Words("the mailbox has moved", "RFC 3463 §3.2"),
        "1.7": Words("the sender's address is written wrongly", "RFC 3463 §3.2"),
        "1.8": Words("the sender's domain does not exist", "RFC 3463 §3.2"),
        "1.10": Words("the domain takes no mail", "RFC 7505 §4.2"),
        "2.1": Words("the mailbox is disabled", "RFC 3463 §3.3"),
        "2.2": Words("the mailbox is full", "RFC 3463 §3.3"),
        "2.3": Words("the message is larger than the mailbox allows", "RFC 3463 §3.3"),
        "3.2": Words("the system takes no messages now", "RFC 3463 §3.4"),
        "3.4": Words("the message is too large for the system", "RFC 3463 §3.4"),
        "4.1": Words("the host does not answer", "RFC 3463 §3.5"),
        "4.3": Words("the directory could not be asked", "RFC 3463 §3.5"),
        "4.6": Words("the message goes round in a circle", "RFC 3463 §3.5"),
        "4.7": Words("the message has waited too long", "RFC 3463 §3.5"),
        "5.1": Words("a command that is not known, or at the wrong place", "RFC 3463 §3.6"),
        "5.2": Words("a command is written wrongly", "RFC 3463 §3.6"),
        "5.3": Words("too many recipients", "RFC 3463 §3.6"),
        "5.4": Words("a parameter is wrong", "RFC 3463 §3.6"),
        "6.7": Words("an address is not ASCII, and the other side cannot take that", "RFC 6531 §3.5"),
        "7.1": Words("the server's rules do not allow it", "RFC 3463 §3.8"),
        "7.8": Words("the credentials are wrong", "RFC 4954 §6"),
        "7.11": Words("the mechanism needs encryption", "RFC 4954 §6"),
        "7.20": Words("no DKIM signature that is good", "RFC 7372 §3.1"),
        "7.23": Words("SPF has failed", "RFC 7372 §3.2"),
        "7.25": Words("the address of the client has no good name in the DNS", "RFC 7372 §3.3"),
        "7.26": Words("several checks of who has sent it have failed", "RFC 7372 §3.4"),
        "7.27": Words("the sender's domain takes no mail", "RFC 7505 §4.2"),
        "7.30": Words("the next server cannot do what REQUIRETLS demands", "RFC 8689 §5"),
    },
)

BODY: Final = Words(
    "Here the message itself was sent. Its text is not repeated in the journey.",
    "RFC 5321 §4.1.1.4",
    ("line.BODY",),
)
SECRET: Final = Words(
    "A step of the login. It is masked: secrets are never written down.", "RFC 4954 §4", ("line.SECRET",)
)
POP3_OK: Final = Words("Done.", "RFC 1939 §3", ("line.POP3_OK",))
POP3_ERR: Final = Words("Not done; the words say why.", "RFC 1939 §3", ("line.POP3_ERR",))
POP3_MORE: Final = Words("The sign to go on with the login.", "RFC 5034 §4", ("line.POP3_MORE",))
POP3_END: Final = Words("The end of a list.", "RFC 1939 §3", ("line.POP3_END",))
GREETING_NAME: Final = Words(
    "The name by which the server calls itself, and its greeting.",
    "RFC 5321 §4.1.1.1",
    ("line.GREETING_NAME",),
)
UNKNOWN: Final = Words("No command that this server knows.", "RFC 5321 §4.2.4", ("line.UNKNOWN",))
UNKNOWN_EXTENSION: Final = Words(
    "An extension that this server does not know. Clients leave alone what they do not know.",
    "RFC 5321 §2.2.1",
    ("line.UNKNOWN_EXTENSION",),
)
LISTED: Final = Words("A line of a list.", "RFC 1939 §3", ("line.LISTED",))

EVENTS: Final[Mapping[str, Words]] = _named(
    "event",
    {
        "conn": Words(
            "A connection between two computers: who was at either end, and by which protocol they spoke.",
            "RFC 5321 §3.1",
        ),
        "tls": Words(
            "From here on the connection is encrypted. The certificate says whom the other end claims to be, and whether that is proven.",
            "RFC 8446, RFC 3207",
        ),
        "auth": Words("The client has proven who it is.", "RFC 4954"),
        "accept": Words(
            "The server has taken the message and is responsible for it from now on. The envelope is what counts for delivery, not To and Cc.",
            "RFC 5321 §6.1",
        ),
        "stamp": Words("A field that this server put in front of the header.", "RFC 5321 §4.4"),
        "route": Words(
            "Where the message goes for this recipient: into a mailbox here, on to others (alias, list), or to another server.",
            "RFC 5321 §3.6",
        ),
        "dns": Words("A question to the DNS, and its answer.", "RFC 1035"),
        "decide": Words("A check, or a choice, and what it was based on.", ""),
        "outcome": Words("What became of the message for this recipient.", "RFC 5321 §6.1"),
        "handle": Words("Somebody has done something with the message.", ""),
    },
)
QUESTIONS: Final[Mapping[str, Words]] = _named(
    "question",
    {
        "MX": Words(
            "Asks which servers take mail for a domain. Those with the lowest number are tried first.",
            "RFC 5321 §5.1",
        ),
        "A": Words("Asks for the IPv4 addresses of a name.", "RFC 1035 §3.4.1"),
        "AAAA": Words("Asks for the IPv6 addresses of a name.", "RFC 3596 §2"),
        "PTR": Words("Asks for the name of an address.", "RFC 1035 §3.3.12"),
        "TXT": Words(
            "Asks for texts: here stand the records of SPF, DKIM and DMARC.", "RFC 7208 §3, RFC 6376 §3.6.2"
        ),
        "TLSA": Words("Asks which certificate a server must have (DANE).", "RFC 7672 §2"),
        "CNAME": Words("Asks whether a name stands for another one.", "RFC 1035 §3.3.1"),
        "SRV": Words("Asks where a service of a domain runs.", "RFC 2782"),
    },
)
CHECKS: Final[Mapping[str, Words]] = _named(
    "check",
    {
        "spf": Words(
            "May this computer send for the domain of the envelope's sender? The domain says so in the DNS.",
            "RFC 7208",
        ),
        "dkim": Words("Has the domain signed the message, and is it unchanged since?", "RFC 6376"),
        "dmarc": Words(
            "Does what SPF or DKIM have proven belong to the domain in From, and what does that domain wish to be done otherwise?",
            "RFC 9989",
        ),
        "arc": Words("What servers on the way have found out before they changed the message.", "RFC 8617"),
        "iprev": Words(
            "Does the address of the client have a name, and does the name have the address?", "RFC 8601 §3"
        ),
        "next hop": Words("Which server the message is handed to.", "RFC 5321 §5.1"),
        "tls": Words(
            "Whether the connection is to be encrypted, and how the other end is to prove who it is.",
            "RFC 8461, RFC 7672",
        ),
        "requiretls": Words(
            "The sender demands that the message is passed on encrypted and to proven servers alone.",
            "RFC 8689",
        ),
    },
)
