from postroom.wire.ip import is_address


def test_addresses_of_both_versions_and_nothing_else() -> None:
    texts = ("127.0.0.1", "::1", "", "localhost", "[::1]", "127.0.0.1:25")
    assert [is_address(text) for text in texts] == [True, True, False, False, False, False]
