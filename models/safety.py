"""Are unsafe answers a bias or a mess? (paper, claim 1 on Model-Written Evals, in both formats)

Letters: which way a model leans per question set, toward the aligned answer or away from it. Open-ended answers:
variance of embeddings against length, with two embedders where two are named: a conclusion should survive the second.
"""

import argparse
from pathlib import Path

import hotmess as hm
from hotmess.laws.alignment import alignment
from hotmess.laws.embeddings import compare_embedders

CLAIM = "embedding-variance-rises-with-length"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="responses; targets by written_evals.join_targets")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--sets", default="category", help="column of question sets (default: category)")
    parser.add_argument(
        "--embedder", action="append", default=[], help="wordllama, sentence-transformers:FOLDER; twice"
    )
    parser.add_argument("--draws", type=int, default=500)
    args = parser.parse_args()

    try:
        letters = hm.read(args.files, where=args.where, outcome="answer")
        formats = ["condition"] if letters.table["condition"].nunique() > 1 else []
        fit = hm.fit(letters, by=[args.sets], seed=1, draws=args.draws)
        print(alignment(fit, ["model", args.sets, *formats]).round(3).to_string(index=False))
        print(fit.summary(["model", args.sets, *formats]).round(3).to_string(index=False))
    except hm.BadInput as reason:
        print(f"No letters: {reason}")
    try:
        if args.embedder:
            texts = hm.read(args.files, where=args.where, outcome="text")
            print(compare_embedders(texts, args.embedder, seed=1, draws=args.draws).round(3).to_string(index=False))
        else:
            embedded = hm.read(args.files, where=args.where, outcome="embedding")
            print(hm.test(CLAIM, embedded, seed=1, draws=args.draws).sentence)
    except hm.BadInput as reason:
        print(f"No embeddings: {reason}")


if __name__ == "__main__":
    main()
