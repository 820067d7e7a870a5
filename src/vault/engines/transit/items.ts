/** What the body of a transit request holds, and how it is refused when it does not fit (src/calls.ts says the order). */
import type { TransitShape, TransitStream } from "../../../calls/transit.ts";
import type { Secret } from "../../../crypto/secret.ts";
import { ZvaultError } from "../../../errors.ts";
import { limits } from "../../../verbs.ts";
import type { TransitKey } from "./key.ts";

/** `aad`, `context`: empty without. */
export type Item = { value: Secret; aad: Uint8Array; context: Uint8Array };

const nothing = new Uint8Array();

/** One item after the other: its value, then its associated data and its context, where `shape` says that there are some. */
export function itemsOf(name: string, key: TransitKey, shape: TransitShape, body: readonly Secret[]): Item[] {
  const width = 1 + Number(shape.aad ?? false) + Number(shape.context ?? false);
  if (body.length === 0 || body.length % width !== 0)
    throw new ZvaultError("protocol", `${body.length} body parts are no items of ${width}`);
  if (body.length / width > limits.transitItems)
    throw new ZvaultError("too-large", `a batch has at most ${limits.transitItems} items`, { hint: "do it in several" });
  const items: Item[] = [];
  for (let at = 0; at < body.length; at += width) {
    const [value, ...more] = body.slice(at, at + width);
    if (value) items.push({ value, ...sharedOf(name, key, shape, more) });
  }
  return items;
}

/** The chunks of a stream, and behind them what they share. */
export function chunksOf(
  name: string,
  key: TransitKey,
  shape: TransitShape,
  body: readonly Secret[],
): { chunks: readonly Secret[]; aad: Uint8Array; context: Uint8Array } {
  const shared = Number(shape.aad ?? false) + Number(shape.context ?? false);
  const chunks = body.slice(0, body.length - shared);
  if (chunks.length === 0 || chunks.length > limits.transitItems)
    throw new ZvaultError("protocol", `a request has 1 to ${limits.transitItems} chunks of a stream`);
  return { chunks, ...sharedOf(name, key, shape, body.slice(chunks.length)) };
}

/** Every chunk is full but the last of all; that one is empty only if it is the first, too. `rest`: what is around the content. */
export function checkChunks(stream: TransitStream, chunks: readonly Secret[], rest: number): void {
  for (const [at, { length }] of chunks.entries()) {
    const last = stream.last && at === chunks.length - 1;
    const content = length - rest;
    const least = stream.from + at === 0 ? 0 : 1;
    if (last ? content < least || content > limits.transitValue : content !== limits.transitValue)
      throw new ZvaultError("bad-ciphertext", `chunk ${stream.from + at} of the stream has a wrong length`);
  }
}

function sharedOf(
  name: string,
  key: TransitKey,
  shape: TransitShape,
  parts: readonly Secret[],
): { aad: Uint8Array; context: Uint8Array } {
  const bytes = parts.map((part) => part.use((own) => own.slice()));
  const aad = shape.aad ? (bytes.shift() ?? nothing) : nothing;
  const context = shape.context ? (bytes.shift() ?? nothing) : nothing;
  if (Math.max(aad.length, context.length) > limits.transitAad)
    throw new ZvaultError("too-large", `associated data and contexts have at most ${limits.transitAad} bytes`);
  if (key.derived && context.length === 0)
    throw new ZvaultError("usage", `${name} is a derived key: it needs a context`, { hint: "--context TEXT" });
  if (!key.derived && context.length > 0)
    throw new ZvaultError("usage", `${name} is no derived key: it takes no context`, {
      hint: "zvault transit create NAME --derived",
    });
  return { aad, context };
}

/** Messages of one part each, or of as many as `pieces` says. */
export function messagesOf(pieces: readonly number[] | undefined, body: readonly Secret[]): Secret[][] {
  const counts = pieces ?? body.map(() => 1);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (counts.length === 0 || total !== body.length)
    throw new ZvaultError("protocol", `${body.length} body parts are not the ${total} pieces that were announced`);
  if (counts.length > limits.transitItems)
    throw new ZvaultError("too-large", `a batch has at most ${limits.transitItems} items`, { hint: "do it in several" });
  const messages: Secret[][] = [];
  let at = 0;
  for (const count of counts) {
    messages.push(body.slice(at, at + count));
    at += count;
  }
  return messages;
}
