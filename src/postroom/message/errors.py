"""What can go wrong with a letter, said once: each error knows its enhanced status and words that a peer may see.

RFC 3463 (enhanced status codes). The error says what happened; only a door turns it into `552` or `NO [OVERQUOTA]`.
It is not a reply: no protocol's code stands here, and `detail` (for the log) never reaches a peer.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class EnhancedStatus(NamedTuple):
    """`class.subject.detail` of RFC 3463 §2: class 2 success, 4 persistent transient failure, 5 permanent failure."""

    klass: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"


class MailError(Exception):
    """The base of the family. `public` is safe for the peer and names the remedy; `detail` is for the log alone."""

    status: ClassVar[EnhancedStatus] = EnhancedStatus(5, 0, 0)
    words: ClassVar[str] = "The message was refused"

    def __init__(self, public: str = "", *, detail: str = "") -> None:
        self.public = public or self.words
        self.detail = detail
        super().__init__(self.public if not detail else f"{self.public} ({detail})")

    @property
    def permanent(self) -> bool:
        """Whether trying the same again is of no use."""
        return self.status.klass == 5


class TryLater(MailError):
    """Something of ours is not available now; nothing was kept."""

    status = EnhancedStatus(4, 3, 0)
    words = "Local error in processing, try again later"


class Overloaded(TryLater):
    """The writer's queue or the budget for bodies is full: slow down."""

    status = EnhancedStatus(4, 3, 2)
    words = "The system is busy, try again later"


class SenderLeft(TryLater):
    """The connection has ended before the message was taken; its sender takes that for a failure and tries again (RFC 5321 §4.1.1.10)."""

    status = EnhancedStatus(4, 4, 2)
    words = "The connection was closed before the message was taken"


class NoSpace(TryLater):
    """The disk, or what is set aside for the queue, is full."""

    status = EnhancedStatus(4, 3, 1)
    words = "Insufficient system storage, try again later"


class BadAddress(MailError):
    """The address is not one by RFC 5321 §4.1.2."""

    status = EnhancedStatus(5, 1, 3)
    words = "Bad address syntax"


class BadSenderAddress(BadAddress):
    """As `BadAddress`, said of the reverse-path."""

    status = EnhancedStatus(5, 1, 7)
    words = "Bad sender address syntax"


class NoSuchUser(MailError):
    """The domain is ours, the mailbox is not known."""

    status = EnhancedStatus(5, 1, 1)
    words = "No such user here"


class NoSuchDomain(MailError):
    """The domain does not exist in the DNS, or cannot receive mail."""

    status = EnhancedStatus(5, 1, 2)
    words = "No such domain"


class NullMx(NoSuchDomain):
    """The domain says that it accepts no mail (RFC 7505 §4.1)."""

    status = EnhancedStatus(5, 1, 10)
    words = "The domain accepts no mail (null MX)"


class TooFast(TryLater):
    """More came from there, or for there, than may in that time."""

    status = EnhancedStatus(4, 7, 0)
    words = "Too much at once, try again later"


class Greylisted(TryLater):
    """A first try of somebody unknown: whoever tries again is taken (RFC 6647 §2)."""

    status = EnhancedStatus(4, 7, 1)
    words = "Greylisted, try again later"


class PolicyRefused(MailError):
    """What is known of the client is too bad (RFC 3463 §3.8, X.7.1)."""

    status = EnhancedStatus(5, 7, 1)
    words = "Refused by a rule of this system"


class Dictated(MailError):
    """Somebody else has decided, with a reply of his own: `code`, `status` and words."""

    def __init__(self, code: int, status: EnhancedStatus, public: str, *, detail: str = "") -> None:
        super().__init__(public, detail=detail)
        self.code = code
        self.status = status  # type: ignore[misc]  # that of the one error, not of the kind


class RelayDenied(MailError):
    """A foreign recipient, and the client has not logged in."""

    status = EnhancedStatus(5, 7, 1)
    words = "Relaying denied: log in on the submission port to send to other domains"


class NotPermitted(MailError):
    """The client is known, but may not do this."""

    status = EnhancedStatus(5, 7, 1)
    words = "Not permitted"


class MailboxDisabled(MailError):
    """The account exists and takes no mail now."""

    status = EnhancedStatus(5, 2, 1)
    words = "The mailbox is disabled"


class OverQuota(MailError):
    """The account's storage is used up; the sender may try when it was emptied (RFC 3463 §3.3)."""

    status = EnhancedStatus(4, 2, 2)
    words = "The mailbox is full"


class MessageTooBig(MailError):
    """The message is larger than this system or this account takes."""

    status = EnhancedStatus(5, 3, 4)
    words = "The message is too big"


class TooManyRecipients(TryLater):
    """More recipients than one transaction may have; the rest goes in a second one (RFC 5321 §4.5.3.1.10)."""

    status = EnhancedStatus(4, 5, 3)
    words = "Too many recipients, send the rest in another transaction"


class RoutingLoop(MailError):
    """The message has passed more hops than any sane path has (RFC 5321 §6.3)."""

    status = EnhancedStatus(5, 4, 6)
    words = "Routing loop detected"


class Expired(MailError):
    """The message waited in the queue for all of its life."""

    status = EnhancedStatus(5, 4, 7)
    words = "Delivery time expired"


class ConversionRequired(MailError):
    """The next hop cannot take this content and it may not be changed (RFC 3463 §3.7, X.6.3)."""

    status = EnhancedStatus(5, 6, 3)
    words = "The next system does not accept this kind of content and it cannot be converted"


class NonAsciiAddress(MailError):
    """An internationalized address meets a system that does not speak SMTPUTF8 (RFC 6531 §3.5)."""

    status = EnhancedStatus(5, 6, 7)
    words = "The next system does not support internationalized addresses (SMTPUTF8)"


class RequireTlsUnsupported(MailError):
    """The message demands REQUIRETLS of every hop, and the next one does not know it (RFC 8689 §4.2.1)."""

    status = EnhancedStatus(5, 7, 30)
    words = "REQUIRETLS support required, which the next system does not offer"


class EncryptionNeeded(MailError):
    """The message demands TLS with a server that proves who it is, and there is none (RFC 8689 §4.2.1)."""

    status = EnhancedStatus(5, 7, 10)
    words = "Encryption needed, which no mail exchanger of the domain offers as it should"


class BadContent(MailError):
    """The message's octets break the rules of the transfer, e.g. a bare CR or LF (RFC 5321 §2.3.8)."""

    status = EnhancedStatus(5, 6, 0)
    words = "The message content is malformed"


class AuthenticationFailed(MailError):
    """Wrong name or password; the same words for both (RFC 4954 §6)."""

    status = EnhancedStatus(5, 7, 8)
    words = "Authentication credentials invalid"


class TooManyLogins(TryLater):
    """Too many failed logins from this address or for this name: wait."""

    status = EnhancedStatus(4, 7, 0)
    words = "Too many failed logins, try again later"


class SenderUnproven(MailError):
    """The author's domain asks for the message to be rejected, since nothing proves that it is from there (RFC 7372 §3.4)."""

    status = EnhancedStatus(5, 7, 26)
    words = "Nothing proves that the message is from its author's domain"


class SenderNotAllowed(MailError):
    """The domain of MAIL FROM does not let this client send (RFC 7372 §3.2)."""

    status = EnhancedStatus(5, 7, 23)
    words = "The client may not send mail of this domain"


class AuthorUnclear(MailError):
    """From does not name one author, so that nobody can say for whom the message was checked."""

    status = EnhancedStatus(5, 7, 1)
    words = "The message needs one From field with the address of its author"


class SenderUndecided(TryLater):
    """The DNS did not say who may send, and the settings want to know."""

    status = EnhancedStatus(4, 7, 0)
    words = "The sender cannot be checked now, try again later"


class SpfUndecided(SenderUndecided):
    """Of SPF alone: its evaluation ended in an error (RFC 7372 §3.2, in the place of what RFC 7208 §8.6 recommends)."""

    status = EnhancedStatus(4, 7, 24)
