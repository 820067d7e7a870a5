/** The markers of markers.test.ts at a real agent: command lines and environments of its processes, its folders, files for a time. */
import "../helpers/detached.ts";
import * as fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Credential } from "../../src/protocol.ts";
import type { VerbName } from "../../src/verbs.ts";
import { realAgent } from "../agent/real.ts";
import { bytes, codeOf, keyFile, passphrase, refOf } from "../helpers/vault.ts";
import { type Form, formsIn, formsOf, newCore } from "./markers/forms.ts";

const core = newCore();
const mark = (name: string): Uint8Array => bytes(`${core} ${name} "\\\n\u00e4`);
const text = (name: string): string => Buffer.from(mark(name)).toString();

/** What a process says of itself to whoever is allowed to look. */
function shownBy(pid: number | string): Record<string, Buffer> {
  const shown: Record<string, Buffer> = {};
  for (const name of ["cmdline", "environ", "comm"]) {
    try {
      shown[name] = fs.readFileSync(`/proc/${pid}/${name}`);
    } catch {
      // closed to us, or gone meanwhile
    }
  }
  return shown;
}

function childrenOf(pid: number): string[] {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  } catch {
    return [];
  }
}

/** Files below, that were written since; what is too deep or too large is nobody's of ours. */
function filesIn(folder: string, since: number, depth: number): string[] {
  const found: string[] = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    try {
      const { mtimeMs, size } = fs.lstatSync(path);
      if (entry.isDirectory() && depth > 0) found.push(...filesIn(path, since, depth - 1));
      else if (entry.isFile() && mtimeMs >= since && size < 1024 * 1024) found.push(path);
    } catch {
      // another test's, gone meanwhile
    }
  }
  return found;
}

t.test("a real agent shows no value in processes, files and errors", async (t) => {
  const since = Date.now() - 1000;
  const { client, base } = await realAgent(t);
  const project = `${base}/shop`;
  const dir = `${project}/.zvault`;
  fs.mkdirSync(project, { mode: 0o700 });
  const key = makeKeyFile();
  const proof = (): Credential => keyFile(key.slice());
  const secrets: Form[] = [...formsOf(bytes(core)), ...formsOf(key.slice(13, 77))];
  const found: string[] = [];
  const look = (place: string, where: Uint8Array): void => {
    for (const form of formsIn(where, secrets)) found.push(`${place}: ${form}`);
  };
  const seen = { processes: new Map<string, Buffer>(), looks: 0 };
  const watch = (): void => {
    for (const pid of [String(client.agentPid), ...childrenOf(client.agentPid)]) {
      for (const [name, where] of Object.entries(shownBy(pid))) {
        if (seen.processes.get(`${name} ${pid}`)?.equals(where)) continue;
        seen.processes.set(`${name} ${pid}`, where);
        look(`${name} of ${pid}`, where);
      }
    }
    seen.looks += 1;
  };
  const helperSeen = (): boolean => [...seen.processes.values()].some((shown) => shown.includes("--keywork"));
  const ask = async <V extends VerbName>(
    verb: V,
    args: Calls[V]["args"],
    more: { body?: Uint8Array[]; credential?: Credential } = {},
  ): Promise<string[]> => {
    const vault = fs.existsSync(`${dir}/vault`) ? { vault: refOf(dir) } : {};
    let watching = true;
    // as often as there is time for it, until a helper was caught
    const again = (): void => {
      if (!watching) return;
      watch();
      if (helperSeen()) setTimeout(again, 5);
      else setImmediate(again);
    };
    again();
    try {
      const answer = await client.ask(verb, args, { ...vault, ...more });
      look(`the answer of ${verb}`, Buffer.from(JSON.stringify(answer.result)));
      const body = answer.body.map((one) => Buffer.from(one).toString());
      answer.release();
      return body;
    } catch (failure) {
      look(`the error of ${verb}`, Buffer.from(`${String(failure)} ${JSON.stringify(failure)} ${(failure as Error).stack ?? ""}`));
      throw failure;
    } finally {
      watching = false;
      watch();
    }
  };
  await ask("vault.init", { dir: project, slot: "key-file" }, { credential: proof() });
  await ask("kv.put", { path: "env/shop/A" }, { body: [mark("value")] });
  t.same(await ask("kv.get", { path: "env/shop/A" }, { credential: proof() }), [text("value")]);
  await ask("access.add", { kind: "passphrase" }, { body: [mark("passphrase")], credential: proof() });
  t.same(await ask("kv.get", { path: "env/shop/A" }, { credential: passphrase(text("passphrase")) }), [text("value")]);
  // a helper lives for some milliseconds only
  for (let tries = 0; tries < 100 && !helperSeen(); tries += 1)
    await ask("kv.get", { path: "env/shop/A" }, { credential: passphrase(text("passphrase")) });
  const wrong = ask("kv.get", { path: "env/shop/A" }, { credential: passphrase(text("wrong passphrase")) });
  t.equal(await codeOf(wrong), "wrong-passphrase");
  await ask("transit.create", { name: "box", type: "aes256-gcm96" }, { credential: proof() });
  const [ciphertext = ""] = await ask("transit.encrypt", { name: "box" }, { body: [mark("plaintext")] });
  t.same(await ask("transit.decrypt", { name: "box" }, { body: [bytes(ciphertext)], credential: proof() }), [text("plaintext")]);
  await ask("audit.hash", {}, { body: [mark("hashed")], credential: proof() });
  await ask("approle.write", { role: "ci", policies: ["default"] }, { credential: proof() });
  const [secretId = ""] = await ask("approle.secret-id", { role: "ci" }, { credential: proof() });
  const [token = ""] = await ask("token.create", { policies: ["local"] }, { credential: proof() });
  secrets.push(...formsOf(bytes(secretId)), ...formsOf(bytes(token)));
  t.equal(await codeOf(ask("approle.login", { roleId: "0".repeat(32) }, { body: [bytes(secretId)] })), "denied");
  await ask("kv.list", { prefix: "" }, { credential: { kind: "token", parts: [bytes(token)] } });
  t.equal(await codeOf(ask("kv.list", { prefix: "" }, { credential: { kind: "token", parts: [mark("token")] } })), "denied");
  await ask("backup.create", { out: `${base}/copy.zvault` });
  await ask("agent.seal", {});

  const files = filesIn(base, since, 9);
  for (const file of files) look(file, fs.readFileSync(file));
  for (const file of [...filesIn("/tmp", since, 1), ...filesIn("/dev/shm", since, 1)]) {
    try {
      look(file, fs.readFileSync(file));
    } catch {
      // another test's, gone meanwhile
    }
  }
  t.same([...new Set(found)], []);
  t.ok(helperSeen(), `helpers were seen at work, in ${seen.looks} looks`);
  t.ok(["vault", "keys", "000001.jsonl", "copy.zvault"].every((name) => files.some((file) => file.endsWith(name))));
});
