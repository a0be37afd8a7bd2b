"""Reading a saved posterior of any kind: `hotmess.load`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotmess.inference.posterior import Posterior


def load(path: str | Path) -> Posterior:
    """A posterior written by its `save`, whole: draws, cells, the way it was made. Responses are not in the file.

    Nothing in a file is run; what was damaged since it was written is told from a checksum inside.

    Raises
    ------
    BadInput
        If there is no such file, if it is no posterior of this package, or if it is damaged.

    Examples
    --------
    >>> import hotmess as hm, tempfile
    >>> fit = hm.fit(hm.example(), draws=50)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fit.save(f"{folder}/fit.nc")
    ...     again = hm.load(f"{folder}/fit.nc")
    >>> again.spec == fit.spec, again.summary().equals(fit.summary())
    (True, True)
    """
    from hotmess.inference.pack import KIND, checksum, unpack
    from hotmess.inference.store import REST, load_tree

    tree = load_tree(path)
    if REST not in tree.children:
        raise BadInput(f"{path} holds draws but not what they are of; read it with xarray or ArviZ.")
    rest = tree.children[REST]
    if rest.attrs.get("checksum") != checksum(tree):
        raise BadInput(f"{path} was damaged or changed after it was written; make the posterior again.")
    classes = _classes()
    kind = str(rest.attrs.get(KIND))
    if kind not in classes:
        raise BadInput(f"{path} holds a {kind}, which this version of hotmess does not know.")
    try:
        values = unpack(rest, classes)
        del tree[REST]
        found: Posterior = classes[kind](data=tree, **values)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} cannot be read by this version of hotmess: {error}.") from error
    return found


def _classes() -> Mapping[str, Callable[..., Any]]:
    """What a file may hold: posteriors, and the parts they are made of."""
    from hotmess.answers.fit import fit_cells
    from hotmess.answers.prior import AnswerPrior
    from hotmess.answers.probabilities import ProbabilityFit
    from hotmess.answers.vectors import VectorFit
    from hotmess.decompose.points import Points
    from hotmess.inference.spec import Spec
    from hotmess.laws.embeddings import VarianceLaw
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.length_lines import LineData
    from hotmess.laws.length_prior import LengthPrior
    from hotmess.laws.power import PowerLaws
    from hotmess.laws.power_data import LawData
    from hotmess.laws.power_model import LawPrior
    from hotmess.optimizer.law import RolloutLaw
    from hotmess.optimizer.logarithms import Logarithms
    from hotmess.optimizer.scales import RolloutPrior
    from hotmess.rankings.model import RankFit
    from hotmess.rankings.table import Rankings
    from hotmess.responses.cells import Cells
    from hotmess.temperature.contexts import ContextRows
    from hotmess.temperature.data import LengthData
    from hotmess.temperature.likelihood import Dense
    from hotmess.temperature.posterior import LengthFit
    from hotmess.temperature.prior import Pooling, TemperaturePrior

    def of_cells(data: Any, cells: Any, spec: Any) -> Any:
        return fit_cells(cells, spec, pointwise=False, data=data)

    def of_vectors(data: Any, **values: Any) -> Any:
        return VectorFit(source=None, **values)

    def of_points(**values: Any) -> Any:
        old = {"sum": "places", "squares": "norms"}  # names of earlier versions
        return Points(**{old.get(name, name): value for name, value in values.items()})

    lengths = (ContextRows, Dense, LengthData, LengthFit, LengthPrior, LineData, Pooling, TemperaturePrior)
    laws = (LawData, LawPrior, LengthLaw, Logarithms, PowerLaws, RolloutLaw, RolloutPrior, VarianceLaw)
    plain = (AnswerPrior, Cells, ProbabilityFit, RankFit, Rankings, Spec, *laws, *lengths)
    return {
        **{one.__name__: one for one in plain},
        "Points": of_points,
        "Fit": of_cells,
        "PositionFit": of_cells,
        "VectorFit": of_vectors,
    }
