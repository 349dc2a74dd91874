"""What a schedule takes where nothing but the GPU and the searches takes any time."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.simulated_server.gpu import RATES, Gpu, Rates, Work


@dataclass(frozen=True)
class Call:
    """One call of the model: its words in and out."""

    prompt: Sequence[str]
    reply: Sequence[str]


Course = Sequence[Call]
"""The calls of one question, in turn, a search before each."""


def together(courses: Sequence[Course], retrieval_s: float, rates: Rates = RATES) -> float:
    """Seconds until all questions are answered, all begun at once, calls first in, first out."""
    gpu = Gpu(rates)
    arrivals = [(retrieval_s, number, 0) for number in range(len(courses))]
    heapq.heapify(arrivals)
    owner: dict[int, tuple[int, int]] = {}
    now_s = 0.0
    while arrivals or gpu.running or gpu.waiting:
        if not gpu.running and not gpu.waiting:
            now_s = max(now_s, arrivals[0][0])
        while arrivals and arrivals[0][0] <= now_s:
            at_s, number, step = heapq.heappop(arrivals)
            call = courses[number][step]
            work = Work(call.prompt, call.reply, at_s)
            owner[id(work)] = (number, step)
            gpu.submit(work)
        ends_s = gpu.begin(now_s)
        assert ends_s is not None
        now_s = ends_s
        for work in gpu.finish():
            number, step = owner.pop(id(work))
            if step + 1 < len(courses[number]):
                heapq.heappush(arrivals, (now_s + retrieval_s, number, step + 1))
    return now_s


def in_rounds(courses: Sequence[Course], retrieval_s: float, rates: Rates = RATES) -> float:
    """The same where the next step of any question waits for this step of all of them."""
    gpu, now_s = Gpu(rates), 0.0
    for step in range(max(map(len, courses))):
        now_s += retrieval_s
        for call in (course[step] for course in courses if len(course) > step):
            gpu.submit(Work(call.prompt, call.reply, now_s))
        while (ends_s := gpu.begin(now_s)) is not None:
            now_s = ends_s
            gpu.finish()
    return now_s


def one_by_one(courses: Sequence[Course], retrieval_s: float, rates: Rates = RATES) -> float:
    """The same where the next question waits for this one."""
    gpu, now_s = Gpu(rates), 0.0
    for call in (call for course in courses for call in course):
        now_s += retrieval_s
        gpu.submit(Work(call.prompt, call.reply, now_s))
        while (ends_s := gpu.begin(now_s)) is not None:
            now_s = ends_s
            gpu.finish()
    return now_s
