"""Odd messages for hypothesis: multiparts and messages inside one another, with what real software gets wrong."""

from __future__ import annotations

from hypothesis import strategies as st

_BODY = st.one_of(
    st.just(b""),
    st.sampled_from(
        [
            b"Do you like ketchup?\r\n",
            b"no line end",
            b"\r\n",
            b"\r\n\r\n",
            b"--\r\n",
            b"--b0x\r\n",
            b"caf\xc3\xa9\r\n",
        ]
    ),
    st.text(alphabet="ab= \r\n\t-+/", max_size=40).map(str.encode),
    st.binary(max_size=60),
)
_FIELDS = st.lists(
    st.sampled_from(
        [
            b"Subject: one\r\n",
            b"Subject: folded\r\n over two lines\r\n",
            b"FROM: Alice <alice@crepes.test>\r\n",
            b"From : old@crepes.test\r\n",
            b"X-Empty:\r\n",
            b"X-Bare: LF alone\n",
            b"To: bob@hamburger.test, (comment) carol@hamburger.test\r\n",
            b"Content-ID: <x@crepes.test>\r\n",
            b'Content-Disposition: attachment; filename="a (b).txt"\r\n',
            b'Content-Description: "quoted" \\ and ) more\r\n',
            b"Content-Language: en, de\r\n",
        ]
    ),
    max_size=4,
).map(b"".join)
_LEAF_TYPES = st.sampled_from(
    [
        b"",
        b"Content-Type: text/plain\r\n",
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
        b'Content-Type: application/pdf; name="a;b"\r\nContent-Transfer-Encoding: base64\r\n',
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Type: nonsense\r\n",
        b"Content-Transfer-Encoding: x-unheard\r\n",
    ]
)
_NO_HEADER_END = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b""])


@st.composite
def _leaf(draw: st.DrawFn) -> bytes:
    return draw(_FIELDS) + draw(_LEAF_TYPES) + draw(_NO_HEADER_END) + draw(_BODY)


@st.composite
def _multipart(draw: st.DrawFn, parts: st.SearchStrategy[bytes]) -> bytes:
    boundary = draw(st.sampled_from([b"b0", b"b0x", b"c1", b"d-d"]))
    subtype = draw(st.sampled_from([b"mixed", b"alternative", b"digest", b'related; type="text/html"']))
    out = [draw(_FIELDS), b"Content-Type: multipart/%b; boundary=%b\r\n\r\n" % (subtype, boundary)]
    out.append(draw(st.sampled_from([b"", b"preamble\r\n"])))
    for part in draw(st.lists(parts, max_size=3)):
        out += [b"\r\n--%b\r\n" % boundary if len(out) > 2 else b"--%b\r\n" % boundary, part]
    out.append(
        draw(st.sampled_from([b"\r\n--%b--\r\n" % boundary, b"\r\n--%b--\r\nepilogue" % boundary, b""]))
    )
    return b"".join(out)


@st.composite
def _message(draw: st.DrawFn, parts: st.SearchStrategy[bytes]) -> bytes:
    kind = draw(st.sampled_from([b"message/rfc822", b"message/global"]))
    return draw(_FIELDS) + b"Content-Type: " + kind + b"\r\n\r\n" + draw(parts)


def messages() -> st.SearchStrategy[bytes]:
    """Whole messages, most of them nested a few levels deep."""
    return st.recursive(_leaf(), lambda parts: st.one_of(_multipart(parts), _message(parts)), max_leaves=8)
