"""What RFC 6376 and RFC 8463 print, verified."""

from __future__ import annotations

import asyncio
import base64
import hashlib

import pytest

from dkim_post import Keys, check
from postroom.mailauth.dkim.canonical import BodyHash, Canon, SignedFields
from postroom.mailauth.dkim.verification import SignedMessage, Verification
from postroom.message.headers.header import Header

NOW = 1_528_640_000
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
RSA = (
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
)
BRISBANE = (  # RFC 6376 §C
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ"
    "KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
    "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v"
    "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
    "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
)
DINNER = """\
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
"""
TWO_SIGNATURES = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
"""
SIMPLE = """\
DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
"""
ZONE = {
    "brisbane._domainkey.football.example.com": ED25519,
    "test._domainkey.football.example.com": RSA,
    "brisbane._domainkey.example.com": BRISBANE,
}


def letter(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def test_both_signatures_of_rfc_8463() -> None:
    results = check(letter(TWO_SIGNATURES + DINNER), Keys(ZONE), NOW)
    assert [one.explained() for one in results] == [
        "dkim=pass (d=football.example.com i=@football.example.com s=brisbane a=ed25519-sha256 b=/gCrinpc)",
        "dkim=pass (d=football.example.com i=@football.example.com s=test a=rsa-sha256 b=F45dVWDf)",
    ]
    assert [one.key.bits for one in results] == [256, 1024]


def test_the_example_of_rfc_6376() -> None:
    """§A.2, with the white space that was signed: the RFC's print has lost some of it."""
    (result,) = check(letter(SIMPLE + DINNER), Keys(ZONE), NOW)
    assert result.explained() == (
        "dkim=pass (d=example.com i=joe@football.example.com s=brisbane a=rsa-sha256 b=AuUoFEfD)"
    )
    assert result.signed == ("received", "from", "to", "subject", "date", "message-id")


def test_the_example_after_another_hop() -> None:
    hop = letter("Received: from mout23.football.example.com (192.168.1.1)\n  by shopping.example.net\n")
    assert [one.passed for one in check(hop + letter(SIMPLE + DINNER), Keys(ZONE), NOW)] == [True]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_the_body_may_come_in_pieces(size: int) -> None:
    raw = letter(TWO_SIGNATURES + DINNER)
    header = Header.parse(raw)
    message = SignedMessage(header, NOW)
    verification = Verification(message)
    for start in range(header.end, len(raw), size):
        message.feed(raw[start : start + size])
    results = asyncio.run(verification.results(Keys(ZONE)))
    assert [one.passed for one in results] == [True, True]


EXAMPLE = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n"  # §3.4.5


@pytest.mark.parametrize(
    ("canon", "fields", "body"),
    [
        (Canon.RELAXED, b"a:X\r\nb:Y Z\r\n", b" C\r\nD E\r\n"),
        (Canon.SIMPLE, b"A: X\r\nB : Y\t\r\n\tZ  \r\n", b" C \r\nD \t E\r\n"),
    ],
)
def test_canonical_forms_of_rfc_6376(canon: Canon, fields: bytes, body: bytes) -> None:
    header = Header.parse(EXAMPLE)
    assert b"".join(SignedFields(header).chosen((b"a", b"b"), canon)) == fields
    hashed = BodyHash(canon)
    hashed.feed(EXAMPLE[header.end :])
    assert hashed.digest() == hashlib.sha256(body).digest()
    assert hashed.octets == len(body)


@pytest.mark.parametrize(
    ("canon", "expected"),
    [
        (Canon.SIMPLE, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="),  # §3.4.3
        (Canon.RELAXED, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),  # §3.4.4
    ],
)
def test_the_empty_body(canon: Canon, expected: str) -> None:
    assert base64.b64encode(BodyHash(canon).digest()).decode() == expected
