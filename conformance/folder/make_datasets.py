"""Writes tiny data sets with independent software and what it reads back.

LeRobot 2.1 and 3.0: Parquet by pyarrow 26.0.1, videos by PyAV 18.1.0, after the documented layout (the package
`lerobot` itself needs torch). RLDS: records by tfrecord 1.14.6. Run: `python make_datasets.py`.
"""
import io
import json
import os

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tfrecord

root = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(5)
FPS = 30

def video(path, frames, fps=FPS):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with av.open(path, "w") as out:
        s = out.add_stream("mpeg4", rate=fps); s.width, s.height, s.pix_fmt = 64, 48, "yuv420p"
        for i in range(frames):
            img = np.full((48, 64, 3), i % 255, np.uint8); img[:, (i % 60):(i % 60) + 4] = 200
            for p in s.encode(av.VideoFrame.from_ndarray(img, format="rgb24")): out.mux(p)
        for p in s.encode(): out.mux(p)

def image(i):
    """A PNG of one color."""
    out = io.BytesIO()
    with av.open(out, "w", format="image2pipe") as f:
        stream = f.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 8, 8, "rgb24"
        for p in stream.encode(av.VideoFrame.from_ndarray(np.full((8, 8, 3), i * 20, np.uint8), format="rgb24")):
            f.mux(p)
        for p in stream.encode():
            f.mux(p)
    return out.getvalue()

def motion(n, k):
    t = np.arange(n) / FPS
    return np.stack([np.sin(t * (0.5 + 0.1 * j) + k) * (0.5 + 0.1 * j) + rng.normal(0, 1e-4, n) for j in range(3)], 1).astype(np.float32)

def table(k, n, start):
    st = motion(n, k)
    fs = lambda a: pa.FixedSizeListArray.from_arrays(pa.array(a.ravel()), 3)
    return pa.table({
        "observation.state": fs(st), "action": fs(st + np.float32(0.01)),
        "timestamp": pa.array((np.arange(n) / FPS).astype(np.float32)),
        "frame_index": pa.array(np.arange(n), pa.int64()),
        "episode_index": pa.array(np.full(n, k), pa.int64()),
        "index": pa.array(np.arange(start, start + n), pa.int64()),
        "task_index": pa.array(np.zeros(n), pa.int64())})

def info(version, lengths, **more):
    names = [f"joint_{j}" for j in range(3)]
    return {"codebase_version": version, "robot_type": "so100", "total_episodes": len(lengths), "total_frames": sum(lengths),
      "total_tasks": 1, "chunks_size": 1000, "fps": FPS, "splits": {"train": f"0:{len(lengths)}"},
      "features": {"observation.state": {"dtype": "float32", "shape": [3], "names": names},
        "action": {"dtype": "float32", "shape": [3], "names": {"motors": names}},
        "observation.images.top": {"dtype": "video", "shape": [48, 64, 3], "names": ["height", "width", "channel"]},
        "timestamp": {"dtype": "float32", "shape": [1], "names": None}, "frame_index": {"dtype": "int64", "shape": [1], "names": None},
        "episode_index": {"dtype": "int64", "shape": [1], "names": None}, "index": {"dtype": "int64", "shape": [1], "names": None},
        "task_index": {"dtype": "int64", "shape": [1], "names": None}}, **more}

def dump(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True); open(path, "w").write(json.dumps(value, indent=4) + "\n")

lengths = [40, 35]
b = f"{root}/lerobot_v21"
dump(f"{b}/meta/info.json", info("v2.1", lengths, data_path="data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
     video_path="videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"))
open(f"{b}/meta/episodes.jsonl", "w").write("".join(json.dumps({"episode_index": k, "tasks": ["x"], "length": n}) + "\n" for k, n in enumerate(lengths)))
os.makedirs(f"{b}/data/chunk-000"); start = 0
for k, n in enumerate(lengths):
    pq.write_table(table(k, n, start), f"{b}/data/chunk-000/episode_{k:06d}.parquet"); start += n
    video(f"{b}/videos/chunk-000/observation.images.top/episode_{k:06d}.mp4", n)

rng = np.random.default_rng(5)
b = f"{root}/lerobot_v30"
dump(f"{b}/meta/info.json", info("v3.0", lengths, data_files_size_in_mb=100, video_files_size_in_mb=200,
     data_path="data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet", video_path="videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"))
os.makedirs(f"{b}/data/chunk-000"); os.makedirs(f"{b}/meta/episodes/chunk-000"); start = 0; tabs = []
for k, n in enumerate(lengths): tabs.append(table(k, n, start)); start += n
pq.write_table(pa.concat_tables(tabs), f"{b}/data/chunk-000/file-000.parquet", compression="zstd", row_group_size=30)
c = np.cumsum([0] + lengths)
key = "videos/observation.images.top/"
pq.write_table(pa.table({"episode_index": pa.array(range(2), pa.int64()), "tasks": pa.array([["x"]] * 2), "length": pa.array(lengths, pa.int64()),
  "data/chunk_index": pa.array([0] * 2, pa.int64()), "data/file_index": pa.array([0] * 2, pa.int64()),
  "dataset_from_index": pa.array(c[:-1]), "dataset_to_index": pa.array(c[1:]),
  key + "chunk_index": pa.array([0] * 2, pa.int64()), key + "file_index": pa.array([0] * 2, pa.int64()),
  key + "from_timestamp": pa.array(c[:-1] / FPS), key + "to_timestamp": pa.array(c[1:] / FPS)}), f"{b}/meta/episodes/chunk-000/file-000.parquet")
video(f"{b}/videos/observation.images.top/chunk-000/file-000.mp4", sum(lengths))

b = f"{root}/rlds/1.0.0"; os.makedirs(b)
w = tfrecord.TFRecordWriter(f"{b}/tiny-train.tfrecord-00000-of-00001")
for k, n in enumerate([5, 7]):
    st = motion(n, k)
    d = {"steps/observation/state": (st.ravel().tolist(), "float"), "steps/observation/image": ([image(i) for i in range(n)], "byte"), "steps/action": (st.ravel().tolist(), "float"),
         "steps/is_first": ([1] + [0] * (n - 1), "int"), "steps/is_last": ([0] * (n - 1) + [1], "int"), "steps/reward": ([0.0] * n, "float"),
         "steps/language_instruction": ([b"put it there"] * n, "byte")}
    w.write(d)
w.close()
t = lambda dims, dt: {"pythonClassName": "tensorflow_datasets.core.features.tensor_feature.Tensor", "tensor": {"shape": {"dimensions": dims} if dims else {}, "dtype": dt, "encoding": "none"}}
fd = lambda f: {"pythonClassName": "tensorflow_datasets.core.features.features_dict.FeaturesDict", "featuresDict": {"features": f}}
dump(f"{b}/features.json", fd({"steps": {"pythonClassName": "tensorflow_datasets.core.features.dataset_feature.Dataset", "sequence": {"feature": fd({
   "observation": fd({"state": t(["3"], "float32"), "image": {"image": {"shape": {"dimensions": ["8", "8", "3"]}, "dtype": "uint8", "encodingFormat": "png"}}}), "action": t(["3"], "float32"), "is_first": t([], "bool"), "is_last": t([], "bool"), "reward": t([], "float32"),
   "language_instruction": {"text": {}}}), "length": "-1"}}}))
dump(f"{b}/dataset_info.json", {"name": "tiny", "version": "1.0.0", "fileFormat": "tfrecord", "splits": [{"name": "train", "shardLengths": ["2"], "numBytes": "1"}]})

# What the same software reads back.
rows = {}
for name, paths in {"lerobot_v21": [f"{root}/lerobot_v21/data/chunk-000/episode_{k:06d}.parquet" for k in range(2)],
                    "lerobot_v30": [f"{root}/lerobot_v30/data/chunk-000/file-000.parquet"]}.items():
    t = pa.concat_tables([pq.read_table(p) for p in paths]).to_pylist()
    rows[name] = [[r["episode_index"], r["timestamp"], r["observation.state"], r["action"]] for r in t]
rows["rlds"] = [np.asarray(r["steps/action"]).reshape(-1, 3).tolist()
                for r in tfrecord.tfrecord_loader(f"{root}/rlds/1.0.0/tiny-train.tfrecord-00000-of-00001", None)]
json.dump(rows, open(f"{root}/expected.json", "w"))
