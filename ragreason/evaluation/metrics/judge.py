"""A model that says whether an answer means the same as gold. It sees gold: it is no verifier.

What a judge says is worth as much as its agreement with something known: hold it against EM
(`agreement`), whose rights it should nearly all share, and look at where they differ.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragreason.concurrency import all_or_none
from ragreason.errors import VerifierError
from ragreason.protocols import Generator
from ragreason.text.language import language
from ragreason.types import Message, Request
from ragreason.verification.reading import inert

RUBRIC = """You compare an answer to a question with reference answers.

It is correct if it gives the same answer as one of the references. Other spelling, word order, \
units, abbreviations, and more or less detail do not matter, as long as the same thing is meant.
It is incorrect if it names another thing, gives several different answers, contradicts the \
references, or does not answer. Do not use your own knowledge of the question.

Question: {question}
Reference answers: {golds}
Answer: {answer}

Is the answer correct or incorrect?"""
RUBRIC_ZH = """请把一个问题的回答与参考答案进行比较。

如果回答与其中一个参考答案是同一个答案，就是正确的。写法、语序、单位、简称以及详略不同都没有关系，\
只要指的是同一事物。
如果回答指的是别的事物、给出几个不同的答案、与参考答案矛盾或没有作答，就是错误的。\
不要使用你自己对这个问题的知识。

问题：{question}
参考答案：{golds}
回答：{answer}

这个回答是正确还是错误？"""
_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"verdict": {"type": "string", "enum": ["correct", "incorrect"]}},
        "required": ["verdict"],
        "additionalProperties": False,
    }
)
_WORD = re.compile(r"(?:not|isn['’]t) correct|incorrect|correct|不是?正确|正确|错误", re.IGNORECASE)
_RIGHT = frozenset({"correct", "正确"})
_MAX_TOKENS = 32


@dataclass(frozen=True)
class Asked:
    """One answer to be judged: the question's text, its golds, and what was answered."""

    question: str
    golds: tuple[str, ...]
    answer: str


def judge_request(asked: Asked) -> Request:
    """The rubric, in the question's language, with the three filled in; greedy."""
    rubric = RUBRIC_ZH if language(asked.question) == "zh" else RUBRIC
    content = rubric.format(
        question=inert(asked.question),
        golds="; ".join(map(inert, asked.golds)),
        answer=inert(asked.answer),
    )
    return Request(messages=(Message(role="user", content=content),), max_tokens=_MAX_TOKENS)


async def judge_answers(engine: Generator, asked: Sequence[Asked]) -> list[bool]:
    """Whether each answer is correct, in order. Equal ones are judged once, an empty one is not.

    The engine decides how many it takes at once. Engines with "json_schema" reply as JSON; of
    others the first "correct" or "incorrect" counts. Raises VerifierError for a reply that says
    neither: it must not count as either.
    """
    distinct = list(dict.fromkeys(one for one in asked if one.answer.strip()))
    said = await all_or_none(_judged(engine, one) for one in distinct)
    known = dict(zip(distinct, said, strict=True))
    return [known.get(one, False) for one in asked]


async def _judged(engine: Generator, asked: Asked) -> bool:
    request = judge_request(asked)
    if "json_schema" in engine.capabilities:
        request = request.model_copy(update={"json_schema": _SCHEMA})
    (reply,) = await engine.generate(request)
    found = _WORD.search(reply.text)
    if found is None:
        raise VerifierError(f"the judge said {reply.text[:80]!r}; expected correct or incorrect")
    return found[0].lower() in _RIGHT
