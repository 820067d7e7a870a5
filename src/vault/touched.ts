/** Which vault paths a request touches: what policy decides on, and the audit line holds. */
import type { Verb } from "../verbs.ts";
import { nameOf } from "./name.ts";

const withoutHost = (ref: string): string => ref.split("@", 1)[0] ?? "";

/** The vault paths a request touches, as the verb table says. */
export function pathsOf(kind: Verb["paths"], args: unknown): string[] {
  const fieldsOf = args as {
    name?: string;
    path?: string;
    prefix?: string;
    entries?: { path: string }[];
    layouts?: { path: string }[];
    refs?: (string | { path: string })[];
    paths?: string[];
    project?: string;
    also?: { project: string }[];
    expect?: Record<string, number>;
    hosts?: { refs: string[] }[];
    role?: string;
  };
  const entryPaths = [...(fieldsOf.entries ?? []), ...(fieldsOf.layouts ?? [])].map((one) => one.path);
  const projects = [fieldsOf.project ?? "", ...(fieldsOf.also ?? []).map((one) => one.project)];
  const touched = new Set(entryPaths.map((path) => path.split("/", 2)[1]));
  const bare = projects.filter((name) => !touched.has(name));
  const besides = [...Object.keys(fieldsOf.expect ?? {}), ...(fieldsOf.hosts ?? []).flatMap(({ refs }) => refs.map(withoutHost))];
  switch (kind) {
    case "path":
      return [fieldsOf.path ?? ""];
    case "prefix":
      return [fieldsOf.prefix ?? ""];
    case "paths":
      return fieldsOf.paths ?? [];
    case "entries":
      // a project without an entry is only bound to its folder: decided where its values will be. What may be sent to a host, and whose
      // version is asked for, is touched like what is written
      return [...new Set([...entryPaths, ...bare.map((name) => `env/${name}`), ...besides])];
    case "refs":
      return (fieldsOf.refs ?? []).map((one) => (typeof one === "string" ? withoutHost(one) : one.path));
    case "policy":
      return [`sys/policies/${nameOf(fieldsOf.name ?? "", "policy")}`];
    case "role":
      return [`auth/approle/role/${fieldsOf.role ?? ""}`];
    case "none":
      return [];
    default:
      return [kind.replace("NAME", fieldsOf.name ?? "")];
  }
}
