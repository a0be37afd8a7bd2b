"""Ranks of simulation-based calibration (Talts et al. 2018): tests of uniformity, the page, ArviZ's layout.

Shared by `calibration.py` and `calibration_laws.py`. A study's ranks are a dict of quantity -> (simulations,) numbers,
uniform on (0, 1) where posterior and model agree.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

Ranks = Mapping[str, np.ndarray]


def uniformity(ranks: Ranks, bins: int) -> list[dict[str, Any]]:
    """Per quantity: p-values of Kolmogorov's test and of χ² over bins, and coverage of central 50 and 90%.

    >>> row = uniformity({"x": (np.arange(100) + 0.5) / 100}, 10)[0]
    >>> row["coverage50"], row["coverage90"], row["chi2"]
    (0.5, 0.9, 1.0)
    """
    from scipy import stats

    return [
        {
            "quantity": name,
            "kolmogorov": float(stats.kstest(x, "uniform").pvalue),
            "chi2": float(stats.chisquare(np.histogram(x, bins, (0, 1))[0]).pvalue),
            "coverage50": float((np.abs(x - 0.5) < 0.25).mean()),
            "coverage90": float((np.abs(x - 0.5) < 0.45).mean()),
        }
        for name, x in ranks.items()
    ]


def tree(ranks: Ranks) -> xr.DataTree:
    """Ranks as a DataTree with the group `prior_sbc`, for `arviz_plots.plot_ecdf_pit`."""
    from arviz_base import from_dict

    return from_dict({"prior_sbc": {name.replace(": ", ", "): x[None] for name, x in ranks.items()}})


def markdown(about: Mapping[str, Any]) -> str:
    """The page of a study: `title`, `command`, `date`, `seed`, `simulations`, `of` (of what), `bins` and `rows`."""
    n, rows = about["simulations"], about["rows"]
    lines = [
        f"# {about['title']}",
        "",
        f"`{about['command']}`, {about['date']}, seed {about['seed']}. {n:,} simulations {about['of']}. p-values of "
        "uniformity of the ranks, and how often central intervals hold the truth (Monte Carlo standard error "
        f"{100 * (0.25 / n) ** 0.5:.1f}% and {100 * (0.09 / n) ** 0.5:.1f}%).",
        "",
        f"| quantity | Kolmogorov | χ², {about['bins']} bins | 50% intervals | 90% intervals |",
        "|---|---:|---:|---:|---:|",
    ]
    for r in rows:
        lines.append(
            f"| {r['quantity']} | {r['kolmogorov']:.3f} | {r['chi2']:.3f} | {r['coverage50']:.1%} | "
            f"{r['coverage90']:.1%} |"
        )
    smallest, count = min(min(r["kolmogorov"], r["chi2"]) for r in rows), 2 * len(rows)
    verdict = "No sign against uniform ranks" if smallest > 0.05 / count else "The ranks are not uniform"
    return "\n".join([*lines, "", f"**{verdict}: the smallest of {count} p-values is {smallest:.4f}.**"]) + "\n"


def main(
    script: str,
    title: str,
    of: str,
    bins: int,
    run: Callable[[int, int, Path], Ranks],
    last: Callable[[Path], str] | None = None,
) -> None:
    """Command line of a study: `run(simulations, seed, folder)` makes the ranks; three files named as the script.

    `last(folder)` makes a last paragraph of the page.
    """
    script_path = Path(script).resolve()
    parser = argparse.ArgumentParser(description=f"{title}.")
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=script_path.parent, help="folder of the results (default: this)")
    args = parser.parse_args()
    from hotmess.inference.store import save_tree

    ranks = run(args.simulations, args.seed, args.out)
    name = script_path.stem
    about = {
        "title": title,
        "command": f"python reports/studies/{name}.py --simulations {args.simulations} --seed {args.seed}",
        "date": datetime.date.today().isoformat(),
        "seed": args.seed,
        "simulations": args.simulations,
        "of": of,
        "bins": bins,
        "rows": uniformity(ranks, bins),
    }
    (args.out / f"{name}.json").write_text(json.dumps(about, indent=1, allow_nan=False) + "\n")
    (args.out / f"{name}.md").write_text(markdown(about) + (f"\n{last(args.out)}\n" if last else ""))
    save_tree(tree(ranks), args.out / f"{name}.nc")
