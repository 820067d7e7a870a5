#!/usr/bin/env python3
"""Reads a zvault vault without zvault: written from docs/format.md alone, on Python's standard library and the system's libcrypto.

decode-vault.py --vault DIR --key-file FILE [--head FILE] [--json] [--values]
Opens by key file, checks what docs/format.md says, prints what the vault holds, changes nothing. Exit code 0, or 1 with one line
`decode-vault: <what>: <why>`; what is one of unreadable, wrong-key, unsupported, damaged, old-keys, rolled-back, forked."""
import argparse, base64, ctypes, ctypes.util, hashlib, hmac, itertools, json, os, struct, sys

KINDS = {1: "identity", 2: "shares", 3: "key-file", 4: "passphrase", 5: "recipient"}
TRANSACTION, CHECKPOINT, _, _, PREDECESSORS = range(1, 6)
DESCRIPTION = ("class", "audience", "description", "createdBy", "created")
class Refused(Exception): pass
def need(condition, why, what="damaged"):
    if not condition: raise Refused(what, why)

def read(path):
    try:
        with open(path, "rb") as file: return file.read()
    except OSError as error:
        raise Refused("unreadable", f"{path}: {error.strerror}")

LIB, P, X25519, GCM_SET_TAG = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3"), ctypes.c_void_p, 1034, 0x11
for name in ("EVP_PKEY_new_raw_private_key", "EVP_PKEY_new_raw_public_key", "EVP_PKEY_CTX_new", "EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(LIB, name).restype = P

def x25519(private, public=None):
    """The shared secret, or, without `public`, one's own public key."""
    size, out, length = ctypes.c_size_t(32), ctypes.create_string_buffer(32), ctypes.c_size_t(32)
    mine = P(LIB.EVP_PKEY_new_raw_private_key(X25519, None, private, size))
    if public is None:
        assert LIB.EVP_PKEY_get_raw_public_key(mine, out, ctypes.byref(length)) == 1
        return out.raw
    context, theirs = P(LIB.EVP_PKEY_CTX_new(mine, None)), P(LIB.EVP_PKEY_new_raw_public_key(X25519, None, public, size))
    assert LIB.EVP_PKEY_derive_init(context) == 1 and LIB.EVP_PKEY_derive_set_peer(context, theirs) == 1
    need(LIB.EVP_PKEY_derive(context, out, ctypes.byref(length)) == 1 and any(out.raw), "keys: the shared secret is zero")
    return out.raw

def gcm_open(key, nonce, aad, sealed):
    """The plaintext, or None where the tag is wrong."""
    body, tag, got = sealed[:-16], sealed[-16:], ctypes.c_int()
    context, out = P(LIB.EVP_CIPHER_CTX_new()), ctypes.create_string_buffer(len(sealed) + 16)
    assert LIB.EVP_DecryptInit_ex(context, P(LIB.EVP_aes_256_gcm()), None, key, nonce) == 1
    assert LIB.EVP_DecryptUpdate(context, None, ctypes.byref(got), aad, len(aad)) == 1
    assert LIB.EVP_DecryptUpdate(context, out, ctypes.byref(got), body, len(body)) == 1
    good = len(tag) == 16 and LIB.EVP_CIPHER_CTX_ctrl(context, GCM_SET_TAG, 16, tag) == 1
    return out.raw[: len(body)] if good and LIB.EVP_DecryptFinal_ex(context, out, ctypes.byref(got)) == 1 else None

mac, sha256 = lambda key, data: hmac.new(key, data, hashlib.sha256).digest(), lambda data: hashlib.sha256(data).digest()
number = lambda raw: int.from_bytes(raw, "big")

def hkdf(key, salt, info):
    """RFC 5869 with SHA-256 and 32 bytes of output: one block."""
    return mac(mac(salt or bytes(32), key), info.encode() + b"\x01")

CRC = []
for value in range(256):
    for _ in range(8): value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC.append(value)

def crc32c(data):
    state = 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ CRC[(state ^ byte) & 255]
    return (state ^ 0xFFFFFFFF).to_bytes(4, "big")

def parse_keys(data):
    need(124 <= len(data) <= 65536 and data[:8] == b"zvkeys\x00\x01", "keys: not a keys file")
    form, vault, epoch, count, zero = struct.unpack(">I16sQHH", data[8:40])
    need(form == 1, f"keys: format {form}", "unsupported")
    need(1 <= count <= 16, f"keys: {count} slots")
    slots, at = [], 40
    for _ in range(count):
        slot = data[at : at + number(data[at : at + 2])]
        need(len(slot) >= 28, "keys: a slot is cut off")
        need(slot[2] in KINDS or slot[3] == 0, f"keys: slot of unknown kind {slot[2]}", "unsupported")
        slots.append(slot)
        at += len(slot)
    length = number(data[at : at + 4])
    need(at + 4 + length + 32 == len(data) and length >= 48, "keys: lengths do not add up")
    salt, sealed = data[at + 4 : at + 36], data[at + 36 : at + 4 + length]
    return {"vault": vault, "epoch": epoch, "slots": slots, "salt": salt, "sealed": sealed, "body": data[:-32], "mac": data[-32:]}

def root_of(keys, private):
    for slot in [slot for slot in keys["slots"] if slot[2] == 3]:
        at = 29 + slot[28]
        end = at + 34 + number(slot[at + 32 : at + 34])
        need(slot[end : end + 2] == b"\x00\x50" and len(slot) == end + 82, "keys: a slot's lengths do not add up")
        if slot[at : at + 32] == (public := x25519(private)):
            ephemeral, sealed = slot[end + 2 : end + 34], slot[end + 34 :]
            key = hkdf(x25519(private, ephemeral), ephemeral + public, "zvault slot")
            root = gcm_open(key, bytes(12), b"zvault slot\x00" + keys["vault"] + slot[:end], sealed)
            need(root, "keys: the wrap of the slot does not open")
            return root
    raise Refused("wrong-key", "no slot of the keys file is for this key file")

def open_keys(data, private):
    keys = parse_keys(data)
    root = root_of(keys, private)
    need(mac(hkdf(root, b"", "zvault keys mac"), keys["body"]) == keys["mac"], "keys: the MAC is wrong")
    ring = gcm_open(hkdf(root, keys["salt"], "zvault keyring"), bytes(12), keys["vault"] + struct.pack(">Q", keys["epoch"]), keys["sealed"])
    need(ring and len(ring) == 36 + 68 * number(ring[:4]) > 36, "keys: the keyring does not open")
    terms = {number(ring[at : at + 4]): ring[at + 4 : at + 36] for at in range(36, len(ring), 68)}
    return {**keys, "integrity": ring[4:36], "data": terms}

def read_key_file(path):
    words = read(path).decode("latin-1").removesuffix("\n").split(" ")
    key = bytes.fromhex(words[1]) if len(words) == 3 and set(words[1]) <= set("0123456789abcdef") and len(words[1]) == 64 else b""
    good = words == ["zvault-key-1", key.hex(), sha256(b"zvault-key-1 " + key)[:4].hex()]
    need(good, f"{path}: not a key file", "wrong-key")
    return key

def parse_header(data, vault):
    need(len(data) >= 128 and data[:8] == b"zvault\x00\x01" and crc32c(data[:124]) == data[124:128], "vault: the header is not whole")
    form, length, ident, lineage, generation, first = struct.unpack(">II16s16sQQ", data[8:64])
    need(form == 1 and length == 128, f"vault: format {form}", "unsupported")
    need(ident == vault and not any(data[64:124]), "vault: another one than the keys are for")
    return {"lineage": lineage, "generation": generation, "first": first, "predecessors": []}

def whole(data, at):
    """The length of the whole record at `at`, or 0."""
    length = number(data[at + 4 : at + 8])
    good = data[at : at + 4] == b"zvR1" and length % 8 == 0 and length >= 104 and at + length <= len(data)
    return length if good and crc32c(data[at : at + length - 4]) == data[at + length - 4 : at + length] else 0

def walk(data, header):
    """All whole records in order, checked for sequence and chain; and where they end."""
    records, at, chain, sequence = [], 128, sha256(data[:128]), header["first"]
    while length := whole(data, at):
        raw = data[at : at + length]
        kind, zero, term, seq, n, zero2, salt, before = struct.unpack(">B3sIQII32s32s", raw[8:96])
        need(seq == sequence, f"vault: record at {at}: {seq} stands where {sequence} belongs")
        need(before == chain, f"vault: record {seq}: does not follow the one before")
        need(TRANSACTION <= kind <= PREDECESSORS, f"vault: record {seq}: type {kind}", "unsupported")
        need(not any(zero) and zero2 == 0 and n >= 1 and 96 + 4 * n <= length - 4, f"vault: record {seq}: head")
        cell, cells = 96 + 4 * n, []
        for size in struct.unpack(f">{n}I", raw[96:cell]):
            cells.append((at + cell, raw[cell : cell + size]))
            cell += size
        need(cell <= length - 4 < cell + 8 and not any(raw[cell : length - 4]), f"vault: record {seq}: lengths")
        chain = sha256(raw)
        records.append({"seq": seq, "term": term, "kind": kind, "n": n, "salt": salt, "before": before, "cells": cells, "chain": chain})
        at, sequence = at + length, sequence + 1
    for later in range(at + 8, len(data), 8):
        need(not whole(data, later), f"vault: bad bytes at {at}, and whole records after them")
    return records, at

def open_cell(keys, header, record, index):
    data_key, where = keys["data"].get(record["term"]), f"vault: record {record['seq']}: cell {index}"
    need(data_key is not None, f"{where}: the keys file has no term {record['term']}", "old-keys")
    place = header["lineage"] + struct.pack(">QQ", header["generation"], record["seq"])
    about = struct.pack(">III", record["term"], record["kind"], record["n"]) + record["before"]
    aad = place + struct.pack(">I", index) if index else keys["vault"] + place + about
    key = hkdf(data_key, record["salt"], "zvault record")
    padded = gcm_open(key, index.to_bytes(12, "big"), b"zvault cell\x00" + aad, record["cells"][index][1])
    need(padded and len(padded) % 64 == 0, f"{where}: does not open")
    length = number(padded[:4])
    need(4 + length <= len(padded) < 4 + length + 64 and not any(padded[4 + length :]), f"{where}: padding")
    return padded[4 : 4 + length]

def apply(state, record, body, op):
    name = op["op"]
    secret = state["secrets"].get(op.get("path"))
    if name == "put":
        new = {"class": "secret", "audience": "env", "description": "", "createdBy": body["author"], "versions": []}
        secret = state["secrets"].setdefault(op["path"], {**new, "created": op.get("time", body["time"])})
        secret.update({key: op[key] for key in DESCRIPTION if key in op}, exposed=bool(op.get("exposed")))
        last = secret["versions"][-1]["number"] if secret["versions"] else 0
        version = {"id": op["id"], "parent": op["parent"], "number": op.get("number", last + 1), "state": op.get("state", "live"),
                   "time": op.get("time", body["time"]), "author": op.get("author", body["author"])}
        where = [(record["seq"], cell, at, len(sealed)) for cell, (at, sealed) in enumerate(record["cells"])]
        places = {field: where[cell] for field, cell in op["fields"].items()}
        secret["versions"].append({**version, "expand": bool(op.get("expand")), "fields": places})
    elif name in ("delete", "undelete", "destroy"):
        for version in [one for one in secret["versions"] if one["id"] in op.get("ids", [op.get("id")])]:
            version["state"] = {"delete": "deleted", "undelete": "live", "destroy": "destroyed"}[name]
            version["fields"] = {} if name == "destroy" else version["fields"]
    elif name == "describe":
        secret.update({key: op[key] for key in DESCRIPTION if key in op}, exposed=bool(op.get("exposed", secret["exposed"])))
    elif name == "project":
        state["projects"][op["project"]] = op["folder"]
    elif name == "allow":
        for have, more in zip(state["allowed"].setdefault(op["folder"], [[], []]), (op["refs"], op["dangerous"])):
            have += [one for one in more if one not in have]
    elif name == "keys-epoch":
        state["keys"] = {"epoch": op["epoch"], "sha256": op["sha256"]}
    elif name == "anchor":
        state["anchors"].append([op["segment"], op["lines"], op["hmac"]])
    elif name == "set":
        state["tables"].setdefault(op["table"], {})[op["key"]] = op["value"]
    else:
        raise Refused("unsupported", f"vault: record {record['seq']}: op {name}")

def there(tables):
    live = {name: {key: entry for key, entry in table.items() if entry is not None} for name, table in tables.items()}
    return {name: table for name, table in live.items() if table}

def from_checkpoint(body):
    text, table, secrets = body["texts"].__getitem__, body["records"], {}
    rows = lambda name, width: zip(*[iter(body[name])] * width)
    versions, fields, ids = rows("versions", 7), rows("fields", 5), map("".join, rows("ids", 32))
    for path, (*about, exposed, count) in zip(body["secrets"], rows("about", 7)):
        secrets[path] = {**dict(zip(DESCRIPTION, map(text, about))), "exposed": bool(exposed), "versions": []}
        for parent, nth, *row, expand, many in itertools.islice(versions, count):
            places = {text(name): (table[2 * record], *place) for name, record, *place in itertools.islice(fields, many)}
            version = dict(zip(("time", "author", "state"), map(text, row)), id=next(ids), parent=text(parent - 1) if parent else None)
            secrets[path]["versions"].append({**version, "number": nth, "expand": bool(expand), "fields": places})
    allowed = {folder: [refs, dangerous] for folder, refs, dangerous in body["allowed"]}
    state = {"secrets": secrets, "projects": dict(body["projects"]), "allowed": allowed, "keys": body["keys"], "anchors": body["anchors"]}
    return {**state, "tables": {name: dict(entries) for name, entries in body.get("tables", ())}}

def replay(keys, header, records):
    """The state after the last record. A checkpoint must say what the records before it say."""
    state = {"secrets": {}, "projects": {}, "allowed": {}, "tables": {}, "keys": None, "anchors": []}
    for record in records:
        body = json.loads(open_cell(keys, header, record, 0))
        need(body.get("v") == 1, f"vault: record {record['seq']}: version {body.get('v')}", "unsupported")
        if record["kind"] == CHECKPOINT:
            need(from_checkpoint(body) == {**state, "tables": there(state["tables"])}, f"vault: checkpoint {record['seq']} is not what the records before it say")
        elif record["kind"] == PREDECESSORS:
            header["predecessors"] = body["predecessors"]
        else:
            for op in body["ops"]:
                apply(state, record, body, op)
    return state

def check_head(data, keys, header, records, torn):
    """The table of docs/format.md, "Recovery"; where the audit log must reach to."""
    key, slots = hkdf(keys["integrity"], b"", "zvault head"), (data[:512], data[512:1024])
    good = [slot for slot in slots if slot[:4] == b"zvH1" and mac(key, slot[:480]) == slot[480:] and slot[16:32] == keys["vault"]]
    need(good, "head: neither slot is whole")
    lineage, generation, sequence, chain, *audit = struct.unpack(">16sQ16xQ32sIQ32s", max(good, key=lambda slot: slot[8:16])[32:156])
    if (lineage, generation) != (header["lineage"], header["generation"]):
        seen = {"lineage": lineage.hex(), "generation": generation, "sequence": sequence, "chain": chain.hex()}
        older = lineage == header["lineage"] and header["generation"] < generation
        need(seen in header["predecessors"], "vault: the head is of another generation", "rolled-back" if older else "forked")
        return audit
    last = records[-1]["seq"] if records else header["first"] - 1
    need(sequence <= last, f"vault: ends at {last}, the head says {sequence}", "damaged" if torn else "rolled-back")
    same = sequence < header["first"] or records[sequence - header["first"]]["chain"] == chain
    need(same, f"vault: record {sequence} is another one than the head says", "forked")
    return audit

def check_audit(folder, keys, anchors, head):
    """(segments, lines): the chain through all segments, closed ones against their anchors, the end against the head."""
    key, previous, sequence, ends, seen = hkdf(keys["integrity"], b"", "zvault audit"), "0" * 64, 0, {}, {}
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for segment, name in enumerate(names, 1):
        need(name == f"{segment:06}.jsonl", f"audit/{name}: the segment before it is missing")
        *lines, rest = read(os.path.join(folder, name)).split(b"\n")
        need(rest == b"", f"audit/{name}: the last line is cut off")
        for count, line in enumerate(lines, 1):
            body, _, tail = line.rpartition(b',"hmac":"')
            end, sequence, where = mac(key, body).hex(), sequence + 1, f"audit/{name}: line {count}"
            need(tail == end.encode() + b'"}', f"{where}: was changed")
            follows = body.endswith(f',"prev":"{previous}"'.encode()) and json.loads(line)["seq"] == sequence
            need(follows, f"{where}: not after the one before")
            previous = seen[sequence] = end
        ends[segment] = [segment, len(lines), previous]
    for anchor in anchors:
        need(ends.get(anchor[0]) == anchor, f"audit: segment {anchor[0]} does not end as its anchor says")
    if head:
        need(head[1] == 0 or seen.get(head[1]) == head[2].hex(), f"audit: line {head[1]} is gone, or another one than the head says")
    return len(names), sequence

def decode(vault, key_file, head_file, values):
    data, keys_data, new = read(f"{vault}/vault"), read(f"{vault}/keys"), f"{vault}/keys.new"
    keys = open_keys(keys_data, private := read_key_file(key_file))
    header = parse_header(data, keys["vault"])
    records, end = walk(data, header)
    state = replay(keys, header, records)
    head = check_head(read(head_file), keys, header, records, end < len(data)) if head_file else None
    if os.path.exists(new) and state["keys"] and sha256(read(new)).hex() == state["keys"]["sha256"]:
        keys = open_keys(keys_data := read(new), private)
    need(state["keys"] == {"epoch": keys["epoch"], "sha256": sha256(keys_data).hex()}, "keys: not the file that the log names", "old-keys")
    need(head or end == len(data), f"vault: cut off in the middle of a record, at {end}")
    segments, lines = check_audit(f"{vault}/audit", keys, state["anchors"], head)
    for fields in [version["fields"] for secret in state["secrets"].values() for version in secret["versions"]]:
        for name, (seq, cell, *_) in fields.items():
            value = open_cell(keys, header, records[seq - header["first"]], cell)
            fields[name] = base64.b64encode(value).decode() if values else len(value)
    found = {"vault": keys["vault"].hex(), "lineage": header["lineage"].hex(), "generation": header["generation"], "records": len(records)}
    found["slots"] = [{"kind": KINDS.get(slot[2], f"unknown {slot[2]}"), "id": slot[4:20].hex()} for slot in keys["slots"]]
    found.update(epoch=keys["epoch"], audit={"segments": segments, "lines": lines}, head="fits" if head else "not looked at")
    return {**found, "projects": state["projects"], "allowed": state["allowed"], "tables": there(state["tables"]), "secrets": state["secrets"]}

def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--vault", "--key-file", "--head", "--json", "--values"):
        arguments.add_argument(flag, **({"action": "store_true"} if flag in ("--json", "--values") else {"required": flag != "--head"}))
    given = arguments.parse_args()
    try:
        found = decode(given.vault, given.key_file, given.head, given.values)
    except (Refused, ValueError, LookupError, TypeError, AttributeError, struct.error) as failure:
        sys.exit("decode-vault: " + ": ".join(failure.args if isinstance(failure, Refused) else ("damaged", repr(failure))))
    if given.json: return print(json.dumps(found, indent=1))
    print(*(f"{name} {found[name]}" for name in ("vault", "generation", "records", "epoch")), sep=", ")
    for path, secret in found["secrets"].items():
        print(f"{path} ({secret['class']})", *(f"  {one['number']} {one['state']} {one['fields']}" for one in secret["versions"]), sep="\n")

main()
