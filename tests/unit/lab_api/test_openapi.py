"""The document says what the interface does: schemathesis asks all that it allows, and some that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from api_client import Client
from postroom.lab.api import values
from postroom.lab.api.desk import Operation
from postroom.lab.api.openapi import document
from postroom.lab.api.table import OPERATIONS

schemathesis = pytest.importorskip("schemathesis")
# A fault without a reply fits the schema and cannot be; such things are tested by name.
_refused_for_its_meaning = pytest.importorskip("schemathesis.specs.openapi.checks").positive_data_acceptance
WAITING = (values.Awaited, values.Since)
EXAMPLES = 10  # of each operation, with values that are allowed, and with some that are not


@pytest.fixture(scope="module")
def api_schema(client: Client) -> Any:
    return schemathesis.openapi.from_url(f"{client.root}api/v1/openapi.json")


@pytest.fixture(autouse=True)
def _afterwards(client: Client) -> Iterator[None]:
    yield
    client.ask("DELETE", "faults")


def test_every_operation_has_a_name_and_words() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(operation.words.endswith((".", "}.")) for operation in OPERATIONS)
    assert sum(len(methods) for methods in document()["paths"].values()) == len(OPERATIONS)


def test_every_reference_leads_somewhere() -> None:
    refs = re.findall(r"#/components/schemas/(\w+)", str(document()))
    assert set(refs) <= set(document()["components"]["schemas"])


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_it_does_what_the_document_says(api_schema: Any, operation: Operation, mode: str) -> None:
    described = api_schema[operation.path][operation.method]
    if mode == "NEGATIVE" and operation.query is operation.body is None:
        pytest.skip("takes nothing that could be wrong")
    strategy = described.as_strategy(generation_mode=schemathesis.GenerationMode[mode])

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(strategy)
    def ask(case: Any) -> None:
        # An empty list leaves nothing in a query that could be wrong.
        hypothesis.assume(not any(isinstance(value, list) for value in (case.query or {}).values()))
        if operation.query in WAITING:  # which is tested elsewhere
            timeout = 0 if mode == "POSITIVE" else (case.query or {}).get("timeout", 0)
            case.query = {**(case.query or {}), "timeout": timeout}
        if "address" in (case.path_parameters or {}):
            case.path_parameters["address"] = "bob@hamburger.test"
        case.call_and_validate(excluded_checks=[_refused_for_its_meaning])

    ask()
