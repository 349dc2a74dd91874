"""What the worker's batch asks of the pipeline, without a pipeline."""

from ragreason.generation.openvino_batch import Batch
from ragreason.generation.openvino_messages import Job
from ragreason.generation.openvino_parts import BLOCK, Output, Part, Work
from ragreason.generation.openvino_scores import ScoreMemory


def work(prompt: list[int]) -> Work:
    return Work(Job(id=1, kind="score", chat=(), prefill=""), prompt, 1)


def score_parts(prompt: list[int], *scored: list[int]) -> list[Part]:
    batch = Batch.__new__(Batch)
    batch._memory = ScoreMemory()
    return batch._score_parts(work(prompt), scored)


def test_a_prompt_is_read_once_in_whole_blocks_before_anything_is_scored() -> None:
    first, *rest = score_parts(list(range(3 * BLOCK + 4)), [7], [8, 9])
    assert first.warms
    assert first.ids == list(range(3 * BLOCK))
    assert [part.scored for part in rest] == [[7], [8, 9]]


def test_the_last_token_of_a_prompt_is_left_for_the_first_score() -> None:
    first, *_ = score_parts(list(range(2 * BLOCK)), [7])
    assert len(first.ids) == BLOCK


def test_a_prompt_of_less_than_a_block_is_not_read_beforehand() -> None:
    assert [part.warms for part in score_parts(list(range(BLOCK)), [7])] == [False]


def test_a_part_waits_for_one_that_reads_most_of_its_prompt_until_that_has_an_output() -> None:
    shared = list(range(10 * BLOCK))
    leader, follower = Part(work([*shared, 1]), 0), Part(work(shared + [2] * BLOCK), 0)
    stranger = Part(work([5] * 10 * BLOCK), 0)
    assert follower.follows(leader)
    assert not stranger.follows(leader)
    leader.outputs[0] = Output(ids=[3])
    assert not follower.follows(leader)


def test_a_short_common_beginning_is_not_worth_waiting_for() -> None:
    begin = list(range(BLOCK))
    leader, other = Part(work(begin + [1] * 90), 0), Part(work(begin + [2] * 90), 0)
    assert not other.follows(leader)
    assert not Part(work(begin), 0).follows(Part(work(begin), 0)), "there is no whole block"


def test_a_repeated_prompt_is_dropped_and_tells_how_much_of_it_was_read() -> None:
    cold = Output(ids=[1, 2, 3, 4, 9, 8], logprobs=[0.0, -1.0, -1.0, -1.0, -2.0, -3.0])
    assert cold.without(4) == 4
    assert (cold.ids, cold.logprobs) == ([9, 8], [-2.0, -3.0])
    warm = Output(ids=[1, 2, 3, 4, 9, 8], logprobs=[-1.0, -2.0, -3.0])
    assert warm.without(4) == 2, "behind cached blocks, the first one read is not told of"
    assert (warm.ids, warm.logprobs) == ([9, 8], [-2.0, -3.0])
