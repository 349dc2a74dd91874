"""A whole graph as a policy: votes, best-of-N and revision over any graph."""

from pathlib import Path
from typing import Any

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import BudgetReachedError, ConfigError, GraphError
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.checkpoint import open_checkpoints
from ragreason.graph.load import load_graph
from ragreason.graph.loaded import LoadedGraph
from ragreason.graph.read import parse_graph
from ragreason.graph.subgraph import policy_function
from ragreason.ledger import Meter, metering
from ragreason.policies.graph import GraphPolicy
from ragreason.protocols import Retriever
from ragreason.traces.searches import searches
from ragreason.types import (
    Answer,
    Budget,
    Evidence,
    Hit,
    Passage,
    Question,
    Request,
    Step,
    Trajectory,
    Usage,
    Verdict,
)

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
OUTER = """
version: 1
name: over
paradigm: synergized
budget: {budget}
nodes:
  solve:
    use: reason
    policy: {policy}
    strategy: {strategy}
    {more}
  answer: {{use: answer}}
edges: [[START, solve], [solve, answer], [answer, END]]
"""
NAIVE = "{use: graph, graph: naive_rag, set: {answer.temperature: 0.8}}"
VOTE = "{use: majority, n: 4}"


def over(
    engine: Scripted,
    retriever: Retriever,
    *,
    policy: str = NAIVE,
    strategy: str = VOTE,
    budget: str = "{}",
    more: str = "",
    checkpointer: Any = None,
    models: dict[str, Scripted] | None = None,
) -> LoadedGraph:
    text = OUTER.format(policy=policy, strategy=strategy, budget=budget, more=more)
    parts = Parts(
        {"main": engine, **(models or {})}, {"main": retriever}, embedder=HashingEmbedder()
    )
    return load_graph(parse_graph(text), parts=parts, checkpointer=checkpointer)


async def run(graph: LoadedGraph, seed: int = 0) -> dict[str, Any]:
    return dict(await graph.ainvoke({"question": QUESTION, "seed": seed}))


async def test_each_proposal_is_the_answer_of_one_run_with_what_it_kept() -> None:
    kept, away = (_hit(title) for title in ("kept", "away"))

    async def graph(question: Question, **_: Any) -> dict[str, Any]:
        evidence = {
            "1": Evidence(hit=kept, keep=True),
            "2": Evidence(hit=away, keep=False),
        }
        usage = Usage(calls=1)
        return {
            "answer": Answer(text="1874"),
            "evidence": evidence,
            "usage": usage,
            "dropped": ["x", "x"],
        }

    (step,) = await GraphPolicy(graph).propose(QUESTION, Trajectory(), 1, Scripted(), seed=0)
    assert (step.kind, step.text, step.answer, step.hits) == ("answer", "1874", "1874", (kept,))
    assert (step.dropped, step.usage) == (("x",), Usage(calls=1))


def _hit(title: str) -> Hit:
    passage = Passage(id=title, title=title, text="text")
    return Hit(passage=passage, score=1.0, rank=1, source="fake")


async def test_runs_have_ids_and_seeds_of_their_own_and_repeat() -> None:
    asked: list[tuple[str, int]] = []

    async def graph(question: Question, *, seed: int, notes: Any) -> dict[str, Any]:
        asked.append((question.id, seed))
        return {"answer": Answer(text="x"), "usage": Usage()}

    policy = GraphPolicy(graph)
    for seed in (3, 3, 4):
        await policy.propose(QUESTION, Trajectory(), 3, Scripted(), seed=seed)
    assert asked[:3] == asked[3:6]
    assert len(set(asked)) == len({seed for _, seed in asked}) == 6
    assert all(name.startswith("q/") for name, _ in asked)


async def test_a_further_attempt_reads_what_was_held_against_the_last(
    retriever: Retriever,
) -> None:
    engine = Scripted(default=lambda r: "1874" if "Review" in r.messages[0].content else "1492")
    strategy = "{use: revise, attempts: 3, enough: 0.9}"
    graph = over(
        engine,
        retriever,
        policy="{use: graph, graph: naive_rag}",
        strategy=strategy,
        more="verifier: {use: groundedness}",
    )
    done = await run(graph)
    assert [step.answer for step in done["trajectory"].steps][:2] == ["1492", "1874"]
    first, second = (r.messages[0].content for r in engine.requests[:2])
    assert '"1492"' not in first
    assert 'The answer "1492" is not supported' in second
    assert done["answer"].text == "1874"


async def test_what_the_runs_spend_is_counted_once(retriever: Retriever) -> None:
    engine = Scripted(default=["1874", "1492"])
    done = await run(over(engine, retriever))
    usage = done["usage"]
    assert (usage.calls, usage.retrievals, engine.calls) == (4, 4, 4)
    prompts = sum([await engine.count_tokens(request) for request in engine.requests])
    assert usage.prompt_tokens == prompts
    assert done["steps"] == 4 * 2 + 4 + 1, "nodes of the runs, their proposals, the answer"


@pytest.mark.parametrize("calls", [1, 3])
async def test_runs_keep_to_the_caller_s_budget_and_what_came_stays(
    retriever: Retriever, calls: int
) -> None:
    engine = Scripted(default=["1874"], latency_s=0.001)
    done = await run(over(engine, retriever, budget=f"{{calls: {calls}}}"))
    assert engine.calls == calls
    assert (done["answer"].status, done["answer"].forced_by) == ("forced", "budget of calls")
    assert done["answer"].text == "1874"


async def test_a_graph_s_own_budget_is_its_own_matter(retriever: Retriever) -> None:
    engine = Scripted(default=["1874"])
    policy = "{use: graph, graph: naive_rag, set: {answer.temperature: 0.8, budget.retrievals: 0}}"
    done = await run(over(engine, retriever, policy=policy))
    assert (done["answer"].status, engine.calls) == ("ok", 4)


async def test_the_spent_budget_of_a_run_alone_gives_no_answer(retriever: Retriever) -> None:
    engine = Scripted(default="1874")
    inner = load_graph("naive_rag", parts=Parts({"main": engine}, {"main": retriever}))
    spent = Meter(Budget(calls=1), before=Usage(calls=1))
    with metering(spent), pytest.raises(BudgetReachedError):
        await policy_function(inner)(QUESTION, seed=0)
    assert engine.calls == 0


async def test_fields_of_the_graph_are_set_flat_or_nested(retriever: Retriever) -> None:
    for fields in ("{answer.temperature: 0.8, retrieve.k: 1}", "{answer: {temperature: 0.8}}"):
        engine = Scripted(default=["1874"])
        policy = f"{{use: graph, graph: naive_rag, set: {fields}}}"
        await run(over(engine, retriever, policy=policy))
        assert {request.temperature for request in engine.requests} == {0.8}
        shown = engine.requests[0].messages[0].content.count("\n[")
        assert (shown == 1) == ("k: 1" in fields)


def test_graphs_that_are_set_differently_have_different_hashes(retriever: Retriever) -> None:
    hashes = {
        over(Scripted(), retriever, policy=NAIVE.replace("0.8", value)).graph_hash
        for value in ("0.5", "0.8")
    }
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{use: graph}", "'graph' needs a graph; give graph: NAME or a path"),
        ("{use: graph, graph: naive_rg}", "did you mean 'naive_rag'"),
        ("{use: graph, graph: naive_rag, set: {anwer.temperature: 1}}", "no node 'anwer'"),
        ("{use: graph, graph: naive_rag, set: {answer.temperatur: 1}}", "no parameter"),
        ("{use: graph, graph: naive_rag, set: {answer.temperature: 9}}", "less than or equal"),
        ("{use: graph, graph: naive_rag}", "draws 4 samples.*answer.temperature"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    retriever: Retriever, policy: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        over(Scripted(), retriever, policy=policy)


def test_a_graph_can_not_be_its_own_policy(tmp_path: Path) -> None:
    path = tmp_path / "self.yaml"
    text = OUTER.format(
        policy="{use: graph, graph: ./self.yaml}", strategy=VOTE, budget="{}", more=""
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GraphError, match="uses itself"):
        load_graph(path, model=Scripted())


def test_sampling_options_of_the_node_do_not_reach_into_the_graph(retriever: Retriever) -> None:
    with pytest.raises(ConfigError, match="brings its own engine"):
        over(Scripted(), retriever, more="temperatures: [0.3, 0.7]")


async def test_a_policy_s_runs_use_its_model_else_its_node_s(retriever: Retriever) -> None:
    main, node, part = (Scripted(default="1874", model=m) for m in ("main", "node", "part"))
    models = {"node": node, "part": part}
    named = NAIVE.replace("{use: graph", "{use: graph, model: part")
    await run(over(main, retriever, policy=named, more="model: node", models=models))
    assert (main.calls, node.calls, part.calls) == (0, 0, 4)
    await run(over(main, retriever, more="model: node", models=models))
    assert (main.calls, node.calls, part.calls) == (0, 4, 4)


REACT = "{use: graph, graph: react, set: {solve.policy.temperature: 0.7}}"


def react(request: Request) -> list[str]:
    if "Quill" in request.prefill.partition("Search:")[2]:
        return [" So.\nAnswer: 1874", " So.\nAnswer: 1492"]
    return [" Hm.\nSearch: Edda Quill", " Well.\nSearch: Edda Quill born"]


async def test_searches_inside_the_runs_are_told_apart_in_traces(retriever: Retriever) -> None:
    events = []
    graph = over(Scripted(default=react), retriever, policy=REACT)
    start = {"question": QUESTION, "seed": 1}
    async for _, event in graph.astream(start, stream_mode="custom", subgraphs=True):
        events.append(event)
    found = searches(events)
    assert len(found) == 1 + 4
    assert sorted(len(search.nodes) for search in found) == [4, 4, 4, 4, 5]
    assert len({search.question_id for search in found}) == 5


async def test_a_graph_that_searches_inside_gives_the_same_tree_again(
    retriever: Retriever, tmp_path: Path
) -> None:
    trees: list[dict[str, Any]] = []
    for seed in (1, 1, 2):
        async with open_checkpoints(tmp_path / f"{len(trees)}.sqlite") as saver:
            engine = Scripted(default=react)
            graph = over(engine, retriever, policy=REACT, checkpointer=saver)
            config: Any = {"configurable": {"thread_id": "t"}}
            trees.append(dict(await graph.ainvoke({"question": QUESTION, "seed": seed}, config)))
    answers = [[t["trajectory"], t["evidence"], t["usage"], t["draft"]] for t in trees]
    assert answers[0] == answers[1]
    assert trees[2]["usage"].calls == trees[0]["usage"].calls


def test_its_prompt_only_says_where_it_is() -> None:
    step = Step(kind="answer", text="1492", answer="1492", verdict=Verdict(score=0.0))
    shorter = GraphPolicy(_never).render(QUESTION, Trajectory())
    longer = GraphPolicy(_never).render(QUESTION, Trajectory(steps=(step,)))
    assert shorter.prefill == ""
    assert longer.prefill.startswith("1492\nReview:")


async def _never(*_: Any, **__: Any) -> dict[str, Any]:
    raise AssertionError("not to be run")
