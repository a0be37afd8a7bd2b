"""Parsing values of logs that anybody may have written."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.responses.formats import hostile, zips

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(value=values)
def test_parse_reads_what_json_writes(value):
    assert hostile.parse(json.dumps(value).encode(), "x") == value


@given(
    head=st.dictionaries(st.text(max_size=5).filter(lambda key: key != "samples"), values, max_size=4),
    items=st.lists(values),
)
def test_members_stream_one_array(head, items):
    text = json.dumps({**head, "samples": items, "last": 1}, indent=1)
    found = list(hostile.members(text, "samples", "x"))
    assert [value for key, value in found if key == "samples"] == items
    assert {key: value for key, value in found if key != "samples"} == {**head, "last": 1}


@given(data=st.binary(max_size=80))
def test_parse_refuses_or_reads(data):
    try:
        hostile.parse(data, "x")
    except BadInput as error:
        assert str(error).startswith("x is ")


@given(text=st.text(alphabet='{}[]",:1ae \\', max_size=60))
def test_members_refuse_or_read(text):
    try:
        for _ in hostile.members(text, "a", "x"):
            pass
    except BadInput as error:
        assert str(error).startswith("x is ")


@given(value=values)
def test_every_value_is_taken_as_something(value):
    for number in (hostile.number(value), hostile.count(value)):
        assert number is None or number == number
    assert hostile.label(value) is None or 0 < len(hostile.label(value)) <= hostile.MAX_LABEL
    assert isinstance(hostile.mapping(value), dict) and hasattr(hostile.sequence(value), "__len__")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"[" * 100_000, "nested too deeply|damaged"),
        (b'{"a": "\xff"}', "not UTF-8|damaged"),
        (b"1" * 5_000, "damaged"),
        (b"", "damaged"),
    ],
)
def test_values_that_cannot_be_parsed(data, sentence):
    with pytest.raises(BadInput, match=sentence):
        hostile.parse(data, "x")
    if data.isascii():
        with pytest.raises(BadInput):
            list(hostile.members(data.decode(), "samples", "x"))


def test_lone_surrogates_become_question_marks():
    value = hostile.parse(b'{"a": "\\ud800 b"}', "x")
    assert hostile.label(value["a"]) == "? b"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_understood(encoding):
    assert list(hostile.members(hostile.decode('{"a": "é"}'.encode(encoding), "x"), "s", "x")) == [("a", "é")]


def test_latin_1_is_refused():
    with pytest.raises(BadInput, match="not UTF-8"):
        hostile.decode('{"a": "é"}'.encode("latin-1"), "x")


def test_text_hashes_tell_texts_apart():
    assert hostile.text_hash(["a", "b"]) == hostile.text_hash(["a", "b"]) != hostile.text_hash(["ab"])
    assert -(2**63) <= hostile.text_hash(["x"]) < 2**63


# ---- zip files ----


def archive(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, data in members:
            out.writestr(name, data)
    return path


@given(data=st.binary(max_size=3_000), compression=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_members_are_unpacked(tmp_path_factory, data, compression):
    path = archive(tmp_path_factory.mktemp("z") / "x.zip", [("a/b.json", data), ("c", b"1")], compression)
    with zips.opened(path) as opened:
        assert opened.names == ["a/b.json", "c"] and opened.read("a/b.json") == data and opened.read("c") == b"1"


def test_zstandard_is_unpacked(tmp_path):
    pytest.importorskip("zipfile_zstd")
    data = json.dumps({"a": list(range(5_000))}).encode()
    path = archive(tmp_path / "x.zip", [("a", data)], zipfile.ZIP_ZSTANDARD)
    with zips.opened(path) as opened:
        assert opened.read("a") == data


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_later_counts(tmp_path):
    path = archive(tmp_path / "x.zip", [("a", b"old"), ("a", b"new")])
    with zips.opened(path) as opened:
        assert opened.read("a") == b"new" and opened.names == ["a"]


def test_members_that_lie_about_their_size_are_refused(tmp_path, monkeypatch):
    path = archive(tmp_path / "x.zip", [("a", b"x" * 50_000)])
    monkeypatch.setattr(zips, "MAX_MEMBER", 10_000)
    with zips.opened(path) as opened, pytest.raises(BadInput, match="GB when unpacked"):
        opened.read("a")
    monkeypatch.undo()
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")  # the directory says 100 bytes
    path.write_bytes(data)
    with zips.opened(path) as opened, pytest.raises(BadInput, match="damaged"):
        opened.read("a")


def test_a_zstandard_frame_that_promises_too_much_is_refused(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    pytest.importorskip("zipfile_zstd")
    path = archive(tmp_path / "x.zip", [("a", b"x" * 500)], zipfile.ZIP_ZSTANDARD)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (7).to_bytes(4, "little")
    path.write_bytes(data)
    with zips.opened(path) as opened, pytest.raises(BadInput, match="damaged"):
        opened.read("a")
    assert zstandard


def test_what_is_no_zip_file_is_refused(tmp_path):
    for data in (b"", b"PK\x03\x04", io.BytesIO(b"PK\x03\x04" + b"x" * 99).read()):
        (tmp_path / "x").write_bytes(data)
        assert zips.names(tmp_path / "x") == []
        with pytest.raises(BadInput), zips.opened(tmp_path / "x"):
            pass
