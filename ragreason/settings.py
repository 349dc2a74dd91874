"""The only place where defaults live.

Order, first wins: a flag (the caller passes it), the environment (`RAGREASON_MODEL`, ...; an empty
variable is not set), the settings file (`ragreason.yaml` in the working folder, else
`~/.config/ragreason/settings.yaml`), the default below.
"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ragreason.errors import ConfigError, UnknownNameError, nearest

PREFIX = "RAGREASON_"
NO_SETTINGS = ("RAGREASON_DEBUG",)
"""Variables that are read elsewhere."""
FILES = (Path("ragreason.yaml"), Path("~/.config/ragreason/settings.yaml"))


class Settings(BaseModel):
    """Everything that can be set once for all commands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "qwen2.5-coder-0.5b"
    """A catalogue name, a path, `openai:NAME`, `vllm:NAME` or `transformers:NAME`."""
    parameters: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """How many parameters the model has (7e9), for counts of floating-point operations; by default
    what its files say.
    """
    embedder: str = "minilm"
    """A registered embedder, or the path of a sentence-transformers folder."""
    retrieval_device: str = "auto"
    """Where embedding and vector search run: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    retriever: str = "hybrid"
    """`hybrid`, `dense`, `bm25`, `graph_walk`, or a retriever of an installed package."""
    index: Path | None = None
    """The index folder that is searched where none is named."""
    experience: Path | None = None
    """The folder of solved questions that graphs recall from; by default the few that ship."""
    home: Path = Path("~/.cache/ragreason")
    """Where models, recorded runs and caches lie."""
    data: Path = Path("../shared/data")
    """Development data, for tests and benchmarks."""
    openai_base_url: str | None = None
    """An OpenAI-compatible server, such as `http://localhost:8000/v1`, or several of the same
    model: a list, or with commas between them.
    """
    openai_api_key: str | None = Field(default=None, repr=False)
    """Its key. Never shown in traces, logs or errors."""
    reward_base_url: str | None = None
    """A vLLM server of reward models; by default the first of `openai_base_url` with its key."""
    reward_api_key: str | None = Field(default=None, repr=False)
    """Its key, sent to `reward_base_url` only."""
    concurrency: Annotated[int, Field(ge=1)] = 128
    """Most questions in flight, which bounds memory; they are fewer where the engine is full."""
    tokens_in_flight: Annotated[int, Field(ge=1)] = 262_144
    """Most tokens of prompts and replies in an engine at once; fewer if its KV cache is smaller."""
    cache: bool = True
    """Whether commands keep engines' replies on disk and answer the same requests by them."""
    cache_mb: Annotated[int, Field(ge=1)] = 2048
    """The largest response cache, in MiB; replies that were used longest ago go first."""
    vllm_tensor_parallel: Annotated[int, Field(ge=1)] = 1
    """GPUs that hold one copy of a `vllm:` model between them."""
    vllm_data_parallel: Annotated[int, Field(ge=1)] = 1
    """Copies of a `vllm:` model that share the requests."""
    vllm_gpu_memory: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of each GPU's memory for weights and cache; None is vLLM's default."""
    vllm_context: Annotated[int, Field(ge=16)] | None = None
    """The longest prompt plus reply in tokens; None is the model's own."""
    vllm_adapter: Path | None = None
    """The folder of a LoRA adapter that all requests to a `vllm:` model go through."""
    vllm_options: dict[str, Any] = {}
    """Further arguments of vLLM's AsyncEngineArgs; in the environment, a JSON object."""
    ray_address: str | None = None
    """The Ray cluster of `ragreason eval --ray`; by default that of `RAY_ADDRESS`, else one of this
    machine for as long as it takes.
    """
    serve_keys: tuple[str, ...] = Field(default=(), repr=False)
    """Keys that `ragreason serve` asks its clients for, with commas between."""
    serve_database: str | None = Field(default=None, repr=False)
    """Where `ragreason serve` keeps runs: sqlite:///FILE or postgresql+psycopg://...; by default a
    file in `home`.
    """
    tracing: bool = False
    """Send OpenTelemetry spans of runs to where OTEL_EXPORTER_OTLP_ENDPOINT says."""
    tracing_content: bool = False
    """With what was asked, found and answered, not only with its size and cost."""
    mcp_keys: dict[str, str] = Field(default={}, repr=False)
    """Keys for MCP servers that agents use, by URL; in the environment, a JSON object."""
    request_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """Seconds until one call of an engine counts as lost."""
    hub_timeout_s: Annotated[float, Field(gt=0)] = 3.0
    """Seconds to wait for a model hub before turning to the next source."""
    chunk_tokens: Annotated[int, Field(ge=16)] = 120
    """The longest passage, in tokens."""
    chunk_overlap: Annotated[int, Field(ge=0)] = 20
    """How many tokens neighbouring passages share."""
    max_question_chars: Annotated[int, Field(ge=1)] = 8000
    """Longer questions are refused."""

    @field_validator("vllm_options", "mcp_keys", mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        return json.loads(given) if isinstance(given, str) else given

    @field_validator("serve_keys", mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        return tuple(given.replace(",", " ").split()) if isinstance(given, str) else given

    @field_validator("openai_base_url", mode="before")
    @classmethod
    def _joined(cls, given: Any) -> Any:
        return ",".join(map(str, given)) if isinstance(given, list | tuple) else given

    def openai_base_urls(self) -> tuple[str, ...]:
        """Each server of `openai_base_url`."""
        return tuple((self.openai_base_url or "").replace(",", " ").split())

    def resolved_home(self) -> Path:
        """`home` with ~ expanded."""
        return self.home.expanduser()


def load_settings(**flags: Any) -> Settings:
    """Merge flags (None means not given), environment, file and defaults.

    Raises ConfigError that names the setting and where it came from. A `RAGREASON_` variable that
    is no setting is told on standard error, once a process.
    """
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    sources = [_from_file(), _from_environment(), ("a flag", _given(flags))]
    for where, values in sources:
        merged.update(values)
        origin.update(dict.fromkeys(values, where))
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        field = Settings.model_fields.get(name)
        given = f"; given {first['input']!r}" if field and field.repr else ""
        raise ConfigError(
            f"setting '{name}' from {origin.get(name, 'nowhere')}: {first['msg']}{given}"
        ) from error


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _from_environment() -> tuple[str, dict[str, Any]]:
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    known = {*names, *NO_SETTINGS}
    for key in os.environ:
        if key.startswith(PREFIX) and key not in known:
            _tell_unknown(key, tuple(sorted(known)))
    found = {names[key]: value for key, value in os.environ.items() if key in names and value}
    return "the environment", found


@cache
def _tell_unknown(key: str, known: tuple[str, ...]) -> None:
    guess = nearest(key, known)
    advice = f"did you mean {guess}?" if guess else "docs/cli.md lists those that there are"
    sys.stderr.write(f"warning: the environment's {key} is no setting; {advice}\n")


def _from_file() -> tuple[str, dict[str, Any]]:
    for path in (p.expanduser() for p in FILES):
        if path.is_file():
            try:
                loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            except yaml.YAMLError as error:
                raise ConfigError(f"{path}: not YAML: {error}".replace("\n", " ")) from error
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path}: can't be read as UTF-8 text: {error}") from error
            if not isinstance(loaded, dict):
                raise ConfigError(f"{path}: expected settings as 'name: value' lines")
            for name in loaded.keys() - Settings.model_fields.keys():
                raise UnknownNameError("setting", str(name), Settings.model_fields, f"in {path}")
            return str(path), loaded
    return "", {}


@cache
def settings() -> Settings:
    """The settings without flags, read once."""
    return load_settings()
