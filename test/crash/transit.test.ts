/**
 * Uses of a transit key over crashes: whatever of the disk is lost after whatever step, the reservation that is found covers every
 * encryption that was answered, and the next sitting takes none of them again. And no nonce comes twice.
 */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { block } from "../../src/vault/engines/transit/uses.ts";
import { parseBlob } from "../../src/vault/engines/transit/blob.ts";
import { slow } from "../helpers/slow.ts";
import { textOf, transitVault } from "../helpers/transit.ts";
import { bytes, codeOf, keyFile, openDoor } from "../helpers/vault.ts";
import { askMemory, memoryWorld } from "./history.ts";
import { crash, MemoryIo } from "./memory-io.ts";

const key = makeKeyFile();
const proof = () => ({ credential: keyFile(key.slice()) });

/** `used`: encryptions that were answered up to this step. */
type Moment = { step: number; used: number };

async function encrypt(io: MemoryIo, door: ReturnType<typeof openDoor>["door"], count: number): Promise<void> {
  await askMemory(io, door, "transit.encrypt", { name: "k" }, { body: Array.from({ length: count }, () => bytes("x")) });
}

const usesOf = async (io: MemoryIo, door: ReturnType<typeof openDoor>["door"]): Promise<number> =>
  (await askMemory(io, door, "transit.read", { name: "k" })).result.versions[0]?.uses ?? 0;

/** Two sittings, the first killed: many small requests, several at the same time. */
async function life(skip: MemoryIo["skip"] = {}): Promise<{ io: MemoryIo; moments: Moment[] }> {
  const io = new MemoryIo();
  io.skip = skip;
  io.makeFolder(memoryWorld.project);
  await io.syncFolder("/");
  await io.syncFolder("/home");
  const first = openDoor(memoryWorld, io).door;
  await askMemory(io, first, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, proof());
  await askMemory(io, first, "transit.create", { name: "k", type: "aes256-gcm96" }, proof());
  const moments: Moment[] = [{ step: io.steps.length, used: 0 }];
  let used = 0;
  const answered = (count: number): void => {
    used += count;
    moments.push({ step: io.steps.length, used });
  };
  await encrypt(io, first, 3);
  answered(3);
  await Promise.all([1, 5].map((count) => encrypt(io, first, count).then(() => answered(count))));
  await first.seal("so that the lock is free");
  // what was reserved is spent, however little of it was used
  used = block;
  const second = openDoor(memoryWorld, io).door;
  await askMemory(io, second, "agent.unseal", {}, proof());
  await Promise.all([2, 4].map((count) => encrypt(io, second, count).then(() => answered(count))));
  await second.seal("end");
  return { io, moments };
}

async function problems({ io, moments }: Awaited<ReturnType<typeof life>>): Promise<{ tried: number; found: string[] }> {
  const found: string[] = [];
  let tried = 0;
  for (let step = moments[0]?.step ?? 0; step <= io.steps.length; step++) {
    const used = moments.findLast((one) => one.step <= step)?.used ?? 0;
    for (const data of ["none", "all", "some"] as const) {
      if (!slow && (step + data.length) % 3 !== 0) continue;
      tried += 1;
      const disk = crash(io.steps, step, { data, names: data, random: () => (step % 7) / 7 });
      const { door } = openDoor(memoryWorld, disk);
      const code = await codeOf(askMemory(disk, door, "agent.unseal", {}, proof()));
      if (code !== "done") {
        found.push(`step ${step}, ${data}: ${code}`);
        continue;
      }
      const reserved = await usesOf(disk, door);
      if (reserved < used) found.push(`step ${step}, ${data}: ${reserved} reserved, ${used} used`);
      await encrypt(disk, door, 1);
      if ((await usesOf(disk, door)) !== reserved + block) found.push(`step ${step}, ${data}: goes on within an old block`);
      await door.seal("looked");
    }
  }
  return { tried, found };
}

t.test("a crash never gives back a use: what was answered is reserved on disk", { timeout: 600_000 }, async (t) => {
  const { tried, found } = await problems(await life());
  t.same(found.slice(0, 5), []);
  t.ok(tried > 10, `${tried} states`);
});

t.test("a disk that does not sync is found out", async (t) => {
  const { found } = await problems(await life({ datasync: true }));
  t.not(found.length, 0);
});

t.test("no nonce comes twice, in 1e7 encryptions of the whole version", { timeout: 7_200_000 }, async (t) => {
  const { ask, again } = await transitVault(t);
  await ask("transit.create", { name: "k", type: "aes256-gcm96" });
  const batches = slow ? 10_000 : 40;
  const one = Array.from({ length: 1000 }, () => "x");
  const nonces = new BigUint64Array(batches * one.length);
  let at = 0;
  for (let batch = 0; batch < batches; batch++) {
    if (batch % (batches / 4) === 0) await again();
    for (const text of (await ask("transit.encrypt", { name: "k" }, one)).body) {
      const sealed = parseBlob(text)?.bytes ?? new Uint8Array();
      // the first 64 of 96 bits: that two of 1e7 are equal by chance has odds of 1 to 370,000
      nonces[at++] = new DataView(sealed.buffer, sealed.byteOffset).getBigUint64(0);
    }
  }
  nonces.sort();
  let twice = 0;
  for (let place = 1; place < nonces.length; place++) if (nonces[place] === nonces[place - 1]) twice += 1;
  t.equal(twice, 0);
  t.ok(((await ask("transit.read", { name: "k" })).result.versions[0]?.uses ?? 0) >= nonces.length);
  t.equal(textOf((await ask("transit.encrypt", { name: "k" }, ["x"])).body[0]).slice(0, 9), "vault:v1:");
});
