"""One small real engine for all tests here."""

import asyncio
from collections.abc import Iterator

import pytest

from ragreason.generation.openvino import OpenVINOEngine


@pytest.fixture(scope="session")
def smollm() -> Iterator[OpenVINOEngine]:
    """SmolLM2-135M in a worker process that starts at the first request."""
    engine = OpenVINOEngine("smollm2-135m", timeout_s=120)
    yield engine
    asyncio.run(engine.aclose())
