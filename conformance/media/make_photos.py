#!/usr/bin/env python3
"""Photographs of scikit-image as JPEG and PNG with what OpenCV makes of them, for a test that is run where this can be.

pip install numpy pillow opencv-python-headless scikit-image; python3 make_photos.py FOLDER
Writes FOLDER/<name>, <name>.full and <name>.eighth (8-bit pixels) and FOLDER/list.txt (name, width, height).
"""

import pathlib
import sys

import cv2
import numpy as np
import skimage.data
from PIL import Image


def photographs():
    yield "astronaut", skimage.data.astronaut()
    yield "coffee", skimage.data.coffee()
    yield "camera", skimage.data.camera()
    yield "hd", cv2.resize(skimage.data.astronaut(), (1280, 720), interpolation=cv2.INTER_CUBIC)
    yield "odd", np.ascontiguousarray(skimage.data.chelsea()[:203, :317])


def files(folder):
    for name, image in photographs():
        grey = image.ndim == 2
        for quality in (40, 90, 100):
            for subsampling in (0,) if grey else (0, 1, 2):
                for progressive in (False, True):
                    path = folder / f"{name}_{quality}_{subsampling}_{int(progressive)}.jpg"
                    Image.fromarray(image).save(path, quality=quality, subsampling=subsampling, progressive=progressive)
                    yield path
        bgr = image if grey else np.ascontiguousarray(image[..., ::-1])
        for factor in ("411", "420", "422", "440", "444"):
            path = folder / f"{name}_restarts_{factor}.jpg"
            sampling = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{factor}")
            options = [cv2.IMWRITE_JPEG_QUALITY, 85, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling, cv2.IMWRITE_JPEG_RST_INTERVAL, 5]
            cv2.imwrite(str(path), bgr, options)
            yield path
        path = folder / f"{name}.png"
        cv2.imwrite(str(path), bgr)
        yield path


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = []
    for path in files(folder):
        if path.suffix == ".png":
            color = cv2.imread(str(path))
            full = cv2.cvtColor(color, cv2.COLOR_BGR2GRAY)
        else:
            full = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            eighth = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_8)
            (folder / (path.name + ".eighth")).write_bytes(eighth.tobytes())
        (folder / (path.name + ".full")).write_bytes(full.tobytes())
        lines.append(f"{path.name} {full.shape[1]} {full.shape[0]}\n")
    (folder / "list.txt").write_text("".join(lines))


main()
