/** What comes over the agent's socket and its pipes: frames of both directions, arguments, the agent's configuration, key work. */
import { Secret } from "../../src/crypto/secret.ts";
import { parseConfig } from "../../src/agent/agent.ts";
import { frameLimits, parseAnswer, parseRequest, printHead } from "../../src/frame.ts";
import { FrameReader, type Room } from "../../src/frame-reader.ts";
import { pathProblem } from "../../src/path.ts";
import { checkArgs } from "../../src/vault/args.ts";
import { pathsOf } from "../../src/vault/touched.ts";
import { checkVerb } from "../../src/vault/gate.ts";
import { unpack } from "../../src/vault/job.ts";
import { verbs } from "../../src/verbs.ts";
import { samples } from "../helpers/samples.ts";
import { expect, type Target } from "./driver.ts";

const text = new TextDecoder();

function frame(header: object, parts: readonly string[] = []): Uint8Array {
  return Buffer.concat([printHead(header as Parameters<typeof printHead>[0]), ...parts.map((part) => Buffer.from(part))]);
}

const env = { uid: 1000, home: "/home/a", config: "/home/a/c", state: "/home/a/s" };
const vault = { id: "0123456789abcdef".repeat(2), dir: "/home/a/p/.zvault", dev: "1", ino: "2" };
const request = { v: 1, build: "1+dev", verb: "kv.put", args: { path: "env/a/B" }, vault, env, body: [5] };

/** Through a reader, in pieces whose size the first byte gives; each frame must print as it was read. */
function readFrames<H extends { body: number[] }>(bytes: Uint8Array, parse: (value: Record<string, unknown>) => H): void {
  let rooms = 0;
  const room = (length: number): Room => {
    rooms += length;
    expect(length <= frameLimits.part, `a room of ${length} bytes`);
    return { bytes: new Uint8Array(length), wipe: () => undefined };
  };
  const reader = new FrameReader<H>(parse, room);
  const size = [1, 7, 64, 1000, 65_536][(bytes[0] ?? 0) % 5] ?? 1;
  const stream = bytes.subarray(1);
  try {
    for (let at = 0; at < stream.length; at += size) {
      for (const { header, body, credential } of reader.push(stream.subarray(at, at + size))) {
        const head = printHead(header as unknown as Parameters<typeof printHead>[0]);
        const again = parse(JSON.parse(text.decode(head.subarray(8))) as Record<string, unknown>);
        expect(JSON.stringify(again) === JSON.stringify(header), "a header that does not print as it was read");
        expect(body.length === header.body.length && credential.length <= 256, "parts that were not announced");
      }
    }
  } finally {
    // what was claimed but did not come costs one room
    expect(rooms <= stream.length + frameLimits.part, `${rooms} bytes of room for ${stream.length} bytes`);
    reader.abort();
  }
}

const words = [
  "zv1\n",
  '"body":[',
  '"credential":{"kind":"shares","parts":[',
  '"__proto__":',
  "1e999",
  "\\ud800",
  "\0\0\0\x10",
  "[[[[",
  '"v":1',
  "{}",
];

/** Magic and the header's length made right. */
function mendFrame(bytes: Uint8Array): Uint8Array {
  const json = bytes.subarray(9);
  const end = Buffer.from(json).lastIndexOf("}") + 1;
  const head = new Uint8Array(9);
  head.set(bytes.subarray(0, 1));
  head.set([0x7a, 0x76, 0x31, 0x0a], 1);
  new DataView(head.buffer).setUint32(5, end);
  return Buffer.concat([head, json]);
}

const requestTarget: Target = {
  name: "frame-request",
  seeds: [
    Buffer.concat([Buffer.from([4]), frame(request, ["value"])]),
    Buffer.concat([
      Buffer.from([1]),
      frame({ ...request, body: [0, 3], credential: { kind: "key-file", parts: [4] } }, ["abc", "keys"]),
    ]),
    Buffer.concat([Buffer.from([3]), frame({ ...request, body: [] }), frame({ ...request, body: [1] }, ["x"])]),
  ],
  words,
  mend: mendFrame,
  run: (bytes) => readFrames(bytes, parseRequest),
};

const answerTarget: Target = {
  name: "frame-answer",
  seeds: [
    Buffer.concat([Buffer.from([4]), frame({ v: 1, build: "1", ok: true, result: { version: 1 }, body: [3] }, ["abc"])]),
    Buffer.concat([Buffer.from([2]), frame({ v: 1, build: "1", ok: false, error: { code: "sealed", message: "m", hint: "h", names: ["a"] }, body: [] })]), // prettier-ignore
  ],
  words,
  mend: mendFrame,
  run: (bytes) => readFrames(bytes, parseAnswer),
};

const argumentsTarget: Target = {
  name: "arguments",
  seeds: Object.entries(samples).map(([verb, { args }]) => `${verb}\n${JSON.stringify(args)}`),
  words: Object.keys(verbs),
  json: true,
  run(bytes) {
    const [name = "", ...rest] = text.decode(bytes).split("\n");
    let value: unknown;
    try {
      value = JSON.parse(rest.join("\n"));
    } catch {
      return; // the frame reader's matter
    }
    const verb = checkVerb(name);
    const args = checkArgs(verb, value);
    const { at } = args as { at?: string };
    expect(at === undefined || !Number.isNaN(Date.parse(at)), `${verb} takes ${at} for a time`);
    const { paths } = verbs[verb];
    for (const path of pathsOf(paths, args)) {
      const bare = paths === "prefix" ? path.replace(/\/$/, "") : path;
      const fits = typeof path === "string" && (pathProblem(bare) === undefined || (paths === "prefix" && path === ""));
      expect(fits, `${verb} lets through ${JSON.stringify(path)}`);
    }
    expect(JSON.stringify(args) !== undefined, "arguments that are no JSON");
  },
};

const configTarget: Target = {
  name: "agent-config",
  seeds: [JSON.stringify({ v: 1, build: "b", places: { config: "/c", state: "/s", runtime: "/r" } })],
  json: true,
  run(bytes) {
    const places = parseConfig(text.decode(bytes), "b");
    expect(
      Object.values(places).every((one) => typeof one === "string" && one.startsWith("/")),
      "a place that is none",
    );
  },
};

const keyworkTarget: Target = {
  name: "keywork-answer",
  seeds: [Buffer.from('\0\0\0\x0d{"slot":1}   \0\0\0\x03abc\0\0\0\0', "latin1"), Buffer.from("\0\0\0\x02{}", "latin1")],
  run(bytes) {
    const packed = Secret.take(bytes.slice());
    try {
      for (const part of unpack(packed).parts) part.wipe();
    } finally {
      packed.wipe();
    }
  },
};

export const wireTargets: readonly Target[] = [requestTarget, answerTarget, argumentsTarget, configTarget, keyworkTarget];
