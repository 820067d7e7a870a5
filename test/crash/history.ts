/** A life of a vault on the recording disk: every kind of change, what was acknowledged when, and what must be found after a crash. */
import { makeKeyFile } from "../../src/key-file.ts";
import type { VaultDoor } from "../../src/vault/door.ts";
import { ask as askDoor, bytes, codeOf, keyFile, openDoor } from "../helpers/vault.ts";
import type { Calls } from "../../src/calls.ts";
import type { Request, VaultRef } from "../../src/protocol.ts";
import type { VerbName } from "../../src/verbs.ts";
import { MemoryIo } from "./memory-io.ts";

/** path → value of everything that is there */
export type Content = Record<string, string>;
/** What is true once the mark of the same number was recorded; before it, this or the one before. */
export type Milestone = { step: number; content: Content | undefined; keys: Uint8Array[] };

const places = { config: "/home/config", state: "/home/state", runtime: "/home/run" };
export const memoryWorld = { base: "/home", project: "/home/shop", places, dir: "/home/shop/.zvault" };

export function memoryRef(io: MemoryIo): VaultRef | undefined {
  const file = io.stat(`${memoryWorld.dir}/vault`);
  if (!file) return undefined;
  const id = Buffer.from(io.contentOf(`${memoryWorld.dir}/vault`).subarray(16, 32)).toString("hex");
  return { id, dir: memoryWorld.dir, dev: file.dev, ino: file.ino };
}

export function askMemory<V extends VerbName>(
  io: MemoryIo,
  door: Pick<VaultDoor, "ask">,
  verb: V,
  args: Calls[V]["args"],
  more: Partial<Request<V>> = {},
): ReturnType<typeof askDoor<V>> {
  const vault = memoryRef(io);
  return askDoor(door, memoryWorld, verb, args, { ...(vault ? { vault } : {}), ...more });
}

export type History = { io: MemoryIo; milestones: Milestone[]; end: number };

/** Runs it all on a fresh recording disk. `skip` makes mutants of the disk. */
export async function live(skip: MemoryIo["skip"] = {}): Promise<History> {
  const io = new MemoryIo();
  io.skip = skip;
  io.makeFolder(memoryWorld.project);
  await io.syncFolder("/");
  await io.syncFolder("/home");
  const [first, second] = [makeKeyFile(), makeKeyFile()];
  const content: Content = {};
  let keys = [first];
  const milestones: Milestone[] = [{ step: 0, content: undefined, keys: [] }];
  const acknowledged = (): void => {
    io.mark("acknowledged");
    milestones.push({ step: io.steps.length, content: { ...content }, keys });
  };
  const { door } = openDoor(memoryWorld, io);
  const credential = (): { credential: ReturnType<typeof keyFile> } => ({ credential: keyFile(keys[0] ?? first) });

  await askMemory(io, door, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, { credential: keyFile(first) });
  acknowledged();
  for (let at = 0; at < 4; at++) {
    const path = `env/shop/P${at % 3}`;
    content[path] = `value ${at} ${"x".repeat(at * 300)}`;
    await askMemory(io, door, "kv.put", { path }, { body: [bytes(content[path])] });
    acknowledged();
  }
  const names = Array.from({ length: 12 }, (_, at) => `env/shop/I${at}`);
  for (const name of names) content[name] = `imported ${name}`;
  const entries = names.map((path) => ({ path }));
  const body = names.map((path) => bytes(content[path] ?? ""));
  await askMemory(
    io,
    door,
    "kv.import",
    { project: "shop", folder: ".", bind: true, entries, layouts: [] },
    { body, ...credential() },
  );
  acknowledged();
  await askMemory(io, door, "access.add", { kind: "key-file", label: "second" }, { body: [second], ...credential() });
  keys = [first, second];
  acknowledged();
  await askMemory(io, door, "vault.rotate", {}, credential());
  acknowledged();
  delete content["env/shop/P0"];
  await askMemory(io, door, "kv.delete", { path: "env/shop/P0" });
  acknowledged();
  await askMemory(io, door, "vault.compact", {}, credential());
  acknowledged();
  await askMemory(io, door, "access.remove", { slot: "key-file" }, { credential: keyFile(second) });
  keys = [second];
  acknowledged();
  delete content["env/shop/P1"];
  await askMemory(io, door, "kv.destroy", { path: "env/shop/P1" }, credential());
  acknowledged();
  content["env/shop/P9"] = "the last one";
  await askMemory(io, door, "kv.put", { path: "env/shop/P9" }, { body: [bytes("the last one")] });
  acknowledged();
  const end = io.steps.length;
  await door.seal("end");
  return { io, milestones, end };
}

/** What a new agent finds on a disk: the content, or the code of the refusal. */
export async function find(
  io: MemoryIo,
  keys: readonly Uint8Array[],
): Promise<{ content?: Content; code?: string; opened?: Uint8Array }> {
  if (!memoryRef(io)) return { code: "no-vault" };
  let code = "";
  for (const key of keys) {
    const { door } = openDoor(memoryWorld, io);
    code = await codeOf(askMemory(io, door, "agent.unseal", {}, { credential: keyFile(key) }));
    if (code !== "done") continue;
    const content: Content = {};
    const { result } = await askMemory(io, door, "kv.list", { prefix: "" });
    for (const { path } of result.secrets) {
      const { body } = await askMemory(io, door, "kv.get", { path }, { credential: keyFile(key) });
      content[path] = body[0] ?? "";
    }
    await door.seal("looked");
    return { content, opened: key };
  }
  return { code };
}
