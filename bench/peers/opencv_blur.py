"""Blur of a grey image by the variance of its Laplacian, as OpenCV users write it, on one thread.

Arguments: file of 8-bit pixels, width, height, runs, form. Prints seconds per run and the variance as JSON.
"""
import json
import sys
import time

import cv2
import numpy as np

path, width, height, runs, form = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
cv2.setNumThreads(1)
image = np.fromfile(path, np.uint8, width * height).reshape(height, width)
depth = {"int16": cv2.CV_16S, "float32": cv2.CV_32F, "float64": cv2.CV_64F}[form]
# The result is written to memory that is there already, which saves OpenCV an allocation per image.
laplacian = cv2.Laplacian(image, depth)


def blur():
    cv2.Laplacian(image, depth, dst=laplacian)
    return cv2.meanStdDev(laplacian)[1][0, 0] ** 2


value = blur()
seconds = []
for _ in range(runs):
    start = time.perf_counter()
    value = blur()
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "places": [0.0], "values": [float(value)]}))
