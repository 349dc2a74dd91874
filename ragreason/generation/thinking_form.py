"""Where thinking stands in a prompt, what begins and ends it, and where one thought ends.

Thinking comes before the last line of the reply that was begun for the model, its cue ("Answer:",
"Thought:"): a transcript's earlier steps stay before it, and the reply follows the cue.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ragreason.generation.thinking_tags import THINK
from ragreason.prompts import prompt
from ragreason.text.language import Language, language
from ragreason.text.sentences import sentences
from ragreason.types import Message, Request

OPENING: Mapping[Language, str] = {"en": "Let me think:", "zh": "让我想想："}
REPLY: Mapping[Language, str] = {"en": "Reply:", "zh": "回复："}
WAIT: Mapping[Language, str] = {"en": "Wait,", "zh": "等等，"}


@dataclass(frozen=True)
class Form:
    """How one request is thought about, in a reply that can be begun.

    `tagged`: between the tags of a model that was trained to think; else in plain words, ended by
    an empty line or the reply's own cue. `words` is what the prompt asks for, 0 for nothing.
    """

    request: Request
    tagged: bool = False
    words: int = 0

    @property
    def lang(self) -> Language:
        """The language that the last message is in."""
        return language(self.request.messages[-1].content)

    @property
    def cue(self) -> str:
        """The last line of the reply that was begun."""
        return self.request.prefill.rpartition("\n")[2]

    @property
    def ends(self) -> tuple[str, ...]:
        """What ends the thinking."""
        if self.tagged:
            return (THINK.closing,)
        return tuple(dict.fromkeys(["\n\n", self.cue.strip() or REPLY[self.lang]]))

    @property
    def wait(self) -> str:
        """What makes a model go on that wants to stop. Source: s1, arXiv 2501.19393."""
        return f"\n{WAIT[self.lang]}"

    def thinking(self, said: str, max_tokens: int, seed: int | None) -> Request:
        """The request that goes on thinking after what was `said`."""
        before = self._before() + (f"{THINK.opening}\n" if self.tagged else OPENING[self.lang])
        return self._asked(before + said).model_copy(
            update={
                "max_tokens": max_tokens,
                "stop": self.ends,
                "seed": seed,
                "json_schema": None,
                "regex": None,
                "logprobs": False,
                "top_logprobs": 0,
                "tools": (),
                "n": 1,
            }
        )

    def replying(self, said: str) -> Request:
        """The request for the reply after the thinking, which is ended here; with nothing said, as
        a model is kept from thinking.
        """
        return self._asked(self._before() + self._closed(said) + self.cue)

    def thoughts(self, said: str, start: int) -> list[int]:
        """Where, behind `start`, thoughts end that are surely over: paragraphs between tags, as
        such models write them, else sentences.
        """
        if self.tagged:
            ends, at = [], said.find("\n\n", start)
            while at >= 0:
                ends.append(at)
                at = said.find("\n\n", at + 2)
            return [end for end in ends if said[start:end].strip()]
        return [start + span.end for span in sentences(said[start:])[:-1]]

    def _before(self) -> str:
        prefill = self.request.prefill
        return prefill[: len(prefill) - len(self.cue)]

    def _closed(self, said: str) -> str:
        if self.tagged:
            return f"{THINK.opening}\n{said.strip()}\n{THINK.closing}\n\n"
        if not said.strip():
            return ""
        thought = f"{OPENING[self.lang]}{said.rstrip()}\n"
        return thought if self.request.prefill else f"{thought}\n{REPLY[self.lang]}\n"

    def _asked(self, prefill: str) -> Request:
        *others, last = self.request.messages
        if self.words:
            wish = prompt("think", last.content, words=str(self.words))
            last = last.model_copy(update={"content": f"{last.content}\n\n{wish}"})
        return self.request.model_copy(update={"messages": (*others, last), "prefill": prefill})


@dataclass(frozen=True)
class Spoken(Form):
    """The same for engines that can't continue a reply: a turn for the thinking, one for the reply.

    What was said can't be gone on from.
    """

    @property
    def ends(self) -> tuple[str, ...]:
        """Nothing: the turn ends."""
        return ()

    def thinking(self, said: str, max_tokens: int, seed: int | None) -> Request:
        """The request whose reply is the thinking."""
        asked = super().thinking(said, max_tokens, seed)
        *others, last = asked.messages
        alone = f"{last.content}\n\n{prompt('think_alone', last.content)}"
        messages = (*others, last.model_copy(update={"content": alone}))
        return asked.model_copy(update={"messages": messages, "prefill": ""})

    def replying(self, said: str) -> Request:
        """The request for the reply, after the turn of thinking."""
        if not said.strip():
            return self.request
        content = self.request.messages[-1].content
        *others, _ = self.request.messages
        last = self.thinking("", 1, None).messages[-1]
        turns = (
            Message(role="assistant", content=said.strip()),
            Message(role="user", content=prompt("think_done", content)),
        )
        return self.request.model_copy(update={"messages": (*others, last, *turns)})
