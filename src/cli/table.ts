/**
 * The command table: id → module. The only list of commands; `commands.json` is made from it (scripts/commands.ts), and a test says that
 * it is current. Commands of later releases are not in it: help shows what works.
 */
import type { ZvaultCommand } from "./base.ts";

type Module = { default: typeof ZvaultCommand };

export const table: Readonly<Record<string, () => Promise<Module>>> = {
  overview: () => import("../commands/overview.ts"),
  import: () => import("../commands/import.ts"),
  check: () => import("../commands/check.ts"),
  fill: () => import("../commands/fill.ts"),
  export: () => import("../commands/export.ts"),
  eject: () => import("../commands/eject.ts"),
  set: () => import("../commands/set.ts"),
  get: () => import("../commands/get.ts"),
  ls: () => import("../commands/ls.ts"),
  rm: () => import("../commands/rm.ts"),
  undo: () => import("../commands/undo.ts"),
  history: () => import("../commands/history.ts"),
  uses: () => import("../commands/uses.ts"),
  offboard: () => import("../commands/offboard.ts"),
  run: () => import("../commands/run.ts"),
  unseal: () => import("../commands/unseal.ts"),
  seal: () => import("../commands/seal.ts"),
  status: () => import("../commands/status.ts"),
  whoami: () => import("../commands/whoami.ts"),
  init: () => import("../commands/init.ts"),
  adopt: () => import("../commands/adopt.ts"),
  allow: () => import("../commands/allow.ts"),
  version: () => import("../commands/version.ts"),
  "access:list": () => import("../commands/access/list.ts"),
  "access:add": () => import("../commands/access/add.ts"),
  "access:remove": () => import("../commands/access/remove.ts"),
  "access:test": () => import("../commands/access/test.ts"),
  "backup:create": () => import("../commands/backup/create.ts"),
  "backup:restore": () => import("../commands/backup/restore.ts"),
  "backup:list": () => import("../commands/backup/list.ts"),
  "audit:tail": () => import("../commands/audit/tail.ts"),
  "audit:verify": () => import("../commands/audit/verify.ts"),
  "audit:stats": () => import("../commands/audit/stats.ts"),
  "audit:hash": () => import("../commands/audit/hash.ts"),
  "audit:key": () => import("../commands/audit/key.ts"),
  "kv:put": () => import("../commands/kv/put.ts"),
  "kv:get": () => import("../commands/kv/get.ts"),
  "kv:list": () => import("../commands/kv/list.ts"),
  "kv:delete": () => import("../commands/kv/delete.ts"),
  "kv:undelete": () => import("../commands/kv/undelete.ts"),
  "kv:destroy": () => import("../commands/kv/destroy.ts"),
  "kv:metadata": () => import("../commands/kv/metadata.ts"),
  "policy:list": () => import("../commands/policy/list.ts"),
  "policy:read": () => import("../commands/policy/read.ts"),
  "policy:write": () => import("../commands/policy/write.ts"),
  "policy:delete": () => import("../commands/policy/delete.ts"),
  "policy:fmt": () => import("../commands/policy/fmt.ts"),
  "policy:test": () => import("../commands/policy/test.ts"),
  "token:create": () => import("../commands/token/create.ts"),
  "token:list": () => import("../commands/token/list.ts"),
  "token:lookup": () => import("../commands/token/lookup.ts"),
  "token:renew": () => import("../commands/token/renew.ts"),
  "token:revoke": () => import("../commands/token/revoke.ts"),
  "approle:list": () => import("../commands/approle/list.ts"),
  "approle:read": () => import("../commands/approle/read.ts"),
  "approle:write": () => import("../commands/approle/write.ts"),
  "approle:delete": () => import("../commands/approle/delete.ts"),
  "approle:secret-id": () => import("../commands/approle/secret-id.ts"),
  "approle:revoke": () => import("../commands/approle/revoke.ts"),
  "approle:login": () => import("../commands/approle/login.ts"),
  "operator:generate-root": () => import("../commands/operator/generate-root.ts"),
  "operator:verify": () => import("../commands/operator/verify.ts"),
  "operator:compact": () => import("../commands/operator/compact.ts"),
  "operator:rekey": () => import("../commands/operator/rekey.ts"),
  "operator:rotate": () => import("../commands/operator/rotate.ts"),
  "transit:keys": () => import("../commands/transit/keys.ts"),
  "transit:create": () => import("../commands/transit/create.ts"),
  "transit:config": () => import("../commands/transit/config.ts"),
  "transit:rotate": () => import("../commands/transit/rotate.ts"),
  "transit:trim": () => import("../commands/transit/trim.ts"),
  "transit:delete": () => import("../commands/transit/delete.ts"),
  "transit:encrypt": () => import("../commands/transit/encrypt.ts"),
  "transit:decrypt": () => import("../commands/transit/decrypt.ts"),
  "transit:rewrap": () => import("../commands/transit/rewrap.ts"),
  "transit:sign": () => import("../commands/transit/sign.ts"),
  "transit:verify": () => import("../commands/transit/verify.ts"),
  "transit:hmac": () => import("../commands/transit/hmac.ts"),
  "transit:datakey": () => import("../commands/transit/datakey.ts"),
  "transit:random": () => import("../commands/transit/random.ts"),
  "transit:hash": () => import("../commands/transit/hash.ts"),
};

export function isCommand(id: string): boolean {
  return Object.hasOwn(table, id);
}

export async function loadCommand(id: string): Promise<typeof ZvaultCommand> {
  const load = table[id];
  if (!load) throw new Error(`no command ${id}`);
  return (await load()).default;
}

/** Groups of the help screen: id of a command or topic → one example. */
export const groups: readonly { title: string; rows: readonly (readonly [id: string, example: string])[] }[] = [
  {
    title: "Every day",
    rows: [
      ["import", "zvault import .env"],
      ["run", "zvault run -- npm run dev"],
      ["check", "zvault check"],
      ["fill", "zvault fill"],
      ["export", "zvault export --out FILE --until-seal"],
      ["eject", "zvault eject --dry-run"],
      ["set", "zvault set STRIPE_KEY"],
      ["get", "zvault get STRIPE_KEY"],
      ["ls", "zvault ls"],
      ["rm", "zvault rm OLD_KEY"],
      ["undo", "zvault undo STRIPE_KEY"],
      ["history", "zvault history STRIPE_KEY"],
      ["unseal", "zvault unseal --for 8h"],
      ["seal", "zvault seal"],
      ["status", "zvault status"],
    ],
  },
  {
    title: "Vault and people",
    rows: [
      ["init", "zvault init"],
      ["whoami", "zvault whoami"],
      ["access", "zvault access list"],
      ["backup", "zvault backup restore"],
      ["adopt", "zvault adopt"],
      ["allow", "zvault allow env/other/KEY"],
    ],
  },
  {
    title: "Machines and operators",
    rows: [
      ["kv", "zvault kv put app/db user=-"],
      ["transit", "zvault transit encrypt cards @FILE"],
      ["token", "zvault token create --policy ci --out ci.token"],
      ["approle", "zvault approle write ci --policy ci"],
      ["operator", "zvault operator verify"],
      ["policy", "zvault policy test env/shop/KEY use"],
      ["audit", "zvault audit tail"],
      ["uses", "zvault uses STRIPE_KEY"],
      ["offboard", "zvault offboard mira"],
    ],
  },
];

/** Summaries of topics: words that are no command by themselves. */
export const topics: Readonly<Record<string, string>> = {
  access: "who or what can unseal: list, add, remove, test",
  backup: "copies of ciphertext: create, restore, list",
  kv: "any path: put, get, list, delete, undelete, destroy, metadata",
  token: "for programs: create, list, lookup, renew, revoke",
  approle: "machines that log in: write, secret-id, login, read, …",
  operator: "files, slots, keyring: verify, rotate, generate-root, …",
  policy: "who may do what: list, read, write, delete, fmt, test",
  transit: "keys that stay inside: encrypt, decrypt, sign, hmac, …",
  audit: "what happened: tail, verify, stats, hash, key",
};
