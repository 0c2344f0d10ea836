"""The work that is measured, one module for each row."""

from __future__ import annotations

from typing import Final

from bench.course import Row
from bench.rows.cold_start import COLD_START
from bench.rows.idle import IDLE
from bench.rows.imap import IMAP
from bench.rows.mailbox_size import MAILBOX_SIZE
from bench.rows.pop3 import POP3
from bench.rows.relay import RELAY
from bench.rows.smtp_in import SMTP_IN

ROWS: Final[tuple[Row, ...]] = (SMTP_IN, RELAY, POP3, IMAP, COLD_START, IDLE, MAILBOX_SIZE)
