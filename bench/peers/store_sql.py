"""Questions about tables, timed inside the process: the same pinned Parquet files as ours, the same number of threads.

Usage: store_sql.py duckdb|polars FOLDER FILE.sql THREADS RUNS
Every run starts anew: a new database, a new scan. Prints seconds per run and the numbers of the answer as JSON.
"""
import glob
import json
import os
import sys
import time

who, folder, file, threads, runs = sys.argv[1:]
os.environ["POLARS_MAX_THREADS"] = threads
question = os.path.splitext(os.path.basename(file))[0]
sql = open(file).read()


def files(table):
    return sorted(glob.glob(f"{folder}/tables/{table}/part-*.parquet"))


def duckdb_run():
    connection = duckdb.connect(config={"threads": int(threads)})
    for table in ("objects", "intervals"):
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files(table)!r})")
    # What others call `quantile` between two values DuckDB calls `quantile_cont`.
    return connection.execute(sql.replace("quantile(", "quantile_cont(")).fetchall()


def polars_plan():
    col = pl.col
    objects = pl.scan_parquet(files("objects"))
    if question == "count":
        return objects.group_by("category").agg(pl.len()).sort("category")
    if question == "nearest":
        distance = (col("x_m") ** 2 + col("y_m") ** 2).sqrt().min().alias("distance_m")
        return objects.group_by("recording_id", "category").agg(distance).sort("recording_id", "category")
    if question == "tracks":
        length = (col("t_ns").max() - col("t_ns").min()).alias("length_ns")
        tracks = objects.group_by("recording_id", "track_id").agg(length)
        return tracks.filter(col("length_ns") > 5_000_000_000).select(pl.len().alias("n"), col("length_ns").sum())
    if question == "speed":
        speed = (col("vx_mps") ** 2 + col("vy_mps") ** 2).sqrt().quantile(0.99, "linear").alias("speed_mps")
        return objects.group_by("recording_id", "category").agg(speed).sort("recording_id", "category")
    if question == "intervals":
        intervals = pl.scan_parquet(files("intervals")).select("recording_id", "name", "start_ns", "end_ns")
        joined = objects.select("recording_id", "t_ns").join(intervals, on="recording_id")
        inside = joined.filter(col("t_ns").is_between(col("start_ns"), col("end_ns")))
        return inside.group_by("name").agg(pl.len()).sort("name")
    raise SystemExit(f"no such question: {question}")


def polars_run():
    # The streaming engine is the one for more than memory holds, and the faster one here.
    return polars_plan().collect(engine="streaming").rows()


if who == "duckdb":
    import duckdb

    run = duckdb_run
else:
    import polars as pl

    run = polars_run
seconds, values = [], []
for _ in range(int(runs)):
    start = time.perf_counter()
    rows = run()
    seconds.append(time.perf_counter() - start)
    values = [float(x) for row in rows for x in row if not isinstance(x, str)]
print(json.dumps({"seconds": seconds, "values": values}))
