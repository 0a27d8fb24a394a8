"""Robustness of `always[0:window-1](x >= 1)` over a trace by rtamt or mstlo, without parsing the formula.

Arguments: package, file of little-endian doubles, window, runs. The trace has one sample per second. Prints seconds per
run and every 97th robustness of the samples whose window is whole, as JSON.
"""
import json
import logging
import sys
import time
from array import array

package, path, window, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with open(path, "rb") as file:
    trace = array("d", file.read()).tolist()
whole = len(trace) - window + 1
if package == "rtamt":
    logging.disable(logging.CRITICAL)
    import rtamt

    times = list(range(len(trace)))

    def prepared():
        spec = rtamt.StlDiscreteTimeSpecification()
        spec.declare_var("x", "float")
        spec.declare_var("out", "float")
        spec.spec = f"out = always[0:{window - 1}] (x >= 1)"
        spec.parse()
        return lambda: spec.evaluate({"time": times, "x": trace})

    def robustness(found):
        return [value for _, value in found]
else:
    import mstlo_python as mstlo

    samples = {"x": [(value, float(t)) for t, value in enumerate(trace)]}

    def prepared():
        formula = mstlo.parse_formula(f"G[0, {window - 1}](x >= 1)")
        monitor = mstlo.Monitor(formula, semantics="DelayedQuantitative")
        return lambda: monitor.update_batch(samples)

    def robustness(found):
        return [value for _, value in found.verdicts()]


seconds = []
for _ in range(runs):
    once = prepared()
    start = time.perf_counter()
    found = once()
    seconds.append(time.perf_counter() - start)
values = robustness(found)[:whole]
assert len(values) == whole, len(values)
print(json.dumps({"seconds": seconds, "places": [], "values": values[::97]}))
