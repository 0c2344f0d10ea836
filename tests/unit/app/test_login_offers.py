import re

from postroom.app.login_offers import LoginOffers


class Credentials:
    """An engine whose table of credentials holds what a test says."""

    def __init__(self) -> None:
        self.rows: list[tuple[int]] = []

    def reading(self) -> "Credentials":
        return self

    async def fetchrow(self, sql: str, *args: object) -> tuple[int] | None:
        return self.rows[0] if self.rows else None


async def test_it_is_offered_while_there_is_a_secret():
    table = Credentials()
    offer = LoginOffers(table, "mail.x.test")  # type: ignore[arg-type]
    assert offer.stamp() == ""
    table.rows = [(1,)]
    assert await offer.look() is False
    assert re.fullmatch(r"<[0-9a-f]{16}@mail\.x\.test>", offer.stamp())
    assert offer.stamp() != offer.stamp()
    table.rows = []
    await offer.look()
    assert offer.stamp() == ""
