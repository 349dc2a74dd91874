"""Calendar dates as people write them, English and Chinese, to one notation."""

import re
from datetime import date

_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_SHORT = {name[:3]: n for n, name in enumerate(_MONTHS, start=1)} | {"sept": 9}
_NUMBERS = {name: n for n, name in enumerate(_MONTHS, start=1)} | _SHORT
_MONTH = rf"(?P<month>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[1-9]\d{2,3})"
_FORMS = [
    re.compile(form, re.ASCII)
    for form in (
        r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})",
        r"(?P<year>\d{4})/(?P<number>\d{1,2})/(?P<day>\d{1,2})",
        rf"(?:on )?(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?",
        rf"(?:on )?{_MONTH} (?:the )?{_DAY}(?:,? ?\b{_YEAR})?",
        rf"(?:in )?{_MONTH}(?:,| of)? {_YEAR}",
        r"(?:in )?(?:the year )?(?P<year>[1-9]\d{3})",
        r"(?P<year>[1-9]\d{3})年(?:(?P<number>\d{1,2})月(?:(?P<day>\d{1,2})[日号])?)?",
        r"(?P<number>\d{1,2})月(?P<day>\d{1,2})[日号]",
    )
]


def read_date(text: str) -> str | None:
    """The date that `text` is, as 1874-03-12, 1874-03-XX, XXXX-03-12 or 1874; None if it is none.

    What is not said stays X, as in ISO 8601-2: a bare year is that year, and no part is made up.
    Not read: a month alone ("May" is also a name), numbers whose order is open ("3/4/1999"),
    weekdays, and days that the month does not have. Compatibility forms must have been folded and
    letters be lower case.
    """
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _shown(found.groupdict())
    return None


def _shown(parts: dict[str, str | None]) -> str | None:
    name = parts.get("month")
    month = _NUMBERS[name] if name else int(parts.get("number") or 0)
    year, day = int(parts.get("year") or 0), int(parts.get("day") or 0)
    try:
        date(year or 2000, month or 1, day or 1)  # 2000 has every day that some year has
    except ValueError:
        return None
    if not month and parts.get("number") is None:
        return f"{year:04}"
    if not month or (parts.get("day") is not None and not day):
        return None
    shown = f"{year:04}" if year else "XXXX"
    return f"{shown}-{month:02}-{day:02}" if day else f"{shown}-{month:02}-XX"
