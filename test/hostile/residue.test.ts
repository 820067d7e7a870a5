/**
 * Where keys and values lie in the agent's memory, in the fallback mode whose pages root can read: once each while it is unsealed, nowhere
 * when it ends. The keys are worked out here, from the key file, as the agent does it.
 */
import "../helpers/detached.ts";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import type { Secret } from "../../src/crypto/secret.ts";
import { makeKeyFile, parseKeyFile } from "../../src/key-file.ts";
import type { VaultRef } from "../../src/protocol.ts";
import { diskIo } from "../../src/vault/io.ts";
import { openKeys } from "../../src/vault/keys.ts";
import { ask, perform } from "../../src/vault/keywork.ts";
import { printSlot } from "../../src/vault/slots.ts";
import { readKeys } from "../../src/vault/unlock.ts";
import { realAgent } from "../agent/real.ts";
import { bytes, refOf } from "../helpers/vault.ts";
import { count } from "./memory.ts";

const root = process.geteuid?.() === 0;
const strace = spawnSync("strace", ["-V"]).status === 0;
const skip = root ? (strace ? false : "not run: strace") : "not run: reading another process needs root";

/** The second 16 bytes: allocators write their own words over the beginning of what is freed. */
const piece = (secret: Secret): Uint8Array => secret.use((all) => all.slice(16, 32));

async function keysOf(dir: string, keyFile: Uint8Array): Promise<Record<string, Uint8Array>> {
  const keys = readKeys(diskIo, dir);
  const slots = keys.slots.map((slot) => Buffer.from(printSlot(slot)).toString("hex"));
  const { parts } = await ask(perform, { do: "unwrap", vault: keys.id, slots, with: "key-file" }, [keyFile]);
  const [rootKey] = parts;
  if (!rootKey) throw new Error("no root key");
  const ring = openKeys(keys, rootKey);
  const integrity = ring.print();
  return {
    "root key": piece(rootKey),
    "data key": piece(ring.current.key),
    "hedge key": piece(ring.current.hedge),
    "integrity key": integrity.use((all) => all.slice(20, 36)),
    "audit key": piece(ring.auditKey),
    "head key": piece(ring.headKey),
  };
}

t.test(
  "in fallback memory: one copy of each key while unsealed, none of keys, values and credentials at the end",
  { skip },
  async (t) => {
    const { client, base, places } = await realAgent(t, { memory: "mlock" });
    const project = `${base}/shop`;
    fs.mkdirSync(project, { mode: 0o700 });
    const keyFile = makeKeyFile();
    const proof = () => ({ credential: { kind: "key-file" as const, parts: [keyFile.slice()] } });
    await client.ask("vault.init", { dir: project, slot: "key-file" }, proof());
    const ref = (): VaultRef => refOf(`${project}/.zvault`);
    const passphrase = "a passphrase that is in no other place 4711";
    const values = Array.from({ length: 50 }, (_, at) =>
      `value-${at}-${"0123456789abcdefghijklmnopqrstuv".repeat(1 + (at % 100))}`.slice(0, 4096),
    );
    for (const [at, value] of values.entries())
      await client.ask("kv.put", { path: `env/shop/V${at}` }, { vault: ref(), body: [bytes(value)] });
    for (const [at] of values.entries())
      (await client.ask("kv.get", { path: `env/shop/V${at}` }, { vault: ref(), ...proof() })).release();
    const added = { vault: ref(), body: [bytes(passphrase)], ...proof() };
    await client.ask("access.add", { kind: "passphrase" }, added);
    const shares = await client.ask("access.add", { kind: "shares", shares: 5, threshold: 3 }, { vault: ref(), ...proof() });
    const share = Buffer.from(shares.body[1] ?? new Uint8Array());

    const status = (await client.ask("agent.status", {})).result;
    t.equal(status.memory.kind, "mlock", "root can read these pages");
    const keys = await keysOf(`${project}/.zvault`, keyFile);
    const names = Object.keys(keys);
    const wanted = [
      ...Object.values(keys),
      parseKeyFile(keyFile).slice(16),
      bytes(passphrase).slice(0, 24),
      share.subarray(60, 100),
      bytes(values[7] ?? ""),
    ];
    const pid = client.agentPid;
    const [known, ...before] = count(pid, [bytes("env/shop/V17"), ...wanted]);
    t.ok(known && known > 0, "what is no secret is found: the search works");
    for (const [at, name] of names.entries()) t.equal(before[at], 1, `${name}: one copy while unsealed`);
    t.strictSame(before.slice(names.length), [0, 0, 0, 0], "key file, passphrase, share, value: none, they are not held");

    // held up at its very last system call
    const delay = spawn(
      "strace",
      ["-f", "-p", String(pid), "-e", "trace=exit_group", "-e", "inject=exit_group:delay_enter=4000000"],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    await once(delay.stderr, "data");
    const sealed = client.ask("agent.seal", {}).catch((failure: unknown) => failure);
    let last = "";
    delay.stderr.on("data", (chunk) => (last += String(chunk)));
    for (let tries = 0; tries < 300 && !last.includes("exit_group"); tries++) await wait(10);
    t.match(last, "exit_group", "stopped at exit_group");
    const after = count(pid, wanted);
    t.strictSame(
      after,
      wanted.map(() => 0),
      `after seal: ${[...names, "key file", "passphrase", "share", "value"].join(", ")}`,
    );
    await sealed;
    t.notOk(fs.existsSync(`${places.runtime}/agent.sock`));
  },
);
