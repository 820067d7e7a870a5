/**
 * Transcripts: what is typed and what is seen, as text, run against the real executable in a folder of their own.
 *
 *     # a remark
 *     $ zvault ls            a line for sh, in the folder `shop`; ../home is HOME, ../key and so on are outside of the project
 *     API_KEY  v1  AGE       stdout
 *     ! zvault: error: …     stderr
 *     = 3                    exit code; left out when 0
 *
 * What differs from run to run is put into capitals before it is compared (`normal`). ZVAULT_TRANSCRIPTS=write writes what is seen into
 * the file: to be read, not believed.
 */
import { globSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainPath, start } from "./start.ts";

export type Step = { command: string; stdout: string[]; stderr: string[]; status: number };
export type Transcript = { remarks: string[]; step: Step }[];

const root = join(import.meta.dirname, "../..");

export function parseTranscript(text: string): Transcript {
  const found: Transcript = [];
  let remarks: string[] = [];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const step = found.at(-1)?.step;
    if (line.startsWith("$ ")) {
      found.push({ remarks, step: { command: line.slice(2), stdout: [], stderr: [], status: 0 } });
      remarks = [];
    } else if (line.startsWith("#") || (line === "" && !step)) remarks.push(line);
    else if (!step) throw new Error(`a transcript begins with a command, not with ${line}`);
    else if (line.startsWith("= ")) step.status = Number(line.slice(2));
    else if (line.startsWith("! ")) step.stderr.push(line.slice(2));
    else step.stdout.push(line.startsWith("\\") ? line.slice(1) : line);
  }
  return found;
}

export function printTranscript(all: Transcript): string {
  // a line of output that would be read as something else
  const out = (line: string) => (/^[#$!=\\]/.test(line) ? `\\${line}` : line);
  const lines = all.flatMap(({ remarks, step }) => [
    ...remarks,
    `$ ${step.command}`,
    ...step.stdout.map(out),
    ...step.stderr.map((line) => `! ${line}`),
    ...(step.status === 0 ? [] : [`= ${step.status}`]),
  ]);
  return `${lines.join("\n")}\n`;
}

/** Places, ids, times, pids. */
export function normal(text: string, folder: string): string {
  return text
    .replaceAll(folder, "/T")
    .replace(/\b[0-9a-f]{32}-[0-9a-f]{8}\b/g, "MIRROR")
    .replace(/\b[0-9a-f]{32}\b/g, "ID32")
    .replace(/\b[0-9a-f]{24}\b/g, "ID24")
    .replace(/\b[0-9a-f]{8}…/g, "ID8…")
    .replace(/\b(slot-)?[0-9a-f]{8}\b/g, (one) => (/[0-9]/.test(one) ? "ID8" : one))
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d\b/g, "TIME")
    .replace(/\.zvault\.before-[\dTZ-]+/g, ".zvault.before-TIME")
    .replace(/\bjust now\b|\b\d+ (s|min) ago\b/g, "AGE")
    .replace(/(?<![:\w])\d+ (KiB|B)\b/g, "SIZE")
    .replace(/\b(AGE|SIZE) {2,}/g, "$1  ")
    .replace(/\b(pid|agent) \d+\b/g, "$1 PID")
    .replace(/\[\d+\]/g, "[PID]")
    .replace(/\+(dev|[0-9a-f]{12})\b/g, "+BUILD");
}

export type Executable = "source" | "dist";

/** The executable that was built, or the sources where it is older than one of them and says nothing about it. */
export function newest(): Executable {
  const built = statSync(join(root, "dist/zvault"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return globSync("src/**/*", { cwd: root }).every((file) => statSync(join(root, file)).mtimeMs < built) ? "dist" : "source";
}

/** A place of its own: folders `home`, `run`, `shop`, and `bin/zvault`. */
export function makePlace(executable: Executable = newest()): { folder: string; env: Record<string, string>; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "zvault-cli-"));
  for (const name of ["home", "run", "shop", "bin"]) mkdirSync(join(folder, name), { mode: 0o700 });
  const call =
    executable === "dist" ? `${root}/dist/zvault` : `${process.execPath} --no-warnings --disable-sigusr1 ${root}/src/main.ts`;
  writeFileSync(join(folder, "bin/zvault"), `#!/bin/sh\nexec ${call} "$@"\n`, { mode: 0o755 });
  // compiling the sources anew for every command took most of the time
  const cache = join(tmpdir(), `zvault-test-cache-${process.getuid?.() ?? 0}`);
  const env = {
    NODE_COMPILE_CACHE: cache,
    HOME: join(folder, "home"),
    XDG_RUNTIME_DIR: join(folder, "run"),
    PATH: `${join(folder, "bin")}:${plainPath}`,
  };
  return { folder, env, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs the commands one after the other and returns what was seen. The agent is sealed in the end. */
export async function play(wanted: Transcript, executable: Executable): Promise<Transcript> {
  const place = makePlace(executable);
  const cwd = join(place.folder, "shop");
  const seen: Transcript = [];
  const lines = (bytes: Buffer) => {
    const text = normal(bytes.toString(), place.folder);
    return text === "" ? [] : text.replace(/\n$/, "").split("\n");
  };
  try {
    for (const { remarks, step } of wanted) {
      const { status, stdout, stderr } = await start(["sh", "-c", step.command], { cwd, env: place.env });
      seen.push({ remarks, step: { command: step.command, stdout: lines(stdout), stderr: lines(stderr), status } });
    }
  } finally {
    await start(["sh", "-c", "zvault seal"], { cwd, env: place.env });
    place.remove();
  }
  return seen;
}
