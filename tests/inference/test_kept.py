"""Fits kept between commands: found again by the very same call, bounded, and never in the way."""

from __future__ import annotations

import dataclasses
import functools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

import hotmess as hm
from hotmess.cli import main
from hotmess.home import without_cache
from hotmess.inference import kept, resume
from hotmess.inference.kept import kept_fits, prune
from hotmess.inference.resume import digest, resumed
from hotmess.inference.sample import sample, to_tree
from hotmess.inference.store import to_bytes

made = []


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of kept fits, in a cache folder of the test's own; every fit is worth keeping."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOTMESS_FITS", "10000000")
    monkeypatch.setattr(resume, "WORTH", 0.0)
    made.clear()
    return tmp_path / "cache" / "hotmess" / "fits"


@resumed
def posterior(n: int, *, seed: int = 0) -> xr.DataTree:
    made.append((n, seed))
    rng = np.random.default_rng(seed)
    tree = to_tree(
        {"theta": rng.normal(size=(2, n, 3)), "a": rng.normal(size=(2, n))},
        sample_stats={"diverging": rng.random((2, n)) > 0.5},
        coords={"group": ["a", "b", "ü"]},
        dims={"theta": ["group"]},
    )
    tree["posterior"].attrs["draws"] = "independent"
    return tree


def test_the_next_command_finds_it_and_writes_the_same_bytes(folder):
    with kept_fits():
        first = posterior(40)
    with kept_fits():
        again = posterior(40)
        posterior(40, seed=1)
    assert made == [(40, 0), (40, 1)] and len(list(folder.iterdir())) == 2
    assert to_bytes(first) == to_bytes(again)
    posterior(40)
    assert made[-1] == (40, 0)  # outside a command nothing is looked for


def test_damage_is_made_again_in_silence(folder, capsys):
    for damage in (lambda b: b"", lambda b: b[:99], lambda b: b[:-9] + bytes([b[-9] ^ 1]) + b[-8:]):
        with kept_fits():
            posterior(40)
        (path,) = folder.iterdir()
        path.write_bytes(damage(path.read_bytes()))
    with kept_fits():
        posterior(40)
    assert made == [(40, 0)] * 4 and capsys.readouterr() == ("", "")


def test_a_fit_under_the_name_of_another_is_made_again(folder):
    with kept_fits():
        posterior(40)
    (first,) = folder.iterdir()
    with kept_fits():
        posterior(40, seed=1)
    (second,) = set(folder.iterdir()) - {first}
    key, content = first.stem.rpartition("-")[0], second.stem.rpartition("-")[2]
    first.unlink()
    second.rename(folder / f"{key}-{content}.nc")
    with kept_fits():
        again = posterior(40)
    assert made == [(40, 0), (40, 1), (40, 0)]
    assert to_bytes(again) == to_bytes(posterior.__wrapped__(40))


def test_without_a_cache_nothing_is_kept(folder, monkeypatch):
    with without_cache(), kept_fits():
        posterior(40)
    monkeypatch.setenv("HOTMESS_FITS", "0")
    with kept_fits():
        posterior(40)
    assert made == [(40, 0)] * 2 and not folder.exists()


def test_a_folder_that_cannot_be_written_is_no_failure(folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    with kept_fits():
        posterior(40)
    assert made == [(40, 0)] and folder.read_text() == "in the way"


def test_a_cache_folder_whose_name_is_too_long_is_no_failure(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ("x" * 300)))
    with kept_fits():
        posterior(40)
    assert made == [(40, 0)]


def test_files_of_others_in_the_folder_stay(folder):
    folder.mkdir(parents=True)
    for name in ("letter.txt", "a.nc"):
        (folder / name).write_bytes(b"words")
    assert prune(folder, 0) == 1 and [p.name for p in folder.iterdir()] == ["letter.txt"]


def test_what_was_not_used_for_longest_goes_first(folder, monkeypatch):
    with kept_fits():
        for seed in range(4):
            posterior(40, seed=seed)
            for path in folder.iterdir():
                os.utime(path, (path.stat().st_mtime - 10, path.stat().st_mtime - 10))
        size = max(p.stat().st_size for p in folder.iterdir())
        posterior(40, seed=0)  # used again
    monkeypatch.setenv("HOTMESS_FITS", str(2 * size))
    monkeypatch.setattr(kept, "SHARE", 1.0)
    with kept_fits():
        pass
    with kept_fits():
        made.clear()
        for seed in (0, 3, 1):
            posterior(40, seed=seed)
    assert made == [(40, 1)]
    assert sum(p.stat().st_size for p in folder.iterdir()) <= 2 * size


def test_one_fit_that_would_fill_the_folder_is_not_kept(folder):
    with kept_fits():
        posterior(40_000)
    assert not folder.exists()


def test_files_left_by_a_process_that_was_killed_go_after_a_day(folder):
    folder.mkdir(parents=True)
    old, new = folder / ".x.nc.00000000.part", folder / ".x.nc.00000001.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    assert prune(folder, 0) == 1 and list(folder.iterdir()) == [new]


def test_several_at_once_are_no_failure(folder, monkeypatch):
    monkeypatch.setenv("HOTMESS_FITS", "60000")  # a file or two: somebody always removes what another has written

    def command(turn: int) -> bytes:
        with kept_fits():
            return bytes(to_bytes(posterior(40, seed=turn % 3)))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(command, range(12)))
    assert all(found[i] == found[i % 3] for i in range(12))


class Found(Exception):
    """The key of a fit, in its place."""


@pytest.fixture
def key(folder, monkeypatch):
    """(name of a function, call) -> the key by which what it makes would be kept."""

    def of(name, call):
        def stop(make, args, kwargs):
            found = digest(make, args, kwargs)
            if make.__name__ == name:
                raise Found(found)
            return found

        monkeypatch.setattr(resume, "digest", stop)
        monkeypatch.setattr(resume, "WORTH", np.inf)
        with pytest.raises(Found) as key, kept_fits():
            call()
        return str(key.value)

    return of


@functools.cache
def responses(change=None):
    """Some of the example's; changed in one row, in the answer from right to wrong or back, or in the length."""
    table = hm.example().table
    table = table[table["question"].isin(sorted(table["question"].unique())[:12])].reset_index(drop=True)
    if change == "answer":
        row = table.index == 5
        table["answer"] = table["answer"].where(~row, (table["target"] + (table["answer"] == table["target"])) % 4)
    elif change is not None:
        table[change] = table[change].where(table.index != 5, table[change] + 1)
    return hm.read(table)


def all_differ(keys):
    assert len(set(keys.values())) == len(keys), keys


def test_every_setting_of_a_fit_of_answers_changes_its_key(key):
    from hotmess.answers.prior import AnswerPrior

    field = dataclasses.fields(AnswerPrior)[0].name
    other = dataclasses.replace(AnswerPrior(), **{field: tuple(np.array(getattr(AnswerPrior(), field)) + 0.25)})
    given = {"draws": 60, "chains": 4, "seed": 0}
    changes = {"draws": {"draws": 61}, "chains": {"chains": 3}, "seed": {"seed": 1}, "prior": {"prior": other}}
    changes |= {"nothing": {}, "groups": {"groups": ["model", "question"]}}
    keys = {k: key("_grid_tree", lambda v=v: hm.fit(responses(), **(given | v))) for k, v in changes.items()}
    keys["one answer"] = key("_grid_tree", lambda: hm.fit(responses("answer"), **given))
    assert key("_grid_tree", lambda: hm.fit(responses(), **given)) == keys["nothing"]
    all_differ(keys)


def test_every_setting_of_the_temperature_model_changes_its_key(key):
    from hotmess.temperature.fit import fit_lengths
    from hotmess.temperature.prior import TemperaturePrior

    given = {"engine": "fast", "draws": 60, "chains": 4, "seed": 0, "points": 16}
    changes = {"draws": {"draws": 61}, "chains": {"chains": 3}, "seed": {"seed": 1}, "points": {"points": 32}}
    changes |= {"nothing": {}, "pool": {"pool": True}, "prior": {"prior": TemperaturePrior(spread=0.7)}}
    keys = {k: key("_fast", lambda v=v: fit_lengths(responses(), **(given | v))) for k, v in changes.items()}
    for column in ("answer", "reasoning_tokens"):
        keys[column] = key("_fast", lambda column=column: fit_lengths(responses(column), **given))
    assert key("_fast", lambda: fit_lengths(responses(), **given)) == keys["nothing"]
    all_differ(keys)


@pytest.mark.parametrize("law", ["power_laws", "length_law"])
@pytest.mark.slow
def test_every_setting_of_a_law_changes_its_key(key, law):
    from hotmess.claims.study import Study
    from hotmess.laws.length_prior import LengthPrior
    from hotmess.laws.power_model import LawPrior

    name = {"power_laws": "sample_laws", "length_law": "sample_length_laws"}[law]
    field = {"power_laws": "law_prior", "length_law": "length_prior"}[law]
    prior = {"power_laws": LawPrior, "length_law": LengthPrior}[law]
    number = next(f.name for f in dataclasses.fields(prior) if isinstance(getattr(prior(), f.name), float))
    other = dataclasses.replace(prior(), **{number: 1.5 * getattr(prior(), number)})
    given = {"draws": 60, "chains": 4, "seed": 0}
    changes = {
        "draws": {"draws": 61},
        "chains": {"chains": 3},
        "seed": {"seed": 1},
        "nothing": {},
        "prior": {field: other},
    }
    changes |= {"groups": {"groups": 2}} if law == "power_laws" else {}

    def of(changed, data):
        return key(name, lambda: getattr(Study(data, **(given | changed)), law))

    keys = {k: of(v, responses()) for k, v in changes.items()} | {"one answer": of({}, responses("answer"))}
    assert of({}, responses()) == keys["nothing"]
    all_differ(keys)


def test_every_argument_of_the_sampler_changes_its_key():
    from hotmess.answers.nested import nested_dirichlet
    from hotmess.temperature.model import temperature_model

    given = {"seed": 0, "draws": 10, "warmup": 10, "chains": 2, "target_accept": 0.9, "chain_method": "vectorized"}
    given |= {"coords": {"group": ["a"]}, "dims": {"x": ["group"]}}
    other = {"seed": 1, "draws": 11, "warmup": 11, "chains": 3, "target_accept": 0.8, "chain_method": "sequential"}
    other |= {"coords": {"group": ["b"]}, "dims": {"y": ["group"]}}

    def of(model, *args, **settings):
        return digest(sample.__wrapped__, (model, *args), given | settings)

    keys = {name: of(nested_dirichlet, 1.0, **{name: value}) for name, value in other.items()}
    keys |= {
        "nothing": of(nested_dirichlet, 1.0),
        "model": of(temperature_model, 1.0),
        "data": of(nested_dirichlet, 2.0),
    }
    all_differ(keys)


def test_code_versions_machine_and_environment_change_every_key(monkeypatch):
    def now():
        return digest(posterior.__wrapped__, (1,), {})

    keys, behind = {"nothing": now()}, resume._behind()
    for i, what in enumerate(("code", *behind[1:])):
        monkeypatch.setattr(resume, "_behind", lambda i=i: (*behind[:i], "other", *behind[i + 1 :]))
        keys[what] = now()
    monkeypatch.setattr(resume, "_behind", lambda: behind)
    for name in ("JAX_ENABLE_X64", "XLA_FLAGS", "OMP_NUM_THREADS"):
        with monkeypatch.context() as only:
            only.setenv(name, "other")
            keys[name] = now()
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")
    assert now() == keys["nothing"]
    assert any(v.startswith("jax ") for v in behind) and any(v.startswith("numpy ") for v in behind)
    all_differ(keys)


@dataclasses.dataclass(frozen=True)
class PriorOfAUser:
    scale: float


def test_what_a_user_wrote_is_not_kept(folder):
    with pytest.raises(TypeError):
        digest(posterior.__wrapped__, (PriorOfAUser(1.0),), {})


@pytest.mark.slow
def test_a_report_leaves_its_fits_to_the_test_after_it(folder, tmp_path, monkeypatch, capsys):
    from hotmess.report import sections

    monkeypatch.setattr(sections, "SECTIONS", [s for s in sections.SECTIONS if s[0] == "models"])
    table = tmp_path / "t.parquet"
    responses().table.to_parquet(table)
    asked = ["--draws", "120", "--claim", "incoherence-rises-with-length", "--quiet"]
    pages = []
    for out, more in (("place-1", []), ("place-2", []), ("place-3", ["--no-cache"])):
        assert main(["report", str(table), "--out", str(tmp_path / out), *asked, *more]) == 0
        whole = {p.name: p.read_bytes() for p in (tmp_path / out).iterdir()}
        pages.append({k: v.replace(out.encode(), b"").replace(b" --no-cache", b"") for k, v in whole.items()})
        if out == "place-1":
            after = sorted(folder.iterdir())
            assert {p.name.partition("-")[0] for p in after} >= {"grid_tree", "sample_length_laws"}
    assert pages[0] == pages[1] == pages[2]
    capsys.readouterr()
    said = []
    for more in ([], ["--no-cache"]):
        assert main(["test", str(table), *asked, "--json", *more]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] and said[0].startswith("[")
    assert sorted(folder.iterdir()) == after
