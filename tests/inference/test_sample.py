"""NUTS into a DataTree, and posteriors on disk."""

import numpy as np
import pytest

from hotmess.errors import BadInput
from hotmess.inference.gate import gate_tree
from hotmess.inference.sample import enable_x64, sample
from hotmess.inference.store import load_tree, save_tree


def model(y):
    import numpyro
    import numpyro.distributions as dist

    mu = numpyro.sample("mu", dist.Normal(0.0, 2.0))
    numpyro.sample("y", dist.Normal(mu, 1.0).expand([len(y)]).to_event(1), obs=y)


@pytest.fixture(scope="module")
def tree():
    return sample(model, np.array([1.0, 2.0, 3.0]), seed=1, draws=600, warmup=300)


@pytest.mark.slow
def test_nuts_recovers_a_normal_posterior_in_double_precision(tree):
    x = tree["posterior"]["mu"].values
    precision = 3 + 0.25
    mean, sd = 6 / precision, precision**-0.5
    assert x.dtype == np.float64 and x.shape == (4, 600)
    bulk = gate_tree(tree).values["mu"][1]
    assert gate_tree(tree).passed
    assert abs(x.mean() - mean) < 4 * sd / np.sqrt(bulk)
    assert abs(x.std() - sd) < 4 * sd / np.sqrt(bulk)


def test_the_log_prior_is_that_of_every_draw(tree):
    x = tree["posterior"]["mu"].values
    exact = -0.5 * (x / 2) ** 2 - np.log(2 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(tree["log_prior"]["mu"].values, exact, atol=1e-9)


def test_seeds_reproduce_and_other_users_of_jax_keep_their_precision(tree):
    import jax

    before = jax.config.jax_enable_x64
    again = sample(model, np.array([1.0, 2.0, 3.0]), seed=1, draws=600, warmup=300)
    np.testing.assert_array_equal(tree["posterior"]["mu"], again["posterior"]["mu"])
    assert jax.config.jax_enable_x64 == before
    with enable_x64():
        assert jax.numpy.asarray(1.0).dtype == "float64"


def test_a_posterior_comes_back_as_it_was_written(tree, tmp_path):
    save_tree(tree, tmp_path / "fit.nc")
    back = load_tree(tmp_path / "fit.nc")
    np.testing.assert_array_equal(back["posterior"]["mu"], tree["posterior"]["mu"])
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_what_is_no_posterior_is_refused(tmp_path, tree):
    (tmp_path / "text.nc").write_text("not netCDF")
    with pytest.raises(BadInput, match=r"text\.nc"):
        load_tree(tmp_path / "text.nc")
    with pytest.raises(BadInput, match="no file"):
        load_tree(tmp_path / "absent.nc")
    with pytest.raises(BadInput, match="folder"):
        save_tree(tree, tmp_path / "absent" / "fit.nc")
