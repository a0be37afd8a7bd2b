"""Summaries, the tidy table, figures and the command, on a real sweep of tiny models."""

import argparse
import json

import numpy as np
import pandas as pd
import pytest

from hotmess.commands import optimizer as command
from hotmess.decompose.squared import unbiased
from hotmess.errors import BadInput
from hotmess.optimizer.experiment import TINY
from hotmess.optimizer.table import figures, loss_floor, plain_records, power_law, read_summaries, tidy
from hotmess.responses.cells import reduce
from hotmess.responses.read import read


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args(["optimizer", *arguments])


def record(size: int, *, problem: int = 0, seed: int = 0) -> dict:
    curve = [3.0, 2.0, 1000.0 / size]
    return {
        "experiment": "made",
        "problem": problem,
        "seed": seed,
        "size": size,
        "held_out": size**-0.1,
        "bias2": curve,
        "bias2_sd": [0.1] * 3,
        "variance": [1.0, 1.0, 10.0 / size**0.5],
        "variance_sd": [0.1] * 3,
        "true_bias2": [3.0, 1.0, 0.1],
        "true_variance": [1.0, 0.5, 0.1],
        "distance": [0.0, 0.1, 0.2],
        "shown_every": 1,
        "shown": np.zeros((3, 2, 4)).tolist(),
        "shown_true": np.zeros((3, 2, 4)).tolist(),
    }


def write(folder, records) -> None:
    for r in records:
        name = f"made-p{r['problem']}-s{r['seed']}-n{r['size']:07d}.json"
        (folder / name).write_text(json.dumps(r))


def test_table_and_figures(tmp_path):
    write(tmp_path, [record(n, problem=p) for p in (1, 0) for n in (4000, 1000, 2000)])
    records = read_summaries(tmp_path)
    table = tidy(records)
    assert table["size"].tolist() == [1000, 2000, 4000] * 2 and table["problem"].tolist() == [0] * 3 + [1] * 3
    row = table.iloc[0]
    assert row["bias2"] == 1.0 and row["incoherence"] == pytest.approx(row["variance"] / (row["variance"] + 1))
    assert tidy(records, step=0)["incoherence"].tolist() == [0.25] * 6
    assert power_law(table["size"], table["bias2"])[0] == pytest.approx(-1.0)
    table.loc[0, "incoherence"] = np.nan
    assert plain_records(table)[0]["incoherence"] is None and plain_records(table)[0]["size"] == 1000
    assert [p.stat().st_size > 10_000 for p in figures(records, tmp_path / "f")] == [True, True]


def test_loss_with_and_without_a_floor():
    size = np.geomspace(1e3, 1e5, 6)
    pure = loss_floor(pd.DataFrame({"size": size, "loss": 3 * size**-0.3}))
    assert pure["exponent"] == pytest.approx(0.3) and pure["r2"] == pytest.approx(1)
    above = loss_floor(pd.DataFrame({"size": size, "loss": 0.6 + 30 * size**-0.7}))
    assert above["floor"] == pytest.approx(0.6, abs=0.01)
    assert above["exponent_above_floor"] == pytest.approx(0.7, abs=0.02)
    assert above["r2_with_floor"] > 0.9999 > above["r2"]


def test_spoilt_folders_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no rollout summaries"):
        read_summaries(tmp_path)
    (tmp_path / "x-p0-s0-n1.json").write_text("{}")
    with pytest.raises(BadInput, match="it has no experiment"):
        read_summaries(tmp_path)
    (tmp_path / "x-p0-s0-n1.json").write_text("{")
    with pytest.raises(BadInput, match="is not a rollout summary"):
        read_summaries(tmp_path)
    (tmp_path / "x-p0-s0-n1.json").unlink()
    write(tmp_path, [record(1000), record(2000) | {"experiment": "other"}])
    with pytest.raises(BadInput, match="mixes the experiments made, other"):
        read_summaries(tmp_path)


@pytest.mark.slow
def test_command_trains_rolls_and_reports(tmp_path, capsys):
    folders = ["--checkpoints", str(tmp_path / "c"), "--out", str(tmp_path / "o"), "--experiment", "tiny"]
    with pytest.raises(BadInput, match="is not trained"):
        command.run(parse("roll", *folders))
    assert command.run(parse("train", *folders)) == 0
    assert command.run(parse("roll", *folders)) == 0
    err = capsys.readouterr()
    assert err.out == "" and err.err == f"problem 0, seed 0: 3 summaries in {tmp_path / 'o'}\n"
    assert command.run(parse("report", *folders, "--json")) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [r["size"] for r in rows] == [TINY.parameters(s) for s in TINY.sizes]
    assert all(r["variance"] >= 0 for r in rows)
    points = read(tmp_path / "o" / "tiny-points.parquet")
    terms = unbiased(reduce(points).points)
    order = np.argsort(reduce(points).table["model_size_b"])
    np.testing.assert_allclose(terms.bias2[order], [r["bias2"] for r in rows], rtol=1e-3)
    np.testing.assert_allclose(terms.variance[order], [r["variance"] for r in rows], rtol=1e-3)
    with pytest.raises(BadInput, match="no experiment"):
        command.run(parse("train", "--experiment", "large"))
