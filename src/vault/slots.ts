/**
 * Slots: each is one way back to the root key, an X25519 recipient to which the root key is sealed (docs/format.md, "Slots").
 *
 *  0  2  length of the slot            28  1  length of the label, then the label (printable ASCII)
 *  2  1  kind                          …  32  public key
 *  3  1  1 = critical                  …   2  length of the parameters, then these
 *  4 16  id                            …   2  length of the wrap, then: 32 ephemeral key ‖ 32 ‖ 16 tag
 * 20  8  created, ms since 1970
 *
 * AAD of the wrap: "zvault slot" 0x00 ‖ vault id ‖ the slot's bytes before the wrap's length.
 */
import type { SlotInfo, SlotKind } from "../calls/vault.ts";
import { fromHex, hex, sha256 } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import { newerFormat } from "./format-version.ts";

export const slotInfo = "zvault slot";
const kinds: readonly SlotKind[] = ["identity", "shares", "key-file", "passphrase", "recipient"];
const labelShape = /^[\x20-\x7e]{0,64}$/;

export type Kdf = { memoryKiB: number; passes: number; lanes: number };

export type Slot = {
  /** undefined: a kind this build does not know; its bytes are kept as they are */
  kind: SlotKind | undefined;
  id: string;
  created: Date;
  label: string;
  public: Uint8Array;
  shares?: { threshold: number; count: number };
  kdf?: Kdf & { salt: Uint8Array };
  /** of an identity: its Ed25519 public key */
  signing?: Uint8Array;
  wrap: Uint8Array;
};

function parameters(slot: Slot): Uint8Array {
  if (slot.kind === "shares" && slot.shares) return Uint8Array.of(slot.shares.threshold, slot.shares.count);
  if (slot.kind === "identity" && slot.signing) return slot.signing;
  if (slot.kind === "passphrase" && slot.kdf) {
    const bytes = new Uint8Array(12 + slot.kdf.salt.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, slot.kdf.memoryKiB);
    view.setUint32(4, slot.kdf.passes);
    view.setUint32(8, slot.kdf.lanes);
    bytes.set(slot.kdf.salt, 12);
    return bytes;
  }
  return new Uint8Array(0);
}

/** The slot's bytes before its wrap. The length field already counts a wrap of 80 bytes. */
export function printUnwrapped(slot: Slot): Uint8Array {
  if (!slot.kind || !labelShape.test(slot.label)) throw new ZvaultError("usage", "a label is up to 64 printable ASCII characters");
  const label = new TextEncoder().encode(slot.label);
  const rest = parameters(slot);
  const bytes = new Uint8Array(29 + label.length + 32 + 2 + rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, bytes.length + 2 + 80);
  view.setUint8(2, kinds.indexOf(slot.kind) + 1);
  bytes.set(fromHex(slot.id), 4);
  view.setBigUint64(20, BigInt(slot.created.getTime()));
  view.setUint8(28, label.length);
  bytes.set(label, 29);
  bytes.set(slot.public, 29 + label.length);
  view.setUint16(61 + label.length, rest.length);
  bytes.set(rest, 63 + label.length);
  return bytes;
}

export function printSlot(slot: Slot): Uint8Array {
  const before = printUnwrapped(slot);
  const bytes = new Uint8Array(before.length + 2 + slot.wrap.length);
  bytes.set(before, 0);
  new DataView(bytes.buffer).setUint16(before.length, slot.wrap.length);
  bytes.set(slot.wrap, before.length + 2);
  return bytes;
}

export function slotAad(vault: string, unwrapped: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${slotInfo}\0`, "latin1"), fromHex(vault), unwrapped]);
}

/** Throws `damaged`. Only bounds are checked: before the root key is known nothing in here is believed. */
export function parseSlot(bytes: Uint8Array): Slot {
  const refuse = (): never => {
    throw new ZvaultError("damaged", "the keys file has a damaged slot", {
      hint: "`zvault backup restore` takes the newest mirror",
    });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 65 || view.getUint16(0) !== bytes.length) return refuse();
  const kind = kinds[view.getUint8(2) - 1];
  if (!kind && view.getUint8(3) === 1) {
    throw newerFormat("a slot of the keys file, which whoever opens it must know,");
  }
  const id = hex(bytes.subarray(4, 20));
  const created = new Date(Number(view.getBigUint64(20) & 0xffffffffffffn));
  if (!kind) return { kind, id, created, label: "", public: new Uint8Array(32), wrap: bytes };
  const labelEnd = 29 + view.getUint8(28);
  if (labelEnd + 36 > bytes.length) return refuse();
  const label = Buffer.from(bytes.subarray(29, labelEnd)).toString("latin1");
  const restAt = labelEnd + 34;
  const restEnd = restAt + view.getUint16(labelEnd + 32);
  if (restEnd + 2 > bytes.length || restEnd + 2 + view.getUint16(restEnd) !== bytes.length || !labelShape.test(label))
    return refuse();
  const slot: Slot = {
    kind,
    id,
    created,
    label,
    public: bytes.slice(labelEnd, labelEnd + 32),
    wrap: bytes.slice(restEnd + 2),
  };
  if (slot.wrap.length !== 80) return refuse();
  return readParameters(slot, bytes.slice(restAt, restEnd), refuse);
}

function readParameters(slot: Slot, rest: Uint8Array, refuse: () => never): Slot {
  const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
  if (slot.kind === "shares") {
    const [threshold = 0, count = 0] = rest;
    if (rest.length !== 2 || threshold < 2 || count < threshold) return refuse();
    return { ...slot, shares: { threshold, count } };
  }
  if (slot.kind === "passphrase") {
    if (rest.length !== 28) return refuse();
    const kdf = { memoryKiB: view.getUint32(0), passes: view.getUint32(4), lanes: view.getUint32(8), salt: rest.slice(12) };
    return { ...slot, kdf };
  }
  if (slot.kind === "identity") return rest.length === 32 ? { ...slot, signing: rest } : refuse();
  return rest.length === 0 ? slot : refuse();
}

/** Names a public key to people and in author fields: 16 hex digits. */
export function fingerprint(x25519: Uint8Array): string {
  return hex(sha256(x25519)).slice(0, 16);
}

export function describeSlot(slot: Slot, verified: boolean): SlotInfo {
  return {
    id: slot.id.slice(0, 8),
    kind: slot.kind ?? "recipient",
    label: slot.kind ? slot.label : "(of a newer zvault)",
    created: slot.created.toISOString(),
    ...(slot.shares ? { threshold: slot.shares.threshold, shares: slot.shares.count } : {}),
    ...(slot.kind === "identity" || slot.kind === "recipient" ? { fingerprint: fingerprint(slot.public) } : {}),
    verified,
  };
}
