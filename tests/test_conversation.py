"""A conversation's history, from the caller to the question."""

from pathlib import Path

import pytest

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.runner import Agent, open_runner
from ragreason.settings import Settings
from ragreason.types import Question, Turn

HASHING = Settings(embedder="hashing", retriever="bm25")
BRIDGE = Turn(question="Who designed the Sallow Bridge?", answer="Edda Quill")
RULES = [("Last question:", "When was Edda Quill born?"), ("When was Edda Quill", "1874")]


def test_an_agent_is_asked_within_a_conversation(index_dir: Path) -> None:
    engine = Scripted(rules=RULES)
    with Agent("follow_up", model=engine, index=index_dir, settings=HASHING) as agent:
        assert agent.ask("When was she born?", history=[BRIDGE]).text == "1874"


async def test_so_it_is_from_asynchronous_code_and_as_a_stream(index_dir: Path) -> None:
    engine = Scripted(rules=RULES)
    with Agent("follow_up", model=engine, index=index_dir, settings=HASHING) as agent:
        assert (await agent.aask("When was she born?", history=[BRIDGE])).text == "1874"
        events = [e async for e in agent.stream("When was she born?", history=[BRIDGE])]
    assert "When was Edda Quill born?" in [event.query for event in events]


async def test_the_same_words_after_other_words_are_another_question(index_dir: Path) -> None:
    async with open_runner(
        "follow_up", model=Scripted(), index=index_dir, settings=HASHING
    ) as runner:
        plain, later = runner.checked("Why?"), runner.checked("Why?", [BRIDGE])
        given = runner.checked(Question(id="q", text="Why?"), [BRIDGE])
        with pytest.raises(ConfigError, match="which is half a"):
            runner.checked("Why?", [Turn(question="\ud800")])
    assert plain.id != later.id
    assert (given.id, given.history) == ("q", (BRIDGE,))
