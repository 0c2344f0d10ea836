"""Messages to push services: the example of RFC 8291 §5, tokens of RFC 8292, keys that are none."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from postroom.proto.jmap import webpush
from postroom.proto.jmap.webpush import BadKeys, client_keys, encrypt, public_octets, server_key, text, vapid

PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


def octets(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def test_the_example() -> None:
    private = int.from_bytes(octets("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    key = ec.derive_private_key(private, ec.SECP256R1())
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        client_keys(PUBLIC, AUTH),
        key,
        octets("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_longest_message_is_one_record() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    body = encrypt(bytes(webpush.MAX_PLAIN), client_keys(PUBLIC, AUTH), key, bytes(16))
    assert len(body) == 4096


def test_a_token_is_signed_by_the_key_that_stands_beside_it() -> None:
    key = server_key(bytes(range(32)))
    assert public_octets(key) == public_octets(server_key(bytes(range(32))))
    scheme, _, rest = vapid(key, "https://push.example.net", "mailto:postmaster@x.test", 1_000).partition(" ")
    assert scheme == "vapid"
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert octets(fields["k"]) == public_octets(key)
    head, claims, signature = fields["t"].split(".")
    assert json.loads(octets(head)) == {"typ": "JWT", "alg": "ES256"}
    told = json.loads(octets(claims))
    assert told == {
        "aud": "https://push.example.net",
        "exp": 1_000 + 12 * 3600,
        "sub": "mailto:postmaster@x.test",
    }
    raw = octets(signature)
    assert len(raw) == 64
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_any_secret_is_a_key(secret: bytes) -> None:
    assert len(public_octets(server_key(secret))) == 65


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", AUTH), (PUBLIC, ""), (PUBLIC, "AAAA"), (PUBLIC[:-1], AUTH), (PUBLIC[:-2] + "AA", AUTH), (PUBLIC, AUTH + "!"),
        ("A" * 87, AUTH), (PUBLIC + "A" * 200, AUTH), ("B" + "A" * 86, AUTH), (PUBLIC.replace("-", "+"), AUTH),
    ],
)  # fmt: skip
def test_keys_that_are_none(p256dh: str, auth: str) -> None:
    with pytest.raises(BadKeys):
        client_keys(p256dh, auth)
