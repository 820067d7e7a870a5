#!/usr/bin/env python3
"""Reads a zvault vault without zvault: written from docs/format.md alone, on Python's standard library and the system's libcrypto.

decode-vault.py --vault DIR --key-file FILE [--head FILE] [--json] [--values]

Opens by key file, checks everything that docs/format.md says can be checked, prints what the vault holds. Changes nothing.
Exit code 0, or 1 with one line `decode-vault: <what>: <why>`, what one of: unreadable, wrong-key, unsupported, damaged, rolled-back, forked."""

import argparse, base64, ctypes, ctypes.util, hashlib, hmac, json, os, struct, sys

KINDS = {1: "identity", 2: "shares", 3: "key-file", 4: "passphrase", 5: "recipient"}
TYPES = {1: "transaction", 2: "checkpoint", 3: "keys-epoch", 4: "machine", 5: "predecessors"}
DESCRIPTION = ("class", "audience", "description", "createdBy", "created")


class Refused(Exception):
    """(what, why)"""


def need(condition, why, what="damaged"):
    if not condition:
        raise Refused(what, why)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Refused("unreadable", f"{path}: {error.strerror}")


# ---- primitives ------------------------------------------------------------------------------------------------------------------

LIB = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
for name in ("EVP_PKEY_new_raw_private_key", "EVP_PKEY_new_raw_public_key", "EVP_PKEY_CTX_new", "EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(LIB, name).restype = ctypes.c_void_p
X25519, GCM_SET_TAG, P = 1034, 0x11, ctypes.c_void_p


def x25519_public(private):
    key = P(LIB.EVP_PKEY_new_raw_private_key(X25519, None, private, ctypes.c_size_t(32)))
    out, length = ctypes.create_string_buffer(32), ctypes.c_size_t(32)
    assert LIB.EVP_PKEY_get_raw_public_key(key, out, ctypes.byref(length)) == 1
    return out.raw


def x25519(private, public):
    mine = P(LIB.EVP_PKEY_new_raw_private_key(X25519, None, private, ctypes.c_size_t(32)))
    theirs = P(LIB.EVP_PKEY_new_raw_public_key(X25519, None, public, ctypes.c_size_t(32)))
    context = P(LIB.EVP_PKEY_CTX_new(mine, None))
    out, length = ctypes.create_string_buffer(32), ctypes.c_size_t(32)
    assert LIB.EVP_PKEY_derive_init(context) == 1 and LIB.EVP_PKEY_derive_set_peer(context, theirs) == 1
    # libcrypto itself refuses an all-zero result
    need(LIB.EVP_PKEY_derive(context, out, ctypes.byref(length)) == 1 and any(out.raw), "a slot's ephemeral key gives nothing")
    return out.raw


def gcm_open(key, nonce, aad, sealed):
    """The plaintext, or None where the tag is wrong."""
    if len(sealed) < 16:
        return None
    context, got = P(LIB.EVP_CIPHER_CTX_new()), ctypes.c_int()
    out = ctypes.create_string_buffer(len(sealed) + 16)
    body, tag = sealed[:-16], sealed[-16:]
    try:
        assert LIB.EVP_DecryptInit_ex(context, P(LIB.EVP_aes_256_gcm()), None, key, nonce) == 1
        assert LIB.EVP_DecryptUpdate(context, None, ctypes.byref(got), aad, len(aad)) == 1
        assert LIB.EVP_DecryptUpdate(context, out, ctypes.byref(got), body, len(body)) == 1
        assert LIB.EVP_CIPHER_CTX_ctrl(context, GCM_SET_TAG, 16, ctypes.c_char_p(tag)) == 1
        return out.raw[: len(body)] if LIB.EVP_DecryptFinal_ex(context, out, ctypes.byref(got)) == 1 else None
    finally:
        LIB.EVP_CIPHER_CTX_free(context)


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(key, salt, info):
    """RFC 5869 with SHA-256 and 32 bytes of output: one block."""
    return mac(mac(salt or bytes(32), key), info.encode() + b"\x01")


def sha256(data):
    return hashlib.sha256(data).digest()


CRC = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC.append(value)


def crc32c(data):
    state = 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ CRC[(state ^ byte) & 255]
    return state ^ 0xFFFFFFFF


# ---- keys ------------------------------------------------------------------------------------------------------------------------


def parse_keys(data):
    need(len(data) <= 65536 and data[:8] == b"zvkeys\x00\x01", "keys: not a keys file")
    need(len(data) >= 40, "keys: too short")
    form, vault, epoch, count, zero = struct.unpack(">I16sQHH", data[8:40])
    need(form == 1, f"keys: format {form}", "unsupported")
    need(epoch >= 1 and 1 <= count <= 16 and zero == 0, "keys: bad head")
    slots, at = [], 40
    for _ in range(count):
        length = int.from_bytes(data[at : at + 2], "big")
        slot = data[at : at + length]
        need(length >= 29 and len(slot) == length, "keys: a slot is cut off")
        kind, critical, label = slot[2], slot[3], slot[28]
        need(kind in KINDS or critical == 0, f"keys: slot of unknown kind {kind}", "unsupported")
        slots.append({"kind": kind, "id": slot[4:20].hex(), "label": slot[29 : 29 + label].decode("ascii", "replace"), "bytes": slot})
        at += length
    need(len(data) >= at + 4 + 32 + 16 + 32, "keys: cut off")
    length = int.from_bytes(data[at : at + 4], "big")
    need(at + 4 + length + 32 == len(data) and length >= 48, "keys: lengths do not add up")
    salt, sealed = data[at + 4 : at + 36], data[at + 36 : at + 4 + length]
    return {"vault": vault, "epoch": epoch, "slots": slots, "salt": salt, "sealed": sealed, "body": data[:-32], "mac": data[-32:]}


def root_of(keys, private):
    public, broken = x25519_public(private), False
    for slot in keys["slots"]:
        if slot["kind"] != 3:
            continue
        raw = slot["bytes"]
        at = 29 + raw[28]
        parameters = at + 34 + int.from_bytes(raw[at + 32 : at + 34], "big")
        wrap = raw[parameters + 2 :]
        need(len(wrap) == 80 and raw[parameters : parameters + 2] == b"\x00\x50", "keys: a slot's lengths do not add up")
        if raw[at : at + 32] != public:
            continue
        ephemeral, aad = wrap[:32], b"zvault slot\x00" + keys["vault"] + raw[:parameters]
        root = gcm_open(hkdf(x25519(private, ephemeral), ephemeral + public, "zvault slot"), bytes(12), aad, wrap[32:])
        if root is not None:
            return root
        broken = True
    raise Refused("damaged", "keys: the slot does not open") if broken else Refused("wrong-key", "no slot for this key file")


def open_keys(data, private):
    keys = parse_keys(data)
    root = root_of(keys, private)
    need(hmac.compare_digest(mac(hkdf(root, b"", "zvault keys mac"), keys["body"]), keys["mac"]), "keys: MAC is wrong")
    ring = gcm_open(hkdf(root, keys["salt"], "zvault keyring"), bytes(12), keys["vault"] + struct.pack(">Q", keys["epoch"]), keys["sealed"])
    need(ring is not None and len(ring) >= 36, "keys: the keyring does not open")
    terms = int.from_bytes(ring[:4], "big")
    need(len(ring) == 36 + 68 * terms and terms >= 1, "keys: the keyring's length is wrong")
    keys["integrity"] = ring[4:36]
    keys["data"] = {int.from_bytes(ring[at : at + 4], "big"): ring[at + 4 : at + 36] for at in range(36, len(ring), 68)}
    return keys


def read_key_file(path):
    words = read(path).decode("ascii", "replace").split()
    good = len(words) == 3 and words[0] == "zvault-key-1" and len(words[1]) == 64 and len(words[2]) == 8
    try:
        key = bytes.fromhex(words[1]) if good else b""
    except ValueError:
        key = b""
    need(len(key) == 32 and sha256(b"zvault-key-1 " + key)[:4].hex() == words[2], f"{path}: not a key file", "unreadable")
    return key


# ---- log -------------------------------------------------------------------------------------------------------------------------


def parse_header(data, vault):
    need(len(data) >= 128 and data[:8] == b"zvault\x00\x01", "vault: not a log")
    need(crc32c(data[:124]) == int.from_bytes(data[124:128], "big"), "vault: header: checksum")
    form, length, ident, lineage, generation, first = struct.unpack(">II16s16sQQ", data[8:64])
    need(form == 1 and length == 128, f"vault: format {form}", "unsupported")
    need(ident == vault, "vault: not the vault that the keys are for")
    need(not any(data[64:124]) and generation >= 1, "vault: header")
    return {"lineage": lineage, "generation": generation, "first": first}


def whole(data, at):
    """The length of the whole record at `at`, or 0."""
    if data[at : at + 4] != b"zvR1" or at + 104 > len(data):
        return 0
    length = int.from_bytes(data[at + 4 : at + 8], "big")
    if length % 8 or length < 104 or at + length > len(data):
        return 0
    return length if crc32c(data[at : at + length - 4]) == int.from_bytes(data[at + length - 4 : at + length], "big") else 0


def walk(data, header):
    """All whole records in order, checked for sequence and chain; and where they end."""
    records, at, chain, sequence = [], 128, sha256(data[:128]), header["first"]
    while length := whole(data, at):
        raw = data[at : at + length]
        kind, zero, term, seq, n, zero2, salt, before = struct.unpack(">B3sIQII32s32s", raw[8:96])
        need(seq == sequence, f"vault: record at {at}: sequence {seq} where {sequence} belongs")
        need(before == chain, f"vault: record {seq}: the chain does not hold")
        need(kind in TYPES, f"vault: record {seq}: type {kind}", "unsupported")
        need(not any(zero) and zero2 == 0 and n >= 1 and 96 + 4 * n <= length - 4, f"vault: record {seq}: head")
        lengths, cells, cell = struct.unpack(f">{n}I", raw[96 : 96 + 4 * n]), [], 96 + 4 * n
        for size in lengths:
            cells.append((at + cell, raw[cell : cell + size]))
            cell += size
        need(cell <= length - 4 < cell + 8 and not any(raw[cell : length - 4]), f"vault: record {seq}: lengths")
        record = {"at": at, "seq": seq, "term": term, "type": TYPES[kind], "kind": kind, "n": n, "salt": salt, "before": before, "cells": cells}
        record["chain"] = chain = sha256(raw)
        records.append(record)
        at, sequence = at + length, sequence + 1
    for later in range(at + 8, len(data), 8):
        need(not whole(data, later), f"vault: bad bytes at {at} with whole records after them")
    return records, at


def open_cell(keys, header, record, index):
    data_key = keys["data"].get(record["term"])
    need(data_key is not None, f"vault: record {record['seq']}: no key of term {record['term']}", "wrong-key")
    aad = b"zvault cell\x00"
    place = header["lineage"] + struct.pack(">QQ", header["generation"], record["seq"])
    if index == 0:
        aad += keys["vault"] + place + struct.pack(">III", record["term"], record["kind"], record["n"]) + record["before"]
    else:
        aad += place + struct.pack(">I", index)
    padded = gcm_open(hkdf(data_key, record["salt"], "zvault record"), index.to_bytes(12, "big"), aad, record["cells"][index][1])
    need(padded is not None and len(padded) >= 64, f"vault: record {record['seq']}: cell {index} does not open")
    length = int.from_bytes(padded[:4], "big")
    need(len(padded) % 64 == 0 and 4 + length <= len(padded) < 4 + length + 64, f"vault: record {record['seq']}: cell {index}: padding")
    need(not any(padded[4 + length :]), f"vault: record {record['seq']}: cell {index}: padding")
    return padded[4 : 4 + length]


# ---- replay ----------------------------------------------------------------------------------------------------------------------


def apply(state, record, body, op):
    name = op["op"]
    secret = state["secrets"].get(op.get("path"))
    versions = secret["versions"] if secret else []
    if name == "put":
        if secret is None:
            secret = state["secrets"][op["path"]] = {"created": body["time"], "exposed": False, "versions": versions}
        secret.update({key: op[key] for key in DESCRIPTION if key in op}, exposed=bool(op.get("exposed")))
        fields = {}
        for field, cell in op["fields"].items():
            at, sealed = record["cells"][cell]
            fields[field] = (record["seq"], cell, at, len(sealed))
        number = op.get("number", versions[-1]["number"] + 1 if versions else 1)
        versions.append({"id": op["id"], "parent": op["parent"], "number": number, "time": op.get("time", body["time"]),
                         "author": op.get("author", body["author"]), "state": op.get("state", "live"),
                         "expand": bool(op.get("expand")), "fields": fields})  # fmt: skip
    elif name in ("delete", "undelete", "destroy"):
        for version in versions:
            if version["id"] in op.get("ids", [op.get("id")]):
                version["state"] = {"delete": "deleted", "undelete": "live", "destroy": "destroyed"}[name]
                version["fields"] = {} if name == "destroy" else version["fields"]
    elif name == "describe":
        secret.update({key: op[key] for key in DESCRIPTION if key in op})
        secret["exposed"] = bool(op.get("exposed", secret["exposed"]))
    elif name == "project":
        state["projects"][op["project"]] = op["folder"]
    elif name == "allow":
        state["allowed"][op["folder"]] = [op["refs"], op["dangerous"]]
    elif name == "keys-epoch":
        state["keys"] = {"epoch": op["epoch"], "sha256": op["sha256"]}
    elif name == "anchor":
        state["anchors"].append([op["segment"], op["lines"], op["hmac"]])
    else:
        raise Refused("unsupported", f"vault: record {record['seq']}: op {name}")


def from_checkpoint(body):
    records, secrets = body["records"], {}
    for path, klass, audience, description, created_by, created, exposed, versions in body["secrets"]:
        secret = {"class": klass, "audience": audience, "description": description, "createdBy": created_by, "created": created}
        secret = secrets[path] = {**secret, "exposed": bool(exposed), "versions": []}
        for ident, parent, number, time, author, state, expand, fields in versions:
            fields = {name: (records[index][0], cell, at, length) for name, index, cell, at, length in fields}
            secret["versions"].append({"id": ident, "parent": parent, "number": number, "time": time, "author": author, "state": state,
                                       "expand": bool(expand), "fields": fields})  # fmt: skip
    allowed = {folder: [refs, dangerous] for folder, refs, dangerous in body["allowed"]}
    return {"secrets": secrets, "projects": dict(body["projects"]), "allowed": allowed, "keys": body["keys"], "anchors": body["anchors"]}


def replay(keys, header, records):
    """The state after the last record. Every checkpoint must say what the records before it say."""
    state = {"secrets": {}, "projects": {}, "allowed": {}, "keys": None, "anchors": []}
    for record in records:
        body = document(open_cell(keys, header, record, 0), f"record {record['seq']}")
        need(body.get("v") == 1, f"vault: record {record['seq']}: version {body.get('v')}", "unsupported")
        if record["type"] == "checkpoint":
            said = from_checkpoint(body)
            for part in ("secrets", "projects", "allowed"):
                need(said[part] == state[part], f"vault: checkpoint {record['seq']}: its {part} are not those of the records before it")
            state = said
        elif record["type"] != "predecessors":
            for op in body["ops"]:
                apply(state, record, body, op)
    return state


# ---- head and audit log ----------------------------------------------------------------------------------------------------------


def check_head(data, keys, header, records, torn):
    """The table of docs/format.md, "Recovery"."""
    key, best = hkdf(keys["integrity"], b"", "zvault head"), None
    for slot in (data[:512], data[512:1024]):
        if len(slot) == 512 and slot[:4] == b"zvH1" and mac(key, slot[:480]) == slot[480:]:
            best = slot if best is None or slot[8:16] > best[8:16] else best
    if best is None or best[16:32] != keys["vault"]:
        return None
    lineage, generation, sequence, chain = struct.unpack(">16sQ16xQ32s", best[32:112])
    if (lineage, generation) != (header["lineage"], header["generation"]):
        listed = {"lineage": lineage.hex(), "generation": generation, "sequence": sequence, "chain": chain.hex()}
        need(listed in header["predecessors"], "vault: the head is of another generation", "rolled-back")
    else:
        last = records[-1]["seq"] if records else header["first"] - 1
        need(sequence <= last, f"vault: ends at {last}, the head says {sequence}", "damaged" if torn else "rolled-back")
        same = [chain] if sequence < header["first"] else [record["chain"] for record in records if record["seq"] == sequence]
        need(chain in same, f"vault: record {sequence} is another one than the head says", "forked")
    return dict(zip(("segment", "line", "hmac"), struct.unpack(">IQ32s", best[112:156])))


def check_audit(folder, keys, anchors, head):
    """(segments, lines): the chain through all segments, the closed ones against the anchors, the end against the head."""
    key, previous, sequence, ends, seen = hkdf(keys["integrity"], b"", "zvault audit"), "0" * 64, 0, {}, {}
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for segment, name in enumerate(names, 1):
        need(name == f"{segment:06}.jsonl", f"audit/{name}: a segment is missing before it")
        lines = read(os.path.join(folder, name)).split(b"\n")
        need(lines.pop() == b"", f"audit/{name}: the last line is cut off")
        for number, line in enumerate(lines, 1):
            body, _, tail = line.rpartition(b',"hmac":"')
            end = mac(key, body).hex()
            need(tail == end.encode() + b'"}', f"audit/{name}: line {number}: changed")
            sequence += 1
            need(body.endswith(f',"prev":"{previous}"'.encode()), f"audit/{name}: line {number}: not after the line before")
            need(json.loads(line)["seq"] == sequence, f"audit/{name}: line {number}: sequence")
            previous = seen[sequence] = end
        ends[segment] = [segment, len(lines), previous]
    for anchor in anchors:
        need(ends.get(anchor[0]) == anchor, f"audit: segment {anchor[0]} does not end where its anchor says")
    if head and head["line"]:
        need(seen.get(head["line"]) == head["hmac"].hex(), f"audit: line {head['line']} is not there or another one than the head says")
    return len(names), sequence


# ---- all of it -------------------------------------------------------------------------------------------------------------------


def decode(vault, key_file, head_file):
    data = read(os.path.join(vault, "vault"))
    keys_data, waiting = read(os.path.join(vault, "keys")), os.path.join(vault, "keys.new")
    keys = open_keys(keys_data, read_key_file(key_file))
    header = parse_header(data, keys["vault"])
    records, end = walk(data, header)
    torn = end < len(data)
    state = replay(keys, header, records)
    if state["keys"]["sha256"] != sha256(keys_data).hex() and os.path.exists(waiting):
        keys_data = read(waiting)
        keys = open_keys(keys_data, read_key_file(key_file))
    need(state["keys"] == {"epoch": keys["epoch"], "sha256": sha256(keys_data).hex()}, "keys: not the file that the log names")
    head = check_head(read(head_file), keys, header, records, torn) if head_file else None
    need(head or not torn, f"vault: cut off in the middle of a record at {end}")
    audit = check_audit(os.path.join(vault, "audit"), keys, state["anchors"], head)
    return keys, header, records, state, audit, head
