"""The single-shot detectors in the wheel of mediapipe, with the settings of the package's own graphs."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.estimators.mediapipe.graph import Graph, inference_text, read_detections


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
        """A graph whose stream `detections` has the boxes of at least this score, one an object."""
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
"""Bodies. The box says little; points: mid hips, a point on the circle around the whole body (its direction
from the hips is the body's up), mid shoulders, a point on the circle around the upper body."""

PALM_DETECTOR = SsdDetector(
    model="palm_detection/palm_detection_full.tflite",
    side=192,
    low=0,
    strides=(8, 16, 16, 16),
    num_boxes=2016,
    num_points=7,
)
"""Palms; points: wrist, roots of index, middle, ring and little finger, base and root of the thumb."""

FACE_DETECTOR_NEAR = SsdDetector(
    model="face_detection/face_detection_short_range.tflite",
    side=128,
    low=-1,
    strides=(8, 16, 16, 16),
    num_boxes=896,
    num_points=6,
)
"""Faces from a fifth of the crop on; points: right eye, left eye, nose tip, mouth, right ear, left ear."""

FACE_DETECTOR_FAR = SsdDetector(
    model="face_detection/face_detection_full_range_sparse.tflite",
    side=192,
    low=-1,
    strides=(4,),
    num_boxes=2304,
    num_points=6,
    interpolated_ratio=0.0,
)
"""Faces from a twentieth of the crop on; points as of `FACE_DETECTOR_NEAR`."""
