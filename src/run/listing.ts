/** `run --dry-run`: what would be set, from where. Never a value. */
import { printReference } from "../envfile/reference.ts";
import type { Plan } from "./plan.ts";

export type Row = {
  name: string;
  file: string;
  line: number;
  /** "environment": the caller's variable wins */
  source: "vault" | "file" | "environment";
  references: string[];
};

export function rowsOf(plan: Plan): Row[] {
  const rows = [...plan.set.values()].map((one): Row => {
    const references = plan.requests
      .filter((request) => request.uses.some((use) => use.name === one.name))
      .map((request) => request.key);
    return { name: one.name, ...one.place, source: one.value.kind === "plain" ? "file" : "vault", references };
  });
  for (const one of plan.kept) {
    const references = one.value.kind === "reference" ? [printReference(one.value.ref)] : [];
    rows.push({ name: one.name, ...one.place, source: "environment", references });
  }
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function printRows(rows: readonly Row[]): string {
  const place = (row: Row) => (row.line > 0 ? `${row.file}:${row.line}` : row.file);
  const name = Math.max(0, ...rows.map((row) => row.name.length));
  const where = Math.max(0, ...rows.map((row) => place(row).length));
  return rows
    .map(
      (row) => `${row.name.padEnd(name)}  ${place(row).padEnd(where)}  ${row.source}  ${row.references.join(" ")}`.trimEnd() + "\n",
    )
    .join("");
}
