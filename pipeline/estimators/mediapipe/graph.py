"""The room of mediapipe 0.10.21: runs graphs over the networks in its wheel, one square crop at a time.

Every graph here is stateless and gets a crop that we cut ourselves: regions are ours, and the same crop gives
the same bytes whatever was asked before. Graph texts are protobuf text of `mediapipe.CalculatorGraphConfig`;
the calculators and their options are those of the package's own graphs in `mediapipe/modules`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from schemas.tracks import EstimatorCard

Picture = NDArray[np.uint8]
Reader = Callable[[Any], Any]

SOFTWARE_VERSION = "0.10.21"
LICENCE = "Apache-2.0"
SCORE_STEPS = 4096
"""Of the grid on which scores are read: the last bit of a network's sigmoid depends on the processor."""


class Graph:
    """A running graph: a crop in, a value for each observed stream out (None where the stream was silent).

    The text must declare the input stream `picture`. `switches` are side packets. The first run, on a black
    crop of `side` x `side`, happens at birth, so that a broken graph or a missing network shows at once.

    Raises:
        EstimatorUnavailable: mediapipe is missing, of another version, or without its networks.
    """

    def __init__(
        self, text: str, readers: Mapping[str, Reader], side: int, switches: Mapping[str, bool] | None = None
    ) -> None:
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
                    self._graph.observe_output_stream(name, self._answers.__setitem__)
                self._graph.start_run({k: packet_creator.create_bool(v) for k, v in (switches or {}).items()})
                self(np.zeros((side, side, 3), np.uint8))
            except RuntimeError as error:
                raise EstimatorUnavailable(f"mediapipe cannot run its graph: {error}") from error

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
        EstimatorUnavailable: it is missing, or of another version: later wheels carry no networks.
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

    The native libraries write start-up notices straight to file descriptor 2 and offer no switch. Errors
    still come as exceptions.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def read_score(packet: Any) -> float:
    """The score in a packet, 0 to 1, on the grid of `SCORE_STEPS`."""
    from mediapipe.python import packet_getter

    return round(float(packet_getter.get_float(packet)) * SCORE_STEPS) / SCORE_STEPS


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
    """Nodes from `picture` to the vector `tensors`; black is `low`, white 1; `model` is below `modules`.

    One XNNPACK thread: results do not depend on the machine's cores, and workers do not fight for them.
    """
    return f"""
    input_stream: "picture"
    node {{ calculator: "ImageToTensorCalculator" input_stream: "IMAGE:picture" output_stream: "TENSORS:input"
      options {{ [mediapipe.ImageToTensorCalculatorOptions.ext] {{
        output_tensor_width: {side} output_tensor_height: {side} keep_aspect_ratio: true
        output_tensor_float_range {{ min: {low} max: 1 }} }} }} }}
    node {{ calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:operations" }}
    node {{ calculator: "InferenceCalculatorCpu"
      input_stream: "TENSORS:input" output_stream: "TENSORS:tensors"
      input_side_packet: "OP_RESOLVER:operations"
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
