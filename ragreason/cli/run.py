"""`ragreason run`: answer one question, showing each step."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragreason.cli.output import Json, print_json
from ragreason.errors import ConfigError

if TYPE_CHECKING:
    from ragreason.experience import Store
    from ragreason.runner import Run
    from ragreason.types import Turn

NOT_LEARNED = "not learned: the passages don't support the answer, or the question is known"
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="The engine: NAME, PATH or openai:NAME; small=NAME for others."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a field of the graph: solve.strategy.n=8."),
]
Allowed = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-import",
        help="What the graph may use: a module with parts, or an MCP server (command or URL).",
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Ask the engine anew; keep no replies on disk.")
]


def run(
    graph: Annotated[str, typer.Argument(help="A shipped graph's name, or a file.")],
    question: Annotated[str, typer.Argument(help="What to answer.")],
    index: Annotated[Path | None, typer.Option(help="The index folder to search.")] = None,
    model: Models = None,
    retriever: Annotated[
        str | None, typer.Option(help="hybrid, dense, bm25 or graph_walk.")
    ] = None,
    set_: Overrides = None,
    after: Annotated[
        str | None,
        typer.Option(help="The run that the question follows on: its id, or last."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The run's seed.")] = 0,
    trace: Annotated[bool, typer.Option(help="Also show passages and nodes.")] = False,
    learn: Annotated[
        Path | None,
        typer.Option(help="A folder of solved questions that a well supported answer is added to."),
    ] = None,
    allow_import: Allowed = None,
    no_cache: NoCache = False,
    json: Json = False,
) -> None:
    """Answer a question, with citations."""
    import asyncio

    main, named = split_models(model)
    asyncio.run(
        _run(
            graph,
            question,
            index,
            {"model": main, "models": named, "retriever": retriever},
            {
                "overrides": set_ or [],
                "allow_imports": allow_import or [],
                "cache": keeps(no_cache=no_cache),
            },
            after=after,
            seed=seed,
            trace=trace,
            learn=learn,
            json=json,
        )
    )


async def _run(
    graph: str,
    question: str,
    index: Path | None,
    parts: dict[str, object],
    options: dict[str, object],
    *,
    after: str | None,
    seed: int,
    trace: bool,
    learn: Path | None,
    json: bool,
) -> None:
    from ragreason import traces
    from ragreason.cli.growing import Growing
    from ragreason.cli.show import Transcript, answer_lines
    from ragreason.events import TraceEvent
    from ragreason.experience import Store
    from ragreason.runner import open_runner

    store = None if learn is None else Store(learn)
    transcript, growing = Transcript(full=trace), Growing()

    def tell(event: TraceEvent) -> None:
        if event.kind == "token":
            growing.add(event.text)
            return
        growing.clear()
        for line in transcript.lines(event):
            typer.echo(line)

    history = said_before(after)
    runner = open_runner(graph, index=index, **parts, **options)  # type: ignore[arg-type]
    async with runner:
        with growing:
            done = await runner.answer(
                question, history=history, seed=seed, on_event=None if json else tell
            )
        folder = runner.settings.resolved_home() / "traces"
        identity = runner.describe()
        run_id = traces.save(folder, graph, done.question, done.answer, done.events, identity)
        learned = store and await _learn(store, done, runner.settings.embedder)
    if json:
        events = [event.model_dump(exclude_defaults=True) for event in done.events]
        document = {"question": done.question, "answer": done.answer, "run": run_id}
        document |= {} if store is None else {"learned": learned}
        print_json({**document, "events": events} if trace else document)
        return
    for line in answer_lines(done.answer):
        typer.echo(line)
    if store is not None:
        typer.echo(f"learned, in {store.path}" if learned else NOT_LEARNED)


async def _learn(store: "Store", done: "Run", embedder: str) -> bool:
    """Whether the answer is supported by what the run found, and new: then it is kept."""
    from ragreason.experience import learn
    from ragreason.graph.open import LateEmbedder
    from ragreason.verification.groundedness import Groundedness

    hits = {hit.passage.id: hit for event in done.events for hit in event.hits}
    verifier = Groundedness(LateEmbedder(embedder))
    return await learn(store, done.stands_alone, done.answer, [*hits.values()], verifier)


def said_before(run_id: str | None) -> "tuple[Turn, ...]":
    """The conversation up to and with a stored run. Raises ConfigError if there is no such run."""
    from ragreason import traces
    from ragreason.settings import settings
    from ragreason.types import Turn

    if run_id is None:
        return ()
    head, _ = traces.load(settings().resolved_home() / "traces", run_id)
    return (*head.question.history, Turn(question=head.question.text, answer=head.answer.text))


def keeps(*, no_cache: bool) -> bool:
    """Whether engines' replies are kept on disk: the setting, unless the flag says no."""
    from ragreason.settings import settings

    return settings().cache and not no_cache


def split_models(given: list[str] | None) -> tuple[str | None, dict[str, str]]:
    """`["NAME", "small=OTHER"]` as the main model and the others by name.

    Raises ConfigError if one of them is given twice.
    """
    named: dict[str, str] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        key, model = (name, value) if equals and name.isidentifier() else ("main", text)
        if key in named:
            raise ConfigError(f"--model {text}: the model '{key}' is '{named[key]}' already")
        named[key] = model
    return named.pop("main", None), named
