"""Canonical JSON, cuts, names of entries and of folders."""

from __future__ import annotations

import pytest

from clusterbench.errors import RequestError
from clusterbench.naming import Cut, EntryNames, canonical_json, folder_name, parameter_pairs, path_inside


@pytest.mark.parametrize(
    ("cut", "text", "k"),
    [
        (Cut("k", 5), '{"k": 5}', 5),
        (Cut("eps", 0.3), '{"eps": 0.3}', None),
        (Cut("min_cluster_size", 20), '{"min_cluster_size": 20}', None),
        (Cut("level", "Ü"), '{"level": "\\u00dc"}', None),
    ],
)
def test_a_cut_is_written_and_read_back(cut, text, k):
    assert cut.text == text
    assert Cut.parse(text) == cut
    assert type(Cut.parse(text).value) is type(cut.value)
    assert cut.k == k


@pytest.mark.parametrize("text", ["", "5", "{}", '{"k": 2, "eps": 1}', "[1]", "null"])
def test_a_text_that_is_no_cut_is_refused(text):
    with pytest.raises(RequestError, match="is not a cut"):
        Cut.parse(text)


def test_equal_settings_have_one_text():
    assert canonical_json({"b": [1.5, None], "a": True}) == canonical_json({"a": True, "b": [1.5, None]})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": float("nan")})


def test_of_the_parameters_those_are_named_in_which_settings_differ():
    settings = [("ward", '{"p": 1, "q": null}'), ("ward", '{"p": 2, "q": null}'), ("ward", '{"p": 2}'), ("gmm", "{}")]
    names = EntryNames.of(settings)
    assert [names.setting(*setting) for setting in settings] == ["ward (p=1)", "ward (p=2)", "ward (p=2)", "gmm"]
    assert names.entry(*settings[0], "pca [3]", k=5, policy="silhouette") == (
        "ward (p=1, k by silhouette) on pca [3] with k = 5"
    )
    assert names.entry("gmm", "{}", "raw") == "gmm on raw"


def test_parameters_that_are_no_json_object_are_named_as_they_are():
    names = EntryNames.of([("a", "p1"), ("a", "p2"), ("b", "[1]")])
    assert (names.setting("a", "p1"), names.setting("b", "[1]")) == ("a (p1)", "b")
    assert parameter_pairs('{"linkage": "ward", "n": 2, "w": null}') == ["linkage=ward", "n=2", "w=null"]


@pytest.mark.parametrize("name", ["wine", "plant [north]", "...", "..x", "Müller 2", "a-b_c.d"])
def test_a_name_that_can_be_a_folder_is_kept(name):
    assert folder_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../escape/x", "/etc", "a/b", "a\\b", "a\nb", "a\0b", "ü" * 101])
def test_a_name_that_leads_elsewhere_is_no_folder(name):
    with pytest.raises(RequestError, match="cannot be the name of a folder"):
        folder_name(name)


def test_a_symbolic_link_inside_a_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "report").mkdir()
    assert path_inside(tmp_path / "report", "labels/a.csv") == tmp_path / "report" / "labels" / "a.csv"
    (tmp_path / "report" / "labels").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError, match="labels' is a symbolic link and is not followed"):
        path_inside(tmp_path / "report", "labels/a.csv")
    (tmp_path / "link").symlink_to(tmp_path / "report")
    assert path_inside(tmp_path / "link", "index.html") == tmp_path / "link" / "index.html"
