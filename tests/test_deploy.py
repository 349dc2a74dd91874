"""The files of `deploy/`: they read, and what they call is there. They were not run."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ragreason.cli import main as cli

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
OPTIONS = {o for p in cli.load("serve").params for o in p.opts}


def documents(path: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / path).read_text(encoding="utf-8")))


def check_command(words: list[str]) -> None:
    assert words[0] == "serve"
    assert "--host" in words, "others reach it from outside of its container"
    flags = {word for word in words if word.startswith("--")}
    assert flags <= OPTIONS, flags - OPTIONS
    graphs = words[1 : next(i for i, w in enumerate(words) if w.startswith("--"))]
    for graph in graphs:
        assert (ROOT / "graphs" / f"{graph}.yaml").is_file(), graph


def test_compose() -> None:
    (compose,) = documents("compose.yaml")
    services = compose["services"]
    assert set(services) == {"ragreason", "vllm", "postgres", "milvus"}
    check_command(services["ragreason"]["command"])
    for needed in services["ragreason"]["depends_on"]:
        assert "healthcheck" in services[needed]
    volumes = {
        mount.partition(":")[0]
        for service in services.values()
        for mount in service.get("volumes", ())
        if re.match(r"\w+:", mount)
    }
    assert volumes == set(compose["volumes"])
    published = [p for service in services.values() for p in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in published)
    build = services["ragreason"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_kubernetes() -> None:
    found = {document["kind"]: document for document in documents("kubernetes/ragreason.yaml")}
    assert set(found) == {"Deployment", "PersistentVolumeClaim", "Service"}
    template = found["Deployment"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    check_command(container["args"])
    labels = template["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    (volume,) = template["spec"]["volumes"]
    claim = found["PersistentVolumeClaim"]["metadata"]["name"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim


def test_the_container_copies_what_is_there_and_installs_extras_that_are() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copies = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ")]
    own = [name for names in copies for name in names if not name.startswith(("--", "/"))]
    assert own
    assert [name for name in own if not (ROOT / name).exists()] == []
    extras = re.findall(r"\.\[([\w,-]+)\]", text)[0].split(",")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert [extra for extra in extras if f"\n{extra} = [" not in project] == []


@pytest.mark.parametrize("file", sorted(p.name for p in DEPLOY.rglob("*") if p.is_file()))
def test_no_secret_lies_in_a_file(file: str) -> None:
    (path,) = DEPLOY.rglob(file)
    for line in path.read_text(encoding="utf-8").splitlines():
        if "PASSWORD" in line and ":" in line and not line.lstrip().startswith("#"):
            assert "${POSTGRES_PASSWORD:?" in line
