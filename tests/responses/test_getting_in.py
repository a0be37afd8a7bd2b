"""Getting a table in: names, constants, facts, settings, grades, several right answers; each with a worked value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput
from hotmess.responses.read import read


def letters(**changes) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "model": "m",
            "question": np.repeat(["q1", "q2"], 4),
            "sample": [0, 1, 2, 3] * 2,
            "answer": list("ABCDAABB"),
            "target": "A",
            "n_choices": 4,
        }
    )
    return frame.assign(**changes)


def test_columns_are_renamed_all_at_once():
    frame = letters().rename(columns={"answer": "prediction", "target": "answer"})
    got = read(frame, columns={"answer": "prediction", "target": "answer"}).table
    assert got["answer"].tolist() == [0, 1, 2, 3, 0, 0, 1, 1] and (got["target"] == 0).all()
    with pytest.raises(BadInput, match=r"may be the right answer.*--column answer=prediction --column target=answer"):
        read(frame)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"question": "doc_id", "sample": "epoch", "answer": "prediction", "target": "gold"}, "answer"),
        ({"question": "Question ID", "model": "modelName", "n_choices": "num_choices"}, "answer"),
        ({"question": "task_id", "sample": "trial"}, "answer"),
    ],
)
def test_usual_names_are_taken_and_said(theirs, ours):
    got = read(letters().rename(columns=theirs))
    assert got.outcome == ours and got.table["answer"].tolist() == [0, 1, 2, 3, 0, 0, 1, 1]
    (said,) = (note for note in got.notes if "go by another name" in note)
    assert all(f"{our} from {their!r}" in said for our, their in theirs.items())


def test_two_columns_that_may_be_meant_are_asked_about():
    frame = letters().rename(columns={"sample": "epoch"}).assign(run=[3, 2, 1, 0] * 2)
    with pytest.raises(
        BadInput, match=r"Both 'epoch' and 'run' .* may be the sample: choose with --column sample=epoch"
    ):
        read(frame)
    assert len(read(frame, columns={"sample": "run"})) == 8
    assert len(read(frame.assign(run=frame["epoch"]))) == 8


def test_a_gold_letter_called_correct_is_no_grade():
    got = read(letters().rename(columns={"target": "correct"}))
    assert got.outcome == "answer" and (got.table["target"] == 0).all()
    graded = letters()[["model", "question", "sample"]].assign(correct=list("CICICICI"))
    assert read(graded).table["score"].tolist() == [1, 0] * 4


def test_all_missing_columns_stand_in_one_sentence():
    with pytest.raises(BadInput, match="lacks the columns model, question and score"):
        read(pd.DataFrame({"x": [1], "y": [2]}))


def test_paths_into_nested_values_and_rows_for_lists():
    frame = pd.DataFrame(
        {
            "model": "m",
            "run": [{"item": "q1", "replies": [{"l": "A"}, {"l": "B"}]}, {"item": "q2", "replies": [{"l": "A"}]}],
            "target": "A",
            "n_choices": 4,
        }
    )
    got = read(frame, columns={"question": "run.item", "answer": "run.replies[].l"}).table
    assert got[["question", "answer"]].values.tolist() == [["q1", 0], ["q1", 1], ["q2", 0]]
    with pytest.raises(BadInput, match=r"path run.itme leads to nothing in any row"):
        read(frame, columns={"question": "run.itme"}).table["question"]


def test_several_columns_make_one_label_and_stay_apart():
    frame = letters(condition="cot", language=["de", "en"] * 4, part=["a/b", "a"] * 4, item=["c", "b/c"] * 4)
    got = read(frame, columns={"condition": "condition,language"}).table
    assert set(got["condition"]) == {"cot, language=de", "cot, language=en"}
    frame = frame.drop(columns="question").assign(sample=range(8))
    got = read(frame, columns={"question": "part,item"}, merge="language").table
    assert got["question"].nunique() == 2


def test_constants_and_what_they_may_not_overwrite():
    assert set(read(letters(), constants={"benchmark": "b"}).table["benchmark"]) == {"b"}
    with pytest.raises(BadInput, match="has values in column model already: --set model=x"):
        read(letters(), constants={"model": "x"})


def test_facts_about_models_and_questions(tmp_path):
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("model,model_size_b,family\nm,7,owl\nn,1,owl\n")
    got = read(letters(), models=sizes)
    assert set(got.table["model_size_b"]) == {7.0} and set(got.table["family"]) == {"owl"}
    sizes.write_text("model,model_size_b\nm,7\nm,8\n")
    with pytest.raises(BadInput, match="has the model 'm' twice"):
        read(letters(), models=sizes)
    sizes.write_text("model,model_size_b\nM,7\n")
    with pytest.raises(BadInput, match="has no model that the responses have; they have 'm'"):
        read(letters(), models=sizes)
    with pytest.raises(BadInput, match="says that model_size_b of 'm' is 7, the responses say 8"):
        read(letters(model_size_b=8), models=pd.DataFrame({"model": ["m"], "model_size_b": [7]}))
    keys = pd.DataFrame({"question": ["q1", "q2"], "target": ["B", "A"], "n_choices": [4, 4]})
    got = read(letters().drop(columns=["target", "n_choices"]), questions=keys).table
    assert got.groupby("question")["target"].first().to_dict() == {"q1": 1, "q2": 0}
    got = read([letters(), letters(model="k")], models=pd.DataFrame({"model": ["m"], "model_size_b": [7]}))
    assert any("does not have 1 model of the responses: k" in note for note in got.notes)


@pytest.mark.parametrize("name", ["prompt", "temperature", "judge", "system_prompt", "Language", "thinking"])
def test_a_setting_that_varies_in_a_cell_has_to_be_chosen(name):
    frame = letters(**{name: [0.5, 1.0] * 4})
    with pytest.raises(BadInput, match=rf"Column {name} varies inside 2 cells .*it is '0.5' and '1'") as refusal:
        read(frame)
    for way in (f"--column condition={name}", f"--source {name}", f"--merge {name}"):
        assert way in str(refusal.value)
    assert set(read(frame, columns={"condition": name}).table["condition"]) == {"0.5", "1"}
    assert any("pooled over it" in note for note in read(frame, merge=[name]).notes)
    clusters = read(frame, sources=[name]).table
    assert set(clusters["context"]) == {"0.5", "1"}
    assert len(read(letters(**{name: np.repeat([0.5, 1.0], 4)}))) == 8  # constant in each cell


def test_a_source_makes_clusters_as_contexts_do():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"model": "m", "question": np.repeat(range(5), 12), "prompt": np.tile(np.repeat([0, 1, 2], 4), 5)}
    )
    frame = frame.assign(sample=np.tile(range(12), 5), score=rng.random(60))
    by_source = hm.decompose(read(frame, sources=["prompt"]), estimator="unbiased").records
    by_context = hm.decompose(read(frame.rename(columns={"prompt": "context"})), estimator="unbiased").records
    assert by_source == by_context
    out = read(frame.rename(columns={"prompt": "condition"}), sources=["condition"]).table
    assert set(out["condition"]) == {""} and set(out["context"]) == {"0", "1", "2"}
    for name in ("model", "score"):
        with pytest.raises(BadInput, match=f"The column {name} says .*cannot be a source"):
            read(frame, sources=[name])


def test_two_crossed_sources_are_told_to_count_as_one():
    """Three prompts by three judges of five responses each: pairs that share one of them are no independent pairs, and
    the variance of the parts is larger than the one number. Sources in step, and one alone, say nothing."""
    rng = np.random.default_rng(0)
    q, prompt, judge, sample = (i.ravel() for i in np.indices((40, 3, 3, 5)))
    level = 0.2 * rng.normal(size=3)[prompt] + 0.2 * rng.normal(size=3)[judge]
    score = np.clip(0.5 + level + 0.05 * rng.normal(size=len(q)), 0, 1)
    frame = pd.DataFrame({"model": "m", "question": q, "prompt": prompt, "judge": judge, "sample": sample})
    frame = frame.assign(score=score, sample=np.ravel_multi_index((prompt, judge, sample), (3, 3, 5)))
    crossed = read(frame, sources=["judge", "prompt"])
    told = [n for n in crossed.notes if "hotmess reliability --source judge,prompt divides it" in n]
    assert len(told) == 1 and "it comes out too small" in told[0]
    parts = hm.sources(crossed, ["judge", "prompt"]).table.set_index("part")["value"]
    one = hm.decompose(crossed, estimator="unbiased").records[0]["variance"]
    assert one < 0.9 * parts["total"]
    for other in (
        read(frame, sources=["judge"], merge=["prompt"]),
        read(frame[prompt == judge], sources=["judge", "prompt"]),
    ):
        assert not any("share one of" in note for note in other.notes)


def test_duplicates_name_the_column_that_tells_them_apart():
    frame = letters(sample=[0, 0, 1, 1] * 2, judgement=[0, 1] * 4)
    with pytest.raises(BadInput, match=r"column judgement tells them apart; .*--column sample=sample,judgement"):
        read(frame)
    assert read(frame, columns={"sample": "sample,judgement"}).table["sample"].nunique() == 4


def test_targets_that_change_name_the_column_of_the_question():
    frame = letters(context=["de", "en"] * 4, target=["A", "B"] * 4)
    with pytest.raises(BadInput, match="as by column context: --column question=question,context"):
        read(frame)
    assert read(frame, columns={"question": "question,context"}).table["question"].nunique() == 4


def test_targets_that_models_do_not_share_are_to_be_corrected():
    frame = letters(model=["a", "b"] * 4, model_size_b=[1.0, 7.0] * 4, target=["A", "B"] * 4)
    with pytest.raises(BadInput, match=r"models differ in it: correct it, or, .*--column question=question,model"):
        read(frame)


GRADES = {"C": 1, "I": 0, "P": 0.5, "N": 0, "true": 1, "FALSE": 0, "pass": 1, "failed": 0, "1": 1, "0.25": 0.25}


def test_grades_in_words(tmp_path):
    frame = pd.DataFrame({"model": "m", "question": "q", "sample": range(len(GRADES)), "score": list(GRADES)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    for table in (frame, tmp_path / "a.csv"):
        assert read(table).table["score"].tolist() == list(GRADES.values())
    with pytest.raises(BadInput, match=r"Column score holds 'D' in row 1 .*C, I, P, N"):
        read(frame.assign(score="D"))
    with pytest.raises(BadInput, match="holds nothing in row 1"):
        read(frame.assign(score=[None, *list(GRADES)[1:]]))


def test_grades_on_a_scale(tmp_path):
    frame = pd.DataFrame({"model": "m", "question": "q", "sample": range(3), "score": [1, 10, 5.5]})
    with pytest.raises(BadInput, match="brought to it with --scale LOW,HIGH, as --scale 1,10"):
        read(frame)
    assert read(frame, scale=(1, 10)).table["score"].tolist() == [0, 1, 0.5]
    with pytest.raises(BadInput, match=r"holds 10 in row 2 .*grades run from 1 to 7"):
        read(frame, scale=(1, 7))
    with pytest.raises(BadInput, match="there is no column score"):
        read(letters(), scale=(1, 10))
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert main(["decompose", str(tmp_path / "a.csv"), "--scale", "1,10"]) == 0


def test_an_invented_letter_is_quoted_and_unparsable_on_request():
    frame = letters(answer=list("ABCEABCE"))
    with pytest.raises(BadInput, match=r"holds 'E' in row 4 .*4 options, A to D; --outside-unparsable"):
        read(frame)
    got = read(frame, outside_unparsable=True)
    assert got.table["answer"].tolist() == [0, 1, 2, -1] * 2
    assert any("2 answers are none of the question's options" in note for note in got.notes)


def test_several_right_options_are_one_class():
    """A and C of A to D right: the classes are [A or C], B, D. By hand: of A, B, C, D two are right."""
    frame = letters(target=[["A", "C"]] * 8, answer=list("ABCDABCD"))
    got = read(frame).table
    assert got["answer"].tolist() == [0, 1, 0, 2] * 2 and set(got["n_choices"]) == {3} and set(got["target"]) == {0}
    (record,) = hm.decompose(read(frame), metric="zero-one", estimator="plug-in").records
    assert record["responses"] == 8
    assert read(frame.assign(target='["A", "C"]')).table["answer"].tolist() == [0, 1, 0, 2] * 2
    assert read(frame.assign(target=[["C", "A"]] * 8)).table["answer"].tolist() == [0, 1, 0, 2] * 2
    probs = frame.drop(columns="answer").assign(probs=[[0.1, 0.2, 0.3, 0.4]] * 8)
    assert read(probs, allow_copies=True).table["probs"].iloc[0] == pytest.approx([0.4, 0.2, 0.4])


def test_several_right_texts_are_one():
    texts = ["New York", "NYC", "Boston", ""]
    frame = pd.DataFrame({"model": "m", "question": "q", "text": texts, "target": [["NYC", "New York"]] * 4})
    got = read(frame).table
    assert got["text"].isna().tolist() == [False, False, False, True]
    assert (got["text"] == got["target"]).tolist()[:3] == [True, True, False]
    bracketed = frame.assign(text="[1, 2]", target="[1, 2]", sample=range(4))
    assert set(read(bracketed, allow_copies=True).table["target"]) == {"[1, 2]"}


@pytest.mark.parametrize("listed", ['["NYC", "New York"]', "['NYC', 'New York']"])
def test_several_right_texts_that_a_csv_wrote_as_text(listed, tmp_path):
    """Two of four are right, by hand; where answers are lists themselves the text is the one right answer."""
    frame = pd.DataFrame({"model": "m", "question": "q", "text": ["New York", "nyc", "Boston", "x"], "target": listed})
    frame.to_csv(tmp_path / "a.csv", index=False)
    got = read(tmp_path / "a.csv")
    assert (got.table["text"] == got.table["target"]).tolist() == [True, True, False, False]
    assert any("4 rows have several right answers" in note for note in got.notes)
    code = frame.assign(text=[listed, "NYC", "[]", "NYC"])
    assert set(read(code).table["target"]) == {read(code.assign(text=listed), allow_copies=True).table["text"].iloc[0]}
    none = frame.assign(text=["a", "b", "c", "d"])
    assert set(read(none).table["target"]) == set(read(code).table["target"])


def test_parts_of_a_benchmark_that_name_their_questions_anew_are_not_pooled(tmp_path):
    """Question 0 of two subjects is two questions, always right and always wrong: no variance."""
    rows = [(subject, q, s, float(subject == "law")) for subject in ("law", "art") for q in range(3) for s in range(2)]
    frame = pd.DataFrame(rows, columns=["subject", "question", "sample", "score"]).assign(model="m")
    frame["sample"] += 2 * (frame["subject"] == "art")
    with pytest.raises(BadInput, match=r"subject varies inside 3 cells.*--column question=subject,question \(a part"):
        read(frame.assign(benchmark="b"))
    with pytest.raises(BadInput, match=r"--column benchmark=subject \(a part"):
        read(frame)
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(BadInput, match=r"--column benchmark=subject \(a part"):
        read(tmp_path / "a.parquet", engine="duckdb")
    counted = read(tmp_path / "a.parquet", engine="duckdb", columns={"benchmark": "subject"})
    for one in (counted, read(frame, columns={"benchmark": "subject"})):
        (record,) = hm.decompose(one, estimator="unbiased").records
        assert (record["questions"], record["error"], record["variance"]) == (6, 0.5, 0.0)
    (record,) = hm.decompose(read(frame, columns={"question": "subject,question"}), estimator="unbiased").records
    assert (record["questions"], record["error"], record["variance"]) == (6, 0.5, 0.0)
    assert len(read(frame, merge=["subject"]).table) == 12


def test_an_empty_name_is_not_this_folder():
    with pytest.raises(BadInput, match="name of a file or folder is empty"):
        read("")


def test_counts_by_an_engine_take_the_same_options_or_refuse_them(tmp_path):
    frame = letters(judge=["x", "y"] * 4).drop(columns="model")
    path = tmp_path / "a.parquet"
    frame.to_parquet(path)
    with pytest.raises(BadInput, match=r"lacks the column model"):
        read(path, engine="duckdb")
    with pytest.raises(BadInput, match=r"no column 'a,b' in .* to use as model; an engine takes whole columns"):
        read(path, engine="duckdb", columns={"model": "a,b"})
    with pytest.raises(BadInput, match=r"Column judge varies inside 2 cells.*it is 'x' and 'y'"):
        read(path, engine="duckdb", model="m")
    with pytest.raises(BadInput, match="leave out sources"):
        read(path, engine="duckdb", model="m", sources=["judge"])
    facts = pd.DataFrame({"model": ["m"], "model_size_b": [7.0]})
    got = read(path, engine="duckdb", constants={"model": "m"}, merge="judge", models=facts)
    assert got.table["copies"].sum() == 8 and set(got.table["model_size_b"]) == {7.0}
    want = hm.decompose(read(frame, model="m", merge="judge"), estimator="unbiased").records
    assert hm.decompose(got, estimator="unbiased").records == want
    scores = frame.assign(score=[1, 10] * 4, model="m").drop(columns=["answer", "judge"])
    scores.to_parquet(path)
    assert set(read(path, engine="duckdb", scale=(1, 10)).table["score"]) == {0.0, 1.0}
    with pytest.raises(BadInput, match="takes whole columns"):
        read(path, engine="duckdb", columns={"condition": "a,b"})


def test_an_engine_reads_columns_from_names_of_folders(tmp_path):
    for model, part in letters(model=["m", "n"] * 4).groupby("model"):
        (tmp_path / f"model={model}").mkdir()
        part.drop(columns="model").to_parquet(tmp_path / f"model={model}" / "a.parquet")
    assert set(read(tmp_path, engine="duckdb").table["model"]) == {"m", "n"}
