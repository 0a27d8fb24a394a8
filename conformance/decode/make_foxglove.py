"""Writes foxglove messages and one message of every protobuf field type, as protobuf and as JSON.

    pip install protobuf==7.36.2 foxglove-schemas-protobuf==0.4.0 mcap-protobuf-support==0.6.0
    python make_foxglove.py > foxglove.json
"""

import base64
import json
import sys

import google.protobuf
from foxglove_schemas_protobuf.FrameTransform_pb2 import FrameTransform
from foxglove_schemas_protobuf.FrameTransforms_pb2 import FrameTransforms
from foxglove_schemas_protobuf.LocationFix_pb2 import LocationFix
from foxglove_schemas_protobuf.PackedElementField_pb2 import PackedElementField
from foxglove_schemas_protobuf.PointCloud_pb2 import PointCloud
from foxglove_schemas_protobuf.PoseInFrame_pb2 import PoseInFrame
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from mcap_protobuf.schema import build_file_descriptor_set

F = descriptor_pb2.FieldDescriptorProto


def transform(i):
    m = FrameTransform(parent_frame_id="world", child_frame_id=f"car_{i}")
    m.timestamp.seconds, m.timestamp.nanos = 1_700_000_000 + i, 123_456_789
    m.translation.x, m.translation.y, m.translation.z = 1.5 + i, -2.25, 1e-3
    m.rotation.x, m.rotation.y, m.rotation.z, m.rotation.w = 0.0, 0.6, 0.0, 0.8
    return m


def all_types():
    """A message with every scalar type, single, optional and repeated, maps, oneof, enum and itself."""
    file = descriptor_pb2.FileDescriptorProto(name="all.proto", package="test", syntax="proto3")
    kind = file.enum_type.add(name="Color")
    for number, name in enumerate(["RED", "GREEN"]):
        kind.value.add(name=name, number=number)
    message = file.message_type.add(name="All")
    names = "double float int64 uint64 int32 fixed64 fixed32 bool string bytes uint32 sfixed32 sfixed64 sint32 sint64".split()
    number = 0
    for label in ("one", "many"):
        for name in names:
            number += 1
            message.field.add(
                name=f"{label}_{name}",
                number=number,
                type=getattr(F, "TYPE_" + name.upper()),
                label=F.LABEL_REPEATED if label == "many" else F.LABEL_OPTIONAL,
            )
    message.field.add(name="color", number=40, type=F.TYPE_ENUM, type_name=".test.Color", label=F.LABEL_OPTIONAL)
    message.field.add(name="self", number=41, type=F.TYPE_MESSAGE, type_name=".test.All", label=F.LABEL_OPTIONAL)
    message.oneof_decl.add(name="choice")
    message.field.add(name="left", number=42, type=F.TYPE_INT32, label=F.LABEL_OPTIONAL, oneof_index=0)
    message.field.add(name="right", number=43, type=F.TYPE_STRING, label=F.LABEL_OPTIONAL, oneof_index=0)
    entry = message.nested_type.add(name="NamesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=F.TYPE_STRING, label=F.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=F.TYPE_SINT32, label=F.LABEL_OPTIONAL)
    message.field.add(name="names", number=44, type=F.TYPE_MESSAGE, type_name=".test.All.NamesEntry", label=F.LABEL_REPEATED)
    message.oneof_decl.add(name="_perhaps")
    message.field.add(name="perhaps", number=45, type=F.TYPE_UINT32, label=F.LABEL_OPTIONAL, oneof_index=1, proto3_optional=True)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    cls = message_factory.GetMessageClass(pool.FindMessageTypeByName("test.All"))
    m = cls(
        one_double=-0.5, one_float=1.25, one_int64=-(2**63), one_uint64=2**64 - 1, one_int32=-1,
        one_fixed64=2**63, one_fixed32=2**31, one_bool=True, one_string="grün", one_bytes=b"\x00\xff",
        one_uint32=2**32 - 1, one_sfixed32=-2, one_sfixed64=-3, one_sint32=-(2**31), one_sint64=-(2**63),
        many_double=[1, 2.5], many_float=[0.5], many_int64=[-1, 0, 1], many_uint64=[300], many_int32=[-7, 7],
        many_fixed64=[1, 2], many_fixed32=[3], many_bool=[True, False], many_string=["a", ""],
        many_bytes=[b"", b"x"], many_uint32=[2**32 - 1], many_sfixed32=[-4], many_sfixed64=[-5],
        many_sint32=[-1, 1], many_sint64=[2**62], color=1, right="r", perhaps=0,
    )
    m.names["k"] = -9
    m.self.one_int32 = 5
    return m, descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()


def values(m):
    """Fields by name; times as nanoseconds, bytes as lists, absent messages, optionals and oneofs null."""
    if m.DESCRIPTOR.full_name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
        return m.seconds * 1_000_000_000 + m.nanos
    result = {}
    for field in m.DESCRIPTOR.fields:
        value = getattr(m, field.name)
        if field.message_type and field.message_type.GetOptions().map_entry:
            result[field.name] = [{"key": k, "value": v} for k, v in sorted(value.items())]
        elif field.is_repeated:
            result[field.name] = [plain(v) for v in value]
        elif field.has_presence and not m.HasField(field.name):
            result[field.name] = None
        elif field.message_type and field.message_type.full_name == m.DESCRIPTOR.full_name:
            result[field.name] = list(value.SerializeToString())
        else:
            result[field.name] = plain(value)
    return result


def plain(value):
    if isinstance(value, bytes):
        return list(value)
    return values(value) if hasattr(value, "DESCRIPTOR") else value


def case(name, message, descriptors=None):
    if descriptors is None:
        descriptors = build_file_descriptor_set(type(message)).SerializeToString()
    return {
        "name": name,
        "type": message.DESCRIPTOR.full_name,
        "descriptors_base64": base64.b64encode(descriptors).decode(),
        "hex": message.SerializeToString(deterministic=True).hex(),
        "json": json_format.MessageToJson(message, preserving_proto_field_name=True, indent=None),
        "values": values(message),
    }


def main():
    fix = LocationFix(frame_id="gps", latitude=48.1371, longitude=11.5754, altitude=519.25)
    fix.timestamp.seconds, fix.timestamp.nanos = 1_700_000_000, 5
    fix.position_covariance.extend([1.5] * 9)
    fix.position_covariance_type = 2
    pose = PoseInFrame(frame_id="map")
    pose.timestamp.seconds = 7
    pose.pose.position.x, pose.pose.orientation.w = 3.0, 1.0
    cloud = PointCloud(frame_id="lidar", point_stride=4, data=b"\x00\x00\x80\x3f")
    cloud.timestamp.nanos = 1
    cloud.fields.append(PackedElementField(name="x", offset=0, type=7))
    document = {
        "programs": f"protobuf {google.protobuf.__version__}, foxglove-schemas-protobuf 0.4.0",
        "tolerance": "none",
        "made_by": "make_foxglove.py",
        "cases": [
            case("transform", transform(0)),
            case("transforms", FrameTransforms(transforms=[transform(1), FrameTransform(), transform(2)])),
            case("location", fix),
            case("pose", pose),
            case("cloud", cloud),
            case("all", *all_types()),
        ],
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
