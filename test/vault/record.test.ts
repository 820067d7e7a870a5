import fc from "fast-check";
import t from "tap";
import { hex } from "../../src/crypto/hash.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { opensTo, openMeta, openValue, RecordKeys } from "../../src/vault/cell.ts";
import { parseFrame, recordType, sealedLength, sealRecord } from "../../src/vault/record.ts";
import { bytes } from "../helpers/vault.ts";

const header = { id: "11".repeat(16), lineage: "22".repeat(16), generation: 3, first: 7 };
const keys = { term: 2, key: Secret.random(32), hedge: Secret.random(32) };
const prev = new Uint8Array(32).fill(9);
const seal = (meta: Uint8Array, values: readonly Secret[], sequence = 7): Uint8Array =>
  sealRecord(header, keys, { type: recordType.transaction, sequence, prev, meta, values });

function reopen(record: Uint8Array): { meta: Uint8Array | undefined; values: (Uint8Array | undefined)[] } {
  const frame = parseFrame(record, 0);
  const [first, ...rest] = frame?.cells ?? [];
  if (!frame || !first) return { meta: undefined, values: [] };
  const at = (ref: { offset: number; length: number }): Uint8Array => record.subarray(ref.offset, ref.offset + ref.length);
  const values = rest.map((ref) => {
    const value = openValue(
      header,
      new RecordKeys().of(keys, 7, () => frame.salt),
      ref,
      at(ref),
    );
    const plain = value?.use((all) => all.slice());
    value?.wipe();
    return plain;
  });
  return { meta: openMeta(header, keys, frame), values };
}

t.test("whatever is sealed comes back, in the length that was said before", (t) => {
  const value = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(value, fc.array(value, { maxLength: 5 }), (meta, contents) => {
      const values = contents.map((content) => Secret.take(content.slice()));
      const record = seal(meta, values);
      const back = reopen(record);
      const length = sealedLength(meta.length, values);
      for (const one of values) one.wipe();
      return (
        record.length === length &&
        record.length % 8 === 0 &&
        Buffer.compare(back.meta ?? bytes("none"), meta) === 0 &&
        contents.every((content, at) => Buffer.compare(back.values[at] ?? bytes("none"), content) === 0)
      );
    }),
  );
  t.end();
});

t.test("opensTo knows the one value, and no other", (t) => {
  const value = Secret.take(bytes("the value"));
  const record = seal(bytes("{}"), [value]);
  const frame = parseFrame(record, 0);
  const ref = frame?.cells[1];
  if (!ref) return t.fail("no cell");
  const sealed = record.slice(ref.offset, ref.offset + ref.length);
  t.equal(
    opensTo(
      header,
      new RecordKeys().of(keys, 7, () => frame.salt),
      ref,
      sealed,
      value,
    ),
    true,
  );
  for (const other of ["the valuE", "the value ", "", "x".repeat(100)])
    t.equal(
      opensTo(
        header,
        new RecordKeys().of(keys, 7, () => frame.salt),
        ref,
        sealed,
        Secret.take(bytes(other)),
      ),
      false,
    );
  sealed[5] = (sealed[5] ?? 0) ^ 1;
  t.equal(
    opensTo(
      header,
      new RecordKeys().of(keys, 7, () => frame.salt),
      ref,
      sealed,
      value,
    ),
    false,
  );
  t.end();
});

t.test("no salt is used twice: not for other content, not for another place, not for the same record again", (t) => {
  const salts = new Set<string>();
  const value = (text: string): Secret[] => [Secret.take(bytes(text))];
  const records = [
    seal(bytes("a"), value("x")),
    seal(bytes("b"), value("x")),
    seal(bytes("a"), value("y")),
    seal(bytes("a"), value("x"), 8),
    seal(bytes("a"), value("x")),
  ];
  for (const record of records) salts.add(hex(record.subarray(32, 64)));
  t.equal(salts.size, records.length);
  t.end();
});

t.test("every cell has a nonce of its own: equal values do not look equal", (t) => {
  const values = Array.from({ length: 4 }, () => Secret.take(bytes("the same value")));
  const record = seal(bytes("the same value"), values);
  const cells = (parseFrame(record, 0)?.cells ?? []).map((ref) => hex(record.subarray(ref.offset, ref.offset + 16)));
  t.equal(new Set(cells).size, 5);
  t.end();
});

t.test("a frame of random or changed bytes is no frame, and never an exception", (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (junk) => parseFrame(junk, 0) === undefined));
  const record = seal(bytes("{}"), [Secret.take(bytes("v"))]);
  fc.assert(
    fc.property(fc.nat(record.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = record.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      return parseFrame(changed, 0) === undefined;
    }),
  );
  t.end();
});
