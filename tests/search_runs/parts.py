"""What searches run on here: a reasoner of known depth, a verifier that keeps what it saw."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar
from zlib import crc32

from ragreason import registry
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.policies.react import ReAct
from ragreason.protocols import Aggregation, Costs, Item, Judges, Strategy, Where
from ragreason.types import Hit, Message, Passage, Question, Request, Step, Trajectory, Verdict

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
POLICY = ReAct(search_first=False, temperature=0.8)

SMALL: dict[str, dict[str, int]] = {
    "majority": {"n": 4},
    "best_of_n": {"n": 4},
    "weighted_best_of_n": {"n": 4},
    "revise": {"attempts": 2},
    "beam": {"width": 2, "branching": 3},
    "dvts": {"subtrees": 2, "branching": 2},
    "mcts": {"simulations": 8, "branching": 3, "parallel": 3},
}
STRATEGIES = [
    name
    for name in registry.known("strategies")
    if not registry.injected(registry.load("strategies", name))
]


def strategy(name: str, **options: Any) -> Strategy:
    """The strategy `name`, small, and with those of the options that it has."""
    cls = registry.load("strategies", name)
    known = {f.name for f in fields(cls)}
    given = {**SMALL.get(name, {}), "max_depth": 4, **options}
    made: Strategy = cls(**{key: value for key, value in given.items() if key in known})
    return made


def depth_of(request: Request) -> int:
    """How many steps have been taken in the attempt that the prompt goes on with."""
    return max(0, request.prefill.rpartition("Review:")[2].count("Thought:") - 1)


def reasoner(depth: int = 3, *, ragged: bool = False, latency_s: float = 0.0) -> Scripted:
    """Answers at step `depth`; where `ragged`, some samples do from step 2 on. Each prompt has six
    texts of its own.
    """

    def reply(request: Request) -> Sequence[str]:
        here = crc32(request.prefill.encode())
        done = depth_of(request) + 1
        return [_text(f"{done}.{i}.{here % 9973}", done, depth, ragged) for i in range(6)]

    return Scripted(default=reply, latency_s=latency_s)


def _text(name: str, done: int, depth: int, ragged: bool) -> str:
    early = ragged and done > 1 and crc32(name.encode()) % 3 == 0
    if done >= depth or early:
        answer = f"answer {crc32(name.encode()) // 3 % 3}"
        return f" so {name}, so the answer is: {answer}\nAnswer: {answer}"
    return f" hm {name}\nSearch: thing {name}"


@dataclass(frozen=True)
class Scores:
    """A score for each text, by its hash. With a `reader`, each item costs its words in tokens."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "mean"
    costs: ClassVar[Costs] = "scoring"

    reader: Metered | None = None
    seen: list[Item] = field(default_factory=list)

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict an item."""
        del question
        self.seen.extend(items)
        if self.reader is not None:
            for item in items:
                await self.reader.score(_EMPTY, [text_of(item)])
        return [Verdict(score=crc32(text_of(item).encode()) / 2**32) for item in items]


_EMPTY = Request(messages=(Message(role="user", content="judge"),))


def text_of(item: Item) -> str:
    """What a verdict looks at."""
    if isinstance(item, Trajectory):
        return "".join(step.text for step in item.steps)
    return item.text if isinstance(item, Step) else item.passage.text


@dataclass
class Finder:
    """One passage a query, without threads or files."""

    name: str = "finder"
    queries: list[str] = field(default_factory=list)

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """A passage titled by the query."""
        del k, where
        self.queries.extend(queries)
        return [[self._hit(query)] for query in queries]

    def _hit(self, query: str) -> Hit:
        passage = Passage(id=f"{crc32(query.encode()):016x}", title=query, text="A text.")
        return Hit(passage=passage, score=1.0, rank=1, source=self.name, query=query)
