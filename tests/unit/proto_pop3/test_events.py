from postroom.proto.pop3.events import Login


def test_a_login_shows_no_password_in_a_log() -> None:
    assert "hungry" not in repr(Login("bob", "hungry", "PLAIN"))
    assert "hungry" not in f"{Login('bob', 'hungry')}"
