/** A real vault in a temp folder, behind an in-process door. The key work runs in this process, with a cheap Argon2id. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Calls } from "../../src/calls.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Answer, Caller, Credential, Request, VaultRef } from "../../src/protocol.ts";
import { createDoor, type DoorOptions, type VaultDoor } from "../../src/vault/door.ts";
import type { KdfPolicy } from "../../src/vault/identity.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { perform } from "../../src/vault/keywork.ts";
import type { Places } from "../../src/vault/places.ts";
import type { VerbName } from "../../src/verbs.ts";

const cheap = { memoryKiB: 64, passes: 1, lanes: 1 };
export const cheapKdf: KdfPolicy = { use: cheap, floor: cheap };

export const caller: Caller = {
  uid: process.geteuid?.() ?? 0,
  pid: process.pid,
  startTime: "1",
  program: "/usr/bin/test",
  session: "1.1",
  listener: "process",
  verdict: "plain",
  signs: [],
};

export type World = { base: string; project: string; places: Places; dir: string };

/** An empty folder with a project and everything that lies outside of it. */
export function makeWorld(): World {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "zvault-test-")));
  const project = path.join(base, "shop");
  fs.mkdirSync(project, { mode: 0o700 });
  const places = { config: `${base}/config`, state: `${base}/state`, runtime: `${base}/run` };
  return { base, project, places, dir: `${project}/.zvault` };
}

export function removeWorld(world: World): void {
  fs.rmSync(world.base, { recursive: true, force: true });
}

export type Opened = { door: VaultDoor; fatal: string[]; waits: number[]; now: { ms: number } };

export function openDoor(world: World, io: Io = diskIo, more: Partial<DoorOptions> = {}): Opened {
  const fatal: string[] = [];
  const waits: number[] = [];
  const now = { ms: 1_000_000 };
  const door = createDoor({
    io,
    work: (job) => perform(job, cheapKdf),
    places: world.places,
    clock: () => new Date(),
    build: "test",
    facts: () => ({ hardening: [], memory: { kind: "unlocked", locked: 0, why: "test" } }),
    fatal: (why) => void fatal.push(why),
    agent: { pid: process.pid, since: new Date() },
    uptime: () => now.ms,
    sleep: async (milliseconds) => void waits.push(milliseconds),
    ...more,
  });
  return { door, fatal, waits, now };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function passphrase(text: string): Credential {
  return { kind: "passphrase", parts: [bytes(text)] };
}

export function keyFile(content: Uint8Array): Credential {
  return { kind: "key-file", parts: [content] };
}

export function shares(texts: readonly string[]): Credential {
  return { kind: "shares", parts: texts.map(bytes) };
}

/** The vault as a client finds it. */
export function refOf(dir: string): VaultRef {
  const file = fs.statSync(`${dir}/vault`, { bigint: true });
  const id = Buffer.alloc(16);
  const fd = fs.openSync(`${dir}/vault`, "r");
  fs.readSync(fd, id, 0, 16, 16);
  fs.closeSync(fd);
  return { id: id.toString("hex"), dir, dev: String(file.dev), ino: String(file.ino) };
}

/** One request about the world's vault; texts of the answer's body, its secrets wiped. */
export async function ask<V extends VerbName>(
  door: Pick<VaultDoor, "ask">,
  world: World,
  verb: V,
  args: Calls[V]["args"],
  more: Partial<Request<V>> & { caller?: Caller } = {},
): Promise<{ result: Calls[V]["result"]; body: string[] }> {
  const { caller: who = caller, ...request } = more;
  const vault = fs.existsSync(`${world.dir}/vault`) ? { vault: refOf(world.dir) } : {};
  const answer: Answer<V> = await door.ask({ verb, args, ...vault, ...request }, who);
  const body = answer.body.map((one) => Buffer.from(one).toString("utf8"));
  answer.release();
  return { result: answer.result, body };
}

/** The code of the error that `act` ends with, "done" when it does not. */
export async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "done";
  } catch (failure) {
    return (failure as { code?: string }).code ?? String(failure);
  }
}

export function secret(text: string): Secret {
  return Secret.take(bytes(text));
}

export type Vaulted = { world: World; opened: Opened; key: Uint8Array };

/** An open vault with a key file and two values. */
export async function vaulted(t: { teardown(f: () => void): void }): Promise<Vaulted> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const opened = openDoor(world);
  await ask(opened.door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  for (const name of ["A", "B"])
    await ask(opened.door, world, "kv.put", { path: `env/shop/${name}` }, { body: [bytes(`value ${name}`)] });
  return { world, opened, key };
}
