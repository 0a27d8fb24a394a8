"""Stepped time to collision of random boxes and post-encroachment times of random crossings by shapely 2.2.0.

Run: pip install shapely==2.2.0; python make_scenes.py
"""

import json
import math
import random

import shapely
from shapely.affinity import rotate, translate

random.seed(5)


def polygon(b):
    box = shapely.box(-b["l"] / 2, -b["w"] / 2, b["l"] / 2, b["w"] / 2)
    return translate(rotate(box, b["h"], origin=(0, 0), use_radians=True), b["x"], b["y"])


def later(b, t):
    return {**b, "x": b["x"] + b["v"] * t * math.cos(b["h"]), "y": b["y"] + b["v"] * t * math.sin(b["h"])}


def some_box(reach):
    number = lambda low, high: round(random.uniform(low, high), 3)
    return {"x": number(-reach, reach), "y": number(-reach, reach), "h": number(-3, 3),
            "l": number(0.5, 9), "w": number(0.4, 2.6), "v": number(0.5, 14)}


def stepped(ego, other):
    for i in range(29):
        t = 0.1 + i * 0.1
        if polygon(later(ego, t)).intersects(polygon(later(other, t))):
            return t
    return "inf"


def pairs():
    cases = []
    while len(cases) < 40:
        ego, other = some_box(14), some_box(14)
        found = stepped(ego, other)
        # Most random pairs never meet: every other case does.
        if (found == "inf") == (len(cases) % 2 == 0):
            cases.append({"in": {"ego": ego, "other": other}, "out": {"ttc_stepped_0p1_3s": found}})
    return cases


def track(start_ns):
    """Straight through the origin, more or less, at 5 Hz."""
    heading = random.uniform(-3, 3)
    speed = random.uniform(3, 8)
    aside = random.uniform(-2, 2)
    size = {"l": round(random.uniform(2, 5), 2), "w": round(random.uniform(0.8, 2), 2)}
    boxes = []
    for i in range(30):
        d = speed * (0.2 * i - 3)
        x, y = d * math.cos(heading) - aside * math.sin(heading), d * math.sin(heading) + aside * math.cos(heading)
        boxes.append({"x": round(x, 3), "y": round(y, 3), "h": round(heading, 4), **size})
    return {"t_ns": [start_ns + 200_000_000 * i for i in range(30)], "boxes": boxes}


def encroachment(first, second):
    swept = [shapely.union_all([polygon(b) for b in t["boxes"]]) for t in (first, second)]
    area = swept[0].intersection(swept[1])
    spans = []
    for t in (first, second):
        inside = [s for s, b in zip(t["t_ns"], t["boxes"]) if polygon(b).intersection(area).area > 1e-9]
        if not inside:
            return {"pet": "inf"}
        spans.append((inside[0], inside[-1]))
    ahead, behind = sorted(spans)
    return {"pet": (behind[0] - ahead[1]) / 1e9, "et": (ahead[1] - ahead[0]) / 1e9, "first_leads": spans[0] <= spans[1]}


def crossings():
    cases = []
    while len(cases) < 8:
        first, second = track(0), track(random.choice([0, 1_300_000_000, -2_500_000_000, 6_000_000_000]))
        cases.append({"in": {"first": first, "second": second}, "out": encroachment(first, second)})
    return cases


def write(name, notes, cases):
    head = {"made_by": "shapely 2.2.0, make_scenes.py", "notes": notes, "cases": cases}
    text = json.dumps(head, separators=(",", ":")).replace('{"in"', '\n{"in"')
    open(f"{name}.json", "w").write(text + "\n")


write("ttc_random", "first of 0.1, 0.2 .. 2.9 s at which the polygons intersect", pairs())
write("encroachment", "inside: overlap with the intersection of both swept unions", crossings())
