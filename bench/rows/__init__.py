"""The work that is measured, one module for each row."""

from __future__ import annotations

from typing import Final

from bench.course import Row
from bench.rows.authentication import AUTHENTICATION
from bench.rows.cold_start import COLD_START
from bench.rows.idle import IDLE
from bench.rows.imap import IMAP
from bench.rows.imap_crowd import IMAP_CROWD
from bench.rows.imap_fair import IMAP_FAIR
from bench.rows.imap_idle import IMAP_IDLE
from bench.rows.imap_list import IMAP_LIST
from bench.rows.imap_search import IMAP_SEARCH
from bench.rows.imap_size import IMAP_SIZE
from bench.rows.lab import LAB
from bench.rows.mailbox_size import MAILBOX_SIZE
from bench.rows.mbsync import MBSYNC
from bench.rows.pop3 import POP3
from bench.rows.relay import RELAY
from bench.rows.smtp_in import SMTP_IN
from bench.rows.web_mail import WEB_MAIL

ROWS: Final[tuple[Row, ...]] = (
    SMTP_IN,
    AUTHENTICATION,
    RELAY,
    POP3,
    IMAP,
    IMAP_LIST,
    IMAP_CROWD,
    IMAP_SEARCH,
    IMAP_FAIR,
    IMAP_SIZE,
    MBSYNC,
    COLD_START,
    LAB,
    IDLE,
    IMAP_IDLE,
    MAILBOX_SIZE,
    WEB_MAIL,
)
