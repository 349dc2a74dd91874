"""The client of served reward models, against a small server that speaks vLLM's documented JSON."""

import json
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from ragreason.errors import (
    ConfigError,
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    RagreasonError,
    VerifierError,
)
from ragreason.ledger import Meter, metering
from ragreason.settings import Settings
from ragreason.types import Question, Step, Trajectory, Verdict
from ragreason.verification import reward_model, reward_served
from ragreason.verification.reward_model import RewardModel

KEY = "sk-very-secret-0123456789"
OTHER_KEY = "sk-of-another-server-9876"
Q = Question(id="q", text="Who?")
USAGE = {"prompt_tokens": 20, "total_tokens": 20, "completion_tokens": 0}
Reply = Callable[[dict[str, Any]], Any]


def trajectory(*texts: str) -> Trajectory:
    return Trajectory(steps=tuple(Step(kind="thought", text=text) for text in texts))


ONE, TWO = trajectory("a"), trajectory("a", "b")


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def listed(*entries: dict[str, Any]) -> dict[str, Any]:
    """As vLLM replies, in any order."""
    data = [{"index": i, **entry} for i, entry in enumerate(entries)]
    return {"id": "x", "object": "list", "model": "m", "data": data[::-1], "usage": USAGE}


class Fake(ThreadingHTTPServer):
    """Sends what it is told to, in order, the last over and over; keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.keys: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.add(self.headers["Authorization"])
        self.server.asked.append((self.path, body))
        replies = self.server.replies
        status, value = replies.pop(0) if len(replies) > 1 else replies[0]
        if callable(value):
            value = value(body)
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        with suppress(BrokenPipeError, ConnectionResetError):  # the client gave up
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with Fake() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        use(monkeypatch, reward_base_url=f"{running.url}/v1", reward_api_key=KEY)
        monkeypatch.setattr(reward_served, "BACKOFF_S", 0.0)
        yield running
        running.shutdown()
        thread.join()


def use(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    for module in (reward_model, reward_served):
        monkeypatch.setattr(module, "settings", lambda: Settings(**fields))


async def judged(model: RewardModel, *items: Trajectory) -> list[Verdict]:
    return await model.judge(Q, items or (ONE,))


async def failure(server: Fake, status: int, value: Any) -> RagreasonError:
    server.replies = [(status, value)]
    with pytest.raises(RagreasonError) as caught:
        await judged(RewardModel(served="m"))
    return caught.value


@pytest.mark.parametrize(
    ("rows", "right", "wanted"),
    [
        ([[2.0], [-1.0]], -1, [sigmoid(2.0), sigmoid(-1.0)]),
        ([[0.0, 3.0], [1.0, 0.5]], -1, [sigmoid(3.0), sigmoid(-0.5)]),
        ([[0.0, 3.0], [1.0, 0.5]], 0, [sigmoid(-3.0), sigmoid(0.5)]),
    ],
)
async def test_by_sequence_it_asks_classify_for_logits(
    server: Fake, rows: list[list[float]], right: int, wanted: list[float]
) -> None:
    server.replies = [(200, listed(*({"probs": row, "num_classes": len(row)} for row in rows)))]
    found = await judged(RewardModel(served="m", right=right), ONE, TWO)
    assert [v.score for v in found] == pytest.approx(wanted)
    assert server.asked == [
        ("/classify", {"model": "m", "use_activation": False, "input": ["Who?\na", "Who?\na\n\nb"]})
    ]
    assert server.keys == {f"Bearer {KEY}"}


async def test_by_pair_it_asks_score_for_question_and_steps(server: Fake) -> None:
    server.replies = [(200, listed({"score": 0.5}, {"score": -2.0}))]
    found = await judged(RewardModel(served="m", by="pair"), ONE, TWO)
    assert [v.score for v in found] == pytest.approx([sigmoid(0.5), sigmoid(-2.0)])
    ((path, body),) = server.asked
    assert path == "/score"
    assert (body["text_1"], body["text_2"]) == (["Who?", "Who?"], ["a", "a\n\nb"])


async def test_by_token_it_asks_pooling_and_takes_the_last_steps_row(server: Fake) -> None:
    rows = ({"data": [[0.0, 1.0]]}, {"data": [[0.0, 1.0], [0.5, 0.0]]})
    server.replies = [(200, listed(*rows))]
    model = RewardModel(served="m", by="token", separator="<e>")
    found = await judged(model, ONE, TWO)
    assert [v.score for v in found] == pytest.approx([sigmoid(1.0), sigmoid(-0.5)])
    ((path, body),) = server.asked
    assert path == "/pooling"
    assert (body["task"], body["input"]) == ("token_classify", ["Who?\na<e>", "Who?\na<e>b<e>"])


async def test_a_chat_is_one_request_a_trajectory(server: Fake) -> None:
    def reply(body: dict[str, Any]) -> Any:
        steps = body["messages"][-1]["content"].count("<e>")
        return listed({"data": [[0.0, float(i)] for i in range(1, steps + 1)]})

    server.replies = [(200, reply)]
    model = RewardModel(served="m", by="token", separator="<e>", chat=True, system="Judge.")
    found = await judged(model, TWO, ONE)
    assert [v.score for v in found] == pytest.approx([sigmoid(2.0), sigmoid(1.0)])
    roles = [[m["role"] for m in body["messages"]] for _, body in server.asked]
    assert roles == [["system", "user", "assistant"]] * 2


@pytest.mark.parametrize("rows", [[], [[0.0, 1.0]], [[0.0, 1.0]] * 3])
async def test_another_number_of_scores_than_steps_is_an_error(
    server: Fake, rows: list[list[float]]
) -> None:
    server.replies = [(200, listed({"data": rows}))]
    with pytest.raises(VerifierError, match=f"{len(rows)} scores came for 2 steps; serve it with"):
        await judged(RewardModel(served="m", by="token", separator="<e>"), TWO)


async def test_a_step_that_holds_the_separator_is_still_one_step(server: Fake) -> None:
    def reply(body: dict[str, Any]) -> Any:
        return listed(*({"data": [[1.0]] * text.count("<e>")} for text in body["input"]))

    server.replies = [(200, reply)]
    model = RewardModel(served="m", by="token", separator="<e>")
    (verdict,) = await judged(model, trajectory("a <e> b", "<e><e>"))
    assert verdict.score == pytest.approx(sigmoid(1.0))


async def test_too_few_trajectories_are_an_error(server: Fake) -> None:
    server.replies = [(200, listed({"probs": [1.0]}))]
    with pytest.raises(VerifierError, match="1 scores came for 2 trajectories"):
        await judged(RewardModel(served="m"), ONE, TWO)


@pytest.mark.parametrize(
    "value",
    [
        listed({"probs": []}),
        listed({"probs": ["x"]}),
        listed({"embedding": [1.0]}),
        {"data": [1]},
        {},
        listed({"probs": [0.25, 0.75]}, {"probs": [0.5, 0.5]}),
    ],
)
async def test_replies_of_another_form_are_errors_and_no_scores(server: Fake, value: Any) -> None:
    assert isinstance(await failure(server, 200, value), VerifierError)


async def test_what_the_server_read_is_charged_as_a_verifiers(server: Fake) -> None:
    server.replies = [(200, listed({"probs": [1.0]}, {"probs": [2.0]}))]
    with metering(Meter()) as meter:
        await judged(RewardModel(served="m"), ONE, TWO, ONE)
    assert (meter.spent.verifier_tokens, meter.spent.calls) == (20, 1)
    assert meter.spent.prompt_tokens == 0


async def test_a_busy_server_is_tried_again_and_not_for_ever(server: Fake) -> None:
    server.replies = [(503, {}), (429, {}), (200, listed({"probs": [0.0]}))]
    (verdict,) = await judged(RewardModel(served="m"))
    assert (verdict.score, len(server.asked)) == (0.5, 3)
    error = await failure(server, 500, {})
    assert isinstance(error, EngineError)
    assert "status 500 again and again" in str(error)
    assert len(server.asked) == 3 + reward_served.ATTEMPTS


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "set RAGREASON_REWARD_API_KEY"),
        (403, "refused the key"),
        (404, "does not know this model or /classify"),
    ],
)
async def test_a_refused_key_or_unknown_model_is_the_users_error(
    server: Fake, status: int, said: str
) -> None:
    error = await failure(server, status, {"error": {"message": f"bad key {KEY}"}})
    assert isinstance(error, ConfigError)
    assert said in str(error)


async def test_an_overflow_is_recognised(server: Fake) -> None:
    message = "This model's maximum context length is 4096 tokens. Your request has 5000 tokens."
    error = await failure(server, 400, {"error": {"message": message, "code": 400}})
    assert isinstance(error, ContextOverflowError)
    assert (error.prompt_tokens, error.limit) == (5000, 4096)


async def test_a_bad_request_is_told_and_not_repeated(server: Fake) -> None:
    error = await failure(server, 400, {"error": {"message": "no such task"}})
    assert isinstance(error, EngineError)
    assert "no such task" in str(error)
    assert len(server.asked) == 1


async def test_no_json_is_an_error(server: Fake) -> None:
    assert "no JSON object" in str(await failure(server, 200, b"<html>"))


async def test_the_key_shows_nowhere(server: Fake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = await failure(server, 400, {"error": {"message": f"bad {KEY}"}})
    other = await failure(server, 401, {"error": {"message": f"bad {KEY}"}})
    model = RewardModel(served="m")
    shown = [repr(model), repr(error), repr(other), str(error.__cause__), caplog.text]
    assert not [text for text in shown if KEY in text]
    assert "***" in str(error)


async def test_a_key_goes_only_to_the_server_it_was_set_for(
    server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies = [(200, listed({"probs": [0.0]}))]
    openai = {"openai_base_url": f"{server.url}/v1/", "openai_api_key": OTHER_KEY}
    use(monkeypatch, reward_base_url=server.url, **openai)
    await judged(RewardModel(served="m"))
    assert server.keys == {None}
    use(monkeypatch, **openai, reward_api_key=KEY)
    await judged(RewardModel(served="m"))
    assert server.keys == {None, f"Bearer {OTHER_KEY}"}


async def test_an_absent_or_silent_server_is_told(
    server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, reward_base_url="http://127.0.0.1:9")
    with pytest.raises(EngineDiedError, match="can't be reached"):
        await judged(RewardModel(served="m"))
    use(monkeypatch, reward_base_url=server.url, request_timeout_s=0.1)
    given_up = Event()
    server.replies = [(200, lambda body: given_up.wait(30))]
    with pytest.raises(EngineTimeoutError, match="request_timeout_s"):
        await judged(RewardModel(served="m"))
    given_up.set()


def test_without_a_server_it_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch)
    with pytest.raises(ConfigError, match="set RAGREASON_REWARD_BASE_URL"):
        RewardModel(served="m")
