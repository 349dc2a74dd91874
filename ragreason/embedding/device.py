"""Where embedding and vector search run."""

import re
from pathlib import Path

from ragreason.errors import ConfigError

_DRIVER = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
_FORM = re.compile(r"auto|cpu|cuda(:\d+)?|mps")
FORMS = "auto, cpu, cuda, cuda:N or mps"


def resolved(device: str) -> str:
    """`device`, or for `auto` "cuda" where PyTorch finds a GPU, else "cpu".

    PyTorch is imported only where a driver is. Raises ConfigError for an unknown device, or one
    that is not there.
    """
    if not is_device(device):
        advice = f"expected {FORMS}; set RAGREASON_RETRIEVAL_DEVICE"
        raise ConfigError(f"device '{device}': {advice}")
    if device == "auto":
        return "cuda" if has_driver() and gpus() else "cpu"
    if device.startswith("cuda"):
        there, wanted = gpus(), int(device.partition(":")[2] or 0)
        if wanted >= there:
            raise ConfigError(
                f"device '{device}', but PyTorch finds {there} GPUs; "
                "see what works here: ragreason doctor, or set RAGREASON_RETRIEVAL_DEVICE=cpu"
            )
    return device


def is_device(text: str) -> bool:
    """Whether the text has the form of a device; it need not be here."""
    return bool(_FORM.fullmatch(text))


def has_driver() -> bool:
    """Whether this machine has an NVIDIA driver, without importing anything."""
    return any(path.exists() for path in _DRIVER)


def gpus() -> int:
    """How many CUDA devices PyTorch finds."""
    import torch

    return int(torch.cuda.device_count()) if torch.cuda.is_available() else 0
