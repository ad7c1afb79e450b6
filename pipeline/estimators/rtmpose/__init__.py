"""RTMPose (arXiv 2303.07399), DWPose and RTMW: whole-body points, by mmpose."""
