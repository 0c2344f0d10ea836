"""Addresses of pictures: nobody else can make one, change one, or use one later."""

import pytest

from postroom.proto.http.picture_addresses import MAX_SIGNED, PATH, PATTERN, VALID_SECONDS, Wanted, read, sign

KEY, OTHER, NOW = b"k" * 32, b"o" * 32, 1_800_000_000
WANTED = Wanted((1 << 63) - 1, "https://x.test/a?b=\u00e9&c")


def test_what_was_signed_is_read() -> None:
    path = sign(KEY, WANTED, NOW)
    assert read(KEY, path, NOW) == WANTED
    assert PATTERN.fullmatch(path)
    assert PATTERN.fullmatch(f"https://mail.test:8443{path}")
    assert sign(KEY, WANTED, NOW - NOW % VALID_SECONDS) == path  # the same all day


def test_it_is_valid_for_a_day_at_least_and_for_two_at_most() -> None:
    path = sign(KEY, WANTED, NOW)
    assert read(KEY, path, NOW + VALID_SECONDS) == WANTED
    end = (NOW // VALID_SECONDS + 2) * VALID_SECONDS
    assert read(KEY, path, end - 1) == WANTED
    assert read(KEY, path, end) is None


@pytest.mark.parametrize("at", range(len(PATH), 100, 7))
def test_nothing_of_it_can_be_changed(at: int) -> None:
    path = sign(KEY, WANTED, NOW)
    changed = path[:at] + ("1" if path[at] != "1" else "2") + path[at + 1 :]
    assert read(KEY, changed, NOW) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        PATH,
        "/mail/image/a.b.c.d",
        f"{PATH}1.zz.{'A' * 10}.{'A' * 43}",
        "x" * (MAX_SIGNED + 1),
        f"{PATH}../../x",
    ],
)
def test_others_are_none(path: str) -> None:
    assert read(KEY, path, NOW) is None


def test_another_key_is_another_server() -> None:
    assert read(OTHER, sign(KEY, WANTED, NOW), NOW) is None


def test_the_longest_one() -> None:
    assert read(KEY, sign(KEY, Wanted(1, "https://x.test/" + "y" * 1985), NOW), NOW) is not None
