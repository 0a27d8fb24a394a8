"""Makes detection_peers.json: seeded small data sets and what other programs score them.

Programs: pycocotools 2.0.11 (boxes, masks, keypoints, run lengths), lvis 0.5.3 (needs `np.float`, which newer numpy
dropped), object-detection-metrics 0.4.post1 (Pascal VOC), av2 0.3.6 (numba, torch and polars' process pool are not
needed for its detection scores), hotcoco 1.3.0 (panoptic quality; panopticapi is not on a package index).
Run: python make_detection.py > detection_peers.json
"""

import contextlib
import copy
import io
import json
import logging
import random
import sys
from unittest import mock

import numpy as np

for name in ["numba", "torch", "torch.utils", "torch.utils.data", "kornia", "kornia.geometry", "av2.map", "av2.map.map_api",
             "av2.rendering", "av2.rendering.color", "av2.rendering.video", "av2.rendering.vector"]:
    sys.modules[name] = mock.MagicMock()
np.float = float
logging.disable(logging.CRITICAL)

import hotcoco.panoptic  # noqa: E402
from av2.evaluation.detection import utils as av2_utils  # noqa: E402
from av2.evaluation.detection import eval as av2_eval  # noqa: E402
import pandas as pd  # noqa: E402
import podm.metrics  # noqa: E402
import pycocotools.mask as mask_utils  # noqa: E402
from lvis import LVIS, LVISEval, LVISResults  # noqa: E402
from pycocotools.coco import COCO  # noqa: E402
from pycocotools.cocoeval import COCOeval  # noqa: E402

# scipy asks whether arrays are of torch; the stand-in cannot tell.
del sys.modules["torch"]

NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]
JOINT_NAMES = ["AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl"]


def undefined(x):
    """Peers print -1 for what is not defined."""
    return None if x == -1 else float(x)


def polygon(rng, width, height):
    n = rng.randint(3, 7)
    cx, cy = rng.uniform(0, width), rng.uniform(0, height)
    r = rng.choice([6, 14, 30])
    points = []
    for i in range(n):
        a = 2 * np.pi * i / n
        s = rng.uniform(0.5, 1.3) * r
        points += [round(cx + s * np.cos(a), 1), round(cy + s * np.sin(a), 1)]
    return points


def shaken(rng, points, by):
    return [round(x + rng.gauss(0, by), 1) for x in points]


def instances(rng, kind, images=9, crowds=0.1, categories=3):
    """Ground truth and results of one kind."""
    width, height = 96, 80
    gt = {"images": [{"id": i, "width": width, "height": height} for i in range(images)],
          "categories": [{"id": c + 1, "name": f"c{c + 1}"} for c in range(categories)], "annotations": []}
    dt = []
    for image in gt["images"]:
        for _ in range(rng.randint(0, 5)):
            polygons = [polygon(rng, width, height) for _ in range(rng.choice([1, 1, 2]))]
            rle = mask_utils.merge(mask_utils.frPyObjects(polygons, height, width))
            area = float(mask_utils.area(rle))
            if area == 0:
                continue
            crowd = int(rng.random() < crowds)
            box = [float(x) for x in mask_utils.toBbox(rle)]
            row = {"id": len(gt["annotations"]) + 1, "image_id": image["id"], "bbox": box, "area": area,
                   "category_id": rng.randint(1, categories), "iscrowd": crowd, "segmentation": polygons}
            if crowd:
                dense = mask_utils.decode(rle)
                runs, last, run = [], 0, 0
                for pixel in dense.flatten(order="F"):
                    if pixel != last:
                        runs.append(run)
                        last, run = pixel, 0
                    run += 1
                runs.append(run)
                row["segmentation"] = {"size": [height, width], "counts": [int(x) for x in runs]}
            gt["annotations"].append(row)
            for _ in range(rng.randint(0, 3)):
                by = rng.choice([0.3, 1, 3])
                moved = [shaken(rng, p, by) for p in polygons]
                rle = mask_utils.merge(mask_utils.frPyObjects(moved, height, width))
                found = {"image_id": image["id"], "score": round(rng.random(), 2),
                         "category_id": row["category_id"] if rng.random() < 0.85 else rng.randint(1, categories)}
                if kind == "segm":
                    found["segmentation"] = {"size": [height, width], "counts": rle["counts"].decode()}
                else:
                    found["bbox"] = [float(x) for x in mask_utils.toBbox(rle)]
                if mask_utils.area(rle) > 0:
                    dt.append(found)
    if kind == "bbox":
        for row in gt["annotations"]:
            del row["segmentation"]
    return gt, dt


def skeletons(rng, images=6, people=4):
    gt = {"images": [{"id": i + 1} for i in range(images)], "categories": [{"id": 1, "name": "person"}],
          "annotations": []}
    dt = []
    for image in gt["images"]:
        for _ in range(rng.randint(0, people)):
            size = rng.choice([25, 60, 140])
            x, y = rng.uniform(0, 300), rng.uniform(0, 300)
            joints = [[round(x + rng.random() * size, 1), round(y + rng.random() * size, 1), rng.choice([0, 1, 2, 2])]
                      for _ in range(17)]
            if rng.random() < 0.15:
                joints = [[0, 0, 0]] * 17
            flat = [v if joint[2] else 0 for joint in joints for v in joint]
            gt["annotations"].append(
                {"id": len(gt["annotations"]) + 1, "image_id": image["id"], "category_id": 1, "iscrowd": 0,
                 "bbox": [round(x, 1), round(y, 1), size, size], "area": round(size * size * 0.6, 1),
                 "keypoints": flat, "num_keypoints": sum(joint[2] > 0 for joint in joints)})
            for _ in range(rng.randint(0, 2)):
                by = rng.choice([0.02, 0.06, 0.2]) * size
                dt.append({"image_id": image["id"], "category_id": 1, "score": round(rng.random(), 3),
                           "keypoints": [v for j in joints for v in
                                         (round(j[0] + rng.gauss(0, by), 1), round(j[1] + rng.gauss(0, by), 1), 1)]})
    return gt, dt


def coco(kind, gt, dt):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = copy.deepcopy(gt)
        truth.createIndex()
        ev = COCOeval(truth, truth.loadRes(copy.deepcopy(dt)), kind)
        ev.evaluate()
        ev.accumulate()
        ev.summarize()
    names = JOINT_NAMES if kind == "keypoints" else NAMES
    return {"summary": {name: undefined(x) for name, x in zip(names, ev.stats)}}


def federated(rng, kind):
    gt, dt = instances(rng, kind, images=8, crowds=0, categories=5)
    for category, letter in zip(gt["categories"], "rcfcr"):
        category["frequency"] = letter
    for image in gt["images"]:
        held = {a["category_id"] for a in gt["annotations"] if a["image_id"] == image["id"]}
        others = [c for c in range(1, 6) if c not in held]
        image["neg_category_ids"] = sorted(rng.sample(others, len(others) // 2))
        image["not_exhaustive_category_ids"] = sorted(rng.sample(range(1, 6), 1))
    extra = []
    for row in dt:
        if rng.random() < 0.3:
            extra.append({**row, "category_id": rng.randint(1, 5), "score": round(rng.random(), 2)})
    return gt, dt + extra


def lvis(kind, gt, dt):
    with mock.patch.object(LVIS, "_load_json", lambda self, path: copy.deepcopy(gt)):
        truth = LVIS("given")
        for annotation in truth.dataset["annotations"]:
            if kind == "bbox":
                annotation["segmentation"] = []
        ev = LVISEval(truth, LVISResults(truth, copy.deepcopy(dt)), kind)
        ev.run()
    names = {"AP": "AP", "AP50": "AP50", "AP75": "AP75", "APs": "APs", "APm": "APm", "APl": "APl", "APr": "APr",
             "APc": "APc", "APf": "APf", "AR300": "AR@300", "ARs300": "ARs@300", "ARm300": "ARm@300",
             "ARl300": "ARl@300"}
    return {"summary": {ours: undefined(ev.results[theirs]) for ours, theirs in names.items()}}


def voc(rng):
    gt, dt = instances(rng, "bbox", images=8, crowds=0)
    corners = lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]
    scores = iter(rng.sample(range(1000), len(dt)))
    case = {"iou": 0.5, "corners_are_pixels": False,
            "ground_truth": [{"image": str(a["image_id"]), "category": f"c{a['category_id']}",
                              "corners": corners(a["bbox"])} for a in gt["annotations"]],
            "results": [{"image": str(d["image_id"]), "category": f"c{d['category_id']}",
                         "corners": corners(d["bbox"]), "score": next(scores) / 1000} for d in dt]}
    of = lambda r: podm.metrics.BoundingBox.of_bbox(r["image"], r["category"], *r["corners"], r.get("score"))
    gold, found = [of(r) for r in case["ground_truth"]], [of(r) for r in case["results"]]
    out = {}
    method = podm.metrics.MethodAveragePrecision
    for name, how in [("AP_11point", method.ElevenPointsInterpolation), ("AP_all_points", method.AllPointsInterpolation)]:
        result = podm.metrics.get_pascal_voc_metrics(gold, found, 0.5, how)
        for category, metric in result.items():
            out.setdefault(category, {})[name] = float(metric.ap)
    labeled = {r["category"] for r in case["ground_truth"]}
    mean = {name: float(np.mean([out[c][name] for c in sorted(labeled)])) for name in ["AP_11point", "AP_all_points"]}
    return {"fn": "voc", "in": case, "out": {"summary": mean, "per_class": {c: out[c] for c in sorted(labeled)}}}


def av2(rng):
    columns = ["tx_m", "ty_m", "tz_m", "length_m", "width_m", "height_m", "qw", "qx", "qy", "qz"]
    rows = {"ground_truth": [], "results": []}
    scores = iter(rng.sample(range(1000), 400))
    for log in ["a", "b"]:
        for stamp in [0, 100, 200]:
            for category in ["BUS", "PEDESTRIAN"]:
                for _ in range(rng.randint(0, 5)):
                    yaw = rng.uniform(-3.1, 3.1)
                    values = [rng.uniform(-9, 9), rng.choice([0, 0, 0, 160]) + rng.uniform(-9, 9), rng.uniform(-1, 2), rng.uniform(3, 9),
                              rng.uniform(1, 3), rng.uniform(1, 3), np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
                    base = {"log_id": log, "timestamp_ns": stamp, "category": category}
                    rows["ground_truth"].append({**base, **dict(zip(columns, values)),
                                                 "num_interior_pts": rng.choice([0, 1, 20, 50])})
                    for _ in range(rng.randint(0, 3)):
                        by = rng.choice([0.2, 1.0, 3.0])
                        turn = yaw + rng.gauss(0, 0.4)
                        moved = [v + rng.gauss(0, by) for v in values[:3]]
                        moved += [abs(v * rng.gauss(1, 0.1)) for v in values[3:6]]
                        moved += [np.cos(turn / 2), 0.0, 0.0, np.sin(turn / 2)]
                        rows["results"].append({**base, **dict(zip(columns, moved)), "score": next(scores) / 1000})
    config = av2_utils.DetectionCfg(categories=("BUS", "PEDESTRIAN", "SIGN"), eval_only_roi_instances=False)
    keys = ["log_id", "timestamp_ns", "category"]
    frames = {k: pd.DataFrame(v).sort_values(keys) for k, v in rows.items()}
    parts = {"ground_truth": [], "results": []}
    groups = {k: dict(list(f.groupby(keys))) for k, f in frames.items()}
    for key in sorted(set(groups["ground_truth"]) | set(groups["results"])):
        tables = []
        for kind, last in [("results", "score"), ("ground_truth", "num_interior_pts")]:
            frame = groups[kind].get(key)
            tables.append(np.zeros((0, 11)) if frame is None else frame[columns + [last]].to_numpy().astype(float))
        found, truth = av2_utils.accumulate(tables[0], tables[1], config)
        parts["results"].append(found)
        parts["ground_truth"].append(truth)
    names = list(config.affinity_thresholds_m) + list(av2_eval.TP_ERROR_COLUMNS) + ["is_evaluated"]
    for kind in parts:
        values = pd.DataFrame(np.concatenate(parts[kind]), columns=names, index=frames[kind].index)
        frames[kind] = pd.concat([frames[kind], values], axis=1)
        frames[kind]["is_evaluated"] = frames[kind]["is_evaluated"].astype(bool)
    summary = av2_eval.summarize_metrics(frames["results"], frames["ground_truth"], config)
    of = lambda line: {name: float(line[name]) for name in ["AP", "ATE", "ASE", "AOE", "CDS"]}
    return {"fn": "av2", "in": {**rows, "categories": ["BUS", "PEDESTRIAN", "SIGN"]},
            "out": {"summary": of(summary.mean()),
                    "per_class": {c: of(summary.loc[c]) for c in ["BUS", "PEDESTRIAN", "SIGN"]}}}


def panoptic(rng):
    """Segments as masks for the peer, as maps for us."""
    height, width = 18, 24
    things, categories = [1, 2], [1, 2, 3, 4]
    images, gt_rows, dt_rows = [], [], []
    for image in range(5):
        grown = []
        for shake in [0, 1]:
            label = np.zeros((height, width), int)
            segments = []
            state = random.Random(100 + image)
            for i in range(7):
                y, x = state.randint(-2, height - 3), state.randint(-2, width - 3)
                h, w = state.randint(4, 10), state.randint(4, 12)
                category = state.choice(categories)
                if shake:
                    y, x = y + rng.randint(-1, 1), x + rng.randint(-1, 1)
                    if rng.random() < 0.2:
                        category = rng.choice(categories)
                label[max(y, 0):y + h, max(x, 0):x + w] = i + 1
                crowd = int(state.random() < 0.15 and category in things)
                segments.append({"id": i + 1, "category_id": category, "iscrowd": 0 if shake else crowd})
            seen = set(label.flatten().tolist())
            grown.append((label, [s for s in segments if s["id"] in seen]))
        (label, ls), (predicted, ps) = grown
        images.append({"label": label.tolist(), "label_segments": ls, "predicted": predicted.tolist(),
                       "predicted_segments": [{k: s[k] for k in ["id", "category_id"]} for s in ps]})
        for map_, segments, rows in [(label, ls, gt_rows), (predicted, ps, dt_rows)]:
            for s in segments:
                dense = np.asfortranarray((map_ == s["id"]).astype(np.uint8))
                rle = mask_utils.encode(dense)
                rows.append({"id": len(rows) + 1, "image_id": image, "category_id": s["category_id"], "score": 1.0,
                             "iscrowd": s["iscrowd"], "area": float(dense.sum()),
                             "bbox": [float(x) for x in mask_utils.toBbox(rle)],
                             "segmentation": {"size": [height, width], "counts": rle["counts"].decode()}})
    base = {"images": [{"id": i, "height": height, "width": width, "file_name": f"{i}.png"} for i in range(5)],
            "categories": [{"id": c, "name": f"c{c}", "isthing": int(c in things)} for c in categories]}
    ev = hotcoco.panoptic.PanopticEval({**base, "annotations": gt_rows}, {**base, "annotations": dt_rows})
    ev.evaluate()
    found = ev.results()
    names = [("PQ", "pq"), ("SQ", "sq"), ("RQ", "rq")]
    summary = {ours: found["All"][theirs] for ours, theirs in names}
    summary["PQ_things"] = found["Things"]["pq"]
    summary["PQ_stuff"] = found["Stuff"]["pq"]
    per_class = {str(c): {ours: of[theirs] for ours, theirs in names} for c, of in found["per_class"].items()}
    return {"fn": "panoptic", "in": {"things": things, "images": images},
            "out": {"summary": summary, "per_class": per_class}}


def masks(rng):
    """Polygons drawn by pycocotools, some outside the image and some that cross themselves."""
    height, width = rng.randint(9, 40), rng.randint(9, 40)
    drawn = []
    for _ in range(2):
        polygons = [shaken(rng, polygon(rng, width, height), rng.choice([0, 4])) for _ in range(rng.choice([1, 2]))]
        drawn.append((polygons, mask_utils.merge(mask_utils.frPyObjects(polygons, height, width))))
    (a, ra), (b, rb) = drawn
    if mask_utils.area(ra) + mask_utils.area(rb) == 0 or mask_utils.area(ra) == 0:
        return masks(rng)
    out = {"iou": float(mask_utils.iou([ra], [rb], [0])[0][0]), "a_covered": float(mask_utils.iou([ra], [rb], [1])[0][0]),
           "area_a": int(mask_utils.area(ra)), "area_b": int(mask_utils.area(rb)),
           "bounds_a": [float(x) for x in mask_utils.toBbox(ra)], "bounds_b": [float(x) for x in mask_utils.toBbox(rb)],
           "counts_a": ra["counts"].decode(), "counts_b": rb["counts"].decode()}
    return {"fn": "mask_iou", "in": {"size": [height, width], "a": a, "b": b}, "out": out}


def main():
    cases = []
    for seed in [1, 2]:
        for kind in ["bbox", "segm"]:
            gt, dt = instances(random.Random(seed), kind)
            cases.append({"fn": "coco", "in": {"kind": kind, "ground_truth": gt, "results": dt}, "out": coco(kind, gt, dt)})
        gt, dt = skeletons(random.Random(seed))
        given = {"kind": "keypoints", "ground_truth": gt, "results": dt}
        cases.append({"fn": "coco", "in": given, "out": coco("keypoints", gt, dt)})
        for kind in ["bbox", "segm"]:
            gt, dt = federated(random.Random(10 + seed), kind)
            cases.append({"fn": "lvis", "in": {"kind": kind, "ground_truth": gt, "results": dt}, "out": lvis(kind, gt, dt)})
    cases += [voc(random.Random(3)), av2(random.Random(4)), panoptic(random.Random(5))]
    rng = random.Random(6)
    cases += [masks(rng) for _ in range(30)]
    lib = {"pycocotools": "2.0.11", "lvis": "0.5.3", "object-detection-metrics": "0.4.post1", "av2": "0.3.6",
           "hotcoco": "1.3.0", "numpy": np.__version__}
    print(json.dumps({"made_by": "make_detection.py", "lib": lib, "cases": cases}, separators=(",", ":")))


main()
