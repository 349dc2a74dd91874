"""Sweeps: which settings there are, and that a graph is evaluated at each."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Dataset
from ragreason.errors import ConfigError
from ragreason.evaluation.candidates import Candidate, Setting, all_settings, parse_candidate
from ragreason.evaluation.graphs import Listener, Plan
from ragreason.evaluation.points import default_folder, save
from ragreason.evaluation.rows import Row
from ragreason.evaluation.scale import scale_graph
from ragreason.generation.scripted import Scripted
from ragreason.settings import load_settings

TWO = """
version: 1
name: two
paradigm: synergized
nodes:
  first: {use: reason, policy: {use: cot, temperature: 0.7}, strategy: {use: greedy, max_depth: 3}}
  second: {use: reason, policy: cot, strategy: greedy}
  answer: {use: answer}
edges: [[START, first], [first, second], [second, answer], [answer, END]]
"""


class Log(Listener):
    def __init__(self) -> None:
        self.starts: list[tuple[str, int, int]] = []
        self.rows: list[str] = []

    def on_start(self, graph: str, total: int, done: int) -> None:
        self.starts.append((graph, total, done))

    def on_row(self, graph: str, row: Row) -> None:
        self.rows.append(graph)


@pytest.fixture
def plan(dataset: Dataset, tmp_path: Path) -> Plan:
    """Six questions for the graph `cot`, whose every sample says the same."""
    engine = Scripted(default=" It is so. So the answer is: town 2.")
    settings = load_settings(home=tmp_path / "home", embedder="hashing")
    varied = ["think.policy.temperature=0.7"]
    parts = {"model": engine}
    return Plan(dataset, tmp_path / "out", None, parts, varied, limit=6, settings=settings)


SETTINGS = [Setting(Candidate("greedy")), Setting(Candidate("majority"), "n", 3)]


async def test_each_setting_is_an_evaluation_of_its_own_and_goes_on(plan: Plan) -> None:
    log = Log()
    sweep = await scale_graph("cot", SETTINGS, plan, log)
    assert [(p.strategy, p.budget, p.n) for p in sweep.points] == [
        ("greedy", None, 6),
        ("majority", 3, 6),
    ]
    assert [p.scores["em"].tolist() for p in sweep.points] == [[0, 0, 1, 0, 0, 0]] * 2
    greedy, majority = (p.costs["tokens"].mean() for p in sweep.points)
    assert greedy < majority < 3 * greedy, "the samples share the prompt"
    assert log.starts == [("greedy", 6, 0), ("majority-3", 6, 0)]
    assert plan.out is not None
    kept = plan.out / "majority-3/results.jsonl"
    kept.write_text("".join(kept.read_text("utf-8").splitlines(True)[:4]), encoding="utf-8")
    again = await scale_graph("cot", SETTINGS, plan, log)
    assert log.starts[2:] == [("greedy", 6, 6), ("majority-3", 6, 4)]
    assert len(log.rows) == 12 + 2
    assert [p.intervals["em"] for p in again.points] == [p.intervals["em"] for p in sweep.points]


async def test_the_graph_s_own_parameters_stay_where_the_strategy_has_them(
    plan: Plan, tmp_path: Path
) -> None:
    (tmp_path / "two.yaml").write_text(TWO, encoding="utf-8")
    setting = Setting(parse_candidate("first=majority"), "n", 2)
    here = replace(plan, overrides=())
    sweep = await scale_graph(str(tmp_path / "two.yaml"), [setting], here)
    run = json.loads((sweep.folder / "first=majority-2/run.json").read_text(encoding="utf-8"))
    assert run["parts"]["overrides"] == (
        "first.strategy=majority first.strategy.max_depth=3 first.strategy.n=2"
    )


@pytest.mark.parametrize(
    ("graph", "strategy", "message"),
    [
        ("direct", "greedy", "graph 'direct' has no node that takes a strategy"),
        ("two.yaml", "greedy", "say for which node: first=greedy or second=greedy"),
        ("two.yaml", "third=greedy", "say for which node: first=greedy or second=greedy"),
        ("cot", "majority:max_depht=3", "has no parameter 'max_depht'; did you mean 'max_depth'"),
        ("cot", "best_of_n", "^--strategy best_of_n: 'best_of_n' needs a verifier"),
        ("cot", "best_of_n", "; add --set think.verifier=groundedness$"),
        ("cot", "majority:max_depth=0", "^--strategy majority:max_depth=0: .*; given 0$"),
    ],
)
async def test_what_can_not_be_swept_is_told_before_a_question_is_asked(
    plan: Plan, tmp_path: Path, graph: str, strategy: str, message: str
) -> None:
    (tmp_path / "two.yaml").write_text(TWO, encoding="utf-8")
    place = str(tmp_path / graph) if graph.endswith(".yaml") else graph
    here = plan if graph == "cot" else replace(plan, overrides=())
    wrong = all_settings([parse_candidate(strategy)], (2,))
    right = SETTINGS if graph == "cot" else []
    with pytest.raises(ConfigError, match=message):
        await scale_graph(place, [*right, *wrong], here)
    assert plan.out is not None
    assert not plan.out.exists()


async def test_a_sweep_without_a_folder_gets_one_by_what_determines_it(plan: Plan) -> None:
    here = replace(plan, out=None)
    sweep = await scale_graph("cot", SETTINGS[:1], here)
    assert sweep.folder.parent == plan.settings.resolved_home() / "evaluations"
    assert sweep.folder.name.startswith("scale-cot-own-")
    changed: dict[str, Any] = {**sweep.identity, "seed": 1}
    home = plan.settings.resolved_home()
    assert default_folder(sweep.identity, home) == sweep.folder != default_folder(changed, home)


async def test_scale_json_holds_the_points_and_what_determines_them(plan: Plan) -> None:
    sweep = await scale_graph("cot", SETTINGS, plan)
    document = json.loads(save(sweep).read_text(encoding="utf-8"))
    assert (document["graph"], document["dataset"], document["seed"]) == ("cot", "own", 0)
    assert [p["strategy"] for p in document["points"]] == ["greedy", "majority"]
    assert document["points"][1]["use"] == "majority"
    assert document["points"][1]["parameters"] == {"max_depth": 2, "n": 3}
    assert sweep.title == "cot on own, 6 questions"
