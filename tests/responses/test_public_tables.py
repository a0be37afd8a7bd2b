"""Public tables read with at most two options, each of them named by a refusal. They lie beside the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hotmess.cli import main

PUBLIC = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "public"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not PUBLIC.is_dir(), reason="needs the public tables in ../shared/data/public"),
]

OPTIONS: dict[str, list[str]] = {
    "agent_hotpotqa": [],
    "budget_global_mmlu": ["--column question=question,context"],
    "cruxeval_codellama7b": [],
    "humaneval_repeats": [],
    "mgsm_language_forcing": ["--column condition=condition,forced_language"],
    "paraphrase_consistency": ["--source prompt"],
    "temperature0_repeats": [
        "--column condition=condition,experiment",  # refused again: folder tells apart what is left, and more finely
        "--column condition=condition,folder",
        "--allow-copies",
    ],
    "thinking_budget_qa": [],
    "tot_creative_writing": ["--source judge_sample"],
    "tot_game24": [],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_public_tables_read_with_options_that_refusals_name(name, tmp_path, capsys):
    options: dict[str, str] = {}
    said = ""
    for option in [None, *OPTIONS[name]]:
        if option is not None:
            assert option in said
            options[option.rpartition("=")[0] if option.startswith("--column") else option] = option
        words = " ".join(options.values()).split()
        code = main(["read", str(PUBLIC / f"{name}.parquet"), "--out", str(tmp_path / "o.parquet"), "--force", *words])
        said = capsys.readouterr().err
        assert code == (0 if option == (OPTIONS[name] or [None])[-1] else 2), said
    assert len(options) <= 2
    assert re.search(r"responses of \d+ models? to", said)
