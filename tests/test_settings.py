"""Settings: their order, their sources, their errors."""

import os
import re
from pathlib import Path

import pytest

from ragreason import settings as module
from ragreason.errors import ConfigError
from ragreason.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and home, and no RAGREASON_ variables."""
    for name in list(os.environ):
        if name.startswith("RAGREASON_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_with_nothing_set_the_defaults_hold() -> None:
    assert load_settings() == Settings()


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "ragreason.yaml", "concurrency: 2\nmodel: filed\nembedder: filed\n")
    monkeypatch.setenv("RAGREASON_CONCURRENCY", "3")
    monkeypatch.setenv("RAGREASON_MODEL", "exported")
    got = load_settings(concurrency=4)
    assert (got.concurrency, got.model, got.embedder) == (4, "exported", "filed")
    assert got.retriever == Settings().retriever


def test_a_flag_of_none_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGREASON_MODEL", "exported")
    assert load_settings(model=None).model == "exported"


def test_the_working_folders_file_beats_the_users(folder: Path) -> None:
    users = folder / "home/.config/ragreason/settings.yaml"
    write(users, "model: user\n")
    assert load_settings().model == "user"
    write(folder / "ragreason.yaml", "model: project\n")
    assert load_settings().model == "project"


def test_an_empty_file_sets_nothing(folder: Path) -> None:
    write(folder / "ragreason.yaml", "# nothing yet\n")
    assert load_settings() == Settings()


def test_home_expands_to_the_users() -> None:
    assert load_settings().resolved_home() == Path("~/.cache/ragreason").expanduser()


def test_a_key_does_not_show() -> None:
    got = load_settings(openai_api_key="sk-secret")
    assert got.openai_api_key == "sk-secret"
    assert "secret" not in repr(got)
    assert "secret" not in str(got)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("concurrency: 0\n", "setting 'concurrency' from ragreason.yaml"),
        ("modle: x\n", "unknown setting 'modle'; did you mean 'model'?"),
        ("- model\n", "expected settings as 'name: value' lines"),
        ("model: [\n", "ragreason.yaml: not YAML"),
        ("1: x\n", "unknown setting '1'"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(folder: Path, text: str, part: str) -> None:
    write(folder / "ragreason.yaml", text)
    with pytest.raises(ConfigError, match=re.escape(part)) as caught:
        load_settings()
    assert "ragreason.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGREASON_CONCURRENCY", "many")
    with pytest.raises(
        ConfigError, match=r"'concurrency' from the environment: .*integer.*; given 'many'"
    ):
        load_settings()


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGREASON_INDEX", "")
    assert load_settings().index is None


def test_an_unknown_variable_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGREASON_DEBUG", "1")
    assert load_settings() == Settings()


def test_a_wrong_flag_is_named() -> None:
    with pytest.raises(ConfigError, match="'chunk_tokens' from a flag"):
        load_settings(chunk_tokens=3)


def test_a_secret_does_not_show_in_an_error(folder: Path) -> None:
    write(folder / "ragreason.yaml", "openai_api_key: [sk-secret]\n")
    with pytest.raises(ConfigError, match="openai_api_key") as caught:
        load_settings()
    assert "secret" not in str(caught.value)


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module.settings.cache_clear()
    first = module.settings()
    monkeypatch.setenv("RAGREASON_MODEL", "later")
    assert module.settings() is first
    module.settings.cache_clear()


def test_a_settings_file_that_is_no_text_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ragreason.yaml").write_bytes(b"model: \xff")
    with pytest.raises(ConfigError, match=r"ragreason\.yaml: can't be read as UTF-8 text"):
        load_settings()


def test_a_variable_that_is_no_setting_is_told_once_and_beside_the_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module._tell_unknown.cache_clear()
    for name in ("RAGREASON_MODLE", "RAGREASON_DATA", "RAGREASON_DEBUG"):
        monkeypatch.setenv(name, "x")
    assert load_settings() == load_settings()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "warning: the environment's RAGREASON_MODLE is no setting; did you mean RAGREASON_MODEL?\n"
    )


def test_every_variable_that_the_project_reads_is_known() -> None:
    root = Path(__file__).parents[1]
    places = [root / "Makefile", *root.glob("ragreason/**/*.py"), *root.glob("benchmarks/**/*.py")]
    read = {n for p in places for n in re.findall(r"RAGREASON_[A-Z_]*[A-Z]", p.read_text("utf-8"))}
    known = {module.PREFIX + name.upper() for name in Settings.model_fields}
    assert read - known == set(module.NO_SETTINGS)
