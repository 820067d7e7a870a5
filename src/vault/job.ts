/**
 * How a piece of key work crosses the pipe to its helper process and back: length (4 bytes) ‖ JSON header ‖ parts, each length ‖ bytes.
 * Keys and credentials are parts; the header holds only what may be seen.
 */
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";

export type Packed<H> = { header: H; parts: Secret[] };

const limit = 1024 * 1024;

/** The parts are copied; they stay the caller's. */
export function pack(header: unknown, parts: readonly (Secret | Uint8Array)[]): Secret {
  const head = new TextEncoder().encode(JSON.stringify(header));
  const packed = Secret.alloc(4 + head.length + parts.reduce((sum, part) => sum + 4 + part.length, 0));
  packed.use((into) => {
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    view.setUint32(0, head.length);
    into.set(head, 4);
    let at = 4 + head.length;
    for (const part of parts) {
      view.setUint32(at, part.length);
      if (part instanceof Secret) part.use((from) => into.set(from, at + 4));
      else into.set(part, at + 4);
      at += 4 + part.length;
    }
  });
  return packed;
}

/** `packed` stays the caller's. Throws `protocol` for bytes that are no job. */
export function unpack<H>(packed: Secret): Packed<H> {
  const wrong = (): never => {
    throw new ZvaultError("protocol", "the key work's helper answered with something that is no answer");
  };
  return packed.use((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < 4 || bytes.length > limit) return wrong();
    const length = view.getUint32(0);
    if (4 + length > bytes.length) return wrong();
    const header = parseHeader<H>(bytes.subarray(4, 4 + length)) ?? wrong();
    const parts: Secret[] = [];
    let at = 4 + length;
    try {
      while (at < bytes.length) {
        const size = at + 4 > bytes.length ? bytes.length : view.getUint32(at);
        if (at + 4 + size > bytes.length) return wrong();
        const part = Secret.alloc(size);
        const from = at + 4;
        part.use((into) => into.set(bytes.subarray(from, from + size)));
        parts.push(part);
        at = from + size;
      }
    } catch (failure) {
      // what came before the broken part may be a key
      for (const part of parts) part.wipe();
      throw failure;
    }
    return { header, parts };
  });
}

function parseHeader<H>(json: Uint8Array): H | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(json).toString());
    return typeof header === "object" && header !== null ? (header as H) : undefined;
  } catch {
    return undefined;
  }
}
