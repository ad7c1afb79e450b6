"""All files of networks that the embedded estimators use, and those that only settings ask for."""

from __future__ import annotations

from pipeline.estimators.identity.packaged import FACE_NETWORK
from pipeline.estimators.mediapipe.face import MESH_NETWORK
from pipeline.estimators.mediapipe.hand_net import HAND_NETWORK
from pipeline.estimators.mediapipe.people import NETWORKS
from pipeline.estimators.speech.packaged import SPEECH_NETWORK
from pipeline.estimators.transnet.packaged import TRANSITION_NETWORK

PACKAGED = (*NETWORKS, MESH_NETWORK, HAND_NETWORK, FACE_NETWORK, SPEECH_NETWORK)
OPTIONAL = (TRANSITION_NETWORK,)
