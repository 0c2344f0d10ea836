"""What a student would work out from the server's words and his secrets: against the examples of the RFCs."""

import base64

from postroom.lab.lessons.values import Values


def test_apop():
    """RFC 1939 §7."""
    values = Values({"bob": "mrose"})
    values.learn({"stamp": "<1896.697170952@dbc.mtview.ca.us>", "other": None})
    assert values["digest"] == "c4c9334bac560ecc979e58001b3e22fb"


def test_plain():
    """RFC 4616 §4, with an empty authorization identity."""
    values = Values({"bob": "tim", "bob_password": "tanstaaftanstaaf"})
    assert base64.b64decode(values["plain"]) == b"\0tim\0tanstaaftanstaaf"


def test_scram():
    """RFC 7677 §3."""
    values = Values({"bob": "user", "bob_password": "pencil"})
    assert base64.b64decode(values["scram_first"]) == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    values.learn({"challenge": base64.b64encode(first).decode()})
    assert base64.b64decode(values["scram_last"]).endswith(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")


def test_a_dollar_that_names_nothing():
    assert Values({}).fill("^pass$, $1 and $") == "^pass$, $1 and $"
