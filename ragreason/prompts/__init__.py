"""Prompt texts as files, one a purpose and language, and what makes untrusted text safe in them.

A text is filled in one pass by `string.Template`, so a passage that contains `$question` stays what
it is. Retrieved text and questions are data: `neutralise` them first.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from string import Template

from ragreason.errors import ConfigError
from ragreason.text.language import Language, language
from ragreason.types import Hit

_FOLDER = Path(__file__).parent
_SLOT = re.compile(r"\$\w+")
_SPECIAL = re.compile(
    r"<([|｜])([^<>|｜]{0,60})[|｜]>"
    r"|<(/?[A-Za-z_][\w:.-]{0,40}(?:\s+[\w:-]+\s*=[^<>]{0,200})?\s*/?)>"
    r"|\[(/?INST)\]"
)


def prompt(purpose: str, question: str, **parts: str) -> str:
    """The text for `purpose` in the question's language, `$question` and the other slots filled.

    `question` is neutralised here; other parts must have been. Raises ConfigError for an unknown
    purpose or a slot that was not given.
    """
    template = _template(purpose, language(question))
    try:
        return template.substitute(parts, question=neutralise(question))
    except KeyError as error:
        raise ConfigError(f"prompt '{purpose}' has a slot {error} that was not given") from error


def purposes() -> list[str]:
    """The names of all prompts."""
    return sorted(path.stem for path in (_FOLDER / "en").glob("*.txt"))


def prompts_hash() -> str:
    """First 16 hex digits of SHA-256 over all prompt files: part of a run's identity."""
    digest = sha256()
    for path in sorted(_FOLDER.rglob("*.txt")):
        digest.update(path.relative_to(_FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def unfilled(purpose: str, lang: Language) -> str:
    """The prompt's own text in one language, without slots: what a model might merely repeat."""
    return _SLOT.sub("", _template(purpose, lang).template)


@cache
def _template(purpose: str, lang: Language) -> Template:
    path = _FOLDER / lang / f"{purpose}.txt"
    if not path.is_file():
        raise ConfigError(f"no prompt '{purpose}' in '{lang}'; known: {', '.join(purposes())}")
    return Template(path.read_text(encoding="utf-8").rstrip("\n"))


def neutralise(text: str) -> str:
    """Make special tokens and tags in untrusted text inert, readable still.

    `<|im_end|>` becomes `‹|im_end|›`, `</search>` becomes `‹/search›`, `[INST]` becomes `‹INST›`,
    and a tag with attributes likewise.
    """
    return _SPECIAL.sub(_inert, text)


def _inert(found: re.Match[str]) -> str:
    bar, token, tag, inst = found.groups()
    return f"‹{bar}{token}{bar}›" if bar else f"‹{tag or inst}›"


def show_passages(
    hits: Sequence[Hit], *, first: int = 1, excerpts: dict[str, str] | None = None
) -> str:
    """One paragraph a passage, `[n] title: text`, numbered from `first`, separated by newlines."""
    shown = []
    for number, hit in enumerate(hits, start=first):
        text = (excerpts or {}).get(hit.passage.id, hit.passage.text)
        shown.append(f"[{number}] {_line(hit.passage.title)}: {_line(text)}")
    return "\n".join(shown)


def shown_in(text: str, hits: Sequence[Hit]) -> list[str]:
    """The ids of the hits whose whole passages a prompt shows, in the hits' order, each once."""
    return list(dict.fromkeys(h.passage.id for h in hits if _line(h.passage.text) in text))


@lru_cache(maxsize=4096)  # a growing transcript shows the same passages again at every step
def _line(text: str) -> str:
    return neutralise(" ".join(text.split()))
