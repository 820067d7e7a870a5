/**
 * What the build runs once, so that the agent's code cache holds compiled functions: a vault in a temp folder, opened, written, read and
 * sealed. Nothing of it is in the executable but the functions.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import type { Calls } from "../calls.ts";
import { makeKeyFile } from "../key-file.ts";
import type { Answer, Caller } from "../protocol.ts";
import type { VerbName } from "../verbs.ts";
import { createDoor } from "../vault/door.ts";
import { diskIo } from "../vault/io.ts";
import { perform } from "../vault/keywork.ts";

const rounds = 3;

export async function warm(): Promise<void> {
  const base = fs.realpathSync(fs.mkdtempSync(join(os.tmpdir(), "zvault-warm-")));
  const key = makeKeyFile();
  const door = createDoor({
    io: diskIo,
    work: perform,
    places: { config: `${base}/config`, state: `${base}/state`, runtime: `${base}/run` },
    clock: () => new Date(),
    build: "",
    facts: () => ({ hardening: [], memory: { kind: "unlocked", locked: 0, why: "" } }),
    fatal: () => undefined,
    agent: { pid: process.pid, since: new Date() },
  });
  const caller: Caller = {
    uid: process.geteuid?.() ?? 0,
    pid: 0,
    startTime: "",
    program: "",
    session: "",
    listener: "process",
    verdict: "plain",
    signs: [],
  };
  const dir = `${base}/.zvault`;
  const ask = async <V extends VerbName>(
    verb: V,
    args: Calls[V]["args"],
    body: Uint8Array[] = [],
    proof = false,
  ): Promise<Answer<V>> => {
    const file = fs.statSync(`${dir}/vault`, { bigint: true, throwIfNoEntry: false });
    const id = file && fs.readFileSync(`${dir}/vault`).subarray(16, 32).toString("hex");
    const vault = file && id !== undefined ? { vault: { id, dir, dev: String(file.dev), ino: String(file.ino) } } : {};
    const credential = proof ? { credential: { kind: "key-file" as const, parts: [key.slice()] } } : {};
    const answer = await door.ask({ verb, args, body, ...vault, ...credential }, caller);
    answer.release();
    return answer;
  };
  try {
    await ask("vault.init", { dir: base, slot: "key-file" }, [], true);
    const paths = Array.from({ length: 20 }, (_, at) => ({ path: `env/warm/KEY_${at}` }));
    const values = paths.map((one) => new TextEncoder().encode(one.path));
    await ask("kv.import", { project: "warm", folder: ".", bind: true, entries: paths, layouts: [] }, values);
    for (let round = 0; round < rounds; round++) {
      await ask("kv.resolve", { folder: ".", refs: paths });
      await ask("kv.list", { prefix: "" });
      await ask("vault.status", {});
      await ask("agent.seal", {});
      await ask("agent.unseal", {}, [], true);
    }
    await door.seal("warm");
  } finally {
    fs.rmSync(base, { recursive: true, force: true });
  }
}
