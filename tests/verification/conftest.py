"""A small library and an embedder that needs no model."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ragreason.corpus import passage
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.protocols import Embedder, EmbedKind, Floats
from ragreason.types import Hit, Passage, Question, Step, Trajectory

LIBRARY = {
    "Maximum Overdrive": (
        "Maximum Overdrive is a 1986 American horror film. "
        "It was written and directed by Stephen King. It was his first work as a director."
    ),
    "Leland, North Carolina": (
        "Leland is a town in Brunswick County. "
        'Several films, such as "Maximum Overdrive" (1986), were shot in or around Leland.'
    ),
    "Brunswick County": "Brunswick County lies in the south. Its seat is Bolivia.",
    "Carrie (novel)": "Carrie is a novel of 1974 by Stephen King. It is set in Chamberlain.",
    "Potato": "The potato is a starchy root. It was first grown by farmers in Peru.",
}


class Counting:
    """An embedder that counts the texts it is given."""

    def __init__(self) -> None:
        self._inner = HashingEmbedder()
        self.name, self.dim = self._inner.name, self._inner.dim
        self.calls: list[list[str]] = []

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        self.calls.append(list(texts))
        return await self._inner.embed(texts, kind)


@pytest.fixture
def embedder() -> Embedder:
    return HashingEmbedder()


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def library() -> dict[str, Passage]:
    return {title: passage(title, text) for title, text in LIBRARY.items()}


@pytest.fixture
def hits(library: dict[str, Passage]) -> tuple[Hit, ...]:
    ranks = count(1)
    return tuple(
        Hit(passage=p, score=1.0, rank=next(ranks), source="test") for p in library.values()
    )


@pytest.fixture
def question() -> Question:
    return Question(id="q", text="Who directed the film that was shot in or around Leland in 1986?")


@pytest.fixture
def answering() -> Callable[[str, Sequence[Hit]], Trajectory]:
    """A trajectory that searched, found `hits`, and answered."""

    def build(answer: str, found: Sequence[Hit]) -> Trajectory:
        search = Step(kind="search", text="Search: x", query="x", hits=tuple(found))
        return Trajectory(steps=(search, Step(kind="answer", text=answer, answer=answer)))

    return build


WORDS = (
    "[PAD] [UNK] [CLS] [SEP] <e> <u> <a> <s> </s> + - who was it ada bo cy ran left won the a "
    "film was directed by king stephen overdrive leland shot in is root potato answer so because "
    "one two good bad . , ? : question"
).split()
CHAT = (
    "{% for m in messages %}{{ ('<u> ' if m['role'] == 'user' else '<a> ') + m['content'] }}"
    "{{ ' </s> ' }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)
MakeModel = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Saves a small model with random weights: `kind` is "Bert" or "Llama" and the head's class."""
    numbers = count()

    def make(
        kind: str,
        *,
        classes: Mapping[int, str] | int = 1,
        chat: bool = False,
        pad: bool = True,
        pickled: bool = False,
        limit: int = 64,
    ) -> Path:
        import torch
        import transformers

        named = classes if isinstance(classes, Mapping) else {i: f"L{i}" for i in range(classes)}
        common: dict[str, Any] = {
            "vocab_size": len(dict.fromkeys(WORDS)),
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": limit,
            "initializer_range": 0.6,
            "id2label": dict(named),
            "label2id": {label: i for i, label in named.items()},
            "pad_token_id": 0 if pad else None,
        }
        family = "Bert" if kind.startswith("Bert") else "Llama"
        config = getattr(transformers, f"{family}Config")(**common)
        torch.manual_seed(7)
        folder = tmp_path / f"model-{next(numbers)}"
        getattr(transformers, kind)(config).eval().save_pretrained(folder)
        if pickled:
            weights = folder / "model.safetensors"
            weights.rename(folder / "pytorch_model.bin")
        _tokenizer(family, chat=chat, pad=pad, limit=limit).save_pretrained(folder)
        return folder

    return make


def _tokenizer(family: str, *, chat: bool, pad: bool, limit: int) -> Any:
    """One token a word; text pairs as BERT reads them."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing

    fast: Any = import_module("transformers").PreTrainedTokenizerFast
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(WORDS))}
    inner = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = WhitespaceSplit()
    if family == "Bert":
        inner.post_processor = TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    tokenizer = fast(
        tokenizer_object=inner,
        unk_token="[UNK]",
        pad_token="[PAD]" if pad else None,
        additional_special_tokens=["<e>", "</s>", "<u>", "<a>"],
        model_max_length=limit,
    )
    if chat:
        tokenizer.chat_template = CHAT
    return tokenizer
