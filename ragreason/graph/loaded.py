"""The compiled graph that `load_graph` gives: a LangGraph graph with a synchronous door."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.graph.state import CompiledStateGraph
from pydantic import ValidationError

from ragreason.errors import ConfigError
from ragreason.graph.definition import Definition
from ragreason.graph.door import Door
from ragreason.state import initial
from ragreason.types import Answer, Question

RECURSION_LIMIT = 10_000


class LoadedGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """A compiled LangGraph graph, its parts bound.

    Input is `{"question": ...}`, a `Question` or its text, and optionally other state keys; None
    resumes from a checkpoint. The result's "answer" is an `Answer`. `invoke` and `stream` run on an
    event loop of their own, so they work anywhere, also inside a running loop; they need a
    checkpointer that works from other threads, so resumable runs use `ainvoke` and `astream`.
    """

    def __init__(self, *, definition: Definition, graph_hash: str, door: Door, **kwargs: Any):
        super().__init__(**kwargs)
        self.definition = definition
        self.graph_hash = graph_hash
        self.door = door

    def get_input_jsonschema(self, config: Any = None) -> dict[str, Any]:
        """What a caller gives, for forms such as LangGraph Studio's. Other state keys may be given
        too.
        """
        del config
        return {
            "title": self.definition.name,
            "description": self.definition.description,
            "type": "object",
            "properties": {
                "question": {"title": "Question", "type": "string"},
                "seed": {"title": "Seed", "type": "integer", "minimum": 0, "default": 0},
            },
            "required": ["question"],
        }

    async def astream(
        self,
        input: Any,  # noqa: A002
        config: Any = None,
        **kwargs: Any,
    ) -> AsyncGenerator[Any, None]:
        """As LangGraph's, with missing state keys filled in."""
        source = super().astream(run_input(input), config, **kwargs)
        try:
            async for item in source:
                yield item
        finally:
            await source.aclose()  # type: ignore[attr-defined]

    def stream(
        self,
        input: Any,  # noqa: A002
        config: Any = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        """The same for synchronous callers."""
        return self.door.iterate(self.astream(input, config, **kwargs))

    def invoke(
        self,
        input: Any,  # noqa: A002
        config: Any = None,
        **kwargs: Any,
    ) -> Any:
        """`ainvoke` for synchronous callers."""
        return self.door.run(self.ainvoke(input, config, **kwargs))

    def as_node(
        self,
        question: str = "question",
        answer: str = "answer",
        *,
        text: bool = False,
        recursion_limit: int = RECURSION_LIMIT,
    ) -> Any:
        """A node for any other LangGraph application.

        It reads the key `question` (a text or a `Question`) of that application's state and writes
        the key `answer`: an `Answer`, or its text with `text=True`. Other keys are not touched, and
        the caller's recursion limit and context do not reach inside.
        """
        config = RunnableConfig(recursion_limit=recursion_limit)
        read = _reader(question)

        def finish(done: Mapping[str, Any]) -> dict[str, Any]:
            found: Answer = done["answer"]
            return {answer: found.text if text else found}

        async def arun(state: Any) -> dict[str, Any]:
            return finish(await self.ainvoke({"question": read(state)}, config))

        def run(state: Any) -> dict[str, Any]:
            return finish(self.invoke({"question": read(state)}, config))

        return RunnableLambda(run, afunc=arun, name=self.definition.name)


def _reader(key: str) -> Callable[[Any], Any]:
    def read(state: Any) -> Any:
        return state[key] if isinstance(state, Mapping) else getattr(state, key)

    return read


def run_input(given: Any) -> Any:
    """LangGraph's input from the caller's: the question made a `Question`, defaults filled in."""
    if not isinstance(given, Mapping) or "question" not in given:
        return given
    question = as_question(given["question"])
    return {**initial(question, given.get("seed", 0)), **given, "question": question}


def as_question(given: Any) -> Question:
    """A question from itself, its text, or its fields. A text is its own id."""
    if isinstance(given, Question):
        return given
    if isinstance(given, str) and given.strip():
        return Question(id=given, text=given)
    try:
        return Question.model_validate(given)
    except ValidationError as error:
        message = f"expected a question's text or a Question; given {given!r}"[:200]
        raise ConfigError(message) from error
