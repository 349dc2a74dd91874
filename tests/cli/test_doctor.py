"""`ragreason doctor`: it tells the truth about this machine, and how to mend it."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ragreason.cli import doctor as module, main as cli
from ragreason.cli.doctor import (
    Finding,
    accelerator,
    examine,
    extras,
    library,
    model,
    retrieval,
    server,
)
from ragreason.settings import Settings


@pytest.fixture
def url() -> Iterator[str]:
    """A server that lists its models to those who hold the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers["Authorization"] == "Bearer right"
            self.send_response(200 if allowed and self.path == "/v1/models" else 401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/v1"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def nvidia_smi(folder: Path, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_json_is_one_document_with_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    parts = {finding["part"] for finding in document["findings"]}
    assert parts >= {
        *("python", "engine", "index", "model", "accelerator", "retrieval"),
        *("graphs", "extra", "data"),
    }
    missing = [f for f in document["findings"] if f["state"] == "missing"]
    assert document["ok"] is (not missing)


def test_the_table_has_a_line_for_each_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["part", "name", "state", "detail"]
    assert len(lines) == 1 + len(examine(Settings()))


def test_doctor_imports_no_backend() -> None:
    code = (
        "import sys; from ragreason.cli.main import invoke; invoke(['doctor', '--json']); "
        "sys.exit(bool({'torch', 'faiss', 'openvino_genai', 'vllm', 'langgraph'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_missing_keeps_the_set_up_from_working_and_names_its_extra() -> None:
    found = library("engine", "x", "no_such_module_here", ("x",), "cpu", needed=True)
    assert (found.state, found.mend) == (
        "missing",
        "pip install '.[cpu]' --constraint constraints.txt",
    )
    assert library("engine", "x", "no_such_module_here", ("x",), "cpu").state == "off"


def test_an_installed_library_shows_its_version() -> None:
    found = library("engine", "pytest", "pytest", ("no-such-package", "pytest"), "test")
    assert (found.state, found.detail) == ("works", f"pytest {pytest.__version__}")


def test_a_server_that_answers_works(url: str) -> None:
    found = server(Settings(openai_base_url=url, openai_api_key="right"))
    assert found.state == "works"


def test_a_server_that_wants_a_key_says_so_and_the_key_does_not_show(url: str) -> None:
    found = server(
        Settings(openai_base_url=url, openai_api_key="wrong-secret", model="openai:some")
    )
    assert found.state == "missing"
    assert "401" in found.detail
    assert "RAGREASON_OPENAI_API_KEY" in found.mend
    assert "secret" not in found.model_dump_json()


@pytest.mark.parametrize(
    ("url", "detail"),
    [("http://127.0.0.1:1/v1", "does not answer"), ("file:///etc", "expected a URL")],
)
def test_a_server_that_is_not_there_says_so(url: str, detail: str) -> None:
    found = server(Settings(openai_base_url=url))
    assert found.state == "off"
    assert detail in found.detail


def test_of_several_servers_it_tells_which_answer_and_one_is_enough(url: str) -> None:
    dead = "http://127.0.0.1:1/v1"
    given = Settings(openai_base_url=[url, dead], openai_api_key="right", model="openai:some")
    found = server(given)
    assert found.state == "off"
    assert f"{url}: answers" in found.detail
    assert f"{dead}: does not answer" in found.detail
    alone = server(Settings(openai_base_url=[dead, dead], model="openai:some"))
    assert alone.state == "missing"


def test_gpus_are_those_the_driver_lists(tools: Path) -> None:
    assert accelerator().detail == "no NVIDIA driver"
    nvidia_smi(tools, "echo 'NVIDIA H100, 81559 MiB'; echo 'NVIDIA H100, 81559 MiB'")
    found = accelerator()
    assert found.state == "works"
    assert found.detail == "NVIDIA H100, 81559 MiB; NVIDIA H100, 81559 MiB"


def test_a_broken_driver_is_no_accelerator(tools: Path) -> None:
    nvidia_smi(tools, "exit 9")
    found = accelerator()
    assert found.state == "off"
    assert "failed" in found.detail


def test_models_are_here_or_say_how_to_get_them(tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    absent = model("language model", "smollm2-135m", home)
    assert (absent.state, absent.mend) == ("off", "ragreason models pull smollm2-135m")
    assert "98 MB" in absent.detail
    unknown = model("language model", "gtp", home)
    assert (unknown.state, unknown.mend) == ("missing", "ragreason models list")
    assert model("language model", str(tmp_path), home).state == "works"
    assert model("language model", str(tmp_path / "x.gguf"), home).state == "missing"
    assert model("language model", "openai:some", home).state == "works"
    assert model("embedder", "hashing-64", home).state == "works"


def test_extras_name_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_extras", lambda: {"x": ["pytest", "no-such-package"]})
    assert extras() == [
        Finding(
            part="extra",
            name="x",
            state="off",
            detail="lacks no-such-package",
            mend="pip install '.[x]' --constraint constraints.txt",
        )
    ]


def test_extras_come_from_the_installed_package() -> None:
    assert {"cpu", "gpu", "test"} <= set(module._extras())


@pytest.mark.parametrize(
    ("device", "driver", "faiss_gpu", "embedding", "search", "mends"),
    [
        ("auto", False, False, "OpenVINO, on the CPU", "on the CPU", ""),
        ("auto", True, True, "bfloat16, on the GPU", "on all GPUs", ""),
        ("auto", True, False, "bfloat16, on the GPU", "on the CPU", "pip install faiss-gpu"),
        ("cpu", True, True, "OpenVINO, on the CPU", "on the CPU", ""),
    ],
)
def test_it_tells_where_texts_are_embedded_and_vectors_searched(
    device: str,
    driver: bool,
    faiss_gpu: bool,
    embedding: str,
    search: str,
    mends: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ragreason.embedding.device.has_driver", lambda: driver)
    monkeypatch.setattr(module, "_is_installed", lambda package: faiss_gpu)
    first, second = retrieval(Settings(retrieval_device=device))
    assert embedding in first.detail
    assert search in second.detail
    assert second.mend == mends


@pytest.mark.parametrize(
    ("device", "driver", "torch", "cards", "wrong"),
    [
        ("cuda", False, "2.9.1", 0, "there is no NVIDIA driver"),
        ("cuda", True, "2.9.1+cpu", 1, "torch 2.9.1+cpu is built for CPUs only"),
        ("cuda:2", True, "2.9.1", 2, "the driver lists 2 GPUs"),
        ("gpu", True, "2.9.1", 2, "expected auto, cpu, cuda, cuda:N or mps"),
        ("mps", False, "2.9.1", 0, "which only a Mac has"),
        ("cuda:1", True, "2.9.1", 2, ""),
    ],
)
def test_a_retrieval_device_that_is_not_here_does_not_work(
    device: str,
    driver: bool,
    torch: str,
    cards: int,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    tools: Path,
) -> None:
    monkeypatch.setattr("ragreason.embedding.device.has_driver", lambda: driver)
    monkeypatch.setattr(module, "_is_installed", lambda package: package == "torch")
    monkeypatch.setattr(module, "version", lambda _: torch)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    nvidia_smi(tools, "echo 'a GPU, 1 MiB'\n" * cards)
    for found in retrieval(Settings(retrieval_device=device)):
        assert wrong in found.detail
        assert found.state == ("missing" if wrong else "works")
        if wrong:
            assert found.mend == "export RAGREASON_RETRIEVAL_DEVICE=auto"
