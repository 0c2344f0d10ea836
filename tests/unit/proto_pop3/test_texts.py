import pytest

from postroom.proto.pop3.texts import ENGLISH, LANGUAGES, Text, find_language

VALUES = {
    "host": "hamburger.test", "user": "b" * 64, "count": 2, "octets": 10**10, "number": 10**9, "most": 12_288, "verbs": "V " * 60,
    "syntax": "AUTH mechanism [initial-response]", "mechanisms": "PLAIN LOGIN", "seconds": 900,
}  # fmt: skip


@pytest.mark.parametrize("text", Text)
def test_every_text_exists_in_every_language_and_fits_a_response(text: Text) -> None:
    assert len(text.value) == len(LANGUAGES)
    for language in LANGUAGES:
        words = text.words(language, **VALUES)
        assert "{" not in words
        assert len(f"-ERR [LOGIN-DELAY] {words}\r\n".encode()) <= 512
        assert words.isprintable()


@pytest.mark.parametrize("text", Text)
def test_english_is_ascii_and_never_looks_like_a_response_code(text: Text) -> None:
    assert text.value[0].isascii()
    assert not text.value[0].startswith("[")


@pytest.mark.parametrize(("count", "words"), [(0, "0 messages"), (1, "1 message"), (2, "2 messages")])
def test_plurals(count: int, words: str) -> None:
    assert Text.MESSAGES.words(ENGLISH, count=count, octets=0).startswith(words + " (")


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("de", "de"), ("DE", "de"), ("de-CH", "de"), ("fr-x-crepes-1", "fr"), ("en-US", "en"), ("MUL", None), ("", None), ("-", None),
        ("d", None), ("de" + "-a" * 50, "de"),
    ],
)  # fmt: skip
def test_languages_are_found_by_range(wanted: str, tag: str | None) -> None:
    assert find_language(wanted) == tag
