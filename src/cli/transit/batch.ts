/**
 * Batches: one JSON object a line, with the names of HashiCorp Vault's `batch_input`, everything in base64 but ciphertexts, signatures and
 * HMACs, which are text as it is. A line is refused by its number, and never echoed.
 */
import { ZvaultError } from "../../errors.ts";
import { limits } from "../../verbs.ts";
import type { Input } from "./input.ts";
import { wipe } from "./input.ts";

export type Line = Partial<Record<Field, Uint8Array>>;
export type Field = "plaintext" | "ciphertext" | "input" | "signature" | "hmac" | "associated_data" | "context";

const asText = new Set<Field>(["ciphertext", "signature", "hmac"]);

/** Lines with exactly `needed`, and any of `more`. Throws `usage` and names the line. */
export function readLines(input: Input, needed: readonly Field[], more: readonly Field[] = []): Line[] {
  const pieces = input.readPieces();
  const whole = Buffer.concat(pieces);
  wipe(pieces);
  const text = new TextDecoder("utf-8", { fatal: false }).decode(whole);
  whole.fill(0);
  const lines = text.split("\n").flatMap((line, at) => (line.trim() === "" ? [] : [parseLine(line, at + 1, needed, more)]));
  if (lines.length === 0) throw new ZvaultError("usage", "the batch is empty", { hint: `a line: ${sample(needed)}` });
  return lines;
}

function parseLine(text: string, number: number, needed: readonly Field[], more: readonly Field[]): Line {
  const refuse = (why: string): ZvaultError =>
    new ZvaultError("usage", `line ${number} of the batch ${why}`, { hint: `a line: ${sample(needed)}` });
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw refuse("is no JSON");
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw refuse("is no object");
  const line: Line = {};
  for (const [name, value] of Object.entries(found)) {
    const field = [...needed, ...more].find((one) => one === name);
    if (!field) throw refuse("has a field that does not belong there");
    const bytes = typeof value === "string" ? bytesOf(field, value) : undefined;
    if (!bytes) throw refuse(`has no ${asText.has(field) ? "text" : "base64"} in ${field}`);
    line[field] = bytes;
  }
  const missing = needed.find((one) => line[one] === undefined);
  if (missing) throw refuse(`has no ${missing}`);
  return line;
}

function bytesOf(field: Field, text: string): Uint8Array | undefined {
  if (asText.has(field)) return new TextEncoder().encode(text);
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

function sample(needed: readonly Field[]): string {
  return JSON.stringify(Object.fromEntries(needed.map((name) => [name, asText.has(name) ? "vault:v1:…" : "aGVsbG8="])));
}

/** At most as many at once as a request takes, and no more bytes. */
export function* turns(lines: readonly Line[]): Generator<Line[]> {
  let turn: Line[] = [];
  let size = 0;
  for (const line of lines) {
    const own = Object.values(line).reduce((sum, one) => sum + one.length, 0);
    // what comes back may be a third larger
    if (turn.length === limits.transitItems || (turn.length > 0 && size + own > limits.transaction / 2)) {
      yield turn;
      turn = [];
      size = 0;
    }
    turn.push(line);
    size += own;
  }
  if (turn.length > 0) yield turn;
}

/** The body of a request for `encrypt`, `decrypt` and `rewrap`, and what its arguments say of it. */
export function shaped(turn: readonly Line[], value: Field): { args: { aad?: true; context?: true }; body: Uint8Array[] } {
  const aad = turn.some((line) => line.associated_data !== undefined);
  const context = turn.some((line) => line.context !== undefined);
  const none = new Uint8Array();
  const body = turn.flatMap((line) => [
    line[value] ?? none,
    ...(aad ? [line.associated_data ?? none] : []),
    ...(context ? [line.context ?? none] : []),
  ]);
  return { args: { ...(aad ? { aad } : {}), ...(context ? { context } : {}) }, body };
}

export function printLine(name: Field, value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length);
  return JSON.stringify({ [name]: asText.has(name) ? text.toString("latin1") : text.toString("base64") });
}
