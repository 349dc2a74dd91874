"""OpenVINO GenAI's pipeline: how it is built, and what it is told of each request."""

from collections.abc import Sequence
from typing import Any

from ragreason.generation.openvino_messages import Options
from ragreason.generation.openvino_parts import BLOCK, Part
from ragreason.generation.openvino_prompt import Prompts
from ragreason.generation.seeds import mixed


def build(options: Options, *, prefix_cache: bool, tokens: int) -> Any:
    """A pipeline whose KV cache holds `tokens` tokens."""
    import openvino_genai

    scheduler = openvino_genai.SchedulerConfig()
    scheduler.cache_size = 0
    scheduler.num_kv_blocks = -(-tokens // BLOCK)
    scheduler.enable_prefix_caching = prefix_cache
    scheduler.max_num_batched_tokens = options.batch_tokens
    return openvino_genai.ContinuousBatchingPipeline(options.path, scheduler, options.device)


def last_line(error: Exception) -> str:
    """What an error says at its end: the backend's messages begin with source files."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def config_of(part: Part, prompts: Prompts, *, count: bool = False) -> Any:
    """Its generation settings. With `count`, it repeats the prompt, to tell what it has read."""
    import openvino_genai

    job = part.work.job
    config = openvino_genai.GenerationConfig(
        max_new_tokens=part.work.max_tokens,
        apply_chat_template=False,
        echo=part.scored is not None or count,
        logprobs=int(job.logprobs or job.likeliest > 0 or part.scored is not None or count),
        stop_strings={s for s in job.stop if s},
        include_stop_str_in_output=bool(job.stop),  # left out, it is cut at tokens, not characters
    )
    config.set_eos_token_id(prompts.eos)
    config.stop_token_ids = set(prompts.ends)
    if job.likeliest:  # the pipeline gives one log-probability a token: beams of length 1 give more
        config.num_beams = config.num_return_sequences = job.likeliest
    if job.temperature > 0:
        config.do_sample = True
        config.temperature = job.temperature
        config.top_p = job.top_p
        config.rng_seed = mixed(job.seed, part.number)
        config.num_return_sequences = part.n
    if job.constraint is not None:
        kind, text = job.constraint
        config.structured_output_config = openvino_genai.StructuredOutputConfig(**{kind: text})
    config.validate()
    return config


def tensor_of(ids: Sequence[int]) -> Any:
    """Token ids as it takes them."""
    import numpy as np
    import openvino

    return openvino.Tensor(np.array([ids], dtype=np.int64))  # (1, tokens)
