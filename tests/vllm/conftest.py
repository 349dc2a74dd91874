"""What runs vLLM for real: `make test-vllm` installs its CPU build and runs it."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from ragreason.generation.transformers_folder import folder_of
from ragreason.generation.transformers_source import find
from ragreason.settings import settings

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.timeout(900))
            if find_spec("vllm") is None:
                item.add_marker(pytest.mark.skip(reason="needs vLLM: make test-vllm"))


@pytest.fixture(scope="session")
def smollm_folder() -> Path:
    """SmolLM2-135M as a Hugging Face folder."""
    return folder_of(find("smollm2-135m"), settings().resolved_home() / "folders")
