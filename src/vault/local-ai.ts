/**
 * What an AI tool may do: its rights ∩ `local-ai`. By default it lists, describes, uses, and makes new values that nobody sees; it changes
 * nothing that is there. Whatever the policies say it is shown nothing, governs nothing, and no credential of its making counts.
 */
import type { Calls } from "../calls.ts";
import { ZvaultError } from "../errors.ts";
import type { Caller } from "../protocol.ts";
import type { Capability, VerbName } from "../verbs.ts";
import type { VaultVerb } from "./handlers.ts";
import type { Decision, Question } from "./policy/decision.ts";
import { decideAll, type Rights } from "./rights.ts";
import type { Vault } from "./vault.ts";

/** Verbs that no policy decides on, because they work sealed: these are a person's all the same. */
const persons: ReadonlySet<VerbName> = new Set([
  "agent.unseal",
  "vault.init",
  "vault.adopt",
  "access.test",
  "backup.look",
  "backup.restore",
]);

/** Throws `ai-tool` for a verb that works sealed and is not for an AI tool. */
export function checkPerson(verb: VerbName, caller: Caller): void {
  if (caller.verdict === "sign" && persons.has(verb)) throw refused(verb, caller);
}

/** `names` holds what the tool is called, so that a client can say more. */
export function refused(verb: VerbName, { tool = "an AI tool" }: Caller): ZvaultError {
  return new ZvaultError("ai-tool", `${verb} is for a person, and this looks like ${tool}`, {
    hint: "a person does it in a terminal of their own",
    names: [tool],
  });
}

/** Whether policies grant it. A put that makes a new value is held to be new by the engine, too: `args.cas` becomes 0. */
export function decideTool(
  vault: Vault,
  verb: VaultVerb,
  args: Calls[VaultVerb]["args"],
  rights: Rights,
  question: Question,
): Decision {
  const whole = decideAll(rights, question);
  if (whole.allowed || !rights.tool) return whole;
  const fewer = newNeeds(vault, verb, args);
  return fewer ? decideAll(rights, question, fewer) : whole;
}

/** What `local-ai` must grant for something that is new; undefined: no less than for anything else. */
function newNeeds(vault: Vault, verb: VaultVerb, args: Calls[VaultVerb]["args"]): readonly Capability[] | undefined {
  if (verb === "kv.put") {
    const put = args as Calls["kv.put"]["args"];
    // a setting would be readable in every output
    if (!put.generate || put.class === "setting" || vault.state.secrets.has(put.path)) return undefined;
    put.cas = 0;
    return ["create"];
  }
  if (verb === "kv.import") {
    // binds a project to its folder; one that has values is bound by a person
    const { project, entries, layouts, also = [], hosts = [] } = args as Calls["kv.import"]["args"];
    const some = [...vault.state.secrets.keys()].some((path) => path.startsWith(`env/${project}/`));
    if (entries.length + layouts.length + also.length + hosts.length === 0 && !some) return ["create"];
  }
  return undefined;
}
