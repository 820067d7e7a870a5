/** Where env files send values: the hosts beside references, in every set of files that a `run` could read. */
import { readdirSync } from "node:fs";
import { type EnvFile, fileNames, findFiles } from "../run/files.ts";
import { plan } from "../run/plan.ts";

/** Hosts by path. */
export type Sendings = Map<string, Set<string>>;

/** All of one folder. */
export function sendingsOf(files: readonly EnvFile[]): Sendings {
  const found: Sendings = new Map();
  const envs = new Set(files.map((file) => /^\.env\.(.+?)(?:\.local)?\.zvault$/.exec(file.name)?.[1]));
  for (const env of new Set([undefined, ...envs])) {
    const names = fileNames(env);
    add(
      found,
      names.flatMap((name) => files.filter((file) => file.name === name)),
    );
  }
  return found;
}

/** Of the files that `-f` names, or of all that lie in the folder. Throws what `run` throws for them. */
export function sendingsIn(folder: string, given: readonly string[] | undefined): Sendings {
  const cwd = process.cwd();
  const home = process.env["HOME"];
  const found: Sendings = new Map();
  if (given !== undefined && given.length > 0) return add(found, findFiles({ cwd, home, files: given }));
  const names = readdirSync(folder).filter((name) => /^\.env(\..+)?\.zvault$/.test(name));
  if (names.length === 0) return found;
  return sendingsOf(findFiles({ cwd, home, files: names.map((name) => `${folder}/${name}`) }));
}

function add(found: Sendings, files: readonly EnvFile[]): Sendings {
  const { requests } = plan({ files, environment: {}, cwd: process.cwd(), options: { clearEnv: true, override: false } });
  for (const { ref } of requests) {
    if (ref.hosts === undefined) continue;
    const hosts = found.get(ref.path) ?? new Set();
    for (const host of ref.hosts) hosts.add(host);
    found.set(ref.path, hosts);
  }
  return found;
}
