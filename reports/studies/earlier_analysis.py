"""Study: this package's figures for the scaling of Qwen2.5 beside those of an earlier, rough analysis.

    python reports/studies/earlier_analysis.py

The earlier analysis took the chain-of-thought responses of seven sizes of Qwen2.5 to aqua, arc_challenge and
openbookqa, grouped questions into thirds by the largest model's mean log length, and used unbiased terms with a
Bayesian bootstrap over questions: no latent model, no residuals of models. Here the same is done with this package's
pieces, and its latent estimates are put beside.

The responses are looked for in `--shared` (default: the repository's sibling folder `shared/data`). Writes
`earlier_analysis.json` and `earlier_analysis.md` beside itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

HERE = Path(__file__).resolve().parent
FILE = "cot-scaling-qwen2.5.parquet"
WHERE = "condition = 'cot' AND benchmark IN ('aqua', 'arc_challenge', 'openbookqa')"
LARGEST = "Qwen2.5-72B-Instruct-AWQ"
DRAWS = 2000
EARLIER = {
    "hardest third, exponent of bias²": (0.239, 0.047),
    "hardest third, exponent of variance": (0.387, 0.036),
    "natural contrast, 72B": (0.10, 0.03),
    "natural contrast, below 3B": (0.0, None),
}


def exponents(responses: Responses, *, seed: int) -> dict[str, np.ndarray]:
    """Bootstrap draws of the least-squares exponents of bias² and variance in size, hardest third."""
    from hotmess.decompose.intervals import question_shares
    from hotmess.decompose.squared import unbiased
    from hotmess.responses.cells import reduce

    cells = reduce(responses.difficulty(reference=LARGEST), split=["difficulty"])
    terms = unbiased(cells.points)
    table = cells.table
    hard = (table["difficulty"].astype(str) == "hard").to_numpy()
    labels = (table["benchmark"].astype(str) + " " + table["question"].astype(str))[hard]
    question = np.unique(labels.to_numpy(), return_inverse=True)[1]
    sizes, model = np.unique(table["model_size_b"].to_numpy()[hard], return_inverse=True)
    weights = question_shares(int(question.max()) + 1, DRAWS, seed)
    out = {}
    x = np.log(sizes) - np.log(sizes).mean()
    for name, values in (("bias²", terms.bias2[hard]), ("variance", terms.variance[hard])):
        sums = np.zeros((len(sizes), question.max() + 1))
        np.add.at(sums, (model, question), values)
        out[f"hardest third, exponent of {name}"] = -np.log(np.maximum(weights @ sums.T, 1e-9)) @ x / (x @ x)
    return out


def contrasts(responses: Responses, *, seed: int) -> dict[str, np.ndarray]:
    """Bootstrap draws of the longer minus the shorter half's incoherence: the 72B, and the mean below 3B."""
    from hotmess.laws.contrast import halved_cells, unbiased_contrast

    contrast = unbiased_contrast(halved_cells(responses), seed=seed, draws=DRAWS)
    return _contrasts(contrast.models, contrast.change("like-these").reshape(DRAWS, -1))


def _contrasts(models: Any, change: np.ndarray) -> dict[str, np.ndarray]:
    small = (models["model_size_b"] < 3).to_numpy()
    large = (models["model"] == LARGEST).to_numpy()
    return {
        "natural contrast, 72B": change[:, large].mean(1),
        "natural contrast, below 3B": change[:, small].mean(1),
    }


def latent(responses: Responses, *, seed: int) -> dict[str, np.ndarray]:
    """Posterior draws of the same quantities: the hierarchical law with residuals, and latent halves."""
    import hotmess as hm
    from hotmess.claims.study import Study

    study = Study(responses, reference=LARGEST, seed=seed)
    laws = study.power_laws
    hard = [i for i, g in enumerate(laws.groups["difficulty"].astype(str)) if g == "hard"]
    out = {
        f"hardest third, exponent of {name}": laws.draws()[key].values[..., hard].mean(-1).ravel()
        for name, key in (("bias²", "alpha_bias2"), ("variance", "alpha_variance"))
    }
    contrast = hm.natural_contrast(responses, seed=seed)
    change = contrast.change("like-these")
    return out | _contrasts(contrast.models, change.reshape(-1, change.shape[-1]))


def compare(responses: Responses, *, seed: int = 0) -> list[dict[str, Any]]:
    """One row per quantity: the earlier value, ours done alike, ours latent; and the distance in standard errors."""
    alike = exponents(responses, seed=seed) | contrasts(responses, seed=seed)
    ours = latent(responses, seed=seed)
    rows = []
    for name, (value, error) in EARLIER.items():
        mean, sd = float(alike[name].mean()), float(alike[name].std())
        rows.append(
            {
                "quantity": name,
                "earlier": value,
                "earlier_error": error,
                "unbiased": mean,
                "unbiased_error": sd,
                "latent": float(ours[name].mean()),
                "latent_error": float(ours[name].std()),
                # the data are the same, so the earlier error is what a difference is measured by
                "distance": (mean - value) / (error or sd),
            }
        )
    return rows


def markdown(result: dict[str, Any]) -> str:
    lines = [
        "# Beside an earlier analysis of Qwen2.5",
        "",
        f"`{result['command']}`, {result['date']}. Chain-of-thought responses of seven sizes (0.5 to 72 B) to aqua, "
        "arc_challenge and openbookqa, 100 questions each, 20 samples; thirds by the 72B's mean log length. Mean ± "
        "standard deviation for questions like these.",
        "",
        "| quantity | earlier analysis | unbiased, Bayesian bootstrap | latent | distance in standard errors |",
        "|---|---:|---:|---:|---:|",
    ]
    for r in result["rows"]:
        earlier = f"{r['earlier']:.3f}" + (f" ± {r['earlier_error']:.3f}" if r["earlier_error"] else " (about)")
        lines.append(
            f"| {r['quantity']} | {earlier} | {r['unbiased']:+.3f} ± {r['unbiased_error']:.3f} | {r['latent']:+.3f} ± "
            f"{r['latent_error']:.3f} | {r['distance']:+.1f} |"
        )
    agree = all(abs(r["distance"]) < 2 for r in result["rows"])
    lines += [
        "",
        f"**{'All within' if agree else 'Not all within'} two standard errors of the earlier values.** The latent "
        "exponents have wider intervals because they add what the bootstrap leaves out: every model's own residual "
        "from the law, with seven sizes only, and partial pooling of exponents over the three groups.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=HERE.parents[2] / "shared" / "data", help="folder of responses")
    args = parser.parse_args()
    if not (args.shared / FILE).is_file():
        raise SystemExit(f"The responses, {FILE}, are not in {args.shared}; name their folder with --shared.")
    import hotmess as hm

    result = {
        "command": "python reports/studies/earlier_analysis.py",
        "date": datetime.date.today().isoformat(),
        "rows": compare(hm.read(args.shared / FILE, where=WHERE)),
    }
    (HERE / "earlier_analysis.json").write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    (HERE / "earlier_analysis.md").write_text(markdown(result))


if __name__ == "__main__":
    main()
