import numpy as np

from ragreason.embedding.hashing import HashingEmbedder


async def test_texts_that_share_words_are_closer() -> None:
    vectors = await HashingEmbedder().embed(
        ["the river flows", "a river flowed", "quantum chromodynamics"], "passage"
    )
    cosines = vectors @ vectors.T  # (3, 3)
    assert cosines[0, 1] > cosines[0, 2] + 0.2


async def test_known_values_never_change() -> None:
    (vector,) = await HashingEmbedder(8).embed(["river"], "query")
    expected = [0, -0.378, 0, -0.378, 0, 0.7559, 0, -0.378]
    assert np.allclose(vector, expected, atol=1e-4)


async def test_the_name_holds_the_dimension() -> None:
    assert HashingEmbedder(64).name != HashingEmbedder(128).name
