/**
 * `run --watch`: the program is started anew when a value or an env file changed. This process holds no value: it starts `zvault run`
 * once more without --watch, so lanes, mask and refusals are the same, and waits for the agent to answer one long request.
 *
 * A program is never ended because the agent is gone: what it has, it has. While sealed we look now and then whether somebody unsealed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { ZvaultError } from "../errors.ts";
import type { RunOptions } from "./args.ts";
import { type Ending, endAs, note } from "./exit.ts";
import { fileNames, findFiles, type EnvFile } from "./files.ts";
import { plan as makePlan, type Plan } from "./plan.ts";
import type { Resolver } from "./resolver.ts";
import type { RunInput } from "./run.ts";

/** ms */
const look = 500;
const quiet = 300;
const sealedLook = 2000;

const forwarded: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];
/** the terminal sends these to the program, too */
const shared: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];

/** Ends as the program ends, when it ends by itself. Throws what the first look at the files throws. */
export async function watchRun(o: RunInput, options: RunOptions): Promise<never> {
  const watch = new Watch(o, options);
  return endAs(await watch.run());
}

class Watch {
  readonly #o: RunInput;
  readonly #options: RunOptions;
  #plan: Plan;
  #stamps: string;
  #seen: number[] | undefined;
  #child: ChildProcess | undefined;
  #told = "";

  constructor(o: RunInput, options: RunOptions) {
    this.#o = o;
    this.#options = options;
    const files = this.#files();
    this.#plan = this.#planOf(files);
    this.#stamps = this.#stampsOf(files);
  }

  async run(): Promise<Ending> {
    for (const signal of forwarded) process.on(signal, () => this.#child?.kill(signal));
    for (const signal of shared) process.on(signal, () => undefined);
    this.#seen = await this.#versions(undefined).catch(() => undefined);
    for (;;) {
      const ended = this.#start();
      const stop = new AbortController();
      const what = await Promise.race([ended, this.#change(stop.signal)]);
      stop.abort();
      if (typeof what === "object") return what;
      this.#say(`${what} changed: the program is started anew`, "");
      this.#child?.kill("SIGTERM");
      await ended;
    }
  }

  #start(): Promise<Ending> {
    const { self, argv, env } = this.#o;
    if (!self) throw new ZvaultError("internal", "nobody said how zvault is started");
    const { file, args } = self();
    const { command } = this.#options;
    const own = argv.slice(0, argv.length - command.length).filter((word) => word !== "--watch" && word !== "--");
    const child = spawn(file, [...args, ...own, "--", ...command], { stdio: "inherit", env, cwd: this.#o.cwd });
    this.#child = child;
    return new Promise((done, fail) => {
      child.once("error", fail);
      child.once("exit", (code, signal) => done({ code, signal }));
    });
  }

  /** Resolves with the names of what changed, once it has been quiet for a moment and can be started. */
  async #change(signal: AbortSignal): Promise<string> {
    for (;;) {
      const round = new AbortController();
      signal.addEventListener("abort", () => round.abort(), { once: true });
      const both = [this.#fileChange(round.signal), this.#valueChange(round.signal)];
      const names = await Promise.race(both);
      round.abort();
      if (signal.aborted) return "";
      await this.#settle(signal);
      if (await this.#startable(signal)) return names;
    }
  }

  /** Editors and `zvault fill` change several things one after the other: one restart for all. */
  async #settle(signal: AbortSignal): Promise<void> {
    for (let before = ""; !signal.aborted;) {
      await pause(quiet, signal);
      const now = this.#stampsOf(this.#filesOrNone());
      if (now === before) return;
      before = now;
    }
  }

  /** Looks at the new files and values first: what cannot be started does not end what runs. */
  async #startable(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      try {
        const files = this.#files();
        this.#stamps = this.#stampsOf(files);
        this.#plan = this.#planOf(files);
        const seen = await this.#versions(undefined);
        const missing = this.#plan.requests.filter((_, at) => seen[at] === 0).map((one) => one.uses[0]?.name ?? one.key);
        this.#seen = seen;
        if (missing.length === 0) return true;
        this.#say(`${missing.join(", ")} has no value yet; the program goes on as it is`);
        return false;
      } catch (error) {
        if (signal.aborted) return false;
        if (!isSealed(error)) {
          this.#say(`${messageOf(error)}; the program goes on as it is`);
          return false;
        }
        this.#say("sealed: the program goes on as it is, and is started anew after `zvault unseal`");
        await pause(sealedLook, signal);
      }
    }
  }

  async #fileChange(signal: AbortSignal): Promise<string> {
    while (!signal.aborted) {
      await pause(look, signal);
      const files = this.#filesOrNone();
      if (this.#stampsOf(files) !== this.#stamps) return files.map((file) => file.label).join(", ") || "the env file";
    }
    return "";
  }

  async #valueChange(signal: AbortSignal): Promise<string> {
    while (!signal.aborted) {
      try {
        const before = this.#seen;
        const now = await Promise.race([this.#versions(before), aborted(signal)]);
        if (!now) return "";
        this.#told = "";
        this.#seen = now;
        const names = this.#plan.requests.flatMap((one, at) =>
          before && now[at] !== before[at] ? one.uses.map((use) => use.name) : [],
        );
        if (names.length > 0) return [...new Set(names)].join(", ");
      } catch (error) {
        if (signal.aborted) return "";
        this.#say(
          isSealed(error)
            ? "sealed: the program goes on with what it has; changes are seen after `zvault unseal`"
            : messageOf(error),
        );
        await pause(sealedLook, signal);
      }
    }
    return "";
  }

  /** With `seen`: once they are others. Without a reference there is nothing to wait for. */
  async #versions(seen: number[] | undefined): Promise<number[]> {
    const { folder, requests, headVault } = this.#plan;
    if (requests.length === 0) return seen ? new Promise(() => {}) : [];
    const resolver: Resolver = this.#o.resolver;
    if (!resolver.versions) throw new ZvaultError("internal", "nobody can be asked for versions");
    const vaultDir = this.#options.vault ?? this.#o.env["ZVAULT_DIR"];
    const request = {
      folder,
      refs: requests.map((one) => one.ref),
      dangerous: [],
      ...(headVault === undefined ? {} : { headVault }),
      ...(vaultDir === undefined ? {} : { vaultDir }),
    };
    return resolver.versions(request, seen);
  }

  #files(): EnvFile[] {
    const { env, files } = this.#options;
    return findFiles({ cwd: this.#o.cwd, home: this.#o.env["HOME"], files, ...(env === undefined ? {} : { env }) });
  }

  #filesOrNone(): EnvFile[] {
    try {
      return this.#files();
    } catch {
      return [];
    }
  }

  #planOf(files: readonly EnvFile[]): Plan {
    return makePlan({ files, environment: this.#o.env, cwd: this.#o.cwd, options: this.#options });
  }

  /** Also of files that are not there yet. */
  #stampsOf(files: readonly EnvFile[]): string {
    const { cwd } = this.#o;
    const folder = files[0]?.folder ?? cwd;
    const paths =
      this.#options.files.length > 0
        ? this.#options.files.map((file) => resolve(cwd, file))
        : fileNames(this.#options.env).map((name) => `${folder}/${name}`);
    return paths
      .map((path) => {
        const stat = statSync(path, { throwIfNoEntry: false });
        return stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : "";
      })
      .join(",");
  }

  /** Not twice in a row. */
  #say(text: string, told = text): void {
    if (this.#told === text || this.#options.quiet) return;
    this.#told = told;
    note(text);
  }
}

/** An agent that is gone, or was just replaced, is a sealed one. */
function isSealed(error: unknown): boolean {
  return error instanceof ZvaultError && ["sealed", "agent-start", "no-runtime", "vault-busy"].includes(error.code);
}

/** Whatever went wrong, the program is not to suffer: also a folder that is gone. */
function messageOf(error: unknown): string {
  return error instanceof ZvaultError ? error.message : "the env files cannot be looked at";
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((done) => signal.addEventListener("abort", () => done(undefined), { once: true }));
}
