/** A vault with transit keys, behind an in-process door; and keys of published vectors, planted into it. */
import { hex } from "../../src/crypto/hash.ts";
import type { Secret } from "../../src/crypto/secret.ts";
import type { Calls } from "../../src/calls.ts";
import type { TransitType } from "../../src/calls/transit.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { VaultDoor } from "../../src/vault/door.ts";
import { cellPath, setKey, type TransitKey } from "../../src/vault/engines/transit/key.ts";
import { Holdings } from "../../src/vault/holdings.ts";
import { diskIo } from "../../src/vault/io.ts";
import { perform } from "../../src/vault/keywork.ts";
import type { VerbName } from "../../src/verbs.ts";
import { ask, bytes, caller, cheapKdf, keyFile, makeWorld, openDoor, refOf, removeWorld, type World } from "./vault.ts";

type Ends = { teardown(act: () => void | Promise<void>): void };

export type Transit = {
  world: World;
  door: VaultDoor;
  /** with presence; the body in bytes */
  ask<V extends VerbName>(
    verb: V,
    args: Calls[V]["args"],
    body?: (Uint8Array | string)[],
  ): Promise<{ result: Calls[V]["result"]; body: Uint8Array[] }>;
  /** seals, and opens it again */
  again(): Promise<void>;
  /** a key of which the bytes of version 1 are given; sealed and opened around it */
  plant(name: string, type: TransitType, secret: Secret, more?: { public?: string; uses?: number }): Promise<void>;
};

export async function transitVault(t: Ends): Promise<Transit> {
  const world = makeWorld();
  const { door } = openDoor(world);
  const key = makeKeyFile();
  const proof = () => ({ credential: keyFile(key.slice()) });
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof());
  const again = async (): Promise<void> => {
    await door.seal("again");
    await ask(door, world, "agent.unseal", {}, proof());
  };
  return {
    world,
    door,
    again,
    async ask(verb, args, body = []) {
      const parts = body.map((one) => (typeof one === "string" ? bytes(one) : one.slice()));
      const answer = await door.ask({ verb, args, vault: refOf(world.dir), body: parts, ...proof() }, caller);
      const found = answer.body.map((one) => one.slice());
      answer.release();
      return { result: answer.result, body: found };
    },
    async plant(name, type, secret, { public: shown, uses = 0 } = {}) {
      await door.seal("planting");
      const none = async (): Promise<void> => {};
      const { places } = world;
      const work = (job: Parameters<typeof perform>[0]) => perform(job, cheapKdf);
      const holdings = new Holdings({ io: diskIo, work, places, clock: () => new Date(), uptime: () => 0, sleep: none });
      const vault = await holdings.openFolder(refOf(world.dir).id, world.dir, proof(), {});
      const created = new Date().toISOString();
      const id = hex(crypto.getRandomValues(new Uint8Array(16)));
      const version = { version: 1, id, created, uses, ...(shown === undefined ? {} : { public: shown }) };
      const made: TransitKey = {
        type,
        derived: false,
        deletable: false,
        created,
        minDecrypt: 1,
        minEncrypt: 0,
        versions: [version],
      };
      const receipt = await vault.audit.record({ kind: "event", request: "plant", verb: "test", paths: [] });
      const put = { op: "put", path: cellPath(name, 1), id, parent: null, fields: { value: 1 } } as const;
      vault.append(receipt, [put, setKey(name, made)], [secret]);
      await vault.durable();
      await vault.seal("planted");
      secret.wipe();
      await again();
    },
  };
}

export const textOf = (one: Uint8Array | undefined): string => Buffer.from(one ?? new Uint8Array()).toString("utf8");
