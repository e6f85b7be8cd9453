"""sRGB to OKLab and back (B. Ottosson, 2020: distances in it are near to what an eye sees), for arrays of colours."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS = np.linalg.inv(_TO_LMS)
_FROM_LAB = np.linalg.inv(_TO_LAB)


def to_linear(rgb: NDArray[np.generic]) -> Floats:
    """Linear light, 0–1, of sRGB values 0–255 (IEC 61966-2-1)."""
    share = rgb.astype(np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def to_oklab(rgb: NDArray[np.generic]) -> Floats:
    """OKLab of sRGB values 0–255; the last axis holds the three channels in both."""
    return np.asarray(np.cbrt(to_linear(rgb) @ _TO_LMS.T) @ _TO_LAB.T)


def to_srgb(lab: Floats) -> NDArray[np.uint8]:
    """sRGB values 0–255 of OKLab, clipped to what a screen shows."""
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, 0, 1)
    share = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(share * 255), dtype=np.uint8)
