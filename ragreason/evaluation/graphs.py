"""Several graphs over one dataset, each in its own folder, on an index that is made if need be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragreason.datasets import Dataset
from ragreason.errors import ConfigError
from ragreason.evaluation.answered import Answerer, from_runner
from ragreason.evaluation.corpus import absent_supports, dataset_index
from ragreason.evaluation.evaluate import evaluate, run_parts
from ragreason.evaluation.rows import Row
from ragreason.evaluation.store import RUN, changes, read_parts, run_key
from ragreason.graph.library import read_nested
from ragreason.graph.resolve import resolve_node
from ragreason.runner import Runner, open_runner
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
    index = await _index(names.values(), plan, listener)
    async with AsyncExitStack() as stack:
        # All are opened before the first runs: mistakes come early, and engines are shared.
        runners = {
            name: await stack.enter_async_context(_open(graph, index, plan))
            for name, graph in names.items()
        }
        return [
            await _evaluate_one(
                name, runner, plan, listener, several=len(names) > 1, graph=names[name]
            )
            for name, runner in runners.items()
        ]


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


async def _evaluate_one(
    name: str, runner: Runner, plan: Plan, listener: Listener, *, several: bool, graph: str
) -> Finished:
    identity = {
        "graph": name,
        **runner.describe(),
        "retriever": plan.parts.get("retriever") or plan.settings.retriever,
        "overrides": " ".join(plan.overrides),
        **settings_parts(plan.settings),
    }
    folder = _folder(name, identity, plan, listener, several=several)

    def begin(total: int, done: int) -> None:
        listener.on_start(name, total, done)
        if done:
            listener.on_kept(name, total, done, folder)

    summary = await evaluate(
        {seed: plan.answering(runner, seed) for seed in plan.all_seeds()},
        plan.dataset,
        folder,
        identity=identity,
        concurrency=plan.settings.concurrency,
        offset=plan.offset,
        limit=plan.limit,
        on_start=begin,
        on_row=lambda row: listener.on_row(name, row),
        beginning=runner.beginning,
        warm=lambda: runner.warm(searches=_searches(graph, plan)),
        again=plan.again,
    )
    return Finished(folder, summary)


_DETERMINING = ("embedder", "experience", "max_question_chars", "vllm_context", "vllm_options")


def settings_parts(settings: Settings) -> dict[str, str]:
    """The settings that rows depend on and that no other part of a run's key tells of."""
    return {f"setting.{name}": str(getattr(settings, name)) for name in _DETERMINING}


def _folder(
    name: str, identity: Mapping[str, str], plan: Plan, listener: Listener, *, several: bool
) -> Path:
    if plan.out is not None:
        return plan.out / name if several else plan.out
    parts = run_parts(plan.dataset, identity, plan.all_seeds())
    stem = f"{name}-{plan.dataset.name}-"
    folder = plan.settings.resolved_home() / "evaluations" / f"{stem}{run_key(parts)}"
    if not folder.exists():
        _tell_changes(folder, stem, parts, listener)
    return folder


def _tell_changes(folder: Path, stem: str, parts: Mapping[str, str], listener: Listener) -> None:
    """Say what makes this a new run, by the earlier run of that graph that is most like it."""
    earlier = [found for found in folder.parent.glob(f"{stem}*") if (found / RUN).is_file()]
    differing = [(found.name, changes(read_parts(found), parts)) for found in sorted(earlier)]
    if differing:
        nearest, changed = min(differing, key=lambda pair: len(pair[1]))
        listener.on_note(f"a new run: {nearest} has another {'; another '.join(changed)}")
