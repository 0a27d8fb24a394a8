"""Robustness of random formulas by rtamt 0.4.10 (offline, discrete time), as vectors.

Run: pip install rtamt==0.4.10; python make_stl_random.py > stl_random.json
Left out: formulas rtamt fails on, values that are NaN there (infinity minus infinity), and traces shorter than the
bounds of a formula, to which rtamt appends samples in place.
"""

import json
import logging
import random

import rtamt

logging.disable(logging.CRITICAL)
random.seed(11)
LEAVES = ["a", "b", "(a >= 0.5)", "(b <= a)", "(a + b > 1)", "(a - 2 * b < 1)", "(abs(a) >= b)", "(-0.5 <= a)"]
WINDOWS = ["always", "eventually", "once", "historically"]
PREFIX = ["not", "prev", "next", "s_prev", "s_next"]
BINARY = ["and", "or", "->", "<->", "xor"]
UNTIL = ["until", "since", "unless"]


def formula(depth):
    if depth == 0:
        return random.choice(LEAVES)
    low = random.randint(0, 3)
    bounds = random.choice(["", f"[{low}:{low + random.randint(0, 4)}]"])
    op = random.choice(WINDOWS * 2 + PREFIX + BINARY + UNTIL * 2 + ["rise", "fall"])
    if op in WINDOWS:
        return f"({op}{bounds} {formula(depth - 1)})"
    if op in PREFIX:
        return f"({op} {formula(depth - 1)})"
    if op in ("rise", "fall"):
        return f"{op}({formula(depth - 1)})"
    if op == "unless" and not bounds:
        bounds = "[0:2]"
    bounds = bounds if op in UNTIL else ""
    return f"({formula(depth - 1)} {op}{bounds} {formula(depth - 1)})"


def robustness(text, signals):
    spec = rtamt.StlDiscreteTimeSpecification()
    for name in [*signals, "out"]:
        spec.declare_var(name, "float")
    spec.spec = "out = " + text
    spec.parse()
    n = len(signals["a"])
    copies = {name: list(x) for name, x in signals.items()}
    return [x for _, x in spec.evaluate({"time": list(range(n)), **copies})]


def word(x):
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(x, x)


cases = []
while len(cases) < 90:
    text = formula(random.choice([1, 2, 2, 3]))
    signals = {name: [round(random.uniform(-3, 3), 3) for _ in range(random.choice([16]))] for name in "ab"}
    try:
        found = robustness(text, signals)
    except Exception:
        continue
    infinite = any(abs(x) == float("inf") for x in found)
    if len(found) != 16 or any(x != x for x in found) or (infinite and ("xor" in text or "<->" in text)):
        continue
    if any(op in text for op in ("xor", "<->")) and any(op in text for op in PREFIX + UNTIL + WINDOWS + ["rise", "fall"]):
        # An infinite operand inside would be NaN there and vanish in a minimum.
        continue
    cases.append({"in": {"spec": text, "signals": signals}, "out": {"robustness": [word(x) for x in found]}})

print(json.dumps({
    "made_by": "rtamt 0.4.10 StlDiscreteTimeSpecification.evaluate (offline, discrete time, period 1), make_stl_random.py",
    "notes": "random formulas and traces; all operators, bounded and not",
    "cases": cases,
}, indent=None, separators=(",", ":")).replace('{"in"', '\n{"in"'))
