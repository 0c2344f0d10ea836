"""What commands, responses, response codes and capabilities of IMAP mean, in words for people, each with the section that says so. Data only.

RFC 9051 and what extends it. A text is two or three sentences at most. Not here: which of them fits a line (`imap_explained`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from postroom.message.journey.dialogue_words import Words

VERBS: Final[Mapping[str, Words]] = {
    "CAPABILITY": Words("Asks what the server can do.", "RFC 9051 §6.1.1"),
    "NOOP": Words("Does nothing, but gives the server an occasion to tell news.", "RFC 9051 §6.1.2"),
    "LOGOUT": Words("The client is done. The server says BYE, and the connection ends.", "RFC 9051 §6.1.3"),
    "ID": Words("Client and server say which program they are.", "RFC 2971 §3.1"),
    "LANGUAGE": Words("Asks for responses in another language.", "RFC 5255 §3.2"),
    "STARTTLS": Words(
        "The client wants to go on encrypted. After the server's OK both begin with TLS.", "RFC 9051 §6.2.1"
    ),
    "AUTHENTICATE": Words(
        "The client logs in by a SASL mechanism. What proves who it is, is masked here.", "RFC 9051 §6.2.2"
    ),
    "LOGIN": Words("The client logs in with a name and a password, which is masked here.", "RFC 9051 §6.2.3"),
    "UNAUTHENTICATE": Words("Undoes the login, so that the connection can be another user's.", "RFC 8437 §3"),
    "ENABLE": Words(
        "Says which extensions the client understands; the server may use them from now on.",
        "RFC 9051 §6.3.1",
    ),
    "COMPRESS": Words(
        "From here on both sides compress what they say, so nothing more can be shown.", "RFC 4978 §3"
    ),
    "SELECT": Words(
        "Opens a mailbox: all commands about messages are about this one from now on.", "RFC 9051 §6.3.2"
    ),
    "EXAMINE": Words("Opens a mailbox without changing anything in it.", "RFC 9051 §6.3.3"),
    "CREATE": Words("Makes a mailbox.", "RFC 9051 §6.3.4"),
    "DELETE": Words("Removes a mailbox with all that is in it.", "RFC 9051 §6.3.5"),
    "RENAME": Words("Gives a mailbox another name.", "RFC 9051 §6.3.6"),
    "SUBSCRIBE": Words("Puts a mailbox on the list of those that the user wants to see.", "RFC 9051 §6.3.7"),
    "UNSUBSCRIBE": Words("Takes a mailbox off that list.", "RFC 9051 §6.3.8"),
    "LIST": Words(
        "Asks for the mailboxes whose names fit a pattern; * is any name, % any name on one level.",
        "RFC 9051 §6.3.9",
    ),
    "LSUB": Words("Asks for the mailboxes that are subscribed to, as of old.", "RFC 3501 §6.3.9"),
    "NAMESPACE": Words(
        "Asks where one's own mailboxes are, other users' and shared ones.", "RFC 9051 §6.3.10"
    ),
    "STATUS": Words(
        "Asks for figures of a mailbox without opening it: how many messages, how many unseen.",
        "RFC 9051 §6.3.11",
    ),
    "APPEND": Words(
        "Puts a message into a mailbox, such as a copy of what was sent. Its octets are announced in braces.",
        "RFC 9051 §6.3.12",
    ),
    "REPLACE": Words("Puts a message in the place of another, such as the next draft.", "RFC 8508 §3.2"),
    "IDLE": Words(
        "The client waits: the server tells at once of new mail, until the client says DONE.",
        "RFC 9051 §6.3.13",
    ),
    "DONE": Words("Ends the waiting of IDLE.", "RFC 9051 §6.3.13"),
    "NOTIFY": Words("Says of which mailboxes and events the client wants to hear.", "RFC 5465 §3.1"),
    "CHECK": Words("Asks the server to tidy up. A relic of IMAP4rev1.", "RFC 3501 §6.4.1"),
    "CLOSE": Words("Closes the mailbox and removes what is marked as deleted.", "RFC 9051 §6.4.1"),
    "UNSELECT": Words("Closes the mailbox and removes nothing.", "RFC 9051 §6.4.2"),
    "EXPUNGE": Words("Removes all messages that are marked as deleted.", "RFC 9051 §6.4.3"),
    "SEARCH": Words("Asks the server which messages match; the mail stays there.", "RFC 9051 §6.4.4"),
    "ESEARCH": Words("Searches several mailboxes at once.", "RFC 7377"),
    "CANCELUPDATE": Words("Ends the news about a search.", "RFC 5267 §4.3.5"),
    "SORT": Words("Searches, and has the server put the result in order.", "RFC 5256 §3"),
    "THREAD": Words("Searches, and has the server put the result into conversations.", "RFC 5256 §3"),
    "UIDBATCHES": Words("Asks how a large mailbox can be divided into portions.", "RFC 10022"),
    "FETCH": Words(
        "Asks for data of messages: flags, the envelope, the structure, or a part of the text. PEEK leaves them unseen.",
        "RFC 9051 §6.4.5",
    ),
    "STORE": Words(
        "Changes the flags of messages: +FLAGS sets, -FLAGS takes away. Deleting is a flag, too.",
        "RFC 9051 §6.4.6",
    ),
    "COPY": Words("Copies messages into another mailbox.", "RFC 9051 §6.4.7"),
    "MOVE": Words("Moves messages into another mailbox.", "RFC 9051 §6.4.8"),
    "UID": Words(
        "The command after it counts messages by their lasting numbers, not by their places.",
        "RFC 9051 §6.4.9",
    ),
    "SETACL": Words("Says what somebody else may do in a mailbox.", "RFC 4314 §3.1"),
    "DELETEACL": Words("Takes somebody's rights in a mailbox away.", "RFC 4314 §3.2"),
    "GETACL": Words("Asks who may do what in a mailbox.", "RFC 4314 §3.3"),
    "LISTRIGHTS": Words("Asks which rights somebody can be given.", "RFC 4314 §3.4"),
    "MYRIGHTS": Words("Asks what the user himself may do in a mailbox.", "RFC 4314 §3.5"),
    "GETQUOTA": Words("Asks how much room there is, and how much is used.", "RFC 9208 §4.1.1"),
    "GETQUOTAROOT": Words("Asks which limits a mailbox counts towards.", "RFC 9208 §4.1.2"),
    "SETQUOTA": Words("Sets such a limit.", "RFC 9208 §4.1.3"),
    "GETMETADATA": Words("Asks for notes that are kept with a mailbox or the server.", "RFC 5464 §4.2"),
    "GETJMAPACCESS": Words("Asks where the same mail can be had by JMAP.", "RFC 9698"),
    "SETMETADATA": Words("Writes such notes.", "RFC 5464 §4.3"),
    "GENURLAUTH": Words("Asks for a URL by which somebody else can read one message.", "RFC 4467"),
    "RESETKEY": Words("Makes all such URLs void.", "RFC 4467"),
    "URLFETCH": Words("Fetches what such a URL names.", "RFC 4467"),
}
UID_VERBS: Final = frozenset(
    ("FETCH", "STORE", "COPY", "MOVE", "SEARCH", "SORT", "THREAD", "EXPUNGE", "REPLACE")
)

RESPONSES: Final[Mapping[str, Words]] = {
    "CAPABILITY": Words("What the server can do, word by word.", "RFC 9051 §7.2.2"),
    "ENABLED": Words("The extensions that are in use from now on.", "RFC 9051 §7.2.1"),
    "ID": Words("The program that runs here.", "RFC 2971 §3.2"),
    "LANGUAGE": Words("The language of responses.", "RFC 5255 §3.3"),
    "LIST": Words(
        "A mailbox: its attributes, the character between the levels of names, its name.", "RFC 9051 §7.3.1"
    ),
    "LSUB": Words("A mailbox that is subscribed to.", "RFC 3501 §7.2.3"),
    "NAMESPACE": Words("Where mailboxes are: one's own, other users', shared ones.", "RFC 9051 §7.3.2"),
    "STATUS": Words("Figures of a mailbox.", "RFC 9051 §7.3.3"),
    "ESEARCH": Words("What a search has found, as ranges of numbers.", "RFC 9051 §7.3.4"),
    "SEARCH": Words("What a search has found: the numbers of messages.", "RFC 3501 §7.2.5"),
    "SORT": Words("What a search has found, in the order that was asked for.", "RFC 5256 §4"),
    "THREAD": Words("What a search has found, as conversations.", "RFC 5256 §4"),
    "FLAGS": Words("The flags that messages of this mailbox can have.", "RFC 9051 §7.3.5"),
    "EXISTS": Words(
        "How many messages are in the mailbox now. A larger number is new mail.", "RFC 9051 §7.4.1"
    ),
    "RECENT": Words("How many messages no session has seen before.", "RFC 3501 §7.3.2"),
    "EXPUNGE": Words("The message at this place is gone; all behind it move up by one.", "RFC 9051 §7.5.1"),
    "VANISHED": Words("The messages with these lasting numbers are gone.", "RFC 7162 §3.2.10"),
    "FETCH": Words("Data of the message at this place.", "RFC 9051 §7.5.2"),
    "UIDFETCH": Words("Data of the message with this lasting number.", "RFC 9586"),
    "ACL": Words("Who may do what in a mailbox.", "RFC 4314 §3.6"),
    "LISTRIGHTS": Words("The rights that somebody can be given.", "RFC 4314 §3.7"),
    "MYRIGHTS": Words("What the user himself may do.", "RFC 4314 §3.8"),
    "QUOTA": Words("A limit: what is used, and how much there may be.", "RFC 9208 §4.2.1"),
    "QUOTAROOT": Words("The limits that a mailbox counts towards.", "RFC 9208 §4.2.2"),
    "METADATA": Words("Notes that are kept with a mailbox.", "RFC 5464 §4.4"),
    "GENURLAUTH": Words("The URL that was asked for.", "RFC 4467"),
    "URLFETCH": Words("What the URL names.", "RFC 4467"),
    "UIDBATCHES": Words("The portions of a large mailbox.", "RFC 10022"),
    "JMAPACCESS": Words("Where the same mail can be had by JMAP.", "RFC 9698"),
}

CONDITIONS: Final[Mapping[str, Words]] = {
    "OK": Words("Done.", "RFC 9051 §7.1.1"),
    "NO": Words("Not done; the words say why.", "RFC 9051 §7.1.2"),
    "BAD": Words("The command is written wrongly, or stands at the wrong place.", "RFC 9051 §7.1.3"),
    "PREAUTH": Words("A greeting: the client is logged in already.", "RFC 9051 §7.1.4"),
    "BYE": Words("The server closes the connection.", "RFC 9051 §7.1.5"),
}

# In brackets behind OK, NO, BAD, BYE.
CODES: Final[Mapping[str, Words]] = {
    "ALERT": Words("a person must read this", "RFC 9051 §7.1"),
    "ALREADYEXISTS": Words("there is one of this name", "RFC 9051 §7.1"),
    "APPENDUID": Words("the lasting number that the message was given", "RFC 9051 §7.1"),
    "AUTHENTICATIONFAILED": Words("the name or the password is wrong", "RFC 9051 §7.1"),
    "AUTHORIZATIONFAILED": Words("the user may not act as this other one", "RFC 9051 §7.1"),
    "BADCHARSET": Words("the server does not know this character set", "RFC 9051 §7.1"),
    "CANNOT": Words("the server never does this", "RFC 9051 §7.1"),
    "CAPABILITY": Words("what the server can do, said without being asked", "RFC 9051 §7.1"),
    "CLIENTBUG": Words("the client does what makes no sense", "RFC 9051 §7.1"),
    "CLOSED": Words("the mailbox that was open before is closed", "RFC 9051 §7.1"),
    "COMPRESSIONACTIVE": Words("the connection is compressed already", "RFC 4978 §3"),
    "CONTACTADMIN": Words("the administrator is to be asked", "RFC 9051 §7.1"),
    "COPYUID": Words("the lasting numbers of the copies", "RFC 9051 §7.1"),
    "EXPIRED": Words("the password must be changed first", "RFC 9051 §7.1"),
    "EXPUNGEISSUED": Words("some of the messages are gone", "RFC 9051 §7.1"),
    "HASCHILDREN": Words("the mailbox has others in it", "RFC 9051 §7.1"),
    "HIGHESTMODSEQ": Words("the number of the last change, for who comes back later", "RFC 7162 §3.1.2.1"),
    "INUSE": Words("somebody else has it just now", "RFC 9051 §7.1"),
    "LIMIT": Words("a limit of the server is reached", "RFC 9051 §7.1"),
    "MAILBOXID": Words("an id that the mailbox keeps whatever its name is", "RFC 8474 §4.2"),
    "MODIFIED": Words("these were changed by somebody else meanwhile", "RFC 7162 §3.1.3"),
    "NOMODSEQ": Words("changes are not numbered here", "RFC 7162 §3.1.2.2"),
    "NONEXISTENT": Words("there is no such thing", "RFC 9051 §7.1"),
    "NOPERM": Words("the user may not", "RFC 9051 §7.1"),
    "OVERQUOTA": Words("the mailbox is full", "RFC 9051 §7.1"),
    "PARSE": Words("a message could not be read", "RFC 9051 §7.1"),
    "PERMANENTFLAGS": Words("the flags that are kept; \\* stands for any of one's own", "RFC 9051 §7.1"),
    "PRIVACYREQUIRED": Words("only under TLS", "RFC 9051 §7.1"),
    "READ-ONLY": Words("the mailbox is open for reading alone", "RFC 9051 §7.1"),
    "READ-WRITE": Words("the mailbox is open for reading and writing", "RFC 9051 §7.1"),
    "SERVERBUG": Words("a fault of the server", "RFC 9051 §7.1"),
    "TRYCREATE": Words("there is no such mailbox, but it could be made", "RFC 9051 §7.1"),
    "UIDNEXT": Words("the lasting number that the next message will have", "RFC 9051 §7.1"),
    "UIDNOTSTICKY": Words("numbers do not last here", "RFC 9051 §7.1"),
    "UIDVALIDITY": Words(
        "as long as this number stays, lasting numbers mean the same messages", "RFC 9051 §7.1"
    ),
    "UNAVAILABLE": Words("a part of the server is away just now", "RFC 9051 §7.1"),
    "UNKNOWN-CTE": Words("the encoding of this part is not known", "RFC 9051 §7.1"),
    "UNSEEN": Words("the first message that nobody has seen", "RFC 3501 §7.1"),
}

GREETING: Final = Words("The server is ready.", "RFC 9051 §7.1.1")
GO_ON: Final = Words(
    "The sign to go on: with the login, or with what was announced in braces.", "RFC 9051 §7.6"
)
LITERAL: Final = Words(
    "What was announced in braces: octets that are counted, not looked at.", "RFC 9051 §4.3"
)
REST: Final = Words("The rest of what began before the counted octets.", "RFC 9051 §4.3")
UNKNOWN: Final = Words("No command that is known here.", "RFC 9051 §6.5")
UNTAGGED: Final = Words("A response that belongs to no command alone.", "RFC 9051 §7")
