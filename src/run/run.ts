/**
 * `zvault run`, from the words behind it to the program: arguments → env files → plan → values → environment → the program in our
 * place, or under the mask. Who gives the values is passed in: this room knows neither client nor agent.
 */
import { lstatSync } from "node:fs";
import type { SeenCaller, Verdict } from "../calls/vault.ts";
import { printReference } from "../envfile/reference.ts";
import { isStub, largestStub } from "../envfile/stub.ts";
import { errorsTo, optionsHelp, parseArgs, type RunOptions } from "./args.ts";
import { execInPlace, prepareExec, shield, type Shield, type Start } from "./exec.ts";
import { endAs, note, ownFailure, RunFailure, say, tell } from "./exit.ts";
import { type EnvFile, findFiles } from "./files.ts";
import { knownTool, refuseTool } from "./known-tools.ts";
import { laneOf } from "./lane.ts";
import { printRows, rowsOf } from "./listing.ts";
import type { Secret } from "./mask/borders.ts";
import { plan as makePlan, type Plan, withHosts } from "./plan.ts";
import type { SentRef } from "./requests.ts";
import { checkSizes, findProgram } from "./program.ts";
import { askFor, type Meanwhile, type Resolver } from "./resolver.ts";
import { refusal, typedFolder } from "../signs/refusal.ts";
import { readRegular } from "../sys/regular.ts";
import { isTerminal } from "../sys/tty.ts";
import { compareKept, finish, openTexts, type Value } from "./values.ts";

export type RunInput = {
  /** the words after `run` */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  resolver: Resolver;
  /** folders outside of the project */
  places?: () => { state: string; runtime: string };
  /** how `zvault run` is started once more */
  self?: () => { file: string; args: string[] };
};

/** Returns the exit code where zvault itself ends the run; in the plain lane it does not return, in the masked one it ends as the child. */
export async function run(o: RunInput): Promise<number> {
  let jsonErrors = errorsTo(o.argv);
  try {
    const options = parseArgs(o.argv);
    jsonErrors = options.jsonErrors;
    if (options.help) {
      say(1, runHelp());
      return 0;
    }
    return await walk(o, options);
  } catch (error) {
    return tell(error, jsonErrors);
  }
}

/** The whole help text of `run`. */
export function runHelp(): string {
  return (
    "Start a program with the values of .env*.zvault in its environment\n\n" +
    `USAGE\n  zvault run [options] [--] CMD …\n\nOPTIONS\n${optionsHelp()}\n` +
    "EXAMPLES\n  zvault run -- npm run dev\n  zvault run -e production -- node server.js\n  zvault run --dry-run\n  zvault run --key-file shop.key -- node server.js\n\n" +
    "EXIT CODES\n  of CMD; 125 zvault failed and nothing was started, 126 CMD cannot be executed, 127 no CMD, 128+n signal n\n"
  );
}

async function walk(o: RunInput, options: RunOptions): Promise<number> {
  const { env, cwd } = o;
  const files = findFiles({
    cwd,
    home: env["HOME"],
    files: options.files,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  if (!options.dryRun && files.some((file) => holdsReference(file.bytes))) o.resolver.begin();
  const plan = makePlan({ files, environment: env, cwd, options });
  if (options.dryRun) {
    const rows = rowsOf(plan);
    say(1, options.json ? `${JSON.stringify(rows)}\n` : printRows(rows));
    return 0;
  }
  if (!options.allowAi) refuseTool(options.command);
  if (options.watch) return await (await import("./watch.ts")).watchRun(o, options);
  const program = findProgram(options.command[0] ?? "", env["PATH"], cwd);
  if (files.length === 0 && plan.set.size === 0 && !options.quiet)
    note("no .env.zvault here or above: the environment stays as it is");
  if (!options.quiet && files.length > 0) await tellRaw(o, plan, files);

  if (plan.requests.length === 0 && plan.dangerous.length === 0) {
    const finished = finish(plan, new Map());
    const memory = options.memory.length > 0 ? await import("./memory-file.ts") : undefined;
    memory?.withoutFiles(plan, options.memory, new Map());
    if ("more" in finished) throw new Error("a plan without requests asks for more");
    if (!options.quiet) tellKept(compareKept(plan, new Map()).different);
    const contents = memory?.takeContents(plan, options.memory, new Map(), finished.environment);
    if (contents) memory?.putFiles(contents, finished.environment);
    checkSizes(finished.environment);
    execInPlace({ program, command: options.command, environment: finished.environment }, undefined);
  }
  let guard: Shield | undefined;
  const meanwhile = { sent: prepareExec, begun: () => void (guard ??= shield()) };
  const found = await values(o, options, plan, meanwhile);
  guard ??= shield();
  if (found.caller.verdict === "sign") refuseToTool(options, found.caller, plan.folder, env["HOME"]);
  if (!options.quiet) tellKept(found.different);
  const inherited = found.files?.() ?? [];
  checkSizes(found.environment);
  const begin = { program, command: options.command, environment: found.environment, inherited };
  return await start(begin, { secrets: found.secrets, open: openTexts(plan) }, options, guard, found.caller.verdict);
}

const scheme = new TextEncoder().encode("zvault://env/");

function holdsReference(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(scheme);
}

type Found = {
  environment: Map<string, string>;
  secrets: Secret[];
  different: string[];
  caller: SeenCaller;
  /** makes the files of --file: their descriptors */
  files?: () => number[];
};

/** Asks until nothing is missing; a stored text may name references that no file names. */
async function values(o: RunInput, options: RunOptions, plan: Plan, meanwhile: Meanwhile): Promise<Found> {
  const known = new Map<string, Value>();
  const ask = (refs: SentRef[], dangerous: string[]) =>
    askFor({
      resolver: o.resolver,
      plan,
      refs,
      dangerous,
      known,
      meanwhile,
      wait: options.wait,
      vaultDir: options.vault ?? o.env["ZVAULT_DIR"],
      keyFile: options.keyFile,
      starts: options.allowAi ? knownTool(options.command) : undefined,
      sealed: () => rememberRequest(o, options, plan),
      note: (line) => {
        if (!options.quiet) note(line);
      },
    });
  const caller = await ask(
    plan.requests.map((request) => request.ref),
    plan.dangerous,
  );
  // not loaded in the plain lane
  const memory = options.memory.length > 0 ? await import("./memory-file.ts") : undefined;
  const rest = memory?.withoutFiles(plan, options.memory, known) ?? plan;
  let finished = finish(rest, known);
  while ("more" in finished) {
    await ask(withHosts(plan, finished.more), []);
    finished = finish(rest, known);
  }
  const refs = plan.kept.flatMap((one) => (one.value.kind === "reference" ? [one.value.ref] : []));
  const missing = refs.filter((ref) => !known.has(printReference(ref)));
  // only to tell whether they differ: the program starts with or without an answer
  if (missing.length > 0) await ask(missing, []).catch(() => undefined);
  const kept = compareKept(plan, known);
  const { environment } = finished;
  const secrets = [...finished.secrets, ...kept.secrets];
  const found: Found = { environment, secrets, different: kept.different, caller };
  if (!memory) return found;
  const contents = memory.takeContents(plan, options.memory, known, environment);
  for (const [name, bytes] of contents) found.secrets.push({ name, bytes });
  return { ...found, files: () => memory.putFiles(contents, environment) };
}

/** For the person who unseals next. */
async function rememberRequest(o: RunInput, options: RunOptions, plan: Plan): Promise<void> {
  if (!o.places) return;
  const { callerName, rememberRequest: remember } = await import("./waiting.ts");
  remember(o.places().runtime, options.command, plan.requests.length, callerName(o.env));
}

/** An env file with values beside its references. One stat each where there is none, and a short read where there is a stub. */
async function tellRaw(o: RunInput, plan: Plan, files: readonly EnvFile[]): Promise<void> {
  const names = new Set([".env", ".env.local", ...files.map((file) => file.name.replace(/\.zvault$/, ""))]);
  const folder = files[0]?.folder ?? "";
  const above = files[0]?.label.slice(0, -(files[0]?.name.length ?? 0)) ?? "";
  const found = [...names].flatMap((name) => {
    const path = `${folder}/${name}`;
    // a link may lead to what has no end
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile() || name.endsWith(".zvault")) return [];
    const small = stat.size <= largestStub ? readRegular(path, largestStub) : undefined;
    if (small && isStub(small.bytes)) return [];
    return [{ path, label: `${above}${name}`, stamp: `${stat.ino} ${stat.size} ${stat.mtimeMs}` }];
  });
  if (found.length === 0 || !o.places) return;
  const stored = [...plan.defined.values()].filter((one) => one.value.kind !== "plain").map((one) => one.name);
  const { rawNotes } = await import("./raw.ts");
  for (const line of rawNotes(found, new Set(stored), o.places().state)) note(line);
}

function tellKept(names: readonly string[]): void {
  if (names.length > 0) note(`kept from your environment: ${names.join(", ")} (--override uses the vault's)`);
}

/** What only a person may ask of a run. Throws `ai-tool`. */
function refuseToTool(options: RunOptions, { tool = "unknown" }: SeenCaller, folder: string, home: string | undefined): void {
  const where = { tool, folder: typedFolder(folder, home) };
  if (!options.mask) throw refusal({ command: "run:no-mask", ...where });
  const started = options.allowAi ? knownTool(options.command) : undefined;
  if (started !== undefined) throw refusal({ command: "run:tool", name: started, ...where });
}

async function start(
  start: Start,
  hidden: { secrets: readonly Secret[]; open: ReadonlySet<string> },
  options: RunOptions,
  guard: Shield,
  verdict: Verdict,
): Promise<number> {
  const at = { stdout: isTerminal(1), stderr: isTerminal(2) };
  const lane = laneOf(verdict, at, options.mask);
  if (lane === "exec") execInPlace(start, guard);
  // not loaded in the plain lane, which has to be fast
  const [{ maskSet }, { runMasked }] = await Promise.all([import("./mask/borders.ts"), import("./spawn.ts")]);
  const { binary } = await import("./pump.ts");
  const set = maskSet(hidden.secrets, hidden.open);
  if (set.tables.length === 0) execInPlace(start, guard);
  const nul = verdict === "sign" ? "refuse" : "pass";
  const outcome =
    lane === "pty"
      ? await (await import("./on-terminal.ts")).runOnTerminal(start, set, at, guard, nul)
      : await runMasked(start, set, { stdout: !at.stdout, stderr: !at.stderr }, guard, nul);
  let refused = false;
  for (const { name, counts, problem } of outcome.streams) {
    if (problem === binary) {
      note(`refused: ${name} is binary, and binary output cannot be masked where an AI tool reads; it was cut off`);
      note("ask the user to run it in their own terminal, or let the program write to a file of its own");
      refused = true;
      continue;
    }
    if (!options.quiet && counts.size > 0 && verdict !== "sign" && !at[name])
      note(`masked ${printCounts(counts)} in ${name}; --no-mask writes it as it is`);
    if (problem === undefined) continue;
    const failure = new RunFailure("io", `${name} cannot be written: ${problem}`, {
      hint: "the program ran, its output is not whole",
    });
    if (outcome.ending.code === 0) throw failure;
    tell(failure, options.jsonErrors);
  }
  if (refused) return ownFailure;
  endAs(outcome.ending);
}

function printCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count === 1 ? "once" : `${count} times`}`).join(", ");
}
