"""All metrics by name: which way is better, in what unit, and what each is; there are no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["more", "less", ""]


@dataclass(frozen=True)
class Metric:
    """A metric."""

    better: Better
    """Empty where neither is: it says what a film is like."""
    unit: str
    text: str


PICTURES = {
    "psnr": Metric("more", "dB", "20 log10(255 / rms difference), mean over frames; equal frames have 100"),
    "ssim_gauss_rgb": Metric("more", "", "Wang et al. 2004 over RGB, Gaussian windows of 11 px"),
    "ssim_disco": Metric(
        "more", "", "grey bytes, even windows of 7 px, a sample's covariance, as DisCo has it"
    ),
    "lpips_alex": Metric("less", "", "LPIPS 0.1 through AlexNet, of frames from -1 to 1"),
    "lpips_vgg": Metric("less", "", "LPIPS 0.1 through VGG-16, of frames from -1 to 1"),
    "lpips_disco": Metric("less", "", "lpips_vgg fed with 0 to 1, as DisCo's evaluator does"),
    "effnet_distance": Metric("less", "", "five stages of EfficientNet-Lite0 at 224 px, squared difference"),
    "vmaf": Metric("more", "", "vmaf_v0.6.1 of the bundled ffmpeg, 0 to 100"),
}
SETS = {
    "fid_tf": Metric("less", "", "Inception of 2015 with TensorFlow 1's resizing, as torch-fidelity"),
    "fid_pytorch": Metric("less", "", "the same network with torch's resizing, as pytorch-fid"),
    "kid": Metric("less", "", "unbiased kernel distance of the features of fid_tf"),
    "fvd_videogpt": Metric("less", "", "I3D, windows of 16 frames, 8 apart, covariances of n - 1"),
    "fvd_videogpt_ddof0": Metric("less", "", "the same with covariances of n, as StyleGAN-V and cd-fvd"),
    "fvd_disco": Metric("less", "", "I3D with DisCo's epsilon and pool, frames squashed by Pillow"),
    "kvd_videogpt": Metric("less", "", "unbiased kernel distance of the features of fvd_videogpt"),
    "fid_vid": Metric("less", "", "3D ResNet-50 of Kinetics at 112 px"),
    "effnet_frechet": Metric(
        "less", "", "Frechet distance along 16 directions of EfficientNet-Lite0's features"
    ),
}
PEOPLE = {
    "csim_dlib": Metric(
        "more", "", "cosine of dlib's face vectors of frame and reference, frames with a face"
    ),
    "face_missing": Metric("less", "share", "frames without a face where the driving film shows one"),
    "head_pose_deg": Metric("less", "deg", "angle between the heads of frame and driving frame"),
    "joints_torso": Metric(
        "less", "torsos", "mean distance of joints that both show, over the driver's torso"
    ),
    "pck_10": Metric("more", "share", "joints nearer than 0.1 torso"),
    "pck_20": Metric("more", "share", "joints nearer than 0.2 torso"),
    "joints_missing": Metric("less", "share", "joints that the driver shows and that are not seen"),
    "limbs_deg": Metric("less", "deg", "mean angle between limbs in the picture, of any build"),
    "expression": Metric(
        "less", "% eyes", "mesh points once heads lie on each other, over the eyes' distance"
    ),
    "eyes": Metric("less", "", "difference of how far the eyes are open, height over width"),
    "mouth": Metric("less", "", "difference of how far the mouth is open, height over width"),
    "mouth_corr": Metric("more", "", "correlation of the mouth's opening with the driver's"),
    "hands_seen": Metric("more", "share", "of the driver's hands that are seen in the frame too"),
    "mouth_sound_corr": Metric(
        "more", "", "correlation of the mouth's opening with loudness, at the best shift"
    ),
    "mouth_sound_offset": Metric("", "frames", "that shift: how much later the sound comes than the mouth"),
    "lse_d": Metric("less", "", "SyncNet's distance at the best shift, faces cut out by our own estimators"),
    "lse_c": Metric("more", "", "SyncNet's confidence: median over shifts less the best"),
    "lse_offset": Metric("", "frames", "SyncNet's shift"),
}
TIME = {
    "colour_slope": Metric("", "a segment", "change of mean RGB from segment to segment, over the first's"),
    "sharpness_slope": Metric("", "a segment", "the same of the variance of the Laplacian"),
    "csim_dlib_slope": Metric("", "a segment", "change of csim_dlib from segment to segment"),
    "border_jump": Metric("less", "", "change across borders of segments over the median change inside"),
    "flicker": Metric("less", "of 255", "mean absolute second difference of a frame's mean"),
    "stillness_vbench": Metric("", "", "VBench's flickering score, 1 less mean change: a frozen film has 1"),
    "dynamic_degree": Metric("", "% height", "fastest 5 % of optical flow a frame: a frozen film has 0"),
}
METRICS = PICTURES | SETS | PEOPLE | TIME
"""In the order in which they are told."""
