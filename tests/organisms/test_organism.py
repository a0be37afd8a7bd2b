"""Organisms: resumed training, sampling against the model's own probabilities, and the table."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.optimizer.transformer import Shape, Transformer
from hotmess.organisms import __main__ as command
from hotmess.organisms.expressions import LENGTH, PROMPT, SYMBOLS, question_set, write_batch
from hotmess.organisms.organism import SIZES, Schooling, continue_texts, draw, parameters, text_loss, train

SHORT = Schooling(steps=8, batch=8, chunk=4)


def test_sizes_grow_from_ten_thousand_to_two_million():
    sizes = [parameters(s) for s in SIZES]
    assert len(sizes) >= 6 and sizes == sorted(sizes) and 8e3 < sizes[0] < 1.3e4 and 1.7e6 < sizes[-1] < 2.3e6


@pytest.mark.slow
def test_resumed_training_has_equal_losses(tmp_path):
    whole = train(Shape(1, 8), "correcting", seed=3, schooling=SHORT)[1]
    first = train(Shape(1, 8), "correcting", seed=3, schooling=SHORT, folder=tmp_path / "o", stop=4)[1]
    again = train(Shape(1, 8), "correcting", seed=3, schooling=SHORT, folder=tmp_path / "o")[1]
    assert again == whole and first == whole[:1]
    with pytest.raises(BadInput, match="another training"):
        train(Shape(1, 8), "plain", seed=3, schooling=SHORT, folder=tmp_path / "o")
    with pytest.raises(BadInput, match="multiples of chunk"):
        train(Shape(1, 8), "plain", seed=3, schooling=dataclasses.replace(SHORT, steps=7))


@pytest.mark.slow
def test_loss_counts_trained_tokens_only():
    model = Transformer(Shape(1, 8), vocabulary=len(SYMBOLS), length=LENGTH, key=jax.random.PRNGKey(0))
    tokens, trained = write_batch(np.random.default_rng(0), 6, "correcting")
    logp = np.asarray(jax.nn.log_softmax(model(jnp.asarray(tokens))), float)
    terms = [-logp[i, t - 1, tokens[i, t]] for i in range(6) for t in range(PROMPT, LENGTH) if trained[i, t]]
    assert float(text_loss(model, jnp.asarray(tokens), jnp.asarray(trained))) == pytest.approx(np.mean(terms), rel=1e-4)


@pytest.mark.slow
def test_sampled_tokens_have_the_models_probabilities():
    model = Transformer(Shape(1, 8), vocabulary=len(SYMBOLS), length=LENGTH, key=jax.random.PRNGKey(5))
    question = question_set(0, each=1)[0]
    prompts = jnp.asarray(np.repeat([question.prompt("natural")], 4000, axis=0), jnp.int32)
    said = np.asarray(continue_texts(model, prompts, jax.random.PRNGKey(1)))
    assert said.shape == (4000, LENGTH - PROMPT)
    p = np.asarray(jax.nn.softmax(model(prompts[:1])[0, -1]), float)
    share = np.bincount(said[:, 0], minlength=len(SYMBOLS)) / 4000
    assert np.all(np.abs(share - p) < 5 * np.sqrt(p * (1 - p) / 4000) + 1e-3)
    first = int(said[:, 0][0])  # and the second token given the first
    rows = said[said[:, 0] == first]
    p = np.asarray(jax.nn.softmax(model(jnp.concatenate([prompts[:1], jnp.array([[first]])], axis=1))[0, -1]), float)
    share = np.bincount(rows[:, 1], minlength=len(SYMBOLS)) / len(rows)
    assert np.all(np.abs(share - p) < 5 * np.sqrt(p * (1 - p) / len(rows)) + 2e-3)


def test_responses_do_not_depend_on_how_they_are_batched_in_number():
    model = Transformer(Shape(1, 8), vocabulary=len(SYMBOLS), length=LENGTH, key=jax.random.PRNGKey(0))
    table = draw(model, question_set(0, each=1), "half", samples=5, seed=1, batch=16)
    assert len(table) == 30 and table.groupby("question")["sample"].apply(list).map(lambda x: x == list(range(5))).all()
    assert table["answer"].between(-1, 9).all() and table["target"].between(0, 9).all()


@pytest.mark.slow
def test_the_table_grows_and_is_not_drawn_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "EACH", 1)
    monkeypatch.setattr(command, "SAMPLES", 2)
    monkeypatch.setattr("hotmess.organisms.organism.SIZES", (Shape(1, 8),))
    monkeypatch.setattr("hotmess.organisms.organism.Schooling", lambda steps: dataclasses.replace(SHORT, steps=steps))
    args = ["--out", str(tmp_path / "r.parquet"), "--checkpoints", str(tmp_path / "c"), "--sizes", "1", "--steps", "4"]
    assert command.main(args) == 0
    table = pd.read_parquet(tmp_path / "r.parquet")
    assert len(table) == 6 * 2 * 4 * 2  # questions, samples, budgets, conditions
    keys = ["benchmark", "model", "question", "condition", "budget", "sample"]
    assert not table.duplicated(keys).any()
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert command.main(args) == 0
    assert capsys.readouterr().err == "" and pd.read_parquet(tmp_path / "r.parquet").equals(table)
