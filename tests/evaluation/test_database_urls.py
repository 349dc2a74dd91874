"""What is told of URLs that name no database, or one that can't be reached."""

import pytest

from ragreason.errors import ConfigError
from ragreason.evaluation.database import ResultsDatabase

pytest.importorskip("sqlalchemy")
PARTS = {"graph": "g"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@host:port/db",
        "postgresql://127.0.0.1:1/db?user=u&password=secret",
        "postgresql://u:secret@127.0.0.1:1/db",
        "mysql://u:secret@host/db",
        "mysql://host/db?password=secret",
        "secret",
    ],
)
def test_a_url_that_is_refused_shows_no_password(url: str) -> None:
    with pytest.raises(ConfigError) as raised, ResultsDatabase(url, PARTS):
        pass
    assert "secret" not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
