/** Which lines of the audit log somebody wants to see. Pure; a field of another kind than ours fits nothing. */
import type { AuditFilter, AuditLine } from "../calls/audit.ts";
import { isBelow } from "../path.ts";

/** `accessor`: of the token that asked. */
export type LineCaller = { uid: number; program: string; tool?: string; accessor?: string };

/** Of a line that has one: outcomes of requests that a crash left open, and events, may have none. */
export function callerOf(line: AuditLine): LineCaller | undefined {
  const caller = line["caller"] as Partial<LineCaller> | undefined;
  if (typeof caller?.uid !== "number" || typeof caller.program !== "string") return undefined;
  const { uid, program, tool, accessor } = caller;
  const token = typeof accessor === "string" ? { accessor } : {};
  return { uid, program, ...(typeof tool === "string" ? { tool } : {}), ...token };
}

export function pathsIn(line: AuditLine): string[] {
  const paths = line["paths"];
  return Array.isArray(paths) ? paths.filter((one) => typeof one === "string") : [];
}

/** True when the line has all that the filter asks for. */
export function fits(line: AuditLine, filter: AuditFilter): boolean {
  const { verb, under, program, outcome, since, request } = filter;
  if (verb !== undefined && line["verb"] !== verb && !String(line["verb"]).startsWith(`${verb}.`)) return false;
  if (under !== undefined && !pathsIn(line).some((path) => isBelow(path, under))) return false;
  if (program !== undefined && !isProgram(callerOf(line)?.program, program)) return false;
  if (outcome !== undefined && (outcome === "denied" ? line["kind"] : line["outcome"]) !== outcome) return false;
  if (since !== undefined && !(Date.parse(String(line["time"])) >= Date.parse(since))) return false;
  return request === undefined || line["request"] === request;
}

/** `wanted` is the whole path of a program, or the last part of it. */
export function isProgram(program: string | undefined, wanted: string): boolean {
  return program !== undefined && program !== "" && (program === wanted || program.split("/").at(-1) === wanted);
}
