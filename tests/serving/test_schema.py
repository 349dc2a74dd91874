"""Whatever is sent that the OpenAPI document allows, or just not: no answer says that we failed.

The server is `ragreason serve` in a process of its own.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from tests.serving.process import served, write_script

schemathesis = pytest.importorskip("schemathesis")
EXAMPLES = 12
OPERATIONS = 12
"""At least so many are in the document."""


@pytest.fixture
def url(index_dir: Path, tmp_path: Path) -> Iterator[str]:
    """Where the server is. It ends well when it is told to."""
    with served(index_dir, tmp_path, write_script(tmp_path)) as (process, address):
        yield address
        process.terminate()
        assert process.wait(60) == 0


def test_no_request_is_answered_by_a_failure(url: str) -> None:
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= OPERATIONS
    mode = schemathesis.GenerationMode
    for operation in operations:
        _ask(operation, mode.POSITIVE)
        with suppress(Unsatisfiable):  # of some operations nothing can be got wrong
            _ask(operation, mode.NEGATIVE)


def _ask(operation: Any, mode: Any) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def asked(case: Any) -> None:
        response = case.call()
        assert response.status_code < 500, f"{case.method} {case.formatted_path}: {response.text}"

    asked()
