"""One table in every form that people write tables in."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa

FRAME = pd.DataFrame(
    {
        "model": ["org/m", "007"] * 4,
        "question": ["q,1", "q,1", "q\n2", "q\n2"] * 2,
        "sample": [0, 0, 0, 0, 1, 1, 1, 1],
        "answer": ["A", "B", None, "D", "C", "B", "A", "D"],
        "target": ["A", "A", "C", "C"] * 2,
        "n_choices": 4,
        "reasoning_tokens": [10, 20, 30, 45, 11, 23, 31, 42],
    }
)


def lines(frame: pd.DataFrame) -> bytes:
    return frame.to_json(orient="records", lines=True).encode()


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def hive(folder: Path, frame: pd.DataFrame) -> None:
    for model, part in frame.groupby("model"):
        home = folder / f"model={str(model).replace('/', '%2F')}"
        home.mkdir(parents=True)
        part.drop(columns="model").to_parquet(home / "part-0.parquet")


WRITERS = {
    "parquet": lambda f, p: f.to_parquet(p),
    "parquet with an index": lambda f, p: f.set_index(["model", "question"]).to_parquet(p),
    "csv": lambda f, p: f.to_csv(p, index=False),
    "csv with a counted index": lambda f, p: f.to_csv(p),
    "tsv": lambda f, p: f.to_csv(p, index=False, sep="\t"),
    "feather": lambda f, p: f.to_feather(p),
    "jsonl": lambda f, p: p.write_bytes(lines(f)),
    "jsonl.gz": lambda f, p: p.write_bytes(gzip.compress(lines(f))),
    "jsonl.bz2": lambda f, p: p.write_bytes(bz2.compress(lines(f))),
    "jsonl.xz": lambda f, p: p.write_bytes(lzma.compress(lines(f))),
    "jsonl.zst": lambda f, p: p.write_bytes(bytes(pa.Codec("zstd").compress(lines(f)))),
    "csv.gz": lambda f, p: f.to_csv(p, index=False, compression="gzip"),
    "zip": lambda f, p: zipped(p, {"a.jsonl": lines(f.iloc[:3]), "in/b.jsonl": lines(f.iloc[3:]), "README.md": b"x,y"}),
    "json records": lambda f, p: f.to_json(p, orient="records"),
    "json records, indented": lambda f, p: f.to_json(p, orient="records", indent=2),
    "json columns": lambda f, p: f.to_json(p),
    "json columns, indented": lambda f, p: f.to_json(p, indent=1),
    "json index": lambda f, p: f.to_json(p, orient="index"),
    "json split": lambda f, p: f.to_json(p, orient="split"),
    "json table": lambda f, p: f.to_json(p, orient="table", index=False),
    "json lists": lambda f, p: p.write_text(json.dumps(f.astype(object).where(f.notna(), None).to_dict("list"))),
    "json wrapped": lambda f, p: p.write_text(json.dumps({"data": json.loads(f.to_json(orient="records"))})),
    "json objects, indented": lambda f, p: p.write_text(
        "\n".join(json.dumps(row, indent=2) for row in json.loads(f.to_json(orient="records")))
    ),
    "hive": lambda f, p: hive(p, f),
}  # fmt: skip
