"""Errors answer alike at every door."""

import pytest

from accord.kit import errors
from accord.kit.errors import AccordError, Fault, FieldError, InputError, Unavailable, as_problem


@pytest.mark.parametrize(
    ("kind", "status", "code", "exit_code", "retryable"),
    [
        (errors.InputError, 422, "invalid_input", 2, False),
        (errors.Malformed, 400, "malformed", 2, False),
        (errors.Unauthorized, 401, "unauthorized", 1, False),
        (errors.Denied, 403, "denied", 4, False),
        (errors.NotFound, 404, "not_found", 1, False),
        (errors.Conflict, 409, "changed_meanwhile", 5, False),
        (errors.RequestChanged, 422, "request_changed", 2, False),
        (errors.TooMany, 429, "too_many_requests", 7, True),
        (errors.Unavailable, 503, "unavailable", 7, True),
        (errors.Fault, 500, "fault", 1, False),
    ],
)
def test_each_error_has_its_status_code_and_exit_code(kind, status, code, exit_code, retryable):
    error = kind("what happened")

    assert isinstance(error, AccordError)
    assert (error.status, error.code, error.exit_code, error.retryable) == (
        status,
        code,
        exit_code,
        retryable,
    )
    assert (error.detail, str(error)) == ("what happened", "what happened")


def test_a_problem_names_each_field_and_the_page_of_its_code():
    error = InputError.at("/lines/0/quantity", "not_whole", "Give whole pieces.")

    assert as_problem(error, request_id="req_1", instance="/v1/promises") == {
        "type": "/problems/invalid_input",
        "title": "The input cannot be used",
        "status": 422,
        "detail": "Give whole pieces.",
        "instance": "/v1/promises",
        "code": "invalid_input",
        "request_id": "req_1",
        "retryable": False,
        "errors": [{"pointer": "/lines/0/quantity", "code": "not_whole", "detail": "Give whole pieces."}],
    }
    assert error.errors == (FieldError("/lines/0/quantity", "not_whole", "Give whole pieces."),)


def test_an_unavailable_problem_says_when_to_try_again():
    problem = as_problem(Unavailable("full", retry_after_seconds=3), request_id="r", instance="/x")

    assert (problem["retry_after_seconds"], problem["retryable"], problem["status"]) == (3, True, 503)


def test_extra_members_are_added_and_never_replace_the_standard_ones():
    problem = as_problem(
        InputError("no", extra={"status": 200, "options": [1]}), request_id="r", instance="/x"
    )

    assert (problem["status"], problem["options"]) == (422, [1])


def test_a_fault_tells_nothing_of_the_inside():
    problem = as_problem(Fault("row nod_7 went below zero"), request_id="r", instance="/x")

    assert "nod_7" not in str(problem)
    assert problem["status"] == 500


def test_an_error_may_carry_a_narrower_code_without_changing_its_class():
    assert InputError("x", code="cyclic_bill").code == "cyclic_bill"
    assert InputError("x").code == "invalid_input"
    assert InputError("x", retryable=True).retryable
