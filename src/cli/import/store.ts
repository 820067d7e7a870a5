/** An import's way into the vault: one change for all folders, or a few where one would be larger than a change may be. */
import type { Calls } from "../../calls.ts";
import { ZvaultError } from "../../errors.ts";
import { sentTo } from "../../path.ts";
import { limits } from "../../verbs.ts";
import type { PresenceFlags } from "../presence.ts";
import type { Session } from "../session.ts";
import { siteSendings, type Site } from "./site.ts";

export type Stored = { created: string[]; changed: string[]; same: string[]; mirror: string };

export async function storeSites(session: Session, sites: readonly Site[], presence: PresenceFlags): Promise<Stored> {
  const all: Stored = { created: [], changed: [], same: [], mirror: "" };
  for (const group of groups(sites)) {
    const result = await store(session, group, presence);
    all.created.push(...result.created);
    all.changed.push(...result.changed);
    all.same.push(...result.same);
    all.mirror = result.mirror;
  }
  return all;
}

/** Before anything is changed. Throws `too-large` with the file's name. */
export function checkSizes(sites: readonly Site[]): void {
  for (const site of sites) {
    for (const { name, entries, layout } of site.plan.files) {
      const many = entries.length > limits.entries;
      if (!many && layout.length <= limits.value) continue;
      const why = many
        ? `has ${entries.length} variables, ${limits.entries} at most`
        : "has more lines than one file may have here";
      throw new ZvaultError("too-large", `${name} ${why}`, {
        hint: "nothing was changed; split it: several .env.NAME files, read with -e or -f",
        names: [name],
      });
    }
  }
}

function weigh(site: Site): { entries: number; bytes: number } {
  const stored = site.plan.files.flatMap((file) => [...file.entries.filter((one) => one.to === "vault"), { value: file.layout }]);
  return { entries: stored.length, bytes: stored.reduce((sum, one) => sum + one.value.length + 512, 0) };
}

function groups(sites: readonly Site[]): Site[][] {
  const found: Site[][] = [];
  let entries = Infinity;
  let bytes = 0;
  for (const site of sites) {
    const own = weigh(site);
    if (entries + own.entries > limits.entries || bytes + own.bytes > limits.transaction) {
      found.push([]);
      [entries, bytes] = [0, 0];
    }
    entries += own.entries;
    bytes += own.bytes;
    found.at(-1)?.push(site);
  }
  return found;
}

async function store(session: Session, sites: readonly Site[], presence: PresenceFlags): Promise<Calls["kv.import"]["result"]> {
  const files = sites.flatMap((site) => site.plan.files);
  const entries = files.flatMap((file) => file.entries.filter((one) => one.to === "vault"));
  const hosts = sites.flatMap((site) => {
    const refs = [...siteSendings(site)].flatMap(([path, all]) => Array.from(all, (host) => sentTo(path, host)));
    return refs.length === 0 ? [] : [{ folder: site.relative, refs }];
  });
  const [first, ...others] = sites.map((site) => ({ project: site.project, folder: site.relative }));
  const asked = {
    project: first?.project ?? "",
    folder: first?.folder ?? ".",
    bind: true,
    entries: entries.map((one) => ({ path: one.path, class: one.class, ...(one.expand ? { expand: true } : {}) })),
    layouts: files.map((file) => ({ path: file.layoutPath })),
    ...(others.length === 0 ? {} : { also: others }),
    ...(hosts.length === 0 ? {} : { hosts }),
  };
  const body = [...entries.map((one) => one.value), ...files.map((file) => file.layout)];
  try {
    const what = `Bind ${sites.map((site) => `${site.project} to ${site.folder}`).join(", ")}`;
    return (await session.ask("kv.import", asked, { body, presence, what })).result;
  } finally {
    for (const bytes of body) bytes.fill(0);
  }
}
