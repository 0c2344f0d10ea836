"""The replies that a server machine gives by itself.

RFC 5321 §4.2.2 and §4.2.3 (codes), RFC 3463 §3 (statuses), RFC 4954 §6. Each names the remedy where there is one. Data only.
"""

from __future__ import annotations

from postroom.proto.smtp.reply import Reply

OK_RESET = Reply.of(250, "2.0.0", "Reset, the message that was begun is forgotten")
OK_NOOP = Reply.of(250, "2.0.0", "Ok")
UNKNOWN = Reply.of(500, "5.5.1", "Command not recognized: HELP lists what there is")
NOT_HERE = Reply.of(502, "5.5.1", "Command not implemented here")
OTHER_PROTOCOL = Reply.of(221, "2.7.0", "This is a mail server, it speaks SMTP")
FORBIDDEN = Reply.of(500, "5.5.1", "Command not recognized, goodbye")
WRONG_HELLO_LMTP = Reply.of(500, "5.5.1", "This is LMTP: say LHLO your.host.name")
WRONG_HELLO_SMTP = Reply.of(500, "5.5.1", "This is SMTP: say EHLO your.host.name")
BARE_LF = Reply.of(
    500, "5.5.2", "The line ended with LF alone: end each line with CRLF (telnet does, and nc with -C)"
)
BARE_CR = Reply.of(500, "5.5.2", "The line has a CR without LF inside: end each line with CRLF")
TOO_LONG = Reply.of(500, "5.5.2", "The line is too long")
NOT_UTF8 = Reply.of(500, "5.5.2", "The line is not UTF-8")
CONTROL = Reply.of(501, "5.5.2", "The line has a control character")
OUT_OF_STEP = Reply.of(
    554,
    "5.5.0",
    "SMTP protocol synchronization: something was sent before it was asked for. Wait for each reply before the next line",
)
TOO_MANY_ERRORS = Reply.of(421, "4.7.0", "Too many errors, goodbye")
TOO_MUCH_JUNK = Reply.of(421, "4.7.0", "Too many commands without a message, goodbye")
TOO_MANY_MAILS = Reply.of(421, "4.7.0", "Too many messages over one connection: connect again")
TOO_MANY_LOGINS = Reply.of(421, "4.7.0", "Too many failed logins, goodbye")
TOO_MANY_RECIPIENTS = Reply.of(452, "4.5.3", "Too many recipients, send the rest in another message")
TLS_FIRST = Reply.of(530, "5.7.0", "Say STARTTLS first")
AUTH_FIRST = Reply.of(530, "5.7.0", "Authentication required: AUTH first")
AUTH_NEEDS_TLS = Reply.of(538, "5.7.11", "Encryption required for this mechanism: STARTTLS first")
AUTH_TWICE = Reply.of(503, "5.5.1", "You are logged in already")
AUTH_UNKNOWN = Reply.of(504, "5.5.4", "This mechanism is not offered: EHLO lists what is")
AUTH_CANCELLED = Reply.of(501, "5.7.0", "Authentication cancelled")
AUTH_NOT_BASE64 = Reply.of(501, "5.5.2", "That is not base64")
AUTH_TOO_LONG = Reply.of(500, "5.5.6", "The line is too long for an authentication exchange")
AUTH_NO_INITIAL = Reply.of(501, "5.7.0", "This mechanism begins with the server's challenge")
AUTH_FAILED = Reply.of(535, "5.7.8", "Authentication credentials invalid")
TLS_TWICE = Reply.of(503, "5.5.1", "TLS is on already")
NEEDS_BDAT = Reply.of(503, "5.5.1", "BODY=BINARYMIME is sent with BDAT, not with DATA")
SMTPUTF8_NEEDED = Reply.of(553, "5.6.7", "The address is not ASCII: say SMTPUTF8 in MAIL FROM")
