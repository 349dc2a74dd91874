"""ragreason: question answering that reasons and retrieves together.

The public names are those in `__all__`. Each is imported when it is first used, so that
`import ragreason` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragreason.errors import (
        BudgetReachedError as BudgetReachedError,
        CapabilityError as CapabilityError,
        ConfigError as ConfigError,
        ContextOverflowError as ContextOverflowError,
        CorpusError as CorpusError,
        DataError as DataError,
        EngineDiedError as EngineDiedError,
        EngineError as EngineError,
        EngineTimeoutError as EngineTimeoutError,
        GraphError as GraphError,
        IndexFolderError as IndexFolderError,
        ParseError as ParseError,
        RagreasonError as RagreasonError,
        RunError as RunError,
        ToolError as ToolError,
        UnknownNameError as UnknownNameError,
        VerifierError as VerifierError,
    )
    from ragreason.events import (
        TraceEvent as TraceEvent,
    )
    from ragreason.generation.open import (
        open_engine as open_engine,
    )
    from ragreason.graph.load import (
        load_graph as load_graph,
    )
    from ragreason.nodes.search import (
        Reasoned as Reasoned,
        reason as reason,
    )
    from ragreason.protocols import (
        Chunk as Chunk,
        Embedder as Embedder,
        Generator as Generator,
        Node as Node,
        Policy as Policy,
        Reranker as Reranker,
        Retriever as Retriever,
        Strategy as Strategy,
        Tool as Tool,
        ToolResult as ToolResult,
        Verifier as Verifier,
    )
    from ragreason.retrieval.build import (
        build_index as build_index,
    )
    from ragreason.retrieval.open import (
        open_retriever as open_retriever,
    )
    from ragreason.runner import (
        Agent as Agent,
        Runner as Runner,
        open_runner as open_runner,
    )
    from ragreason.settings import (
        Settings as Settings,
        load_settings as load_settings,
    )
    from ragreason.tree import (
        Added as Added,
        Asked as Asked,
        Expand as Expand,
        Finish as Finish,
        Judged as Judged,
        Mark as Mark,
        RollOut as RollOut,
        Tree as Tree,
    )
    from ragreason.types import (
        Alternative as Alternative,
        Answer as Answer,
        Budget as Budget,
        Citation as Citation,
        Completion as Completion,
        Evidence as Evidence,
        Hit as Hit,
        Message as Message,
        Passage as Passage,
        Question as Question,
        Request as Request,
        Step as Step,
        ToolCall as ToolCall,
        ToolSpec as ToolSpec,
        Trajectory as Trajectory,
        Turn as Turn,
        Usage as Usage,
        Verdict as Verdict,
    )

__version__ = "0.1.0"

_HOMES = {
    "ragreason.errors": (
        "BudgetReachedError",
        "CapabilityError",
        "ConfigError",
        "ContextOverflowError",
        "CorpusError",
        "DataError",
        "EngineDiedError",
        "EngineError",
        "EngineTimeoutError",
        "GraphError",
        "IndexFolderError",
        "ParseError",
        "RagreasonError",
        "RunError",
        "ToolError",
        "UnknownNameError",
        "VerifierError",
    ),
    "ragreason.events": ("TraceEvent",),
    "ragreason.generation.open": ("open_engine",),
    "ragreason.graph.load": ("load_graph",),
    "ragreason.nodes.search": ("Reasoned", "reason"),
    "ragreason.protocols": (
        "Chunk",
        "Embedder",
        "Generator",
        "Node",
        "Policy",
        "Reranker",
        "Retriever",
        "Strategy",
        "Tool",
        "ToolResult",
        "Verifier",
    ),
    "ragreason.retrieval.build": ("build_index",),
    "ragreason.retrieval.open": ("open_retriever",),
    "ragreason.runner": ("Agent", "Runner", "open_runner"),
    "ragreason.settings": ("Settings", "load_settings"),
    "ragreason.tree": ("Added", "Asked", "Expand", "Finish", "Judged", "Mark", "RollOut", "Tree"),
    "ragreason.types": (
        "Alternative",
        "Answer",
        "Budget",
        "Citation",
        "Completion",
        "Evidence",
        "Hit",
        "Message",
        "Passage",
        "Question",
        "Request",
        "Step",
        "ToolCall",
        "ToolSpec",
        "Trajectory",
        "Turn",
        "Usage",
        "Verdict",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*_HOME]  # noqa: PLE0604  # strings, all of them


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ragreason' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
