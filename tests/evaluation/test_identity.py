"""What determines a run's rows."""

from pathlib import Path

from ragreason.evaluation.identity import weights_parts
from ragreason.settings import Settings


def test_an_adapter_that_was_trained_anew_is_another_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").write_bytes(b"a")
    settings = Settings(vllm_adapter=tmp_path)
    before = weights_parts({"main": "openai:m"}, settings)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"b")
    after = weights_parts({"main": "openai:m"}, settings)
    assert before["weights.main"] == after["weights.main"] == ""
    assert before["weights.adapter"] != after["weights.adapter"]
    assert "weights.adapter" not in weights_parts({"main": "openai:m"}, Settings())
