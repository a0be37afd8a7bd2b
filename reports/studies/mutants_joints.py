"""Breaking the joints on purpose: registrations, signs, priors, refits and guards, each caught by some quick test.

The core (`mutants_core.py`) is broken in its formulas; this breaks what holds the core together: what a claim carries,
the sign with which it asks for it, what a fit keeps when it is made again, what a guard does to a verdict.

    python reports/studies/mutants_joints.py                # all, resuming; writes mutants_joints.json and .md
    python reports/studies/mutants_joints.py --only sign    # those whose name contains a word
    python reports/studies/mutants_joints.py --fresh        # forget earlier results
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import mutants_core as core

CARRY, SIGNS = "claims/test_catalogue.py", "claims/test_claim_signs.py"
"""Tests of what a claim carries, and of its sign, prior and point."""
KINDS, CATALOGUE, GUARDS = "claims/kinds", "claims/catalogue", "claims/guards"


def claim(name: str, kind: str, module: str, old: str, new: str, words: str) -> core.Mutant:
    """A mutant of a claim's own module."""
    return core.Mutant(name, kind, f"src/hotmess/{CATALOGUE}/{module}.py", old, new, f"tests/{_tests(words)}", words)


def joint(name: str, kind: str, file: str, old: str, new: str, words: str, tests: str = "") -> core.Mutant:
    """A mutant of what claims share."""
    return core.Mutant(name, kind, f"src/hotmess/{file}", old, new, f"tests/{tests or _tests(words)}", words)


def _tests(words: str) -> str:
    return CARRY if words in (CARRIES, LOWER, "cannot_run") else SIGNS


EASY, HARD, ALL = (
    "easy_incoherence_falls_with_scale",
    "hard_incoherence_rises_with_scale",
    "bias_falls_faster_than_variance",
)
FALL, RISE = "variance_exponent_falls_with_difficulty", "bias_exponent_constant_across_difficulty"
NATURAL, BUDGET, ARMS = "natural_overthinking", "budget_lowers_incoherence", "intervention_lowers_incoherence"
OPTIMIZER = "optimizer_bias_falls_faster_than_variance"
WEIGH, PRIOR, TREND, SIDED = "weigh_the_groups", "prior_of_exponents", "exponents_by_difficulty", "two_sides"
CARRIES, LOWER, BESIDE = "carries", "guards_are_these", "joint_model_beside"
DECIDE, CARRIED = "claims/test_decide.py", "claims/test_carried.py"

MUTANTS = [
    # signs
    claim("easy-claim-turned", "sign", EASY, 'SizeSlope("easy", -1.0)', 'SizeSlope("easy", 1.0)', WEIGH),
    claim("hard-claim-of-easy-questions", "group", HARD, 'SizeSlope("hard", 1.0)', 'SizeSlope("easy", 1.0)', WEIGH),
    claim("all-groups-are-the-hardest", "group", ALL, 'SizeSlope("all", 1.0)', 'SizeSlope("hard", 1.0)', WEIGH),
    joint(
        *("published-forgets-the-sign", "sign", f"{KINDS}/size_slope.py"),
        *("size_line(study, self.which, self.sign)", "size_line(study, self.which, 1.0)", WEIGH),
    ),
    joint(
        *("design-forgets-the-sign", "sign", f"{KINDS}/size_slope.py"),
        "size_components(study.power_laws, weights, -weights, draws=draws)",
        *("size_components(study.power_laws, abs(weights), -abs(weights), draws=draws)", WEIGH),
    ),
    joint(
        *("estimate-forgets-the-sign", "sign", f"{KINDS}/size_slope.py"),
        *("return size_estimate(x, self.sign * y", "return size_estimate(x, y", WEIGH),
    ),
    joint(
        *("prior-adds-the-exponents", "sign", f"{KINDS}/size_slope.py"),
        "slope = Exponents(lambda study: (about.weights(study), -about.weights(study)))",
        *("slope = Exponents(lambda study: (about.weights(study), about.weights(study)))", PRIOR),
    ),
    claim(
        "fall-is-a-rise",
        "sign",
        FALL,
        'exponent_trend(study, population, "variance", -1.0)',
        'exponent_trend(study, population, "variance", 1.0)',
        TREND,
    ),
    claim(
        "fall-estimated-as-a-rise",
        "sign",
        FALL,
        'trend_estimate(study, "variance", -1.0)',
        'trend_estimate(study, "variance", 1.0)',
        TREND,
    ),
    claim("longer-is-more-coherent", "sign", NATURAL, "sign=1.0,", "sign=-1.0,", SIDED),
    claim("budget-raises", "sign", BUDGET, "sign=-1.0,\n    contrast", "sign=1.0,\n    contrast", SIDED),
    claim("intervention-raises", "sign", ARMS, "TwoSides(\n    sign=-1.0,", "TwoSides(\n    sign=1.0,", SIDED),
    claim("joint-model-of-budgets-turned", "sign", BUDGET, "sign=-1.0,\n)", "sign=1.0,\n)", BESIDE),
    # priors
    claim(
        "constant-exponent-has-no-prior",
        "prior",
        RISE,
        "(trend_weights(study.power_laws), 0 * trend_weights(study.power_laws))",
        "(0 * trend_weights(study.power_laws), 0 * trend_weights(study.power_laws))",
        PRIOR,
    ),
    claim(
        "natural-prior-of-one-option",
        "prior",
        NATURAL,
        "(1 + phi / options) / (1 + phi)",
        "(1 + phi) / (1 + phi)",
        "prior_of_the_natural",
    ),
    claim(
        "shares-prior-correlated",
        "prior",
        "length_predicts_more_than_size",
        "rng.normal(0, SLOPE, (2, n))",
        "rng.normal(0, SLOPE, (1, n)).repeat(2, 0)",
        "prior_of_shares",
    ),
    joint(
        *("evidence-forgets-the-prior-of-the-laws", "prior", "laws/power.py"),
        "model_of(self.law, self.groups, self.by, self.prior, p)",
        "model_of(self.law, self.groups, self.by, LawPrior(), p)",
        *("evidence_is_that", "claims/test_law_priors.py"),
    ),
    joint(
        *("refits-forget-the-prior-of-the-laws", "prior", "claims/carried.py"),
        *('"law_prior": one.prior,', '"law_prior": None,', "same_prior", "claims/test_law_priors.py"),
    ),
    claim("length-has-no-prior", "registration", "incoherence_rises_with_length", "    prior=_prior,\n", "", CARRIES),
    claim("natural-has-no-prior", "registration", NATURAL, "    prior=_prior,\n", "", CARRIES),
    # registrations
    joint(
        *("sides-without-power-scaling", "registration", f"{KINDS}/paired.py"),
        *("            densities=self.densities,\n", "", CARRIES),
    ),
    joint(
        *("sides-without-predictive-checks", "registration", f"{KINDS}/paired.py"),
        *("            fit=self.fit,\n", "", CARRIES),
    ),
    joint(
        *("sides-refit-each-model", "registration", f"{KINDS}/paired.py"),
        *("            leave_out=LEAVE_OUT,\n", "", CARRIES),
    ),
    joint(
        *("design-of-sides-forgets-the-sign", "sign", f"{KINDS}/paired.py"),
        *("draws=draws, sign=self.sign, share=self.share", "draws=draws, share=self.share", SIDED),
    ),
    claim(
        "no-published-bins",
        "registration",
        "incoherence_rises_with_length",
        "    published=length_line,\n",
        "",
        CARRIES,
    ),
    claim("no-null-worlds", "registration", "length_saturates", "    rates=rates_beside(__file__),\n", "", CARRIES),
    claim(
        "no-design",
        "registration",
        "incoherence_rises_with_length",
        "    design=lambda study, draws: length_components(study.length_law, draws=draws),\n",
        "",
        CARRIES,
    ),
    claim(
        "region-ten-times-wider",
        "registration",
        "answers_get_hotter_with_length",
        "negligible=0.05,",
        "negligible=0.5,",
        CARRIES,
    ),
    claim(
        *("optimizer-without-power-scaling", "registration", OPTIMIZER),
        *("    densities=_densities,\n", "", CARRIES),
    ),
    # guards
    joint("decoding-not-asked", "guard", f"{GUARDS}/__init__.py", "(Decoding(), Units()", "(Units()", LOWER),
    joint(
        "checks-not-asked",
        "guard",
        f"{GUARDS}/__init__.py",
        "(SideTurns(), PredictiveChecks())",
        "(SideTurns(),)",
        LOWER,
    ),
    joint(
        *("agreement-only-tells", "guard", f"{GUARDS}/without_model.py"),
        *('"agreement", "Agreement", INCONCLUSIVE', '"agreement", "Agreement", None', "guards_lower", DECIDE),
    ),
    joint(
        *("control-only-lowers", "guard", f"{GUARDS}/without_model.py"),
        *('"Negative control", NOT_TESTABLE', '"Negative control", INCONCLUSIVE', "guards_lower", DECIDE),
    ),
    joint(
        *("guard-that-cannot-run-lets-pass", "guard", "claims/guards/__init__.py"),
        *("(why,) if forbids else ()", "()", "cannot_run"),
    ),
    joint(
        *("same-scores-always-pass", "guard", f"{CATALOGUE}/natural_exceeds_budget.py"),
        *("check.share >= 0.025", "check.share >= 0.0", "agree_too_little"),
    ),
    joint(
        *("other-population-widened", "guard", "claims/test.py"),
        *('if population == "like-these":', 'if population == "these":', "few_questions", DECIDE),
    ),
    joint(
        *("widening-turned", "guard", "statements/effective.py"),
        *(
            "spread(np.ravel(draws), questions - 1.0)",
            "spread(np.ravel(draws), questions + 9.0)",
            "widening",
            "inference/test_evidence.py",
        ),
    ),
    joint(
        *("none-on-one-side-only", "guard", "claims/rule.py"),
        *("((draws, other), (-draws, -other))", "((draws, other), (draws, other))", "practically", DECIDE),
    ),
    joint(
        *("none-here-is-none-there", "guard", "claims/rule.py"),
        *(" and (rest > -delta).mean() > 0.5", "", "practically", DECIDE),
    ),
    joint(
        *("none-stands-whatever-is-found", "guard", "claims/test.py"),
        *("case.lowered and verdict in (*DECIDED, NEGLIGIBLE)", "case.lowered and verdict in DECIDED"),
        *("practically_none_too", DECIDE),
    ),
    joint(
        *("several-claims-not-controlled", "guard", f"{GUARDS}/several.py"),
        *("verdicts = controlled(verdicts)", "verdicts = list(verdicts)"),
        *("benjamini", "claims/test_decidable.py"),
    ),
    joint(
        *("equality-controlled-too", "guard", f"{GUARDS}/several.py"),
        *("v.probability is not None and v.claim.region is None]", "v.probability is not None]"),
        *("equality", "claims/test_decidable.py"),
    ),
    joint(
        *("design-from-one-draw", "guard", "design/planning.py"),
        *("    need_draws(study.draws * study.chains, least=INDEPENDENT)\n", ""),
        *("one_draw_is_no_number", "commands/test_gate_routes.py"),
    ),
    joint(
        *("runs-by-an-outcome", "guard", "runs/scores.py", "    refuse_outcomes(by)\n", ""),
        *("outcome_are_refused", "commands/test_gate_routes.py"),
    ),
    # what a study takes over from a fit
    joint(
        *("carried-without-warmup", "refit", "claims/carried.py"),
        *('"draws", "warmup", "chains"', '"draws", "chains"', "sampled_as", CARRIED),
    ),
    joint(
        *("carried-without-the-prior", "refit", "claims/carried.py"),
        *('None if spec.prior == usual["prior"] else spec.prior', "None", "prior_reaches", CARRIED),
    ),
    joint(
        *("carried-without-the-engine", "refit", "claims/carried.py"),
        *('None if spec.engine == usual["engine"] else spec.engine', "None", "engine_and", CARRIED),
    ),
    joint(
        *("carried-not-to-contrasts", "refit", "claims/study.py"),
        *("self.halves, answers=self.answers,", "self.halves,", "engine_and", CARRIED),
    ),
    joint(
        *("carried-not-to-laws-of-length", "refit", "claims/study.py"),
        *('"prior": self.length_prior, "answers": self.answers}', '"prior": self.length_prior}', "engine_and", CARRIED),
    ),
    joint(
        *("carried-without-the-metric", "refit", "claims/carried.py"),
        *(', "metric": one.spec.options["metric"]}', "}", "laws_bring", CARRIED),
    ),
    joint(
        *("carried-without-the-prior-of-temperature", "refit", "claims/carried.py"),
        *(
            'None if spec.prior == _usual(fit)["temperature_prior"] else spec.prior',
            "None",
            "answers_and_lengths",
            CARRIED,
        ),
    ),
    joint(
        *("carried-formula-dropped", "refit", "claims/carried.py"),
        *('"formula": spec.formula, ', "", "cannot_follow", CARRIED),
    ),
    joint(
        *("carried-prior-not-the-claim-s", "prior", f"{CATALOGUE}/{NATURAL}.py"),
        *("contrast.fit.prior,", "type(contrast.fit.prior)(),", "prior_reaches", CARRIED),
    ),
    # what a fit keeps when it is made again
    joint(
        *("warmup-forgotten-by-the-spec", "refit", "answers/fit.py"),
        *("        warmup=warmup,\n        backend", "        backend", "refit_keeps", "answers/test_spec.py"),
    ),
    joint(
        *("warmup-without-effect", "refit", "answers/engines.py"),
        *("warmup=spec.warmup, **settings)\n", "warmup=40, **settings)\n", "warmup_has", "answers/test_spec.py"),
    ),
    joint(
        *("grid-whatever-the-engine", "refit", "answers/engines.py"),
        *('if spec.engine == "grid":', 'if spec.engine in ("grid", "nuts"):', "refit_keeps", "answers/test_spec.py"),
    ),
]

if __name__ == "__main__":
    core.main(MUTANTS, "mutants_joints", "Mutants of the joints", __doc__)
