"""Mean of one field of a topic, timed inside the process, from opening the file on.

Usage: store_topic.py FILE TOPIC RUNS
Prints seconds per run and the mean as JSON.
"""
import json
import sys
import time

from mcap_ros2_support_fast.decoder import DecoderFactory
from small_mcap import include_topics, read_message_decoded

file, topic, runs = sys.argv[1:]
seconds, values = [], []
for _ in range(int(runs)):
    start = time.perf_counter()
    total, count = 0.0, 0
    with open(file, "rb") as stream:
        wanted = include_topics([topic])
        for one in read_message_decoded(stream, wanted, decoder_factories=[DecoderFactory()]):
            total += one.decoded_message.linear_acceleration.z
            count += 1
    seconds.append(time.perf_counter() - start)
    values = [total / count, float(count)]
print(json.dumps({"seconds": seconds, "values": values}))
