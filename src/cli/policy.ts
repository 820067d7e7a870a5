/** What the `policy` commands have in common: texts from files, what a test asks for, and its answer in words. */
import type { Calls } from "../calls.ts";
import type { PolicyReason } from "../calls/policy.ts";
import { ZvaultError } from "../errors.ts";
import { checkPrefix } from "../path.ts";
import { isTerminal } from "../sys/tty.ts";
import { capabilities, type Capability, isVerb, limits, type Verb, verbs } from "../verbs.ts";
import { readStdin } from "./credential.ts";
import { readProjectFile } from "./files.ts";
import { tell } from "./output.ts";
import { put } from "./stream.ts";

/** The text of a file or of stdin (`-`). Throws `not-found`, `unsafe-file` for one that others may write, `usage` where it is no text. */
export function readText(source: string): string {
  const most = 4 * limits.policyText;
  const path = source.replace(/^@/, "");
  const bytes = source === "-" ? readStdin(most) : readProjectFile(path)?.bytes;
  if (!bytes) throw new ZvaultError("not-found", `there is no file ${path}`, { hint: "or - for stdin", names: [path] });
  if (bytes.length > most) throw new ZvaultError("too-large", `${path} is larger than ${most} bytes`, { names: [path] });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ZvaultError("usage", `${source === "-" ? "stdin" : path} is no text in UTF-8`, { hint: "is it the right file?" });
  }
}

/** On stdout, as it is, but where a terminal would obey what is in a comment. */
export function showText(text: string): void {
  if (isTerminal(1)) tell(text.split("\n").slice(0, -1));
  else put(1, text);
}

/** Words behind the path: capabilities, or one verb of the table. `presence`: what that verb needs besides. Throws `usage`. */
export function askedOf(
  typed: string,
  words: readonly string[],
): { path: string; needs: Capability[]; list: boolean; presence: Verb["presence"] } {
  const path = checkPrefix(typed.replace(/^(zvault:\/\/|\/)/, ""));
  const folder = path === "" || path.endsWith("/");
  const [verb = ""] = words;
  if (words.length === 1 && isVerb(verb)) {
    const { needs, presence, paths } = verbs[verb];
    if (needs.length === 0)
      throw new ZvaultError("usage", `no policy decides on ${verb}`, { hint: "zvault policy test PATH kv.put" });
    return { path, needs: [...needs], list: folder || paths === "prefix", presence };
  }
  const needs = words.map((word): Capability => {
    const found = capabilities.find((one) => one === word);
    if (found) return found;
    throw new ZvaultError("usage", `${JSON.stringify(word.slice(0, 40))} is no capability and no verb`, {
      hint: `${capabilities.join(", ")}; or one verb: kv.put`,
    });
  });
  return { path, needs: [...new Set(needs)], list: folder && needs.includes("list"), presence: "no" };
}

const criteria: Readonly<Record<NonNullable<PolicyReason["before"]>["by"], string>> = {
  exact: "an exact path stands before patterns",
  "later-wildcard": "its first + or * comes later",
  "no-glob": "it does not end in *",
  "fewer-plus": "it has fewer +",
  longer: "it is longer",
  lexicographic: "its + comes later",
  folder: "it is about the folder itself",
};

export function reasonLines(result: Calls["policy.test"]["result"], presence: Verb["presence"]): string[] {
  const { allowed, needs, list, reasons } = result;
  const place = result.path === "" ? "/" : result.path;
  const lines = [`${allowed ? "granted" : "not granted"}: ${needs.join(", ")} on ${place}${list ? ", as a folder" : ""}`];
  for (const one of reasons) {
    lines.push(`  ${one.asked.join(" and ")}: ${reasonOf(one)}`);
    if (one.before) lines.push(`    before ${one.before.rule}: ${criteria[one.before.by]}`);
  }
  if (presence !== "no")
    lines.push(`  besides, this ${presence === "shows" ? "shows a value" : "governs"}: it needs presence, and no AI tool gets it`);
  return lines;
}

function reasonOf({ why, rule, policies, asked, capabilities: granted, missing }: PolicyReason): string {
  if (why === "no-rule") return "no rule matches";
  const whose = policies.length < asked.length ? ` of ${policies.join(" and ")}` : "";
  if (why === "deny") return `the rule ${rule}${whose} denies`;
  const all = granted.length === 0 ? "nothing" : granted.join(", ");
  return `the rule ${rule}${whose} grants ${all}${missing.length === 0 ? "" : `; not ${missing.join(", ")}`}`;
}
