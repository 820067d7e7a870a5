/** What may be done to a log, its head and its keys file behind everybody's back, and what opening says to it. */
import t from "tap";
import { crc32c } from "../../src/crypto/crc32c.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { random } from "../../src/crypto/random.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { Barrier } from "../../src/vault/barrier.ts";
import { HeadStore } from "../../src/vault/head.ts";
import { Keyring } from "../../src/vault/keyring.ts";
import { openKeys, parseKeys, printKeys } from "../../src/vault/keys.ts";
import { ask, perform } from "../../src/vault/keywork.ts";
import { recordType } from "../../src/vault/record.ts";
import type { Predecessors } from "../../src/vault/recovery.ts";
import { parseSlot } from "../../src/vault/slots.ts";
import { MemoryIo } from "../crash/memory-io.ts";
import { share, slow } from "../helpers/slow.ts";
import { headAt, joined, type Log, logPath, makeLog, recordOf, tryLog } from "../helpers/log.ts";
import { cheapKdf, secret } from "../helpers/vault.ts";

const keyring = Keyring.generate();

/** What docs/format.md, "Recovery", says of a log cut to `length` bytes; `known`: index into `positions` of what the head names. */
function expectedOfCut(log: Log, length: number, known: number | undefined): string {
  if (length < 128) return "damaged";
  const whole = log.offsets.findLastIndex((end) => end <= length);
  const torn = log.offsets[whole] !== length;
  if (known === undefined || known <= whole) return "accepted";
  return torn ? "damaged" : "rolled-back";
}

t.test(
  "a log of 200 transactions, cut at any byte, is accepted, damaged or rolled back as the head says",
  { timeout: 3_600_000 },
  async (t) => {
    const log = await makeLog(keyring, 200);
    const wrong: string[] = [];
    let cuts = 0;
    const { from, to } = share(log.bytes.length + 1);
    for (const known of [200, 120, undefined]) {
      const head = headAt(log, known === undefined ? undefined : log.positions[known]);
      for (let length = from; length < to; length++) {
        // quickly: all bytes of the header and of a record that the head names, and here and there a record's start
        const near = log.offsets.findIndex((offset) => Math.abs(offset - length) <= 1) % 16 === 1;
        const inside =
          length < 128 ||
          (known === 200 && length >= (log.offsets[199] ?? 0)) ||
          (known === 120 && length >= (log.offsets[119] ?? 0) && length <= (log.offsets[120] ?? 0));
        if (!slow && !near && !inside && length % 2003 !== 0) continue;
        cuts += 1;
        const found = tryLog(keyring, log.bytes.subarray(0, length), head);
        const expected = expectedOfCut(log, length, known);
        const whole = log.offsets.findLastIndex((end) => end <= length);
        const kept = found.code !== "accepted" || found.records === Math.max(0, whole);
        const said = head || found.code !== "accepted" || (found.notices ?? []).some((one) => one.startsWith("unverified"));
        if (found.code !== expected || !kept || !said)
          wrong.push(`cut to ${length}, head ${known}: ${found.code}, expected ${expected}`);
        const torn = found.code === "accepted" && log.offsets[whole] !== length;
        if (
          torn &&
          Buffer.compare(found.io.contentOf(`/torn-${log.offsets[whole]}`), log.bytes.subarray(log.offsets[whole], length)) !== 0
        ) {
          wrong.push(`cut to ${length}: the torn end was not kept`);
        }
      }
    }
    t.same(wrong.slice(0, 5), []);
    t.comment(`${cuts} cuts of a log of ${log.bytes.length} bytes, ${wrong.length} wrong`);
    t.ok(cuts >= (slow ? 3 * (to - from) : 900), `${cuts} cuts`);
  },
);

t.test(
  "every bit of a log that is flipped is refused, unless it is in the end that nobody was told of",
  { timeout: 3_600_000 },
  async (t) => {
    const log = await makeLog(keyring, slow ? 144 : 6);
    const [end, earlier] = [headAt(log, log.positions.at(-1)), headAt(log, log.positions.at(-2))];
    if (slow) t.ok(log.bytes.length >= 64 * 1024, `${log.bytes.length} bytes`);
    const wrong: string[] = [];
    const last = log.offsets.at(-2) ?? 0;
    const { from, to } = share(8 * log.bytes.length);
    let flips = 0;
    for (let bit = from; bit < to; bit += slow ? 1 : 11) {
      flips += 1;
      const bytes = log.bytes.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const found = tryLog(keyring, bytes, end);
      if (found.code !== "damaged") wrong.push(`bit ${bit}: ${found.code}`);
      if (bit >> 3 < last) continue;
      // a last record that the head does not name yet is a change that was not finished
      const lenient = tryLog(keyring, bytes, earlier);
      if (lenient.code === "accepted" ? lenient.records !== log.positions.length - 2 : lenient.code !== "damaged")
        wrong.push(`bit ${bit}: ${lenient.code}`);
    }
    t.same(wrong.slice(0, 5), []);
    t.comment(`${flips} bits of a log of ${log.bytes.length} bytes flipped, ${wrong.length} wrong`);
  },
);

t.test("an end made of the beginnings of many long records is refused, and soon", { timeout: 60_000 }, async (t) => {
  const log = await makeLog(keyring, 5);
  const end = new Uint8Array(4 * 1024 * 1024);
  const view = new DataView(end.buffer);
  for (let at = 0; at < end.length; at += 16) {
    view.setUint32(at, 0x7a765231);
    view.setUint32(at + 4, (end.length - at) & ~7);
    view.setUint32(at + 8, 1); // number of cells of the one that begins 16 bytes before
  }
  for (const head of [headAt(log, log.positions.at(-1)), undefined]) {
    t.equal(tryLog(keyring, Buffer.concat([log.bytes, end]), head).code, "damaged");
  }
});

async function keysFile(): Promise<{ bytes: Uint8Array; credential: Secret }> {
  const root = Secret.random(32);
  const vault = "11".repeat(16);
  const credential = Secret.take(makeKeyFile());
  const slots = [
    { kind: "key-file" as const, label: "one" },
    { kind: "passphrase" as const, label: "two" },
    { kind: "shares" as const, label: "three", threshold: 2, count: 3 },
  ];
  const job = { do: "wrap" as const, vault, slots, now: new Date(0).toISOString() };
  const { header, parts } = await ask((one) => perform(one, cheapKdf), job, [root, credential, secret("phrase")]);
  const made = parts.slice(0, header.slots).map((part) => parseSlot(part.use((raw) => raw.slice())));
  return { bytes: printKeys({ id: vault, epoch: 7, slots: made, keyring, root }), credential };
}

/** Code of opening a keys file by its key file. */
async function tryKeys(bytes: Uint8Array, credential: Secret): Promise<string> {
  try {
    const file = parseKeys(bytes);
    const slots = slotsOf(bytes);
    const job = { do: "unwrap" as const, vault: file.id, slots, with: "key-file" as const };
    const { parts } = await ask((one) => perform(one, cheapKdf), job, [credential]);
    openKeys(file, parts[0] ?? Secret.alloc(32)).wipe();
    return "accepted";
  } catch (failure) {
    const { code, message } = failure as { code?: string; message: string };
    return code === undefined || code === "internal" ? `crash: ${message}` : code;
  }
}

function slotsOf(bytes: Uint8Array): string[] {
  const view = Buffer.from(bytes);
  const slots: string[] = [];
  let at = 40;
  for (let index = 0; index < view.readUInt16BE(36); index++) {
    slots.push(view.subarray(at, at + view.readUInt16BE(at)).toString("hex"));
    at += view.readUInt16BE(at);
  }
  return slots;
}

t.test("every bit of a keys file that is flipped is refused", { timeout: 3_600_000 }, async (t) => {
  const { bytes, credential } = await keysFile();
  t.equal(await tryKeys(bytes, credential), "accepted");
  const wrong: string[] = [];
  let tried = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit += slow ? 1 : 7) {
    tried += 1;
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const code = await tryKeys(flipped, credential);
    // nobody can tell a format that was changed from that of a later zvault, before the root key is known
    const newer = bit >> 3 === 11 && code === "newer-format";
    if (code !== "damaged" && code !== "wrong-key" && !newer) wrong.push(`bit ${bit} (byte ${bit >> 3}): ${code}`);
  }
  for (let length = 0; length < bytes.length; length += slow ? 1 : 5) {
    const code = await tryKeys(bytes.subarray(0, length), credential);
    if (code !== "damaged") wrong.push(`cut to ${length}: ${code}`);
  }
  t.same(wrong.slice(0, 5), []);
  t.comment(`${tried} bits of a keys file of ${bytes.length} bytes flipped, ${wrong.length} wrong`);
});

t.test(
  "records swapped, deleted, doubled or brought from elsewhere are refused, with and without a head",
  { timeout: 600_000 },
  async (t) => {
    const log = await makeLog(keyring, 50);
    const { header } = log;
    const all = log.positions.slice(1).map((_, at) => recordOf(log, at));
    const foreign: [string, Log][] = [
      ["another vault", await makeLog(keyring, 50, { ...header, id: "22".repeat(16) })],
      ["another lineage", await makeLog(keyring, 50, { ...header, lineage: "33".repeat(16) })],
      ["another generation", await makeLog(keyring, 50, { ...header, generation: 2 })],
      ["a fork with equal sequences", await makeLog(keyring, 50, header, "somebody")],
      ["another vault's keys", await makeLog(Keyring.generate(), 50, header)],
    ];
    const made: [string, Uint8Array[]][] = [];
    for (let at = 0; at < 49; at += slow ? 1 : 4) {
      const without = all.filter((_, index) => index !== at);
      made.push([`record ${at} deleted`, without]);
      made.push([`record ${at} doubled`, [...all.slice(0, at + 1), ...all.slice(at)]]);
      const [one, two] = [all[at], all[at + 1]];
      if (one && two) made.push([`records ${at} and ${at + 1} swapped`, [...all.slice(0, at), two, one, ...all.slice(at + 2)]]);
      for (const [name, other] of foreign) {
        made.push([`record ${at} of ${name}`, all.with(at, recordOf(other, at))]);
        // from the first on it is the fork itself, which nobody can tell without a head
        if (at > 0)
          made.push([
            `all from ${at} on of ${name}`,
            [...all.slice(0, at), ...all.slice(at).map((_, more) => recordOf(other, at + more))],
          ]);
      }
    }
    const wrong: string[] = [];
    let tried = 0;
    for (const [name, records] of made) {
      for (const head of [headAt(log, log.positions.at(-1)), headAt(log, log.positions[20]), undefined]) {
        tried += 1;
        const { code } = tryLog(keyring, joined(log, records), head);
        if (!["damaged", "forked", "rolled-back", "old-keys"].includes(code))
          wrong.push(`${name}, head ${head?.log.sequence}: ${code}`);
      }
    }
    t.same(wrong.slice(0, 5), []);
    t.comment(`${tried} logs with records swapped, deleted, doubled or from elsewhere, ${wrong.length} wrong`);
    t.ok(tried > (slow ? 1800 : 400), `${tried} logs`);
    for (const [name, other] of foreign.slice(0, 4)) {
      const { code } = tryLog(keyring, other.bytes, headAt(log, log.positions.at(-1)));
      // whose vault it is, the keys file says: its id is compared before the log is opened
      if (name !== "another vault") t.equal(code, "forked", `the whole log of ${name}`);
    }
  },
);

t.test("an older log that is put back whole is rolled back, one with another end forked", async (t) => {
  const log = await makeLog(keyring, 20);
  const head = headAt(log, log.positions[20]);
  t.equal(tryLog(keyring, log.bytes.subarray(0, log.offsets[12]), head).code, "rolled-back");
  t.equal(tryLog(keyring, log.bytes.subarray(0, 128), head).code, "rolled-back");
  const fork = await makeLog(keyring, 20, log.header, "somebody");
  t.equal(tryLog(keyring, fork.bytes, head).code, "forked");
  t.equal(tryLog(keyring, fork.bytes, headAt(log, log.positions[0])).code, "accepted", "the head of an empty log fits both");
  t.equal(tryLog(keyring, log.bytes.subarray(0, log.offsets[12]), head, { acceptRollback: true }).code, "accepted");
});

t.test("a record before a checkpoint that is changed, with checksums and chain made to fit, is refused", async (t) => {
  const io = new MemoryIo();
  const header = { id: "11".repeat(16), lineage: "22".repeat(16), generation: 1, first: 1 };
  const barrier = await Barrier.create(io, logPath, keyring, header);
  const starts = Array.from({ length: 5 }, (_, at) => {
    const start = barrier.size;
    const type = at === 3 ? recordType.checkpoint : recordType.machine;
    barrier.append(type, new TextEncoder().encode(`content ${at}`), []);
    return start;
  });
  const bytes = io.contentOf(logPath);
  const opened = (of: Uint8Array): string => tryLog(keyring, of, undefined).code;
  t.equal(opened(bytes), "accepted");
  const changed = bytes.slice();
  changed[(starts[1] ?? 0) + 110] = (changed[(starts[1] ?? 0) + 110] ?? 0) ^ 1;
  t.equal(opened(changed), "damaged", "as it is");
  for (const [at, start] of starts.entries()) {
    const record = changed.subarray(start, starts[at + 1]);
    const view = new DataView(record.buffer, record.byteOffset, record.length);
    if (at > 0) record.set(sha256(changed.subarray(starts[at - 1], start)), 64);
    view.setUint32(record.length - 4, crc32c(record.subarray(0, -4)));
  }
  t.equal(opened(changed), "damaged", "with the chain made to fit");
});

t.test("a generation counts as a successor only if it lists the head", async (t) => {
  const log = await makeLog(keyring, 5);
  const last = log.positions[5];
  if (!last) return t.fail();
  const next = async (predecessors: Predecessors["predecessors"], more = {}): Promise<Uint8Array> => {
    const io = new MemoryIo();
    const header = { ...log.header, generation: 2, first: 6, ...more };
    const barrier = await Barrier.create(io, logPath, keyring, header);
    barrier.append(recordType.predecessors, new TextEncoder().encode(JSON.stringify({ v: 1, predecessors })), []);
    return io.contentOf(logPath);
  };
  const head = headAt(log, last);
  t.equal(tryLog(keyring, await next([last]), head).code, "accepted");
  t.equal(tryLog(keyring, await next([]), head).code, "forked");
  t.equal(tryLog(keyring, await next([{ ...last, chain: "0".repeat(64) }]), head).code, "forked");
  t.equal(tryLog(keyring, await next([{ ...last, sequence: 4 }]), head).code, "forked");
  t.equal(tryLog(keyring, await next([last], { lineage: "44".repeat(16) }), head).code, "accepted", "a new lineage that names it");
  const later = { ...last, generation: 2, sequence: 9 };
  t.equal(tryLog(keyring, log.bytes, headAt(log, later)).code, "rolled-back", "the generation before, put back");
});

t.test("a record that a person pinned must be there", async (t) => {
  const log = await makeLog(keyring, 10);
  const pin = (at: number): { sequence: number; chain: string } => ({
    sequence: log.positions[at]?.sequence ?? 0,
    chain: log.positions[at]?.chain ?? "",
  });
  t.equal(tryLog(keyring, log.bytes, undefined, { expect: pin(10) }).code, "accepted");
  t.equal(tryLog(keyring, log.bytes, undefined, { expect: pin(4) }).code, "accepted");
  t.equal(tryLog(keyring, log.bytes.subarray(0, log.offsets[9]), undefined, { expect: pin(10) }).code, "rolled-back");
  t.equal(tryLog(keyring, log.bytes, undefined, { expect: { ...pin(4), chain: "0".repeat(64) } }).code, "rolled-back");
  t.equal(tryLog(keyring, log.bytes, undefined, { expect: { sequence: 1e9, chain: pin(4).chain } }).code, "rolled-back");
});

t.test("of two head slots the newest whole one counts; with neither the head is refused", async (t) => {
  const log = await makeLog(keyring, 3);
  const [one, two] = [headAt(log, log.positions[1]), headAt(log, log.positions[2])];
  if (!one || !two) return t.fail();
  const io = new MemoryIo();
  const store = HeadStore.open(io, "/head", one.id, keyring.headKey);
  store.write(one);
  store.write(two);
  store.close();
  const good = io.contentOf("/head");
  const last = (bytes: Uint8Array, id = one.id): number | string => {
    io.setContent("/head", bytes);
    try {
      return HeadStore.open(io, "/head", id, keyring.headKey).last?.log.sequence ?? "none";
    } catch (failure) {
      return (failure as { code: string }).code;
    }
  };
  t.equal(last(good), 2);
  const wrong: number[] = [];
  for (let at = 0; at < 1024; at++) {
    const torn = good.slice();
    torn[at] = (torn[at] ?? 0) ^ 1;
    const found = last(torn);
    if (found !== 1 && found !== 2) wrong.push(at);
  }
  t.same(wrong, [], "one slot torn: the other one counts");
  const newest = good.slice();
  newest.fill(0, 0, 512);
  t.equal(last(newest), 1, "the newer one torn: the older one");
  t.equal(last(new Uint8Array(1024)), "damaged");
  t.equal(last(new Uint8Array(0)), "damaged");
  t.equal(last(random(1024)), "damaged");
  t.equal(last(good, "22".repeat(16)), "damaged", "another vault's head");
});
