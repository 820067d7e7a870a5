/** `.vscode/launch.json` and `settings.json`: `envFile`. JSON with comments; what is changed is changed in place. */
import { applyEdits as applyJson, findNodeAtLocation, getNodeValue, modify, type Node, parseTree } from "jsonc-parser";
import { folderOf, type Imported, isImported, join, lineAt, type Reader, type Source } from "./reader.ts";

type Launch = Record<string, unknown>;

const spaces = { formattingOptions: { insertSpaces: true, tabSize: 2 } };

export function vscodeReaders(source: Source, imported: Imported): Reader[] {
  const tree = parseTree(source.text);
  if (!tree) return [];
  const top = join(folderOf(source.file), "..");
  const read = (value: unknown): string | undefined => {
    const path = typeof value === "string" ? join(top, value.replace(/^\$\{workspaceFolder(:[^}]*)?\}\/?/, "")) : "";
    return isImported(imported, path) ? path : undefined;
  };
  const found: Reader[] = [];
  for (const [at, config] of (findNodeAtLocation(tree, ["configurations"])?.children ?? []).entries()) {
    const node = findNodeAtLocation(config, ["envFile"]);
    const path = node && read(node.value);
    if (node && path !== undefined)
      found.push(readerOf(source, node, path, launchEdit(source.text, at, getNodeValue(config) as Launch)));
  }
  const setting = findNodeAtLocation(tree, ["python.envFile"]);
  const path = setting && read(setting.value);
  if (setting && path !== undefined)
    found.push({
      ...readerOf(source, setting, path, undefined),
      note: "start the editor's terminal programs by: zvault run -- python …",
    });
  return found;
}

function readerOf(source: Source, node: Node, path: string, change: { text: string; put: string } | undefined): Reader {
  return {
    file: source.file,
    line: lineAt(source.text, node.offset),
    what: `"envFile": ${JSON.stringify(node.value)}`,
    reads: [path],
    needs: false,
    ...(change
      ? { put: change.put, edits: [{ start: 0, end: source.text.length, text: change.text }] }
      : { note: "this debugger cannot be started by zvault: start its server by zvault run, and attach" }),
  };
}

/** How node and Python are started by `zvault run`; other debuggers take no program of ours. */
function launchEdit(text: string, at: number, config: Launch): { text: string; put: string } | undefined {
  const set = startOf(config);
  if (!set) return undefined;
  let done = text;
  for (const [name, value] of [["envFile", undefined], ...Object.entries(set)] as [string, unknown][]) {
    const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? "  ";
    const options = indent.startsWith("\t")
      ? { formattingOptions: { insertSpaces: false, tabSize: 1 } }
      : { formattingOptions: { insertSpaces: true, tabSize: indent.length } };
    done = applyJson(done, modify(done, ["configurations", at, name], value, options ?? spaces));
  }
  return {
    text: done,
    put: Object.entries(set)
      .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(", "),
  };
}

function startOf(config: Launch): Launch | undefined {
  if (config["request"] === "attach") return undefined;
  if (config["type"] === "node" || config["type"] === "pwa-node") {
    const { runtimeExecutable: program = "node", runtimeArgs = [] } = config;
    if (typeof program !== "string" || program === "zvault" || !Array.isArray(runtimeArgs)) return undefined;
    return { runtimeExecutable: "zvault", runtimeArgs: ["run", "--", program, ...(runtimeArgs as unknown[])] };
  }
  if (config["type"] === "python" || config["type"] === "debugpy") {
    const { python = "${command:python.interpreterPath}" } = config;
    if (typeof python !== "string") return undefined;
    return { python: ["zvault", "run", "--", python] };
  }
  return undefined;
}
