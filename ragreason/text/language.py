"""Which of the two languages a text is in."""

import re
from typing import Literal

Language = Literal["en", "zh"]

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(rf"[^\W\d_{HAN}]+")


def language(text: str) -> Language:
    """Chinese if the text has more Han characters than words of other scripts, else English.

    A Chinese question that names foreigners stays Chinese: one Latin word weighs as much as
    one Han character. A text without letters is "en".
    """
    return "zh" if len(_HAN.findall(text)) > len(_WORD.findall(text)) else "en"
