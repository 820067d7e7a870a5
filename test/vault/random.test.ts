/** Random operations against a map, with reopening and crashes: after each crash everything acknowledged is there, and nothing else. */
import t from "tap";
import type { Door } from "../../src/protocol.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { askMemory, memoryWorld } from "../crash/history.ts";
import { crash, MemoryIo, settle } from "../crash/memory-io.ts";
import { part, share, slow } from "../helpers/slow.ts";
import { bytes, keyFile, openDoor } from "../helpers/vault.ts";

const { from, to } = share(slow ? Number(process.env["ZVAULT_TEST_STEPS"] ?? 100_000) : 1_500);
const steps = to - from;
/** Each piece of the whole version has a sequence of its own. */
const seed = Number(process.env["ZVAULT_TEST_SEED"] ?? 20_261_124) + part.at;
/** A recording grows with every step: after so many crashes the disk is begun anew from what it holds. */
const stepsPerDisk = 400;

/** xorshift32 */
function randomOf(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Live values, and those that `undo` brings back. */
type Model = Map<string, { versions: string[]; deleted: boolean }>;

class Life {
  io = new MemoryIo();
  door: Pick<Door, "ask"> & { seal(reason: string): Promise<number> } = openDoor(memoryWorld, this.io).door;
  readonly key = makeKeyFile();
  model: Model = new Map();
  crashes = 0;
  reopenings = 0;
  readonly random: (below: number) => number;

  constructor(random: (below: number) => number) {
    this.random = random;
  }

  proof(): { credential: ReturnType<typeof keyFile> } {
    return { credential: keyFile(this.key) };
  }

  async begin(): Promise<void> {
    this.io.makeFolder(memoryWorld.project);
    await askMemory(this.io, this.door, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, this.proof());
  }

  async reopen(io: MemoryIo): Promise<void> {
    this.io = io;
    this.door = openDoor(memoryWorld, io).door;
    await askMemory(io, this.door, "agent.unseal", {}, this.proof());
  }

  async step(at: number): Promise<void> {
    const path = `env/shop/K${this.random(25)}`;
    const known = this.model.get(path);
    switch (this.random(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4: {
        const value = `${at} ${"x".repeat(this.random(200))}`;
        await askMemory(this.io, this.door, "kv.put", { path }, { body: [bytes(value)] });
        this.model.set(path, { versions: [...(known?.versions ?? []), value], deleted: false });
        return;
      }
      case 5: {
        const entries = [1, 2, 3].map((one) => ({ path: `env/shop/K${one}` }));
        const values = entries.map((_, one) => `import ${at} ${one}`);
        const asked = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
        await askMemory(this.io, this.door, "kv.import", asked, { body: values.map(bytes), ...this.proof() });
        for (const [one, entry] of entries.entries()) {
          this.model.set(entry.path, {
            versions: [...(this.model.get(entry.path)?.versions ?? []), values[one] ?? ""],
            deleted: false,
          });
        }
        return;
      }
      case 6:
        if (!known || known.deleted) return;
        await askMemory(this.io, this.door, "kv.delete", { path });
        this.model.set(path, { ...known, deleted: true });
        return;
      case 7: {
        if (!known) return;
        const [last, before] = [known.versions.at(-1), known.versions.at(-2)];
        if (!known.deleted && before === undefined) return;
        await askMemory(this.io, this.door, "kv.undo", { path });
        const versions = known.deleted ? known.versions : [...known.versions, before ?? last ?? ""];
        this.model.set(path, { versions, deleted: false });
        return;
      }
      case 8:
        if (this.random(10) === 0) await askMemory(this.io, this.door, "vault.compact", {}, this.proof());
        return;
      case 9:
        if (this.random(20) === 0) await askMemory(this.io, this.door, "vault.rotate", {}, this.proof());
        return;
      case 10:
        if (this.random(8) !== 0) return;
        this.reopenings += 1;
        await this.door.seal("reopen");
        return this.reopen(this.io);
      case 11:
        if (this.random(8) !== 0) return;
        this.crashes += 1;
        return this.reopen(this.#crashed());
    }
  }

  /** A crash now: everything was acknowledged, so nothing may be missing whatever else is lost. */
  #crashed(): MemoryIo {
    const kinds = ["none", "all", "some"] as const;
    const loss = {
      data: kinds[this.random(3)] ?? "none",
      names: kinds[this.random(3)] ?? "none",
      random: () => this.random(1000) / 1000,
    };
    const disk = crash(this.io.steps, this.io.steps.length, loss);
    settle(disk);
    return disk;
  }

  async check(): Promise<string | undefined> {
    const { result } = await askMemory(this.io, this.door, "kv.list", { prefix: "" });
    const live = [...this.model].filter(([, one]) => !one.deleted);
    if (result.secrets.length !== live.length) return `${result.secrets.length} secrets instead of ${live.length}`;
    for (const [path, { versions }] of live) {
      const { body } = await askMemory(this.io, this.door, "kv.get", { path }, this.proof());
      if (body[0] !== versions.at(-1)) return `${path} is ${body[0]}, not ${versions.at(-1)}`;
    }
    return undefined;
  }
}

t.test(`${steps} random steps, with reopening and crashes`, { timeout: 3_600_000 }, async (t) => {
  const random = randomOf(seed);
  let done = 0;
  let crashes = 0;
  let reopenings = 0;
  while (done < steps) {
    const life = new Life(random);
    await life.begin();
    for (let at = 0; at < stepsPerDisk && done < steps; at++, done++) {
      await life.step(done);
      if (at % 100 === 99) {
        const problem = await life.check();
        if (problem !== undefined) return t.fail(`seed ${seed}, step ${done}: ${problem}`);
      }
    }
    await life.door.seal("end");
    crashes += life.crashes;
    reopenings += life.reopenings;
  }
  t.pass(`${done} steps, seed ${seed}`);
  t.comment(`${done} random steps against a map, ${crashes} crashes, ${reopenings} reopenings, 0 wrong`);
});
