/**
 * encrypt, decrypt, rewrap and datakey. A batch is all or nothing. No nonce comes from outside: there is no argument for one. Large
 * streams are chunks, each sealed by itself and bound to its number, to being the last one or not, and to its stream; nothing of a stream
 * is kept in here between two requests (docs/format.md, "Transit streams").
 */
import type { Calls } from "../../../calls.ts";
import type { TransitShape } from "../../../calls/transit.ts";
import type { Cipher } from "../../../crypto/aead.ts";
import { hex } from "../../../crypto/hash.ts";
import { random } from "../../../crypto/random.ts";
import { Secret } from "../../../crypto/secret.ts";
import { ZvaultError } from "../../../errors.ts";
import { limits } from "../../../verbs.ts";
import type { Receipt } from "../../audit.ts";
import type { Vault } from "../../vault.ts";
import { parseBlob, printBlob } from "./blob.ts";
import { chunkAad, chunkKey, cipherOf, openItem, overhead, sealItem, valueKey } from "./cipher.ts";
import { checkChunks, chunksOf, type Item, itemsOf } from "./items.ts";
import { keyAt, type KeyVersion, secretOf, type TransitKey, versionToRead } from "./key.ts";
import { takeUses } from "./uses.ts";

type Made<V extends keyof Calls> = { result: Calls[V]["result"]; body: Secret[] };

export const crypt = {
  async encrypt(
    vault: Vault,
    receipt: Receipt,
    args: Calls["transit.encrypt"]["args"],
    body: readonly Secret[],
  ): Promise<Made<"transit.encrypt">> {
    const { name, stream } = args;
    const { key, cipher } = encrypting(vault, name);
    if (!stream) {
      const items = itemsOf(name, key, args, body);
      return sealItems(vault, receipt, { name, key, cipher, wanted: args.version, items });
    }
    if ((stream.id === undefined) !== (stream.from === 0))
      throw new ZvaultError("protocol", "a stream begins with chunk 0 and without an id");
    const { chunks, aad, context } = chunksOf(name, key, args, body);
    checkChunks(stream, chunks, 0);
    const version = await takeUses(vault, receipt, name, args.version, chunks.length);
    const id = stream.id ?? hex(random(16));
    const sealed = withKey(vault, name, version, (secret) => {
      using inner = chunkKey(secret, key.type, context, id);
      return chunks.map((chunk, at) => {
        const number = stream.from + at;
        const last = stream.last && at === chunks.length - 1;
        return Secret.borrow(sealItem(inner, cipher, chunkAad(number, last, version.version, aad), chunk));
      });
    });
    return { result: { version: version.version, stream: id }, body: sealed };
  },

  decrypt(
    vault: Vault,
    _receipt: Receipt,
    args: Calls["transit.decrypt"]["args"],
    body: readonly Secret[],
  ): Made<"transit.decrypt"> {
    const { name, stream } = args;
    const { key, cipher } = encrypting(vault, name);
    if (!stream) return { result: {}, body: openItems(vault, name, key, cipher, itemsOf(name, key, args, body)) };
    const { chunks, aad, context } = chunksOf(name, key, args, body);
    checkChunks(stream, chunks, overhead);
    const version = versionToRead(name, key, stream.version);
    const opened: Secret[] = [];
    withKey(vault, name, version, (secret) => {
      using inner = chunkKey(secret, key.type, context, stream.id);
      for (const [at, chunk] of chunks.entries()) {
        const number = stream.from + at;
        const bound = chunkAad(number, stream.last && at === chunks.length - 1, version.version, aad);
        const plain = chunk.use((sealed) => openItem(inner, cipher, bound, sealed));
        if (!plain) {
          for (const one of opened) one.wipe();
          throw notOurs(`chunk ${number} of the stream`, name);
        }
        opened.push(plain);
      }
    });
    return { result: {}, body: opened };
  },

  /** Opened and sealed again in here, with the newest version: nobody is shown the value. */
  async rewrap(
    vault: Vault,
    receipt: Receipt,
    args: Calls["transit.rewrap"]["args"],
    body: readonly Secret[],
  ): Promise<Made<"transit.rewrap">> {
    const { name } = args;
    const { key, cipher } = encrypting(vault, name);
    const items = itemsOf(name, key, args, body);
    const opened = openItems(vault, name, key, cipher, items);
    try {
      const fresh = items.map(({ aad, context }, at) => ({ value: opened[at] ?? Secret.alloc(0), aad, context }));
      return await sealItems(vault, receipt, { name, key, cipher, wanted: args.version, items: fresh });
    } finally {
      for (const one of opened) one.wipe();
    }
  },

  /** A new key for somebody's own use, plain and sealed. */
  async datakey(
    vault: Vault,
    receipt: Receipt,
    args: Calls["transit.datakey"]["args"],
    body: readonly Secret[],
  ): Promise<Made<"transit.datakey">> {
    const { name, bits = 256 } = args;
    const { key, cipher } = encrypting(vault, name);
    const value = Secret.random(bits / 8);
    try {
      const items = itemsOf(name, key, args as TransitShape, [value, ...body]);
      if (items.length !== 1) throw new ZvaultError("protocol", "one data key at a time");
      const made = await sealItems(vault, receipt, { name, key, cipher, wanted: args.version, items });
      return { result: made.result, body: [value, ...made.body] };
    } catch (failure) {
      value.wipe();
      throw failure;
    }
  },
};

function encrypting(vault: Vault, name: string): { key: TransitKey; cipher: Cipher } {
  const key = keyAt(vault, name);
  const cipher = cipherOf(key.type);
  if (cipher) return { key, cipher };
  throw new ZvaultError("usage", `${name} is of type ${key.type}: it does not encrypt`, { names: [name] });
}

/** The version's bytes are wiped when `act` is done. */
export function withKey<T>(vault: Vault, name: string, version: KeyVersion, act: (secret: Secret) => T): T {
  using secret = secretOf(vault, name, version);
  return act(secret);
}

type Sealing = { name: string; key: TransitKey; cipher: Cipher; wanted: number | undefined; items: readonly Item[] };

async function sealItems(
  vault: Vault,
  receipt: Receipt,
  { name, key, cipher, wanted, items }: Sealing,
): Promise<{ result: { version: number }; body: Secret[] }> {
  const large = items.findIndex(({ value }) => value.length > limits.transitValue);
  if (large !== -1)
    throw new ZvaultError("too-large", `item ${large + 1} is larger than ${limits.transitValue} bytes`, {
      hint: "as a stream it may be",
    });
  const version = await takeUses(vault, receipt, name, wanted, items.length);
  const body = withKey(vault, name, version, (secret) => {
    using keys = new ValueKeys();
    return items.map(({ value, aad, context }) => {
      const inner = keys.of(secret, key.type, version.version, context);
      return Secret.borrow(printBlob(version.version, sealItem(inner, cipher, aad, value)));
    });
  });
  return { result: { version: version.version }, body };
}

function openItems(vault: Vault, name: string, key: TransitKey, cipher: Cipher, items: readonly Item[]): Secret[] {
  const opened: Secret[] = [];
  const secrets = new Map<number, Secret>();
  using keys = new ValueKeys();
  try {
    for (const [at, { value, aad, context }] of items.entries()) {
      const blob = value.use((text) => parseBlob(text));
      if (!blob)
        throw new ZvaultError("usage", `item ${at + 1} is no ciphertext of the form vault:vN:BASE64`, {
          hint: "zvault transit encrypt",
        });
      const secret = secrets.get(blob.version) ?? secretOf(vault, name, versionToRead(name, key, blob.version));
      secrets.set(blob.version, secret);
      const plain = openItem(keys.of(secret, key.type, blob.version, context), cipher, aad, blob.bytes);
      if (!plain) throw notOurs(`item ${at + 1}`, name);
      opened.push(plain);
    }
    return opened;
  } catch (failure) {
    for (const one of opened) one.wipe();
    throw failure;
  } finally {
    for (const secret of secrets.values()) secret.wipe();
  }
}

function notOurs(what: string, name: string): ZvaultError {
  return new ZvaultError("bad-ciphertext", `${what} does not open with ${name}`, {
    hint: "it was changed, or belongs to another key, context or associated data",
    names: [name],
  });
}

/** The key that was derived last: most items of a batch have the same. */
class ValueKeys {
  #about = "";
  #key: Secret | undefined;

  of(secret: Secret, type: TransitKey["type"], version: number, context: Uint8Array): Secret {
    const about = `${version} ${hex(context)}`;
    if (this.#key && this.#about === about) return this.#key;
    this.#key?.wipe();
    this.#about = about;
    this.#key = valueKey(secret, type, context);
    return this.#key;
  }

  [Symbol.dispose](): void {
    this.#key?.wipe();
  }
}
