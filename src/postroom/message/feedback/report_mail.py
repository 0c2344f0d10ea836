"""The mail that carries a report of ours.

RFC 9990 §3.5.2 (subject, file name, type application/gzip), RFC 8460 §5.3 (subject, TLS-Report fields, multipart/report), RFC 6522 §3, RFC 8689
(TLS-Required: No: a report on failed TLS has to arrive in spite of it), RFC 3834 §5. Pure: time and uniqueness are arguments. Not here: to whom it goes.
"""

from __future__ import annotations

import msgspec

from postroom.message.address import Address
from postroom.message.encodings.transfer import encode_base64, encode_quoted_printable
from postroom.message.headers.dates import format_date
from postroom.message.headers.fields import Mailbox, address_field, fold, text_field


class Cover(msgspec.Struct, frozen=True):
    """Who reports to whom about which domain and time. `now`, `begin` and `end` are unix seconds; `unique` letters and digits.

    `submitter` is the domain in whose name the report is made, `report_id` the one that stands in it, without brackets.
    """

    author: Address
    to: tuple[Address, ...]
    domain: str
    submitter: str
    report_id: str
    begin: int
    end: int
    now: int
    unique: str

    def file_name(self, extension: str) -> str:
        """RFC 9990 §3.5.2 and RFC 8460 §5.1: receiver ! domain ! begin ! end ! id . extension."""
        return f"{self.submitter}!{self.domain}!{self.begin}!{self.end}!{self.unique}.{extension}"


class _Form(msgspec.Struct, frozen=True):
    multipart: str
    media_type: str
    extension: str
    what: str
    report_id: str
    fields: tuple[tuple[str, str], ...] = ()


def aggregate_mail(cover: Cover, packed: bytes) -> bytes:
    """The mail with a DMARC aggregate report, in gzip; CRLF line ends, 7bit."""
    # RFC 9990 §3.1.4: as it is in the report and in the file's name
    report_id = f"<{cover.report_id}>"
    return _mail(
        cover, packed, _Form("mixed", "application/gzip", "xml.gz", "DMARC aggregate report", report_id)
    )


def tls_mail(cover: Cover, packed: bytes) -> bytes:
    """The mail with a TLS report, in gzip."""
    fields = (
        ("TLS-Report-Domain", cover.domain),
        ("TLS-Report-Submitter", cover.author.domain),  # RFC 8460 §5.3: that of contact-info
        ("TLS-Required", "No"),
    )
    report_id = f"<{cover.report_id}@{cover.submitter}>"
    form = _Form(
        "report; report-type=tlsrpt", "application/tlsrpt+gzip", "json.gz", "TLS report", report_id, fields
    )
    return _mail(cover, packed, form)


def _mail(cover: Cover, packed: bytes, form: _Form) -> bytes:
    boundary = b"=_" + cover.unique.encode()
    subject = f"Report Domain: {cover.domain} Submitter: {cover.submitter} Report-ID: {form.report_id}"
    head = [
        b"Date: %b\r\n" % format_date(cover.now).encode(),
        address_field("From", [Mailbox(cover.author)]),
        address_field("To", [Mailbox(one) for one in cover.to]),
        fold("Subject", subject),
        b"Message-ID: <%b@%b>\r\n" % (cover.unique.encode(), cover.submitter.encode()),
        *(text_field(name, value) for name, value in form.fields),
        b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
        b'Content-Type: multipart/%b;\r\n\tboundary="%b"\r\n\r\n' % (form.multipart.encode(), boundary),
    ]
    parts = [_text(cover, form), _file(cover.file_name(form.extension), form.media_type, packed)]
    body = [b"--%b\r\n%b\r\n" % (boundary, part) for part in parts]
    return b"".join([*head, *body, b"--%b--\r\n" % boundary])


def _text(cover: Cover, form: _Form) -> bytes:
    said = (
        f"This is a {form.what} from {cover.submitter} about {cover.domain}.\r\n"
        f"It covers the time from {format_date(cover.begin)} to {format_date(cover.end)}.\r\n"
        "It is made by a program and asked for in the DNS of that domain (rua=).\r\n"
    )
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head + encode_quoted_printable(said.encode())


def _file(name: str, media_type: str, octets: bytes) -> bytes:
    head = (
        f'Content-Type: {media_type};\r\n\tname="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment;\r\n\tfilename="{name}"\r\n\r\n'
    )
    return head.encode() + encode_base64(octets)
