/** Policies as entries of the log's table. Who may change them is the gate's business; what they mean, `policy/`. */
import type { Calls } from "../../calls.ts";
import type { PolicyInfo, PolicyReason } from "../../calls/policy.ts";
import { ZvaultError } from "../../errors.ts";
import type { Caller } from "../../protocol.ts";
import { limits } from "../../verbs.ts";
import type { Receipt } from "../audit.ts";
import { nameOf } from "../name.ts";
import { policyTable, type PolicyEntry, type Shelved } from "../policy/book.ts";
import { builtIn, fixed } from "../policy/built-in.ts";
import { explain } from "../policy/decision.ts";
import { parsePolicy } from "../../policy/parse.ts";
import { printPolicy } from "../../policy/print.ts";
import type { Ruleset } from "../policy/ruleset.ts";
import { rightsOf } from "../rights.ts";
import type { Vault } from "../vault.ts";

function infoOf({ name, rules, written }: Shelved): PolicyInfo {
  return { name, rules: rules.length, builtIn: builtIn.has(name), fixed: fixed.has(name), written };
}

function policyAt(vault: Vault, name: string): Shelved {
  const found = vault.policies.get(nameOf(name, "policy"));
  if (found) return found;
  throw new ZvaultError("not-found", `there is no policy ${name}`, { hint: "`zvault policy list` shows them", names: [name] });
}

/** The name of a policy that people may write. Throws `denied`. */
function ours(typed: string): string {
  const name = nameOf(typed, "policy");
  if (!fixed.has(name)) return name;
  throw new ZvaultError("denied", `the policy ${name} is the same in every vault`, {
    hint: "write one of another name",
    names: [name],
  });
}

export const policy = {
  list(vault: Vault, _receipt: Receipt): Calls["policy.list"]["result"] {
    return { policies: vault.policies.all().map(infoOf) };
  },

  read(vault: Vault, _receipt: Receipt, args: Calls["policy.read"]["args"]): Calls["policy.read"]["result"] {
    const found = policyAt(vault, args.name);
    const paths = found.rules.map(({ path, capabilities }) => ({ path, capabilities: [...capabilities] }));
    return { ...infoOf(found), text: printPolicy(found.rules), paths };
  },

  write(vault: Vault, receipt: Receipt, args: Calls["policy.write"]["args"]): Calls["policy.write"]["result"] {
    const name = ours(args.name);
    const created = vault.policies.get(name) === undefined;
    if (created && (vault.state.tables.get(policyTable)?.size ?? 0) >= limits.policies)
      throw new ZvaultError("too-large", `there are ${limits.policies} policies, and no more can be`, {
        hint: "`zvault policy delete` takes one away",
      });
    const value = { written: vault.now().toISOString(), rules: parsePolicy(args.text) } satisfies PolicyEntry;
    vault.append(receipt, [{ op: "set", table: policyTable, key: name, value }], []);
    return { ...infoOf({ name, ...value }), created };
  },

  delete(vault: Vault, receipt: Receipt, args: Calls["policy.delete"]["args"]): Calls["policy.delete"]["result"] {
    const name = ours(args.name);
    const { written } = policyAt(vault, name);
    if (written === null)
      throw new ZvaultError("not-found", `the policy ${name} is as every vault has it`, {
        hint: `an empty one grants nothing: printf '' | zvault policy write ${name} -`,
        names: [name],
      });
    vault.append(receipt, [{ op: "set", table: policyTable, key: name, value: null }], []);
    return { name, restored: builtIn.has(name) };
  },

  /** Nothing is done, and no value is needed. */
  test(vault: Vault, _receipt: Receipt, args: Calls["policy.test"]["args"], caller: Caller): Calls["policy.test"]["result"] {
    const { path, needs, list } = args;
    const names = args.policies?.map((name) => policyAt(vault, name).name);
    const asked = args.tool ? { ...caller, verdict: "sign" as const } : caller;
    const { layers, tool } = rightsOf(vault, asked, names && { layers: [names], forTool: false });
    const reasons = [...layers, ...(tool ? [tool] : [])].map((one) => reason(one, args));
    return { allowed: reasons.every((one) => one.allowed), path, needs, list, reasons };
  },
};

function reason(ruleset: Ruleset, { path, needs, list }: Calls["policy.test"]["args"]): PolicyReason {
  const found = explain(ruleset, needs, path, list);
  return {
    ...found,
    asked: [...ruleset.policies],
    policies: [...found.policies],
    capabilities: [...found.capabilities],
    missing: [...found.missing],
  };
}
