/** Transit in bulk against node:crypto's own AES-256-GCM over the same bytes: through the whole gate, with its synced audit line. */
import { createCipheriv, randomBytes } from "node:crypto";
import { makeKeyFile } from "../src/key-file.ts";
import { limits } from "../src/verbs.ts";
import { ask, caller, keyFile, makeWorld, openDoor, refOf, removeWorld } from "../test/helpers/vault.ts";
import { median, report } from "./measure.ts";

/** near to what one request may carry */
const chunks = 120;

export async function transitFigures(rounds: number): Promise<void> {
  const world = makeWorld();
  const { door } = openDoor(world);
  const credential = keyFile(makeKeyFile());
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential });
  await ask(door, world, "transit.create", { name: "k", type: "aes256-gcm96" }, { credential });
  const body = Array.from({ length: chunks }, () => new Uint8Array(randomBytes(limits.transitValue)));
  const vault = refOf(world.dir);
  const taken = { raw: [] as number[], engine: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const raw = timed(() => sealRaw(body));
    const started = performance.now();
    const args = { name: "k", stream: { from: 0, last: true } };
    const answer = await door.ask({ verb: "transit.encrypt", args, vault, body }, caller);
    const engine = performance.now() - started;
    answer.release();
    if (round === 0) continue; // the first one warms up, and reserves the uses
    taken.raw.push(raw);
    taken.engine.push(engine);
  }
  await door.seal("end");
  removeWorld(world);
  const bytes = chunks * limits.transitValue;
  const speed = (milliseconds: number): string => `${(bytes / milliseconds / 1e6).toFixed(2)} GB/s`;
  const [raw, engine] = [median(taken.raw), median(taken.engine)];
  report("AES-256-GCM by node:crypto, 512 KiB at a time", speed(raw), "");
  report("transit.encrypt of the same, with gate and audit", speed(engine), "");
  report("  of node:crypto's", `${(raw / engine).toFixed(2)} x`, "at least 0.40 x");
}

function timed(act: () => void): number {
  const started = performance.now();
  act();
  return performance.now() - started;
}

function sealRaw(body: readonly Uint8Array[]): void {
  const key = randomBytes(32);
  for (const [at, chunk] of body.entries()) {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(at);
    const work = createCipheriv("aes-256-gcm", key, nonce);
    work.update(chunk);
    work.final();
    work.getAuthTag();
  }
}
