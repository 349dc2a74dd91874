"""Fixtures for the tests of shipped graphs."""

from pathlib import Path

import pytest

from ragreason.protocols import Retriever
from tests.graphs.courses import Course


@pytest.fixture
def course(retriever: Retriever, index_dir: Path) -> Course:
    """Runs shipped graphs over the small index of four documents."""
    return Course(retriever, index_dir)
