/** Starts `zvault run` (driver.ts) as a process of its own in a fresh folder. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const secret = "hX7-pq9!Lm2zRt4k";

const file = `# zvault 1 project=shop vault=00112233445566778899aabbccddeeff
KEY=zvault://env/shop/KEY
PORT=3000
URL=postgres://app:\${zvault://env/shop/KEY}@db/x
`;

export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: Buffer; stderr: string };

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "zvault-run-"));

  constructor(env: string = file, values: object = {}) {
    this.write(".env.zvault", env);
    const given = { "zvault://env/shop/KEY": { base64: Buffer.from(secret).toString("base64") }, ...values };
    this.write("values.json", JSON.stringify({ values: given }));
  }

  write(name: string, text: string, mode = 0o644): void {
    writeFileSync(join(this.path, name), text, { mode });
  }

  /** The words of a command line that runs `args`. */
  words(args: readonly string[]): string[] {
    const driver = join(import.meta.dirname, "driver.ts");
    // tap puts a loader of its own into NODE_OPTIONS, which would handle signals
    return [
      "/usr/bin/env",
      "-u",
      "NODE_OPTIONS",
      process.execPath,
      "--no-warnings",
      driver,
      join(this.path, "values.json"),
      ...args,
    ];
  }

  /** The same for a shell. */
  line(args: readonly string[]): string {
    return this.words(args)
      .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      .join(" ");
  }

  spawn(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program = "", ...rest] = this.words(args);
    const env = { PATH: process.env["PATH"], HOME: this.path };
    return spawn(program, rest, { cwd: this.path, env, stdio: ["ignore", "pipe", "pipe"], ...options });
  }

  async run(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
    return await ended(this.spawn(args, options));
  }

  /** A shell line with `$RUN` for the words up to the arguments. */
  async shell(text: string, options: SpawnOptions = {}): Promise<Ended> {
    const env = { PATH: process.env["PATH"], HOME: this.path, RUN: this.line([]) };
    const child = spawn("bash", ["-c", `run() { eval "$RUN" '"$@"'; }\n${text}`], {
      cwd: this.path,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    });
    return await ended(child);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function ended(child: ChildProcess): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on("data", (data: Buffer) => out.push(data));
  child.stderr?.on("data", (data: Buffer) => err.push(data));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) =>
      done({ code, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
    );
  });
}

/** Waits until `check` gives something other than undefined or false; fails after 10 s. */
export async function until<T>(check: () => T | undefined | false): Promise<T> {
  for (let i = 0; i < 500; i++) {
    const found = check();
    if (found !== undefined && found !== false) return found;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error("waited too long");
}
