"""Writes a tiny data set with the package `lerobot` itself and what it reads back.

lerobot 0.4.4 (data set format 3.0) or 0.3.3 (format 2.1), CPU, torch 2.7.1, PyAV 15. The third episode is the first one
again. Run: `python make_lerobot.py`; the version of the package decides the format.
"""
import importlib.metadata
import inspect
import json
import os
import shutil

import numpy as np
from lerobot.datasets.lerobot_dataset import CODEBASE_VERSION, LeRobotDataset

here = os.path.dirname(os.path.abspath(__file__))
FPS = 30
JOINTS = ["shoulder", "elbow", "wrist"]
KEY = "observation.images.top"
name = "lerobot_peer_" + CODEBASE_VERSION.replace(".", "")
root = os.path.join(here, name)
shutil.rmtree(root, ignore_errors=True)


def motion(seed, n):
    rng = np.random.default_rng(seed)
    t = np.arange(n)[:, None] / FPS
    speed, phase = rng.uniform(0.5, 1.5, 3), rng.uniform(0, 3, 3)
    state = 0.6 * np.sin(speed * t + phase) + rng.normal(0, 1e-4, (n, 3))
    return state.astype(np.float32)


def picture(i):
    image = np.full((48, 64, 3), 40 + i, np.uint8)
    image[:, i % 60 : i % 60 + 4] = 220
    return image


features = {
    "observation.state": {"dtype": "float32", "shape": (3,), "names": JOINTS},
    "action": {"dtype": "float32", "shape": (3,), "names": JOINTS},
    KEY: {"dtype": "video", "shape": (48, 64, 3), "names": ["height", "width", "channels"]},
}
made = LeRobotDataset.create(
    repo_id="tests/" + name, fps=FPS, features=features, root=root, robot_type="so100", use_videos=True
)
for seed, n in [(1, 40), (2, 35), (1, 40)]:
    state = motion(seed, n)
    for i in range(n):
        frame = {"observation.state": state[i], "action": state[i] + np.float32(0.01), KEY: picture(i)}
        if "task" in inspect.signature(made.add_frame).parameters:
            made.add_frame(frame, task="move")
        else:
            made.add_frame({**frame, "task": "move"})
    made.save_episode()
if hasattr(made, "finalize"):
    made.finalize()
shutil.rmtree(os.path.join(root, "images"), ignore_errors=True)

# What the package reads back; pictures only by their number, because AV1 is lossy.
back = LeRobotDataset(repo_id="tests/" + name, root=root)
table = back.hf_dataset.with_format("numpy")
rows = [
    [
        int(row["episode_index"]),
        float(row["timestamp"]),
        np.asarray(row["observation.state"], np.float64).tolist(),
        np.asarray(row["action"], np.float64).tolist(),
    ]
    for row in table
]
with open(os.path.join(here, name + ".json"), "w") as out:
    json.dump(
        {
            "peer": "lerobot " + importlib.metadata.version("lerobot"),
            "format": CODEBASE_VERSION,
            "episodes": back.num_episodes,
            "frames": back.num_frames,
            "fps": back.fps,
            "rows": rows,
        },
        out,
    )
