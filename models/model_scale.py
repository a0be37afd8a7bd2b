"""With model size, do bias and variance fall alike, on easy and on hard questions? (paper, claim 4)

Latent answer distributions of every model and difficulty group, nothing pooled over size; then hierarchical power laws
of bias² and variance with the models' own residuals. Needs four model sizes; with fewer the claims are not testable.
"""

import argparse
from pathlib import Path

import hotmess as hm

HERE = Path(__file__).resolve().parents[1]
CLAIMS = ["hard-incoherence-rises-with-scale", "easy-incoherence-falls-with-scale", "bias-falls-faster-than-variance"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="tables or logs (default: data/)")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--reference", help="the model whose lengths make difficulty (default: the largest)")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "model-scale")
    args = parser.parse_args()

    responses = hm.read(args.files or sorted((HERE / "data").glob("*.parquet")), where=args.where)
    study = hm.Study(responses, reference=args.reference, seed=1, draws=args.draws)
    try:
        print(study.power_laws.summary().round(3).to_string(index=False))
    except hm.NotTestable as reason:
        print(reason)
    for claim in CLAIMS:
        print(hm.test(claim, study).sentence)
    print(hm.report(study, to=args.out, claims=CLAIMS))


if __name__ == "__main__":
    main()
