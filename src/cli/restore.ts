/** What a restore would do, in lines. */
import type { Calls } from "../calls.ts";
import type { SlotInfo } from "../calls/vault.ts";
import { isLayout } from "./listing.ts";
import { age, bytes, count, table } from "./output.ts";

type Look = Calls["backup.look"]["result"];

export function lookLines(look: Look, dir: string): string[] {
  const { opened, there } = look;
  const size = bytes(look.bytes);
  const rows = [
    ["restore", `${dir}/.zvault from ${look.from}`],
    ["copy", `made ${age(look.time)}, ${size}, vault ${look.id.slice(0, 8)}…`],
    ...(opened
      ? [
          [
            "in it",
            `${count(opened.secrets, "secret")}, ${count(opened.records, "record")}, all open, generation ${opened.generation}`,
          ],
          ["audit", `${count(opened.audit.records, "record")}, ${opened.audit.problem ?? "chain ok"}`],
          ...(opened.torn > 0 ? [["cut off", `a change that was not finished (${bytes(opened.torn)})`]] : []),
          ["opened by", called(opened.slot)],
        ]
      : [["opens by", look.slots.map(called).join(", ")]]),
    ["there now", thereLine(there)],
    ...comparedRows(there?.compared ?? undefined),
    ["ends", "tokens and secret_ids: the vault begins a new life. Policies and access are as they were in the copy"],
  ];
  return [
    ...table(rows),
    ...(opened ? [] : ["give --key-file or --share to see whether it opens, and what would be lost"]),
    "nothing was changed",
  ];
}

function called({ kind, label, id }: SlotInfo): string {
  return `${kind}${label === "" || label === kind ? "" : ` ${label}`} (${id.slice(0, 8)})`;
}

function thereLine(there: Look["there"]): string {
  if (!there) return "nothing";
  const what =
    there.id === null ? "a vault that cannot be read" : there.same ? "the same vault" : `another vault, ${there.id.slice(0, 8)}…`;
  const { records } = there.compared ?? {};
  const further =
    records === undefined
      ? ""
      : records === null
        ? ", of another life"
        : records >= 0
          ? `, ${count(records, "record")} further on`
          : ", older than the copy";
  const why = there.problem === undefined ? "" : ` (${there.problem})`;
  return `${what}${further}${why}; it would be ${there.unsealed ? "sealed and " : ""}moved aside`;
}

function comparedRows(compared: NonNullable<Look["there"]>["compared"] | undefined): string[][] {
  if (!compared) return [];
  const names = (paths: readonly string[]) => paths.filter((path) => !isLayout(path));
  const lost = names(compared.lost);
  const back = names(compared.back);
  return [
    ["lost", lost.length === 0 ? "no value" : `newer values of ${lost.join(", ")}`],
    ...(back.length === 0 ? [] : [["back", `taken away since: ${back.join(", ")}`]]),
    ...(compared.access.length === 0 ? [] : [["access", `could unseal again: ${compared.access.map(called).join(", ")}`]]),
  ];
}
