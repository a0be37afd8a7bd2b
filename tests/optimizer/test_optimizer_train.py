"""Training: pairs as promised, a resumed training equal to one without interruption, and the paper's configuration."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hotmess.errors import BadInput
from hotmess.optimizer import checkpoint
from hotmess.optimizer.experiment import EXPERIMENTS, PAPER, TINY, Experiment
from hotmess.optimizer.quadratic import descend, random_quadratic, steepest_step
from hotmess.optimizer.train import block_starts, held_out_points, pair_tokens, pairs, token_loss, train
from hotmess.optimizer.transformer import Shape, Transformer

PROBLEM = random_quadratic(0, dimension=2)


def test_one_pass_uses_every_point_of_a_block_once():
    key = jax.random.PRNGKey(4)
    parts = [pairs(PROBLEM, TINY, key, jnp.asarray(s)) for s in range(0, TINY.path, TINY.chunk)]
    seen = np.concatenate([np.asarray(p) for p in parts])
    path = np.asarray(descend(PROBLEM, block_starts(TINY, key, 0, TINY.batch), steps=TINY.path - 1, norm=TINY.norm))
    for i in range(TINY.batch):
        assert np.array_equal(np.sort(seen[:, i, 0]), np.sort(path[:, i, 0]))
    assert not np.array_equal(seen[:, 0, 0], path[:, 0, 0])


def test_held_out_starts_are_of_no_training_block():
    key = jax.random.PRNGKey(0)
    assert held_out_points(PROBLEM, TINY, key, count=8).shape == (8, 2)
    train_starts = np.concatenate([block_starts(TINY, key, b, TINY.batch) for b in range(TINY.blocks)])
    other = np.asarray(block_starts(TINY, key, TINY.blocks + 1, TINY.batch))
    assert not np.isin(other, train_starts).any()


def test_pairs_say_point_and_update():
    x = jnp.array([[0.5, -1.5]])
    tokens = pair_tokens(PROBLEM, TINY, x)[0]
    code = TINY.encoding
    assert code.text(tokens[: code.length]) == "+150-015"
    update = np.asarray(steepest_step(PROBLEM, x, TINY.norm))[0]
    assert np.asarray(code.decode(tokens[code.length :])) == pytest.approx(update, rel=0.06)


@pytest.mark.slow
def test_loss_of_a_model_that_knows_nothing_is_log_of_the_vocabulary():
    model = Transformer(Shape(1, 8), vocabulary=12, length=TINY.length, key=jax.random.PRNGKey(0))
    model = eqx.tree_at(lambda m: m.readout, model, jnp.zeros_like(model.readout))
    tokens = pair_tokens(PROBLEM, TINY, jnp.ones((4, 2)))
    assert float(token_loss(model, tokens, TINY.encoding.length)) == pytest.approx(np.log(12), rel=1e-5)


@pytest.mark.slow
def test_resumed_training_has_equal_losses(tmp_path):
    whole = train(PROBLEM, TINY, Shape(1, 8), seed=1)
    first = train(PROBLEM, TINY, Shape(1, 8), seed=1, folder=tmp_path / "m", stop=32)
    resumed = train(PROBLEM, TINY, Shape(1, 8), seed=1, folder=tmp_path / "m")
    assert len(first.losses) == 2 and len(whole.losses) == 4
    assert resumed.losses == whole.losses and resumed.held_out == whole.held_out
    assert whole.losses[-1] < whole.losses[0]
    with pytest.raises(BadInput, match="another experiment"):
        train(PROBLEM, TINY, Shape(1, 8), seed=2, folder=tmp_path / "m")
    with pytest.raises(BadInput, match="another model"):
        train(PROBLEM, TINY, Shape(1, 16), seed=1, folder=tmp_path / "m")


def test_interrupted_or_spoilt_checkpoints(tmp_path):
    tree = {"a": jnp.arange(3.0), "b": jnp.zeros((), jnp.int32)}
    assert checkpoint.load(tmp_path / "c", tree) is None
    checkpoint.save(tmp_path / "c", tree, {"step": 5})
    back, notes = checkpoint.load(tmp_path / "c", tree)
    assert back["a"].tolist() == [0, 1, 2] and notes["step"] == 5
    assert [path.name for path in tmp_path.iterdir()] == ["c.npz"]
    whole = (tmp_path / "c.npz").read_bytes()
    spoilt = [b"", b"not an archive", whole[: len(whole) // 2], whole[:-30]]
    spoilt += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (200, len(whole) // 3)]
    for content in spoilt:
        (tmp_path / "c.npz").write_bytes(content)
        with pytest.raises(BadInput, match=r"cannot be read .*delete it to start afresh"):
            checkpoint.load(tmp_path / "c", tree)


@pytest.mark.parametrize(
    "notes",
    [b"[]", b"{}", b'{"step": "4"}', b'{"step": 4, "losses": [1.0, null]}', b"[" * 100_000, b"\xff", b'{"step": 4'],
    ids=["list", "empty", "text", "losses", "deep", "no text", "cut off"],
)
def test_notes_that_are_none(tmp_path, notes):
    file = tmp_path / "c.npz"
    np.savez(file, a0000=np.zeros(3), notes=np.frombuffer(notes, np.uint8))
    with pytest.raises(BadInput, match="cannot be read"):
        checkpoint.load(tmp_path / "c", {"a": jnp.zeros(3)})
    with pytest.raises(BadInput, match="cannot be read"):
        checkpoint.step(tmp_path / "c")


def test_a_checkpoint_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "c.npz", notes=np.frombuffer(b'{"step": 4}', np.uint8), a0000=np.array([{}], object))
    with pytest.raises(BadInput, match="cannot be read"):
        checkpoint.load(tmp_path / "c", {"a": jnp.zeros(3)})


def test_paper_configuration():
    sizes = [PAPER.parameters(s) for s in PAPER.sizes]
    assert 44_000 < sizes[0] < 50_000 and 4.5e6 < sizes[-1] < 5.5e6 and sizes == sorted(sizes)
    assert (PAPER.dimension, PAPER.condition, PAPER.norm, PAPER.path) == (4, 50.0, 0.005, 4096)
    assert (PAPER.trajectories, PAPER.held_out, PAPER.digits, PAPER.batch) == (20_000, 0.1, 4, 1024)
    assert (PAPER.starts, PAPER.rollout) == (4096, 2048)
    for e in EXPERIMENTS.values():
        assert len(e.sizes) >= 3 and Experiment.read(json.loads(json.dumps(e.record()))) == e


@pytest.mark.slow
def test_paper_configuration_trains_a_few_steps():
    few = dataclasses.replace(PAPER, batch=16, chunk=2, trajectories=100, batches=4)
    trained = train(random_quadratic(0), few, PAPER.sizes[0], seed=0)
    assert len(trained.losses) == 2 and 0.5 < trained.losses[-1] < 4


def test_inconsistent_experiments_are_refused():
    with pytest.raises(BadInput, match="divide path"):
        dataclasses.replace(TINY, chunk=7)
    with pytest.raises(BadInput, match="do not fill a batch"):
        dataclasses.replace(TINY, trajectories=10)
    with pytest.raises(BadInput, match="multiple of chunk"):
        train(PROBLEM, TINY, Shape(1, 8), seed=1, stop=5)
