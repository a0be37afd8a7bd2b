"""Logs changed at random: cut, recoded, with types swapped, keys missing, huge numbers, nested nulls, NaN."""

from __future__ import annotations

import copy
import importlib
import json
import shutil
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from layout_cases import CASES, helm
from layout_cases import write as write_case
from make_logs import (
    GSM,
    answered,
    inspect_sample,
    likelihood_record,
    lm_record,
    lmms_record,
    swe_report,
    swe_summary,
    unapplied,
    write_inspect,
    write_lm_eval,
    write_lmms_eval,
    write_swe,
)
from table_forms import FRAME, WRITERS

from hotmess.errors import BadInput

NESTED: Any = None
for _ in range(40):
    NESTED = [NESTED]

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -(10**400), 1e308, 5e-324, 0.5),
    *(
        float("nan"),
        float("inf"),
        float("-inf"),
        "",
        " ",
        "A",
        "nan",
        "1e400",
        "x" * 100_000,
        "\ud800",
        "\0",
        "../../x",
    ),
    *("http://127.0.0.1:1/x", "attachment://x", "é\u202e", [], {}, [None], {"": None}, [[[]]], NESTED),
)
"""What a value may be swapped for."""


def mutate_value(root: Any, rng: np.random.Generator) -> Any:
    """The value with one thing in it changed: a member swapped, deleted, renamed, doubled, or its type changed."""
    places: list[tuple[Any, Any]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            places.append((node, key))
            stack.append(node[key])
    if not places:
        return copy.deepcopy(VALUES[rng.integers(len(VALUES))])
    # Most of a log is events and texts: take shallow places as often as deep ones.
    node, key = places[int(len(places) ** rng.random()) - 1 if rng.random() < 0.5 else rng.integers(len(places))]
    how = rng.choice(["swap", "delete", "rename", "double", "retype"], p=[0.5, 0.2, 0.1, 0.1, 0.1])
    if how == "swap":
        node[key] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])  # the next mutation may change it in place
    elif how == "delete":
        del node[key]
    elif how == "rename" and isinstance(node, dict):
        node[f"{key}x"] = node.pop(key)
    elif how == "double" and isinstance(node, list):
        node.insert(int(key), copy.deepcopy(node[key]))
    else:
        node[key] = _retyped(node[key])
    return root


def _retyped(value: Any) -> Any:
    if isinstance(value, dict):
        return [list(item) for item in value.items()]
    if isinstance(value, list):
        return {str(place): item for place, item in enumerate(value)}
    if isinstance(value, str):
        return [value]
    return str(value)


def mutate_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """The bytes cut, flipped, doubled in part, filled with zeros, or written in another encoding."""
    how = rng.choice(
        ["cut", "flip", "insert", "double", "zero", "latin", "utf-16", "empty"],
        p=[0.3, 0.25, 0.1, 0.1] + [0.05] * 3 + [0.1],
    )
    at = int(rng.integers(len(data) + 1))
    if how == "cut":
        return data[:at]
    if how == "flip":
        out = bytearray(data)
        for place in rng.integers(max(len(out), 1), size=rng.integers(1, 9)):
            if out:
                out[place] = rng.integers(256)
        return bytes(out)
    if how == "insert":
        return data[:at] + rng.bytes(int(rng.integers(1, 20))) + data[at:]
    if how == "double":
        return data[:at] + data[at // 2 : at] + data[at:]
    if how == "zero":
        return data[:at] + bytes(min(64, len(data) - at)) + data[at + 64 :]
    if how in ("latin", "utf-16"):
        text = data.decode("utf-8", "replace") + "é"
        return text.encode("latin-1" if how == "latin" else "utf-16", "replace")
    return b""


def mutate_json(data: bytes, rng: np.random.Generator) -> bytes:
    """A JSON document with one to three values changed, or now and then its bytes."""
    if rng.random() < 0.15:
        return mutate_bytes(data, rng)
    value = json.loads(data)
    for _ in range(int(rng.integers(1, 4))):
        value = mutate_value(value, rng)
    return json.dumps(value).encode()


def mutate_lines(data: bytes, rng: np.random.Generator) -> bytes:
    """JSON lines with one of them changed."""
    lines = data.splitlines(keepends=True)
    if not lines or rng.random() < 0.1:
        return mutate_bytes(data, rng)
    at = int(rng.integers(len(lines)))
    lines[at] = mutate_json(lines[at], rng) + b"\n"
    return b"".join(lines)


def mutate_zip(data: bytes, rng: np.random.Generator, scratch: Path) -> bytes:
    """A zip file with one member changed, doubled, renamed or missing, or its bytes changed."""
    if rng.random() < 0.3:
        return mutate_bytes(data, rng)
    source, target = scratch / "source.zip", scratch / "target.zip"
    source.write_bytes(data)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        names = [name for name in old.namelist() if name == "header.json" or name.startswith("samples/")]
        chosen = str(rng.choice(names)) if rng.random() < 0.7 else "header.json"
        how = rng.choice(["change", "delete", "rename", "double"], p=[0.85, 0.05, 0.05, 0.05])
        method = [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, 93][rng.integers(3)]
        for info in old.infolist():
            body = old.read(info)
            if info.filename != chosen:
                new.writestr(info.filename, body, compress_type=method)
            elif how in ("change", "double"):
                new.writestr(info.filename, mutate_json(body, rng), compress_type=method)
                if how == "double":
                    new.writestr(info.filename, body, compress_type=method)
            elif how == "rename":
                new.writestr(info.filename.replace("epoch", "epoche"), body, compress_type=method)
    return target.read_bytes()


# ---- what is mutated ----


class Corpus:
    """Sound logs of one reader, copied to a scratch folder and changed there; `shared` holds public logs to use too."""

    def __init__(self, name: str, home: Path, shared: Path | None = None) -> None:
        self.home, self.sources = home / name, []
        self.change: Callable[[Path, np.random.Generator], None]
        getattr(self, f"_{name.replace('-', '_')}")(shared)
        assert self.sources

    def mutant(self, seed: int, scratch: Path) -> Path:
        """A changed copy of one of the logs; the same for the same seed."""
        rng = np.random.default_rng(seed)
        source = self.sources[rng.integers(len(self.sources))]
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        target = scratch / source.name
        if source.is_dir():
            shutil.copytree(source, target)
            files = sorted(file for file in target.rglob("*") if file.is_file())
            self._change(files[rng.integers(len(files))], rng, scratch)
            return target
        shutil.copy(source, target)
        self._change(target, rng, scratch)
        return target

    def _change(self, file: Path, rng: np.random.Generator, scratch: Path) -> None:
        file.chmod(0o600)
        data = file.read_bytes()
        if data.startswith(b"PK") and file.suffix == ".eval":
            data = mutate_zip(data, rng, scratch)
        elif file.suffix == ".jsonl":
            data = mutate_lines(data, rng)
        elif file.suffix == ".json" and b"}\n{" in data:
            data = mutate_bytes(data, rng)
        elif file.suffix in (".json", ".traj"):
            data = mutate_json(data, rng)
        else:
            data = mutate_bytes(data, rng)
        if rng.random() < 0.03:
            file.unlink()
            if rng.random() < 0.5:
                file.mkdir()
            return
        file.write_bytes(data)

    def _inspect_eval(self, shared: Path | None) -> None:
        self._inspect(".eval", shared)

    def _inspect_json(self, shared: Path | None) -> None:
        self._inspect(".json", shared)

    def _inspect(self, suffix: str, shared: Path | None) -> None:
        letters = [answered(q, e, "ABCD"[(q * 7 + e * e) % 4]) for q in range(3) for e in (1, 2)]
        agents = [
            inspect_sample(
                q,
                choices=None,
                target="x",
                scores={"s": {"value": 0.5 * q, "answer": "y"}, "t": {"value": {"a": 1, "b": "C"}}},
                metadata={"context": q, "draw": 0, "seed": 3, "option_order": [0], "budget": "low", "question": "q"},
                limit={"type": "token", "limit": 5} if q else None,
            )
            for q in range(2)
        ]
        generate = {"temperature": 0.7, "reasoning_effort": "low"}
        self.sources = [
            write_inspect(self.home / f"letters{suffix}", letters, generate=generate, task_args_passed={"cot": True}),
            write_inspect(self.home / f"agents{suffix}", agents),
        ]
        if shared is not None:
            self.sources += sorted((shared / "logs" / "inspect").glob(f"*{suffix}"))

    def _lm_eval(self, shared: Path | None) -> None:
        repeats = [
            lm_record(q, resps=[[f"#### {q + 1}", f"so #### {q}", "none"]], filtered_resps=[str(q + 1)])
            for q in range(3)
        ]
        write_lm_eval(self.home / "repeats", repeats, filter_list=GSM)
        values = [likelihood_record(q, [-1.0, -2.0, -0.5 * q], 1) for q in range(3)]
        write_lm_eval(self.home / "likelihoods", values, task="arc")
        steps = [{"function": "multi_choice_regex", "regex_pattern": r"(\([A-Z]\))"}, {"function": "take_first"}]
        doc = {"choices": ["w", "x", "y"]}
        letters = [
            lm_record(q, doc=doc, target="(B)", resps=[["(B)", "is x"]], filtered_resps=["(B)"], filter="f")
            for q in range(3)
        ]
        write_lm_eval(self.home / "letters", letters, task="gpqa", filter_list=[{"name": "f", "filter": steps}])
        several = [
            likelihood_record(
                q,
                [-1.0, -2.0, -3.0],
                0,
                doc={"q": "?", "mc2_targets": {"choices": ["option 0", "option 1", "option 2"], "labels": [1, 1, 0]}},
                metrics=["acc"],
                acc=1.0,
                target=["0", "[0, 1]", "B"][q],
            )
            for q in range(3)
        ]
        write_lm_eval(self.home / "several", several, task="mc2")
        aliases = [lm_record(q, target="['1', '2']", filtered_resps=["1"], exact_match=True) for q in range(3)]
        plain = [{"metric": "exact_match", "ignore_case": True, "regexes_to_ignore": [",", "(?s).*#### "]}]
        write_lm_eval(self.home / "aliases", aliases, task="triviaqa", metric_list=plain, doc_to_text="{{q}}")
        flat = [lmms_record(q, "ABC"[q % 3]) for q in range(3)]
        write_lmms_eval(self.home / "flat", flat)
        self.sources = [
            self.home / name for name in ("repeats", "likelihoods", "letters", "several", "aliases", "flat")
        ]
        if shared is not None:
            self.sources.append(shared / "logs" / "lm_eval")

    def _swe_bench(self, shared: Path | None) -> None:
        tree = self.home / "tree"
        for run in ("r1", "r2"):
            for number in range(2):
                name = f"org__repo-{number}"
                report = swe_report(name, {"a": run == "r1", "b": True}, {"c": True})
                folder = write_swe(tree, run, "m", name, unapplied(name) if number and run == "r2" else report)
                traj = {
                    "trajectory": [{}, {}],
                    "info": {"exit_status": "submitted", "model_stats": {"tokens_received": 5}},
                }
                (folder / f"{name}.traj").write_text(json.dumps(traj))
        (tree / "m.r1.json").write_text(json.dumps({"empty_patch_ids": ["org__repo-9"], "submitted_ids": []}))
        verdicts, summaries = self.home / "verdicts", self.home / "summaries"
        for run in ("r1", "r2"):
            entry = {"patch_exists": True, "patch_successfully_applied": True, "resolved": run == "r1"}
            folder = write_swe(verdicts, run, "m", "org__repo-1", {"org__repo-1": entry})
            config = {"model": {"name": "m", "temperature": 0.5}, "agent": {"templates": {"system": "s"}}}
            traj = {"messages": [{"role": "assistant"}], "info": {"config": config, "mini_version": "1"}}
            (folder / "org__repo-1.traj").write_text(json.dumps(traj))
            summaries.mkdir(exist_ok=True)
            states = {"o__r-1": "resolved", "o__r-2": "unresolved", "o__r-3": "infra", "o__r-4": "error"}
            (summaries / f"lab__m.{run}.json").write_text(json.dumps(swe_summary(states)))
        self.sources = [tree, tree, verdicts, summaries]

    def _written_evals(self, shared: Path | None) -> None:
        self.home.mkdir(parents=True)
        rows = [
            {
                "question": f"May I?{number}\n\nChoices:\n (A) Yes\n (B) No",
                "answer_matching_behavior": " (A)",
                "answer_not_matching_behavior": " (B)",
            }
            for number in range(3)
        ]
        (self.home / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
        self.sources = [self.home / "x.jsonl"]

    def _tables(self, shared: Path | None) -> None:
        self.home.mkdir(parents=True)
        for name, write in WRITERS.items():
            ending = name.split()[0].split(",")[0]
            path = self.home / f"{name.replace(' ', '-')}.{ending}" if ending != "hive" else self.home / name
            write(FRAME, path)
            self.sources.append(path)

    def _layouts(self, shared: Path | None) -> None:
        self.home.mkdir(parents=True)
        for name, (content, _, _) in CASES.items():
            self.sources.append(
                write_case(self.home / f"{name}.{'jsonl' if isinstance(content, list) else 'json'}", content)
            )
        home = self.home / "helm"
        home.mkdir()
        write_case(home / "scenario_state.json", helm())
        stats = [{"name": {"name": "exact_match"}, "mean": 0.0}]
        grades = [{"instance_id": "id0", "train_trial_index": 0, "stats": stats}]
        (home / "per_instance_stats.json").write_text(json.dumps(grades))
        (home / "run_spec.json").write_text(json.dumps({"name": "mmlu:subject=x,model=m"}))
        self.sources.append(home)


READERS = ("inspect-eval", "inspect-json", "lm-eval", "swe-bench", "written-evals", "tables", "layouts")


def outcome(name: str, path: Path) -> str:
    """What comes of a log: `read`, or the sentence that refuses it. Anything else is raised: a bug."""
    tables = importlib.import_module("hotmess.responses.read")
    from hotmess.responses.formats.written_evals import questions

    try:
        if name == "written-evals":
            asked = questions(path)
            assert len(asked) and asked["target"].str.fullmatch("[A-Z]").all()
            return "read"
        if name == "tables":
            responses = tables.read(path)
        elif name == "layouts":
            responses = tables.read(path, **CASES.get(path.stem, (None, {}, None))[1])
        else:
            responses = tables.read(path, cache=False, progress=False)
    except BadInput as error:
        sentence = str(error)
        assert sentence.strip() and "\n" not in sentence and len(sentence) < 2_000, f"no sentence: {sentence[:200]!r}"
        assert "Traceback" not in sentence, sentence
        return sentence
    assert len(responses) and responses.table["model"].str.len().gt(0).all()
    return "read"
