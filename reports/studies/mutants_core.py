"""Breaking the statistical core on purpose: every mutant must be caught by the tests that guard it.

A mutant is one replacement in one source file (a sign, a factor of two, a swapped label, a missing Jacobian, a count
of pooling or of pairs). It is made in a temporary copy of the package; the tests named beside it run against that copy,
and must fail. The same tests must pass on an untouched copy.

    python reports/studies/mutants_core.py                # all, resuming; writes mutants_core.json and mutants_core.md
    python reports/studies/mutants_core.py --only tails   # those whose name contains a word
    python reports/studies/mutants_core.py --fresh        # forget earlier results
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:] = [p for p in sys.path if Path(p).resolve() != HERE.resolve()]  # no study is to be taken for a library
LIMIT = 300  # seconds of processor time that a test run may take


@dataclass(frozen=True)
class Mutant:
    """One replacement, and the tests meant to catch it (a file, or a file and `-k` words)."""

    name: str
    kind: str
    file: str
    old: str
    new: str
    tests: str
    words: str = ""


def _m(name: str, kind: str, file: str, old: str, new: str, tests: str, words: str = "") -> Mutant:
    return Mutant(name, kind, f"src/hotmess/{file}", old, new, f"tests/{tests}", words)


TAILS, CONJUGATE, GRID = "answers/tails.py", "answers/conjugate.py", "answers/grid.py"
POWER, MODEL, GAUSS = "laws/power.py", "laws/power_model.py", "laws/gaussian.py"
HYPER, CURVES, CLAIM = "laws/hyperprior.py", "laws/curves.py", "claims/rule.py"

APART = "_set_draws(study, fit, t, tuple(k for k, _ in t.filters), population)"

MUTANTS = [
    _m(
        *("tails-total-sign", "sign", TAILS),
        *("- _weighted_logs(tails.total", "+ _weighted_logs(tails.total", "answers/test_tails.py"),
    ),
    _m(
        *("tails-right-for-wrong", "swapped label", TAILS),
        "_weighted_logs(tails.right, kappa * a, j, xp)",
        "_weighted_logs(tails.wrong, kappa * a, j, xp)",
        "answers/test_tails.py",
    ),
    _m(
        *("tails-phi-not-shared-by-options", "factor", TAILS),
        *("_positive(per_block / k, xp)", "_positive(per_block, xp)"),
        "answers/test_tails.py",
    ),
    _m(
        *("tails-ewens-twice", "factor of two", TAILS),
        *("tails.distinct[flat] * xp.log(per_block)", "2 * tails.distinct[flat] * xp.log(per_block)"),
        "answers/test_tails.py",
    ),
    _m(
        *("grid-prior-twice", "factor of two", GRID),
        *("return -0.5 * ((x - location) / scale) ** 2", "return -1.0 * ((x - location) / scale) ** 2"),
        "answers/test_grid.py",
    ),
    _m(
        *("grid-prior-of-concentration-forgotten", "missing prior", GRID),
        "value + _log_normal(x, ma, sa)[:, None] + _log_normal(y, mk, sk)[None, :]",
        "value + _log_normal(x, ma, sa)[:, None]",
        "answers/test_grid.py",
    ),
    _m(
        *("brier-error-halved", "factor of two", CONJUGATE),
        "error, bias2 = 2 * missed, missed**2 + squares",
        "error, bias2 = missed, missed**2 + squares",
        "answers/test_conjugate.py",
    ),
    _m(
        *("kl-bias-for-variance", "swapped label", CONJUGATE),
        *("return -m_a, -m_a + log_z, -log_z", "return -m_a, -log_z, -m_a + log_z", "answers/test_conjugate.py"),
    ),
    _m(
        *("zero-one-bias-turned", "sign", CONJUGATE),
        *("bias = (best_wrong > right)", "bias = (best_wrong < right)", "answers/test_conjugate.py"),
    ),
    _m(
        *("conjugate-forgets-wrong-answers", "missing term", "answers/cell_drawer.py"),
        "self.group] + (self.split + self.cells.unparsable)",
        "self.group] + 0 * (self.split + self.cells.unparsable)",
        "answers/test_conjugate.py",
    ),
    _m(
        *("questions-unpaired-between-models", "pairing", "answers/population.py"),
        *("w = weights[:, found.question[rows]]", "w = np.roll(weights, s, axis=0)[:, found.question[rows]]"),
        "answers/test_answer_fit.py",
        "weights",
    ),
    _m(
        *("pointwise-sign", "sign", "answers/pointwise.py"),
        *("wrong, group) - rise(phi)[:, group, split]", "wrong, group) + rise(phi)[:, group, split]"),
        *("answers/test_answer_fit.py", "pointwise"),
    ),
    _m(
        *("vectors-remainder-not-squared", "forgotten factor", "answers/probabilities.py"),
        *("two + two * (shares**2)", "two + one * (shares**2)", "answers/test_probabilities.py", "moments"),
    ),
    _m(
        *("terms-drawn-apart", "pairing", "claims/quantities.py"),
        *("_set_draws(study, fit, t, columns, population)", APART, "claims/test_shared_cells.py", "share"),
    ),
    _m(
        *("pairs-with-themselves", "pairing", "decompose/squared.py"),
        *("across = t.n**2 - t.n_squares", "across = t.n**2", "decompose/test_squared.py"),
    ),
    _m(
        *("context-for-sampling-variance", "swapped label", "decompose/squared.py"),
        "return Terms(error, error - variance, variance, within - between, length - within)",
        "return Terms(error, error - variance, variance, length - within, within - between)",
        "decompose/test_squared.py",
    ),
    _m(
        *("contexts-own-scatter-left-in", "counted twice", "decompose/context_scatter.py"),
        *("(total**2).sum(axis=0) - np.diag(own)", "(total**2).sum(axis=0) - 0 * np.diag(own)"),
        *("answers/test_shared_contexts.py", "scatters_as or shuffle or own_way"),
    ),
    _m(
        *("contexts-of-these-questions-forgotten", "missing term", "answers/shared_contexts.py"),
        *("context = None if metric in NOT_SQUARED else shared_contexts(cells)", "context = None"),
        *("answers/test_shared_contexts.py", "these_questions or one_response"),
    ),
    _m(
        *("shapley-doubled", "factor of two", "decompose/parts.py"),
        *("value[moved]) / 6", "value[moved]) / 3", "decompose/test_parts.py"),
    ),
    _m(
        *("zero-one-net-sign", "sign", "decompose/zero_one.py"),
        *("(1 - right) - bias * right", "(1 - right) + bias * right", "decompose/test_zero_one.py"),
    ),
    _m(
        *("jackknife-factor", "factor", "decompose/intervals.py"),
        "outer * ((whole.clusters - 1) / whole.clusters)[:, None, None]",
        "outer * (1 / whole.clusters)[:, None, None]",
        "decompose/test_intervals.py",
    ),
    _m(
        *("half-normal-tails-swapped", "sign", HYPER),
        *("np.abs(x)), x > 0", "np.abs(x)), x < 0", "laws/test_gaussian_law.py", "hyperprior"),
    ),
    _m(
        *("scales-prior-twice", "factor of two", HYPER),
        *("- 0.5 * (s / width) ** 2", "- (s / width) ** 2", "laws/test_gaussian_law.py", "hyperprior"),
    ),
    _m(
        *("exponent-sign", "sign", MODEL),
        *("slope = -level * x[:, None]", "slope = level * x[:, None]", "laws/test_power_law.py"),
    ),
    _m(
        *("residual-not-shared-by-groups", "pooling", MODEL),
        "same = (model[:, None] == model).astype(float)",
        "same = np.eye(cells)",
        *("laws/test_power_law.py", "collapsed"),
    ),
    _m(
        *("exponents-without-their-mean", "pooling", MODEL),
        "prior.slope**2 * np.ones((groups, groups))",
        "prior.slope**2 * np.eye(groups)",
        *("laws/test_power_law.py", "collapsed"),
    ),
    _m(
        *("pooled-twice", "pooling twice", POWER),
        *("if fit.formula is not None:", "if fit.formula is None and False:", "laws/test_power_law.py"),
        "pooled",
    ),
    _m(
        *("measurement-error-forgotten", "pooling", GAUSS),
        *("= self.noise + self.design", "= 0 * self.noise + self.design", "laws/test_gaussian_law.py"),
        "density",
    ),
    _m(
        *("noise-not-residual-in-the-likelihood", "missing term", GAUSS),
        "log_normal(left[rows], _total(self.noise, points[rows], self.residuals))",
        "log_normal(left[rows], _total(self.noise, points[rows], ()))",
        *("laws/test_gaussian_law.py", "collapsed_density"),
    ),
    _m(
        *("odds-derivative", "missing term", CURVES),
        *("return p * (1 - p), p * (1 - p) * x", "return p * (1 - p), p * x", "laws/test_length_law.py"),
        "shapes",
    ),
    _m(
        *("lines-forget-their-errors", "missing term", "laws/quasi_lines.py"),
        "away = variance - expit(level + slope * z) * error",
        "away = variance - expit(level + slope * z)",
        *("estimates/test_estimates.py", "bootstrap"),
    ),
    _m(
        *("slopes-per-sd-told-per-log", "unit", "laws/length_model.py"),
        '"slope": theta[..., m:] / spread',
        '"slope": theta[..., m:]',
        *("laws/test_length_law.py", "recovered"),
    ),
    _m(
        *("slopes-of-arms-not-pooled", "pooling", "laws/length_model.py"),
        "np.full((arms, arms), prior.slope**2)",
        "prior.slope**2 * np.eye(arms)",
        *("laws/test_length_law.py", "partial_pooling"),
    ),
    _m(
        *("left-out-bins-forget-the-weights", "missing term", "laws/shapes.py"),
        *("smoothed(base - log_density.T)", "smoothed(-log_density.T)", "claims/test_law_claims.py", "weighted_draws"),
    ),
    _m(
        *("shared-slope-sign", "sign", CURVES),
        *("around -= self._shared(tau2)", "around += self._shared(tau2)", "laws/test_length_law.py"),
        "joint_density",
    ),
    _m(
        *("shorter-for-longer", "swapped label", "laws/contrast.py"),
        *("= both[..., 1] - both[..., 0]", "= both[..., 0] - both[..., 1]", "laws/test_contrast.py"),
    ),
    _m(
        *("metropolis-ratio", "sign", "inference/independence.py"),
        *("uniform[i] < log_w[c, i] - log_w[c, at]", "uniform[i] < log_w[c, at] - log_w[c, i]"),
        *("inference/test_independence.py", "weigh"),
    ),
    _m(
        *("gate-lets-bad-chains-pass", "factor of two", "inference/gate.py"),
        *("if r >= rhat:", "if r >= 2 * rhat:", "inference/test_gate.py"),
    ),
    _m(
        *("gate-lets-divergences-pass", "threshold", "inference/gate.py"),
        *("    if divergences:", "    if divergences > 10:", "inference/test_gate.py"),
    ),
    _m(
        *("contradicted-needs-agreement", "sign", CLAIM),
        *("1 - p.high > threshold, other < 0.5", "1 - p.high > threshold, other > 0.5", "claims/test_decide.py"),
    ),
    _m(
        *("gate-not-asked", "missing guard", CLAIM),
        *("if not gate.passed:\n        return NOT_TESTABLE", "if False:\n        return NOT_TESTABLE"),
        "claims/test_decide.py",
    ),
    _m(
        *("control-rank-turned", "sign", "estimates/control.py"),
        *("(values >= real.statistic)", "(values <= real.statistic)", "claims/test_decide.py"),
    ),
    _m(
        *("quick-plug-in", "factor", "estimates/sides.py"),
        *("(1 - off - squares) * n / (n - 1)", "(1 - off - squares)", "estimates/test_estimates.py"),
    ),
    _m(
        *("law-of-embeddings-forgets-what-no-line-changes", "missing term", "laws/embedding_model.py"),
        "rest += 0.5 * float(np.linalg.slogdet(2 * np.pi * covariance)[1])",
        "rest += 0.0",
        *("inference/test_posteriors.py", "whole_gaussian"),
    ),
    _m(
        *("patterns-of-tests-all-alike", "factor", "answers/engines.py"),
        *("options=letters.options,", "options=letters.choices - 1,", "inference/test_posteriors.py", "pattern"),
    ),
    _m(
        *("another-option-for-the-target", "swapped label", "answers/vector_data.py"),
        *("LetterCells(counts[:, 0], counts[:, 1:]", "LetterCells(counts[:, 1], counts[:, 1:]"),
        *("answers/test_vector_routes.py", "statements"),
    ),
    _m(
        *("models-without-a-residual", "missing term", "laws/lines.py"),
        *("residuals=(Part((0, 0), np.eye(len(y))),)", "residuals=(Part((0, 0), 0 * np.eye(len(y))),)"),
        *("laws/test_gaussian_law.py", "line_through"),
    ),
    _m(
        *("temperature-turned", "sign", "temperature/likelihood.py"),
        *("cold = xp.exp(-heat)", "cold = xp.exp(heat)", "temperature/test_likelihood.py"),
    ),
    _m(
        *("scores-without-jacobian", "missing Jacobian", "temperature/model.py"),
        *('"scores_jacobian", -jnp.log(diagonal).sum()', '"scores_jacobian", 0 * jnp.log(diagonal).sum()'),
        *("temperature/test_model.py", "density"),
    ),
    _m(
        *("prior-of-scores-determinant", "factor of two", "temperature/likelihood.py"),
        *("return 0.5 * (log_det - quadratic)", "return 0.5 * (2 * log_det - quadratic)"),
        "temperature/test_likelihood.py",
    ),
]


def copy_package(folder: Path) -> None:
    """The package's source in a folder of its own."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))


def mutate(text: str, mutant: Mutant) -> str:
    """The source with the replacement, which must fit in exactly one place."""
    found = text.count(mutant.old)
    if found != 1:
        raise ValueError(f"{mutant.name}: {mutant.old!r} stands {found} times in {mutant.file}, not once")
    return text.replace(mutant.old, mutant.new)


def run_tests(source: Path, tests: str, words: str = "") -> tuple[int, str]:
    """pytest's exit code (1: a test failed) and the first failing test, with the package from `source`.

    The tests run in a child that is forked from this process, which has imported what is large and none of the package.
    """
    command = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", *(["-k", words] if words else []), tests]
    with tempfile.NamedTemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _be_pytest(source, command, output.name)
        status = os.waitpid(child, 0)[1]
        said = Path(output.name).read_text(encoding="utf-8", errors="replace")
    if os.WIFSIGNALED(status):
        return 1, "the time limit"
    failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return os.WEXITSTATUS(status), failed[0].split(" - ")[0].split("::")[-1] if failed else ""


def _be_pytest(source: Path, command: list[str], output: str) -> None:
    """The child's part: never returns."""
    import pytest

    try:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 10))
        with open(output, "w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            os.chdir(ROOT)
            sys.path[:0] = [str(source)]
            sys.dont_write_bytecode = True
            code = int(pytest.main(command))
            import hotmess

            if Path(hotmess.__file__).parents[1] != source:
                code = 70  # not the copy: the result would say nothing
            sys.stdout.flush()
        os._exit(code)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(71)


def preload() -> None:
    """What the package and its tests import anyway."""
    import arviz_base
    import arviz_stats.base
    import pandas
    import pytest
    import scipy.stats
    import xarray

    del arviz_base, arviz_stats, pandas, pytest, scipy, xarray


def try_mutant(mutant: Mutant) -> dict[str, object]:
    """Make it, run its tests."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_package(folder)
        path = folder / mutant.file
        path.write_text(mutate(path.read_text(encoding="utf-8"), mutant), encoding="utf-8")
        code, by = run_tests(folder / "src", mutant.tests, mutant.words)
    return {
        **{k: getattr(mutant, k) for k in ("name", "kind", "file", "tests", "old", "new")},
        "caught": code == 1,
        "exit": code,
        "by": by,
        "seconds": round(time.perf_counter() - started, 1),
    }


def baseline(tests: str, words: str) -> bool:
    """Whether a suite passes on an untouched copy."""
    with tempfile.TemporaryDirectory() as name:
        copy_package(Path(name))
        return run_tests(Path(name) / "src", tests, words)[0] == 0


def page(results: dict[str, object], mutants: list[Mutant], stem: str, title: str) -> str:
    """The page, in Markdown."""
    rows = list(results["mutants"].values())  # type: ignore[attr-defined]
    caught = sum(bool(r["caught"]) for r in rows)
    clean = results["baseline"]
    lines = [
        f"# {title}",
        "",
        f"`python reports/studies/{stem}.py`, {results['date']}: {len(rows)} of {len(mutants)} were tried, "
        f"{caught} of them caught; "
        f"{sum(clean.values())} of {len(clean)} suites pass on an untouched copy.",  # type: ignore[attr-defined,arg-type]
        "",
        "Each mutant is one replacement in a temporary copy of the package; only the tests in its row ran.",
        "",
        "| mutant | kind | file | caught | by |",
        "|---|---|---|---|---|",
    ]
    for r in rows:
        file = str(r["file"]).removeprefix("src/hotmess/")
        lines.append(f"| {r['name']} | {r['kind']} | {file} | {'yes' if r['caught'] else '**no**'} | `{r['by']}` |")
    return "\n".join(lines) + "\n"


def main(mutants: list[Mutant], stem: str, title: str, about: str | None) -> None:
    """Run the mutants not yet tried, and write the results after each."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only mutants whose name contains this")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args()
    out = HERE / f"{stem}.json"
    results = json.loads(out.read_text()) if out.exists() and not args.fresh else {"mutants": {}, "baseline": {}}
    chosen = [m for m in mutants if args.only in m.name]
    preload()
    suites = {(m.tests, m.words) for m in chosen}
    for suite in sorted(suites):
        name = " ".join(suite).strip()
        if not results["baseline"].get(name):
            results["baseline"][name] = baseline(*suite)
            out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for mutant in chosen:
        known = results["mutants"].get(mutant.name)
        if known and known["caught"] and (known["old"], known["new"]) == (mutant.old, mutant.new):
            continue
        one = try_mutant(mutant)
        print(f"{mutant.name}: {'caught by ' + str(one['by']) if one['caught'] else 'NOT CAUGHT'} ({one['seconds']} s)")
        results["mutants"][mutant.name] = one
        results["date"] = date.today().isoformat()
        order = {m.name: i for i, m in enumerate(mutants)}
        kept = sorted((n for n in results["mutants"] if n in order), key=order.__getitem__)
        results["mutants"] = {n: results["mutants"][n] for n in kept}
        suites = {f"{m.tests} {m.words}".strip() for m in mutants}
        results["baseline"] = {n: ok for n, ok in results["baseline"].items() if n in suites}
        out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (HERE / f"{stem}.md").write_text(page(results, mutants, stem, title), encoding="utf-8")
    if not all(results["baseline"].values()):
        sys.exit(
            "Some suites fail on an untouched copy: " + ", ".join(k for k, v in results["baseline"].items() if not v)
        )


if __name__ == "__main__":
    main(MUTANTS, "mutants_core", "Mutants of the statistical core", __doc__)
