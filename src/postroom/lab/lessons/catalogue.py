"""All lessons, in the order in which they are best taken."""

from __future__ import annotations

from typing import Final

from postroom.lab.lessons import delivery_lessons as delivery
from postroom.lab.lessons import imap_lessons as imap
from postroom.lab.lessons import mime_lessons as mime
from postroom.lab.lessons import pop3_lessons as pop3
from postroom.lab.lessons import smtp_lessons as smtp
from postroom.lab.lessons.lesson import Lesson

LESSONS: Final[tuple[Lesson, ...]] = (
    smtp.BY_HAND,
    smtp.ESMTP,
    smtp.PERIOD,
    smtp.ALIASES,
    pop3.DELETE,
    pop3.LOGIN,
    imap.FOLDERS,
    imap.PARTIAL,
    mime.BASE64,
    mime.MULTIPART,
    delivery.QUEUE,
    smtp.RELAY,
    delivery.FORGED,
    delivery.REMEDIES,
    delivery.SASL,
    imap.PUSH,
)
