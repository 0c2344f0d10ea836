"""From settings to parts: routes, and what they make a service offer."""

import pytest

from postroom.app import building
from postroom.app.settings import RouteSettings, Settings, SettingsError
from postroom.deliver.turning import fetched


def test_a_domain_whose_mail_is_fetched_has_no_host() -> None:
    settings = Settings(
        routes={"customer.test": RouteSettings(turn_for="bob@l.test"), "r.test": RouteSettings("mx.r.test")}
    )
    assert fetched(building.routes(settings)) == {"customer.test"}


@pytest.mark.parametrize(
    ("domain", "route"),
    [
        ("r.test", RouteSettings()),
        ("r.test", RouteSettings("mx.r.test", turn_for="bob@l.test")),
        ("*", RouteSettings(turn_for="bob@l.test")),
    ],
)
def test_a_route_leads_somewhere_and_to_one_place(domain: str, route: RouteSettings) -> None:
    with pytest.raises(SettingsError, match="turn_for"):
        building.routes(Settings(routes={domain: route}))
