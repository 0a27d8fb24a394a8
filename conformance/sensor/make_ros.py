"""Writes one message of every ROS sensor type we know, as CDR and as ROS 1, with the sample it holds.

    pip install rosbags==0.11.9 numpy==2.4.6
    python make_ros.py > ros.json
"""

import importlib.metadata
import json

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

BOXES = {
    "fieldassay_msgs/msg/Boxes3D": "std_msgs/Header header\nfieldassay_msgs/Box3D[] boxes\n",
    "fieldassay_msgs/msg/Box3D": "string track_id\nstring category\ngeometry_msgs/Pose pose\ngeometry_msgs/Vector3 size\nint64 point_count\n",
}
AUDIO = {
    "audio_common_msgs/msg/AudioData": "uint8[] data\n",
    "audio_common_msgs/msg/AudioDataStamped": "std_msgs/Header header\naudio_common_msgs/AudioData audio\n",
}
DETECTIONS = {
    "vision_msgs/msg/Detection3DArray": "std_msgs/Header header\nvision_msgs/Detection3D[] detections\n",
    "vision_msgs/msg/BoundingBox3D": "geometry_msgs/Pose center\ngeometry_msgs/Vector3 size\n",
}
DETECTIONS2 = DETECTIONS | {
    "vision_msgs/msg/Detection3D": "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\nvision_msgs/BoundingBox3D bbox\nstring id\n",
    "vision_msgs/msg/ObjectHypothesisWithPose": "vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose\n",
    "vision_msgs/msg/ObjectHypothesis": "string class_id\nfloat64 score\n",
}
DETECTIONS1 = DETECTIONS | {
    "vision_msgs/msg/Detection3D": "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\nvision_msgs/BoundingBox3D bbox\nsensor_msgs/PointCloud2 source_cloud\n",
    "vision_msgs/msg/ObjectHypothesisWithPose": "int64 id\nfloat64 score\ngeometry_msgs/PoseWithCovariance pose\n",
}
PX4 = {
    "px4/msg/sensor_combined": "uint64 timestamp\nfloat32[3] gyro_rad\nuint32 gyro_integral_dt\nint32 accelerometer_timestamp_relative\nfloat32[3] accelerometer_m_s2\nuint32 accelerometer_integral_dt\nuint8 accelerometer_clipping\n",
    "px4/msg/vehicle_attitude": "uint64 timestamp\nfloat32[4] q\nfloat32[4] delta_q_reset\nuint8 quat_reset_counter\n",
    "px4/msg/vehicle_odometry": "uint64 timestamp\nuint64 timestamp_sample\nfloat32[3] position\nfloat32[4] q\nuint8 pose_frame\n",
    "px4/msg/vehicle_local_position": "uint64 timestamp\nfloat32 x\nfloat32 y\nfloat32 z\nfloat32 heading\nbool xy_valid\n",
    "px4/msg/vehicle_gps_position": "uint64 timestamp\nint32 lat\nint32 lon\nint32 alt\nfloat32 eph\nfloat32 epv\nfloat32 hdop\nuint8 fix_type\n",
    "px4/msg/sensor_gps": "uint64 timestamp\nuint32 device_id\nfloat64 latitude_deg\nfloat64 longitude_deg\nfloat64 altitude_msl_m\nfloat32 eph\nfloat32 epv\nfloat32 hdop\nuint8 fix_type\n",
}


class Maker:
    def __init__(self, ros1):
        self.ros1 = ros1
        self.store = get_typestore(Stores.ROS1_NOETIC if ros1 else Stores.ROS2_HUMBLE)
        own = BOXES | AUDIO | (DETECTIONS1 if ros1 else DETECTIONS2) | PX4
        for name, text in own.items():
            self.store.register(get_types_from_msg(text, name))
        self.cases = []

    def new(self, name, /, **fields):
        return self.store.types[name](**fields)

    def header(self, frame):
        time = self.new("builtin_interfaces/msg/Time", sec=1_700_000_000, nanosec=123_456_789)
        extra = {"seq": 5} if self.ros1 else {}
        return self.new("std_msgs/msg/Header", stamp=time, frame_id=frame, **extra)

    def vector(self, values, name="Vector3"):
        return self.new(f"geometry_msgs/msg/{name}", **dict(zip("xyz", values)))

    def quaternion(self, values):
        return self.new("geometry_msgs/msg/Quaternion", **dict(zip("xyzw", values)))

    def pose(self, position, quat):
        return self.new("geometry_msgs/msg/Pose", position=self.vector(position, "Point"), orientation=self.quaternion(quat))

    def with_covariance(self, position, quat):
        covariance = np.arange(36, dtype=np.float64)
        return self.new("geometry_msgs/msg/PoseWithCovariance", pose=self.pose(position, quat), covariance=covariance)

    def case(self, name, message, sample):
        kind = message.__msgtype__
        raw = self.store.serialize_ros1(message, kind) if self.ros1 else self.store.serialize_cdr(message, kind)
        text, _ = self.store.generate_msgdef(kind, ros_version=1 if self.ros1 else 2)
        self.cases.append({
            "name": name,
            "type": kind.replace("/msg/", "/") if self.ros1 else kind,
            "schema_encoding": "ros1msg" if self.ros1 else "ros2msg",
            "message_encoding": "ros1" if self.ros1 else "cdr",
            "schema": text,
            "hex": bytes(raw).hex(),
            "sample": sample,
        })

    def motion(self):
        gyro, accel, quat = [0.1, -0.2, 0.3], [1.5, -2.5, 9.75], [0.0, 0.6, 0.0, 0.8]
        for name, first in (("imu", 0.5), ("imu without orientation", -1.0)):
            unknown = np.zeros(9)
            unknown[0] = first
            known = np.zeros(9)
            message = self.new(
                "sensor_msgs/msg/Imu",
                header=self.header("imu_link"),
                orientation=self.quaternion(quat),
                orientation_covariance=unknown,
                angular_velocity=self.vector(gyro),
                angular_velocity_covariance=known,
                linear_acceleration=self.vector(accel),
                linear_acceleration_covariance=unknown,
            )
            measured = first != -1.0
            self.case(name, message, {"kind": "imu", "gyro": gyro, "accel": accel if measured else [None] * 3, "quat": quat if measured else None})
        covariance = [1.5, 0.0, 0.1, 0.0, 1.25, 0.0, 0.1, 0.0, 4.0]
        message = self.new(
            "sensor_msgs/msg/NavSatFix",
            header=self.header("gps"),
            status=self.new("sensor_msgs/msg/NavSatStatus", status=-1, service=9),
            latitude=48.1371,
            longitude=-11.5754,
            altitude=519.25,
            position_covariance=np.array(covariance),
            position_covariance_type=2,
        )
        self.case("fix", message, {"kind": "fix", "status": -1, "position": [48.1371, -11.5754, 519.25], "covariance": covariance, "covariance_type": 2, "hdop": None})
        at, turn = [1.0, -2.0, 3.5], [0.5, -0.5, 0.5, 0.5]
        sample = {"kind": "pose", "parent": "odom", "child": "", "translation": at, "quat": turn}
        message = self.new("geometry_msgs/msg/PoseStamped", header=self.header("odom"), pose=self.pose(at, turn))
        self.case("pose", message, sample)
        message = self.new("geometry_msgs/msg/PoseWithCovarianceStamped", header=self.header("odom"), pose=self.with_covariance(at, turn))
        self.case("pose with covariance", message, sample)
        twist = self.new("geometry_msgs/msg/Twist", linear=self.vector(gyro), angular=self.vector(accel))
        twist = self.new("geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=np.zeros(36))
        message = self.new("nav_msgs/msg/Odometry", header=self.header("odom"), child_frame_id="base", pose=self.with_covariance(at, turn), twist=twist)
        self.case("odometry", message, sample | {"child": "base"})
        names, position, velocity = ["shoulder", "elbow"], [0.25, -1.5], [0.5, 2.0]
        message = self.new("sensor_msgs/msg/JointState", header=self.header(""), name=names, position=np.array(position), velocity=np.array(velocity), effort=np.array([]))
        self.case("joints", message, {"kind": "joints", "names": names, "position": position, "velocity": velocity, "effort": []})

    def cameras(self):
        k, r, p = list(range(1, 10)), [1, 0, 0, 0, 1, 0, 0, 0, 1], list(range(11, 23))
        names = "DKRP" if self.ros1 else "dkrp"
        roi = self.new("sensor_msgs/msg/RegionOfInterest", x_offset=1, y_offset=2, height=3, width=4, do_rectify=False)
        lists = dict(zip(names, [np.array(v, dtype=np.float64) for v in ([-0.3, 0.1, 0.001, -0.002, 0.0], k, r, p)]))
        message = self.new("sensor_msgs/msg/CameraInfo", header=self.header("camera"), height=480, width=640, distortion_model="plumb_bob", binning_x=2, binning_y=3, roi=roi, **lists)
        self.case("camera info", message, {
            "kind": "camera_info", "frame": "camera", "size": [640, 480], "model": "plumb_bob",
            "d": [-0.3, 0.1, 0.001, -0.002, 0.0], "k": k, "r": r, "p": p, "binning": [2, 3], "roi": [1, 2, 4, 3],
        })
        data = np.arange(24, dtype=np.uint8)
        message = self.new("sensor_msgs/msg/Image", header=self.header("camera"), height=2, width=3, encoding="16UC1", is_bigendian=1, step=12, data=data)
        image = {"kind": "image", "frame": "camera", "size": [3, 2], "encoding": "16UC1", "compressed": False, "step": 12, "big_endian": True, "data": data.tobytes().hex()}
        self.case("image", message, image)
        message = self.new("sensor_msgs/msg/CompressedImage", header=self.header("camera"), format="jpeg", data=data)
        self.case("compressed image", message, image | {"size": [0, 0], "encoding": "jpeg", "compressed": True, "step": 0, "big_endian": False})
        stamped = self.new("audio_common_msgs/msg/AudioData", data=data)
        sample = {"kind": "audio", "format": "", "rate": 0, "channels": 0, "data": data.tobytes().hex()}
        self.case("audio", stamped, sample)
        message = self.new("audio_common_msgs/msg/AudioDataStamped", header=self.header("mic"), audio=stamped)
        self.case("stamped audio", message, sample)

    def ranges(self):
        rows = np.zeros(3, dtype=np.dtype({"names": ["x", "y", "ring"], "formats": ["<f4", "<f4", "<u2"], "offsets": [0, 4, 8], "itemsize": 12}))
        rows["x"], rows["ring"] = [1.5, 2.5, 3.5], [7, 8, 9]
        fields = [("x", 0, 7, 1), ("y", 4, 7, 1), ("ring", 8, 4, 1), ("odd", 10, 99, 2)]
        described = [self.new("sensor_msgs/msg/PointField", name=n, offset=o, datatype=t, count=c) for n, o, t, c in fields]
        message = self.new("sensor_msgs/msg/PointCloud2", header=self.header("lidar"), height=1, width=3, fields=described, is_bigendian=False, point_step=12, row_step=36, data=np.frombuffer(rows.tobytes(), dtype=np.uint8), is_dense=True)
        self.case("cloud", message, {
            "kind": "cloud", "frame": "lidar", "size": [3, 1], "steps": [12, 36], "dense": True, "big_endian": False,
            "fields": [["x", 0, "F32", 1], ["y", 4, "F32", 1], ["ring", 8, "U16", 1], ["odd", 10, None, 2]], "data": rows.tobytes().hex(),
        })
        message = self.new(
            "sensor_msgs/msg/LaserScan", header=self.header("laser"), angle_min=-1.5, angle_max=1.5, angle_increment=1.5,
            time_increment=0.25, scan_time=1.0, range_min=0.5, range_max=64.0,
            ranges=np.array([1, 2.5, np.inf], dtype=np.float32), intensities=np.array([], dtype=np.float32),
        )
        self.case("scan", message, {"kind": "scan", "frame": "laser", "start": -1.5, "step": 1.5, "step_secs": 0.25, "limits": [0.5, 64.0], "ranges": [1, 2.5, "inf"], "intensities": []})

    def boxes(self):
        at, turn, size = [1.0, -2.0, 3.5], [0.0, 0.0, 0.6, 0.8], [4.5, 1.75, 1.5]
        box = {"track": "7", "category": "car", "center": at, "quat": turn, "size": size, "points": None}
        own = [
            self.new("fieldassay_msgs/msg/Box3D", track_id=str(i), category="car", pose=self.pose(at, turn), size=self.vector(size), point_count=n)
            for i, n in ((7, -1), (8, 12))
        ]
        message = self.new("fieldassay_msgs/msg/Boxes3D", header=self.header("map"), boxes=own)
        self.case("boxes", message, {"kind": "boxes", "frame": "map", "boxes": [box, box | {"track": "8", "points": 12}]})
        results = []
        for name, score in ((3, 0.25), (4, 0.75), (5, 0.5)):
            pose = self.with_covariance(at, turn)
            if self.ros1:
                results.append(self.new("vision_msgs/msg/ObjectHypothesisWithPose", id=name, score=score, pose=pose))
            else:
                hypothesis = self.new("vision_msgs/msg/ObjectHypothesis", class_id=str(name), score=score)
                results.append(self.new("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis=hypothesis, pose=pose))
        found = []
        for chosen in (results, []):
            extra = {"source_cloud": self.empty_cloud()} if self.ros1 else {"id": "7"}
            volume = self.new("vision_msgs/msg/BoundingBox3D", center=self.pose(at, turn), size=self.vector(size))
            found.append(self.new("vision_msgs/msg/Detection3D", header=self.header("map"), results=chosen, bbox=volume, **extra))
        message = self.new("vision_msgs/msg/Detection3DArray", header=self.header("map"), detections=found)
        track = "" if self.ros1 else "7"
        self.case("detections", message, {"kind": "boxes", "frame": "map", "boxes": [box | {"track": track, "category": "4"}, box | {"track": track, "category": ""}]})

    def empty_cloud(self):
        return self.new("sensor_msgs/msg/PointCloud2", header=self.header(""), height=0, width=0, fields=[], is_bigendian=False, point_step=0, row_step=0, data=np.array([], dtype=np.uint8), is_dense=True)

    def px4(self):
        f = lambda *values: np.array(values, dtype=np.float32)
        pose = {"kind": "pose", "parent": "ned", "child": "frd", "translation": [None] * 3, "quat": [0.5, -0.5, 0.25, 0.75]}
        message = self.new("px4/msg/sensor_combined", timestamp=7_000_000, gyro_rad=f(0.5, 0.25, -1), gyro_integral_dt=1, accelerometer_timestamp_relative=2, accelerometer_m_s2=f(1, 2, -9.75), accelerometer_integral_dt=3, accelerometer_clipping=0)
        self.case("px4 imu", message, {"kind": "imu", "gyro": [0.5, 0.25, -1], "accel": [1, 2, -9.75], "quat": None})
        message = self.new("px4/msg/vehicle_attitude", timestamp=7_000_000, q=f(0.75, 0.5, -0.5, 0.25), delta_q_reset=f(0, 0, 0, 0), quat_reset_counter=0)
        self.case("px4 attitude", message, pose)
        message = self.new("px4/msg/vehicle_odometry", timestamp=7_000_000, timestamp_sample=1, position=f(1, 2, 3), q=f(0.75, 0.5, -0.5, 0.25), pose_frame=2)
        self.case("px4 odometry", message, pose | {"parent": "frd_world", "translation": [1, 2, 3]})
        message = self.new("px4/msg/vehicle_local_position", timestamp=7_000_000, x=1.0, y=2.0, z=-3.0, heading=0.0, xy_valid=True)
        self.case("px4 position", message, pose | {"translation": [1, 2, -3], "quat": [0, 0, 0, 1]})
        covariance = [4, 0, 0, 0, 4, 0, 0, 0, 9]
        for topic, kind, fields in (
            ("vehicle_gps_position", 3, {"lat": 481371000, "lon": -115754000, "alt": 519250}),
            ("sensor_gps", 6, {"device_id": 1, "latitude_deg": 48.1371, "longitude_deg": -11.5754, "altitude_msl_m": 519.25}),
        ):
            message = self.new(f"px4/msg/{topic}", timestamp=7_000_000, eph=2.0, epv=3.0, hdop=0.75, fix_type=kind, **fields)
            self.case(f"px4 {topic}", message, {"kind": "fix", "status": 0 if kind == 3 else 2, "position": [48.1371, -11.5754, 519.25], "covariance": covariance, "covariance_type": 1, "hdop": 0.75})


cases = []
for ros1 in (False, True):
    maker = Maker(ros1)
    maker.motion()
    maker.cameras()
    maker.ranges()
    maker.boxes()
    maker.px4()
    cases += maker.cases
programs = f"rosbags {importlib.metadata.version('rosbags')}"
print(json.dumps({"programs": programs, "tolerance": "1e-12 relative, for degrees from scaled integers", "made_by": "make_ros.py", "cases": cases}, indent=1))
