"""Leaving lists: one click only where it is proven."""

from hypothesis import given
from hypothesis import strategies as st

from postroom.message.headers.authentication_results import parse
from postroom.message.headers.header import Header
from postroom.message.headers.unsubscribing import MAX_URI, Unsubscribing, unsubscribing

URL = "https://list.test/u?x=1"
FIELDS = f"List-Unsubscribe: <mailto:leave@list.test>, <{URL}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
SIGNED = "DKIM-Signature: v=1; d=list.test; s=k;\r\n h=From:List-Unsubscribe:\r\n List-Unsubscribe-Post; b=abc\r\n def==\r\n"
PASS = "mx.test; dkim=pass header.d=list.test header.s=k header.b=abcd"


def offered(fields, results=PASS):
    return unsubscribing(
        Header.parse(fields.encode() + b"\r\n"), parse(results.encode()) if results else None
    )


def test_one_click():
    assert offered(FIELDS + SIGNED) == Unsubscribing(URL, "mailto:leave@list.test", URL)


def test_not_without_proof():
    for fields, results in (
        (FIELDS + SIGNED, ""),
        (FIELDS + SIGNED, "mx.test; dkim=fail header.d=list.test header.s=k"),
        (FIELDS + SIGNED, "mx.test; dkim=pass header.d=other.test header.s=k"),
        (FIELDS + SIGNED, "mx.test; dkim=pass header.d=list.test header.s=k header.b=zzz"),
        (FIELDS + SIGNED, "mx.test; dkim=pass header.d=list.test"),
        (FIELDS + SIGNED.replace("List-Unsubscribe-Post", "Subject"), PASS),
        (FIELDS + SIGNED.replace("h=From", "h=From; h=From"), PASS),
        (FIELDS, PASS),
        (FIELDS + FIELDS + SIGNED, PASS),
        (FIELDS.replace("One-Click", "Twice") + SIGNED, PASS),
        (FIELDS.replace("https:", "http:") + SIGNED, PASS),
    ):
        assert offered(fields, results).one_click == "", (fields, results)


def test_the_rest_is_for_people():
    assert offered("List-Unsubscribe: <http://list.test/>\r\n") == Unsubscribing("", "", "http://list.test/")
    assert offered("List-Unsubscribe: <javascript:alert(1)>, nothing\r\n") == Unsubscribing()
    assert offered("Subject: x\r\n") == Unsubscribing()


def test_an_address_is_bounded():
    for octets, link in ((MAX_URI, URL.ljust(MAX_URI, "x")), (MAX_URI + 1, "")):
        assert offered(f"List-Unsubscribe: <{URL.ljust(octets, 'x')}>\r\n").link == link


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_comes(uris, signature):
    raw = (
        b"List-Unsubscribe: "
        + uris
        + b"\r\nDKIM-Signature: "
        + signature
        + b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
    )
    unsubscribing(Header.parse(raw), parse(PASS.encode()))
