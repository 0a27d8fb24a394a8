"""Overlapping Allan deviation by allantools at averaging times of 1, 2 and 4 times powers of ten.

Arguments: file of little-endian doubles, samples per second, runs. Prints seconds per run, times and deviations as JSON.
"""
import json
import sys
import time

import allantools
import numpy as np

path, rate, runs = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
rates = np.fromfile(path, "<f8")
seconds = []
for _ in range(runs):
    start = time.perf_counter()
    taus, deviations, _, _ = allantools.oadev(rates, rate=rate, data_type="freq", taus="decade")
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "places": taus.tolist(), "values": deviations.tolist()}))
