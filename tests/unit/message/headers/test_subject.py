from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.headers.subject import MAX_SUBJECT, base_subject, is_reply


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("", ""),
        ("Saying Hello", "Saying Hello"),
        ("Re: Saying Hello", "Saying Hello"),
        ("re: RE : Fw: fwd: Saying  \t Hello", "Saying Hello"),
        ("[list] Re: [list] Saying Hello (fwd) (FWD) ", "Saying Hello"),
        ("Re[2]: Saying Hello", "Saying Hello"),
        ("Re [2] : Saying Hello", "Saying Hello"),
        ("[Fwd: Re: Saying Hello]", "Saying Hello"),
        ("[fwd: [Fwd: x (fwd)] (fwd)]", "x"),
        ("[list]", "[list]"),
        ("[a] [b]", "[b]"),
        ("Re: [PATCH 1/2] MIPS: x", "MIPS: x"),
        ("Rest: x", "Rest: x"),
        ("[open", "[open"),
        ("Re:", ""),
        ("(fwd)", ""),
        ("x]", "x]"),
    ],
)
def test_base_subject(subject: str, expected: str) -> None:
    assert base_subject(subject) == expected


@given(
    st.lists(st.sampled_from(["re", ":", "[", "]", "fwd", "(fwd)", " ", "a", "[a]"]), max_size=400).map(
        "".join
    )
)
def test_it_is_a_fixed_point_and_short(subject: str) -> None:
    base = base_subject(subject)
    assert len(base) <= MAX_SUBJECT
    assert base_subject(base) == base


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("pickles", False),
        ("", False),
        ("Re: pickles", True),
        ("re : pickles", True),
        ("RE[2]: pickles", True),
        ("Fw: pickles", True),
        ("fwd: pickles", True),
        ("[list] pickles", False),
        ("[list] Re: pickles", True),
        ("[list]", False),
        ("pickles (fwd)", True),
        ("[fwd: pickles]", True),
        ("[list] [fwd: pickles]", True),
        ("Refuse: pickles", False),
        ("reply", False),
        ("[a] [b] pickles", False),
        ("[a [b", False),
    ],
)
def test_replies_and_forwards(subject, reply):
    assert is_reply(subject) is reply
