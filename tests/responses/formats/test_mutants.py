"""Logs changed at random are read, or refused by a sentence. The full study: `reports/studies/mutants.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutate import READERS, Corpus, outcome

pytest.importorskip("inspect_ai")
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:inspect_ai"),
    pytest.mark.filterwarnings("ignore:.*:UserWarning:pydantic"),
]

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@pytest.mark.parametrize("name", READERS)
def test_mutants_are_read_or_refused(name, tmp_path):
    corpus = Corpus(name, tmp_path / "corpus", SHARED if (SHARED / "logs").is_dir() else None)
    results = [
        outcome(name, corpus.mutant(seed, tmp_path / "mutant")) for seed in range(60 if name == "swe-bench" else 120)
    ]
    read = results.count("read")
    assert 0 < read < len(results), "mutants of both kinds are needed for this test to mean anything"


@pytest.mark.parametrize("name", READERS)
def test_what_is_not_changed_is_read(name, tmp_path):
    corpus = Corpus(name, tmp_path)
    for source in corpus.sources:
        if source.stem == "agents":
            assert "several scorers (s, t/a, t/b)" in outcome(name, source)
        else:
            assert outcome(name, source) == "read"
