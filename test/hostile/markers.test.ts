/**
 * A marker in every value and credential field of every verb, in requests that succeed and in such that fail: it is in nothing that is
 * written, no error and no answer's header, in no spelling. In fields for names it may be, escaped.
 */
import { inspect } from "node:util";
import t from "tap";
import { describe } from "../../src/agent/log.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller, Credential, Request } from "../../src/protocol.ts";
import type { VaultDoor } from "../../src/vault/door.ts";
import { type VerbName, verbs } from "../../src/verbs.ts";
import { askMemory, memoryRef, memoryWorld } from "../crash/history.ts";
import { MemoryIo } from "../crash/memory-io.ts";
import { work } from "../helpers/live.ts";
import { copyOf, forgotten, sampleDisk } from "../helpers/sample-disk.ts";
import { samples } from "../helpers/samples.ts";
import { bytes, caller, keyFile, openDoor } from "../helpers/vault.ts";
import { type Form, formsIn, formsOf, newCore } from "./markers/forms.ts";
import { type Good, type Mark, type Marked, marked, wrongCredentials } from "./markers/table.ts";

const tool: Caller = { ...caller, verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] };
const names = Object.keys(verbs) as VerbName[];

/** Of a marker what is looked for; what follows it says whose it is, and tries to break what quotes it. */
const core = newCore();
const markOf = (verb: VerbName, name: string): Uint8Array => bytes(`${core} ${verb} ${name} "\\\n\u00e4`);

const key = makeKeyFile();
const proof = (): Credential => keyFile(key.slice());
const keyText = Buffer.from(key).toString().split(" ")[1] ?? "";
const known: Form[] = [...formsOf(bytes(core)), ...formsOf(bytes(keyText)), ...formsOf(Buffer.from(keyText, "hex"))];

t.test("the search finds a marker in each of its spellings", async (t) => {
  for (const { name, bytes: form } of formsOf(bytes(core))) {
    const where = Buffer.concat([Buffer.from("before "), form, Buffer.from(" behind")]);
    t.ok(formsIn(where, known).includes(name), name);
  }
  for (const shift of [0, 1, 2, 3, 4, 5]) {
    const inside = Buffer.concat([Buffer.alloc(shift, 7), markOf("kv.put", "value")]);
    for (const encoding of ["base64", "base64url"] as const)
      t.not(formsIn(Buffer.from(inside.toString(encoding)), known).length, 0, `${encoding}, ${shift} bytes before it`);
  }
  t.same(formsIn(Buffer.from(core.slice(1)), known), [], "and nothing else");
});

type Asked = { code: string; found: string[]; text: string };

/** One request, and in which places something of it shows that must not. */
async function play(io: MemoryIo, door: VaultDoor, verb: VerbName, request: Partial<Request>, who = caller): Promise<Asked> {
  const since = io.steps.length;
  const vault = memoryRef(io);
  const places: [string, Uint8Array][] = [];
  const secrets: Form[] = [...known];
  for (const part of [...(request.credential?.parts ?? []), ...(request.body ?? [])]) {
    // markers are looked for anyway, and a ciphertext is no secret
    const plain = Buffer.from(part);
    if (plain.length >= 16 && !plain.includes(core) && !plain.includes("vault:v")) secrets.push(...formsOf(plain.slice()));
  }
  let code = "done";
  let text = "";
  try {
    const answer = await door.ask({ verb, args: {}, ...(vault ? { vault } : {}), ...request } as Request, who);
    for (const part of answer.body) {
      const plain = Buffer.from(part);
      if (plain.length >= 16 && !plain.includes("vault:v")) secrets.push(...formsOf(plain.slice()));
    }
    answer.release();
    places.push(["the answer's header", Buffer.from(JSON.stringify(answer.result))]);
  } catch (failure) {
    code = (failure as { code?: string }).code ?? "none";
    text = inspect(failure, { depth: 8, showHidden: true });
    places.push(["the error", Buffer.from(text)], ["the agent's log", Buffer.from(describe(failure))]);
  }
  for (const step of io.steps.slice(since)) {
    if (step.do === "write") places.push(["a file", step.bytes]);
    if (step.do === "make") places.push(["a file's name", Buffer.from(step.name)]);
    if (step.do === "rename" || step.do === "link") places.push(["a file's name", Buffer.from(step.to)]);
  }
  const found = places.flatMap(([place, where]) => formsIn(where, secrets).map((form) => `${place} (${form})`));
  return { code, found, text };
}

/** On a copy of its own; `fault` from the request on. */
async function alone(
  disk: MemoryIo,
  verb: VerbName,
  request: Partial<Request>,
  on: string,
  fault?: MemoryIo["fault"],
): Promise<Asked> {
  const io = on === "nothing" ? new MemoryIo() : copyOf(disk);
  if (on === "nothing") io.makeFolder(memoryWorld.project);
  if (on === "unknown") forgotten(io);
  const { door } = openDoor(memoryWorld, io, { work });
  if (on === "open") await askMemory(io, door, "agent.unseal", {}, { credential: proof() });
  io.fault = fault;
  const asked = await play(io, door, verb, request);
  io.fault = undefined;
  const { found } = await play(io, door, "agent.seal", {});
  return { ...asked, found: [...asked.found, ...found.map((one) => `at the seal, ${one}`)] };
}

const faults: Record<string, NonNullable<MemoryIo["fault"]>> = {
  full: (call) => (call === "write" || call === "makeFolder" ? { errno: "ENOSPC" } : undefined),
  "no sync": (call) => (["datasync", "sync", "syncFolder"].includes(call) ? { errno: "EIO" } : undefined),
};

function goodOf<V extends VerbName>(verb: V): Good<V>[] {
  const entry: Marked<V> = marked[verb];
  return [...(entry.good ?? [{}])];
}

t.test("no value and no credential shows anywhere", async (t) => {
  const disk = await sampleDisk(key, `${core} `);
  const wrong: string[] = [];
  const told = (what: string, asked: Asked): void => {
    for (const one of asked.found) wrong.push(`${what}, ${asked.code}: ${one}`);
  };
  const first = disk.steps.filter((step) => step.do === "write").flatMap((step) => formsIn(step.bytes, known));
  t.same(first, [], "the samples' vault itself");
  const open = copyOf(disk);
  const { door } = openDoor(memoryWorld, open, { work });
  await askMemory(open, door, "agent.unseal", {}, { credential: proof() });
  const sealed = copyOf(disk);
  const { door: sealedDoor } = openDoor(memoryWorld, sealed, { work });
  let requests = 0;
  let succeeded = 0;
  for (const verb of names) {
    const { all, parts } = marked[verb];
    const mark: Mark = (name) => markOf(verb, name);
    const { args: usual, body: usualBody, on: usualOn = "open" } = samples[verb];
    for (const good of goodOf(verb)) {
      const on = good.on ?? usualOn;
      const request = (): Partial<Request> => ({
        args: structuredClone(good.args ?? usual) as never,
        body: (good.body?.(mark) ?? usualBody ?? []).map((one) => one.slice()),
        credential: good.credential?.(mark) ?? proof(),
      });
      const done = await alone(disk, verb, request(), on);
      told(verb, done);
      if (done.code !== "done") wrong.push(`${verb} is to succeed: ${done.code} ${done.text}`);
      succeeded += 1;
      for (const [name, fault] of Object.entries(faults)) told(`${verb}, ${name}`, await alone(disk, verb, request(), on, fault));
      if (verb === "agent.seal") continue;
      // refused: to a tool; sealed; with a part too many; and all arguments at once
      told(`${verb}, a tool`, await play(open, door, verb, request(), tool));
      if (usualOn === "open") told(`${verb}, sealed`, await play(sealed, sealedDoor, verb, request()));
      requests += 5;
    }
    if (verb === "agent.seal") continue;
    const body = (): Uint8Array[] => [...parts, "one too many"].map(mark);
    for (const args of [all, { ...all, unknown: 1 }, undefined])
      told(`${verb}, bad input`, await play(open, door, verb, { args: args as never, body: body(), credential: proof() }));
    told(`${verb}, no body`, await play(open, door, verb, { args: all as never }));
    for (const [kind, make] of Object.entries(wrongCredentials))
      told(`${verb}, wrong ${kind}`, await play(open, door, verb, { args: all as never, body: body(), credential: make(mark) }));
    requests += 8;
    if (memoryRef(open) === undefined || door.openCount() === 0) {
      await askMemory(open, door, "agent.unseal", {}, { credential: proof() });
    }
  }
  t.same(wrong.slice(0, 12), [], `${wrong.length} are wrong`);
  t.comment(`${succeeded} successful requests, ${requests} others`);
  await door.seal("end");
});

/** Copies of `value`, each with another one of its texts replaced. */
function withEachText(value: unknown, text: (before: string) => string): unknown[] {
  if (typeof value === "string") return [text(value)];
  if (Array.isArray(value))
    return value.flatMap((one: unknown, at) => withEachText(one, text).map((other) => value.with(at, other)));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => withEachText(one, text).map((other) => ({ ...value, [name]: other })));
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

t.test("a name that steers terminals is escaped in whatever is written, whichever argument it stands in", async (t) => {
  const named = newCore();
  const steering = "\u001b]0;x\u0007\u202e\u200b\u2028\u009b";
  const disk = await sampleDisk(key);
  const wrong: string[] = [];
  const codes: Record<string, number> = {};
  let fields = 0;
  let written = 0;
  let opened: { io: MemoryIo; door: VaultDoor } | undefined;
  for (const verb of names) {
    for (const args of [marked[verb].all, samples[verb].args]) {
      for (const behind of [steering, `${steering}\n`]) {
        const renamed = withEachText(args, (before) => `${before.startsWith("/") ? "/home/" : ""}${named}${behind}`);
        // who asks may have such a name, too
        for (const given of [...renamed, args]) {
          if (!opened || opened.door.openCount() === 0) {
            const io = copyOf(disk);
            opened = { io, door: openDoor(memoryWorld, io, { work }).door };
            await askMemory(io, opened.door, "agent.unseal", {}, { credential: proof() });
          }
          const { io } = opened;
          const since = io.steps.length;
          const { body = [] } = samples[verb];
          const who = given === args ? { ...caller, program: `/usr/bin/${named}${behind}` } : caller;
          const request = { args: given as never, body: body.map((one) => one.slice()), credential: proof() };
          const { code } = await play(io, opened.door, verb, request, who);
          codes[code] = (codes[code] ?? 0) + 1;
          fields += 1;
          for (const step of io.steps.slice(since)) {
            const text = step.do === "write" ? Buffer.from(step.bytes).toString("latin1") : "";
            if (!text.includes(named)) continue;
            written += 1;
            for (const line of text.split("\n").filter((one) => one.includes(named))) {
              // the list of known vaults has a folder's own name, as JSON; all else is in ASCII
              const bad = line.startsWith("{") ? /[^\x20-\x7e]/ : /(?!\t)[\0-\x7f](?<=\p{Cc})/u;
              if (bad.test(line) || !isJson(line.replace(/^[0-9a-f]{32}\t/, "")))
                wrong.push(`${verb} ${JSON.stringify(given)}: ${line}`);
            }
          }
          if (code === "done" && verbs[verb].audit !== "read" && verbs[verb].audit !== "none") {
            await opened.door.seal("end");
            opened = undefined;
          }
        }
      }
    }
  }
  await opened?.door.seal("end");
  t.same(wrong.slice(0, 12), [], `${wrong.length} are wrong`);
  t.comment(`${fields} requests (${JSON.stringify(codes)}), ${written} lines with a name in them`);
  t.ok(written > 200, String(written));
});
