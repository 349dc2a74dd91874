"""The oracle knows gold; nothing that answers can reach it."""

from pathlib import Path

import pytest

from ragreason import registry
from ragreason.datasets import Gold
from ragreason.errors import ConfigError, RagreasonError, VerifierError
from ragreason.evaluation.oracle import Oracle
from ragreason.graph.load import load_graph
from ragreason.registry import BUILT_IN, KINDS, known
from ragreason.types import Question, Step, Trajectory

QUESTION = Question(id="q", text="Which river?")
GOLDS = {"q": Gold(answers=("the Nile", "Nile river"))}
NAME = "ragreason.evaluation.oracle:Oracle"
GRAPHS = Path(__file__).parents[2] / "graphs"


def answered(text: str) -> Trajectory:
    return Trajectory(steps=(Step(kind="answer", text=text, answer=text),))


async def test_right_answers_and_aliases_score_one_by_the_dataset_s_rule() -> None:
    items = [answered(a) for a in ("Nile", "The Nile River", "the big Nile", "Rhine", "")]
    verdicts = await Oracle(GOLDS, "hotpotqa").judge(QUESTION, items)
    assert [v.score for v in verdicts] == [1.0, 1.0, 0.0, 0.0, 0.0]
    (partly,) = await Oracle(GOLDS, "hotpotqa", "f1").judge(QUESTION, items[2:3])
    assert partly.score == pytest.approx(2 / 3)


async def test_an_unknown_question_and_a_step_are_errors() -> None:
    with pytest.raises(VerifierError, match="no gold for question 'x'"):
        await Oracle(GOLDS, "hotpotqa").judge(Question(id="x", text=""), [answered("Nile")])
    with pytest.raises(VerifierError, match="judges trajectories"):
        await Oracle(GOLDS, "hotpotqa").judge(QUESTION, [Step(kind="thought", text="Nile")])


def test_no_registered_name_sees_gold() -> None:
    assert "oracle" not in known("verifiers")
    for kind in KINDS:
        for name, target in BUILT_IN[kind].items():
            assert not target.startswith(registry._SEES_GOLD), name


@pytest.mark.parametrize("module", ["ragreason.evaluation.oracle", "tests.evaluation.test_oracle"])
def test_a_graph_can_not_import_it_even_where_that_is_allowed(module: str) -> None:
    with pytest.raises(ConfigError, match="sees gold answers"):
        registry.load("verifiers", f"{module}:Oracle", allow_imports=[module])


class Disguised(Oracle):
    """An oracle by another name."""


def test_a_class_of_its_kind_is_refused_too() -> None:
    module = "tests.evaluation.test_oracle"
    with pytest.raises(ConfigError, match="sees gold answers"):
        registry.load("verifiers", f"{module}:Disguised", allow_imports=[module])


def test_an_installed_package_can_not_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_installed", lambda kind: {"oracle": NAME})
    with pytest.raises(ConfigError, match="sees gold answers"):
        registry.load("verifiers", "oracle")


def test_a_graph_file_that_names_it_is_refused(tmp_path: Path) -> None:
    text = (GRAPHS / "react_best_of_n.yaml").read_text(encoding="utf-8")
    for name, allowed in (("oracle", []), (NAME, ["ragreason.evaluation.oracle"])):
        graph = tmp_path / "graph.yaml"
        graph.write_text(text.replace("groundedness", f'"{name}"'), encoding="utf-8")
        assert name in graph.read_text(encoding="utf-8")
        with pytest.raises(RagreasonError, match=r"sees gold answers|unknown verifier 'oracle'"):
            load_graph(graph, allow_imports=allowed)


def test_no_graph_file_names_it() -> None:
    files = sorted(GRAPHS.rglob("*.yaml"))
    assert files
    assert not [f.name for f in files if "oracle" in f.read_text(encoding="utf-8").lower()]
