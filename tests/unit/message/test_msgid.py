from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.msgid import MAX_IDS, parse_message_ids, thread_ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<1234@local.machine.example>", ["1234@local.machine.example"]),
        (
            "<1234@local.machine.example> <3456@example.net>",
            ["1234@local.machine.example", "3456@example.net"],
        ),
        ("  <1234   @   local(blah)  .machine .example>", ["1234@local.machine.example"]),  # RFC 5322 appendix A.6.3
