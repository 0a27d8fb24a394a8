"""Writes small ULog files from the specification alone, and what pyulog reads from them.

    pip install pyulog==1.3.0 numpy==2.4.6
    python make_ulog.py .

Floats of single precision are written with all digits of their double. pyulog forgets subscriptions
where appended data begins, so `appended.ulg` subscribes again there; its topic comes in two parts.
"""
import importlib.metadata
import json
import os
import struct
import sys

import numpy as np
import pyulog

SYNC = bytes([0x2F,0x73,0x13,0x20,0x25,0x0C,0xBB,0x12])
def msg(t, body): return struct.pack('<HB', len(body), ord(t)) + body
def head(ts=1000000, version=1): return b'ULog\x01\x12\x35' + bytes([version]) + struct.pack('<Q', ts)
def flags(appended=()):
    inc = bytes([1 if appended else 0]) + bytes(7)
    off = list(appended) + [0]*(3-len(appended))
    return msg('B', bytes(8) + inc + struct.pack('<3Q', *off))
def fmt(s): return msg('F', s.encode())
def info(kind, name, value):
    k = f'{kind} {name}'.encode(); return msg('I', bytes([len(k)]) + k + value)
def multi(cont, kind, name, value):
    k = f'{kind} {name}'.encode(); return msg('M', bytes([cont, len(k)]) + k + value)
def param(kind, name, value):
    k = f'{kind} {name}'.encode(); return msg('P', bytes([len(k)]) + k + value)
def dparam(types, kind, name, value):
    k = f'{kind} {name}'.encode(); return msg('Q', bytes([types, len(k)]) + k + value)
def add(instance, mid, name): return msg('A', struct.pack('<BH', instance, mid) + name.encode())
def data(mid, body): return msg('D', struct.pack('<H', mid) + body)
def log(level, ts, text): return msg('L', struct.pack('<BQ', ord(level), ts) + text.encode())
def tagged(level, tag, ts, text): return msg('C', struct.pack('<BHQ', ord(level), tag, ts) + text.encode())
def sync(): return msg('S', SYNC)
def dropout(ms): return msg('O', struct.pack('<H', ms))

def definitions():
    out = fmt('sensor_combined:uint64_t timestamp;float[3] gyro_rad;uint32_t gyro_integral_dt;int32_t accelerometer_timestamp_relative;float[3] accelerometer_m_s2;uint32_t accelerometer_integral_dt;uint8_t accelerometer_clipping;uint8_t[3] _padding0;')
    out += fmt('vehicle_attitude:uint64_t timestamp;float[4] q;uint8_t quat_reset_counter;uint8_t[7] _padding0;')
    out += fmt('esc_report:uint64_t timestamp;uint32_t esc_errorcount;int32_t esc_rpm;float esc_voltage;bool armed;int8_t temperature;uint8_t[6] _padding0;')
    out += fmt('esc_status:uint64_t timestamp;uint16_t counter;int16_t trim;uint8_t esc_count;uint8_t[3] _padding0;esc_report[2] esc;')
    out += fmt('wide:int64_t signed;double precise;uint64_t timestamp;char[5] name;uint16_t w;uint8_t[1] _padding0;')
    return out

def body_sensor(t, i):
    return struct.pack('<Q3fIi3fIB', t, .1*i, -.2*i, .3, 4000, -i, .5, 9.8, -.25*i, 4000, i % 3)
def body_attitude(t, i): return struct.pack('<Q4fB', t, 1.0 - i/100, .01*i, -.02, .03, i % 256)
def body_esc(t, i):
    r = lambda k: struct.pack('<QIifbb6x', t-5, i*k, -1000*i, 11.5+k, 1, -k)
    return struct.pack('<QHhB3x', t, i, -i, 2) + r(1) + r(2)
def body_wide(t, i): return struct.pack('<qdQ5sH', -i*10**12, i/3, t, b'n%d' % (i % 10), 65535-i)

def full(n=60, with_sync=True):
    out = head() + flags() + definitions()
    out += info('char[7]', 'sys_name', b'PX4test') + info('char[3]', 'ver_sw', b'abc') + info('int32_t', 'time_ref_utc', struct.pack('<i', -7))
    out += multi(0, 'char[3]', 'perf', b'one') + multi(1, 'char[3]', 'perf', b'two') + multi(0, 'char[5]', 'perf', b'three')
    out += param('float', 'MC_ROLL_P', struct.pack('<f', 6.5)) + param('int32_t', 'SYS_AUTOSTART', struct.pack('<i', 4001))
    out += dparam(3, 'int32_t', 'SYS_AUTOSTART', struct.pack('<i', 0))
    out += add(0, 0, 'sensor_combined') + add(1, 7, 'sensor_combined') + add(0, 2, 'vehicle_attitude') + add(0, 3, 'esc_status') + add(0, 4, 'wide')
    for i in range(n):
        t = 1000000 + 4000*i
        out += data(0, body_sensor(t, i))
        if i % 2: out += data(7, body_sensor(t+1, 1000+i))
        if i % 3 == 0: out += data(2, body_attitude(t-3, i))
        if i % 5 == 0: out += data(3, body_esc(t+2, i))
        if i % 7 == 0: out += data(4, body_wide(t+9, i))
        if i % 10 == 5: out += log('6', t, f'[commander] line {i}')
        if i % 20 == 9: out += tagged('3', 300+i, t, f'tagged {i}')
        if i == 30: out += dropout(12) + param('float', 'MC_ROLL_P', struct.pack('<f', 7.25))
        if with_sync and i % 8 == 7: out += sync()
    return out

def appended(n=20):
    # Data up to a crash, then appended data; the message before the first offset is cut.
    base = definitions() + add(0, 0, 'sensor_combined')
    body = b''.join(data(0, body_sensor(1000000+4000*i, i)) for i in range(n))
    cut = data(0, body_sensor(5, 5))[:20]
    start = len(head()) + len(flags([1]))
    off = start + len(base) + len(body) + len(cut)
    tail = b''.join(log('2', 2000000+i, f'hardfault {i}') for i in range(3)) + add(0, 0, 'sensor_combined') + data(0, body_sensor(2000010, 3))
    return head() + flags([off]) + base + body + cut + tail

def text(value):
    return repr(float(value)) if isinstance(value, (np.floating, float)) else str(int(value))

def read(path):
    log = pyulog.ULog(path)
    topics = []
    for data in sorted(log.data_list, key=lambda d: (d.name, d.multi_id)):
        fields = {k: [text(x) for x in v] for k, v in sorted(data.data.items())}
        topics.append({'name': data.name, 'instance': data.multi_id, 'fields': fields})
    return {
        'program': 'pyulog', 'version': importlib.metadata.version('pyulog'), 'topics': topics,
        'log': [[m.log_level_str(), m.timestamp, m.message] for m in log.logged_messages],
        'tagged': [[t, m.log_level_str(), m.timestamp, m.message]
                   for t, ms in sorted(log.logged_messages_tagged.items()) for m in ms],
        'parameters': {k: text(v) for k, v in sorted(log.initial_parameters.items())},
        'changed': [[t, k, text(v)] for t, k, v in log.changed_parameters],
        'info': {k: str(v) for k, v in sorted(log.msg_info_dict.items())},
        'dropouts_ms': [d.duration for d in log.dropouts], 'corrupt': log.file_corruption,
    }

if __name__ == '__main__':
    folder = sys.argv[1]
    files = {'full': full(), 'appended': appended(), 'version0': head(version=0) + full()[16 + 43:]}
    for name, content in files.items():
        path = os.path.join(folder, name + '.ulg')
        with open(path, 'wb') as out:
            out.write(content)
        with open(os.path.join(folder, name + '.json'), 'w') as out:
            json.dump(read(path), out, separators=(',', ':'))
            out.write('\n')
