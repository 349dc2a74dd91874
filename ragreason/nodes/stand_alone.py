"""Make a conversation's question stand alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.generate import ask
from ragreason.policies.parse import clean
from ragreason.prompts import neutralise
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import Language, language
from ragreason.text.overlap import Unit, coverage, keys, uncovered, units
from ragreason.text.votes import vote_key
from ragreason.types import Turn

FULL = {"en": "Full question:", "zh": "完整的问题："}
_ASKED: dict[Language, tuple[str, str]] = {
    "en": ("Question:", "Answer:"),
    "zh": ("问题：", "回答："),
}
_ABOUT = {"en": "{question} (about: {topics})", "zh": "{question}（关于：{topics}）"}
_LEANS = re.compile(
    r"\b(?:he|him|his|she|hers?|it|its|they|them|theirs?|this|that|these|those|there|then|one)\b"
    r"|[他她它]|这|那(?!不勒斯)|(?<!土耳)其",
    re.IGNORECASE,
)
_LONGEST_TURN = 300
_TOPICS = 3


@dataclass(frozen=True)
class StandAlone:
    """Put what the question means into it, so that it needs no `history` any more.

    It replaces `question`: what comes after answers the rewritten one. A question without history
    passes as it is, without a model call. A rewrite that is empty, loses a name, a number or most
    words of the question, or names what nobody named, falls back to the question together with the
    names that came last; so does a mere copy of a question that leans on what was said ("she").
    Source: question rewriting for conversational question answering, arXiv 2004.14652.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("question",)

    name: str
    engine: Generator
    turns: Annotated[int, Field(ge=1, le=100)] = 3
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 64
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """At most one model call."""
        question = state["question"]
        history = question.history[-self.turns :]
        if not history:
            return {"question": question}
        lang, begun = language(question.text), ""
        if "prefill" in self.engine.capabilities:
            begun = beginning(question.text)
        reply = await ask(
            self.engine,
            "stand_alone",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=f"{FULL[lang]} {begun}".rstrip(),
            before="\n".join(_shown(turn, lang) for turn in history),
        )
        text = clean(reply if reply.startswith(begun) else f"{begun} {reply}")
        if not stands(text, question.text, history):
            text = with_topics(question.text, history)
        return {"question": question.model_copy(update={"text": text, "history": ()})}


def beginning(question: str) -> str:
    """The question's words before the first that leans on what was said; its first, if none does.

    The rewrite is begun with them: a small model repeats the conversation where it is not.
    """
    leaning = _LEANS.search(question)
    if leaning is not None:
        return question[: leaning.start()].rstrip()
    return question.split(maxsplit=1)[0] if language(question) == "en" else ""


def stands(rewrite: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewrite asks what the question asks, of what was spoken of."""
    asked, held = units(question), keys(rewrite)
    if not rewrite or any(unit.kind != "word" for unit in uncovered(asked, held)):
        return False
    known = keys(" ".join([question, *(said for turn in history for _, said in turn)]))
    foreign = any(unit.kind != "word" for unit in uncovered(units(rewrite), known))
    copied = vote_key(rewrite) == vote_key(question) and leans(question)
    return coverage(asked, held) >= 0.5 and not foreign and not copied


def leans(question: str) -> bool:
    """Whether a question needs what was said before: by its pronouns, or as it names nothing."""
    return bool(_LEANS.search(question)) or all(unit.kind == "word" for unit in units(question))


def with_topics(question: str, history: Sequence[Turn]) -> str:
    """The question and the names that the last exchanges brought up, the latest answer's first.

    Without names, the last answer's words; without an answer, the last question's.
    """
    said = [text for turn in reversed(history) for text in (turn.answer, turn.question) if text]
    named = [unit.text for text in said for unit in uncovered_names(text, question)]
    topics = list(dict.fromkeys(named))[:_TOPICS] or [clean(text) for text in said[:1]]
    if not topics:
        return question
    return _ABOUT[language(question)].format(question=question, topics="; ".join(topics))


def uncovered_names(text: str, question: str) -> list[Unit]:
    """The names in a text that the question lacks."""
    return [unit for unit in uncovered(units(text), keys(question)) if unit.kind == "name"]


def _shown(turn: Turn, lang: Language) -> str:
    asked, answered = _ASKED[lang]
    gap = " " if lang == "en" else ""
    lines = [f"{asked}{gap}{_short(turn.question)}", f"{answered}{gap}{_short(turn.answer) or '-'}"]
    return "\n".join(lines)


def _short(text: str) -> str:
    return neutralise(" ".join(text.split())[:_LONGEST_TURN])
