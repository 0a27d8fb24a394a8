"""Times to contact of a moving box and ten others, stepped as nuPlan does, by shapely: in a loop or on whole arrays.

Arguments: `loop` or `arrays`, file of little-endian doubles, runs. The file has scenes of eleven boxes, the ego first: x,
y, heading, length, width, speed. Prints seconds per run and the least time of each scene, -1 for none, as JSON.
"""
import json
import math
import sys
import time

import numpy as np
import shapely
from shapely.geometry import Polygon

way, path, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
scenes = np.fromfile(path, "<f8").reshape(-1, 11, 6)
steps = np.arange(0.1, 3.0, 0.1)


def polygon(x, y, heading, length, width, speed, t):
    c, s = math.cos(heading), math.sin(heading)
    x, y = x + speed * t * c, y + speed * t * s
    a, b = length / 2, width / 2
    return Polygon([(x + c * i - s * j, y + s * i + c * j) for i, j in ((a, b), (a, -b), (-a, -b), (-a, b))])


def loop(rows):
    times = []
    for scene in rows:
        least = -1.0
        for t in steps:
            ego = polygon(*scene[0], t)
            if any(ego.intersects(polygon(*other, t)) for other in scene[1:]):
                least = t
                break
        times.append(float(least))
    return times


def arrays(scenes):
    x, y, heading, length, width, speed = (scenes[..., i, None] for i in range(6))
    c, s = np.cos(heading), np.sin(heading)
    x, y = x + speed * c * steps, y + speed * s * steps
    i = np.stack([length, length, -length, -length], -1) / 2
    j = np.stack([width, -width, -width, width], -1) / 2
    corners = np.stack([x[..., None] + c[..., None] * i - s[..., None] * j, y[..., None] + s[..., None] * i + c[..., None] * j], -1)
    boxes = shapely.polygons(corners)
    hit = shapely.intersects(boxes[:, :1], boxes[:, 1:]).any(1)
    return np.where(hit.any(1), steps[hit.argmax(1)], -1.0).tolist()


given = scenes.tolist() if way == "loop" else scenes
once = loop if way == "loop" else arrays
seconds = []
for _ in range(runs):
    start = time.perf_counter()
    values = once(given)
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "places": [], "values": values}))
