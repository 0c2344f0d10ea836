"""SASLprep: the examples of RFC 4013 §3, and the bounds."""

import pytest

from postroom.proto.sasl import saslprep as module
from postroom.proto.sasl.saslprep import MAX_TEXT, Unprepared, saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("a\u200bb", "ab"),
        ("\u1680", " "),
        ("p\u00e4ss", "p\u00e4ss"),
        ("pa\u0308ss", "p\u00e4ss"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("", ""),
        ("x" * MAX_TEXT, "x" * MAX_TEXT),
    ],
)
def test_prepared(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared
    assert saslprep(prepared) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "\u0007",
        "\u0627\u0031",
        "a\0",
        "\x7f",
        "\u200e",
        "\ue000",
        "\ufdd0",
        "\ud800",
        "\u2ff0",
        "\U000e0001",
        "a\u0627b",
        "x" * (MAX_TEXT + 1),
    ],
)
def test_prohibited(text: str) -> None:
    with pytest.raises(Unprepared) as error:
        saslprep(text)
    assert text not in str(error.value)


def test_what_normalisation_makes_long_is_not_looked_at_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NFKC makes eighteen characters out of one, and whoever has not logged in yet may send a thousand of those."""
    looked_at: list[str] = []

    def prohibits(char: str) -> bool:
        looked_at.append(char)
        return False

    monkeypatch.setattr(module, "_PROHIBITED", (prohibits,))
    prepared = saslprep("\ufdfa" * MAX_TEXT)
    assert len(prepared) == 18 * MAX_TEXT
    assert sorted(looked_at) == sorted(set(prepared))


def test_what_was_not_assigned_may_be_asked_for_and_not_kept() -> None:
    assert saslprep("\u0221") == "\u0221"
    with pytest.raises(Unprepared):
        saslprep("\u0221", stored=True)
