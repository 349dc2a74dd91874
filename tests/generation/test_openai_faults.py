"""How long servers ask to wait."""

from datetime import UTC, datetime

import pytest

from ragreason.generation.openai_faults import retry_after_s

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
        (
            {
                "retry-after": "Sun, 01 Mar 2026 13:00:20 GMT",
                "date": "Sun, 01 Mar 2026 13:00:00 GMT",
            },
            20.0,
        ),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:30 GMT", "date": "no date"}, 90.0),
        ({"retry-after": "soon"}, None),
    ],
)
def test_waits_in_seconds_and_dates(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers, NOW) == expected
