"""Names to parts: the built-in ones, those of installed packages, and `module:attr`.

A part is a class (mostly a frozen dataclass). Its fields are its parameters; fields named in
`INJECTED` are other parts, bound when a graph is compiled, and are not parameters of a graph file.
Installed packages add parts by entry points in the groups `ragreason.nodes`, `.policies`,
`.strategies`, `.verifiers`, `.retrievers`, `.generators`, `.embedders`, `.tools`.
"""

import inspect
from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from ragreason.errors import ConfigError, UnknownNameError
from ragreason.protocols import Capability

Kind = Literal[
    "nodes", "policies", "strategies", "verifiers", "retrievers", "generators", "embedders", "tools"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
_SINGULAR: Mapping[Kind, str] = {
    "nodes": "node kind",
    "policies": "policy",
    "strategies": "strategy",
    "verifiers": "verifier",
    "retrievers": "retriever",
    "generators": "engine",
    "embedders": "embedder",
    "tools": "tool",
}

_HAS: Mapping[Kind, tuple[str, ...]] = {
    "nodes": ("reads", "writes"),
    "policies": ("needs", "render", "propose"),
    "strategies": ("wants", "decide", "finish"),
    "verifiers": ("judges", "judge"),
    "retrievers": ("retrieve",),
    "generators": ("generate", "stream", "score", "count_tokens", "aclose"),
    "embedders": ("embed",),
    "tools": ("name", "description", "parameters", "run"),
}
"""What makes a class a part of its kind; the protocols say what it means."""

INJECTED = frozenset(
    {
        "name",
        "engine",
        "retriever",
        "embedder",
        "index",
        "verifier",
        "members",
        "tools",
        "policy",
        "strategy",
        "graph",
    }
)

_SEES_GOLD = ("ragreason.datasets", "ragreason.evaluation", "ragreason.worlds")

BUILT_IN: Mapping[Kind, Mapping[str, str]] = {
    "nodes": {
        "abstain": "ragreason.nodes.abstain:Abstain",
        "answer": "ragreason.nodes.answer:AnswerNode",
        "chain_notes": "ragreason.nodes.chain_notes:ChainNotes",
        "check": "ragreason.nodes.check:Check",
        "compress": "ragreason.nodes.compress:Compress",
        "conflict": "ragreason.nodes.conflict:Conflict",
        "critique": "ragreason.nodes.critique:Critique",
        "decompose": "ragreason.nodes.decompose:Decompose",
        "difficulty": "ragreason.nodes.difficulty:Difficulty",
        "draft": "ragreason.nodes.chain_of_verification:Draft",
        "few_shot": "ragreason.nodes.few_shot:FewShot",
        "grade": "ragreason.nodes.grade:Grade",
        "graph": "ragreason.nodes.subgraph:Subgraph",
        "hypothesize": "ragreason.nodes.hypothesize:Hypothesize",
        "multi_hop": "ragreason.nodes.multi_hop:MultiHop",
        "next_question": "ragreason.nodes.next_question:NextQuestion",
        "note": "ragreason.nodes.note:Note",
        "paraphrase": "ragreason.nodes.paraphrase:Paraphrase",
        "plan": "ragreason.nodes.plan:Plan",
        "plan_ready": "ragreason.nodes.plan:PlanReady",
        "pool": "ragreason.nodes.pool:Pool",
        "reason": "ragreason.nodes.reason:Reason",
        "recall": "ragreason.nodes.recall:Recall",
        "retrieve": "ragreason.nodes.retrieve:Retrieve",
        "rewrite": "ragreason.nodes.rewrite:Rewrite",
        "segments": "ragreason.nodes.segments:Segments",
        "stand_alone": "ragreason.nodes.stand_alone:StandAlone",
        "step_back": "ragreason.nodes.step_back:StepBack",
        "verification_questions": "ragreason.nodes.chain_of_verification:VerificationQuestions",
        "verified_answer": "ragreason.nodes.chain_of_verification:VerifiedAnswer",
        "walk": "ragreason.nodes.walk:Walk",
        "walk_start": "ragreason.nodes.walk_start:WalkStart",
    },
    "policies": {
        "agent": "ragreason.policies.agent:AgentPolicy",
        "corag": "ragreason.policies.corag:CoRAG",
        "cot": "ragreason.policies.cot:Cot",
        "flare": "ragreason.policies.flare:Flare",
        "graph": "ragreason.policies.graph:GraphPolicy",
        "ircot": "ragreason.policies.ircot:IRCoT",
        "react": "ragreason.policies.react:ReAct",
        "reflect": "ragreason.policies.reflect:Reflect",
        "search_o1": "ragreason.policies.search_o1:SearchO1",
        "search_tags": "ragreason.policies.search_tags:SearchTags",
        "self_ask": "ragreason.policies.self_ask:SelfAsk",
    },
    "strategies": {
        "adaptive_majority": "ragreason.search.adaptive_majority:AdaptiveMajority",
        "beam": "ragreason.search.beam:Beam",
        "best_of_n": "ragreason.search.best_of_n:BestOfN",
        "compute_optimal": "ragreason.search.compute_optimal:ComputeOptimal",
        "dvts": "ragreason.search.dvts:DVTS",
        "greedy": "ragreason.search.greedy:Greedy",
        "majority": "ragreason.search.majority:Majority",
        "mcts": "ragreason.search.mcts:MCTS",
        "revise": "ragreason.search.revise:Revise",
        "weighted_best_of_n": "ragreason.search.weighted_best_of_n:WeightedBestOfN",
    },
    "verifiers": {
        "agreement": "ragreason.verification.agreement:Agreement",
        "answer_type": "ragreason.verification.answer_type:Typed",
        "citation": "ragreason.verification.citation:CitationVerifier",
        "ensemble": "ragreason.verification.ensemble:Ensemble",
        "format": "ragreason.verification.answer_format:Format",
        "groundedness": "ragreason.verification.groundedness:Groundedness",
        "judge": "ragreason.verification.judge:Judge",
        "likelihood": "ragreason.verification.likelihood:Likelihood",
        "progress": "ragreason.verification.progress:Progress",
        "random": "ragreason.verification.chance:Random",
        "relevance": "ragreason.verification.relevance:Relevance",
        "reward_model": "ragreason.verification.reward_model:RewardModel",
    },
    "retrievers": {
        "bm25": "ragreason.retrieval.bm25:BM25",
        "dense": "ragreason.retrieval.dense:Dense",
        "graph_walk": "ragreason.retrieval.graph_walk:GraphWalk",
        "hybrid": "ragreason.retrieval.hybrid:Hybrid",
    },
    "generators": {
        "openai": "ragreason.generation.openai:OpenAIEngine",
        "openvino": "ragreason.generation.openvino:OpenVINOEngine",
        "replay": "ragreason.generation.replay:Replay",
        "scripted": "ragreason.generation.scripted:Scripted",
        "transformers": "ragreason.generation.transformers:TransformersEngine",
        "vllm": "ragreason.generation.vllm:VLLMEngine",
    },
    "embedders": {
        "hashing": "ragreason.embedding.hashing:HashingEmbedder",
        "minilm": "ragreason.embedding.local:LocalEmbedder",
        "minilm-float32": "ragreason.embedding.sentence_transformers:SentenceTransformersEmbedder",
    },
    "tools": {
        "calculate": "ragreason.tools.calculate:Calculate",
        "mcp": "ragreason.tools.mcp:McpTools",
        "open_document": "ragreason.tools.open_document:OpenDocument",
        "search": "ragreason.tools.search:Search",
    },
}


@cache
def _installed(kind: Kind) -> Mapping[str, str]:
    return {e.name: e.value for e in entry_points(group=f"ragreason.{kind}")}


def known(kind: Kind) -> list[str]:
    """All names of this kind, sorted."""
    return sorted({**_installed(kind), **BUILT_IN[kind]})


def load(kind: Kind, name: str, allow_imports: Collection[str] = ()) -> Any:
    """The class registered as `name`, or `module:attr` if `module` is in `allow_imports`.

    Built-in names can't be replaced by installed packages. Raises UnknownNameError (with the
    nearest name) and ConfigError for a module that was not allowed, can't be imported, or has no
    such class.
    """
    if ":" in name:
        module = name.partition(":")[0]
        if module not in allow_imports:
            raise ConfigError(
                f"{_SINGULAR[kind]} '{name}' would import '{module}'; "
                f"allow it with --allow-import {module}"
            )
        return _import(kind, name)
    target = BUILT_IN[kind].get(name) or _installed(kind).get(name)
    if target is None:
        advice = "or give 'module:attr'"
        raise UnknownNameError(_SINGULAR[kind], name, known(kind), advice)
    return _import(kind, target)


def _import(kind: Kind, target: str) -> Any:
    module, _, attribute = target.partition(":")
    _check_home(target, module)
    try:
        home = import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"'{target}' needs the package '{error.name}', which is not installed"
        ) from error
    except Exception as error:  # whatever a module of the user's raises
        told = f"{type(error).__name__}: {error}"
        raise ConfigError(f"'{module}' can't be imported: {told}") from error
    part = getattr(home, attribute, None)
    if part is None:
        raise ConfigError(f"'{module}' has no attribute '{attribute}'")
    for kin in inspect.getmro(part) if isinstance(part, type) else (part,):
        _check_home(target, getattr(kin, "__module__", ""))
    provides = kind == "tools" and hasattr(part, "provide")  # several, known when it is opened
    lacking = [] if provides else [name for name in _HAS[kind] if not hasattr(part, name)]
    if lacking or not isinstance(part, type):
        has = ", ".join(_HAS[kind])
        raise ConfigError(f"'{target}' is no {_SINGULAR[kind]}: expected a class with {has}")
    return part


def _check_home(target: str, module: str) -> None:
    """Raise ConfigError for what can see gold: allowed or installed, it is no part of a method."""
    if any(module == home or module.startswith(f"{home}.") for home in _SEES_GOLD):
        raise ConfigError(f"'{target}' sees gold answers, so no graph can use it; measure with it")


def engines_with(needs: frozenset[Capability]) -> list[str]:
    """Names of the registered engines whose class declares all of `needs`."""
    able: list[str] = []
    for name in known("generators"):
        try:
            declared = getattr(load("generators", name), "capabilities", None)
        except ConfigError:
            continue
        if isinstance(declared, frozenset) and needs <= declared:
            able.append(name)
    return able


@cache
def parameters(part: Any) -> type[BaseModel]:
    """A Pydantic model of the part's own parameters: known names, types and ranges.

    Built from the constructor's signature, injected fields left out; unknown names are errors.
    """
    hints = get_type_hints(part.__init__, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(part).parameters.items()):
        if name not in INJECTED:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[name] = (hints.get(name, Any), default)
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    model: type[BaseModel] = create_model(part.__name__, __config__=config, **fields)
    return model


def injected(part: Any) -> frozenset[str]:
    """Which other parts the constructor takes, as names in `INJECTED`."""
    return frozenset(inspect.signature(part).parameters) & INJECTED
