"""Study: how often each claim is called supported where it is false, beside the published procedures.

    python reports/studies/null_worlds.py --sets plan --jobs 2     # resumes where it stopped
    python reports/studies/null_worlds.py --summary                # writes the table from what has run
    python reports/studies/null_worlds.py --check                  # runs a tenth again, exits with 1 where it differs
    python reports/studies/null_worlds.py --agree 20               # draws of the studies against the command line's

`--sets` is the number of data sets in each world: `plan`, 200 where a claim lies on its boundary and 60 elsewhere, or a
number; `--sets natural=plan,scale=100` sets it by the claims' subject (natural, between, sized, scale); `--minutes`
ends it after so much processor time. The data sets are those of `verdict_worlds.py`, which `power.py` shares. Writes
`null_worlds.json` and `null_worlds.md` beside itself, and the rates of each claim beside its module in
`src/hotmess/claims/catalogue`, where the claim reads them.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import verdict_worlds as worlds  # noqa: E402

from hotmess.claims.rates import place  # noqa: E402

ENOUGH = 50  # data sets of false worlds below which a claim's rates stay those that were measured before
AIM, LEVEL = 0.035, 0.05  # rate of supported that no false world may exceed; of the exact test, Holm over the worlds
SUMMARY = "python reports/studies/null_worlds.py --summary"  # what has run so far, not what is aimed at
LEAST = 20
HOTTER = "answers-get-hotter-with-length"
JOINT = (HOTTER, "natural-exceeds-budget", "incoherence-rises-within-questions")
CATALOGUE = HERE.parents[1] / "src" / "hotmess" / "claims" / "catalogue"
SUBJECTS = {
    worlds.NATURAL[0]: "natural",
    worlds.BETWEEN[0]: "between",
    worlds.BETWEEN[1]: "between",
    worlds.SIZED[0]: "sized",
    worlds.SCALE[0]: "scale",
}


def subject(kind: worlds.Kind) -> str:
    return SUBJECTS[kind.claims[0]]


def wanted(text: str, kinds: Sequence[worlds.Kind]) -> dict[str, int]:
    """`plan`, `1000`, or `natural=plan,scale=100` (others none), as data sets for each kind."""
    pairs = dict(part.split("=") for part in text.split(",")) if "=" in text else {}

    def number(kind: worlds.Kind) -> int:
        one = pairs.get(subject(kind), "0") if pairs else text
        return worlds.planned(kind) if one == "plan" else int(one)

    return {k.name: number(k) for k in kinds}


def share(count: int, sets: int) -> str:
    return f"{count / sets:.1%}" if sets else "–"


def markdown(about: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """The page: one table per claim, false worlds first."""
    lines = [
        "# Null worlds: verdicts where the truth is known",
        "",
        f"`{about['command']}`, {about['date']}, {about['data_sets']:,} data sets, seeds from 0. Every data set goes "
        "the route of `hotmess test` with all its guards, the claims of a table of one subject together. "
        "*False* is a world where the claim's own estimand has the wrong sign, is 0 (the boundary), lies outside the "
        "region or is undefined. The upper limit is of the rate of *supported*, one-sided 95% (Clopper and Pearson); "
        f"the aim is that no false world exceeds {AIM:.1%} by an exact binomial test at {LEVEL:.0%}, with Holm's "
        "correction over a claim's false worlds; few data sets seldom show that it does, and the limit says how little "
        "is known then. Rates stand with their Monte Carlo standard errors. *Published*: the procedure a reader "
        "of the paper would follow (plug-in terms, five bins or a median split, log-log least squares), on the same "
        "data. *Width*: mean standard deviation of the posteriors (that of a Normal with the same 90% interval) over "
        "the standard deviation of their medians between data sets; 1 is right, above 1 the intervals are wider than "
        "they need be.",
        "",
        f"This is what has run so far, the number in each row; planned are {worlds.BOUNDARY} data sets where a claim "
        f"lies on its boundary and {worlds.ELSEWHERE} elsewhere, and the command goes on from what is there. `--check` "
        "runs a tenth again and compares. The guard of sensitivity, which can only take verdicts back, was not asked "
        f"in {about['without_sensitivity']:,} of them (claims on length between questions).",
        "",
    ]
    for claim in dict.fromkeys(r["claim"] for r in rows):
        mine = [r for r in rows if r["claim"] == claim]
        mine.sort(key=lambda r: r["true"])
        lines += [
            f"## {claim}",
            "",
            "| world | truth | claim is | data sets | supported | upper limit | contradicted | practically none "
            "| inconclusive | not testable | published: supported | published: contradicted "
            "| 90% interval holds the truth | width |",
            "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        for r in mine:
            n, other = r["sets"], r["published"]
            truth = "undefined" if r["truth"] is None else f"{r['truth']:+.3g}"
            limit = "" if r["true"] else f"{worlds.upper_limit(r['supported'], n):.1%}"
            published = [share(other[k], n) if other else "–" for k in ("supported", "contradicted")]
            cover = share(r["covered"], r["intervals"]) if r["covered"] is not None else "–"
            lines.append(
                f"| {r['world']} | {truth} | {'true' if r['true'] else 'false'} | {n} "
                f"| {share(r['supported'], n)} ± {100 * worlds.error(r['supported'], n):.1f}% "
                f"| {limit} | {share(r['contradicted'], n)} | {share(r['negligible'], n)} "
                f"| {share(r['inconclusive'], n)} | {share(r['not testable'], n)} | {published[0]} | {published[1]} "
                f"| {cover} | {'–' if r['width'] is None else format(r['width'], '.2f')} |"
            )
        lines += ["", f"**{verdict(mine)}**", ""]
    return "\n".join(lines)


def verdict(rows: Sequence[dict[str, Any]]) -> str:
    """What the table says of one claim, in a sentence."""
    false = [r for r in rows if not r["true"]]
    true = [r for r in rows if r["true"]]
    count, sets = sum(r["supported"] for r in false), sum(r["sets"] for r in false)
    limits = {r["world"]: worlds.upper_limit(r["supported"], r["sets"]) for r in false}
    above = worlds.above(AIM, {r["world"]: (r["supported"], r["sets"]) for r in false}, level=LEVEL)
    out = (
        f"False worlds: supported in {count} of {sets} data sets, an upper limit of "
        f"{worlds.upper_limit(count, sets):.1%} for the mean rate of the worlds. "
        f"Above {AIM:.1%} by the exact test: {'; '.join(above) or 'none'} of the {len(false)}; limits of single worlds "
        f"up to {max(limits.values(), default=0):.1%}."
    )
    wrong = sum(r["contradicted"] for r in true)
    out += f" True worlds: contradicted in {wrong} of {sum(r['sets'] for r in true)}." if true else ""
    if false and false[0]["published"]:
        other = sum(r["published"]["supported"] for r in false)
        out += f" The published procedure supports it in {other} of the {sets} where it is false."
    return out


def packaged(about: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The rates that stand beside each verdict, with where they come from."""
    claims: dict[str, Any] = {}
    for claim in dict.fromkeys(r["claim"] for r in rows):
        null = [r for r in rows if r["claim"] == claim and not r["true"] and not r["effect"]]
        power = [r for r in rows if r["claim"] == claim and r["true"]]
        if sum(r["sets"] for r in null) < ENOUGH:
            continue
        worst = max(null, key=lambda r: (r["supported"] / r["sets"], worlds.upper_limit(r["supported"], r["sets"])))
        published = null[0]["published"]
        claims[claim] = {
            "false_worlds": len(null),
            "data_sets": sum(r["sets"] for r in null),
            "supported": sum(r["supported"] for r in null),
            "fewest": min(r["sets"] for r in null),
            "upper_limit": worlds.upper_limit(sum(r["supported"] for r in null), sum(r["sets"] for r in null)),
            "not_testable": sum(r["not testable"] for r in null),
            "worst_world": worst["world"],
            "worst_rate": worst["supported"] / worst["sets"],
            "worst_upper_limit": max(worlds.upper_limit(r["supported"], r["sets"]) for r in null),
            "published_supported": sum(r["published"]["supported"] for r in null) if published else None,
            "power": [[r["world"], r["truth"], r["supported"], r["sets"]] for r in power],
        }
        claims[claim] |= {"command": about["command"], "date": about["date"], "by": ""}
    return claims


def joint_rates(path: Path, date: str, *, least: int = 0) -> dict[str, Any]:
    """Rates of the joint model's claims, and of the continuous contrast beside them, from `overthinking_worlds.py`.

    As `packaged` gives those of the others; none where a world has fewer than `least` data sets: the rates that stand
    beside the claim stay. Supported by the posterior alone, of heat with the guard from no effect: the other guards
    only lower verdicts.
    """
    names = {k.world: k.name for k in worlds.KINDS if k.claims == worlds.NATURAL}
    more = {"natural-only": "natural effect only", "budget-only": "budget effect only", "both": "both effects"}
    names |= more | {"neither": "neither effect", "equal": "equal effects"}
    found: dict[str, dict[str, list[int]]] = {claim: {} for claim in JOINT}
    truths: dict[tuple[str, str], float] = {}
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["engine"] != "fast" or record["pareto_k"] >= 0.7:
            continue
        for claim in JOINT:
            values, these = (record[f"{claim}|{population}"] for population in ("like-these", "these"))
            counts = found[claim].setdefault(record["world"], [0, 0])
            supported = values[4] > 0.975 and these[4] > 0.5
            scatter = record.get("option_lengths")
            if claim == HOTTER and scatter is not None and scatter <= 0.025:  # the guard from no effect
                supported = supported and record["from_no_effect"] > 0.975
            counts[0] += bool(supported)
            counts[1] += 1
            truths[claim, record["world"]] = values[0]
    claims = {}
    for claim, by_world in found.items():
        false = {w: c for w, c in by_world.items() if truths[claim, w] < 1e-9}
        if not false or min(c[1] for c in by_world.values()) < least:
            continue
        supported, sets = (sum(c[i] for c in false.values()) for i in (0, 1))
        worst = max(false, key=lambda w: false[w][0] / false[w][1])
        claims[claim] = {
            "false_worlds": len(false),
            "data_sets": sets,
            "supported": supported,
            "fewest": min(c[1] for c in false.values()),
            "upper_limit": worlds.upper_limit(supported, sets),
            "worst_world": names.get(worst, worst),
            "worst_rate": false[worst][0] / false[worst][1],
            "worst_upper_limit": max(worlds.upper_limit(*c) for c in false.values()),
            "published_supported": None,
            "power": [[names.get(w, w), truths[claim, w], *c] for w, c in by_world.items() if w not in false],
            "command": "python reports/studies/overthinking_worlds.py --summary",
            "date": date,
            "by": "by its posterior and the guard from no effect" if claim == HOTTER else "by its posterior alone",
        }
    return claims


def check(records: Sequence[dict[str, Any]], *, every: int = 10) -> int:
    """Run every tenth recorded data set again; the number of claims whose verdict differs."""
    by_name = {k.name: k for k in (*worlds.KINDS, *worlds.POWER)}
    differ = total = 0
    chosen = [r for r in records if r["seed"] % every == 0]
    for record in chosen:
        again = worlds.run_one(by_name[record["kind"]], record["seed"])
        for claim, values in record["claims"].items():
            total += 1
            if again["claims"][claim][0] != values[0]:
                differ += 1
                print(f"{record['kind']}, seed {record['seed']}, {claim}: {values} became {again['claims'][claim]}")
    print(f"{len(chosen)} data sets again: {differ} of {total} verdicts differ.")
    return differ


def agree(number: int) -> list[dict[str, Any]]:
    """The studies' draws against the command line's on `number` data sets: verdicts and probabilities."""
    rows = []
    kinds = [k for k in worlds.KINDS if k.draws == worlds.DRAWS]
    for i in range(number):
        kind = kinds[i % len(kinds)]
        short, long = (worlds.run_one(kind, 10_000 + i, draws=d)["claims"] for d in (worlds.DRAWS, worlds.FULL))
        for claim in kind.claims:
            rows.append({"claim": claim, "world": kind.name, "short": short[claim][:2], "long": long[claim][:2]})
    return rows


def main() -> None:
    parser = worlds.options(__doc__)
    parser.add_argument("--check", action="store_true", help="run a tenth again and compare")
    parser.add_argument("--agree", type=int, metavar="N", help="compare draws of the studies with the command line's")
    args = parser.parse_args()
    if args.check:
        sys.exit(bool(check(worlds.load(args.store))))
    if args.agree:
        rows = agree(args.agree)
        same = sum(r["short"][0] == r["long"][0] for r in rows)
        gaps = [abs(r["short"][1] - r["long"][1]) for r in rows if None not in (r["short"][1], r["long"][1])]
        result = {"verdicts": len(rows), "same": same, "largest_gap_of_p": max(gaps, default=0.0), "rows": rows}
        (args.out / "null_worlds_agree.json").write_text(json.dumps(result, indent=1) + "\n")
        print(f"{same} of {len(rows)} verdicts agree; P differs by at most {result['largest_gap_of_p']:.3f}.")
        return
    if not args.summary:
        worlds.run(worlds.KINDS, wanted(args.sets, worlds.KINDS), jobs=args.jobs, path=args.store, minutes=args.minutes)
    write(args.store, args.out)


def write(store: Path, out: Path) -> None:
    """Tables of null worlds and of power, and the rates beside the claims, from the finished data sets."""
    records = worlds.load(store)
    about = {
        "command": "python reports/studies/null_worlds.py --sets plan --jobs 2",
        "date": datetime.date.today().isoformat(),
        "data_sets": len(records),
        "without_sensitivity": sum(not r.get("sensitivity", True) for r in records),
    }
    rows = worlds.rates(records, worlds.KINDS)
    every = rows + worlds.rates(records, worlds.POWER)
    text = json.dumps({**about, "rows": rows}, indent=1, allow_nan=False)
    (out / "null_worlds.json").write_text(text + "\n")
    (out / "null_worlds.md").write_text(markdown(about, rows))
    found = packaged({**about, "command": SUMMARY}, every)
    if store == worlds.STORE:
        found |= joint_rates(HERE / "overthinking_worlds.jsonl", about["date"], least=LEAST)
    for claim, values in found.items():
        to = place((CATALOGUE if out == HERE else out) / f"{claim.replace('-', '_')}.py")
        to.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
