/**
 * A second implementation of docs/design.md, "Policies": slow, obvious, and nothing of src/ in it. Segments are compared one by one, and the
 * rule that decides is the one that no other beats.
 */
export type Rule = { path: string; capabilities: readonly string[] };
export type Policy = { name: string; rules: readonly Rule[] };

function isExact(pattern: string): boolean {
  return !pattern.includes("*") && !pattern.includes("+");
}

function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith("*")) {
    // any beginning of the path may be what stands before the star
    for (let length = 0; length <= path.length; length++)
      if (sameSegments(pattern.slice(0, -1), path.slice(0, length))) return true;
    return false;
  }
  return sameSegments(pattern, path);
}

function sameSegments(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const found = path.split("/");
  if (wanted.length !== found.length) return false;
  for (let at = 0; at < wanted.length; at++) {
    if (wanted[at] === "+" && found[at] !== "") continue;
    if (wanted[at] !== found[at]) return false;
  }
  return true;
}

function firstWild(pattern: string): number {
  for (let at = 0; at < pattern.length; at++) if (pattern[at] === "+" || pattern[at] === "*") return at;
  return pattern.length;
}

function plusCount(pattern: string): number {
  return pattern.split("/").filter((segment) => segment === "+").length;
}

/** Whether `a` is the more specific one; both match. */
function beats(a: string, b: string): boolean {
  if (firstWild(a) > firstWild(b)) return true;
  if (firstWild(a) < firstWild(b)) return false;
  if (!a.endsWith("*") && b.endsWith("*")) return true;
  if (a.endsWith("*") && !b.endsWith("*")) return false;
  if (plusCount(a) < plusCount(b)) return true;
  if (plusCount(a) > plusCount(b)) return false;
  if (a.length > b.length) return true;
  if (a.length < b.length) return false;
  return a > b;
}

function decidingPattern(policies: readonly Policy[], paths: readonly string[]): string | undefined {
  const patterns = policies.flatMap((policy) => policy.rules.map((rule) => rule.path));
  for (const path of paths) if (patterns.includes(path) && isExact(path)) return path;
  for (const path of paths) {
    const fitting = patterns.filter((pattern) => !isExact(pattern) && matches(pattern, path));
    const best = fitting.find((one) => fitting.every((other) => other === one || beats(one, other)));
    if (best !== undefined) return best;
  }
  return undefined;
}

/** The pattern that decides, and what it grants, in alphabetical order. */
export function oracle(policies: readonly Policy[], path: string, list: boolean): { rule: string | undefined; granted: string[] } {
  const bare = path.replace(/\/$/, "");
  const paths = list ? (bare === "" ? [""] : [`${bare}/`, bare]) : [path];
  const rule = decidingPattern(policies, paths);
  const granted = new Set<string>();
  for (const policy of policies)
    for (const one of policy.rules) if (one.path === rule) for (const capability of one.capabilities) granted.add(capability);
  return { rule, granted: granted.has("deny") ? [] : [...granted].toSorted() };
}
