/** Requests that come while a keys file, a generation or an audit segment is being replaced. */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { find, memoryRef, memoryWorld, askMemory } from "../crash/history.ts";
import { crash, MemoryIo } from "../crash/memory-io.ts";
import { withVault } from "../helpers/content.ts";
import { bytes, codeOf, keyFile, type Opened, openDoor } from "../helpers/vault.ts";

const key = makeKeyFile();
const credential = { credential: keyFile(key) };

async function made(): Promise<{ io: MemoryIo; opened: Opened }> {
  const io = new MemoryIo();
  io.makeFolder(memoryWorld.project);
  const opened = openDoor(memoryWorld, io);
  await askMemory(io, opened.door, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, credential);
  for (let at = 0; at < 5; at++) await put(io, opened, `P${at}`, `first ${at}`);
  return { io, opened };
}

function put(io: MemoryIo, { door }: Opened, name: string, value: string): Promise<unknown> {
  return askMemory(io, door, "kv.put", { path: `env/shop/${name}` }, { body: [bytes(value)] });
}

/** After `ticks` turns of the promise queue. */
async function later<T>(ticks: number, act: () => Promise<T>): Promise<T> {
  for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
  return act();
}

async function reopened(io: MemoryIo, opened: Opened): Promise<Record<string, string>> {
  await opened.door.seal("end");
  const found = await find(io, [key]);
  return found.content ?? { code: found.code ?? "" };
}

t.test("values put while the vault is compacted are there, and so are those read", async (t) => {
  for (let ticks = 0; ticks < 120; ticks += 3) {
    const { io, opened } = await made();
    const compacting = askMemory(io, opened.door, "vault.compact", {}, credential);
    const putting = later(ticks, () => put(io, opened, "P1", `while ${ticks}`));
    const reading = later(ticks, () => askMemory(io, opened.door, "kv.get", { path: "env/shop/P2" }, credential));
    const codes = [await codeOf(compacting), await codeOf(putting), await codeOf(reading)];
    if (codes.some((code) => code !== "done")) t.fail(`after ${ticks} ticks: ${codes.join(", ")}`);
    t.same(opened.fatal, []);
    t.match(await reopened(io, opened), { "env/shop/P1": `while ${ticks}`, "env/shop/P2": "first 2" });
  }
});

t.test("two changes of the keys file at once follow each other", async (t) => {
  for (let ticks = 0; ticks < 80; ticks += 4) {
    const { io, opened } = await made();
    const { door } = opened;
    const rotating = askMemory(io, door, "vault.rotate", {}, credential);
    const adding = later(ticks, () =>
      askMemory(io, door, "access.add", { kind: "key-file" }, { ...credential, body: [makeKeyFile()] }),
    );
    const rekeying = later(ticks >> 1, () => askMemory(io, door, "vault.rekey", {}, credential));
    const putting = later(ticks, () => put(io, opened, "P1", `while ${ticks}`));
    const codes = [await codeOf(rotating), await codeOf(adding), await codeOf(rekeying), await codeOf(putting)];
    // a proof of presence may have been of the root key that rekey replaced meanwhile
    if (codes.some((code) => code !== "done" && code !== "wrong-key")) t.fail(`after ${ticks} ticks: ${codes.join(", ")}`);
    t.match(await reopened(io, opened), { "env/shop/P1": `while ${ticks}`, "env/shop/P4": "first 4" });
  }
});

t.test("a backup made while the keys file changes can be restored", async (t) => {
  for (let ticks = 0; ticks < 80; ticks += 4) {
    const { io, opened } = await made();
    const { door } = opened;
    const rotating = askMemory(io, door, "vault.rotate", {}, credential);
    const out = `/home/backup-${ticks}`;
    await later(ticks, () => askMemory(io, door, "backup.create", { out }));
    await rotating;
    t.equal(
      await codeOf(askMemory(io, door, "backup.restore", { dir: memoryWorld.project, from: out }, credential)),
      "done",
      `after ${ticks} ticks`,
    );
  }
});

t.test("audit lines written while a segment is closed stay in one chain, whatever a crash loses then", async (t) => {
  const { io, opened } = await made();
  await opened.door.seal("ready");
  const id = memoryRef(io)?.id ?? "";
  const problems: string[] = [];
  for (let ticks = 0; ticks < 24; ticks += 2) {
    const copy = crash(io.steps, io.steps.length, { data: "all", names: "all", random: () => 0 });
    copy.steps.push(...io.steps);
    copy.nextNode = Math.max(...copy.nodes.keys()) + 1;
    const receipts: number[] = [];
    await withVault(
      memoryWorld,
      key,
      async (vault) => {
        const line = async (at: number): Promise<void> => {
          await vault.audit.record({ kind: "access", request: String(at), verb: "kv.list", paths: [] });
          receipts.push(copy.steps.length);
        };
        const turning = vault.alone(() => vault.nextSegment());
        await Promise.all([turning, ...Array.from({ length: 6 }, (_, at) => later(ticks + at, () => line(at)))]);
        await vault.durable();
      },
      {},
      copy,
      id,
    );
    for (let count = io.steps.length; count <= copy.steps.length; count++) {
      for (const [data, names] of [
        ["none", "none"],
        ["all", "none"],
        ["none", "all"],
        ["all", "all"],
        ["some", "all"],
        ["some", "some"],
      ] as const) {
        let seed = count * 31 + ticks;
        const random = (): number => ((seed = (seed * 1103515245 + 12345) % 2 ** 31) % 1000) / 1000;
        const disk = crash(copy.steps, count, { data, names, random });
        const { door } = openDoor(memoryWorld, disk);
        const code = await askMemory(disk, door, "agent.unseal", {}, credential).then(
          () => "done",
          (failure: unknown) => String(failure),
        );
        const told = receipts.filter((step) => step <= count).length;
        const { result } = code === "done" ? await askMemory(disk, door, "audit.verify", {}) : { result: { ok: code } };
        const { lines } = code === "done" ? (await askMemory(disk, door, "audit.tail", { lines: 1000 })).result : { lines: [] };
        const kept = lines.filter((one) => one["verb"] === "kv.list" && String(one["request"]).length === 1).length;
        if (result.ok !== true || kept < told)
          problems.push(`ticks ${ticks}, step ${count} (${data}, ${names}): ${JSON.stringify(result)}, ${kept} of ${told} lines`);
        await door.seal("looked");
      }
    }
  }
  t.same(problems.slice(0, 6), []);
});
