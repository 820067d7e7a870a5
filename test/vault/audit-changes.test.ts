/** Any change of any line of a log of 1,000 lines in three segments: what the vault's keys find, and what the public key finds. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import t from "tap";
import { checkSigned, parseAuditKey, printAuditKey, type SegmentText, type SignedReport } from "../../src/audit-signature.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { auditKeyIn } from "../../src/vault/audit-key.ts";
import { record } from "../../src/vault/engines/record.ts";
import type { Vault } from "../../src/vault/vault.ts";
import { withVault } from "../helpers/content.ts";
import { slow } from "../helpers/slow.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, removeWorld, type World } from "../helpers/vault.ts";

/** Lines of each segment, each with its newline. */
type Log = string[][];

const decoder = path.join(import.meta.dirname, "../../scripts/decode-vault.py");
const python = spawnSync("python3", ["-c", "import ctypes.util; assert ctypes.util.find_library('crypto')"]).status === 0;

const total = 1000;
const third = 334;
const fileOf = (world: World, segment: number): string => `${world.dir}/audit/00000${segment}.jsonl`;
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

async function makeLog(t: { teardown(act: () => void): void }): Promise<{ world: World; key: Uint8Array }> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await door.seal("test");
  return { world, key };
}

/** Writes lines until there are 1,000 in three segments, and no more. */
async function fill(vault: Vault): Promise<void> {
  for (let segment = 1; segment <= 3; segment++) {
    const end = segment === 3 ? total : segment * third - 1;
    while (vault.audit.position.sequence < end) vault.event("test.line", { at: vault.audit.position.sequence });
    if (segment < 3) await vault.nextSegment();
  }
  await vault.settle();
}

function publicKeyOf(vault: Vault): ReturnType<typeof parseAuditKey> {
  return parseAuditKey(`${printAuditKey({ vault: vault.id, public: auditKeyIn(vault.state)?.public ?? "" })}\n`);
}

const read = (world: World): Log => [1, 2, 3].map((segment) => linesOf(fs.readFileSync(fileOf(world, segment), "latin1")));

function write(world: World, log: Log): void {
  for (const [at, lines] of log.entries())
    fs.writeFileSync(fileOf(world, at + 1), lines.join(""), { encoding: "latin1", mode: 0o600 });
}

const textsOf = (log: Log): SegmentText[] => log.map((lines, at) => ({ segment: at + 1, text: lines.join("") }));

/** The first place where the two differ, as a report names it; undefined: they do not. */
function firstDifference(before: Log, after: Log): string | undefined {
  for (const [at, lines] of before.entries()) {
    const found = linesOf((after[at] ?? []).join(""));
    for (let line = 0; line < Math.max(lines.length, found.length); line++) {
      if (lines[line] !== found[line]) return `00000${at + 1}.jsonl line ${line + 1} `;
    }
  }
  return undefined;
}

type Change = (log: Log) => void;
const flip = (text: string, at: number): string =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
const swap = (lines: string[], one: number, other: number): void => {
  [lines[one], lines[other]] = [lines[other] ?? "", lines[one] ?? ""];
};

/** Segment → at line → what is done with it. */
const changes: Record<string, (lines: string[], at: number, log: Log) => void> = {
  "a byte changed": (lines, at) => void lines.splice(at, 1, flip(lines[at] ?? "", 60)),
  "a digit of the HMAC changed": (lines, at) => void lines.splice(at, 1, flip(lines[at] ?? "", (lines[at] ?? "").length - 5)),
  "its newline gone": (lines, at) => void lines.splice(at, 1, (lines[at] ?? "").trimEnd()),
  "cut out": (lines, at) => void lines.splice(at, 1),
  "cut off, with all that follow": (lines, at) => void lines.splice(at),
  "exchanged with the next one": (lines, at) => swap(lines, at, at + 1 < lines.length ? at + 1 : at - 1),
  "put in twice": (lines, at) => void lines.splice(at, 0, lines[at] ?? ""),
  "put at the end again": (lines, at) => void lines.push(lines[at] ?? ""),
  "replaced by another one": (lines, at) => void lines.splice(at, 1, lines[(at + 7) % lines.length] ?? ""),
  "replaced by one of another segment": (lines, at, log) => void lines.splice(at, 1, log.find((one) => one !== lines)?.[5] ?? ""),
  "replaced by something else": (lines, at) => void lines.splice(at, 1, "{}\n"),
  "moved into the next segment": (lines, at, log) => {
    const [moved = ""] = lines.splice(at, 1);
    log[(log.indexOf(lines) + 1) % 3]?.splice(3, 0, moved);
  },
};

t.test("the vault's keys find any change, and name the first broken line", { timeout: 3_600_000 }, async (t) => {
  const { world, key } = await makeLog(t);
  await withVault(world, key, async (vault) => {
    await fill(vault);
    const whole = read(world);
    t.strictSame(
      whole.map((lines) => lines.length),
      [third, third, total - 2 * third],
    );
    t.match(record.verifyAudit(vault), { ok: true, records: total, segments: 3, from: 1 });
    const check = (change: Change): { wanted: string | undefined; found: string } => {
      const changed = structuredClone(whole);
      change(changed);
      const wanted = firstDifference(whole, changed);
      write(world, changed);
      const { ok, problem = "ok" } = record.verifyAudit(vault);
      return { wanted, found: ok ? "ok" : problem };
    };
    let tried = 0;
    for (const [name, act] of Object.entries(changes)) {
      for (const segment of [0, 1, 2]) {
        for (const at of slow ? (whole[segment] ?? []).keys() : [0, 1, 150, (whole[segment] ?? []).length - 1]) {
          const { wanted, found } = check((log) => act(log[segment] ?? [], at, log));
          tried += 1;
          if (wanted === undefined || !found.startsWith(`audit/${wanted}`))
            t.fail(`line ${at + 1} of segment ${segment + 1} ${name}: ${found}, not ${wanted}`);
        }
      }
    }
    t.equal(tried, Object.keys(changes).length * (slow ? total : 12), "changes of one line");
    const anyChange = fc.tuple(
      fc.constantFrom(...Object.keys(changes)),
      fc.integer({ min: 0, max: 2 }),
      fc.nat({ max: third - 3 }),
    );
    fc.assert(
      fc.property(fc.array(anyChange, { minLength: 1, maxLength: 3 }), (all) => {
        const { wanted, found } = check((log) => {
          for (const [name, segment, at] of all) {
            const lines = log[segment] ?? [];
            if (at + 1 < lines.length) changes[name]?.(lines, at, log);
          }
        });
        return wanted === undefined ? found === "ok" : found.startsWith(`audit/${wanted}`);
      }),
      { numRuns: 120 },
    );
    const anyByte = fc.tuple(fc.nat({ max: 2 }), fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(anyByte, ([segment, place, byte]) => {
        const { wanted, found } = check((log) => {
          const text = (log[segment] ?? []).join("");
          const at = place % text.length;
          log[segment] = [text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1)];
        });
        return wanted === undefined ? found === "ok" : found.startsWith(`audit/${wanted}`);
      }),
      { numRuns: 120 },
    );
    write(world, whole);
  });
});

t.test(
  "the same while the vault is sealed: unsealing or `audit verify` finds it, and names the line",
  { timeout: 3_600_000 },
  async (t) => {
    const { world, key } = await makeLog(t);
    await withVault(world, key, fill);
    const whole = read(world);
    const kept = `${world.base}-whole`;
    fs.cpSync(world.base, kept, { recursive: true, preserveTimestamps: true });
    t.teardown(() => fs.rmSync(kept, { recursive: true, force: true }));
    const proof = (): { credential: ReturnType<typeof keyFile> } => ({ credential: keyFile(key.slice()) });
    for (const [name, act] of Object.entries(changes)) {
      for (const [segment, at] of slow
        ? [0, 1, 2].flatMap((one) => [0, 7, 150, 331].map((line) => [one, line]))
        : [
            [0, 150],
            [1, 7],
            [2, 150],
          ]) {
        const changed = structuredClone(whole);
        act(changed[segment ?? 0] ?? [], at ?? 0, changed);
        write(world, changed);
        const wanted = firstDifference(whole, changed);
        const { door } = openDoor(world);
        const said = await ask(door, world, "agent.unseal", {}, proof()).then(
          async () => (await ask(door, world, "audit.verify", {})).result.problem ?? "ok",
          (failure: unknown) => (failure as Error).message,
        );
        t.match(said, `${wanted?.trim()} `, `line ${(at ?? 0) + 1} of segment ${(segment ?? 0) + 1} ${name}`);
        await door.seal("looked");
        for (const part of ["shop/.zvault", "state"]) {
          fs.rmSync(`${world.base}/${part}`, { recursive: true });
          fs.cpSync(`${kept}/${part}`, `${world.base}/${part}`, { recursive: true, preserveTimestamps: true });
        }
      }
    }
  },
);

t.test(
  "the second decoder reads signed ends as lines, and the key that signs as a value",
  { skip: python ? false : "no python" },
  async (t) => {
    const { world, key } = await makeLog(t);
    await withVault(world, key, fill);
    fs.writeFileSync(`${world.base}/key`, key, { mode: 0o600 });
    const args = [decoder, "--vault", world.dir, "--key-file", `${world.base}/key`, "--json"];
    const { status, stdout, stderr } = spawnSync("python3", args, { encoding: "utf8" });
    t.equal(status, 0, stderr);
    const found = JSON.parse(stdout) as { audit: unknown; tables: object; secrets: object };
    // and the line that sealing wrote
    t.strictSame(found.audit, { segments: 3, lines: total + 1 });
    t.match(found.tables, { audit: { key: { public: /^[0-9a-f]{64}$/, since: 1 } } });
    t.strictSame(Object.keys(found.secrets), ["sys/audit/key"]);
  },
);

t.test("whole segments: exchanged, emptied, gone, moved away", async (t) => {
  const { world, key } = await makeLog(t);
  await withVault(world, key, async (vault) => {
    await fill(vault);
    const whole = read(world);
    const after = (change: Change): ReturnType<typeof record.verifyAudit> => {
      const changed = structuredClone(whole);
      change(changed);
      write(world, changed);
      return record.verifyAudit(vault);
    };
    t.match(after((log) => log.splice(0, 2, log[1] ?? [], log[0] ?? [])).problem, /000001\.jsonl line 1 does not follow/);
    t.match(after((log) => log.splice(0, 1, [])).problem, /000001\.jsonl line 1 is missing/);
    t.match(after((log) => log.splice(2, 1, [])).problem, /000003\.jsonl line 1 is missing/);
    t.match(
      after(() => undefined),
      { ok: true },
    );
    fs.rmSync(fileOf(world, 3));
    t.match(record.verifyAudit(vault).problem, /000003\.jsonl line 1 is missing/);
    write(world, whole);
    fs.rmSync(fileOf(world, 1));
    t.match(
      record.verifyAudit(vault),
      { ok: true, segments: 2, from: third + 1, records: total - third, missing: [1] },
      "moved away",
    );
    // one that was moved away still says, by its anchor, what must follow
    fs.writeFileSync(fileOf(world, 2), (whole[1] ?? []).slice(1).join(""), { mode: 0o600 });
    t.match(record.verifyAudit(vault).problem, /000002\.jsonl line 1 does not follow the segment before it/);
    write(world, whole);
    fs.rmSync(fileOf(world, 2));
    t.match(record.verifyAudit(vault), { ok: true, segments: 2, from: 2 * third + 1, missing: [2] });
    fs.rmSync(fileOf(world, 1));
    t.match(record.verifyAudit(vault), { ok: true, segments: 1, from: 2 * third + 1, records: total - 2 * third, missing: [1, 2] });
    write(world, whole);
    t.strictSame(record.verifyAudit(vault).missing, []);
  });
});

/** What is exact about the public key: with a good report, these are the lines that were written, but for the last HMAC of all. */
function covered(log: Log, { signed }: SignedReport): string {
  const parts = signed.map((segment) => {
    const lines = log[segment - 1] ?? [];
    return lines.slice(0, lines.findLastIndex((line) => line.includes('"kind":"checkpoint"')) + 1).join("");
  });
  return parts.join("").replace(/[0-9a-f]{64}"\}\n$/, "");
}

t.test("the public key finds any change of signed lines, without the vault", async (t) => {
  const { world, key } = await makeLog(t);
  const [whole, publicKey] = await withVault(world, key, async (vault) => {
    await fill(vault);
    return [read(world), publicKeyOf(vault)] as const;
  });
  const check = (change: Change): { log: Log; report: SignedReport } => {
    const log = structuredClone(whole);
    change(log);
    return { log, report: checkSigned(textsOf(log), publicKey) };
  };
  const good = check(() => undefined).report;
  t.match(good, { ok: true, from: 1, to: 2 * third, records: 2 * third, signed: [1, 2] });
  t.match(good.unchecked, [
    `000003.jsonl lines 1 to ${total - 2 * third}: not signed yet, or the signed end was cut off`,
    /went on after/,
  ]);

  const named: [string, Change, RegExp][] = [
    [
      "a field changed: the segment is named",
      (log) => changes["a byte changed"]?.(log[1] ?? [], 9, log),
      /000002\.jsonl line 334 does not fit/,
    ],
    ["a line cut out: the place is named", (log) => log[0]?.splice(9, 1), /000001\.jsonl line 10 does not follow/],
    ["two lines exchanged", (log) => swap(log[0] ?? [], 9, 10), /000001\.jsonl line 10 does not follow/],
    ["a line put in twice", (log) => log[0]?.splice(9, 0, log[0][8] ?? ""), /000001\.jsonl line 10 does not follow/],
    ["the signed end cut off", (log) => log[0]?.pop(), /000002\.jsonl line 1 does not follow/],
    [
      "the same, and the next segment made to fit",
      (log) => {
        log[0]?.pop();
        const last = /"hmac":"(.*)"/.exec(log[0]?.at(-1) ?? "")?.[1] ?? "";
        log[1]?.splice(0, 1, (log[1][0] ?? "").replace(/"seq":335/, '"seq":334').replace(/"prev":"[^"]*"/, `"prev":"${last}"`));
      },
      /000002\.jsonl line 2 is not number 335/,
    ],
    [
      "a signature changed",
      (log) => {
        const lines = log[0] ?? [];
        lines[third - 1] = (lines[third - 1] ?? "").replace(/"sig":"(.)/, (_, one: string) => `"sig":"${one === "0" ? "1" : "0"}`);
      },
      /000001\.jsonl line 334 is not signed by this key/,
    ],
    ["the end of another segment", (log) => log.splice(0, 2, log[1] ?? [], log[0] ?? []), /000001\.jsonl line 1 does not follow/],
    ["half a line in a closed segment", (log) => log[0]?.push("{"), /000001\.jsonl line 335 is cut short/],
  ];
  for (const [name, change, says] of named) t.match(check(change).report, { ok: false, problem: says }, name);

  const other = { ...publicKey, public: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" };
  t.match(checkSigned(textsOf(whole), other).problem, /000001\.jsonl line 334 is not signed by this key/);
  t.match(checkSigned(textsOf(whole), { ...publicKey, vault: "0".repeat(32) }).problem, /is of another vault/);
  t.match(checkSigned(textsOf(whole), { ...publicKey, public: "f".repeat(64) }), { ok: false }, "no point of the curve");

  // what it cannot know is told
  t.match(check((log) => log.pop()).report, { ok: true, to: 2 * third });
  t.match(check((log) => log.splice(1)).report, { ok: true, to: third, unchecked: ["whether the log went on after record 334"] });
  const moved = checkSigned(textsOf(whole).slice(1), publicKey);
  t.match(moved, { ok: true, from: third + 1, to: 2 * third });
  t.ok(moved.unchecked.includes("what was before 000002.jsonl: it is not here"));
  t.match(checkSigned(textsOf(whole).slice(2), publicKey), { ok: true, signed: [], records: 0 });

  const anyChange = fc.tuple(fc.constantFrom(...Object.keys(changes)), fc.integer({ min: 0, max: 2 }), fc.nat({ max: third - 1 }));
  fc.assert(
    fc.property(fc.array(anyChange, { minLength: 1, maxLength: 3 }), (all) => {
      const { log, report } = check((changed) => {
        for (const [name, segment, at] of all) {
          const lines = changed[segment] ?? [];
          if (at < lines.length) changes[name]?.(lines, at, changed);
        }
      });
      return !report.ok || covered(log, report) === covered(whole, report);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.nat({ max: 1 }), fc.nat(), fc.integer({ min: 0, max: 255 }), (segment, place, byte) => {
      const { log, report } = check((changed) => {
        const text = (changed[segment] ?? []).join("");
        const at = place % text.length;
        changed[segment] = linesOf(text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1));
      });
      const same = log.slice(0, 2).flat().join("") === whole.slice(0, 2).flat().join("");
      // with the open segment there, which names it, even the last HMAC is found
      return report.ok === same;
    }),
    { numRuns: 300 },
  );
});

t.test("the key that signs is made once, lives through compaction, and is listed nowhere", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  const proof = () => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof());
  const first = (await ask(door, world, "audit.key", {})).result;
  t.match(first, { since: 1, public: /^[0-9a-f]{64}$/ });
  await ask(door, world, "vault.rotate", {}, proof());
  await ask(door, world, "vault.compact", {}, proof());
  t.strictSame((await ask(door, world, "audit.key", {})).result, first);
  t.strictSame((await ask(door, world, "kv.list", { prefix: "", deleted: true })).result.secrets, []);
  await door.seal("test");
  await withVault(world, key, async (vault) => {
    vault.event("test.line", {});
    await vault.nextSegment();
    const { ok, signed } = checkSigned([{ segment: 1, text: fs.readFileSync(fileOf(world, 1), "latin1") }], publicKeyOf(vault));
    t.match({ ok, signed }, { ok: true, signed: [1] });
  });
});

t.test(
  "a crash after the next segment was made, before the end of this one was signed: it is gone on with, and signed later",
  async (t) => {
    const { world, key } = await makeLog(t);
    fs.writeFileSync(fileOf(world, 2), "", { mode: 0o600 });
    await withVault(world, key, async (vault) => {
      t.equal(vault.audit.position.segment, 1);
      await vault.nextSegment();
      t.match(record.verifyAudit(vault), { ok: true, segments: 2 });
      const texts = [1, 2].map((segment) => ({ segment, text: fs.readFileSync(fileOf(world, segment), "latin1") }));
      t.match(checkSigned(texts, publicKeyOf(vault)), { ok: true, signed: [1] });
    });
  },
);

t.test("not protected: audit log and head put back together to an earlier state, with the log or without", async (t) => {
  const { world, key } = await makeLog(t);
  const keep = (from: string, to: string): void => fs.cpSync(from, to, { recursive: true, preserveTimestamps: true });
  keep(world.base, `${world.base}-before`);
  t.teardown(() => fs.rmSync(`${world.base}-before`, { recursive: true, force: true }));
  const first = openDoor(world);
  await ask(first.door, world, "agent.unseal", {}, { credential: keyFile(key) });
  await ask(first.door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("x")] });
  await first.door.seal("test");
  // the vault's own log need not even go back
  for (const parts of [
    ["shop/.zvault/audit", "state/heads"],
    ["shop/.zvault/vault", "shop/.zvault/audit", "state"],
  ]) {
    for (const part of parts) {
      fs.rmSync(`${world.base}/${part}`, { recursive: true });
      keep(`${world.base}-before/${part}`, `${world.base}/${part}`);
    }
    const { door } = openDoor(world);
    t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: keyFile(key) })), "done");
    t.match((await ask(door, world, "audit.verify", {})).result, { ok: true });
    await door.seal("test");
  }
});
