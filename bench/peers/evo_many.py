"""Absolute pose errors of many KITTI estimates against one reference by evo, in one process.

Arguments: reference, estimates. Prints as JSON the seconds without imports, the number of each estimate, and its root
mean square error after SE(3) alignment.
"""
import json
import sys
import time

from evo.core import metrics
from evo.tools import file_interface

start = time.perf_counter()
reference = file_interface.read_kitti_poses_file(sys.argv[1])
values = []
for path in sys.argv[2:]:
    estimate = file_interface.read_kitti_poses_file(path)
    estimate.align(reference)
    ape = metrics.APE(metrics.PoseRelation.translation_part)
    ape.process_data((reference, estimate))
    values.append(ape.get_all_statistics()["rmse"])
seconds = time.perf_counter() - start
print(json.dumps({"seconds": [seconds], "places": list(range(1, len(values) + 1)), "values": values}))
