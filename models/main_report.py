"""The main job: every claim tested on the responses in data/, with a report for each of its two sources.

`reports/main/report.html` is about the responses of language models, `reports/organisms/report.html` about those of the
reasoning organisms (data/organisms): the arm trained on texts without mistakes, natural budget, and the claim that
compares the two arms. Claims that need the joint model are left out there; `hotmess test --claim` tests them.

Models are called as people call them; what their files call themselves, and came from, is in data/README.md.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.test import test_claims
from hotmess.responses.table import Responses

HERE = Path(__file__).resolve().parents[1]
SEED = 1
INTERVENTION = "intervention-lowers-incoherence"
CALLED = {
    "Smollm2 135M 8k Lc100K Mix1 Ep2": "SmolLM2-135M",
    "Qwen2.5 Coder 0.5B Instruct AWQ": "Qwen2.5-Coder-0.5B",
    "Qwen2.5 Coder 1.5B Instruct GGUF": "Qwen2.5-Coder-1.5B",
}
"""What a model's file calls it in its own metadata: its name here."""


def language_models(where: str | None = None) -> Responses:
    """The responses of language models in data/, under names that people use."""
    table = pd.concat([pd.read_parquet(file) for file in sorted((HERE / "data").glob("*.parquet"))])
    return hm.read(table.replace({"model": CALLED}).reset_index(drop=True), where=where)


def main_page(out: Path, draws: int) -> str:
    return str(hm.report(language_models(), to=out / "main", draws=draws, seed=SEED))


def organisms_page(out: Path, draws: int) -> str:
    arms = hm.read(HERE / "data" / "organisms" / "responses.parquet").where("budget = 'natural'")
    study = hm.Study(arms.where("condition = 'plain'"), draws=draws, seed=SEED)
    quick = [claim for claim in CATALOGUE.values() if not claim.long]  # the joint model of ten options takes minutes
    verdicts = {verdict.claim.name: verdict for verdict in test_claims(study, quick)}
    verdicts[INTERVENTION] = hm.test(INTERVENTION, arms, draws=draws, seed=SEED)
    return str(hm.report([study, *verdicts.values()], to=out / "organisms"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=500, help="posterior draws of each of 4 chains")
    parser.add_argument("--out", type=Path, default=HERE / "reports", help="folder of the two reports")
    args = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices are small: threads would wait for each other
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as both:  # JAX must not be forked
        for page in [both.submit(make, args.out, args.draws) for make in (main_page, organisms_page)]:
            print(page.result(), flush=True)


if __name__ == "__main__":
    main()
