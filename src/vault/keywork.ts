/**
 * Work with keys that passes through BigInts and small arrays which cannot be wiped (X25519, Shamir) or needs much memory (Argon2id).
 * `perform` runs in a helper process of ours, which hands its result over a pipe into locked memory and exits; the agent only ever
 * calls `ask`, with a function that starts such a helper.
 */
import type { CredentialKind } from "../protocol.ts";
import { generateSeed, publicOf as signingOf } from "../crypto/ed25519.ts";
import { fromHex, hex } from "../crypto/hash.ts";
import { argon2id, hkdf } from "../crypto/kdf.ts";
import { random } from "../crypto/random.ts";
import { Secret } from "../crypto/secret.ts";
import { combine, split } from "../crypto/shamir.ts";
import { generate, openWith, publicOf, sealTo } from "../crypto/x25519.ts";
import { type ErrorCode, isErrorCode, ZvaultError } from "../errors.ts";
import { parseKeyFile } from "../key-file.ts";
import { checkKdf, type KdfPolicy, openIdentity, parseIdentity, productKdf, sealIdentity } from "./identity.ts";
import { pack, type Packed, unpack } from "./job.ts";
import { checkShares, parseShare, printShare, type Share } from "./share.ts";
import { type Kdf, parseSlot, printSlot, printUnwrapped, type Slot, slotAad, slotInfo } from "./slots.ts";

/** Runs one job in a helper process. The job stays the caller's, the result becomes the caller's. */
export type KeyWork = (job: Secret) => Promise<Secret>;

/** A slot to make; what is secret about it comes in the job's parts. */
export type NewSlot =
  | { kind: "identity"; label: string; public: string; signing: string }
  | { kind: "key-file" | "passphrase"; label: string }
  | { kind: "shares"; label: string; threshold: number; count: number }
  /** keep this one, for another root key */
  | { kind: "same"; slot: string };

export type Job =
  /** parts: passphrase → identity file, bundle */
  | { do: "make-identity"; name: string }
  /** parts: identity file, passphrase → bundle */
  | { do: "open-identity" }
  /** parts: root key, then one credential for each `key-file` and `passphrase` slot → slots, then share texts */
  | { do: "wrap"; vault: string; slots: NewSlot[]; now: string }
  /** parts: credential (`identity`: the bundle) → root key */
  | { do: "unwrap"; vault: string; slots: string[]; with: CredentialKind | "identity" };

type Failure = { error: { code: ErrorCode; message: string; hint?: string } };
type Done = { slots?: number; slot?: number };

/** Asks a helper. Throws what the helper threw. */
export async function ask(work: KeyWork, job: Job, parts: readonly (Secret | Uint8Array)[]): Promise<Packed<Done>> {
  const packed = pack(job, parts);
  try {
    const answer = await work(packed);
    const { header, parts: results } = unpack<Done | Failure>(answer);
    answer.wipe();
    if (!("error" in header)) return { header, parts: results };
    const { code, message, hint } = header.error;
    throw new ZvaultError(isErrorCode(code) ? code : "internal", message, hint === undefined ? {} : { hint });
  } finally {
    packed.wipe();
  }
}

/** Does one job; the whole life of a helper process. Failures are answers. */
export async function perform(packed: Secret, kdf: KdfPolicy = productKdf): Promise<Secret> {
  try {
    const { header, parts } = unpack<Job>(packed);
    const [done, results] = await doJob(header, parts, kdf);
    return pack(done, results);
  } catch (failure) {
    const known = failure instanceof ZvaultError ? failure : new ZvaultError("internal", "key work failed");
    const { code, message, hint } = known;
    return pack({ error: { code, message, ...(hint === undefined ? {} : { hint }) } } satisfies Failure, []);
  }
}

type Result = [Done, (Secret | Uint8Array)[]];

function need(parts: readonly Secret[], index: number): Secret {
  const part = parts[index];
  if (!part) throw new ZvaultError("usage", "a credential is missing");
  return part;
}

function doJob(job: Job, parts: Secret[], kdf: KdfPolicy): Result | Promise<Result> {
  switch (job.do) {
    case "make-identity":
      return makeIdentity(job.name, need(parts, 0), kdf);
    case "open-identity": {
      const file = need(parts, 0).use((bytes) => parseIdentity(bytes.slice()));
      const bundle = openIdentity(file, need(parts, 1), kdf);
      if (!bundle) throw new ZvaultError("wrong-passphrase", "wrong passphrase", { hint: "try again" });
      return [{}, [bundle]];
    }
    case "wrap":
      return wrap(job.vault, job.slots, new Date(job.now), parts, kdf);
    case "unwrap":
      return unwrap(
        job.vault,
        job.slots.map((slot) => parseSlot(fromHex(slot))),
        job.with,
        parts,
        kdf,
      );
  }
}

function makeIdentity(name: string, passphrase: Secret, kdf: KdfPolicy): Result {
  const pair = generate();
  const seed = generateSeed();
  const bundle = Secret.alloc(64);
  bundle.use((into) => {
    pair.private.use((from) => into.set(from, 0));
    seed.use((from) => into.set(from, 32));
  });
  const file = sealIdentity(bundle, { public: pair.public, signing: signingOf(seed) }, name, passphrase, kdf);
  return [{}, [file, bundle]];
}

async function wrap(vault: string, slots: NewSlot[], now: Date, parts: Secret[], kdf: KdfPolicy): Promise<Result> {
  const root = need(parts, 0);
  let used = 1;
  const printed: Uint8Array[] = [];
  const shares: Uint8Array[] = [];
  for (const wanted of slots) {
    const slot = await newSlot(wanted, vault, now, () => need(parts, used++), kdf, shares);
    slot.wrap = sealTo(slot.public, root, slotAad(vault, printUnwrapped(slot)), slotInfo);
    printed.push(printSlot(slot));
  }
  return [{ slots: printed.length }, [...printed, ...shares]];
}

async function newSlot(
  wanted: NewSlot,
  vault: string,
  now: Date,
  credential: () => Secret,
  kdf: KdfPolicy,
  shares: Uint8Array[],
): Promise<Slot> {
  if (wanted.kind === "same") return parseSlot(fromHex(wanted.slot));
  const { kind, label } = wanted;
  const base = { kind, label, id: hex(random(16)), created: now, wrap: new Uint8Array(80) };
  switch (kind) {
    case "identity":
      return { ...base, public: fromHex(wanted.public), signing: fromHex(wanted.signing) };
    case "key-file":
      return { ...base, public: publicOf(keyFileSecret(credential())) };
    case "passphrase": {
      const cost = { ...kdf.use, salt: random(16) };
      return { ...base, kdf: cost, public: publicOf(stretch(credential(), cost)) };
    }
    case "shares": {
      const { threshold, count } = wanted;
      if (!(threshold >= 2 && count >= threshold && count <= 255)) {
        throw new ZvaultError("usage", `${threshold} of ${count} shares is not possible`, { hint: "2 ≤ threshold ≤ shares ≤ 255" });
      }
      const secret = Secret.random(32);
      const texts = await split(secret, count, threshold);
      for (const [at, part] of texts.entries()) {
        const text = printShare({ vault, slot: base.id.slice(0, 8), index: at + 1, threshold, part });
        shares.push(new TextEncoder().encode(text));
      }
      return { ...base, shares: { threshold, count }, public: publicOf(secret) };
    }
  }
}

function keyFileSecret(file: Secret): Secret {
  return Secret.take(file.use(parseKeyFile));
}

function stretch(passphrase: Secret, kdf: Kdf & { salt: Uint8Array }): Secret {
  return hkdf(argon2id(passphrase, kdf.salt, kdf, 32), new Uint8Array(0), "zvault passphrase slot", 32);
}

async function unwrap(
  vault: string,
  slots: Slot[],
  kind: CredentialKind | "identity",
  parts: Secret[],
  kdf: KdfPolicy,
): Promise<Result> {
  const candidates = slots.map((slot, index) => ({ slot, index })).filter(({ slot }) => slot.kind === kind);
  for (const { slot, index } of candidates) {
    const key = await privateKey(slot, vault, kind, parts, kdf, candidates.length === 1);
    // the public half is the check value: a wrong key, or shares that do not belong together, give another one
    if (!key || Buffer.compare(publicOf(key), slot.public) !== 0) continue;
    const root = openWith(key, slot.wrap, slotAad(vault, printUnwrapped(slot)), slotInfo);
    if (!root)
      throw new ZvaultError("damaged", "the slot's wrap was changed", { hint: "`zvault backup restore` takes the newest mirror" });
    return [{ slot: index }, [root]];
  }
  throw noSlot(kind, candidates.length > 0);
}

function noSlot(kind: CredentialKind | "identity", tried: boolean): ZvaultError {
  const none = { hint: "`zvault access list` shows what opens this vault" };
  switch (kind) {
    case "identity":
      return new ZvaultError("wrong-key", "your identity does not open this vault", none);
    case "key-file":
      return new ZvaultError("wrong-key", tried ? "this key file does not open this vault" : "no key file opens this vault", none);
    case "passphrase":
      return new ZvaultError("wrong-passphrase", tried ? "wrong passphrase" : "no passphrase of its own opens this vault", none);
    case "token":
      return new ZvaultError("wrong-key", "a token opens no vault", none);
    case "shares":
      return new ZvaultError("wrong-share", tried ? "these shares do not open this vault" : "no shares open this vault", none);
  }
}

async function privateKey(
  slot: Slot,
  vault: string,
  kind: CredentialKind | "identity",
  parts: Secret[],
  kdf: KdfPolicy,
  only: boolean,
): Promise<Secret | undefined> {
  switch (kind) {
    case "identity":
      return need(parts, 0).use((bundle) => Secret.take(bundle.slice(0, 32)));
    case "key-file":
      return keyFileSecret(need(parts, 0));
    case "passphrase": {
      if (!slot.kdf) return undefined;
      checkKdf(slot.kdf, kdf.floor);
      return stretch(need(parts, 0), slot.kdf);
    }
    case "shares":
      return combineShares(slot, vault, parts, only);
  }
}

async function combineShares(slot: Slot, vault: string, parts: Secret[], only: boolean): Promise<Secret | undefined> {
  const shares: Share[] = parts.map((part, at) =>
    parseShare(
      part.use((bytes) => Buffer.from(bytes).toString("utf8")),
      `share ${at + 1}`,
    ),
  );
  const first = shares[0];
  if (!first) throw new ZvaultError("wrong-share", "no shares given");
  // with several share slots, the shares themselves say which one they are of
  if (!only && first.vault === vault && first.slot !== slot.id.slice(0, 8)) return undefined;
  checkShares(shares, vault, slot.id.slice(0, 8), slot.shares?.threshold ?? 2);
  return combine(shares.map((share) => share.part));
}
