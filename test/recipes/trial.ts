/**
 * A small real project in a folder of its own, with the real executable beside it: laid, fitted by npm, imported, run. Programs that npm does
 * not bring are those of the system; nothing is installed anywhere else.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { start, type Started } from "../helpers/start.ts";
import { makePlace } from "../helpers/transcript.ts";

export type Files = Record<string, string>;
export type Report = {
  removed: string[];
  stubs: string[];
  fixed: string[];
  overrides: string[];
  failed: unknown[];
  readers: { file: string; line: number; put: string | null; note: string | null; reads: string[]; needs: boolean; fix: boolean }[];
};

/** ms; a build of a framework on two busy cores */
const patient = 180_000;

/** Why a recipe cannot run here, or false. */
export function without(...programs: string[]): string | false {
  const missing = programs.find((program) => spawnSync("which", [program]).status !== 0);
  return missing === undefined ? false : `not run: ${missing}`;
}

/** The same for modules of Debian's Python, which is not always the first on PATH. */
export function withoutPython(...modules: string[]): string | false {
  const missing = modules.find((module) => spawnSync(python, ["-c", `import ${module}`]).status !== 0);
  return missing === undefined ? false : `not run: python3-${missing}`;
}

export const python = "/usr/bin/python3";

export class Trial {
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly #place: ReturnType<typeof makePlace>;

  constructor(files: Files) {
    this.#place = makePlace();
    this.folder = join(this.#place.folder, "shop");
    this.env = {
      LC_ALL: "C.UTF-8",
      CI: "1",
      NO_COLOR: "1",
      NEXT_TELEMETRY_DISABLED: "1",
      TURBO_TELEMETRY_DISABLED: "1",
      ...this.#place.env,
    };
    // another user than ours runs some of the programs
    chmodSync(this.#place.folder, 0o711);
    chmodSync(this.folder, 0o755);
    this.lay(files);
  }

  lay(files: Files): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, file)), { recursive: true });
      writeFileSync(join(this.folder, file), text);
    }
  }

  /** A line for sh. */
  sh(line: string, env: Record<string, string> = {}): Promise<Started> {
    return start(["sh", "-c", line], { cwd: this.folder, env: { ...this.env, ...env }, timeout: patient });
  }

  /** What it prints on stdout. Throws with all of its output if it fails. */
  async must(line: string, env: Record<string, string> = {}): Promise<string> {
    const { status, stdout, stderr } = await this.sh(line, env);
    if (status !== 0) throw new Error(`${line}: ${status}\n${stdout.toString()}${stderr.toString()}`);
    return stdout.toString();
  }

  /** Puts what its package.json names into its own node_modules, by the npm and the registry of whoever runs the test. */
  async npm(): Promise<void> {
    const own = Object.entries(process.env).filter(([name]) => /^(HOME|npm_config_.*|.*_proxy|.*_CERT.*)$/i.test(name));
    await this.must(
      "npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error",
      Object.fromEntries(own.map(([name, value]) => [name, value ?? ""])),
    );
  }

  /** A vault, and every dotenv file of the project in it. */
  async import(...flags: string[]): Promise<Report> {
    await this.must("zvault init --key-file ../key --yes");
    return JSON.parse(await this.must(`zvault import --yes --json ${flags.join(" ")}`)) as Report;
  }

  async end(): Promise<void> {
    await this.sh("zvault seal");
    this.#place.remove();
  }
}
