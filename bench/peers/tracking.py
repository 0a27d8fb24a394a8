"""HOTA, CLEAR and identity scores of one MOTChallenge sequence by TrackEval or motrics, without reading the files.

Arguments: package, labels, tracks, runs. Similarities are part of the time on all sides. Prints seconds per run and
HOTA, DetA, AssA, IDF1 and, by TrackEval, MOTA as JSON: that of motrics differs from TrackEval's.
"""
import contextlib
import io
import json
import sys
import time

import numpy as np

package, labels, tracks, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def frames(path, count=None):
    rows = np.loadtxt(path, delimiter=",", usecols=range(6))
    count = count or int(rows[:, 0].max())
    parts = [rows[rows[:, 0] == t + 1] for t in range(count)]
    return [p[:, 1].astype(int) for p in parts], [np.ascontiguousarray(p[:, 2:6]) for p in parts]


(gt_ids, gt_boxes), (tr_ids, tr_boxes) = frames(labels), frames(tracks)
gt_count, tr_count = (int(max(map(max, ids))) + 1 for ids in (gt_ids, tr_ids))

if package == "trackeval":
    # Names that newer versions of numpy have dropped.
    for name, kind in (("float", float), ("int", int), ("bool", bool)):
        if not hasattr(np, name):
            setattr(np, name, kind)
    from trackeval.datasets._base_dataset import _BaseDataset
    from trackeval.metrics import CLEAR, HOTA, Identity

    with contextlib.redirect_stdout(io.StringIO()):
        metrics = [HOTA(), CLEAR({"THRESHOLD": 0.5, "PRINT_CONFIG": False}), Identity({"THRESHOLD": 0.5, "PRINT_CONFIG": False})]

    def once():
        similarity = [_BaseDataset._calculate_box_ious(a, b, box_format="xywh") for a, b in zip(gt_boxes, tr_boxes)]
        data = {
            "num_timesteps": len(gt_ids),
            "gt_ids": gt_ids,
            "tracker_ids": tr_ids,
            "similarity_scores": similarity,
            "num_gt_ids": gt_count,
            "num_tracker_ids": tr_count,
            "num_gt_dets": sum(map(len, gt_ids)),
            "num_tracker_dets": sum(map(len, tr_ids)),
        }
        hota, clear, identity = (m.eval_sequence(data) for m in metrics)
        mean = lambda key: float(np.mean(hota[key]))
        return [mean("HOTA"), mean("DetA"), mean("AssA"), float(identity["IDF1"]), float(clear["MOTA"])]
else:
    import motrics

    corners = lambda boxes: [np.ascontiguousarray(np.hstack([b[:, :2], b[:, :2] + b[:, 2:]])) for b in boxes]
    truth = motrics.Frames([list(map(int, i)) for i in gt_ids], corners(gt_boxes))
    found = motrics.Frames([list(map(int, i)) for i in tr_ids], corners(tr_boxes))

    def once():
        result = motrics.evaluate(truth, found)
        return [result.hota.hota, result.hota.deta, result.hota.assa, result.identity.idf1]


values = once()
seconds = []
for _ in range(runs):
    start = time.perf_counter()
    values = once()
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "places": [], "values": values}))
