/**
 * Compose files: what of them reads a dotenv file, and the override file that takes its place. `compose.zvault.yaml` holds names only: each
 * service gets its variables from the environment of `zvault run -- docker compose …`.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { folderOf, type Imported, isImported, join, type Reader, type Source } from "./reader.ts";

export const overrideName = "compose.zvault.yaml";

export const overrideHead = "# written by zvault: passes these names from the environment; no values here";

export type Service = {
  name: string;
  /** dotenv files it reads, in order: as they are written, and relative as `Source.file` is */
  files: { written: string; path: string }[];
};

export type ComposeFile = {
  file: string;
  readers: Reader[];
  /** services of which an imported file is an `env_file` */
  services: Service[];
};

/** The file that compose takes by itself has one of these names. */
export function isComposeName(name: string): boolean {
  return /^(docker-)?compose([.-][\w.-]+)?\.ya?ml$/.test(name) && !name.startsWith("compose.zvault.");
}

/** undefined: no compose file, or none that can be read. */
export function readCompose(source: Source, imported: Imported): ComposeFile | undefined {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines, maxAliasCount: 100, logLevel: "silent" } as object);
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  const folder = folderOf(source.file);
  const known: ComposeFile = { file: source.file, readers: [], services: [] };
  const lineOf = (node: unknown): number => lines.linePos((node as Node | null)?.range?.[0] ?? 0).line;
  const rows = source.text.split("\n");
  const text = (node: unknown): string => rows[lineOf(node) - 1]?.trim() ?? "";
  const add = (node: unknown, reads: string[], needs: boolean, more: { put?: string; note?: string }): void => {
    if (reads.length > 0) known.readers.push({ file: source.file, line: lineOf(node), what: text(node), reads, needs, ...more });
  };
  const services = document.get("services", true);
  for (const pair of isMap(services) ? services.items : []) {
    const name = isScalar(pair.key) ? String(pair.key.value) : "";
    if (!isMap(pair.value)) continue;
    const files: Service["files"] = [];
    for (const one of envFiles(pair.value)) {
      const path = join(folder, one.path);
      files.push({ written: one.path, path });
      if (isImported(imported, path))
        add(one.node, [path], one.required, { put: `zvault writes ${join(folder, overrideName)} (names only, committable)` });
    }
    if (files.some(({ path }) => isImported(imported, path))) known.services.push({ name, files });
    for (const one of mounts(pair.value)) {
      const path = join(folder, one.path);
      if (isImported(imported, path))
        add(one.node, [path], true, { note: "mounts the file itself: give the names by `environment:` instead" });
    }
  }
  for (const kind of ["secrets", "configs"]) {
    const all = document.get(kind, true);
    for (const pair of isMap(all) ? all.items : []) {
      const file = isMap(pair.value) ? pair.value.get("file", true) : undefined;
      if (!isScalar(file)) continue;
      const path = join(folder, String(file.value));
      if (isImported(imported, path))
        add(file, [path], true, { note: "gives the file itself: `environment: NAME` takes a variable instead" });
    }
  }
  const own = join(folder, ".env");
  if (isImported(imported, own)) {
    const at = /(?<!\$)\$(\{[A-Za-z_]|[A-Za-z_])/.exec(source.text);
    if (at) {
      const { line } = lines.linePos(at.index);
      known.readers.push({
        file: source.file,
        line,
        what: rows[line - 1]?.trim() ?? "",
        reads: [own],
        needs: false,
        note: "filled in from .env: zvault run -- docker compose …",
      });
    }
  }
  return known;
}

type Place = { path: string; node: unknown; required: boolean };

function envFiles(service: YAMLMap): Place[] {
  const node = service.get("env_file", true);
  const all = isSeq(node) ? node.items : [node];
  return all.flatMap((one): Place[] => {
    if (isScalar(one) && typeof one.value === "string") return [{ path: one.value, node: one, required: true }];
    const path = isMap(one) ? one.get("path", true) : undefined;
    if (!isMap(one) || !isScalar(path)) return [];
    return [{ path: String(path.value), node: path, required: one.get("required") !== false }];
  });
}

/** Bind mounts, short (`./.env:/app/.env:ro`) and long. */
function mounts(service: YAMLMap): Place[] {
  const node = service.get("volumes", true);
  return (isSeq(node) ? node.items : []).flatMap((one): Place[] => {
    if (isScalar(one)) {
      const path = String(one.value).split(":")[0] ?? "";
      return path.startsWith(".") ? [{ path, node: one, required: true }] : [];
    }
    const from = isMap(one) ? one.get("source", true) : undefined;
    return isScalar(from) ? [{ path: String(from.value), node: from, required: true }] : [];
  });
}

/** `names`: for each service what its files define; `keep`: files that are not imported stay. `bases`: names of the files it goes over. */
export function printOverride(
  bases: readonly string[],
  services: readonly { name: string; keep: readonly string[]; names: readonly string[] }[],
): string {
  const word = (text: string): string =>
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n|[\d.]+)$/i.test(text)
      ? text
      : JSON.stringify(text);
  return [
    overrideHead,
    `# zvault run -- docker compose ${[...bases, overrideName].map((base) => `-f ${base}`).join(" ")} up`,
    "services:",
    ...services.flatMap(({ name, keep, names }) => [
      `  ${word(name)}:`,
      keep.length === 0 ? "    env_file: !reset []" : "    env_file: !override",
      ...keep.map((path) => `      - ${JSON.stringify(path)}`),
      "    environment:",
      ...names.map((one) => `      - ${word(one)}`),
    ]),
    "",
  ].join("\n");
}
