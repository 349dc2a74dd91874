"""The values that flow through ragreason: frozen, comparable, safe to store in a checkpoint.

They are Pydantic models so that LangGraph's serializer gives back what was put in, nested ones too.
`Gold` lives in `ragreason.datasets`: the answering side can't even import it.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "cancelled"]
StepKind = Literal["thought", "search", "call", "answer", "backtrack"]
Label = Literal["sufficient", "partial", "none", "supported", "unsupported"]
Status = Literal["ok", "forced", "error"]
Effort = Literal["none", "low", "medium", "high"]
Scalar = str | int | float | bool


class Value(BaseModel):
    """A frozen value; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(Value):
    """An earlier exchange of a conversation: what was asked, and what was answered."""

    question: str
    answer: str = ""


class Question(Value):
    """What is asked. `id` is stable over runs; `metadata` never tells the answer.

    `history` is the conversation before it, oldest first: for graphs that read it (`stand_alone`).
    """

    id: str
    text: str
    metadata: dict[str, Scalar] = {}
    history: tuple[Turn, ...] = ()


class Passage(Value):
    """A piece of a document. Make it with `ragreason.corpus.passage`, which derives `id`.

    `id`: first 16 hex digits of SHA-256 over title, newline, text. `start` and `end` are character
    offsets in the document `document` (a path or id); `page` counts from 1.
    """

    id: str
    title: str
    text: str
    document: str = ""
    page: int | None = None
    start: int = 0
    end: int = 0
    metadata: dict[str, Scalar] = {}


class Hit(Value):
    """A passage found. `score`: higher is better, unit by `source`; `rank` counts from 1."""

    passage: Passage
    score: float
    rank: int
    source: str
    query: str = ""


class Evidence(Value):
    """A hit as the run holds it: prompts show kept ones, by `excerpt` where there is one."""

    hit: Hit
    keep: bool = True
    excerpt: str | None = None


class ToolSpec(Value):
    """A tool as an engine is told of it. `parameters` is a JSON schema of an object, as a text."""

    name: str
    description: str
    parameters: str


class ToolCall(Value):
    """A call that a model wrote. `arguments` is the text that it gave, meant to be a JSON object.
    `id` ties a result to it, where an engine needs that.
    """

    name: str
    arguments: str
    id: str = ""


class Message(Value):
    """One chat message. `content` is plain text; untrusted parts were neutralised before.

    An assistant's message may hold `tool_calls`; each is answered by a message of the role "tool"
    that names the call's id in `answers`.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    answers: str = ""


class Request(Value):
    """What an engine is asked.

    `prefill` is the beginning of the assistant's reply, continued by the model and not repeated in
    the completion. `n` samples share one prompt; sample i is told apart by its position. `seed`
    None lets the engine choose. At most one of `json_schema` (a JSON text) and `regex` is set.
    `stop` strings end the text and are not part of it. `temperature` 0 is greedy. `top_logprobs`
    asks for that many of the most likely tokens at each position. `effort` and `thinking_tokens`,
    the most tokens of thinking, are for engines that think natively; `max_tokens` then bounds what
    follows the thinking. Other engines pass them over. `tools` may be called by the model instead
    of replying, on engines with the capability "tools".
    """

    messages: tuple[Message, ...]
    prefill: str = ""
    n: Annotated[int, Field(ge=1)] = 1
    max_tokens: Annotated[int, Field(ge=1)] = 256
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    json_schema: str | None = None
    regex: str | None = None
    logprobs: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] = 0
    effort: Effort | None = None
    thinking_tokens: Annotated[int, Field(ge=1)] | None = None
    tools: tuple[ToolSpec, ...] = ()


class Usage(Value):
    """What was spent. Sums with `+`.

    `cached_tokens` is the part of `prompt_tokens` read from a prefix cache, None where an engine
    did not say (None + x is x: a lower bound). `reasoning_tokens` is the part of
    `completion_tokens` that was thought and not said, probes included. Tokens of verifier calls
    count in `verifier_tokens` only, `calls` counts every call, `retrievals` every query.

    `reusable_tokens` is the part of `prompt_tokens` that an earlier prompt or reply of the run
    began with too, in whole cache blocks: the best that a prefix cache can do, None if not counted.
    `inferred_tokens` is the part of `cached_tokens` that no engine counted, `estimated_tokens` the
    part of `reusable_tokens` that was compared as text, without token ids, `untold_tokens` the part
    of it in calls where nothing tells how much was cached. Calls answered by the
    response cache count like any others, with what they had cost; `cache_hits` says how many they
    were, `cache_hit_tokens` how many of all tokens are theirs.
    """

    prompt_tokens: int = 0
    cached_tokens: int | None = None
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    verifier_tokens: int = 0
    calls: int = 0
    retrievals: int = 0
    reusable_tokens: int | None = None
    inferred_tokens: int = 0
    estimated_tokens: int = 0
    untold_tokens: int = 0
    cache_hits: int = 0
    cache_hit_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=_known_sum(self.cached_tokens, other.cached_tokens),
            completion_tokens=self.completion_tokens + other.completion_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            verifier_tokens=self.verifier_tokens + other.verifier_tokens,
            calls=self.calls + other.calls,
            retrievals=self.retrievals + other.retrievals,
            reusable_tokens=_known_sum(self.reusable_tokens, other.reusable_tokens),
            inferred_tokens=self.inferred_tokens + other.inferred_tokens,
            estimated_tokens=self.estimated_tokens + other.estimated_tokens,
            untold_tokens=self.untold_tokens + other.untold_tokens,
            cache_hits=self.cache_hits + other.cache_hits,
            cache_hit_tokens=self.cache_hit_tokens + other.cache_hit_tokens,
        )

    @property
    def tokens(self) -> int:
        """All tokens: prompt, completion and verifier."""
        return self.prompt_tokens + self.completion_tokens + self.verifier_tokens


def _known_sum(one: int | None, other: int | None) -> int | None:
    """None counts as nothing, unless both are None."""
    return other if one is None else one if other is None else one + other


class Completion(Value):
    """One sample. `logprobs` holds the natural-log probability of each generated token where asked
    for, `top_logprobs` the most likely tokens at its place, each with its own, best first; `usage`
    counts the shared prompt on the first sample of a request only. `reasoning` is what was thought
    before the text; token ids and log-probabilities are the text's. `tool_calls` are those that the
    engine read out of the reply; `text` is what stood beside them.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    token_ids: tuple[int, ...] = ()
    finish_reason: FinishReason = "stop"
    logprobs: tuple[float, ...] | None = None
    top_logprobs: tuple[tuple[tuple[str, float], ...], ...] | None = None
    usage: Usage = Usage()

    @property
    def sum_logprob(self) -> float | None:
        """Log-likelihood of the text, in nats; None without logprobs."""
        return None if self.logprobs is None else sum(self.logprobs)

    @property
    def mean_logprob(self) -> float | None:
        """Log-likelihood per token, in nats; None without logprobs or tokens."""
        return sum(self.logprobs) / len(self.logprobs) if self.logprobs else None


class Verdict(Value):
    """A verifier's opinion. `score` lies in the verifier's declared range, higher is better.
    `unsupported` names the claims without support, `missing` what evidence would be needed.
    """

    score: float
    label: Label | None = None
    unsupported: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str = ""


class Step(Value):
    """One step of a trajectory. `text` is exactly what the model wrote, so that prompts only grow.

    `query` is set on searches, `answer` on answers (empty: the answer node is to answer), `tool`
    and `arguments` (a JSON text, as the model gave it) on calls of tools; `hits`, and `result` and
    `failed` of a call, are filled in by the node that ran it. A backtrack takes back the last
    `takes_back` steps that still stand, its `text` says why. `logprob` is summed, in nats.
    `truncated`: cut by the length limit, so never final. `dropped`: ids of passages left out of the
    prompt that led here, because it was full.
    """

    kind: StepKind
    text: str
    query: str = ""
    answer: str = ""
    tool: str = ""
    arguments: str = ""
    result: str = ""
    failed: bool = False
    takes_back: Annotated[int, Field(ge=0)] = 0
    hits: tuple[Hit, ...] = ()
    token_ids: tuple[int, ...] = ()
    logprob: float | None = None
    truncated: bool = False
    dropped: tuple[str, ...] = ()
    verdict: Verdict | None = None
    usage: Usage = Usage()


class Trajectory(Value):
    """An append-only list of steps towards an answer."""

    steps: tuple[Step, ...] = ()

    def extended(self, step: Step) -> "Trajectory":
        """This trajectory with one more step."""
        return Trajectory(steps=(*self.steps, step))

    @property
    def standing(self) -> tuple[Step, ...]:
        """The steps that count: none that was taken back, and no backtrack itself."""
        kept: list[Step] = []
        for step in self.steps:
            if step.kind == "backtrack":
                del kept[max(0, len(kept) - step.takes_back) :]
            else:
                kept.append(step)
        return tuple(kept)

    @property
    def answer(self) -> str | None:
        """The last standing answer step's answer, or None. A truncated step is no answer."""
        found = [s.answer for s in self.standing if s.kind == "answer" and not s.truncated]
        return found[-1] if found else None

    @property
    def hits(self) -> tuple[Hit, ...]:
        """All hits of steps that stand, first seen first, each passage once."""
        return _distinct(self.standing)

    @property
    def shown(self) -> tuple[Hit, ...]:
        """All hits, those of steps that were taken back too: prompts show the n-th as [n]."""
        return _distinct(self.steps)


def _distinct(steps: tuple[Step, ...]) -> tuple[Hit, ...]:
    seen: dict[str, Hit] = {}
    for step in steps:
        for hit in step.hits:
            seen.setdefault(hit.passage.id, hit)
    return tuple(seen.values())


class Budget(Value):
    """Upper bounds for one question; None is unbounded. Reaching one forces an answer."""

    steps: Annotated[int, Field(ge=1)] | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    retrievals: Annotated[int, Field(ge=0)] | None = None
    calls: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None


class Citation(Value):
    """`[number]` in an answer. `start` and `end` are offsets of `quote` in the document."""

    number: int
    passage_id: str
    title: str
    document: str = ""
    page: int | None = None
    start: int = 0
    end: int = 0
    quote: str = ""


class Alternative(Value):
    """Another answer, which other evidence supports. `weight`: its share of all support, in [0, 1];
    `documents`: how many give it; `citations`: their numbers in the answer.
    """

    text: str
    weight: float
    documents: int
    citations: tuple[int, ...] = ()


class Answer(Value):
    """What a run gives. `text` is the short answer; `cited` is a sentence with `[n]` marks.

    `status` is "forced" where a budget, a loop's bound or a full context led here, and `forced_by`
    says which. An abstained answer has an empty `text` and says what is `missing`.
    `retrieved` holds passage ids, distinct, first seen first; `in_prompt` those in the prompt that
    the text was the reply to, as shown, None where that is not known. `confidence` is how sure the
    answer is, in [0, 1], where a node measured it. `first_token_s` is when the answer's
    first text was there, in seconds from the question's start. `alternatives` are answers that
    other evidence gives, heaviest first, where the evidence was found to disagree.
    """

    text: str
    cited: str = ""
    citations: tuple[Citation, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    status: Status = "ok"
    forced_by: str = ""
    abstained: bool = False
    missing: tuple[str, ...] = ()
    score: float | None = None
    retrieved: tuple[str, ...] = ()
    in_prompt: tuple[str, ...] | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    usage: Usage = Usage()
    elapsed_s: float = 0.0
    first_token_s: float | None = None
    error: str = ""

    def _repr_html_(self) -> str:
        """For notebooks."""
        from ragreason.text.answer_html import answer_html
        from ragreason.text.html import box

        return box(answer_html(self))
