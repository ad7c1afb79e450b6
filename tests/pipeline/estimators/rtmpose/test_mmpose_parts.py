"""What stands for missing modules while mmpose is imported, and no longer."""

from __future__ import annotations

import sys

import pytest

from pipeline.estimators.rtmpose.mmpose_parts import STAND_INS, Missing, registry, stood_in


def test_stand_ins_are_there_for_the_import_alone() -> None:
    registry().build({"type": "CSPNeXt", "arch": "P5", "widen_factor": 0.125, "deepen_factor": 0.1})
    assert not STAND_INS.keys() & sys.modules.keys()
    assert sys.modules.get("deepspeed", sys) is not None


def test_what_is_there_is_left_alone() -> None:
    own = Missing("mmdet")
    sys.modules["mmdet"] = own
    try:
        with stood_in():
            assert sys.modules["mmdet"] is own
            assert isinstance(sys.modules["mmcv._ext"], Missing)
        assert sys.modules["mmdet"] is own
    finally:
        del sys.modules["mmdet"]


def test_an_operation_that_is_called_says_what_is_missing() -> None:
    with pytest.raises(RuntimeError, match=r"mmcv\._ext"):
        Missing("mmcv._ext").nms(1)
    with pytest.raises(AttributeError):
        _ = Missing("mmdet.utils").other
