"""The OpenAPI document: whole, valid, and kept by the server whatever it is asked."""

import sys
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi import checks

from cellcost_ledger.web.app import ROUTES
from cellcost_ledger.web.openapi import OPERATIONS, document

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, wire

# An operation of each path and method, all that a route has.
DESCRIBED = [(operation.method, operation.path) for operation in OPERATIONS]
EXAMPLES = 15
"""Of each operation: `make test` takes seconds for them."""


def test_the_document_is_valid_openapi() -> None:
    assert [
        error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()
    ] == []


def test_every_route_is_in_the_document_with_each_method() -> None:
    routed = set()
    for route in ROUTES:
        methods = route.methods or {
            name.upper() for name in ("get", "post") if hasattr(route.endpoint, name)
        }
        routed |= {(method, route.path) for method in methods - {"HEAD"}}
    assert set(DESCRIBED) == routed
    told = {
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
    }
    assert told == routed


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")
def test_an_operation_tells_its_arguments_and_answers(operation: Any) -> None:
    told = document()["paths"][operation.path][operation.method.lower()]
    named = {p["name"] for p in told["parameters"] if p["in"] == "query"}
    assert named == {argument.name for argument in operation.arguments}
    statuses = {"200", "500", "503", *map(str, operation.refusals)}
    if operation.scopes:
        statuses |= {"401", "403", "422", "429"}
        assert told["security"] == [{"key": []}]
    assert set(told["responses"]) == statuses


def test_an_argument_that_is_not_told_is_refused_everywhere(
    sqlite_ledger: Ledger,
) -> None:
    scopes = ["ingest", "read", "approve", "admin"]
    client = sqlite_ledger.client(sqlite_ledger.key(scopes=scopes))
    for operation in OPERATIONS:
        if operation.scopes and operation.method == "GET":
            path = operation.path.replace("{installation}", "inst")
            answer = client.get(path, params={"colour": "red"})
            assert (answer.status_code, answer.json()["error"]) == (
                422,
                "wrong_argument",
            )


def test_the_document_is_served_without_a_key(sqlite_ledger: Ledger) -> None:
    answer = sqlite_ledger.client("").get("/api/v1/openapi.json")
    assert answer.json() == document()


KEPT: list[CheckFunction] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.parametrize("name", DESCRIBED, ids=" ".join)
def test_whatever_is_asked_the_answer_is_one_that_is_told(
    ledger: Ledger, name: tuple[str, str]
) -> None:
    method, path = name
    mine = ledger.client()
    mine.statuses([wire(1), wire(2) | {"kind": "outcome", "lines": []}])
    key = ledger.key(team="ads", scopes=["ingest", "read"])
    schema = schemathesis.openapi.from_dict(document())
    operation = schema[path][method]

    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def ask(case: Any) -> None:
        answer = case.call(
            base_url=ledger.address, headers={"Authorization": f"Bearer {key}"}
        )
        # No failure of the server, and nothing of another team.
        assert answer.status_code < 500
        assert "gpt-5-mini-2025-08-07" not in answer.text or method == "POST"
        assert "work/a.ipynb" not in answer.text
        case.validate_response(answer, checks=KEPT)

    ask()
