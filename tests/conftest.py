"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """The development data. Absent on a user's machine: skip there, fail in CI."""
    path = Path(os.environ.get("RAGREASON_DATA", Path(__file__).parents[2] / "shared/data"))
    if not path.is_dir():
        message = f"no development data at {path}; set RAGREASON_DATA"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path.resolve()
