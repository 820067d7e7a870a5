/** How long a vault stays unsealed follows from what opened it, unless a person says otherwise. */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Credential } from "../../src/protocol.ts";
import {
  ask,
  bytes,
  keyFile,
  makeWorld,
  openDoor,
  type Opened,
  passphrase,
  removeWorld,
  shares,
  type World,
} from "../helpers/vault.ts";

const minutes = 60;
const hours = 60 * minutes;
const usual = {
  identity: { lifetime: 12 * hours, idle: 4 * hours },
  passphrase: { lifetime: 12 * hours, idle: 4 * hours },
  "key-file": { lifetime: 2 * hours, idle: 30 * minutes },
  shares: { lifetime: hours, idle: 15 * minutes },
};

type Made = { world: World; opened: Opened; by: Record<keyof typeof usual, () => Credential> };

async function made(t: { teardown(act: () => void): void }): Promise<Made> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const opened = openDoor(world);
  const { door } = opened;
  const key = makeKeyFile();
  const mine = { credential: passphrase("mine") };
  await ask(door, world, "vault.init", { dir: world.project, slot: "identity" }, mine);
  await ask(door, world, "access.add", { kind: "key-file" }, { ...mine, body: [key.slice()] });
  await ask(door, world, "access.add", { kind: "passphrase" }, { ...mine, body: [bytes("its own")] });
  const { body } = await ask(door, world, "access.add", { kind: "shares", shares: 3, threshold: 2 }, mine);
  await door.seal("test");
  const by = {
    identity: () => passphrase("mine"),
    passphrase: () => passphrase("its own"),
    "key-file": () => keyFile(key.slice()),
    shares: () => shares(body.slice(0, 2)),
  };
  return { world, opened, by };
}

const list = ({ world, opened }: Made) => ask(opened.door, world, "kv.list", { prefix: "" });

for (const kind of Object.keys(usual) as (keyof typeof usual)[]) {
  t.test(`${kind}: sealed when its time without use is over, and at its end in any case`, async (t) => {
    const one = await made(t);
    const { door, now } = one.opened;
    const { lifetime, idle } = usual[kind];
    const unseal = (more = {}) => ask(door, one.world, "agent.unseal", more, { credential: one.by[kind]() });
    t.match((await unseal()).result, { lifetime, idle });
    now.ms += (idle - 1) * 1000;
    await door.tick();
    await list(one);
    now.ms += (idle - 1) * 1000;
    await door.tick();
    t.ok(door.openCount() > 0, "it was used meanwhile");
    now.ms += 1000;
    await door.tick();
    t.equal(door.openCount(), 0, "nobody used it");

    await unseal();
    for (let spent = 0; spent < lifetime - idle / 2; spent += idle / 2) {
      now.ms += (idle / 2) * 1000;
      await door.tick();
      await list(one);
    }
    now.ms += (idle / 2) * 1000;
    await door.tick();
    t.equal(door.openCount(), 0, "however much it is used");

    t.match((await unseal({ lifetime: 8 * hours })).result, { lifetime: 8 * hours, idle });
    t.match((await unseal({ lifetime: 5 * minutes })).result, { lifetime: 5 * minutes, idle: 5 * minutes });
    t.match((await unseal({ lifetime: 24 * hours, idle: 6 * hours })).result, { lifetime: 24 * hours, idle: 6 * hours });
    await door.seal("test");
  });
}

t.test("a vault that was just made or adopted stays open as if it were unsealed by what made it", async (t) => {
  for (const slot of ["key-file", "shares", "passphrase", "identity"] as const) {
    const world = makeWorld();
    t.teardown(() => removeWorld(world));
    const { door } = openDoor(world);
    const credential = slot === "key-file" ? keyFile(makeKeyFile()) : passphrase("some words");
    const asked = { dir: world.project, slot, ...(slot === "shares" ? { shares: 3, threshold: 2 } : {}) };
    await ask(door, world, "vault.init", asked, { credential });
    const { vaults } = (await ask(door, world, "agent.status", {})).result;
    t.match(vaults, [{ absoluteLeft: usual[slot].lifetime, idleLeft: usual[slot].idle }], slot);
    await door.seal("test");
  }
});
