"""Makes `tlog_made.json`, a small log with its tiles and files, by the letter of RFC 6962 and C2SP, and a fuzz corpus of such files.

    python3 conformance/tlog/make_tlog.py [FOLDER_FOR_THE_CORPUS]

Needs the package `cryptography` (48.0.0) for Ed25519; everything else is written out here, apart from the code it tests.
"""

import base64
import hashlib
import json
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "example.com/log"
SIZES = [1, 5, 256, 300, 70000]


def sha(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


def entry(i):
    return b"entry %d" % i


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves):
    """RFC 6962, section 2.1, level by level: an odd last hash rises unchanged, which gives the same root."""
    if not leaves:
        return sha(b"")
    row = leaves
    while len(row) > 1:
        pairs = [sha(b"\1" + row[i] + row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = pairs + ([row[-1]] if len(row) % 2 else [])
    return row[0]


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], whole) + [mth(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [mth(leaves[:k])]


class Key:
    def __init__(self, name, kind, seed):
        self.name, self.kind, self.seed = name, kind, seed
        self.secret = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.secret.public_key().public_bytes_raw()
        self.id = sha(name.encode() + b"\n" + bytes([kind]) + self.public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(bytes([kind]) + self.public)}"
        self.skey = f"PRIVATE+KEY+{name}+{self.id.hex()}+{b64(bytes([kind]) + seed)}"

    def line(self, text, time=None):
        if self.kind == 4:
            message = f"cosignature/v1\ntime {time}\n{text}"
            signature = struct.pack(">Q", time) + self.secret.sign(message.encode())
        else:
            signature = self.secret.sign(text.encode())
        return f"\u2014 {self.name} {b64(self.id + signature)}\n"


def tile_name(level, index, width):
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/" + "/".join(parts) + (f".p/{width}" if width < 256 else "")


def tiles(leaves):
    found, row, level = {}, leaves, 0
    while row:
        for start in range(0, len(row), 256):
            part = row[start : start + 256]
            found[tile_name(level, start // 256, len(part))] = b"".join(part)
        row = [mth(row[i : i + 256]) for i in range(0, len(row) - 255, 256)]
        level += 1
    return found


def checkpoint(head, keys, time):
    text = f"{ORIGIN}\n{head[0]}\n{b64(head[1])}\n"
    return text + "\n" + "".join(key.line(text, time) for key in keys)


def lines(hashes):
    return "".join(b64(h) + "\n" for h in hashes)


def main():
    log, witness = Key(ORIGIN, 1, b"\1" * 32), Key("witness.example/w1", 4, b"\x65" * 32)
    new = Key(ORIGIN, 1, b"\2" * 32)
    leaves = [sha(b"\0" + entry(i)) for i in range(max(SIZES))]
    cases, texts = [], []
    for old, size in zip([0] + SIZES, SIZES):
        now = leaves[:size]
        root = mth(now)
        signed = checkpoint((size, root), [log, witness], 1_700_000_000 + size)
        index = size * 2 // 3
        proof = f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines(path(index, now))}\n{signed}"
        grown = subproof(old, now, True) if old else []
        request = f"old {old}\n{lines(grown)}\n{checkpoint((size, root), [log], 0)}"
        files = {name: sha(data).hex() for name, data in tiles(now).items()}
        joined = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
        cases.append({
            "size": size, "index": index, "tiles": len(files),
            "tiles_sha256": sha(joined.encode()).hex(),
            "tlog_proof": proof, "request": request,
            "answer": witness.line(f"{ORIGIN}\n{size}\n{b64(root)}\n", 1_700_000_000 + size),
        })
        texts += [signed, proof, request]
    text = f"fieldassay-key-rotation/v1\n{ORIGIN}\n5\n{b64(mth(leaves[:5]))}\n{new.vkey}\n"
    rotation = text + "\n" + log.line(text) + new.line(text)
    here = pathlib.Path(__file__).parent
    made = {
        "entries": "entry 0, entry 1, ...", "log_skey": log.skey, "log_vkey": log.vkey,
        "witness_skey": witness.skey, "witness_vkey": witness.vkey, "logs": cases,
        "rotation": rotation, "rotation_new_vkey": new.vkey,
    }
    with open(here / "tlog_made.json", "w", encoding="utf-8") as out:
        json.dump(made, out, indent=1, ensure_ascii=False)
        out.write("\n")
    if len(sys.argv) > 1:
        corpus(pathlib.Path(sys.argv[1]), texts + [rotation], [log, witness], leaves)


def corpus(folder, texts, keys, leaves):
    digest = "a" * 64
    payload = json.dumps({
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": {"batch": 1, "failed": 0, "operation": {
            "actor": digest, "inputs": [], "plan_sha256": digest, "time": "2026-01-01T00:00:00.000Z"}},
        "predicateType": "https://github.com/fieldassay/fieldassay/predicate/ingest/v1",
        "subject": [{"digest": {"sha256": digest}, "name": "a"}],
    }, sort_keys=True, separators=(",", ":"))
    kind = "application/vnd.in-toto+json"
    pae = f"DSSEv1 {len(kind)} {kind} {len(payload)} {payload}"
    envelope = json.dumps({"payload": b64(payload.encode()), "payloadType": kind,
                           "signatures": [{"keyid": "a", "sig": b64(keys[0].secret.sign(pae.encode()))}]})
    texts = texts + [payload, envelope, texts[0].split("\n\n")[0] + "\n", "tile/1/x001/234.p/5", "tile/entries/000"]
    texts += [key.vkey for key in keys] + [key.skey for key in keys]
    for kind, inputs in [
        ("log_texts", [text.encode() for text in texts if len(text) < 20_000]),
        ("log_tiles", [
            struct.pack(">BQ", width, size) + data
            for width, size, data in [
                (5, 5, b"".join(leaves[:5])),
                (44, 300, b"".join(leaves[:44])),
                (0, 256, b"".join(leaves[:256])),
                (2, 2, struct.pack(">H", 3) + b"one" + struct.pack(">H", 0)),
                (3, 1 << 62, b"".join(leaves[:62])),
            ]
        ]),
    ]:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(inputs):
            (folder / kind / f"{number:02}").write_bytes(data)


if __name__ == "__main__":
    main()
