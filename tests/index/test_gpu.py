"""The part of FAISS that needs a GPU is faked: float16, no selector, at most 2,048 results."""

from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
import pytest

from ragreason.errors import RunError
from ragreason.index.flat import FlatIndex
from ragreason.index.gpu import gpus_for
from ragreason.protocols import Floats


def unit(rows: int, dim: int = 32, seed: int = 0) -> Floats:
    vectors = np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)
    scaled: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


class FakeGPUs:
    """What FAISS's GPU build adds, over `count` cards."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.placed: list[tuple[list[int], bool]] = []
        self.searches = 0
        self.busy = Lock()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        resources = lambda: SimpleNamespace(setTempMemory=lambda size: None)  # noqa: E731
        options = lambda: SimpleNamespace(useFloat16=False, shard=False)  # noqa: E731
        faked = {
            "get_num_gpus": lambda: self.count,
            "StandardGpuResources": resources,
            "GpuMultipleClonerOptions": options,
            "index_cpu_to_gpu": lambda _, gpu, index, co: self.place([gpu], index, co),
            "index_cpu_to_gpu_multiple_py": lambda _, index, co, gpus: self.place(gpus, index, co),
        }
        for name, value in faked.items():
            monkeypatch.setattr(faiss, name, value, raising=False)

    def place(self, gpus: list[int], index: Any, options: Any) -> Any:
        if index.ntotal > 5000:
            raise RuntimeError("out of memory\nat StandardGpuResources.cpp")
        assert options.useFloat16
        self.placed.append((gpus, options.shard))
        held = index.reconstruct_n(0, index.ntotal).astype(np.float16).astype(np.float32)

        def search(queries: Floats, k: int, params: Any = None) -> tuple[Any, Any]:
            assert k <= 2048
            assert self.busy.acquire(blocking=False), "a second thread"
            try:
                self.searches += 1
                short = queries.astype(np.float16).astype(np.float32)
                scores = (short @ held.T).astype(np.float16).astype(np.float32)
                rows = np.argsort(-scores, axis=1)[:, :k]
                return np.take_along_axis(scores, rows, axis=1), rows
            finally:
                self.busy.release()

        return SimpleNamespace(search=search)


@pytest.fixture(params=[1, 3])
def gpus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeGPUs:
    fake = FakeGPUs(request.param)
    fake.install(monkeypatch)
    return fake


@pytest.mark.parametrize("k", [1, 10, 150])
def test_hits_are_those_of_the_cpu_though_float16_orders_them_otherwise(
    gpus: FakeGPUs, k: int
) -> None:
    close = unit(400) * 0.02 + unit(1, seed=5)  # cosines so alike that float16 mixes them up
    passages: Floats = close / np.linalg.norm(close, axis=1, keepdims=True)
    passages[200:210] = passages[100]
    queries = np.concatenate([passages[95:105], unit(10, seed=1)])
    index = FlatIndex(passages, "cuda")
    assert index.search(queries, k) == FlatIndex(passages).search(queries, k)
    assert gpus.searches >= 1


def test_several_hold_a_shard_each_and_one_holds_all(gpus: FakeGPUs) -> None:
    FlatIndex(unit(10), "auto")
    assert gpus.placed == [(list(range(gpus.count)), gpus.count > 1)]


def test_a_numbered_one_holds_all(gpus: FakeGPUs) -> None:
    FlatIndex(unit(10), f"cuda:{gpus.count - 1}")
    assert gpus.placed == [([gpus.count - 1], False)]


def test_filtered_and_very_deep_searches_go_to_the_cpu(gpus: FakeGPUs) -> None:
    passages = unit(3000)
    keep = np.arange(3000) % 5 == 0
    index, plain = FlatIndex(passages, "cuda"), FlatIndex(passages)
    assert index.search(unit(2, seed=1), 5, keep) == plain.search(unit(2, seed=1), 5, keep)
    assert index.search(unit(2, seed=1), 2500) == plain.search(unit(2, seed=1), 2500)
    assert gpus.searches == 0


def test_one_thread_searches_at_a_time(gpus: FakeGPUs) -> None:
    index = FlatIndex(unit(500), "cuda")
    expected, found = index.search(unit(8, seed=1), 5), []
    threads = [
        Thread(target=lambda: found.append(index.search(unit(8, seed=1), 5))) for _ in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [expected] * 4


def test_too_little_memory_is_told_with_what_helps(gpus: FakeGPUs) -> None:
    with pytest.raises(RunError, match="out of memory; search on the CPU: RAGREASON"):
        FlatIndex(unit(6000, 8), "cuda")


@pytest.mark.parametrize("device", ["auto", "cuda", "cuda:0", "cpu", "mps"])
def test_without_a_gpu_build_of_faiss_the_cpu_searches(device: str) -> None:
    if hasattr(faiss, "StandardGpuResources"):
        pytest.skip("this FAISS has GPUs")
    assert gpus_for(device) == []
    assert len(FlatIndex(unit(5), device).search(unit(1), 3)[0]) == 3


def test_the_cpu_is_the_cpu_though_there_are_gpus(gpus: FakeGPUs) -> None:
    assert gpus_for("cpu") == []
    assert gpus_for("mps") == []
