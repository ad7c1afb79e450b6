"""The face mesh with attention (MediaPipe, arXiv 2006.10962): three operations of it are not in LiteRT.

The file is cut before and after them: one network finds the face, boxes are turned around its lips and eyes,
their features are cut out, and the other network finds the points of each box, which go back where it lies.
The three operations are those of `mediapipe/util/tflite/operations`, written anew in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray

from pipeline.estimators.mediapipe.net import Net, Tensor

BOX, CROP, BACK = b"Landmarks2TransformMatrix", b"TransformTensorBilinear", b"TransformLandmarks"
NUM_SKIN, NUM_IRIS = 468, 5
NUM_POINTS = NUM_SKIN + 2 * NUM_IRIS
"""Of the mesh: those on the skin, then centre and rim of the right and of the left iris."""
NUM_LIDS = 16
"""An eye's first points are on its lids: their mean depth is its iris's."""
SPREAD = 1.5
"""A box is so much wider and higher than the points that it is put around."""


@dataclass(frozen=True)
class Part:
    """A part of the face that is looked at again: a box on it, as the file says."""

    points: NDArray[np.int64]
    """Those of the mesh that the box holds; the part's own points replace them one by one."""
    left: int
    """Of the two points of the mesh that lie level in the box."""
    right: int
    cells: int
    """Of the features that are cut out, along each side of the box."""

    def box(self, mesh: NDArray[np.float64]) -> NDArray[np.float64]:
        """(2, 3): from the box's cells to where they lie, for a mesh (468, 2 or more)."""
        across = mesh[self.right, :2] - mesh[self.left, :2]
        angle = np.arctan2(across[1], across[0])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        upright = mesh[self.points, :2] @ turn  # turned back, so that the two points lie level
        low, high = upright.min(axis=0), upright.max(axis=0)
        matrix = turn * (SPREAD * (high - low) / self.cells)
        return np.column_stack([matrix, turn @ ((low + high) / 2) - matrix.sum(axis=1) * self.cells / 2])


@dataclass(frozen=True)
class MeshOutput:
    """What the network gives for a crop."""

    points: NDArray[np.float64]
    """(478, 3) px of the crop; depth grows away from the camera."""
    presence: Tensor
    """(1,) log odds of a face."""


@dataclass(frozen=True)
class Halves:
    """The network's file, cut."""

    find: bytes
    refine: bytes
    parts: Sequence[Part]
    part_of: Sequence[int]
    """The part of each output of the second network."""


@cache  # taking a file apart takes longer than all else of a start
def halves(content: bytes) -> Halves:
    """Two networks out of a file.

    Raises:
        EstimatorUnavailable: it is none that LiteRT can run so.
    """
    file = File(content)
    boxes, crops, backs = (file.named(name) for name in (BOX, CROP, BACK))
    first = [*(int(node.inputs[0]) for node in boxes), int(crops[0].inputs[0])]
    part_of = [
        next(which for which, box in enumerate(boxes) if int(box.outputs[0]) in file.above([node.inputs[1]]))
        for node in backs
    ]
    mesh, *_, presence = (int(index) for index in file.graph.outputs)
    cut = [int(node.outputs[0]) for node in crops]
    return Halves(
        find=file.between([int(i) for i in file.graph.inputs], [*first, mesh, presence]),
        refine=file.between(cut, [int(node.inputs[0]) for node in backs]),
        parts=[file.part(node) for node in boxes],
        part_of=part_of,
    )


class AttentionMesh:
    """The network, in its two halves."""

    def __init__(self, content: bytes) -> None:
        """Read the file.

        Raises:
            EstimatorUnavailable: LiteRT cannot run it.
        """
        cut = halves(content)
        self.parts, self.part_of = cut.parts, cut.part_of
        self.find, self.refine = Net(cut.find), Net(cut.refine)

    def __call__(self, picture: Tensor) -> MeshOutput:
        """Look at a crop (1, side, side, 3)."""
        *meshes, features, mesh, presence = self.find(picture)
        scaled = [np.asarray(each[0], np.float64) for each in meshes]  # in cells of the features
        boxes = [part.box(points) for part, points in zip(self.parts, scaled, strict=True)]
        cells = [part.cells for part in self.parts]
        found = self.refine(*(cut(features[0], box, n)[None] for box, n in zip(boxes, cells, strict=True)))
        size = picture.shape[1] / features.shape[1]
        placed = [  # points come in px, `size` of them a cell
            points[0] @ boxes[which][:, :2].T + boxes[which][:, 2] * size
            for points, which in zip(found, self.part_of, strict=True)
        ]
        return MeshOutput(self.together(mesh.reshape(-1, 3), placed), presence.reshape(1))

    def together(self, mesh: Tensor, placed: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """The mesh with the parts' own points in place of its own, and the irises behind (478, 3)."""
        points = np.zeros((NUM_POINTS, 3))
        points[:NUM_SKIN] = mesh
        iris = NUM_SKIN
        for part, own in zip((self.parts[which] for which in self.part_of), placed, strict=True):
            if len(own) == NUM_IRIS:
                where = np.arange(iris, iris + NUM_IRIS)
                points[where, 2] = points[part.points[:NUM_LIDS], 2].mean()
                iris += NUM_IRIS
            else:
                where = part.points
            points[where, :2] = own
        return points


def cut(features: Tensor, box: NDArray[np.float64], cells: int) -> Tensor:
    """Features (h, w, c) at the middles of a box's cells (cells, cells, c), linear in between, 0 outside.

    Positions count from the corner of the first cell on both sides, values lie in the middles of cells.
    """
    y, x = np.mgrid[:cells, :cells] + 0.5
    places = np.stack([x, y], axis=-1) @ box[:, :2].T + box[:, 2] - 0.5
    height, width = features.shape[:2]
    inside = np.all((places >= 0) & (places <= (width - 1, height - 1)), axis=-1)
    places = np.where(inside[..., None], places, 0.0)
    x0, y0 = np.floor(places).astype(int).transpose(2, 0, 1)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    right, lower = (places - np.floor(places)).astype(np.float32).transpose(2, 0, 1)[..., None]
    upper_row = (1 - right) * features[y0, x0] + right * features[y0, x1]
    lower_row = (1 - right) * features[y1, x0] + right * features[y1, x1]
    values: Tensor = ((1 - lower) * upper_row + lower * lower_row) * inside[..., None]
    return values.astype(np.float32)


class File:
    """A network's file, to be cut."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.content = content
        self.schema = schema
        model = self.model()
        self.graph = model.subgraphs[0]
        self.codes = [code.customCode for code in model.operatorCodes]

    def model(self) -> Any:
        """Everything in the file, to be changed."""
        return self.schema.ModelT.InitFromPackedBuf(self.content, 0)

    def named(self, name: bytes) -> list[Any]:
        """The operations of a name, in the file's order."""
        return [node for node in self.graph.operators if self.codes[node.opcodeIndex] == name]

    def part(self, node: Any) -> Part:
        """The part of the face around which an operation puts a box."""
        wish = flexbuffers.Loads(bytes(node.customOptions))
        return Part(
            points=np.array(wish["subset_idxs"], np.int64).reshape(-1),
            left=int(wish["left_rotation_idx"]),
            right=int(wish["right_rotation_idx"]),
            cells=int(wish["output_width"]),
        )

    def above(self, outputs: Sequence[int], inputs: Sequence[int] = ()) -> set[int]:
        """All tensors that some are made of, themselves included, no further than `inputs`."""
        inputs_of = {int(index): node.inputs for node in self.graph.operators for index in node.outputs}
        found: set[int] = set()
        waiting = list(outputs)
        while waiting:
            index = waiting.pop()
            if index not in found and index not in inputs:
                found.add(index)
                waiting.extend(int(i) for i in inputs_of.get(index, ()) if i >= 0)
        return found

    def between(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file of a network from some tensors to others."""
        wanted = self.above(outputs, inputs)
        model = self.model()
        graph = model.subgraphs[0]
        graph.operators = [node for node in graph.operators if int(node.outputs[0]) in wanted]
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        model.signatureDefs = None
        builder = flatbuffers.Builder(len(self.content))
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())
