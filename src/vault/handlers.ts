/** Verbs of an unsealed vault: from checked arguments and a receipt to the engine, and what must follow a change. */
import type { Calls } from "../calls.ts";
import type { SeenCaller } from "../calls/vault.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { Caller, Request } from "../protocol.ts";
import type { VerbName } from "../verbs.ts";
import type { AuditEntry } from "./audit-line.ts";
import type { Receipt } from "./audit.ts";
import { createBackup } from "./backup.ts";
import { access } from "./engines/access.ts";
import { approle } from "./engines/approle.ts";
import { kv } from "./engines/kv.ts";
import { ledger } from "./engines/ledger.ts";
import { policy } from "./engines/policy.ts";
import { imports } from "./engines/import.ts";
import { project, projectsOf } from "./engines/project.ts";
import { crypt } from "./engines/transit/crypt.ts";
import { govern } from "./engines/transit/govern.ts";
import { hashing } from "./engines/transit/hashing.ts";
import { signing } from "./engines/transit/sign.ts";
import { hashValue } from "./engines/value-hash.ts";
import { generate } from "./generate.ts";
import type { Holdings } from "./holdings.ts";
import { mayList, type Rights } from "./rights.ts";
import { tokens } from "./engines/tokens.ts";
import type { Found } from "./tokens/book.ts";
import type { Vault } from "./vault.ts";

export type Call<V extends VerbName> = {
  holdings: Holdings;
  vault: Vault;
  receipt: Receipt;
  args: Calls[V]["args"];
  request: Request;
  caller: Caller;
  /** as policy gives them at the moment of the call */
  rights: Rights;
  /** the token that asks */
  own?: Found | undefined;
};

export type Handled<V extends VerbName> = {
  result: Calls[V]["result"];
  body?: Secret[];
  /** what only the engine knows, for the line of the outcome: accessors, never a value */
  detail?: NonNullable<AuditEntry["detail"]>;
  /** wiped by the gate when all is over, however it ended */
  scratch?: readonly Secret[];
  /** Once the change is on disk, before the answer. What fails here does not undo it. */
  after?: () => Promise<Partial<Calls[V]["result"]> | void>;
};

export type VaultVerb =
  | "vault.compact"
  | "vault.rotate"
  | "vault.rekey"
  | `access.${"list" | "add" | "remove"}`
  | `backup.${"create" | "sync"}`
  | Extract<VerbName, `kv.${string}`>
  | Extract<VerbName, `project.${string}`>
  | Extract<VerbName, `transit.${string}`>
  | Extract<VerbName, `policy.${string}`>
  | Extract<VerbName, `token.${string}`>
  | Extract<VerbName, `approle.${string}`>
  | `audit.${"hash" | "key" | "tail" | "uses" | "stats" | "offboard"}`;

type Handlers = { [V in VaultVerb]: (call: Call<V>) => Handled<V> | Promise<Handled<V>> };

export function seenCaller({ verdict, tool, signs }: Caller): SeenCaller {
  return { verdict, ...(tool === undefined ? {} : { tool }), signs: [...signs] };
}

/** The bodies of a request in locked memory, for as long as `act` runs. */
function withValues<T>(request: Request, act: (values: Secret[]) => T): T {
  // the request is wiped after the answer, and not before
  const values = (request.body ?? []).map((bytes) => Secret.borrow(bytes));
  try {
    return act(values);
  } finally {
    for (const value of values) value.wipe();
  }
}

/** As `withValues`, where the work waits for the disk. */
async function whileValues<T>(request: Request, act: (values: Secret[]) => Promise<T>): Promise<T> {
  const values = (request.body ?? []).map((bytes) => Secret.borrow(bytes));
  try {
    return await act(values);
  } finally {
    for (const value of values) value.wipe();
  }
}

export const handlers: Handlers = {
  "kv.get": ({ vault, receipt, args }) => kv.get(vault, receipt, args),
  "kv.list": ({ vault, receipt, args, rights }) => {
    const { secrets } = kv.list(vault, receipt, args);
    // a list goes through all folders below: each name is described only where policy lets it be
    return { result: { secrets: secrets.filter((one) => mayList(rights, one.path)) } };
  },
  "kv.history": ({ vault, receipt, args }) => ({ result: kv.history(vault, receipt, args) }),
  "kv.put": ({ vault, receipt, args, request }) => {
    if (!args.generate) return { result: withValues(request, (values) => kv.put(vault, receipt, args, values)) };
    if ((request.body ?? []).length > 0) throw new ZvaultError("usage", "a value is either given or generated");
    const value = generate(args.generate.kind, args.generate.length);
    try {
      return { result: kv.put(vault, receipt, args, [value]) };
    } finally {
      value.wipe();
    }
  },
  "kv.metadata": ({ vault, receipt, args }) => ({ result: kv.metadata(vault, receipt, args) }),
  "kv.expose": ({ vault, receipt, args }) => ({ result: kv.expose(vault, receipt, args) }),
  "kv.delete": ({ vault, receipt, args }) => ({ result: kv.delete(vault, receipt, args) }),
  "kv.undelete": ({ vault, receipt, args }) => ({ result: kv.undelete(vault, receipt, args) }),
  "kv.undo": ({ vault, receipt, args }) => ({ result: kv.undo(vault, receipt, args) }),
  "kv.destroy": ({ vault, receipt, args }) => {
    const result = kv.destroy(vault, receipt, args);
    return { result, after: () => vault.alone(() => vault.compact(false)) };
  },
  "kv.import": importFile,
  "kv.resolve": ({ vault, receipt, args, caller }) => {
    const { result, body } = project.resolve(vault, receipt, args);
    return { result: { ...result, caller: seenCaller(caller) }, body };
  },
  "kv.watch": async ({ vault, receipt, args }) => ({ result: await project.watch(vault, receipt, args) }),
  "kv.export": async ({ holdings, vault, receipt, args }) => {
    // first the promise, then the values that it is about
    if (args.until) await holdings.untilSeal.keep({ dir: vault.dir, ...args.until });
    vault.checkOpen();
    return project.export(vault, receipt, args);
  },
  "project.list": ({ vault }) => ({ result: { projects: projectsOf(vault) } }),
  "project.allow": ({ vault, receipt, args }) => ({ result: project.allow(vault, receipt, args) }),
  "access.list": ({ vault, receipt }) => ({ result: access.list(vault, receipt) }),
  "access.add": ({ holdings, vault, receipt, args, request }) =>
    vault.alone(() => access.add(holdings, vault, receipt, args, request.body ?? [])),
  "access.remove": async ({ holdings, vault, receipt, args }) => {
    const result = await vault.alone(() => access.remove(holdings, vault, receipt, args));
    return { result, after: () => vault.alone(() => vault.compact(false)) };
  },
  "vault.rotate": async ({ vault, receipt }) => ({ result: await vault.alone(() => access.rotate(vault, receipt)) }),
  "vault.rekey": ({ holdings, vault, receipt, args }) => vault.alone(() => access.rekey(holdings, vault, receipt, args)),
  "vault.compact": async ({ vault }) => {
    const before = vault.barrier.size;
    await vault.alone(() => vault.compact(true));
    return { result: { before, after: vault.barrier.size, generation: vault.barrier.header.generation } };
  },
  "backup.create": async ({ vault, args }) => ({ result: { file: args.out, ...(await createBackup(vault, args.out)) } }),
  "backup.sync": async ({ vault }) => {
    await vault.durable();
    await vault.settle();
    return { result: mirrorOf(vault) };
  },
  "policy.list": ({ vault, receipt }) => ({ result: policy.list(vault, receipt) }),
  "policy.read": ({ vault, receipt, args }) => ({ result: policy.read(vault, receipt, args) }),
  "policy.write": ({ vault, receipt, args }) => ({ result: policy.write(vault, receipt, args) }),
  "policy.delete": ({ vault, receipt, args }) => ({ result: policy.delete(vault, receipt, args) }),
  "policy.test": ({ vault, receipt, args, caller }) => ({ result: policy.test(vault, receipt, args, caller) }),
  "transit.list": ({ vault, receipt }) => ({ result: govern.list(vault, receipt) }),
  "transit.read": ({ vault, receipt, args }) => ({ result: govern.read(vault, receipt, args) }),
  "transit.create": ({ vault, receipt, args }) => ({ result: govern.create(vault, receipt, args) }),
  "transit.config": ({ vault, receipt, args }) => ({ result: govern.config(vault, receipt, args) }),
  "transit.rotate": ({ vault, receipt, args }) => ({ result: govern.rotate(vault, receipt, args) }),
  "transit.trim": ({ vault, receipt, args }) => {
    const result = govern.trim(vault, receipt, args);
    return { result, after: () => vault.alone(() => vault.compact(false)) };
  },
  "transit.delete": ({ vault, receipt, args }) => {
    const result = govern.delete(vault, receipt, args);
    return { result, after: () => vault.alone(() => vault.compact(false)) };
  },
  "transit.encrypt": ({ vault, receipt, args, request }) =>
    whileValues(request, (values) => crypt.encrypt(vault, receipt, args, values)),
  "transit.decrypt": ({ vault, receipt, args, request }) =>
    withValues(request, (values) => crypt.decrypt(vault, receipt, args, values)),
  "transit.rewrap": ({ vault, receipt, args, request }) =>
    whileValues(request, (values) => crypt.rewrap(vault, receipt, args, values)),
  "transit.datakey": ({ vault, receipt, args, request }) =>
    whileValues(request, (values) => crypt.datakey(vault, receipt, args, values)),
  "transit.sign": ({ vault, receipt, args, request }) =>
    withValues(request, (values) => signing.sign(vault, receipt, args, values)),
  "transit.hmac": ({ vault, receipt, args, request }) =>
    withValues(request, (values) => signing.hmac(vault, receipt, args, values)),
  "transit.verify": ({ vault, receipt, args, request }) => ({
    result: withValues(request, (values) => signing.verify(vault, receipt, args, values)),
  }),
  "transit.random": ({ receipt, args }) => ({ result: {}, body: [hashing.random(receipt, args)] }),
  "transit.hash": ({ receipt, args, request }) => ({
    result: withValues(request, (values) => hashing.hash(receipt, args, values)),
  }),
  "audit.hash": async ({ vault, receipt, request }) => ({
    // what is compared stays where it is meanwhile
    result: await vault.alone(() => whileValues(request, (values) => hashValue(vault, receipt, values))),
  }),
  "audit.key": ({ vault, receipt }) => ({ result: { vault: vault.id, ...vault.auditKey(receipt) } }),
  "audit.tail": async ({ vault, receipt, args }) => ({ result: await ledger.tail(vault, receipt, args) }),
  "audit.uses": async ({ vault, receipt, args }) => ({ result: await ledger.uses(vault, receipt, args) }),
  "audit.stats": async ({ vault, receipt, args }) => ({ result: await ledger.stats(vault, receipt, args) }),
  "audit.offboard": async ({ vault, receipt, args, rights }) => ({ result: await ledger.offboard(vault, receipt, args, rights) }),
  "token.create": ({ vault, receipt, args, own }) => tokens.create(vault, receipt, args, own),
  "token.root": ({ vault, receipt, args }) => tokens.root(vault, receipt, args),
  "token.lookup": ({ vault, args, own }) => ({ result: tokens.lookup(vault, args, own) }),
  "token.list": ({ vault }) => ({ result: tokens.list(vault) }),
  "token.renew": ({ vault, receipt, args, own }) => ({ result: tokens.renew(vault, receipt, args, own) }),
  "token.revoke": ({ vault, receipt, args, own }) => ({ result: tokens.revoke(vault, receipt, args, own) }),
  "approle.list": ({ vault }) => ({ result: approle.list(vault) }),
  "approle.read": ({ vault, args }) => ({ result: approle.read(vault, args) }),
  "approle.write": ({ vault, receipt, args, own }) => ({ result: approle.write(vault, receipt, args, own) }),
  "approle.delete": ({ vault, receipt, args }) => ({ result: approle.delete(vault, receipt, args) }),
  "approle.secret-id": ({ vault, receipt, args }) => approle.secretId(vault, receipt, args),
  "approle.secret-ids": ({ vault, args }) => ({ result: approle.secretIds(vault, args) }),
  "approle.revoke": ({ vault, receipt, args }) => ({ result: approle.revoke(vault, receipt, args) }),
  "approle.login": ({ holdings, vault, receipt, args, request, caller }) =>
    holdings.logins.tried(`${caller.listener} ${caller.uid} ${args.roleId}`, () =>
      approle.login(vault, receipt, args, request.body?.[0] ?? new Uint8Array()),
    ),
};

/** The file may go only after its values were read back from disk and a second copy is on disk too. */
function importFile({ vault, receipt, args, request }: Call<"kv.import">): Handled<"kv.import"> {
  // the request is wiped after the answer, and not before
  const values = (request.body ?? []).map((bytes) => Secret.borrow(bytes));
  try {
    const { result, check } = imports.write(vault, receipt, args, values);
    const after = async (): Promise<{ mirror: string }> => {
      if (check) imports.readBack(vault, check);
      await vault.settle();
      return { mirror: mirrorOf(vault).path };
    };
    return { result: { ...result, mirror: "" }, scratch: values, after };
  } catch (failure) {
    for (const value of values) value.wipe();
    throw failure;
  }
}

function mirrorOf(vault: Vault): { path: string; time: string } {
  const { mirror } = vault;
  if (mirror.problem !== undefined || !mirror.time) {
    throw new ZvaultError("io", `no second copy could be written to ${mirror.path}: ${mirror.problem ?? "not yet"}`, {
      hint: "the vault itself is fine; free some space or give rights there, then try again",
    });
  }
  return { path: mirror.path, time: mirror.time.toISOString() };
}
