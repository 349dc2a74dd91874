"""An engine as a model of the lm-evaluation-harness, with its real classes where installed."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ragreason.errors import CapabilityError, ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.integrations.lm_eval import harness_model
from ragreason.types import Request

pytestmark = pytest.mark.filterwarnings("default")  # their imports warn, not ours


class Scoring(Scripted):
    """Scores a continuation by its length: shorter is likelier."""

    async def score(self, request: Request, continuations: Any) -> list[float]:
        self.requests.append(request)
        return [-float(len(text)) for text in continuations]


@pytest.fixture
def harness() -> None:
    pytest.importorskip("lm_eval", reason="the lm-evaluation-harness is not installed")


def asked(*args: Any) -> Any:
    return SimpleNamespace(args=args)


def test_without_the_harness_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    monkeypatch.setitem(sys.modules, "lm_eval.api.model", None)
    with pytest.raises(ConfigError, match=r"\.\[lm-eval\]"):
        harness_model(Scripted(default="x"))


@pytest.mark.usefixtures("harness")
def test_replies_end_where_the_task_says() -> None:
    engine = Scripted(rules=[("2 + 2", "4\n\nQuestion: 3 + 3")], default="no")
    model = harness_model(engine)
    options = {"until": ["\n\n"], "max_gen_toks": 9, "do_sample": False, "temperature": 0.7}
    assert model.generate_until([asked("What is 2 + 2?", options), asked("?", {})]) == ["4", "no"]
    request = engine.requests[0]
    assert (request.max_tokens, request.temperature, request.stop) == (9, 0.0, ("\n\n",))


@pytest.mark.usefixtures("harness")
def test_likelihoods_are_in_order_and_tell_the_greedy_one() -> None:
    engine = Scoring(rules=[("sky", "blue")], default="a")
    model = harness_model(engine)
    found = model.loglikelihood(
        [asked("The sky is", " green"), asked("x", " a"), asked("The sky is", " blue")]
    )
    assert found == [(-5.0, False), (-1.0, True), (-4.0, True)]


@pytest.mark.usefixtures("harness")
def test_chat_templates_keep_the_messages() -> None:
    engine = Scripted(default="yes")
    model = harness_model(engine)
    history = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Is it?"},
        {"role": "assistant", "content": "Answer:"},
    ]
    context = model.apply_chat_template(history, add_generation_prompt=False)
    assert model.generate_until([asked(context, {})]) == ["yes"]
    request = engine.requests[0]
    assert [m.role for m in request.messages] == ["system", "user"]
    assert request.prefill == "Answer:"


@pytest.mark.usefixtures("harness")
def test_texts_alone_are_refused() -> None:
    with pytest.raises(CapabilityError, match="leave out perplexity tasks"):
        harness_model(Scripted(default="x")).loglikelihood_rolling([asked("text")])


@pytest.mark.usefixtures("harness")
def test_the_harness_evaluates_a_task_of_its_own() -> None:
    from datasets import Dataset
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.evaluator import evaluate

    documents = Dataset.from_list([{"q": "sky", "choices": ["blue", "green"], "gold": 0}] * 3)
    task = ConfigurableTask(
        config={
            "task": "colours",
            "custom_dataset": lambda **_: {"test": documents},
            "test_split": "test",
            "output_type": "multiple_choice",
            "doc_to_text": "The {{q}} is",
            "doc_to_choice": "{{choices}}",
            "doc_to_target": "gold",
        }
    )
    found = evaluate(lm=harness_model(Scoring(default="x")), task_dict={"colours": task})
    assert found is not None
    assert found["results"]["colours"]["acc,none"] == 1.0
