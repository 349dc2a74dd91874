"""Every registered embedder keeps the protocol's promises."""

from typing import cast

import numpy as np
import pytest

from ragreason import registry
from ragreason.protocols import Embedder

NEEDS_A_MODEL = {"minilm", "minilm-float32"}
TEXTS = ["The river flows north.", "", "你好，世界。", "A hill", "The river flows north.", " \n "]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.model] if name in NEEDS_A_MODEL else [])
        for name in registry.known("embedders")
    ],
)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return cast(Embedder, registry.load("embedders", request.param)())


def test_is_an_embedder_with_a_name_that_stays(embedder: Embedder) -> None:
    assert isinstance(embedder, Embedder)
    assert embedder.name
    assert type(embedder)().name == embedder.name


@pytest.mark.parametrize("kind", ["query", "passage"])
async def test_rows_are_unit_vectors_or_zeros_for_blank_texts(
    embedder: Embedder, kind: str
) -> None:
    vectors = await embedder.embed(TEXTS, kind)  # type: ignore[arg-type]
    assert vectors.shape == (len(TEXTS), embedder.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 1, 0], atol=1e-5)


async def test_a_text_does_not_depend_on_its_neighbours(embedder: Embedder) -> None:
    vectors = await embedder.embed(TEXTS, "passage")
    alone = [(await embedder.embed([text], "passage"))[0] for text in TEXTS]
    assert np.allclose(vectors, np.stack(alone), atol=1e-5)
    assert np.allclose(vectors[0], vectors[4], atol=1e-6)


async def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert (await embedder.embed([], "query")).shape == (0, embedder.dim)


async def test_a_text_is_nearest_to_itself(embedder: Embedder) -> None:
    passages = await embedder.embed(["A hill in Spain", "The river", "Quantum fields"], "passage")
    queries = await embedder.embed(["A hill in Spain", "The river", "Quantum fields"], "query")
    assert (queries @ passages.T).argmax(axis=1).tolist() == [0, 1, 2]
