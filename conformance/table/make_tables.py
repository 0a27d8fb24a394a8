"""Writes the same made tables in the forms that the verbs on tables read.

Run with pyarrow 26.0.1, polars 2.1.0 and numpy; the files are committed, so nobody needs to. Labels and probabilities
are made, not recorded.
"""

import json
import random
from pathlib import Path

import numpy
import polars
import pyarrow
import pyarrow.parquet

HERE = Path(__file__).parent


def votes():
    draw = random.Random(5)
    labels = ["car", "pedestrian", "cyclist"]
    rows = []
    for item in range(60):
        truth = draw.choice(labels)
        for annotator in draw.sample(["ann", "bo", "cho", "dee"], 3):
            given = truth if draw.random() < 0.8 else draw.choice(labels)
            rows.append({"item": f"frame-{item:03}", "annotator": annotator, "label": given})
    return rows


def main():
    rows = votes()
    lines = ["item,annotator,label"]
    lines += [",".join(row.values()) for row in rows]
    (HERE / "votes.csv").write_text("\n".join(lines) + "\n")
    (HERE / "votes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = pyarrow.Table.from_pylist(rows)
    words = table.set_column(2, "label", table["label"].dictionary_encode())
    pyarrow.parquet.write_table(words, HERE / "votes_pyarrow.parquet", compression="snappy")
    polars.DataFrame(rows).write_parquet(HERE / "votes_polars.parquet")

    draw = numpy.random.default_rng(5)
    label = draw.integers(0, 3, 200)
    logits = draw.normal(size=(200, 3))
    logits[numpy.arange(200), label] += 2.0
    p = numpy.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    numpy.save(HERE / "probabilities.npy", p)
    numpy.save(HERE / "labels.npy", label)
    columns = {name: p[:, i] for i, name in enumerate(["car", "pedestrian", "cyclist"])}
    pyarrow.parquet.write_table(pyarrow.table(columns), HERE / "probabilities_pyarrow.parquet")
    polars.DataFrame(columns).write_parquet(HERE / "probabilities_polars.parquet")


main()
