"""A real PostgreSQL server while a module's tests run, where its programs are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a server that runs as long as the module's tests."""
    pytest.importorskip("psycopg")
    programs = [shutil.which(name) for name in ("initdb", "postgres", "psql")]
    if None in programs:
        pytest.skip("no PostgreSQL server here: initdb and postgres are not on the path")
    folder = Path(tempfile.mkdtemp(prefix="ragreason-postgres-"))  # the server's user reaches it
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    owner: dict[str, Any] = {}
    if os.getuid() == 0:  # the server refuses to run as root
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root, and there is no runuser")
        subprocess.run(["chown", "postgres", str(folder)], check=True)
        owner = {"user": "postgres"}
    data = folder / "data"
    made = subprocess.run(
        [str(programs[0]), "-D", str(data), "-A", "trust", "-U", "ragreason", "--no-sync"],
        capture_output=True, text=True, check=False, **owner,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"initdb failed: {made.stderr.strip().splitlines()[-1]}")
    options = ["-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1"]
    server = subprocess.Popen(
        [str(programs[1]), *options], stderr=subprocess.PIPE, text=True, **owner
    )
    assert server.stderr is not None
    for line in server.stderr:
        if "ready to accept connections" in line:
            break
    yield f"postgresql://ragreason:secret@127.0.0.1:{port}/postgres"
    server.terminate()
    server.stderr.read()
    server.wait(30)
    server.stderr.close()
    shutil.rmtree(folder)
