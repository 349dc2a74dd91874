"""How vLLM is started: what is decided here, and what the caller passes through."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError


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
