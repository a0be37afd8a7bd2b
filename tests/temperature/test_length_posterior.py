"""A fit of the temperature model knows how it was made, is made again, leaves models out, comes back from a file."""

import subprocess
import sys

import numpy as np
import pytest

import hotmess as hm
from hotmess.errors import BadInput
from hotmess.inference.posterior import Posterior
from hotmess.simulate import simulate
from hotmess.temperature.fit import fit_lengths


@pytest.fixture(scope="module")
def fit():
    table = simulate("natural-only", seed=5, questions=24, options=3, budgets=1, samples=8, models=2).table
    return fit_lengths(table, engine="fast", seed=2, draws=60, chains=2, points=16, unparsable="wrong")


def theta(fit):
    return fit.data["posterior"]["theta"].values


@pytest.mark.slow
def test_a_refit_is_the_fit_and_keeps_what_is_not_changed(fit):
    assert isinstance(fit, Posterior)
    assert np.array_equal(theta(fit.refit()), theta(fit))
    other = fit.refit(seed=3)
    assert other.spec == fit.spec.changed(seed=3) and not np.array_equal(theta(other), theta(fit))
    assert other.spec.unparsable == "wrong" and other.spec.options["points"] == 16
    with pytest.raises(BadInput, match="no setting 'tree'"):
        fit.refit(tree=1)


@pytest.mark.slow
def test_a_model_left_out_is_gone(fit):
    one, other = fit.lengths.units["model"]
    rest = fit.without(models=[one])
    assert rest.lengths.units["model"].tolist() == [other] and rest.spec == fit.spec


def test_it_comes_back_from_a_file(fit, tmp_path):
    fit.save(str(tmp_path / "fit.nc"))
    again = hm.load(tmp_path / "fit.nc")
    assert again.spec == fit.spec and again.pool.groupings == fit.pool.groupings and again.notes == fit.notes
    assert again.gate.reasons == fit.gate.reasons
    assert np.array_equal(again.slopes("natural")["incoherence"], fit.slopes("natural")["incoherence"])
    with pytest.raises(BadInput, match="responses of this fit are not at hand"):
        again.refit()


def test_the_fast_path_starts_no_jax():
    """It takes a second to start and to compile, of the two that a small fit takes."""
    code = (
        "import sys; from hotmess.simulate import simulate; from hotmess.temperature.fit import fit_lengths\n"
        "fit_lengths(simulate('both', seed=1, questions=6, samples=4).table, engine='fast', draws=20)\n"
        "sys.exit('jax.numpy' in sys.modules)  # ArviZ leaves a `jax` there that is loaded when it is asked"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
