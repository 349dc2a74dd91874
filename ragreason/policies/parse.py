"""Model output to steps. Only generated text is parsed, never the prompt."""

import re

from ragreason.types import Completion, Step, StepKind

_ACTION = re.compile(r"^[ \t]*(Search|Answer|搜索|答案)[ \t]*[:：][ \t]*(.*)$", re.MULTILINE)
_FINAL = re.compile(r"(?:answer is|答案是)\s*[:：]?\s*(.+?)\s*$", re.IGNORECASE | re.DOTALL)
_KINDS: dict[str, StepKind] = {
    "Search": "search",
    "搜索": "search",
    "Answer": "answer",
    "答案": "answer",
}


def action_step(completion: Completion) -> Step:
    """A thought that ends in a `Search:` or `Answer:` line; what follows that line is dropped.

    Without such a line, or with an empty one, it is a bare thought. An answer that the length limit
    cut is marked truncated.
    """
    found = _ACTION.search(completion.text)
    cut = completion.finish_reason == "length"
    if found is None or not clean(found[2]):
        return from_completion(completion, "thought", text=completion.text.rstrip(), truncated=cut)
    content = clean(found[2])
    reached_end = found.end() == len(completion.text)
    kind = _KINDS[found[1]]
    return from_completion(
        completion,
        kind,
        text=completion.text[: found.end()].rstrip(),
        truncated=cut and reached_end,
        **{"query" if kind == "search" else "answer": content},
    )


def final_answer(text: str) -> str | None:
    """What follows the last "the answer is", on one line and without a full stop; None without."""
    pieces = re.split(r"(?i)(?=answer is|答案是)", text)
    found = _FINAL.search(pieces[-1]) if len(pieces) > 1 else None
    return clean(found[1].splitlines()[0]) if found else None


def before_answer(text: str) -> str:
    """What stands before "so the answer is", a closing comma dropped; the whole text if nothing.

    >>> before_answer("Edda Quill was born in 1874, so the answer is: 1874.")
    'Edda Quill was born in 1874'
    """
    before = re.split(
        r"(?i)[,，]?\s*(?:so|thus|therefore)?\s*,?\s*the answer is|[,，]?\s*所以答案是", text
    )[0]
    return before.rstrip() or text


def clean(text: str) -> str:
    """Strip white space, paired quotes, emphasis, and a full stop that ends no abbreviation.

    >>> clean('"Paris."')
    'Paris'
    """
    text = text.strip().strip("*_`").strip()
    for left, right in ('""', "''", "“”", "‘’"):
        if len(text) > 1 and text[0] == left and text[-1] == right:
            text = text[1:-1].strip()
    if text.endswith("。") or (text.endswith(".") and not re.search(r"\b\w\.$|\.\w+\.$", text)):
        text = text[:-1].rstrip()
    return text


def from_completion(
    completion: Completion,
    kind: StepKind,
    *,
    text: str,
    truncated: bool = False,
    query: str = "",
    answer: str = "",
) -> Step:
    """A step that keeps the completion's tokens, logprob and usage."""
    return Step(
        kind=kind,
        text=text,
        query=query,
        answer=answer,
        truncated=truncated,
        token_ids=completion.token_ids,
        logprob=completion.sum_logprob,
        usage=completion.usage,
    )
