"""ragreason: question answering that reasons and retrieves together.

The public names are those in `__all__`. Each is imported when it is first used, so that
`import ragreason` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragreason.errors import (
        BudgetReachedError as BudgetReachedError,
    )
    from ragreason.errors import (
        CapabilityError as CapabilityError,
    )
    from ragreason.errors import (
        ConfigError as ConfigError,
    )
    from ragreason.errors import (
        ContextOverflowError as ContextOverflowError,
    )
    from ragreason.errors import (
        CorpusError as CorpusError,
    )
    from ragreason.errors import (
        DataError as DataError,
    )
    from ragreason.errors import (
        EngineDiedError as EngineDiedError,
    )
    from ragreason.errors import (
        EngineError as EngineError,
    )
    from ragreason.errors import (
        EngineTimeoutError as EngineTimeoutError,
    )
    from ragreason.errors import (
        GraphError as GraphError,
    )
    from ragreason.errors import (
        IndexFolderError as IndexFolderError,
    )
    from ragreason.errors import (
        ParseError as ParseError,
    )
    from ragreason.errors import (
        RagreasonError as RagreasonError,
    )
    from ragreason.errors import (
        RunError as RunError,
    )
    from ragreason.errors import (
        UnknownNameError as UnknownNameError,
    )
    from ragreason.errors import (
        VerifierError as VerifierError,
    )
    from ragreason.protocols import (
        Chunk as Chunk,
    )
    from ragreason.protocols import (
        Embedder as Embedder,
    )
    from ragreason.protocols import (
        Generator as Generator,
    )
    from ragreason.protocols import (
        Node as Node,
    )
    from ragreason.protocols import (
        Policy as Policy,
    )
    from ragreason.protocols import (
        Reranker as Reranker,
    )
    from ragreason.protocols import (
        Retriever as Retriever,
    )
    from ragreason.protocols import (
        Strategy as Strategy,
    )
    from ragreason.protocols import (
        Verifier as Verifier,
    )
    from ragreason.settings import (
        Settings as Settings,
    )
    from ragreason.settings import (
        load_settings as load_settings,
    )
    from ragreason.tree import (
        Added as Added,
    )
    from ragreason.tree import (
        Asked as Asked,
    )
    from ragreason.tree import (
        Expand as Expand,
    )
    from ragreason.tree import (
        Finish as Finish,
    )
    from ragreason.tree import (
        Judged as Judged,
    )
    from ragreason.tree import (
        RollOut as RollOut,
    )
    from ragreason.tree import (
        Tree as Tree,
    )
    from ragreason.types import (
        Answer as Answer,
    )
    from ragreason.types import (
        Budget as Budget,
    )
    from ragreason.types import (
        Citation as Citation,
    )
    from ragreason.types import (
        Completion as Completion,
    )
    from ragreason.types import (
        Evidence as Evidence,
    )
    from ragreason.types import (
        Hit as Hit,
    )
    from ragreason.types import (
        Message as Message,
    )
    from ragreason.types import (
        Passage as Passage,
    )
    from ragreason.types import (
        Question as Question,
    )
    from ragreason.types import (
        Request as Request,
    )
    from ragreason.types import (
        Step as Step,
    )
    from ragreason.types import (
        Trajectory as Trajectory,
    )
    from ragreason.types import (
        Usage as Usage,
    )
    from ragreason.types import (
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
        "UnknownNameError",
        "VerifierError",
    ),
    "ragreason.protocols": (
        "Chunk",
        "Embedder",
        "Generator",
        "Node",
        "Policy",
        "Reranker",
        "Retriever",
        "Strategy",
        "Verifier",
    ),
    "ragreason.settings": ("Settings", "load_settings"),
    "ragreason.tree": ("Added", "Asked", "Expand", "Finish", "Judged", "RollOut", "Tree"),
    "ragreason.types": (
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
        "Trajectory",
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
