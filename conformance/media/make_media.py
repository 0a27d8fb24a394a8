#!/usr/bin/env python3
"""Images, streams and files with what Pillow, OpenCV and ffmpeg make of them.

Everything is synthetic. Run: pip install numpy pillow opencv-python-headless; apt install ffmpeg;
python3 conformance/media/make_media.py
Writes streams beside itself and media.json.
"""

import base64
import hashlib
import io
import json
import pathlib
import struct
import subprocess

import cv2
import numpy as np
from PIL import Image
import PIL

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 43, 29


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def picture():
    """Gradients, an edge, fine texture and saturated colors; odd sizes."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    red = 128 + 100 * np.sin(x / 5) * np.cos(y / 7)
    green = 255 * x / WIDTH
    blue = 255 * y / HEIGHT
    rgb = np.stack([red, green, blue], axis=-1)
    rgb[8:19, 12:26] = [250, 20, 10]
    rng = np.random.default_rng(7)
    rgb += rng.normal(0, 12, rgb.shape)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def jpeg(image, **options):
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", **options)
    return out.getvalue()


def without_tables(data):
    """Motion JPEG: no DHT segments."""
    out, at = bytearray(data[:2]), 2
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at + 1] != 0xC4:
            out += data[at : at + 2 + length]
        at += 2 + length
    return bytes(out + data[at:])


def rvl(depth):
    """Wilson 2017, written from the listing of the paper."""
    nibbles = []

    def variable(value):
        while True:
            nibble, value = value & 7, value >> 3
            nibbles.append(nibble | (8 if value else 0))
            if not value:
                return

    flat, at, previous = depth.ravel().tolist(), 0, 0
    while at < len(flat):
        start = at
        while at < len(flat) and flat[at] == 0:
            at += 1
        variable(at - start)
        start = at
        while at < len(flat) and flat[at] != 0:
            at += 1
        variable(at - start)
        for value in flat[start:at]:
            delta, previous = value - previous, value
            variable((delta << 1) ^ (delta >> 31))
    words = b""
    for i in range(0, len(nibbles), 8):
        group = (nibbles[i : i + 8] + [0] * 8)[:8]
        word = 0
        for nibble in group:
            word = word << 4 | nibble
        words += struct.pack("<I", word)
    return struct.pack("<ii", depth.shape[1], depth.shape[0]) + words


def compressed():
    rgb = picture()
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    files = {
        "444": jpeg(rgb, quality=90, subsampling=0),
        "422": jpeg(rgb, quality=75, subsampling=1),
        "420": jpeg(rgb, quality=50, subsampling=2),
        "420_best": jpeg(rgb, quality=100, subsampling=2),
        "grey": jpeg(grey, quality=80),
        "optimized": jpeg(rgb, quality=80, optimize=True),
        "progressive_444": jpeg(rgb, quality=90, subsampling=0, progressive=True),
        "progressive_420": jpeg(rgb, quality=60, subsampling=2, progressive=True),
        "progressive_grey": jpeg(grey, quality=60, progressive=True),
        "tiny": jpeg(rgb[:3, :5], quality=90),
        "motion": without_tables(jpeg(rgb, quality=85, subsampling=1)),
    }
    for name, factor in [
        ("411", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411),
        ("440", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440),
    ]:
        options = [cv2.IMWRITE_JPEG_QUALITY, 88, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor, cv2.IMWRITE_JPEG_RST_INTERVAL, 3]
        files[name + "_restarts"] = cv2.imencode(".jpg", bgr, options)[1].tobytes()
    cases = []
    for name, data in files.items():
        # libjpeg has the standard's tables where a file has none.
        array = np.frombuffer(data, np.uint8)
        full = cv2.imdecode(array, cv2.IMREAD_GRAYSCALE)
        eighth = cv2.imdecode(array, cv2.IMREAD_REDUCED_GRAYSCALE_8)
        cases.append(
            {
                "name": name,
                "encoding": "jpeg",
                "file": b64(data),
                "width": full.shape[1],
                "height": full.shape[0],
                "grey": b64(full),
                "tolerance": 2,
                "eighth_width": eighth.shape[1],
                "eighth_height": eighth.shape[0],
                "eighth_sha256": hashlib.sha256(eighth.tobytes()).hexdigest(),
            }
        )
    deep = (bgr.astype(np.uint16) << 8) | 0x7F
    for name, image, expected in [
        ("png_grey", grey, grey),
        ("png_color", bgr, grey),
        ("png_alpha", np.dstack([bgr, grey]), grey),
        ("png_grey_16", deep[..., 0], bgr[..., 0]),
        ("png_color_16", deep, grey),
    ]:
        data = cv2.imencode(".png", image)[1].tobytes()
        cases.append({"name": name, "encoding": "png", "file": b64(data), "width": WIDTH, "height": HEIGHT, "grey": b64(expected), "tolerance": 0})
    return cases


def raw():
    rgb = picture()[:20, :34]
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    y, x = np.mgrid[0:20, 0:34]
    yuv = np.random.default_rng(3).integers(0, 256, (20, 34, 2), np.uint8)
    nv = np.random.default_rng(4).integers(0, 256, (30, 34), np.uint8)
    cases = [
        ("mono8", grey, grey, 0),
        ("8UC1", grey, grey, 0),
        ("rgb8", rgb, grey, 0),
        ("bgr8", bgr, grey, 0),
        ("rgba8", np.dstack([rgb, grey]), grey, 0),
        ("bgra8", np.dstack([bgr, grey]), grey, 0),
        ("mono16", (grey.astype("<u2") << 8) | 0x55, grey, 0),
        ("uyvy", yuv, cv2.cvtColor(yuv, cv2.COLOR_YUV2GRAY_UYVY), 0),
        ("yuv422", yuv, cv2.cvtColor(yuv, cv2.COLOR_YUV2GRAY_UYVY), 0),
        ("yuyv", yuv, cv2.cvtColor(yuv, cv2.COLOR_YUV2GRAY_YUY2), 0),
        ("nv12", nv, cv2.cvtColor(nv, cv2.COLOR_YUV2GRAY_NV12), 0),
        ("nv21", nv, cv2.cvtColor(nv, cv2.COLOR_YUV2GRAY_NV21), 0),
    ]
    # Smooth, so that interpolation hardly matters; OpenCV names a pattern by its second row.
    smooth = np.stack([100 + x, 60 + 2 * y, 200 - x - y], axis=-1).astype(np.uint8)
    for pattern, code, offsets in [
        ("rggb", cv2.COLOR_BayerBG2GRAY, [0, 1, 1, 2]),
        ("bggr", cv2.COLOR_BayerRG2GRAY, [2, 1, 1, 0]),
        ("gbrg", cv2.COLOR_BayerGR2GRAY, [1, 2, 0, 1]),
        ("grbg", cv2.COLOR_BayerGB2GRAY, [1, 0, 2, 1]),
    ]:
        mosaic = np.zeros((20, 34), np.uint8)
        for i, channel in enumerate(offsets):
            mosaic[i // 2 :: 2, i % 2 :: 2] = smooth[i // 2 :: 2, i % 2 :: 2, channel]
        cases.append((f"bayer_{pattern}8", mosaic, cv2.cvtColor(mosaic, code), 3))
    return [
        {"encoding": encoding, "width": 34, "height": 20, "step": data.nbytes // data.shape[0], "data": b64(data.tobytes()), "grey": b64(expected), "tolerance": tolerance}
        for encoding, data, expected, tolerance in cases
    ]


def depth():
    y, x = np.mgrid[0:20, 0:30]
    millimeters = (500 + 40 * x + 111 * y).astype(np.uint16)
    millimeters[5:8, 3:20] = 0
    header = struct.pack("<iff", 0, 0.0, 0.0)
    png = cv2.imencode(".png", millimeters)[1].tobytes()
    # compressed_depth_image_transport: depth = a / (value - b), quantized for depth_quantization 100, depth_max 10.
    a, b = 100.0 * (100.0 + 1.0), 1.0 - 100.0 * (100.0 + 1.0) / 10.0
    meters = np.where(millimeters > 0, millimeters / 1000.0, np.nan).astype(np.float32)
    inverse = np.where(np.isfinite(meters), a / meters + b, 0).astype(np.uint16)
    lossy = np.where(inverse > 0, np.float32(a) / (inverse.astype(np.float32) - np.float32(b)), np.nan).astype(np.float32)
    quantized = struct.pack("<iff", 0, a, b) + cv2.imencode(".png", inverse)[1].tobytes()
    cases = [
        ("16UC1; compressedDepth png", header + png, meters),
        ("16UC1; compressedDepth rvl", header + rvl(millimeters), meters),
        ("32FC1; compressedDepth png", quantized, lossy),
        ("32FC1; compressedDepth rvl", struct.pack("<iff", 0, a, b) + rvl(inverse), lossy),
        ("16UC1; png compressed", png, meters),
    ]
    return [
        {"encoding": encoding, "file": b64(data), "width": 30, "height": 20, "meters": b64(expected.astype("<f4").tobytes())}
        for encoding, data, expected in cases
    ]


STREAMS = [
    ("bframes.h264", "322x182", 15, "-c:v libx264 -g 10 -bf 2 -x264-params b-adapt=0:scenecut=0:aud=1"),
    ("plain.h264", "160x90", 15, "-c:v libx264 -g 10 -bf 0 -tune zerolatency -x264-params scenecut=0"),
    ("bframes.h265", "162x90", 15, "-c:v libx265 -x265-params keyint=10:min-keyint=10:bframes=3:b-adapt=0:scenecut=0:aud=1"),
    ("plain.h265", "96x64", 25, "-c:v libx265 -x265-params keyint=10:bframes=0:open-gop=0:scenecut=0"),
    ("aom.obu", "160x90", 15, "-c:v libaom-av1 -cpu-used 8 -g 10"),
    ("short.mp4", "160x90", 30, "-c:v libx264 -g 20 -bf 2"),
    ("fragmented.mp4", "160x90", 30, "-c:v libx264 -g 20 -bf 0 -movflags +frag_keyframe+empty_moov"),
]


def probe(path, what):
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-of", "json", what, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def streams():
    cases = []
    for name, size, rate, options in STREAMS:
        path = HERE / name
        command = f"ffmpeg -v error -y -f lavfi -i testsrc=size={size}:rate={rate}:duration=2 -pix_fmt yuv420p -bitexact {options} {name}"
        subprocess.run(command.split(), check=True, cwd=HERE, stderr=subprocess.DEVNULL)
        stream = probe(path, "-show_streams")["streams"][0]
        packets = probe(path, "-show_packets")["packets"]
        kinds = {f["pkt_pos"]: f["pict_type"] for f in probe(path, "-show_frames")["frames"] if "pkt_pos" in f}
        cases.append(
            {
                "file": name,
                "command": command,
                "codec": stream["codec_name"],
                "width": stream["width"],
                "height": stream["height"],
                "fps": stream["r_frame_rate"],
                "units": [
                    {"position": int(p["pos"]), "bytes": int(p["size"]), "key": p["flags"].startswith("K"), "type": kinds.get(p["pos"], "?")}
                    for p in packets
                ],
            }
        )
    return cases


def main():
    ffmpeg = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout.split()[2]
    document = {
        "peers": {"opencv": cv2.__version__, "pillow": PIL.__version__, "numpy": np.__version__, "ffmpeg": ffmpeg},
        "compressed": compressed(),
        "raw": raw(),
        "depth": depth(),
        "streams": streams(),
    }
    (HERE / "media.json").write_text(json.dumps(document, indent=1) + "\n")


main()
