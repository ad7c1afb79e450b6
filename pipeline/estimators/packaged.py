"""All files of networks that the embedded estimators use."""

from __future__ import annotations

from pipeline.estimators.identity.packaged import FACE_NETWORK
from pipeline.estimators.mediapipe.face import MESH_NETWORK
from pipeline.estimators.mediapipe.hand_net import HAND_NETWORK
from pipeline.estimators.mediapipe.people import NETWORKS
from pipeline.estimators.speech.packaged import SPEECH_NETWORK

PACKAGED = (*NETWORKS, MESH_NETWORK, HAND_NETWORK, FACE_NETWORK, SPEECH_NETWORK)
