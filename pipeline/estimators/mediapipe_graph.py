"""The room of mediapipe 0.10.21: runs graphs over the networks that its wheel carries, one square crop at a time.

Every graph here is stateless and gets a crop that we cut ourselves: regions are ours, and the same crop gives
the same bytes whatever was asked before. Graph texts are protobuf text of `mediapipe.CalculatorGraphConfig`;
the calculators and their options are those of the package's own graphs in `mediapipe/modules`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.protocols import EstimatorUnavailable
from schemas.tracks import EstimatorCard

Picture = NDArray[np.uint8]
Reader = Callable[[Any], Any]

SOFTWARE_VERSION = "0.10.21"
LICENCE = "Apache-2.0"


class Graph:
    """A running graph: a crop in, a value for each observed stream out (None where the stream was silent).

    The text must declare the input stream `picture`. `side` of the crops is fixed at birth; the first run, on
    black, happens there too, so that a broken graph or a missing network shows at once.

    Raises:
        EstimatorUnavailable: mediapipe is missing, of another version, or without its networks.
    """

    def __init__(self, text: str, readers: Mapping[str, Reader], side: int, side_packets: Mapping[str, bool] = {}):
        mediapipe = package()
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings import resource_util

        resource_util.set_resource_dir(str(Path(mediapipe.__file__).parents[1]))
        self._packets = packet_creator
        self._rgb = mediapipe.ImageFormat.SRGB
        self._readers = dict(readers)
        self._answers: dict[str, Any] = {}
        self._time = 0
        config = 'executor { type: "ApplicationThreadExecutor" }\n' + text  # no threads of its own
        with quiet_stderr():
            try:
                self._graph = mediapipe.CalculatorGraph(graph_config=config)
                for name in readers:
                    self._graph.observe_output_stream(name, self._answers.__setitem__, True)
                self._graph.start_run({k: self._packets.create_bool(v) for k, v in side_packets.items()})
                self(np.zeros((side, side, 3), np.uint8))
            except RuntimeError as error:
                raise EstimatorUnavailable(f"mediapipe {SOFTWARE_VERSION} cannot run its graph: {error}") from error

    def __call__(self, picture: Picture) -> dict[str, Any]:
        """What the graph says of one RGB crop, by stream name."""
        self._answers.clear()
        self._time += 1  # streams need growing times; no calculator used here looks at them
        packet = self._packets.create_image_frame(picture, image_format=self._rgb)
        self._graph.add_packet_to_input_stream(stream="picture", packet=packet.at(self._time))
        self._graph.wait_until_idle()
        return {name: self._read(name) for name in self._readers}

    def _read(self, name: str) -> Any:
        packet = self._answers.get(name)
        return None if packet is None or packet.is_empty() else self._readers[name](packet)


def package() -> Any:
    """The mediapipe package.

    Raises:
        EstimatorUnavailable: it is missing or another version, whose wheel has neither these graphs nor networks.
    """
    try:
        with quiet_stderr():
            import mediapipe
    except ImportError as error:
        raise EstimatorUnavailable(f"needs mediapipe: pip install mediapipe=={SOFTWARE_VERSION}") from error
    if mediapipe.__version__ != SOFTWARE_VERSION:
        raise EstimatorUnavailable(
            f"needs mediapipe {SOFTWARE_VERSION}, found {mediapipe.__version__}: "
            f"pip install mediapipe=={SOFTWARE_VERSION}"
        )
    return mediapipe


def card(name: str, models: tuple[str, ...]) -> EstimatorCard:
    """Card of an estimator that runs these `.tflite` files, given relative to `mediapipe/modules`."""
    modules = Path(package().__file__).parent / "modules"
    digest = hashlib.sha256()
    for model in sorted(models):
        digest.update((modules / model).read_bytes())
    return EstimatorCard(
        name=name, version=f"mediapipe {SOFTWARE_VERSION}", weights_sha256=digest.hexdigest(), licence=LICENCE
    )


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Sends the process's stderr to nowhere meanwhile.

    The native libraries write start-up notices straight to file descriptor 2 and offer no switch. Errors still
    come as exceptions.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def read_float(packet: Any) -> float:
    """The number in a packet."""
    from mediapipe.python import packet_getter

    return float(packet_getter.get_float(packet))


def read_landmarks(packet: Any) -> NDArray[np.float32]:
    """Landmarks as rows of x, y, z, visibility, presence; x and y in parts of the crop where normalised."""
    from mediapipe.python import packet_getter

    marks = packet_getter.get_proto(packet).landmark
    return np.array([(m.x, m.y, m.z, m.visibility, m.presence) for m in marks], np.float32)


def read_detections(packet: Any) -> NDArray[np.float32]:
    """Detections as rows of score, x0, y0, x1, y1, then x, y of each key point, in parts of the crop."""
    from mediapipe.python import packet_getter

    rows = []
    for found in packet_getter.get_proto_list(packet):
        box = found.location_data.relative_bounding_box
        points = [value for p in found.location_data.relative_keypoints for value in (p.x, p.y)]
        corner = (box.xmin + box.width, box.ymin + box.height)
        rows.append((found.score[0], box.xmin, box.ymin, *corner, *points))
    return np.array(rows, np.float32).reshape(len(rows), -1)


def inference_text(model: str, side: int, low: float) -> str:
    """Nodes from `picture` to the vector `tensors`: values scaled to [low, 1], `model` below `mediapipe/modules`.

    One XNNPACK thread: results do not depend on the machine's cores, and workers do not fight for them.
    """
    return f"""
    input_stream: "picture"
    node {{ calculator: "ImageToTensorCalculator" input_stream: "IMAGE:picture" output_stream: "TENSORS:input"
      options {{ [mediapipe.ImageToTensorCalculatorOptions.ext] {{
        output_tensor_width: {side} output_tensor_height: {side} keep_aspect_ratio: true
        output_tensor_float_range {{ min: {low} max: 1 }} }} }} }}
    node {{ calculator: "InferenceCalculatorCpu" input_stream: "TENSORS:input" output_stream: "TENSORS:tensors"
      options {{ [mediapipe.InferenceCalculatorOptions.ext] {{
        model_path: "mediapipe/modules/{model}" delegate {{ xnnpack {{ num_threads: 1 }} }} }} }} }}
    """


def split_text(*tensors: int) -> str:
    """A node from `tensors` to the streams `tensor_<n>` for the given positions."""
    streams = " ".join(f'output_stream: "tensor_{n}"' for n in tensors)
    ranges = " ".join(f"ranges {{ begin: {n} end: {n + 1} }}" for n in tensors)
    return f"""
    node {{ calculator: "SplitTensorVectorCalculator" input_stream: "tensors" {streams}
      options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{ {ranges} }} }} }}
    """


@dataclass(frozen=True, kw_only=True)
class SsdDetector:
    """One of the wheel's single-shot detectors, and how its output is read."""

    model: str
    """Path below `mediapipe/modules`."""
    side: int
    """Of its square input, px."""
    low: float
    """What black becomes at the input; white is 1."""
    strides: tuple[int, ...]
    """Of the anchor layers, px."""
    num_boxes: int
    num_points: int
    interpolated_ratio: float = 1.0
    """1 puts a second anchor at each place of a layer, 0 does not."""

    def start(self, min_score: float) -> Graph:
        """A graph whose stream `detections` has the boxes of at least this score after non-maximum suppression."""
        return Graph(self.text(min_score), {"detections": read_detections}, self.side)

    def text(self, min_score: float) -> str:
        """The graph, as text."""
        strides = " ".join(f"strides: {s}" for s in self.strides)
        return f"""
        {inference_text(self.model, self.side, self.low)}
        output_stream: "detections"
        node {{ calculator: "SsdAnchorsCalculator" output_side_packet: "anchors"
          options {{ [mediapipe.SsdAnchorsCalculatorOptions.ext] {{
            input_size_width: {self.side} input_size_height: {self.side} min_scale: 0.1484375 max_scale: 0.75
            anchor_offset_x: 0.5 anchor_offset_y: 0.5 num_layers: {len(self.strides)} {strides}
            aspect_ratios: 1 interpolated_scale_aspect_ratio: {self.interpolated_ratio}
            fixed_anchor_size: true }} }} }}
        node {{ calculator: "TensorsToDetectionsCalculator" input_stream: "TENSORS:tensors"
          input_side_packet: "ANCHORS:anchors" output_stream: "DETECTIONS:all"
          options {{ [mediapipe.TensorsToDetectionsCalculatorOptions.ext] {{
            num_classes: 1 num_boxes: {self.num_boxes} num_coords: {4 + 2 * self.num_points}
            x_scale: {self.side} y_scale: {self.side} w_scale: {self.side} h_scale: {self.side}
            keypoint_coord_offset: 4 num_keypoints: {self.num_points} num_values_per_keypoint: 2
            box_coord_offset: 0 reverse_output_order: true sigmoid_score: true score_clipping_thresh: 100
            min_score_thresh: {min_score} }} }} }}
        node {{ calculator: "NonMaxSuppressionCalculator" input_stream: "all" output_stream: "detections"
          options {{ [mediapipe.NonMaxSuppressionCalculatorOptions.ext] {{
            min_suppression_threshold: 0.3 overlap_type: INTERSECTION_OVER_UNION algorithm: WEIGHTED }} }} }}
        """


POSE_DETECTOR = SsdDetector(
    model="pose_detection/pose_detection.tflite",
    side=224,
    low=-1,
    strides=(8, 16, 32, 32, 32),
    num_boxes=2254,
    num_points=4,
)
"""Boxes of upper bodies' faces; points: mid hips, a point on the circle around the body, mid shoulders, its circle."""

PALM_DETECTOR = SsdDetector(
    model="palm_detection/palm_detection_full.tflite",
    side=192,
    low=0,
    strides=(8, 16, 16, 16),
    num_boxes=2016,
    num_points=7,
)
"""Boxes of palms; points: wrist, roots of index, middle, ring and little finger, root and base of the thumb."""

FACE_DETECTOR_NEAR = SsdDetector(
    model="face_detection/face_detection_short_range.tflite",
    side=128,
    low=-1,
    strides=(8, 16, 16, 16),
    num_boxes=896,
    num_points=6,
)
"""Faces of a fifth of the crop and more; points: right eye, left eye, nose tip, mouth, right ear, left ear."""

FACE_DETECTOR_FAR = SsdDetector(
    model="face_detection/face_detection_full_range_sparse.tflite",
    side=192,
    low=-1,
    strides=(4,),
    num_boxes=2304,
    num_points=6,
    interpolated_ratio=0.0,
)
"""Faces down to a twentieth of the crop; points as of `FACE_DETECTOR_NEAR`."""
