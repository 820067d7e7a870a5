/**
 * Every verb of the table × {plain, ambiguous, sign} × {no token, narrow token, owner presence, root token}: what it is answered and
 * exactly the records that it leaves, as decisions.txt has them.
 */
import * as fs from "node:fs";
import { isDeepStrictEqual } from "node:util";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller, Credential } from "../../src/protocol.ts";
import type { VaultDoor } from "../../src/vault/door.ts";
import { type VerbName, verbs } from "../../src/verbs.ts";
import { askMemory, memoryRef, memoryWorld } from "../crash/history.ts";
import { MemoryIo } from "../crash/memory-io.ts";
import { work } from "../helpers/live.ts";
import { copyOf, forgotten, sampleDisk } from "../helpers/sample-disk.ts";
import { samples } from "../helpers/samples.ts";
import { ask, bytes, caller, codeOf, keyFile, openDoor } from "../helpers/vault.ts";

const states: Record<string, Caller> = {
  plain: caller,
  ambiguous: { ...caller, verdict: "ambiguous", signs: ["editor"] },
  sign: { ...caller, verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] },
};
const credentials = ["none", "narrow", "presence", "root"] as const;

type Row = { leaves: string; paths: string[]; cells: Record<string, string[]> };

function readTable(): Record<string, Row> {
  const table: Record<string, Row> = {};
  let row: Row | undefined;
  for (const line of fs.readFileSync(new URL("decisions.txt", import.meta.url), "utf8").split("\n")) {
    if (line.startsWith("#") || line === "") continue;
    const [first = "", ...rest] = line.trim().split(/ +/);
    if (line.startsWith(" ") && row) row.cells[first] = rest;
    else table[first] = row = { leaves: rest[0] ?? "", paths: rest[1]?.split(",") ?? [], cells: {} };
  }
  return table;
}

const table = readTable();

/** What a cell means. */
function meaning(cell: string): { code: string; policy?: string; presence?: string } {
  const policy = cell.replace(/^(tool)?-/, "");
  switch (cell) {
    case "free":
    case "key":
      return { code: "done" };
    case "owner":
      return { code: "done", policy: "owner", presence: "key-file" };
    case "local+key":
      return { code: "done", policy: "local", presence: "key-file" };
    case "person":
      return { code: "presence-needed" };
    case "tool":
      return { code: "ai-tool" };
    case "no-key":
      return { code: "wrong-key" };
    case "-":
      return { code: "denied" };
    case "tool-local-ai":
      return { code: "ai-tool", policy };
    default:
      return { code: cell.startsWith("-") ? "denied" : "done", policy };
  }
}

type Line = Record<string, unknown> & { caller?: Record<string, string | undefined> };

function auditOf(io: MemoryIo): string[] {
  const folder = `${memoryWorld.dir}/audit`;
  if (!io.stat(folder)) return [];
  const texts = io.list(folder).map((name) => Buffer.from(io.contentOf(`${folder}/${name}`)).toString());
  return texts.flatMap((text) => text.split("\n").filter((line) => line !== ""));
}

/** Of a line what decides; who stands there, and with which token. */
function shown({ kind, verb, paths, policy, presence, code, outcome, caller: who }: Line): object {
  const by = who && `${who["verdict"]} ${who["tool"] ?? ""}${who["accessor"] ?? "no token"}`;
  return { kind, verb, paths, policy, presence, code, outcome, by };
}

/** The records that must be there, and no others. */
function expected(verb: VerbName, cell: string, who: Caller, accessor: string | undefined): object[] {
  const { leaves, paths } = table[verb] ?? { leaves: "", paths: [] };
  const { code, policy, presence } = meaning(cell);
  const gate = leaves === "read" || leaves === "change";
  const by = `${who.verdict} ${who.tool ?? ""}${(gate && accessor) || "no token"}`;
  const line = { verb, paths, policy, presence, code: undefined, outcome: undefined, by };
  if (code !== "done") return gate ? [{ ...line, kind: "denied", code }] : [];
  if (leaves === "-") return [];
  if (leaves === "read") return [{ ...line, kind: "access" }];
  if (leaves === "change")
    return [
      { ...line, kind: "intent" },
      { ...line, kind: "outcome", outcome: "done" },
    ];
  return leaves.split(",").map((name) => {
    const own = name.startsWith("~");
    const proved = (name === "vault.adopt" || name === "backup.restore") && !own ? "key-file" : undefined;
    return { ...line, kind: "event", verb: name.replace("~", ""), presence: proved, by: own ? undefined : by };
  });
}

const key = makeKeyFile();
const proof = { credential: keyFile(key) };
type Token = { text: string; accessor: string };

/** The samples' vault with a policy and tokens, and what else verbs are asked about. */
async function prepare(): Promise<{ disks: Record<string, MemoryIo>; tokens: Record<string, Token> }> {
  const disk = await sampleDisk(key);
  const { door } = openDoor(memoryWorld, disk, { work });
  await askMemory(disk, door, "agent.unseal", {}, proof);
  await askMemory(disk, door, "policy.write", { name: "narrow", text: 'path "env/shop/A" { capabilities = ["read"] }' }, proof);
  const narrow = await askMemory(disk, door, "token.create", { policies: ["narrow"] }, proof);
  const forTool = await askMemory(disk, door, "token.create", { policies: ["narrow"], forTool: true }, proof);
  const root = await askMemory(disk, door, "token.root", {}, proof);
  await door.seal("ready");
  const unknown = copyOf(disk);
  unknown.steps.push(...forgotten(unknown));
  const nothing = new MemoryIo();
  nothing.makeFolder(memoryWorld.project);
  const token = (made: { result: { accessor: string }; body: string[] }): Token => ({
    text: made.body[0] ?? "",
    accessor: made.result.accessor,
  });
  return {
    disks: { open: disk, sealed: disk, unknown, nothing },
    tokens: { narrow: token(narrow), forTool: token(forTool), root: token(root) },
  };
}

type Asked = { code: string; lines: object[]; requests: Set<unknown>; grown: boolean };

type Opened = { io: MemoryIo; door: VaultDoor };
/** One that nothing was changed in yet. */
let unchanged: Opened | undefined;

async function openedOn(from: MemoryIo, on: string): Promise<Opened> {
  if (on === "open" && unchanged) return unchanged;
  const io = copyOf(from);
  const { door } = openDoor(memoryWorld, io, { work });
  if (on !== "open") return { io, door };
  await askMemory(io, door, "agent.unseal", {}, proof);
  return (unchanged = { io, door });
}

/** One request to a vault as the samples want it. */
async function play(from: MemoryIo, verb: VerbName, who: Caller, credential: Credential | undefined): Promise<Asked> {
  const { args, body, on = "open" } = samples[verb];
  const opened = await openedOn(from, on);
  const { io, door } = opened;
  const before = new Set(auditOf(io));
  const vault = memoryRef(io);
  const log = `${memoryWorld.dir}/vault`;
  const size = io.stat(log)?.size;
  const code = await codeOf(
    ask(door, memoryWorld, verb, structuredClone(args), {
      caller: who,
      ...(vault ? { vault } : {}),
      ...(body ? { body: body.map((one) => one.slice()) } : {}),
      ...(credential ? { credential } : {}),
    }),
  );
  const lines = auditOf(io).filter((line) => !before.has(line));
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const grown = io.stat(log)?.size !== size;
  // polls are counted: a second one leaves no line of its own; `holds`: a file was written
  const same = !grown && !samples[verb].holds && (code !== "done" || ["read", "none"].includes(verbs[verb].audit));
  if (on !== "open" || !same) {
    if (opened === unchanged) unchanged = undefined;
    await door.seal("end");
  }
  return { code, lines: parsed.map(shown), requests: new Set(parsed.map((line) => line["request"])), grown };
}

t.test("every verb has a row, and every row is about a verb", async (t) => {
  t.same(Object.keys(table).toSorted(), Object.keys(verbs).toSorted());
  for (const [verb, { cells }] of Object.entries(table)) {
    if (Object.keys(states).some((state) => cells[state]?.length !== credentials.length)) t.fail(`${verb} has not twelve cells`);
  }
  for (const [verb, { leaves }] of Object.entries(table)) {
    const { audit } = verbs[verb as VerbName];
    const fits = { read: "read", poll: "read", change: "change", none: "-", own: verb }[audit];
    // of a sealed vault nobody can write a line
    const own = verb === "access.test" ? "-" : verb;
    if (audit === "own" ? !leaves.split(",").includes(own) : leaves !== fits) t.fail(`${verb} is audited as ${audit}`);
  }
});

t.test("each is answered, refused and recorded as the table says", async (t) => {
  const { disks, tokens } = await prepare();
  const wrong: unknown[] = [];
  let asked = 0;
  const check = async (verb: VerbName, state: string, name: string, cell: string): Promise<void> => {
    const who = states[state] ?? caller;
    const token = tokens[name];
    const credential: Credential | undefined = token
      ? { kind: "token", parts: [bytes(token.text)] }
      : name === "presence"
        ? keyFile(key.slice())
        : undefined;
    const found = await play(disks[samples[verb].on ?? "open"] ?? new MemoryIo(), verb, who, credential);
    const { code } = meaning(cell);
    const records = expected(verb, cell, who, token?.accessor);
    asked += 1;
    const what = `${verb}, ${state}, ${name}: ${cell}`;
    if (found.code !== code) wrong.push(`${what}: ${found.code}`);
    else if (!isDeepStrictEqual(found.lines, records)) wrong.push({ what, left: found.lines, not: records });
    if (verbs[verb].audit !== "own" && found.requests.size > 1) wrong.push(`${what}: lines of different requests`);
    if (code !== "done" && found.grown) wrong.push(`${what}: the log grew`);
  };
  for (const [verb, { cells }] of Object.entries(table) as [VerbName, Row][]) {
    for (const state of Object.keys(states)) {
      for (const [at, name] of credentials.entries()) await check(verb, state, name, cells[state]?.[at] ?? "");
    }
    // made for a tool, a token is worth as much where one asks as anywhere; but for verbs that no policy is asked about
    const own = cells["sign"]?.[1] ?? "";
    await check(
      verb,
      "sign",
      "forTool",
      own === "-narrow" || own === "-local-ai" || own === "local-ai" ? (cells["plain"]?.[1] ?? "") : own,
    );
  }
  await unchanged?.door.seal("end");
  t.same(wrong.slice(0, 10), [], `${wrong.length} are wrong`);
  t.equal(asked, Object.keys(verbs).length * 13);
});
