"""Cross-encoders of random weights, against transformers asked pair by pair."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragreason.errors import BudgetReachedError, ConfigError, UnknownNameError
from ragreason.ledger import Meter, metering
from ragreason.types import Budget
from ragreason.verification.cross_encoder import CrossEncoder

pytestmark = pytest.mark.model

MakeModel = Callable[..., Path]
KIND = "BertForSequenceClassification"
PAIRS = [("who ran ?", "ada ran ."), ("who ran ?", "bo left the film ."), ("so", "a good one")]


def expected(folder: Path, pairs: list[tuple[str, str]]) -> Any:
    """Logits, one pair at a time and so without padding."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        rows = [model(**tokenizer(*pair, return_tensors="pt")).logits[0] for pair in pairs]
    return np.stack([row.numpy() for row in rows])


@pytest.mark.parametrize("classes", [1, 3])
async def test_logits_are_the_models_in_the_pairs_order(
    make_model: MakeModel, classes: int
) -> None:
    folder = make_model(KIND, classes=classes)
    model = CrossEncoder(str(folder), batch_size=2, device="cpu")
    logits = await model.logits([*PAIRS, PAIRS[0]])
    assert logits.shape == (4, classes)
    assert logits == pytest.approx(expected(folder, [*PAIRS, PAIRS[0]]), abs=1e-5)
    assert len({round(float(z), 4) for z in logits[:3, 0]}) == 3
    assert (await model.logits(PAIRS[::-1]))[0] == pytest.approx(logits[2], abs=1e-5)


async def test_no_pairs_give_no_logits(make_model: MakeModel) -> None:
    model = CrossEncoder(str(make_model(KIND, classes=3)))
    assert (await model.logits([])).shape == (0, 3)


async def test_texts_that_are_too_long_or_odd_are_read_too(make_model: MakeModel) -> None:
    model = CrossEncoder(str(make_model(KIND, limit=16)))
    logits = await model.logits([("who " * 100, "ada " * 100), ("\ud800", ""), ("", "")])
    assert np.isfinite(logits).all()


async def test_tokens_are_charged_once_a_pair_as_a_verifiers(make_model: MakeModel) -> None:
    model = CrossEncoder(str(make_model(KIND)))
    with metering(Meter()) as meter:
        await model.logits([PAIRS[0], PAIRS[2], PAIRS[0]])
    assert meter.spent.verifier_tokens == (3 + 3 + 3) + (1 + 3 + 3)
    assert (meter.spent.prompt_tokens, meter.spent.calls) == (0, 1)
    spent = Meter(Budget(tokens=1), before=meter.spent)
    with metering(spent), pytest.raises(BudgetReachedError):
        await model.logits(PAIRS)


def test_the_classes_names_come_from_the_model(make_model: MakeModel) -> None:
    folder = make_model(KIND, classes={0: "no", 1: "entailment"})
    assert CrossEncoder(str(folder)).labels == ("no", "entailment")


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("BertModel", {}, "is a BertModel; expected a ...ForSequenceClassification"),
        (KIND, {"pickled": True}, r"no weights as \*.safetensors"),
    ],
)
def test_models_that_will_not_do_are_refused_before_they_load(
    make_model: MakeModel, kind: str, fields: Any, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        CrossEncoder(str(make_model(kind, **fields)))


def test_a_folder_without_a_model_and_an_unknown_name_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        CrossEncoder(str(tmp_path))
    with pytest.raises(UnknownNameError, match="unknown model 'cross-encodr'"):
        CrossEncoder("cross-encodr")


async def test_a_models_own_code_is_never_run(make_model: MakeModel, tmp_path: Path) -> None:
    import json

    folder = make_model(KIND)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    ran = tmp_path / "ran"
    (folder / "mine.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass Mine: pass\n")
    with pytest.raises(ConfigError, match="can't be loaded"):
        await CrossEncoder(str(folder)).logits(PAIRS)
    assert not ran.exists()
