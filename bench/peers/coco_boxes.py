"""COCO's scores of boxes by a package with the interface of pycocotools, without reading the files.

Arguments: package, labels, detections, runs. Prints seconds per run and the twelve values as JSON.
"""
import contextlib
import importlib
import io
import json
import sys
import time

package, labels, found, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
if package == "hotcoco":
    from hotcoco import COCO, COCOeval
else:
    COCO = importlib.import_module(package + ".coco").COCO
    COCOeval = importlib.import_module(package + ".cocoeval").COCOeval
seconds = []
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(labels)
    detections = truth.loadRes(found)
    # pycocotools takes seconds per run; the others are warmed up by one that does not count.
    for run in range(runs + (package != "pycocotools")):
        start = time.perf_counter()
        evaluation = COCOeval(truth, detections, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds[-runs:], "places": [], "values": [float(v) for v in evaluation.stats]}))
