"""Writes a tiny RLDS data set with `tensorflow_datasets` itself and what it reads back.

tensorflow_datasets 4.9.10 with tensorflow-cpu 2.21.0. Run: `python make_tfds.py`.
"""
import json
import os
import shutil

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.join(here, "rlds_peer")
LENGTHS = [6, 9]


def steps(episode, n):
    rng = np.random.default_rng(episode)
    state = rng.normal(0, 1, (n, 3)).astype(np.float32)
    for i in range(n):
        yield {
            "observation": {"state": state[i], "image": np.full((8, 8, 3), 20 * i, np.uint8)},
            "action": state[i] + np.float32(0.5),
            "reward": np.float32(i == n - 1),
            "discount": np.float32(1),
            "is_first": i == 0,
            "is_last": i == n - 1,
            "is_terminal": i == n - 1,
            "language_instruction": "put it there",
        }


class Tiny(tfds.core.GeneratorBasedBuilder):
    """Two episodes of a made-up arm."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        numbers = tfds.features.Tensor(shape=(3,), dtype=np.float32)
        step = {
            "observation": tfds.features.FeaturesDict(
                {"state": numbers, "image": tfds.features.Image(shape=(8, 8, 3), encoding_format="png")}
            ),
            "action": numbers,
            "reward": np.float32,
            "discount": np.float32,
            "is_first": np.bool_,
            "is_last": np.bool_,
            "is_terminal": np.bool_,
            "language_instruction": tfds.features.Text(),
        }
        features = tfds.features.FeaturesDict(
            {
                "steps": tfds.features.Dataset(step),
                "episode_metadata": tfds.features.FeaturesDict({"file_path": tfds.features.Text()}),
            }
        )
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, _):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for episode, n in enumerate(LENGTHS):
            yield episode, {
                "steps": list(steps(episode, n)),
                "episode_metadata": {"file_path": f"episode_{episode}"},
            }


shutil.rmtree(root, ignore_errors=True)
builder = Tiny(data_dir=root, file_format="tfrecord")
builder.download_and_prepare()
path = os.path.join(root, "tiny", "1.0.0")

# What the package reads back, in the order of the file.
options = tfds.ReadConfig(interleave_cycle_length=1, shuffle_seed=0)
found = []
for episode in tfds.builder_from_directory(path).as_dataset(split="train", shuffle_files=False, read_config=options):
    rows = [step for step in episode["steps"]]
    found.append(
        {
            "state": [step["observation"]["state"].numpy().astype(np.float64).tolist() for step in rows],
            "action": [step["action"].numpy().astype(np.float64).tolist() for step in rows],
            "image": [int(step["observation"]["image"].numpy()[0, 0, 0]) for step in rows],
        }
    )
with open(os.path.join(here, "rlds_peer.json"), "w") as out:
    peer = f"tensorflow_datasets {tfds.__version__}, tensorflow {tf.__version__}"
    json.dump({"peer": peer, "episodes": found}, out)
