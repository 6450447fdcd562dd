"""Codes of the engine's errors."""

from logster.store.embedded.codes import code_of, status_of


def test_an_errors_code_decides_the_status():
    error = RuntimeError("Code: 60. DB::Exception: Table x does not exist.")
    assert (code_of(error), status_of(code_of(error))) == (60, 404)
    assert status_of(code_of(RuntimeError("?"))) == 500
