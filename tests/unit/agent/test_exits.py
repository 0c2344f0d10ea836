"""Every step has a code of its own place, and none is one of the usual ones."""

from __future__ import annotations

from postroom.agent.exits import STAGES, Exit, ServerFailed
from postroom.proto.smtp.client_events import Stage


def test_every_stage_has_a_code() -> None:
    assert set(STAGES) == set(Stage)


def test_no_code_is_taken() -> None:
    assert not {int(code) for code in Exit} & {0, 1, 2, 130}


def test_the_step_is_told_in_json() -> None:
    assert ServerFailed("no", Exit.TLS).facts == {"stage": "tls"}
