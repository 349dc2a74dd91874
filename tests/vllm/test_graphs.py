"""Two graphs from the library on vLLM: what the model is too small for, the machinery isn't."""

import asyncio
from pathlib import Path

import pytest

from ragreason.generation.vllm import VLLMEngine
from ragreason.runner import open_runner


@pytest.mark.parametrize("graph", ["naive_rag", "react"])
async def test_a_graph_answers(graph: str, smolvllm: VLLMEngine, index_dir: Path) -> None:
    questions = ["Who designed the Sallow Bridge?", "Where was Edda Quill born?"]
    async with open_runner(graph, model=smolvllm, index=index_dir, retriever="bm25") as runner:
        runs = await asyncio.gather(*map(runner.answer, questions))
    for run in runs:
        assert run.answer.status in {"ok", "forced"}, run.answer.error
        assert run.answer.usage.calls > 0
        assert run.answer.usage.completion_tokens > 0
        assert run.answer.usage.cached_tokens is not None
