/** Transit keys over their life: versions, minimums, batches, contexts, chunks of streams, and that they never come out. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import fc from "fast-check";
import t from "tap";
import { limits } from "../../src/verbs.ts";
import { parseBlob, printBlob } from "../../src/vault/engines/transit/blob.ts";
import { mostUses } from "../../src/vault/engines/transit/uses.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { ask, bytes, codeOf } from "../helpers/vault.ts";
import { textOf, type Transit, transitVault } from "../helpers/transit.ts";

const types = ["aes256-gcm96", "chacha20-poly1305"] as const;

for (const type of types)
  t.test(`${type}: old ciphertexts open after three rotations, until a minimum or a trim says otherwise`, async (t) => {
    const { ask, again } = await transitVault(t);
    await ask("transit.create", { name: "k", type });
    const old: Uint8Array[] = [];
    for (let version = 1; version <= 4; version++) {
      const { body, result } = await ask("transit.encrypt", { name: "k" }, [`value ${version}`]);
      t.equal(result.version, version);
      t.match(textOf(body[0]), new RegExp(`^vault:v${version}:`));
      old.push(body[0] ?? new Uint8Array());
      if (version < 4) await ask("transit.rotate", { name: "k" });
    }
    await again();
    t.same((await ask("transit.decrypt", { name: "k" }, old)).body.map(textOf), ["value 1", "value 2", "value 3", "value 4"]);

    const rewrapped = (await ask("transit.rewrap", { name: "k" }, old.slice(0, 2))).body;
    for (const one of rewrapped) t.match(textOf(one), /^vault:v4:/);
    t.same((await ask("transit.decrypt", { name: "k" }, rewrapped)).body.map(textOf), ["value 1", "value 2"]);
    t.match(textOf((await ask("transit.encrypt", { name: "k", version: 2 }, ["x"])).body[0]), /^vault:v2:/);

    await ask("transit.config", { name: "k", minDecrypt: 2, minEncrypt: 3 });
    t.equal(await codeOf(ask("transit.decrypt", { name: "k" }, old.slice(0, 1))), "denied");
    t.equal(await codeOf(ask("transit.decrypt", { name: "k" }, old)), "denied", "a batch is all or nothing");
    t.equal(await codeOf(ask("transit.rewrap", { name: "k" }, old.slice(0, 1))), "denied");
    t.equal(await codeOf(ask("transit.encrypt", { name: "k", version: 2 }, ["x"])), "denied");
    t.match(textOf((await ask("transit.encrypt", { name: "k", version: 3 }, ["x"])).body[0]), /^vault:v3:/);
    t.equal(await codeOf(ask("transit.encrypt", { name: "k", version: 9 }, ["x"])), "not-found");

    for (const bad of [{ minDecrypt: 5 }, { minEncrypt: 5 }, { minEncrypt: 1 }, { minDecrypt: 4 }])
      t.equal(await codeOf(ask("transit.config", { name: "k", ...bad })), "usage", JSON.stringify(bad));
    t.equal(await codeOf(ask("transit.trim", { name: "k", before: 3 })), "denied", "it still decrypts with version 2");
    const { result } = await ask("transit.trim", { name: "k", before: 2 });
    t.same(
      result.versions.map((one) => one.version),
      [2, 3, 4],
    );
    t.equal(await codeOf(ask("transit.config", { name: "k", minDecrypt: 1 })), "usage", "what is gone is gone");
    await again();
    t.same((await ask("transit.decrypt", { name: "k" }, old.slice(1))).body.map(textOf), ["value 2", "value 3", "value 4"]);
    t.match((await ask("vault.verify", {})).result, { ok: true });
  });

t.test("deleted only where that is allowed; a new key of the same name does not open what the old one sealed", async (t) => {
  const { ask } = await transitVault(t);
  await ask("transit.create", { name: "k", type: "aes256-gcm96" });
  const { body } = await ask("transit.encrypt", { name: "k" }, ["a value"]);
  t.equal(await codeOf(ask("transit.delete", { name: "k" })), "denied");
  await ask("transit.config", { name: "k", deletable: true });
  t.equal(await codeOf(ask("transit.create", { name: "k", type: "aes256-gcm96" })), "changed");
  t.same((await ask("transit.delete", { name: "k" })).result, { versions: 1 });
  t.equal(await codeOf(ask("transit.decrypt", { name: "k" }, body)), "not-found");
  t.same((await ask("transit.list", {})).result, { keys: [] });
  await ask("transit.create", { name: "k", type: "aes256-gcm96" });
  t.equal(await codeOf(ask("transit.decrypt", { name: "k" }, body)), "bad-ciphertext");
  const again = (await ask("transit.encrypt", { name: "k" }, ["a value"])).body;
  t.same((await ask("transit.decrypt", { name: "k" }, again)).body.map(textOf), ["a value"]);
});

t.test("a batch of 1,000, each item with its own associated data and context; one more is refused", async (t) => {
  const { ask } = await transitVault(t);
  await ask("transit.create", { name: "k", type: "aes256-gcm96", derived: true });
  const shape = { name: "k", aad: true, context: true };
  const items = Array.from({ length: 1000 }, (_, at) => [`value ${at}`, `row ${at}`, `tenant ${at % 7}`] as const);
  const sealed = (await ask("transit.encrypt", shape, items.flat())).body;
  t.equal(new Set(sealed.map(textOf)).size, 1000);
  const back = items.flatMap(([, aad, context], at) => [sealed[at] ?? "", aad, context]);
  t.same(
    (await ask("transit.decrypt", shape, back)).body.map(textOf),
    items.map(([value]) => value),
  );
  const wrong = (at: number, part: string): (Uint8Array | string)[] => back.with(at, part);
  t.equal(await codeOf(ask("transit.decrypt", shape, wrong(1, "row 2"))), "bad-ciphertext", "other associated data");
  t.equal(await codeOf(ask("transit.decrypt", shape, wrong(2, "tenant 1"))), "bad-ciphertext", "another context");
  t.equal(await codeOf(ask("transit.encrypt", shape, [...items.flat(), "v", "a", "c"])), "too-large");
  t.equal(await codeOf(ask("transit.encrypt", shape, ["v", "a"])), "protocol");
  t.equal(await codeOf(ask("transit.encrypt", shape, ["v", "a", ""])), "usage", "a derived key needs a context");
  t.equal(await codeOf(ask("transit.encrypt", { name: "k" }, ["v"])), "usage");
});

t.test("what does not fit a key is refused, and nothing of it seals the vault", async (t) => {
  const { ask } = await transitVault(t);
  for (const type of ["aes256-gcm96", "ed25519", "hmac"] as const) await ask("transit.create", { name: type, type });
  const rows: [code: string, act: () => Promise<unknown>][] = [
    ["usage", () => ask("transit.sign", { name: "aes256-gcm96" }, ["m"])],
    ["usage", () => ask("transit.hmac", { name: "ed25519" }, ["m"])],
    ["usage", () => ask("transit.sign", { name: "hmac" }, ["m"])],
    ["usage", () => ask("transit.encrypt", { name: "ed25519" }, ["m"])],
    ["usage", () => ask("transit.verify", { name: "aes256-gcm96" }, ["s", "m"])],
    ["usage", () => ask("transit.encrypt", { name: "aes256-gcm96", context: true }, ["v", "c"])],
    ["usage", () => ask("transit.create", { name: "d", type: "ed25519", derived: true })],
    ["usage", () => ask("transit.create", { name: "a/b", type: "hmac" })],
    ["usage", () => ask("transit.create", { name: "..", type: "hmac" })],
    ["usage", () => ask("transit.create", { name: "x", type: "rsa-4096" as "hmac" })],
    ["usage", () => ask("transit.encrypt", { name: "aes256-gcm96", nonce: "AAAAAAAAAAAAAAAA" } as never, ["v"])],
    ["not-found", () => ask("transit.encrypt", { name: "none" }, ["v"])],
    ["not-found", () => ask("transit.rotate", { name: "constructor" })],
    ["protocol", () => ask("transit.encrypt", { name: "aes256-gcm96" }, [])],
    ["protocol", () => ask("transit.verify", { name: "hmac" }, ["s", "m", "n"])],
    ["protocol", () => ask("transit.hmac", { name: "hmac", pieces: [2] }, ["m"])],
    ["too-large", () => ask("transit.encrypt", { name: "aes256-gcm96" }, [new Uint8Array(limits.transitValue + 1)])],
    ["too-large", () => ask("transit.encrypt", { name: "aes256-gcm96", aad: true }, ["v", new Uint8Array(limits.transitAad + 1)])],
    ["usage", () => ask("transit.decrypt", { name: "aes256-gcm96" }, ["vault:v1:"])],
    ["bad-ciphertext", () => ask("transit.decrypt", { name: "aes256-gcm96" }, ["vault:v1:AAAA"])],
    ["not-found", () => ask("transit.decrypt", { name: "aes256-gcm96" }, [printBlob(2, randomBytes(64))])],
  ];
  for (const [at, [code, act]] of rows.entries()) t.equal(await codeOf(act()), code, `row ${at}`);
  t.equal((await ask("vault.status", {})).result.sealed, false);
  t.same((await ask("transit.verify", { name: "ed25519" }, ["no signature", "m"])).result.valid, [false]);
});

t.test("vault:vN:BASE64 has one spelling, and parse is the other side of print", (t) => {
  const version = fc.integer({ min: 1, max: 999_999_999 });
  fc.assert(
    fc.property(version, fc.uint8Array({ minLength: 1, maxLength: 100 }), (number, content) => {
      const found = parseBlob(printBlob(number, content));
      return found?.version === number && Buffer.compare(found.bytes, content) === 0;
    }),
  );
  for (const bad of [
    "",
    "vault:v0:AAAA",
    "vault:v01:AAAA",
    "vault:v1:AAA",
    "vault:v1:AAB=",
    "vault:v1:AA=A",
    "vault:v1:AAAA\n",
    " vault:v1:AAAA",
    "vault:v1:AA-_",
    "vault:v1:AAAA=",
    "vault:v1234567890:AAAA",
    "Vault:v1:AAAA",
  ])
    t.equal(parseBlob(bytes(bad)), undefined, JSON.stringify(bad));
  t.end();
});

t.test("datakey, random, hash", async (t) => {
  const { ask } = await transitVault(t);
  await ask("transit.create", { name: "k", type: "chacha20-poly1305", derived: true });
  for (const [size, args] of [
    [16, { bits: 128 }],
    [32, {}],
    [64, { bits: 512 }],
  ] as const) {
    const { body } = await ask("transit.datakey", { name: "k", context: true, ...args }, ["tenant"]);
    t.equal(body[0]?.length, size);
    const back = await ask("transit.decrypt", { name: "k", context: true }, [body[1] ?? "", "tenant"]);
    t.same(back.body[0], body[0]);
  }
  t.equal(await codeOf(ask("transit.datakey", { name: "k", bits: 192 })), "usage");
  const [one, other] = [await ask("transit.random", { bytes: 32 }), await ask("transit.random", { bytes: 32 })];
  t.equal(one.body[0]?.length, 32);
  t.notSame(one.body[0], other.body[0]);
  const { sums } = (await ask("transit.hash", { algorithm: "sha2-256", pieces: [2, 1] }, ["a", "bc", "abc"])).result;
  t.same(sums, Array<string>(2).fill("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "FIPS 180-4, B.1");
});

t.test("a key is nowhere: not in a listing, an answer, the audit log or a file in the clear", async (t) => {
  const { ask, plant, world } = await transitVault(t);
  const marker = randomBytes(32);
  await plant("k", "aes256-gcm96", Secret.take(new Uint8Array(marker)));
  await ask("transit.encrypt", { name: "k" }, ["a plaintext that is looked for"]);
  const listed = (await ask("kv.list", { prefix: "", deleted: true })).result.secrets;
  t.same(listed, [], "no verb about secrets lists it");
  t.equal((await ask("vault.status", {})).result.open?.secrets, 0);
  const told = JSON.stringify([(await ask("transit.list", {})).result, (await ask("transit.read", { name: "k" })).result]);
  const files = fs.readdirSync(world.base, { recursive: true, encoding: "utf8" }).map((name) => `${world.base}/${name}`);
  const all = Buffer.concat([
    Buffer.from(told),
    ...files.filter((one) => fs.statSync(one).isFile()).map((one) => fs.readFileSync(one)),
  ]);
  for (const form of [
    marker,
    Buffer.from(marker.toString("hex")),
    Buffer.from(marker.toString("base64").slice(0, 40)),
    bytes("looked for"),
  ])
    t.equal(all.includes(form), false);
  t.match(all.toString("latin1"), /"verb":"transit.encrypt","paths":\["transit\/encrypt\/k"\]/, "but who used it is");
});

t.test("a version that was used 2^31 times makes way for the next; who names it is refused", async (t) => {
  const { ask, plant } = await transitVault(t);
  await plant("k", "aes256-gcm96", Secret.random(32), { uses: mostUses - 2 ** 20 });
  t.equal((await ask("transit.encrypt", { name: "k" }, ["last block"])).result.version, 1);
  t.equal((await ask("transit.read", { name: "k" })).result.versions[0]?.uses, mostUses);
  await plant("full", "aes256-gcm96", Secret.random(32), { uses: mostUses });
  t.equal(await codeOf(ask("transit.encrypt", { name: "full", version: 1 }, ["x"])), "denied");
  const made = await ask("transit.encrypt", { name: "full" }, ["x"]);
  t.equal(made.result.version, 2);
  t.same((await ask("transit.decrypt", { name: "full" }, made.body)).body.map(textOf), ["x"]);
  t.match(
    (await ask("audit.tail", { lines: 50 })).result.lines,
    [{ verb: "transit.rotate", detail: { version: 2, why: "uses" } }].slice(1),
  );
  const lines = JSON.stringify((await ask("audit.tail", { lines: 50 })).result.lines);
  t.match(lines, /"verb":"transit.rotate","paths":\["transit\/keys\/full"\],"detail":\{"version":2,"why":"uses"\}/);
});

async function streamOf(
  vault: Transit,
  chunks: Uint8Array[],
  at: number[],
): Promise<{ id: string; version: number; sealed: Uint8Array[] }> {
  const sealed: Uint8Array[] = [];
  let id: string | undefined;
  let version: number | undefined;
  for (let from = 0, turn = 0; from < chunks.length; turn++) {
    const some = chunks.slice(from, from + (at[turn] ?? 1));
    const last = from + some.length === chunks.length;
    const stream = { ...(id === undefined ? {} : { id }), from, last };
    const more = version === undefined ? {} : { version };
    const { result, body } = await vault.ask("transit.encrypt", { name: "k", aad: true, ...more, stream }, [...some, "about"]);
    ({ stream: id, version } = result);
    sealed.push(...body);
    from += some.length;
  }
  return { id: id ?? "", version: version ?? 0, sealed };
}

t.test("a stream opens whole and in order; every cut, flip, swap, doubling and splice is refused", async (t) => {
  const vault = await transitVault(t);
  await vault.ask("transit.create", { name: "k", type: "aes256-gcm96" });
  const full = (): Uint8Array => new Uint8Array(randomBytes(limits.transitValue));
  const chunks = [full(), full(), full(), new Uint8Array(randomBytes(77))];
  const { id, version, sealed } = await streamOf(vault, chunks, [1, 2, 1]);
  const other = await streamOf(vault, chunks, [4]);
  const opened = async (
    parts: Uint8Array[],
    o: { from?: number; last?: boolean; id?: string; version?: number; aad?: string } = {},
  ) =>
    (
      await vault.ask(
        "transit.decrypt",
        {
          name: "k",
          aad: true,
          stream: { id: o.id ?? id, version: o.version ?? version, from: o.from ?? 0, last: o.last ?? true },
        },
        [...parts, o.aad ?? "about"],
      )
    ).body;
  t.same(await opened(sealed), chunks);
  t.same(await opened(sealed.slice(0, 2), { last: false }), chunks.slice(0, 2), "in parts, too");
  t.same(await opened(sealed.slice(2), { from: 2 }), chunks.slice(2));
  await vault.ask("transit.rotate", { name: "k" });
  t.same(await opened(sealed), chunks, "after a rotation");
  const [a, b, c, d] = sealed as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const flipped = b.slice();
  flipped[1000] = (flipped[1000] ?? 0) ^ 1;
  const refused: Record<string, () => Promise<unknown>> = {
    "cut at the end": () => opened([a, b, c]),
    "cut at the end, within": () => opened([a, b, c, d.subarray(0, -1)]),
    "cut at the beginning": () => opened([b, c, d]),
    "without one in the middle": () => opened([a, b, d]),
    swapped: () => opened([a, c, b, d]),
    doubled: () => opened([a, b, b, c, d]),
    flipped: () => opened([a, flipped, c, d]),
    "one of another stream": () => opened([a, other.sealed[1] ?? a, c, d]),
    "under another id": () => opened(sealed, { id: other.id }),
    "the last one as if more came": () => opened([a, b, c, d], { last: false }),
    "a full one as the last": () => opened([a, b], { last: true }),
    "moved on by one": () => opened([b, c], { from: 2, last: false }),
    "other associated data": () => opened(sealed, { aad: "else" }),
    "under another version": () => opened(sealed, { version: 2 }),
  };
  for (const [what, act] of Object.entries(refused)) t.equal(await codeOf(act()), "bad-ciphertext", what);
  const [value] = (await vault.ask("transit.encrypt", { name: "k", aad: true }, [chunks[3] ?? "", "about"])).body;
  const blob = parseBlob(value ?? new Uint8Array())?.bytes ?? new Uint8Array();
  t.equal(await codeOf(opened([blob], { version: 2 })), "bad-ciphertext", "a value is no chunk");
});

t.test("an empty stream is one empty chunk; no other chunk is empty or short", async (t) => {
  const vault = await transitVault(t);
  await vault.ask("transit.create", { name: "k", type: "chacha20-poly1305" });
  const { id, version, sealed } = await streamOf(vault, [new Uint8Array()], [1]);
  const { body } = await vault.ask("transit.decrypt", { name: "k", aad: true, stream: { id, version, from: 0, last: true } }, [
    ...sealed,
    "about",
  ]);
  t.same(body, [new Uint8Array()]);
  const encrypt = (from: number, last: boolean, part: Uint8Array) =>
    codeOf(vault.ask("transit.encrypt", { name: "k", stream: { ...(from === 0 ? {} : { id }), from, last } }, [part]));
  t.equal(await encrypt(1, true, new Uint8Array()), "bad-ciphertext");
  t.equal(await encrypt(0, false, new Uint8Array(10)), "bad-ciphertext");
  t.equal(await encrypt(0, true, new Uint8Array(limits.transitValue + 1)), "bad-ciphertext");
  t.equal(await codeOf(vault.ask("transit.encrypt", { name: "k", stream: { id, from: 0, last: true } }, ["x"])), "protocol");
  t.equal(await codeOf(vault.ask("transit.encrypt", { name: "k", stream: { from: 3, last: true } }, ["x"])), "protocol");
});

t.test("`local` encrypts, signs and verifies; showing and governing need presence", async (t) => {
  const { ask: proved, door, world } = await transitVault(t);
  await proved("transit.create", { name: "k", type: "aes256-gcm96" });
  const made = await ask(door, world, "transit.encrypt", { name: "k" }, { body: [bytes("v")] });
  const body = [bytes(made.body[0] ?? "")];
  t.equal(await codeOf(ask(door, world, "transit.rewrap", { name: "k" }, { body })), "done");
  t.equal(await codeOf(ask(door, world, "transit.decrypt", { name: "k" }, { body })), "presence-needed");
  t.equal(await codeOf(ask(door, world, "transit.datakey", { name: "k" })), "presence-needed");
  t.equal(await codeOf(ask(door, world, "transit.rotate", { name: "k" })), "presence-needed");
});

t.test(
  "a token does with a key what its policy says by Vault's paths, decrypting without presence too, and nothing else",
  async (t) => {
    const { ask: proved, door, world } = await transitVault(t);
    for (const name of ["orders", "other"]) await proved("transit.create", { name, type: "aes256-gcm96" });
    const text =
      'path "transit/decrypt/orders" { capabilities = ["update"] }\npath "transit/encrypt/+" { capabilities = ["update"] }';
    await proved("policy.write", { name: "worker", text });
    const made = await proved("token.create", { policies: ["worker"] });
    const credential = () => ({ credential: { kind: "token" as const, parts: [(made.body[0] ?? new Uint8Array()).slice()] } });
    const sealed = await ask(door, world, "transit.encrypt", { name: "orders" }, { body: [bytes("v")], ...credential() });
    const body = [bytes(sealed.body[0] ?? "")];
    t.same((await ask(door, world, "transit.decrypt", { name: "orders" }, { body, ...credential() })).body, ["v"]);
    t.equal(await codeOf(ask(door, world, "transit.encrypt", { name: "other" }, { body: [bytes("v")], ...credential() })), "done");
    t.equal(await codeOf(ask(door, world, "transit.decrypt", { name: "other" }, { body, ...credential() })), "denied");
    t.equal(await codeOf(ask(door, world, "transit.rewrap", { name: "orders" }, { body, ...credential() })), "denied");
    t.equal(await codeOf(ask(door, world, "transit.datakey", { name: "orders" }, credential())), "denied");
    t.equal(await codeOf(ask(door, world, "transit.rotate", { name: "orders" }, credential())), "denied");
    t.equal(await codeOf(ask(door, world, "transit.delete", { name: "orders" }, credential())), "denied");
  },
);
