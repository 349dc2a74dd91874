"""Tokens that a reward model on this machine reads, and where its scores stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ragreason.errors import ConfigError, VerifierError
from ragreason.verification.reward_text import BETWEEN, Message, Reading, escaped

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Input:
    """A tokenised trajectory. `at` is the position whose logits score its last step."""

    ids: Ids
    at: int = -1


@dataclass(frozen=True)
class InputMaker:
    """How a model wants trajectories: whole, or with `token` scored where a step ends.

    A step ends at its `separator`, or, with `turns`, where the assistant is to say its label: then
    steps are the user's messages, and `turns` the label that the assistant gave the earlier ones.
    `chat` None uses the tokenizer's chat template where it has one.
    """

    token: bool = False
    separator: str = ""
    turns: str = ""
    chat: bool | None = None
    system: str = ""

    def __call__(self, tokenizer: Any, reading: Reading) -> Input:
        """Raises VerifierError where not every step gets its score."""
        marks = {*tokenizer.all_special_tokens, self.separator}
        clean = Reading(
            escaped(reading.question, marks), tuple(escaped(step, marks) for step in reading.steps)
        )
        if self.turns:
            text = _rendered(tokenizer, clean.turns(self.turns, self.system), prompt=True)
            ids = tuple(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
            return Input(ids, len(ids) - 1)
        inner = self.separator or BETWEEN
        body = clean.joined(inner, self.separator)
        chat = bool(tokenizer.chat_template) if self.chat is None else self.chat
        text = f"{clean.question}\n{body}"
        if chat:
            text = _rendered(tokenizer, clean.chat(inner, self.separator, self.system))
        return self._located(tokenizer, text, body, clean.steps, special=not chat)

    def _located(
        self, tokenizer: Any, text: str, body: str, steps: Sequence[str], *, special: bool
    ) -> Input:
        options = {"add_special_tokens": special, "verbose": False}  # lengths are checked later
        if not self.token:
            return Input(tuple(tokenizer(text, **options)["input_ids"]))
        if not tokenizer.is_fast:
            raise ConfigError("scores by token need a fast tokenizer (tokenizer.json)")
        found = tokenizer(text, return_offsets_mapping=True, **options)
        start = text.rfind(body)
        if start < 0:
            raise VerifierError("the chat template rewrites what the steps say; give chat: false")
        places = [
            place
            for end in _ends(steps, self.separator)
            for place, (first, last) in enumerate(found["offset_mapping"])
            if first <= start + end < last
        ]
        if len(set(places)) != len(steps):
            raise VerifierError(
                f"{len(set(places))} scores for {len(steps)} steps: the tokenizer makes no token "
                f"of the separator {self.separator!r}"
            )
        return Input(tuple(found["input_ids"]), places[-1])

    def last_id(self, tokenizer: Any, text: str) -> int:
        """The last of the text's tokens."""
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        if not ids or ids[-1] == tokenizer.unk_token_id:
            raise ConfigError(f"the tokenizer knows no token for {text!r}")
        return int(ids[-1])


def carriers(inputs: Sequence[Input], *, share: bool) -> dict[int, list[int]]:
    """Which inputs to run, by place, each with the places of the inputs that it scores.

    With `share` an input whose tokens up to its score begin another's is scored by that one's
    pass. For ids (1, 2), (1, 2, 3) and (4), scored at their ends: {1: [1, 0], 2: [2]}.
    """
    found: dict[int, list[int]] = {}
    for place in sorted(range(len(inputs)), key=lambda i: -len(inputs[i].ids)):
        needed = inputs[place].ids[: inputs[place].at + 1]
        same = (c for c in found if share and inputs[c].ids[: len(needed)] == needed)
        found.setdefault(next(same, place), []).append(place)
    return found


def _rendered(tokenizer: Any, messages: list[Message], *, prompt: bool = False) -> str:
    if not tokenizer.chat_template:
        raise ConfigError("the tokenizer has no chat template; give chat: false, or a separator")
    try:
        return str(
            tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)
        )
    except Exception as error:  # whatever a template raises
        told = " ".join(str(error).split())[:200]
        raise ConfigError(f"the tokenizer's chat template fails: {told}") from error


def _ends(steps: Sequence[str], separator: str) -> list[int]:
    """Where the last visible character of each step's separator stands in the joined steps."""
    visible = len(separator.rstrip()) or len(separator)
    ends, length = [], 0
    for step in steps:
        ends.append(length + len(step) + visible - 1)
        length += len(step) + len(separator)
    return ends
