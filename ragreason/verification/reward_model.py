"""Reward models: trained to tell good reasoning from bad, outcomes or single steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field

from ragreason.errors import ConfigError, VerifierError
from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.settings import settings
from ragreason.types import Question, Verdict
from ragreason.verification.calibration import log_odds, platt
from ragreason.verification.cross_encoder import CrossEncoder
from ragreason.verification.model_folder import model_folder
from ragreason.verification.reading import trajectory_of
from ragreason.verification.reward_inputs import InputMaker
from ragreason.verification.reward_local import LocalReward
from ragreason.verification.reward_served import By, ServedReward, server
from ragreason.verification.reward_text import BETWEEN, Reading, reading
from ragreason.verification.reward_vllm import VLLMReward


class Scorer(Protocol):
    """What turns readings into log-odds."""

    async def log_odds(self, readings: Sequence[Reading]) -> list[float]:
        """One for each reading, in order: log(p / (1 - p)) that it is right."""
        ...


@dataclass(frozen=True)
class RewardModel:
    """Scores by a reward model: `folder` on this machine, or `served` by a vLLM server.

    `by` says what the model was trained for:

    - "sequence": an outcome model, a classifier that reads question and steps as one text;
    - "pair": an outcome model that reads question and steps as two texts (a cross-encoder);
    - "token": a process model, which scores each step where it ends. It does so at a `separator`
      (Qwen2.5-Math-PRM: P(class 1) at "<extra_0>"), or, with `turns`, where the assistant answers
      each step with one of two `labels`, the good one first (RLHFlow: softmax over "+" and "-",
      taken at "+"). With `labels` the model is a causal language model, else a token classifier.

    A score is sigmoid(slope * log-odds + intercept), in [0, 1]: by default the softmax at the class
    `right` (the last one), or the sigmoid of the only logit. A process model gives the score of a
    trajectory's last step in context, and `aggregate` is how those become the trajectory's.

    `chat` applies the chat template (None: where a folder's tokenizer has one), with `system` as
    its first message. With `evidence`, a search step is followed by the passages it found. What in
    question, steps and passages looks like a special token or the separator is broken up. A model
    that gives another number of scores than there are steps is an error, as is a text too long for
    it. Without a padding token, whole texts are read one at a time. `runner` "vllm" runs the folder
    by vLLM's pooling runner, for large models on a GPU. Tokens are charged as a
    verifier's.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"prefix", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "product"
    costs: ClassVar[Costs] = "model"

    folder: str | None = None
    served: str | None = None
    by: By = "sequence"
    separator: str = ""
    labels: tuple[str, str] | None = None
    turns: bool = False
    right: int = -1
    slope: float = 1.0
    intercept: float = 0.0
    aggregate: Aggregation = "product"
    chat: bool | None = None
    system: str = ""
    evidence: bool = True
    batch_size: Annotated[int, Field(ge=1)] = 8
    device: str | None = None
    runner: Literal["transformers", "vllm"] = "transformers"
    _scorer: Scorer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises ConfigError for parameters that don't fit each other, and for a folder without a
        model; a model is loaded when it is first used.
        """
        own = {
            "judges": self.judging(vars(self), ()),
            "aggregation": self.aggregate,
            "_scorer": self._made(),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    @classmethod
    def judging(cls, parameters: Mapping[str, Any], members: Sequence[Any]) -> frozenset[Judges]:
        """What a model with these parameters judges. Raises ConfigError where they don't fit."""
        del members  # it has none
        wrong = _misfit({f: parameters.get(f) for f in _CHECKED})
        if wrong:
            raise ConfigError(wrong)
        by_token = parameters.get("by") == "token"
        return frozenset({"prefix"}) if by_token else frozenset({"trajectory"})

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order; equal trajectories are scored once."""
        readings = [
            reading(
                question.text,
                trajectory_of(item, "reward_model"),
                [self.separator],
                evidence=self.evidence,
            )
            for item in items
        ]
        distinct = [r for r in dict.fromkeys(readings) if r.steps]
        odds = await self._scorer.log_odds(distinct) if distinct else []
        wrong = sum(not isfinite(one) for one in odds)
        if len(odds) != len(distinct) or wrong:
            came = f"{len(odds)} scores, {wrong} of them no finite number"
            raise VerifierError(f"{len(distinct)} trajectories were to be judged, {came} came")
        scores = dict(zip(distinct, odds, strict=True))
        return [self._verdict(scores.get(r)) for r in readings]

    def _verdict(self, odds: float | None) -> Verdict:
        if odds is None:
            return Verdict(score=0.0, label="none", reason="nothing is said")
        return Verdict(score=platt(odds, self.slope, self.intercept))

    def _made(self) -> Scorer:
        if self.served is not None:
            if server(settings()) is None:
                raise ConfigError(
                    "a served reward model needs a server: set RAGREASON_REWARD_BASE_URL"
                )
            return ServedReward(
                self.served, self.by, self.right, self.separator, bool(self.chat), self.system
            )
        folder = str(self.folder)
        if self.by == "pair":
            model = CrossEncoder(folder, batch_size=self.batch_size, device=self.device)
            return _PairReward(model, self.right)
        good = self.labels[0] if self.turns and self.labels else ""
        make = InputMaker(self.by == "token", self.separator, good, self.chat, self.system)
        if self.runner == "vllm":
            return VLLMReward(model_folder(folder), make, self.right)
        return LocalReward(
            model_folder(folder), make, self.labels, self.right, self.batch_size, self.device
        )


@dataclass(frozen=True)
class _PairReward:
    model: CrossEncoder
    right: int

    async def log_odds(self, readings: Sequence[Reading]) -> list[float]:
        pairs = [(r.question, r.joined(BETWEEN)) for r in readings]
        logits = await self.model.logits(pairs)  # (readings, classes)
        return [log_odds([float(z) for z in row], self.right) for row in logits]


_CHECKED = ("folder", "served", "by", "separator", "labels", "turns", "runner")


def _misfit(given: Mapping[str, Any]) -> str | None:
    """What is wrong with these parameters, None if nothing is."""
    token = given["by"] == "token"
    ends = bool(given["separator"]) + bool(given["turns"])
    rules = {
        "give one of folder: DIR and served: NAME": (
            (given["folder"] is None) != (given["served"] is None)
        ),
        "separator, labels and turns belong to by: token": (token or not (ends or given["labels"])),
        "by: token needs a separator, such as '<extra_0>', or turns: true with labels": (
            not token or ends == 1
        ),
        "turns: true needs labels, such as ['+', '-']": bool(given["labels"]) or not given["turns"],
        "runner: vllm is for a folder, by: sequence or token, without labels and turns": (
            given["runner"] != "vllm"
            or not (given["served"] or given["by"] == "pair" or given["labels"] or given["turns"])
        ),
        "labels and turns are for a folder; a server is told its labels when it is started "
        "(returned_token_ids)": given["served"] is None or not (given["labels"] or given["turns"]),
    }
    return next((said for said, holds in rules.items() if not holds), None)
