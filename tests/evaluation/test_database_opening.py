"""How databases are opened: URLs that are refused, and runs that begin together."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

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


def test_runs_that_begin_together_all_find_their_tables(tmp_path: Path) -> None:
    start = Barrier(4)

    def begin(number: int) -> str:
        url = f"sqlite:///{tmp_path}/runs{number // 4}.db"
        database = ResultsDatabase(url, {"graph": str(number)})
        start.wait()
        with database:
            return database.run

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(begin, range(40)))) == 40
