"""Decodes every message of the shared recordings with released programs and writes one digest per topic.

    pip install rosbags==0.11.9 mcap==1.6.0 mcap-ros2-support==0.6.0
    python make_recordings.py DATA > recordings.json

DATA is the folder of shared data. A message becomes one line: numbers in decimal, floats as the
sixteen hex digits of their double, truth values 0 or 1, text as a JSON string without escapes of
letters, times and durations as nanoseconds, bytes and lists in brackets, messages in braces with
their fields in order, everything separated by commas. The digest is the SHA-256 of the sorted
lines, each with its newline (programs differ in the order they read messages in).
"""

import hashlib
import json
import struct
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.rosbag1 import Reader as Rosbag1
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

PLACEHOLDER = "structure_needs_at_least_one_member"


def members(value):
    """Names and values of a message of either program; none for anything else."""
    if is_dataclass(value):
        names = [f.name for f in fields(value) if f.name != "__msgtype__"]
    elif hasattr(value, "__slots__") and not isinstance(value, (str, bytes, np.generic)):
        names = list(value.__slots__)
    else:
        return None
    # Both programs list constants, which are in capitals, among the fields.
    return [(n, getattr(value, n)) for n in names if n != PLACEHOLDER and not n.isupper()]


def line(value):
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        value = float(value)
        return "nan" if value != value else struct.pack(">d", value).hex()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ",".join(line(value[k]) for k in sorted(value)) + "}"
    if isinstance(value, (bytes, bytearray, memoryview, list, tuple, np.ndarray)):
        return "[" + ",".join(line(v) for v in value) + "]"
    found = members(value)
    names = [n for n, _ in found]
    if names in (["sec", "nanosec"], ["secs", "nsecs"]):
        return str(found[0][1] * 1_000_000_000 + found[1][1])
    return "{" + ",".join(line(v) for _, v in found) + "}"


class Topics:
    """Digests of one file by one program."""

    def __init__(self):
        self.topics = {}
        self.refused = set()

    def add(self, topic, decode):
        if topic in self.refused:
            return
        try:
            text = line(decode())
        except Exception:
            # A topic this program cannot read says nothing about ours.
            self.refused.add(topic)
            self.topics.pop(topic, None)
            return
        self.topics.setdefault(topic, []).append(text.encode() + b"\n")

    def result(self):
        return {
            topic: {"messages": len(lines), "sha256": hashlib.sha256(b"".join(sorted(lines))).hexdigest()}
            for topic, lines in sorted(self.topics.items())
        }


def rosbags_decoder(schemas, name, text):
    if name not in schemas:
        store = get_typestore(Stores.EMPTY)
        store.register(get_types_from_msg(text, name))
        schemas[name] = store
    return schemas[name]


def mcap_file(path):
    by_rosbags, by_mcap, stores = Topics(), Topics(), {}
    factory = DecoderFactory()
    with open(path, "rb") as stream:
        for schema, channel, message in make_reader(stream).iter_messages(log_time_order=False):
            if channel.message_encoding == "json":
                by_mcap.add(channel.topic, lambda: json.loads(message.data, parse_int=float))
                continue
            if channel.message_encoding != "cdr":
                continue
            by_rosbags.add(
                channel.topic,
                lambda: rosbags_decoder(stores, schema.name, schema.data.decode()).deserialize_cdr(
                    message.data, schema.name
                ),
            )
            by_mcap.add(
                channel.topic,
                lambda: factory.decoder_for(channel.message_encoding, schema)(message.data),
            )
    return {"rosbags 0.11.9": by_rosbags.result(), "mcap-ros2-support 0.6.0, json of Python": by_mcap.result()}


def bag_file(path):
    topics, stores = Topics(), {}
    with Rosbag1(path) as reader:
        for connection, _, data in reader.messages():
            topics.add(
                connection.topic,
                lambda: rosbags_decoder(stores, connection.msgtype, connection.msgdef.data).deserialize_ros1(
                    data, connection.msgtype
                ),
            )
    return {"rosbags 0.11.9": topics.result()}


def main():
    root = Path(sys.argv[1])
    files = sorted(root.glob("rosbag2/**/*.mcap")) + sorted(root.glob("evo_nav2_mcap/*.mcap"))
    files += [root / "lichtblick_dev/example.mcap"]
    result = {str(f.relative_to(root)): mcap_file(f) for f in files}
    for bag in sorted(root.glob("lichtblick_dev/*.bag")):
        result[str(bag.relative_to(root))] = bag_file(bag)
    document = {
        "programs": "rosbags 0.11.9, mcap 1.6.0, mcap-ros2-support 0.6.0, Python 3.11",
        "tolerance": "none: decoding loses nothing",
        "made_by": "make_recordings.py",
        "disagreement": "rosbags reads `byte` of ROS 2 as signed; rosidl maps it to octet, which is unsigned, as mcap-ros2-support reads it",
        "files": result,
    }
    json.dump(document, sys.stdout, indent=1)
    print()


main()
