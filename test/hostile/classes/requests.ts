/** Rows that are requests: paths, names, lists, patterns, JSON, lengths and limits of frames, what errors say. */
import { dangerous } from "../../../src/envfile/dangerous.ts";
import { frameLimits, parseFixed, parseRequest, type RequestHeader } from "../../../src/frame.ts";
import { type Frame, FrameReader, plainRoom } from "../../../src/frame-reader.ts";
import type { Credential } from "../../../src/protocol.ts";
import { checkArgs } from "../../../src/vault/args.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import type { VerbName } from "../../../src/verbs.ts";
import { bytes } from "../../helpers/vault.ts";
import { rawHead } from "../peer.ts";
import { codeOf, type Place, type Player } from "./place.ts";

const env = { uid: 1000, home: "/home/a", config: "/home/a/.config/zvault", state: "/home/a/.local/state/zvault" };
const header: RequestHeader = { v: 1, build: "b", verb: "kv.put", args: { path: "env/A" }, env, body: [] };

function read(wire: Uint8Array): { reader: FrameReader<RequestHeader>; frames: Frame<RequestHeader>[] } {
  const reader = new FrameReader(parseRequest, plainRoom);
  return { reader, frames: reader.push(wire) };
}

/** A value for a field of a request that needs one. */
const body = ["x"];

type As = "path" | "prefix" | "pattern" | "policy" | "role" | "key" | "project" | "field" | "folder" | "host";

/** The same text in each place that takes one. */
const asWhat: Record<As, (text: string, place: Place) => Promise<string>> = {
  path: (path, place) => place.code("kv.put", { path }, { body }),
  prefix: (prefix, place) => place.code("kv.list", { prefix }),
  pattern: (path) => codeOf(() => parsePolicy(JSON.stringify({ path: { [path]: { capabilities: ["list"] } } }))),
  policy: (name, place) => place.code("policy.write", { name, text: "" }),
  role: (role, place) => place.code("approle.write", { role, policies: [] }),
  key: (name, place) => place.code("transit.create", { name, type: "hmac" }),
  project: (project, place) => place.code("kv.import", { project, folder: "elsewhere", bind: true, entries: [], layouts: [] }),
  field: (name, place) => place.code("kv.put", { path: "env/shop/FIELDS", fields: [name] }, { body }),
  folder: (folder, place) => place.code("kv.import", { project: "shop", folder, bind: true, entries: [], layouts: [] }),
  host: (host, place) => place.code("project.allow", { folder: "shop", refs: [`env/shop/A@${host}`] }),
};

const texts = ({ as, text, times = 1 }: { as: As; text: string; times?: number }, place: Place): Promise<string> =>
  asWhat[as](text.repeat(times), place);

/** What a token with these rules is shown of a prefix: the names, or the code. */
async function lists({ rules, prefix }: { rules: Record<string, string[]>; prefix: string }, place: Place): Promise<string> {
  const text = JSON.stringify({
    path: Object.fromEntries(Object.entries(rules).map(([path, all]) => [path, { capabilities: all }])),
  });
  await place.ask("policy.write", { name: "lists", text });
  const made = await place.ask("token.create", { policies: ["lists"] });
  const credential: Credential = { kind: "token", parts: [bytes(made.body[0] ?? "")] };
  let shown = "";
  const code = await codeOf(async () => {
    const { secrets } = (await place.ask("kv.list", { prefix }, { credential })).result;
    shown = secrets.map((one) => one.path).join(" ");
  });
  return code === "done" ? `shows ${shown === "" ? "nothing" : shown}` : code;
}

type Json =
  | { in: "frame"; change: [string, string] }
  | { in: "policy"; text: string }
  | { in: "args"; verb: string; text: string }
  | { in: "fields"; names: string[] };

async function json(input: Json, place: Place): Promise<string> {
  switch (input.in) {
    case "frame":
      return codeOf(() => read(rawHead(JSON.stringify(header).replace(input.change[0], () => input.change[1]))));
    case "policy":
      return codeOf(() => parsePolicy(input.text));
    case "args":
      // as it comes off the wire, and is asked about
      return codeOf(() => {
        const text = JSON.stringify({ ...header, verb: input.verb }).replace(JSON.stringify(header.args), () => input.text);
        const { frames } = read(rawHead(text));
        checkArgs(input.verb as VerbName, frames[0]?.header.args);
      });
    case "fields": {
      const path = "env/shop/ODD";
      const put = await place.code("kv.put", { path, fields: input.names }, { body: input.names });
      if (put !== "done") return put;
      await place.ask("vault.compact", {});
      const read = await Promise.all(input.names.map((field) => place.ask("kv.get", { path, field })));
      const same = read.every((one, at) => one.body[0] === input.names[at]);
      return same ? "done" : "another value";
    }
  }
}

type Length =
  | { in: "header"; length: number }
  | { in: "body" | "credential"; lengths: string; times?: number }
  | { in: "value"; length: number }
  | { in: "args"; verb: string; args: object }
  | { in: "batch"; items: number; length: number }
  | { in: "import"; entries: number }
  | { in: "policy"; length: number };

/** Lengths that are claimed, and those that are there. */
function lengths(input: Length, place: Place): Promise<string> {
  const value = (length: number): Uint8Array => new Uint8Array(length).fill(120);
  switch (input.in) {
    case "header":
      return codeOf(() => parseFixed(rawHead("", input.length)));
    case "body":
    case "credential": {
      const all = Array<string>(input.times ?? 1)
        .fill(input.lengths)
        .join();
      const credential = `"credential":{"kind":"shares","parts":[${all}]}`;
      const text = JSON.stringify(header);
      const claimed = input.in === "body" ? text.replace('"body":[]', `"body":[${all}]`) : `${text.slice(0, -1)},${credential}}`;
      return codeOf(() => read(rawHead(claimed)));
    }
    case "value":
      return place.code("kv.put", { path: "env/shop/LONG" }, { body: [value(input.length)] });
    case "args":
      return place.code(input.verb, input.args, { body });
    case "batch":
      return codeOf(async () => {
        await place.ask("transit.create", { name: "batch", type: "aes256-gcm96" }).catch(() => undefined);
        await place.ask(
          "transit.encrypt",
          { name: "batch" },
          { body: Array.from({ length: input.items }, () => value(input.length)) },
        );
      });
    case "import": {
      const entries = Array.from({ length: input.entries }, (_, at) => ({ path: `env/shop/N${at}` }));
      return codeOf(() => checkArgs("kv.import", { project: "shop", folder: "shop", bind: true, entries, layouts: [] }));
    }
    case "policy":
      return place.code("policy.write", { name: "long", text: "#".repeat(input.length) });
  }
}

type Wire = { send: string[]; bytes?: number; cut?: number };

/** Frames in one packet, half a frame, another version: what the reader of the agent's side makes of it. */
async function wire({ send, bytes: behind = 0, cut = 0 }: Wire): Promise<string> {
  const heads = send.map((change) => rawHead(JSON.stringify({ ...header, ...(JSON.parse(change) as object) })));
  const all = Buffer.concat([...heads, Buffer.alloc(behind)]);
  let found = "";
  const code = await codeOf(() => {
    const { reader, frames } = read(all.subarray(0, all.length - cut));
    found = `${frames.length} ${reader.idle ? "whole" : "and a part"}`;
  });
  return code === "done" ? found : code;
}

type Echo = {
  verb: string;
  args?: object;
  body?: string[];
  credential?: { kind: Credential["kind"]; parts: string[] };
  raw?: string;
};

/** What a person, a log or a model would read of the refusal must not hold what was given. */
const marker = "hunter2-k8Kq2vZ";

async function echo({ verb, args = {}, body: parts = [], credential, raw }: Echo, place: Place): Promise<string> {
  const given = credential && { kind: credential.kind, parts: credential.parts.map(bytes) };
  let said = "";
  if (verb.startsWith("transit.")) await place.ask("transit.create", { name: "echo", type: "aes256-gcm96" });
  const code = await codeOf(async () => {
    try {
      if (raw === undefined)
        await place.ask(verb as VerbName, args as never, { body: parts, ...(given ? { credential: given } : {}) });
      else read(rawHead(raw));
    } catch (failure) {
      const { message, hint, names } = failure as { message: string; hint?: string; names?: string[] };
      said = JSON.stringify([message, hint, names]);
      throw failure;
    }
  });
  return said.includes(marker) ? `${code}, and repeats it` : code;
}

/** Variables that change how programs run are a person's to allow; others are nobody's business. */
const variables = (name: string, place: Place): Promise<string> =>
  place.code("kv.resolve", { folder: "shop", refs: [], dangerous: dangerous(name) ? [name] : [] });

export const requests = { texts, lists, json, lengths, wire, echo, variables } satisfies Record<string, Player>;

export const longestHeader: number = frameLimits.header;
