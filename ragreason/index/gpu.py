"""Vectors on GPUs: one, or shards over all of them, in float16."""

from importlib import import_module
from threading import Lock
from typing import Any

from ragreason.errors import RunError
from ragreason.protocols import Floats

MOST_RESULTS = 2048
"""FAISS selects no more than these on a GPU."""
ERROR = 1e-3
"""How far inner products of unit vectors in float16 are off at most: 2 x 2^-11, and their sum."""
_TEMPORARY_BYTES = 256 << 20  # FAISS would take 1.5 GB of each GPU, which engines want, too


class GPUIndex:
    """A copy of a flat index on `gpus`; searched by one thread at a time, as FAISS asks for.

    It can't filter: FAISS's flat index on a GPU ignores a selector without a word.
    """

    def __init__(self, index: Any, gpus: list[int]) -> None:
        library: Any = import_module("faiss")
        options = library.GpuMultipleClonerOptions()
        options.useFloat16 = True
        options.shard = len(gpus) > 1
        self._resources = [library.StandardGpuResources() for _ in gpus]  # as long as the index
        for resource in self._resources:
            resource.setTempMemory(_TEMPORARY_BYTES)
        try:
            if len(gpus) == 1:
                self._index = library.index_cpu_to_gpu(self._resources[0], gpus[0], index, options)
            else:
                self._index = library.index_cpu_to_gpu_multiple_py(
                    self._resources, index, options, gpus
                )
        except RuntimeError as error:
            raise RunError(
                f"the vectors don't go onto GPUs {gpus}: {str(error).splitlines()[0]}; "
                "search on the CPU: RAGREASON_RETRIEVAL_DEVICE=cpu"
            ) from error
        self._lock = Lock()

    def search(self, queries: Floats, k: int) -> tuple[Any, Any]:
        """(queries, k) scores and rows, each score off by at most `ERROR`."""
        with self._lock:
            return self._index.search(queries, k)  # type: ignore[no-any-return]


def gpus_for(device: str) -> list[int]:
    """The GPUs that FAISS searches on for a setting: all for `auto` and `cuda`, N for `cuda:N`.

    None where the installed FAISS has no GPU: embeddings may be made on one all the same.
    """
    if not device.startswith(("auto", "cuda")):
        return []
    library: Any = import_module("faiss")
    there = range(library.get_num_gpus() if hasattr(library, "StandardGpuResources") else 0)
    number = device.partition(":")[2]
    return [gpu for gpu in there if not number or gpu == int(number)]
