"""Several graphs over one dataset, each in its own folder, on an index that is made if need be."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragreason.datasets import Dataset
from ragreason.errors import ConfigError
from ragreason.evaluation.answered import Answerer, from_runner
from ragreason.evaluation.corpus import absent_supports, dataset_index
from ragreason.evaluation.cost import Price
from ragreason.evaluation.evaluate import Beginning, evaluate, run_parts
from ragreason.evaluation.identity import default_folder, settings_parts, weights_parts
from ragreason.evaluation.ray_cluster import Opening, ray_workers
from ragreason.evaluation.rows import Row
from ragreason.generation.open import check_name
from ragreason.graph.library import read_nested
from ragreason.graph.resolve import resolve_node
from ragreason.models.parameters import parameters_of
from ragreason.runner import MAIN, Runner, open_runner
from ragreason.settings import Settings, load_settings


class Listener:
    """Told what happens, for progress bars. This one does nothing: override what you need."""

    def on_start(self, graph: str, total: int, done: int) -> None:
        """A graph begins: it has `total` questions, of which `done` were finished before."""

    def on_kept(self, graph: str, total: int, done: int, folder: Path) -> None:
        """`done` of the questions are not asked now: `folder` has them from an earlier run."""

    def on_row(self, graph: str, row: Row) -> None:
        """A question is finished."""

    def on_index(self, done: int, total: int) -> None:
        """So many of the dataset's paragraphs are embedded."""

    def on_note(self, text: str) -> None:
        """Something that the reader of the figures should know."""


@dataclass(frozen=True)
class Plan:
    """What is the same for all graphs of an evaluation. `parts` goes to `open_runner` as it is;
    `answering` makes an answerer of a runner and the seed.
    """

    dataset: Dataset
    out: Path | None = None
    index: Path | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    seed: int = 0
    offset: int = 0
    limit: int | None = None
    settings: Settings = field(default_factory=load_settings)
    answering: Callable[[Runner, int], Answerer] = from_runner
    again: bool = False
    """Ask every question anew; what a folder holds from before is set aside in it."""
    seeds: Sequence[int] = ()
    """Each question is asked with each of them; empty: with `seed` alone."""
    results: str | None = None
    """The URL of a database that rows go to too."""
    price: Price | None = None
    ray: bool = False
    """Answer on a Ray cluster."""
    ray_workers: int | None = None

    def engines(self) -> dict[str, Any]:
        """The engines, or what they are called by, by the names that graphs give them."""
        main = self.parts.get("model") or self.settings.model
        return {MAIN: main, **(self.parts.get("models") or {})}

    def all_seeds(self) -> Sequence[int]:
        """`seeds`, or `seed` alone."""
        return self.seeds or (self.seed,)


@dataclass(frozen=True)
class Finished:
    """One graph's run: where it lies and its summary."""

    folder: Path
    summary: Mapping[str, Any]


async def evaluate_graphs(
    graphs: Sequence[str], plan: Plan, listener: Listener | None = None
) -> list[Finished]:
    """Evaluate one graph after the other; each works on as many questions as keep its engine busy,
    at most `settings.concurrency`.

    One graph's results lie in `out`, those of several in `out/NAME`; without `out`, in a folder of
    the settings' home that is named by what determines the run. Without an index one is made of
    the dataset's paragraphs. Raises ConfigError before any question is asked.
    """
    names = graph_names(graphs)
    listener = listener or Listener()
    for engine in plan.engines().values():
        if isinstance(engine, str):
            check_name(engine)
    index = await _index(names.values(), plan, listener)
    async with AsyncExitStack() as stack:
        # All are opened before the first runs: mistakes come early, and engines are shared.
        runners = {
            name: await stack.enter_async_context(_open(graph, index, plan))
            for name, graph in names.items()
        }
        finished = []
        for name, graph in names.items():
            folder, identity = _identified(name, runners[name], plan, listener, len(names) > 1)
            with _asking(graph, index, runners[name], plan) as asking:
                finished.append(await _evaluate_one(name, folder, identity, asking, plan, listener))
        return finished


@dataclass(frozen=True)
class _Asking:
    """Who answers, by seed, and what waits until there is room for a question."""

    answerers: Mapping[int, Answerer]
    beginning: Beginning = nullcontext
    warm: Callable[[], Awaitable[None]] | None = None


@contextmanager
def _asking(graph: str, index: Path | None, runner: Runner, plan: Plan) -> Iterator[_Asking]:
    """The runner, or workers of a cluster."""
    seeds = plan.all_seeds()
    if not plan.ray:
        answerers = {seed: plan.answering(runner, seed) for seed in seeds}
        searches = _searches(graph, plan)
        yield _Asking(answerers, runner.beginning, lambda: runner.warm(searches=searches))
        return
    opening = Opening(
        graph, index, plan.overrides, plan.settings, plan.parts, plan.answering, Path.cwd()
    )
    with ray_workers(opening, plan.ray_workers) as workers:
        yield _Asking({seed: workers.answerer(seed) for seed in seeds})


async def _index(graphs: Iterable[str], plan: Plan, listener: Listener) -> Path | None:
    if plan.index is None:
        needed = any(_searches(graph, plan) for graph in graphs)
        return (
            await dataset_index(plan.dataset, plan.settings, listener.on_index) if needed else None
        )
    absent = absent_supports(plan.dataset, plan.index)
    if absent:
        listener.on_note(
            f"{absent:,} supporting passages of {plan.dataset.path} are not in {plan.index}, as "
            "they are in the data: support metrics count them as missed"
        )
    return plan.index


def _open(graph: str, index: Path | None, plan: Plan) -> Runner:
    return open_runner(
        graph, index=index, overrides=plan.overrides, settings=plan.settings, **plan.parts
    )


def _searches(graph: str, plan: Plan) -> bool:
    allowed = plan.parts.get("allow_imports", ())
    pending = [read_nested(graph, plan.overrides, allowed)]
    while pending:
        nested = pending.pop()
        definition = nested.definition
        if any("retriever" in resolve_node(definition, n, allowed).takes for n in definition.nodes):
            return True
        pending += nested.inner.values()
    return False


def graph_names(graphs: Sequence[str]) -> dict[str, str]:
    """Folder name to graph; a file goes by its name without suffix. ConfigError for repetitions."""
    names: dict[str, str] = {}
    for graph in graphs:
        name = Path(graph).stem if graph.endswith((".yaml", ".yml")) else graph
        if name in names:
            raise ConfigError(f"two graphs are called '{name}'; give each once, by its own name")
        names[name] = graph
    return names


def _identified(
    name: str, runner: Runner, plan: Plan, listener: Listener, several: bool
) -> tuple[Path, Mapping[str, str]]:
    """The run's folder, and what determines its rows."""
    identity = {
        "graph": name,
        **runner.describe(),
        "retriever": plan.parts.get("retriever") or plan.settings.retriever,
        "overrides": " ".join(plan.overrides),
        **weights_parts(plan.engines(), plan.settings),
        **settings_parts(plan.settings),
    }
    if plan.out is not None:
        return plan.out / name if several else plan.out, identity
    parts = run_parts(plan.dataset, identity, plan.all_seeds())
    return default_folder(name, parts, plan.settings, listener.on_note), identity


async def _evaluate_one(
    name: str,
    folder: Path,
    identity: Mapping[str, str],
    asking: _Asking,
    plan: Plan,
    listener: Listener,
) -> Finished:
    def begin(total: int, done: int) -> None:
        listener.on_start(name, total, done)
        if done:
            listener.on_kept(name, total, done, folder)

    summary = await evaluate(
        asking.answerers,
        plan.dataset,
        folder,
        identity=identity,
        concurrency=plan.settings.concurrency,
        offset=plan.offset,
        limit=plan.limit,
        on_start=begin,
        on_row=lambda row: listener.on_row(name, row),
        beginning=asking.beginning,
        warm=asking.warm,
        again=plan.again,
        results=plan.results,
        parameters=_parameters(plan),
        price=plan.price,
    )
    return Finished(folder, summary)


def _parameters(plan: Plan) -> float | None:
    """Of the model that all of a graph's calls go to; None where there are several, or unknown."""
    if plan.settings.parameters is not None:
        return plan.settings.parameters
    engines = plan.engines()
    main = engines.pop(MAIN)
    return None if engines or not isinstance(main, str) else parameters_of(main, plan.settings)
