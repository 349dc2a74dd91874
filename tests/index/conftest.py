from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ragreason.corpus import passage
from ragreason.index.folder import Contents, IndexFolder, open_index, write_index
from ragreason.types import Scalar

Make = Callable[..., IndexFolder]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write an index of texts with random unit vectors, and open it."""

    def made(
        texts: Sequence[str], metadata: Sequence[dict[str, Scalar]] | None = None, dim: int = 8
    ) -> IndexFolder:
        rng = np.random.default_rng(0)
        vectors = rng.normal(size=(len(texts), dim)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        extra = metadata or [{} for _ in texts]
        sourced = [
            (passage(f"T{i}", text, document=f"d{i}", metadata=extra[i]), "file.txt")
            for i, text in enumerate(texts)
        ]
        write_index(tmp_path / "index", Contents(sourced, vectors, "random"))
        return open_index(tmp_path / "index", verify=True)

    return made
