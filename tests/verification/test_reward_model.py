"""Reward models of random weights on this machine, against transformers asked text by text."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragreason import registry
from ragreason.errors import ConfigError, ContextOverflowError, VerifierError
from ragreason.ledger import Meter, metering
from ragreason.protocols import Item, Verifier
from ragreason.types import Hit, Passage, Question, Step, Trajectory
from ragreason.verification.cross_encoder import CrossEncoder
from ragreason.verification.reward_model import RewardModel

pytestmark = pytest.mark.model

MakeModel = Callable[..., Path]
Q = Question(id="q", text="who ran ?")
TEXTS = ("ada ran .", "so bo left the film .", "because it was good .")
CAUSAL = "LlamaForCausalLM"
TOKENS = "LlamaForTokenClassification"
TEXT = "BertForSequenceClassification"


def trajectory(*texts: str) -> Trajectory:
    return Trajectory(steps=tuple(Step(kind="thought", text=text) for text in texts))


PREFIXES: list[Item] = [trajectory(*TEXTS[:n]) for n in (1, 2, 3)]
OTHER = trajectory(TEXTS[0], "cy won .")


async def scores(model: RewardModel, items: list[Item]) -> list[float]:
    return [verdict.score for verdict in await model.judge(Q, items)]


def logits(folder: Path, kind: str, text: str, *, special: bool = True) -> Any:
    """(tokens, classes), or (classes,) of a whole text; one text at a time, without padding."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = getattr(transformers, kind).from_pretrained(folder).eval()
    ids = tokenizer(text, return_tensors="pt", add_special_tokens=special)["input_ids"]
    with torch.inference_mode():
        return model(ids).logits[0].double().numpy(), ids[0].tolist()


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum()


def joined(*texts: str) -> str:
    return f"{Q.text}\n" + "".join(f"{text} <e> " for text in texts)


@pytest.mark.parametrize(("classes", "right"), [(1, -1), (2, -1), (3, 0)])
async def test_an_outcome_model_gives_its_classs_probability(
    make_model: MakeModel, classes: int, right: int
) -> None:
    folder = make_model(TEXT, classes=classes)
    model = RewardModel(folder=str(folder), right=right, batch_size=2)
    wanted = []
    for item in PREFIXES:
        assert isinstance(item, Trajectory)
        text = f"{Q.text}\n" + "\n\n".join(step.text for step in item.steps)
        z, _ = logits(folder, TEXT, text)
        wanted.append(1 / (1 + np.exp(-z[0])) if classes == 1 else softmax(z)[right])
    assert await scores(model, PREFIXES) == pytest.approx(wanted, abs=1e-5)
    assert await scores(model, PREFIXES[::-1]) == pytest.approx(wanted[::-1], abs=1e-5)
    assert len({round(w, 4) for w in wanted}) == 3


async def test_slope_and_intercept_map_the_logit(make_model: MakeModel) -> None:
    folder = make_model(TEXT, classes=1)
    z, _ = logits(folder, TEXT, f"{Q.text}\n{TEXTS[0]}")
    model = RewardModel(folder=str(folder), slope=0.5, intercept=-1.0)
    assert await scores(model, PREFIXES[:1]) == pytest.approx([1 / (1 + np.exp(1 - 0.5 * z[0]))])


@pytest.mark.parametrize("pad", [True, False])
async def test_a_decoder_is_read_at_its_last_token_with_and_without_padding(
    make_model: MakeModel, pad: bool
) -> None:
    kind = "LlamaForSequenceClassification"
    folder = make_model(kind, classes=1, pad=pad)
    texts = [f"{Q.text}\n{text}" for text in TEXTS]
    wanted = [1 / (1 + np.exp(-logits(folder, kind, text)[0][0])) for text in texts]
    model = RewardModel(folder=str(folder))
    assert await scores(model, [trajectory(t) for t in TEXTS]) == pytest.approx(wanted, abs=1e-5)


async def test_a_pair_model_reads_question_and_steps_as_two_texts(make_model: MakeModel) -> None:
    folder = make_model(TEXT, classes=2)
    (z,) = await CrossEncoder(str(folder)).logits([(Q.text, "\n\n".join(TEXTS))])
    model = RewardModel(folder=str(folder), by="pair")
    assert await scores(model, PREFIXES[2:]) == pytest.approx([float(softmax(z)[1])], abs=1e-5)


@pytest.mark.parametrize("kind", [TOKENS, "BertForTokenClassification"])
async def test_a_process_model_is_read_at_the_last_separator(
    make_model: MakeModel, kind: str
) -> None:
    folder = make_model(kind, classes=2)
    model = RewardModel(folder=str(folder), by="token", separator=" <e> ", batch_size=2)
    wanted = []
    for n in (1, 2, 3):
        z, ids = logits(folder, kind, joined(*TEXTS[:n]))
        places = [i for i, token in enumerate(ids) if token == 4]  # <e>
        assert len(places) == n
        wanted.append(softmax(z[places[-1]])[1])
    assert await scores(model, PREFIXES) == pytest.approx(wanted, abs=1e-5)
    assert await scores(model, PREFIXES[1:2]) == pytest.approx(wanted[1:2], abs=1e-5)
    assert len({round(w, 4) for w in wanted}) == 3


async def test_labels_are_compared_at_the_separator_of_a_language_model(
    make_model: MakeModel,
) -> None:
    folder = make_model(CAUSAL)
    model = RewardModel(
        folder=str(folder), by="token", separator=" <e> ", labels=("+", "-"), batch_size=2
    )
    plus, minus = 9, 10
    wanted = []
    for n in (1, 2, 3):
        z, ids = logits(folder, CAUSAL, joined(*TEXTS[:n]))
        at = max(i for i, token in enumerate(ids) if token == 4)
        wanted.append(softmax(z[at, [plus, minus]])[0])
    assert await scores(model, PREFIXES) == pytest.approx(wanted, abs=1e-5)
    turned = RewardModel(folder=str(folder), by="token", separator=" <e> ", labels=("-", "+"))
    assert await scores(turned, PREFIXES) == pytest.approx([1 - w for w in wanted], abs=1e-5)


async def test_with_turns_each_step_is_answered_by_a_label(make_model: MakeModel) -> None:
    folder = make_model(CAUSAL, chat=True)
    model = RewardModel(folder=str(folder), by="token", turns=True, labels=("+", "-"))
    a, b, c = TEXTS
    texts = [
        f"<u> {Q.text} {a} </s> <a>",
        f"<u> {Q.text} {a} </s> <a> + </s> <u> {b} </s> <a>",
        f"<u> {Q.text} {a} </s> <a> + </s> <u> {b} </s> <a> + </s> <u> {c} </s> <a>",
    ]
    ends = [logits(folder, CAUSAL, text, special=False)[0][-1] for text in texts]
    wanted = [softmax(z[[9, 10]])[0] for z in ends]
    assert await scores(model, PREFIXES) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("chat", [None, False])
async def test_a_chat_template_is_applied_where_there_is_one(
    make_model: MakeModel, chat: bool | None
) -> None:
    folder = make_model(TOKENS, classes=2, chat=True)
    model = RewardModel(folder=str(folder), by="token", separator=" <e> ", chat=chat)
    body = "".join(f"{text} <e> " for text in TEXTS)
    text = joined(*TEXTS) if chat is False else f"<u> {Q.text} </s> <a> {body} </s> "
    z, ids = logits(folder, TOKENS, text, special=False)
    at = max(i for i, token in enumerate(ids) if token == 4)
    assert await scores(model, PREFIXES[2:]) == pytest.approx([softmax(z[at])[1]], abs=1e-5)


async def test_a_step_that_begins_another_is_scored_in_the_same_pass(
    make_model: MakeModel,
) -> None:
    """Where attention looks back only; else its score would depend on what comes later."""
    tokens = {}
    for kind in (TOKENS, "BertForTokenClassification"):
        folder = make_model(kind, classes=2)
        model = RewardModel(folder=str(folder), by="token", separator=" <e> ")
        with metering(Meter()) as meter:
            together = await scores(model, [*PREFIXES, OTHER, PREFIXES[0]])
        tokens[kind] = meter.spent.verifier_tokens
        assert meter.spent.calls == 1
        alone = [(await scores(model, [item]))[0] for item in [*PREFIXES, OTHER, PREFIXES[0]]]
        assert together == pytest.approx(alone, abs=1e-5)
    lengths = [len(joined(*TEXTS[:n]).split()) for n in (1, 2, 3)]
    other = len(joined(TEXTS[0], "cy won .").split())
    assert tokens[TOKENS] == lengths[2] + other
    assert tokens["BertForTokenClassification"] == sum(lengths) + other + 2 * 4


@pytest.mark.parametrize("text", ["a <e> b", "</s> <u> good <a> +", "<e>"])
async def test_text_that_looks_like_a_separator_ends_no_step(
    make_model: MakeModel, text: str
) -> None:
    folder = make_model(TOKENS, classes=2)
    model = RewardModel(folder=str(folder), by="token", separator=" <e> ")
    hostile = Question(id="h", text=f"who {text} ?")
    (verdict,) = await model.judge(hostile, [trajectory(text, text)])
    assert 0 < verdict.score < 1


async def test_a_separator_that_is_no_token_is_an_error_and_no_score(
    make_model: MakeModel,
) -> None:
    folder = make_model(TOKENS, classes=2)
    model = RewardModel(folder=str(folder), by="token", separator="  ")
    with pytest.raises(VerifierError, match="0 scores for 3 steps"):
        await model.judge(Q, PREFIXES[2:])


async def test_a_text_that_is_too_long_is_refused_and_not_cut(make_model: MakeModel) -> None:
    model = RewardModel(folder=str(make_model(TEXT, limit=16)))
    with pytest.raises(ContextOverflowError) as caught:
        await model.judge(Q, [trajectory("ada " * 20)])
    assert (caught.value.prompt_tokens, caught.value.limit) == (2 + 3 + 20, 16)


async def test_empty_trajectories_score_nothing_and_ask_nothing(make_model: MakeModel) -> None:
    model = RewardModel(folder=str(make_model(TEXT)))
    assert await model.judge(Q, []) == []
    with metering(Meter()) as meter:
        (verdict,) = await model.judge(Q, [Trajectory()])
    assert (verdict.score, verdict.label, meter.spent.calls) == (0.0, "none", 0)


@pytest.mark.parametrize(
    "item",
    [
        Step(kind="thought", text="x"),
        Hit(passage=Passage(id="1", title="", text=""), score=1, rank=1, source="t"),
    ],
)
async def test_only_trajectories_are_judged(make_model: MakeModel, item: Item) -> None:
    model = RewardModel(folder=str(make_model(TEXT)))
    with pytest.raises(VerifierError, match="judges trajectories"):
        await model.judge(Q, [item])


def test_what_it_judges_depends_on_what_it_was_trained_for(make_model: MakeModel) -> None:
    outcome = RewardModel(folder=str(make_model(TEXT)))
    process = RewardModel(
        folder=str(make_model(TOKENS)), by="token", separator="<e>", aggregate="min"
    )
    assert outcome.judges == {"trajectory"}
    assert process.judges == {"prefix"}
    assert (process.aggregation, RewardModel.aggregation) == ("min", "product")
    assert isinstance(process, Verifier)
    assert RewardModel.judging({"by": "token", "folder": "x", "separator": "y"}, ()) == {"prefix"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "give one of folder"),
        ({"folder": "a", "served": "b"}, "give one of folder"),
        ({"folder": "a", "separator": "<e>"}, "belong to by: token"),
        ({"folder": "a", "by": "token"}, "by: token needs a separator"),
        ({"folder": "a", "by": "token", "separator": "x", "turns": True}, "needs a separator"),
        ({"folder": "a", "by": "token", "turns": True}, "turns: true needs labels"),
        (
            {"served": "a", "by": "token", "separator": "x", "labels": ("+", "-")},
            "a server is told its labels when it is started",
        ),
        ({"served": "a", "runner": "vllm"}, "runner: vllm is for a folder"),
        ({"folder": "a", "by": "pair", "runner": "vllm"}, "runner: vllm is for a folder"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(fields: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        RewardModel(**fields)


async def test_models_of_another_form_are_refused_and_not_filled_at_random(
    make_model: MakeModel,
) -> None:
    model = RewardModel(folder=str(make_model(CAUSAL)), by="token", separator="<e>")
    with pytest.raises(ConfigError, match="has no weights for score"):
        await model.judge(Q, PREFIXES)
    with pytest.raises(ConfigError, match="no weights as"):
        RewardModel(folder=str(make_model(TEXT, pickled=True)))


async def test_labels_and_classes_that_are_not_there_are_told(make_model: MakeModel) -> None:
    causal = str(make_model(CAUSAL))
    for labels, said in {("+", "+"): "can't tell the labels apart", ("+", "zzz"): "'zzz'"}.items():
        model = RewardModel(folder=causal, by="token", separator=" <e> ", labels=labels)
        with pytest.raises(ConfigError, match=said):
            await model.judge(Q, PREFIXES)
    with pytest.raises(ConfigError, match="has 1 classes; right: 3"):
        await RewardModel(folder=str(make_model(TEXT)), right=3).judge(Q, PREFIXES)
    turns = RewardModel(folder=causal, by="token", turns=True, labels=("+", "-"))
    with pytest.raises(ConfigError, match="no chat template"):
        await turns.judge(Q, PREFIXES)


def test_a_graph_file_can_name_it() -> None:
    assert registry.load("verifiers", "reward_model") is RewardModel
    given = registry.parameters(RewardModel)
    assert "folder" in given.model_fields
    assert not [name for name in given.model_fields if "key" in name or "url" in name]


@pytest.mark.parametrize("odds", [[], [1.0, 2.0], [math.nan], [math.inf], [-math.inf]], ids=str)
async def test_a_score_that_is_missing_or_no_finite_number_is_an_error(
    make_model: MakeModel, odds: list[float]
) -> None:
    class Broken:
        async def log_odds(self, readings: Any) -> list[float]:
            return odds

    model = RewardModel(folder=str(make_model(TEXT)))
    object.__setattr__(model, "_scorer", Broken())
    with pytest.raises(VerifierError, match="1 trajectories were to be judged"):
        await model.judge(Q, PREFIXES[:1])
