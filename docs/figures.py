"""The pictures of the documentation: plate diagrams, the prior, and a gallery of every figure function.

python docs/figures.py            write docs/figures/, with the gallery's page
python docs/figures.py --png DIR  the same as PNG, to look at
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


@dataclass(frozen=True)
class Picture:
    """A figure of the gallery: the function's name, the call that draws it (of `study`), what is to be seen."""

    name: str
    code: str
    about: str
    alt: str


GALLERY = (
    Picture(
        "incoherence_by_model",
        "plot.incoherence_by_model(study)",
        "Incoherence of every model. The thick line is about these questions, the thin one about questions like these.",
        "Four models from 1 to 64 billion parameters, all between 0.35 and 0.5.",
    ),
    Picture(
        "bias_variance_plane",
        "plot.bias_variance_plane(study.fit)",
        "Every question at its posterior mean of bias² and variance; grey lines join points of equal incoherence.",
        "Questions fill the triangle below bias² of 2 and variance of 0.75; the crosses of the means lie near 0.45.",
    ),
    Picture(
        "natural_contrast",
        "plot.natural_contrast(study.contrast, study.unbiased_contrast)",
        "Longer against shorter responses of the same question: the change of incoherence and its three parts.",
        "The change is above zero in every model; the part of accuracy is near or below zero, the other two above.",
    ),
    Picture(
        "incoherence_against_length",
        "plot.incoherence_against_length(study.length_law)",
        "Incoherence against mean length between questions: bins, and the odds law with its interval.",
        "Incoherence falls with length in all eight panels; the intervals of six of the eight slopes exclude zero.",
    ),
    Picture(
        "length_prior",
        "plot.length_prior(study.length_law)",
        "Curves of incoherence that the prior of the length law draws before the data, and the bins of every model.",
        "Grey curves fan out from the middle, most within 0.1 to 0.9 at two standard deviations; bins lie among them.",
    ),
    Picture(
        "answer_prior",
        "plot.answer_prior(study.fit.prior)",
        "What the prior of the letter model lets a group be: accuracy, how settled questions are, incoherence.",
        "Accuracy is spread over all of 0 to 1; incoherence has its bulk between 0.2 and 0.7.",
    ),
    Picture(
        "power_laws",
        "plot.power_laws(study.power_laws)",
        "Bias² and variance against model size by difficulty, and the exponents of both laws.",
        "Bias² falls with size in every group, variance hardly; intervals of the exponents are wide with four sizes.",
    ),
    Picture(
        "predictions",
        'plot.predictions(hm.interpret.predictions(study, "budget", by=["model"]))',
        "Incoherence, bias² and variance of each model at each budget.",
        "At the high budget every model's variance is a little lower than at the low one.",
    ),
    Picture(
        "comparisons",
        'plot.comparisons(hm.interpret.comparisons(study, "budget", levels=["low", "high"], by=["model"]))',
        "Differences between budgets on the same questions, with zero marked.",
        "Incoherence and variance are lower at the high budget in all four models; bias² is not.",
    ),
    Picture(
        "compare",
        'plot.compare(hm.compare(study, "owl-1b", "owl-64b"))',
        "Two models on the same questions: incoherence with its three parts, bias², variance and error.",
        "The smaller model has the larger error, mostly bias²; its incoherence is lower, all of it through accuracy.",
    ),
    Picture(
        "overthinking_slopes",
        "plot.overthinking_slopes(study.temperature, {'natural': study.halves, 'budget': study.budget_halves})",
        "Change of logit incoherence per doubling of tokens: natural length, observed, and budgets, assigned.",
        "Natural length has slopes above zero in every model, budgets slopes below zero.",
    ),
    Picture(
        "dose_response",
        "plot.dose_response(study.temperature, study.responses)",
        "Incoherence against tokens: along natural length (band), and from one budget to the next (marks).",
        "In every model the band of natural length rises while the step between budgets goes down.",
    ),
    Picture(
        "failure_signatures",
        "plot.failure_signatures(study.fit)",
        "The share of questions that fail systematically, as a hot mess, in both ways, or not.",
        "Hardly any question fails systematically; about half have both high bias and high variance.",
    ),
    Picture(
        "pass_curves",
        "plot.pass_curves(study.responses)",
        "All of k responses right, and one of k right, against k.",
        "All of k falls and one of k rises with k in every model; the largest model lies above the others in both.",
    ),
    Picture(
        "source_shares",
        'plot.source_shares(study.responses, ["budget"])',
        "How much of the variance of responses to a question is a source's, here the budget's, and how much sampling.",
        "The budget has next to none of the variance in any model; nearly all is sampling.",
    ),
    Picture(
        "real_ensembles",
        "plot.real_ensembles(hm.ensembles.real_ensembles(study.responses))",
        "Averages of disjoint real responses: bias² and variance; lines are what independent responses give.",
        "With two answers averaged variance is halved in all four models, bias² stays.",
    ),
    Picture(
        "sample_efficiency",
        "plot.sample_efficiency(sample_size(study.fit), subset_spread(study.cells))",
        "Standard deviation of the aggregates against the number of responses per question.",
        "All lines fall with the root of the number of responses; those of the models lie close together.",
    ),
    Picture(
        "changed_answers",
        "plot.changed_answers(study.cells)",
        "The share of questions whose answer changes when they are asked again.",
        "About half of the questions change their answer, in all four models.",
    ),
    Picture(
        "length_size_surface",
        "plot.length_size_surface(study.length_law)",
        "Incoherence of bins of questions against length and model size.",
        "Most bins lie between 0.2 and 0.6; the few that are darker are at all sizes, the darkest at the largest.",
    ),
    Picture(
        "movement_by_size",
        "plot.movement_by_size(study.power_laws)",
        "How groups of difficulty move in the plane of bias² and variance as models grow.",
        "Most groups move to the left, toward less bias², with variance nearly as it was.",
    ),
    Picture(
        "length_correlation",
        "plot.length_correlation(study.responses)",
        "Correlation between models of how long questions take, a mark per other model and setting.",
        "All correlations are above 0.97: the example's questions have the same lengths in every model.",
    ),
    Picture(
        "wait_ratios",
        "plot.wait_ratios(hm.read(study.responses.table.assign(reasoning_text=[\n"
        '    "so " * 90 + "wait " * int(tokens // 150) for tokens in study.responses.table["reasoning_tokens"]\n'
        "])))",
        "Incoherence of questions by the share of a word in the reasoning. The example has no texts: these are made "
        "up, a “wait” for every 150 tokens, so that this is incoherence against length in other words.",
        "Eight panels, models and budgets, of five bins each: incoherence falls with the share in some, not in others.",
    ),
    Picture(
        "posterior_checks",
        "plot.posterior_checks(hm.check(study.fit))",
        "Statistics of the data against those that the fitted model makes; hollow marks lie outside.",
        "All statistics inside their lines but one: models agree on questions more than independent groups would.",
    ),
    Picture(
        "ranks",
        'plot.ranks(study.power_laws.data, names=["alpha_bias2"], most=3)',
        "Rank plots of a posterior by ArviZ: lines inside the band mean that the chains agree.",
        "Four chains whose ranks stay inside the band.",
    ),
)


def study() -> Any:
    """The study behind the gallery."""
    import hotmess as hm

    return hm.Study(hm.example(), draws=400, seed=1)


def draw(picture: Picture, study: Any) -> Any:
    """Run a picture's code."""
    import hotmess as hm
    from hotmess import plot
    from hotmess.laws.samples import sample_size, subset_spread

    names = {"hm": hm, "plot": plot, "study": study, "sample_size": sample_size, "subset_spread": subset_spread}
    return eval(picture.code, names)


def rule() -> Any:
    """The rule of verdicts: the central 95% of a posterior against 0 and the region of what counts as none."""
    from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, NEGLIGIBLE, SUPPORTED
    from hotmess.plot import style
    from hotmess.plot.colour import BIAS, INK, MUTED, RULE

    cases = (  # middle and half the 95% interval, the region being (-1, 1)
        (2.2, 1.2, SUPPORTED, "above 0"),
        (-2.0, 1.3, CONTRADICTED, "below 0"),
        (0.1, 0.7, f"practically none ({NEGLIGIBLE})", "within the region"),
        (0.5, 0.4, f"practically none ({NEGLIGIBLE})", "within the region; its sign is known, and too small to matter"),
        (0.8, 1.9, INCONCLUSIVE, "holds 0, and what is more than none"),
    )
    with style.look():
        figure = style.new_figure(width=style.WIDE, height=2.2)
        axes = figure.subplots()
        axes.axvspan(-1, 1, color=RULE, alpha=0.6, lw=0)
        axes.axvline(0, color=MUTED, lw=0.8)
        for row, (middle, half, verdict, why) in enumerate(cases):
            axes.plot([middle - half, middle + half], [-row, -row], color=BIAS, lw=2.2, solid_capstyle="butt")
            axes.plot(middle, -row, "o", color=BIAS, ms=4.5)
            axes.text(4.0, -row, verdict, va="center", color=INK, fontsize=8)
            axes.text(4.0, -row - 0.38, why, va="center", color=MUTED, fontsize=6.6)
        axes.set_xlim(-4, 9.5)
        axes.set_ylim(-len(cases) + 0.2, 0.6)
        axes.set_yticks([])
        axes.set_xticks([-1, 0, 1], ["−δ", "0", "δ"])
        axes.spines["left"].set_visible(False)
    return axes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--png", type=Path, help="write PNG files here instead")
    args = parser.parse_args()
    from plates import DIAGRAMS

    from hotmess import plot
    from hotmess.plot.style import figure_of

    out, kind = (args.png, "png") if args.png else (HERE / "figures", "svg")
    out.mkdir(parents=True, exist_ok=True)

    def save(name: str, axes: Any) -> None:
        figure = axes.viz["figure"].item() if hasattr(axes, "viz") else figure_of(axes)
        figure.savefig(out / f"{name}.{kind}", facecolor="white", dpi=110)

    makers: dict[str, Callable[[], Any]] = {**DIAGRAMS, "prior": plot.answer_prior, "rule": rule}
    for name, make in makers.items():
        save(name, make())
    about, page = study(), [HEAD, thumbnails()]
    for picture in GALLERY:
        save(picture.name, draw(picture, about))
        page.append(
            f"## {picture.name.replace('_', ' ')}\n\n{picture.about}\n\n![{picture.alt}]({picture.name}.svg)\n\n"
            f"```py\naxes = {picture.code}\n```\n"
        )
        print(picture.name, flush=True)
    if not args.png:
        (out / "index.md").write_text("\n".join(page), encoding="utf-8")
    shown = {p.name for p in GALLERY}
    tools = {"figure_of", "save", "model_records"}
    more = [n for n in plot.__all__ if n not in shown | tools and not n.endswith("_table")]
    if more:
        print(f"not in the gallery: {', '.join(more)}", file=sys.stderr)
    return 0


def thumbnails() -> str:
    """All pictures small, each a link to its place below."""
    cells = [
        f'<a href="#{p.name.replace("_", "-")}" title="{p.name}"><img src="../_images/{p.name}.svg" alt="" '
        'loading="lazy" style="width:10.5rem;height:7rem;object-fit:contain;background:#fff;border:1px solid #ddd"></a>'
        for p in GALLERY
    ]
    return "```{raw} html\n<p>" + "\n".join(cells) + "</p>\n```\n"


HEAD = """# Gallery

Every figure function with the call that makes it, on the example that comes with the package. Each returns matplotlib
axes (`plot.save(axes, "figure.pdf")` writes the figure) and draws what the table function beside it holds. Colours
follow the family and lightness the size; marks differ as well, so that nothing depends on colour alone.

```py
import hotmess as hm
from hotmess import plot
from hotmess.laws.samples import sample_size, subset_spread

study = hm.Study(hm.example(), draws=400, seed=1)
```
"""


if __name__ == "__main__":
    sys.exit(main())
