"""Support by an entailment model: which class is meant, which premises are tried, what is told."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import ConfigError
from ragreason.protocols import Embedder, Floats
from ragreason.registry import parameters
from ragreason.types import Hit, Passage, Question, Step, Trajectory
from ragreason.verification.cross_encoder import CrossEncoder
from ragreason.verification.entailment import Entailment, answered_by, supported_by
from ragreason.verification.evidence import read
from ragreason.verification.groundedness import Groundedness

MakeModel = Callable[..., Path]
KIND = "BertForSequenceClassification"
ORDERS = [
    {0: "contradiction", 1: "entailment", 2: "neutral"},
    {0: "ENTAILMENT", 1: "not_entailment"},
    {0: "LABEL_0"},
]


class Knows(Entailment):
    """Says 0.9 where the premise holds all words of one of `facts` and so does the statement, else
    0.1; keeps the pairs it was asked.
    """

    def __init__(self, *facts: str) -> None:
        self._facts = facts
        self.asked: list[tuple[str, str]] = []

    async def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked += pairs
        return [0.9 if self._holds(*pair) else 0.1 for pair in pairs]

    def _holds(self, premise: str, statement: str) -> bool:
        held = set(re.findall(r"\w+", premise)) & set(re.findall(r"\w+", statement))
        return any(set(fact.split()) <= held for fact in self._facts)


@pytest.mark.model
@pytest.mark.parametrize("classes", ORDERS, ids=["three", "two", "one"])
async def test_the_probability_is_that_of_the_class_called_entailment(
    make_model: MakeModel, classes: dict[int, str]
) -> None:
    folder = make_model(KIND, classes=classes)
    pairs = [("ada ran .", "bo ran ."), ("the film was shot in leland .", "it was a good film .")]
    logits = (await CrossEncoder(str(folder)).logits(pairs)).astype(np.float64)
    if len(classes) == 1:
        wanted = 1 / (1 + np.exp(-logits[:, 0]))
    else:
        at = next(i for i, label in classes.items() if label.lower() == "entailment")
        wanted = np.exp(logits[:, at]) / np.exp(logits).sum(axis=1)
    found = await Entailment(str(folder)).probabilities(pairs)
    assert found == pytest.approx(list(wanted), abs=1e-6)


@pytest.mark.model
@pytest.mark.parametrize("labels", [("LABEL_0", "LABEL_1"), ("entailed", "entails")])
def test_a_model_without_one_such_class_is_refused(
    make_model: MakeModel, labels: tuple[str, str]
) -> None:
    folder = make_model(KIND, classes=dict(enumerate(labels)))
    with pytest.raises(ConfigError, match=f"the classes {labels[0]}, {labels[1]}; expected one"):
        Entailment(str(folder))


async def test_a_statement_is_as_supported_as_its_best_premise(
    library: dict[str, Passage],
) -> None:
    model = Knows("Carrie novel")
    source = read(library.values())
    statements = ["Carrie is a novel.", "The potato is a novel from Mars."]
    good, bad = await supported_by(statements, source, model)
    assert (good.statement, good.score, bad.score) == (statements[0], 0.9, 0.1)
    assert good.passage == library["Carrie (novel)"]
    assert good.missing == ()
    assert bad.missing == ("Mars",)


async def test_sentences_of_several_passages_are_tried_together(
    library: dict[str, Passage],
) -> None:
    model = Knows("directed Leland Overdrive")
    statement = "Stephen King directed Maximum Overdrive, shot around Leland."
    (found,) = await supported_by([statement], read(library.values()), model)
    assert (found.score, found.passage) == (0.9, None)
    assert len(model.asked) == 4


async def test_without_passages_nothing_is_asked() -> None:
    model = Knows("x")
    (found,) = await supported_by(["Ada ran."], read([]), model)
    assert (found.score, found.passage, model.asked) == (0.0, None, [])


@pytest.mark.parametrize(
    ("asked", "answer", "statement"),
    [
        ("Who directed it?", "Stephen King", "Who directed it? The answer is Stephen King."),
        ("谁写了它？", "鲁迅", "谁写了它？答案是鲁迅。"),
    ],
)
async def test_a_short_answer_is_judged_with_its_question(
    library: dict[str, Passage], asked: str, answer: str, statement: str
) -> None:
    model = Knows("nothing")
    await answered_by(asked, [answer], read(library.values()), model)
    assert {said for _, said in model.asked} == {statement}


def judged_by(model: Entailment, embedder: Embedder) -> Groundedness:
    made = Groundedness(embedder)
    object.__setattr__(made, "_model", model)
    return made


class Refuses(HashingEmbedder):
    """An embedder that is not to be used."""

    async def embed(self, texts: Sequence[str], kind: str) -> Floats:
        raise AssertionError(texts)


async def test_groundedness_names_the_claims_that_are_not_entailed(
    hits: tuple[Hit, ...], question: Question
) -> None:
    verifier = judged_by(Knows("King directed"), Refuses())
    right, wrong = "King directed Maximum Overdrive.", "It was shot on the moon in 1999."
    steps = [
        Step(kind="thought", text=f"{right} {wrong}", hits=hits),
        Step(kind="thought", text=right, hits=hits),
        Step(kind="thought", text=wrong, hits=hits),
        Step(kind="answer", text="", answer="King directed", hits=hits),
        Step(kind="answer", text="", answer="Bo", hits=hits),
    ]
    verdicts = await verifier.judge(question, steps)
    assert [v.label for v in verdicts] == [
        "partial",
        "supported",
        "unsupported",
        "supported",
        "unsupported",
    ]
    assert [v.unsupported for v in verdicts] == [(wrong,), (), (wrong,), (), ("Bo",)]
    assert [v.score for v in verdicts] == pytest.approx([0.5, 0.9, 0.1, 0.9, 0.1])
    assert verdicts[3].reason == "closest passage: Maximum Overdrive"


@pytest.mark.model
async def test_a_graph_file_names_the_model_and_verdicts_keep_their_order(
    make_model: MakeModel, hits: tuple[Hit, ...], question: Question
) -> None:
    folder = make_model(KIND, classes=ORDERS[0], limit=128)
    given = parameters(Groundedness).model_validate({"entailment": str(folder)})
    assert set(type(given).model_fields) == {"supported", "answered", "entailment", "entailed"}
    verifier = Groundedness(Refuses(), entailment=str(folder))
    assert (verifier.costs, Groundedness.costs) == ("model", "embedding")
    items = [
        Trajectory(steps=(Step(kind="answer", text="", answer=answer, hits=hits),))
        for answer in ("Stephen King", "the potato was directed by bo in the film .", "Ada", "Cy")
    ]
    forth, back = [await verifier.judge(question, order) for order in (items, items[::-1])]
    assert [v.score for v in back] == pytest.approx([v.score for v in forth[::-1]], abs=1e-5)
    alone = [(await verifier.judge(question, [item]))[0].score for item in items]
    assert [v.score for v in forth] == pytest.approx(alone, abs=1e-5)
    assert len({round(score, 4) for score in alone}) > 1


def test_a_model_that_is_not_there_is_told_at_once(embedder: Embedder) -> None:
    with pytest.raises(ConfigError, match="unknown model 'nli-smal'"):
        Groundedness(embedder, entailment="nli-smal")
