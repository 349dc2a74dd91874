"""Fetches a model from the model hub, if one can be reached.

One quick probe a process decides: name resolution has no time-out of its own, so the probe runs in
a thread that is left behind when it takes too long.
"""

import shutil
import threading
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ragreason.errors import RunError
from ragreason.models.catalogue import Hub, Model
from ragreason.models.hashes import HashMismatchError, git_blob_of, sha256_of
from ragreason.models.index_source import Say

_UNWANTED = (".git", ".md", ".png", ".jpg")


@cache
def reachable(timeout_s: float) -> bool:
    """Whether the hub answers within `timeout_s`. Asked once a process."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()

    def probe() -> None:
        request = Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 - the client's setting
        try:
            urlopen(request, timeout=timeout_s).close()  # noqa: S310 - the client's setting
        except HTTPError:
            answered.set()
        except (OSError, HTTPException, ValueError):
            return
        answered.set()

    thread = threading.Thread(target=probe, daemon=True, name="hub-probe")
    thread.start()
    thread.join(timeout_s)
    return answered.is_set()


def in_cache(repository: str) -> bool:
    """Whether the hub's client has kept this repository's settings from an earlier time."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repository, "config.json"), str)


def fetch_hub(model: Model, hub: Hub, target: Path, timeout_s: float, say: Say) -> None:
    """Put the model's files into the folder `target`, each checked against the hub's own hash.

    A pinned hash is compared with the declared one first, so that a changed file is not downloaded
    in vain. Raises HashMismatchError, and RunError if the hub fails on the way.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    target.mkdir(parents=True, exist_ok=True)
    try:
        info = HfApi().model_info(hub.repository, files_metadata=True, timeout=timeout_s * 3)
        for sibling in _wanted(info.siblings or [], hub):
            _refuse_changed(sibling, model)
            say(f"{hub.repository}/{sibling.rfilename} from the hub")
            path = hf_hub_download(
                hub.repository, sibling.rfilename, revision=info.sha, local_dir=target
            )
            _check_declared(Path(path), sibling)
    except (HfHubHTTPError, OSError) as error:
        raise RunError(f"hub: {hub.repository}: {str(error).splitlines()[0]}") from error
    shutil.rmtree(target / ".cache", ignore_errors=True)
    if hub.file and model.file and hub.file != model.file:
        (target / hub.file).rename(target / model.file)


def _wanted(siblings: list[Any], hub: Hub) -> list[Any]:
    if hub.file is None:
        return [s for s in siblings if not s.rfilename.endswith(_UNWANTED)]
    found = [s for s in siblings if s.rfilename == hub.file]
    if not found:
        raise RunError(f"hub: {hub.repository} has no '{hub.file}'; the catalogue is out of date")
    return found


def _refuse_changed(sibling: Any, model: Model) -> None:
    pinned = dict(model.sha256).get(model.file or sibling.rfilename)
    declared = sibling.lfs.sha256 if sibling.lfs else None
    if pinned and declared and pinned != declared:
        raise HashMismatchError(sibling.rfilename, pinned, declared)


def _check_declared(path: Path, sibling: Any) -> None:
    if sibling.lfs:
        expected, found = sibling.lfs.sha256, sha256_of(path)
    else:
        expected, found = sibling.blob_id, git_blob_of(path)
    if expected != found:
        raise HashMismatchError(sibling.rfilename, expected, found)
