/** Published vectors of test/vectors/crypto; every one was checked with a second implementation when it was written down. */
import { readFileSync } from "node:fs";
import { Secret } from "../../src/crypto/secret.ts";

export function load<T>(name: string): { source: string; vectors: T } {
  const text = readFileSync(new URL(`../vectors/crypto/${name}.json`, import.meta.url), "utf8");
  return JSON.parse(text) as { source: string; vectors: T };
}

export function bytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

export function secret(hex: string): Secret {
  return Secret.take(bytes(hex));
}

/** For comparisons in tests only. */
export function shown(one: Secret): string {
  return one.use((own) => Buffer.from(own).toString("hex"));
}
