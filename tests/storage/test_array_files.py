"""Arrays out of strangers' pickles: old classes give their numbers, and nothing is run."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from storage.array_files import read_arrays


class Ch:
    """As chumpy's arrays are pickled: by what they hold."""

    def __init__(self, **held: Any) -> None:
        self.__dict__.update(held)


class Select(Ch):
    pass


@pytest.fixture
def chumpy() -> Iterator[None]:
    """A module of that name with those classes, while files are written."""
    module = ModuleType("chumpy.ch")
    for kind in (Ch, Select):
        kind.__module__ = "chumpy.ch"
        setattr(module, kind.__name__, kind)
    sys.modules["chumpy"] = sys.modules["chumpy.ch"] = module
    yield
    del sys.modules["chumpy"], sys.modules["chumpy.ch"]


VALUES = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_arrays_of_chumpy_and_scipy_give_their_numbers(protocol: int, tmp_path: Path, chumpy: None) -> None:
    some = Select(a=Ch(x=VALUES), idxs=np.array([0, 4, 8]), preferred_shape=(3, 1))
    sparse = scipy.sparse.csc_matrix(np.eye(4, 3))
    content = {"plain": VALUES, "held": Ch(x=VALUES), "some": some, "sparse": sparse, "other": Ch(y=1)}
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    del sys.modules["chumpy.ch"]
    found = read_arrays(path, ["held", "plain", "some", "sparse"])
    sys.modules["chumpy.ch"] = sys.modules["chumpy"]
    np.testing.assert_array_equal(found["plain"], VALUES)
    np.testing.assert_array_equal(found["held"], VALUES)
    np.testing.assert_array_equal(found["some"], [[0], [4], [8]])
    np.testing.assert_array_equal(found["sparse"], np.eye(4, 3))


def test_a_dict_in_an_array_file_and_an_archive_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "head.npy", np.array({"mean": VALUES}, dtype=object), allow_pickle=True)
    np.savez_compressed(tmp_path / "body.npz", mean=VALUES, other=np.array([{}], dtype=object))
    for name in ("head.npy", "body.npz"):
        np.testing.assert_array_equal(read_arrays(tmp_path / name, ["mean"])["mean"], VALUES)


class Hostile:
    """Leaves a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"mean": Hostile(tmp_path / "mark")}))
    with pytest.raises(ValueError, match=r"model\.pkl: cannot be read"):
        read_arrays(path, ["mean"])
    np.save(
        tmp_path / "head.npy", np.array({"mean": Hostile(tmp_path / "mark")}, dtype=object), allow_pickle=True
    )
    with pytest.raises(ValueError, match=r"head\.npy: cannot be read"):
        read_arrays(tmp_path / "head.npy", ["mean"])
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x02", b"not a pickle", b"\x93NUMPY\x01\x00\x10", pickle.dumps([1])]
)
def test_what_is_no_file_of_arrays_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pkl: "):
        read_arrays(path, ["mean"])


def test_what_is_missing_or_no_numbers_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"mean": VALUES, "words": np.array(["a"])}))
    with pytest.raises(ValueError, match="holds no array faces"):
        read_arrays(path, ["mean", "faces"])
    with pytest.raises(ValueError, match="cannot be read"):
        read_arrays(path, ["words"])
    with pytest.raises(ValueError, match="no such file"):
        read_arrays(tmp_path / "none", ["mean"])
