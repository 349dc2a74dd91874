"""What our engine layer costs: 32 concurrent requests through it, against the engine's own batch.

Three rates, measured in turn in each round so that other load on the machine hits them alike:
`own`, OpenVINO GenAI's `generate` of a list in a bare process; `ours`, the same number of requests
at once through `OpenVINOEngine`; `alone`, requests through it one after the other. Prompts have 60
tokens and are new in every round, replies have up to 60 tokens, greedy. The ratios are medians over
rounds.

    python -m benchmarks.engine_layer [--rounds 5] [--model smollm2-135m]
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.types import Message, Request

REQUESTS, ALONE, PROMPT_TOKENS, REPLY_TOKENS = 32, 6, 60, 60
TARGETS = {"ours_over_own": 0.90, "ours_over_alone": 3.0}
RESULT = Path(__file__).parent / "results" / "engine_layer.json"
WORDS = (
    "river stone garden window winter letter market bridge silver forest teacher engine island "
    "summer kitchen doctor paper music valley station morning castle father village mountain"
).split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--own", metavar="PATH", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.own:
        serve_own(given.own)
        return
    command = [sys.executable, __file__, "--own", str(models.path(given.model))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as own:
        result = asyncio.run(measure(given.model, given.rounds, own))
        own.kill()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    report(result)


async def measure(model: str, rounds: int, own: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """All rounds; the first, which warms everything up, is left out."""
    rates: dict[str, list[float]] = {"own": [], "ours": [], "alone": []}
    engine = OpenVINOEngine(model)
    for number in range(rounds + 1):
        batch = [await prompt(engine, number, i) for i in range(REQUESTS)]
        fresh = [await prompt(engine, number, REQUESTS + i) for i in range(ALONE)]
        measured = {"own": ask_own(own, batch)} if number % 2 else {}  # neither is always first
        measured["ours"] = await ours(engine, batch)
        if "own" not in measured:
            measured["own"] = ask_own(own, batch)
        measured["alone"] = await alone(engine, fresh)
        print(f"round {number}: {shown(measured)}", file=sys.stderr, flush=True)
        for name, rate in measured.items():
            rates[name] += [rate] if number else []
    await engine.aclose()
    return summary(model, rates)


async def prompt(engine: OpenVINOEngine, number: int, index: int) -> Request:
    """A request whose rendered prompt has exactly PROMPT_TOKENS tokens."""
    rng = random.Random(number * 1000 + index)
    text = f"Tell a long story {number} {index} with these words:"
    while True:
        request = Request(messages=(Message(role="user", content=text),), max_tokens=REPLY_TOKENS)
        if await engine.count_tokens(request) == PROMPT_TOKENS:
            return request
        text += f" {rng.choice(WORDS)}"


async def ours(engine: OpenVINOEngine, batch: list[Request]) -> float:
    """Generated tokens a second, all at once."""
    started = time.perf_counter()
    replies = await asyncio.gather(*map(engine.generate, batch))
    tokens = sum(c.usage.completion_tokens for reply in replies for c in reply)
    return tokens / (time.perf_counter() - started)


async def alone(engine: OpenVINOEngine, batch: list[Request]) -> float:
    """Generated tokens a second, one after the other."""
    started = time.perf_counter()
    replies = [await engine.generate(request) for request in batch]
    tokens = sum(c.usage.completion_tokens for reply in replies for c in reply)
    return tokens / (time.perf_counter() - started)


def ask_own(own: "subprocess.Popen[bytes]", batch: list[Request]) -> float:
    """Generated tokens a second in the bare process."""
    assert own.stdin is not None
    assert own.stdout is not None
    own.stdin.write(json.dumps([r.messages[0].content for r in batch]).encode() + b"\n")
    own.stdin.flush()
    return float(own.stdout.readline())


def serve_own(path: str) -> None:
    """The bare process: a line of prompts in, a rate out. Same scheduler settings as ours."""
    import openvino_genai

    scheduler = openvino_genai.SchedulerConfig()
    scheduler.cache_size = 0
    scheduler.num_kv_blocks = 2048
    scheduler.enable_prefix_caching = True
    pipeline = openvino_genai.ContinuousBatchingPipeline(path, scheduler, "CPU")
    tokenizer = pipeline.get_tokenizer()
    config = openvino_genai.GenerationConfig(max_new_tokens=REPLY_TOKENS, apply_chat_template=False)
    config.set_eos_token_id(tokenizer.get_eos_token_id())
    for line in sys.stdin:
        chats = [
            [{"role": "system", "content": ""}, {"role": "user", "content": text}]
            for text in json.loads(line)
        ]
        prompts = [tokenizer.apply_chat_template(c, add_generation_prompt=True) for c in chats]
        started = time.perf_counter()
        results = pipeline.generate(prompts, [config] * len(prompts))
        seconds = time.perf_counter() - started
        # Every result carries the metrics of the whole batch.
        print(results[0].perf_metrics.get_num_generated_tokens() / seconds, flush=True)


def summary(model: str, rates: dict[str, list[float]]) -> dict[str, Any]:
    own = [a / b for a, b in zip(rates["ours"], rates["own"], strict=True)]
    single = [a / b for a, b in zip(rates["ours"], rates["alone"], strict=True)]
    ratios = {"ours_over_own": statistics.median(own), "ours_over_alone": statistics.median(single)}
    return {
        "model": model,
        "requests": REQUESTS,
        "prompt_tokens": PROMPT_TOKENS,
        "reply_tokens": REPLY_TOKENS,
        "rounds": len(own),
        "ratios": ratios,
        "ratios_by_round": {"ours_over_own": own, "ours_over_alone": single},
        "targets": TARGETS,
        "met": {name: ratios[name] >= bound for name, bound in TARGETS.items()},
        "tokens_per_s": {name: statistics.median(values) for name, values in rates.items()},
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "openvino_genai": version("openvino-genai"),
    }


def report(result: dict[str, Any]) -> None:
    print(f"throughput of {result['model']}: {shown(result['tokens_per_s'])} (medians)")
    for name, bound in TARGETS.items():
        met = "met" if result["met"][name] else "MISSED"
        print(f"{name}: {result['ratios'][name]:.2f} (target {bound:g}, {met})")


def shown(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {rate:.0f} tokens/s" for name, rate in rates.items())


if __name__ == "__main__":
    main()
