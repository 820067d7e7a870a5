/** Rows that are not requests: files, disks, shares, clocks, and what a terminal or a log is given. */
import * as fs from "node:fs";
import { clean } from "../../../src/cli/output.ts";
import { hex, sha256 } from "../../../src/crypto/hash.ts";
import { makeKeyFile } from "../../../src/key-file.ts";
import type { Credential } from "../../../src/protocol.ts";
import { tokenIn } from "../../../src/token-file.ts";
import { parseHeader } from "../../../src/vault/header.ts";
import { checkKdf, parseIdentity, productKdf } from "../../../src/vault/identity.ts";
import { parseKeys } from "../../../src/vault/keys.ts";
import { parseShare } from "../../../src/vault/share.ts";
import { tokenKey } from "../../../src/vault/tokens/text.ts";
import { askMemory, memoryWorld } from "../../crash/history.ts";
import { MemoryIo } from "../../crash/memory-io.ts";
import {
  ask,
  bytes,
  caller,
  keyFile,
  makeWorld,
  openDoor,
  passphrase,
  refOf,
  removeWorld,
  shares as shareSet,
} from "../../helpers/vault.ts";
import { codeOf, type Place, type Player } from "./place.ts";

type File = { file: string; kind?: "link" | "fifo" | "folder" | "second" | "device"; mode?: string; owner?: number };

/** Of the sealed vault, or of what lies outside of it; a token's file is its client's. */
function pathOf({ world }: Place, file: string): string {
  if (file === "token") return `${world.base}/token`;
  if (file === "head") return `${world.places.state}/heads/${fs.readdirSync(`${world.places.state}/heads`)[0] ?? ""}`;
  return file.startsWith("state") ? file.replace("state", world.places.state) : `${world.dir}/${file}`;
}

const instead: Record<NonNullable<File["kind"]>, (path: string, kept: string) => void> = {
  link: (path, kept) => fs.symlinkSync(kept, path),
  fifo: (path) => void process.getBuiltinModule("node:child_process").execFileSync("mkfifo", [path]),
  folder: (path) => fs.mkdirSync(path, { mode: 0o700 }),
  second: (path, kept) => fs.linkSync(kept, path),
  device: (path) => void process.getBuiltinModule("node:child_process").execFileSync("mknod", [path, "c", "1", "5"]),
};

/** Something else in the place of a file, or the file itself for others: what opening says; afterwards it must open again. */
async function files({ file, kind, mode, owner }: File, place: Place): Promise<string> {
  // as the client found it, before it was another
  const vault = refOf(place.world.dir);
  const unseal = (): Promise<string> =>
    codeOf(place.opened.door.ask({ verb: "agent.unseal", args: {}, vault, credential: keyFile(place.key.slice()) }, caller));
  const open = (): Promise<string> =>
    file === "token" ? codeOf(() => tokenIn({ ZVAULT_TOKEN_FILE: `${place.world.base}/token` })) : unseal();
  await place.opened.door.seal("swap");
  fs.writeFileSync(`${place.world.base}/token`, `zvs.${"A".repeat(32)}\n`, { mode: 0o600 });
  const path = pathOf(place, file);
  if (!fs.existsSync(path)) fs.writeFileSync(path, "", { mode: 0o600 });
  const before = fs.statSync(path);
  const kept = `${place.world.base}/kept`;
  if (kind) {
    fs.renameSync(path, kept);
    instead[kind](path, kept);
  }
  if (mode) fs.chmodSync(path, Number.parseInt(mode, 8));
  if (owner !== undefined) fs.chownSync(path, owner, owner);
  const code = await open();
  if (owner !== undefined) fs.chownSync(path, before.uid, before.gid);
  if (kind) {
    fs.rmSync(path, { recursive: true });
    fs.renameSync(kept, path);
  }
  fs.chmodSync(path, before.mode & 0o777);
  const after = await unseal();
  return after === "done" ? code : `${code}, and then ${after}`;
}

type Disk = { verb: "agent.unseal" | "kv.put" | "kv.get" | "token.create" | "vault.init"; call: string; errno: string };

/** The first such call of the verb fails, on a disk in memory; the next agent must find what was there before. */
async function disk({ verb, call, errno }: Disk): Promise<string> {
  const io = new MemoryIo();
  io.makeFolder(memoryWorld.project);
  const key = makeKeyFile();
  const proof = { credential: keyFile(key) };
  const { door } = openDoor(memoryWorld, io);
  const init = { dir: memoryWorld.project, slot: "key-file" } as const;
  const put = { path: "env/shop/A" };
  if (verb !== "vault.init") {
    await askMemory(io, door, "vault.init", init, proof);
    await askMemory(io, door, "kv.put", put, { body: [bytes("before")] });
  }
  if (verb === "agent.unseal") await door.seal("before");
  let met = 0;
  io.fault = (name) => (name === call && met++ === 0 ? { errno } : undefined);
  const acts: Record<Disk["verb"], () => Promise<unknown>> = {
    "vault.init": () => askMemory(io, door, "vault.init", init, proof),
    "agent.unseal": () => askMemory(io, door, "agent.unseal", {}, proof),
    "kv.put": () => askMemory(io, door, "kv.put", put, { body: [bytes("after")] }),
    "kv.get": () => askMemory(io, door, "kv.get", put, proof),
    "token.create": () => askMemory(io, door, "token.create", { policies: ["local"] }, proof),
  };
  const code = await codeOf(acts[verb]());
  io.fault = undefined;
  if (met === 0) return "never met";
  await door.seal("failed");
  const next = openDoor(memoryWorld, io);
  const again = await codeOf(
    verb === "vault.init"
      ? askMemory(io, next.door, "vault.init", init, proof)
      : askMemory(io, next.door, "agent.unseal", {}, proof),
  );
  const value = verb === "vault.init" ? "" : (await askMemory(io, next.door, "kv.get", put, proof)).body[0];
  await next.door.seal("looked");
  const lost = again !== "done" || (code !== "io" && value === "after");
  return lost ? `${code}, and then ${again} ${value}` : code;
}

type Change =
  | "none"
  | "x=0"
  | "twice"
  | "same x"
  | "another vault"
  | "an earlier set"
  | "one too few"
  | "part too short"
  | "capitals"
  | "index 0"
  | "index with a zero in front"
  | "threshold 1"
  | "blank inside"
  | "checksum"
  | "version 2"
  | "a NUL"
  | "cut everywhere";

let made: Promise<{ mine: string[]; earlier: string[]; theirs: string[] }> | undefined;

/** Sets of two of three of a vault before and after a rekey, and of another vault. */
async function shareSets(place: Place): Promise<{ mine: string[]; earlier: string[]; theirs: string[] }> {
  const world = makeWorld();
  const { door } = openDoor(world);
  const init = { dir: world.project, slot: "shares", shares: 3, threshold: 2 } as const;
  const theirs = (await ask(door, world, "vault.init", init)).body;
  await door.seal("made");
  removeWorld(world);
  const earlier = (await place.ask("access.add", { kind: "shares", shares: 3, threshold: 2 })).body;
  const mine = (await place.ask("vault.rekey", { newShares: { shares: 3, threshold: 2 } })).body;
  return { mine, earlier, theirs };
}

/** With a checksum that fits. */
function resealed(share: string, change: (fields: string[]) => void): string {
  const fields = share.split(":").slice(0, -1);
  change(fields);
  const text = fields.join(":");
  return `${text}:${hex(sha256(bytes(text)).subarray(0, 4))}`;
}

async function shares({ change }: { change: Change }, place: Place): Promise<string> {
  const { mine, earlier, theirs } = await (made ??= shareSets(place));
  const [a = "", b = ""] = mine;
  const part = (edit: (text: string) => string): string => resealed(a, (fields) => (fields[6] = edit(fields[6] ?? "")));
  const field = (at: number, text: string): string => resealed(a, (fields) => (fields[at] = text));
  const given: Record<Exclude<Change, "cut everywhere">, string[]> = {
    none: [a, b],
    "x=0": [part((text) => `${text.slice(0, 64)}00`), b],
    twice: [a, a],
    "same x": [resealed(b, (fields) => (fields[6] = `${fields[6]?.slice(0, 64)}${a.split(":")[6]?.slice(64)}`)), a],
    "another vault": [a, theirs[1] ?? ""],
    "an earlier set": [a, earlier[1] ?? ""],
    "one too few": [a],
    "part too short": [part((text) => text.slice(2)), b],
    capitals: [part((text) => text.toUpperCase()), b],
    "index 0": [field(4, "0"), b],
    "index with a zero in front": [field(4, "01"), b],
    "threshold 1": [field(5, "1")],
    "blank inside": [a.replace(":", ": "), b],
    checksum: [`${a.slice(0, -8)}00000000`, b],
    "version 2": [field(1, "2"), b],
    "a NUL": [`${a}\0`, b],
  };
  if (change !== "cut everywhere") return place.code("agent.unseal", {}, { credential: shareSet(given[change]) });
  const codes = new Set<string>();
  for (let length = 0; length < a.length; length++) codes.add(await codeOf(() => parseShare(a.slice(0, length), "share 1")));
  return [...codes].join();
}

type Bytes =
  | { in: "keys" | "vault" | "identity"; at: number; u32: number }
  | { in: "keys" | "vault" | "identity" | "token"; cut: "everywhere" }
  | { in: "kdf"; memoryKiB: number; passes: number; lanes: number };

let identity: Promise<Uint8Array> | undefined;

async function identityFile(): Promise<Uint8Array> {
  const world = makeWorld();
  const { door } = openDoor(world);
  await ask(
    door,
    world,
    "vault.init",
    { dir: world.project, slot: "identity" },
    { credential: passphrase("correct horse battery") },
  );
  const found = fs.readFileSync(`${world.places.config}/identity`);
  await door.seal("made");
  removeWorld(world);
  return new Uint8Array(found);
}

/** Files with other numbers in them, and cut at each byte: what reading them says. */
async function stored(input: Bytes, place: Place): Promise<string> {
  if (input.in === "kdf") return codeOf(() => checkKdf(input, productKdf.floor));
  const parsers: Record<Exclude<Bytes["in"], "kdf">, [() => Promise<Uint8Array> | Uint8Array, (bytes: Uint8Array) => unknown]> = {
    keys: [() => new Uint8Array(fs.readFileSync(`${place.world.dir}/keys`)), parseKeys],
    vault: [() => new Uint8Array(fs.readFileSync(`${place.world.dir}/vault`)).slice(0, 128), (one) => parseHeader(one, "vault")],
    identity: [() => (identity ??= identityFile()), parseIdentity],
    token: [() => bytes(`zvs.${"A".repeat(32)}`), (one) => (tokenKey(one) === undefined ? refuse() : undefined)],
  };
  const [content, parse] = parsers[input.in];
  const whole = Uint8Array.from(await content());
  if ((await codeOf(() => parse(whole))) !== "done") return "not even whole";
  if ("u32" in input) {
    new DataView(whole.buffer).setUint32(input.at, input.u32);
    return codeOf(() => parse(whole));
  }
  const codes = new Set<string>();
  for (let length = 0; length < whole.length; length++) codes.add(await codeOf(() => parse(whole.subarray(0, length))));
  return [...codes].join();
}

function refuse(): never {
  throw Object.assign(new Error("no token"), { code: "denied" });
}

type Clock = { at?: string; then: number; token?: object; role?: object; verb?: string; args?: object };

/** A token or secret_id is made `at` a time, and asked with `then` seconds later. */
async function clock({ at = "2026-11-25T12:00:00Z", then, token, role }: Clock, place: Place): Promise<string> {
  place.time = Date.parse(at);
  try {
    if (role) {
      const { roleId } = (await place.ask("approle.write", { role: "clock", policies: ["local"], ...role })).result;
      const { body } = await place.ask("approle.secret-id", { role: "clock" });
      place.time += 1000 * then;
      return await place.code("approle.login", { roleId }, { body: [body[0] ?? ""] });
    }
    const made = await place.ask("token.create", { policies: ["local"], ...token } as never);
    const credential: Credential = { kind: "token", parts: [bytes(made.body[0] ?? "")] };
    place.time += 1000 * then;
    return await place.code("kv.list", { prefix: "env/" }, { credential });
  } catch (failure) {
    return codeOf(Promise.reject(failure as Error));
  } finally {
    place.time = undefined;
  }
}

/** A name as the terminal gets it; the audit log, whose reader may be a terminal, holds printable ASCII only. */
async function terminal(text: string, place: Place): Promise<string> {
  await place.ask("kv.list", { prefix: "" }, { caller: { ...caller, program: text } });
  const log = fs.readFileSync(`${place.world.dir}/audit/000001.jsonl`, "latin1");
  if (/[^\n\x20-\x7e]/.test(log)) return "raw in the audit log";
  return clean(text);
}

export const around = { files, disk, shares, stored, clock, terminal } satisfies Record<string, Player>;
