"""Writes one value of several DDS types as XCDR1 and XCDR2 in both byte orders.

    pip install cyclonedds==11.0.1 pycdr2==1.0.0
    python make_xcdr2.py > xcdr2.json
"""

import json
import sys
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum

import cyclonedds.idl as cyclone
import cyclonedds.idl.annotations as cyclone_annotations
import cyclonedds.idl.types as cyclone_types
import pycdr2
import pycdr2.annotations
import pycdr2.types

IDL = """module m {
  enum Color { RED, GREEN, BLUE };
  @%(inner)s struct Inner { octet tag; long long id; string name; };
  @%(inner)s struct Small { octet a; double b; };
  @%(outer)s struct Outer {
    boolean flag;
    double value;
    Inner inner;
    sequence<Inner> list;
    Small pair[2];
    sequence<double> numbers;
    sequence<string> words;
    float grid[3];
    unsigned long long big;
    sequence<octet> bytes;
    Color color;
    short last;
  };
};
"""


def types(package, annotations, t, inner, outer):
    class Color(package.IdlEnum, typename="m.Color", default="RED"):
        RED = 0
        GREEN = 1
        BLUE = 2

    @dataclass
    @getattr(annotations, inner)
    class Inner(package.IdlStruct, typename="m.Inner"):
        tag: t.uint8
        id: t.int64
        name: str

    @dataclass
    @getattr(annotations, inner)
    class Small(package.IdlStruct, typename="m.Small"):
        a: t.uint8
        b: t.float64

    @dataclass
    @getattr(annotations, outer)
    class Outer(package.IdlStruct, typename="m.Outer"):
        flag: bool
        value: t.float64
        inner: Inner
        list: t.sequence[Inner]
        pair: t.array[Small, 2]
        numbers: t.sequence[t.float64]
        words: t.sequence[str]
        grid: t.array[t.float32, 3]
        big: t.uint64
        bytes: t.sequence[t.uint8]
        color: Color
        last: t.int16

    return Outer(
        flag=True,
        value=-2.5,
        inner=Inner(7, -(2**40), "abc"),
        list=[Inner(1, 2, ""), Inner(3, 2**62, "wörld")],
        pair=[Small(4, 0.125), Small(5, 1e300)],
        numbers=[1.0, -0.5, 3.0],
        words=["a", "", "long text"],
        grid=[0.5, 1.5, -2.0],
        big=2**64 - 1,
        bytes=[1, 2, 255],
        color=Color.BLUE,
        last=-3,
    )


def plain(value):
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    return [plain(v) for v in value] if isinstance(value, list) else value


values, idl, cases = None, {}, {}
for program, package, annotations, t in [
    ("cyclonedds 11.0.1", cyclone, cyclone_annotations, cyclone_types),
    ("pycdr2 1.0.0", pycdr2, pycdr2.annotations, pycdr2.types),
]:
    order = package._support.Endianness
    for inner in ("final", "appendable"):
        for outer in ("final", "appendable"):
            value = types(package, annotations, t, inner, outer)
            values = plain(value)
            name = f"{inner} in {outer}"
            idl[name] = IDL % {"inner": inner, "outer": outer}
            for endianness in (order.Little, order.Big):
                for xcdr2 in (False, True):
                    if package is pycdr2 and not xcdr2 and "appendable" in name:
                        continue  # pycdr2 writes appendable types as XCDR2 only.
                    data = value.serialize(endianness=endianness, use_version_2=xcdr2)
                    cases.setdefault((name, xcdr2, data.hex()), []).append(program)
document = {
    "tolerance": "none",
    "made_by": "make_xcdr2.py",
    "values": values,
    "idl": idl,
    "cases": [
        {"programs": programs, "types": name, "xcdr2": xcdr2, "hex": data}
        for (name, xcdr2, data), programs in cases.items()
    ],
}
json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
print()
