/**
 * The hot lane: `zvault run`, with the agent as the one who gives the values. A chunk of its own, because code that has run once when it
 * was built need not be compiled when it starts.
 */
import { parseAnswer, printHead } from "./frame.ts";
import { FrameReader, plainRoom } from "./frame-reader.ts";
import { makeResolver } from "./resolve.ts";
import { parseArgs } from "./run/args.ts";
import { plan } from "./run/plan.ts";
import { findProgram } from "./run/program.ts";
import { run } from "./run/run.ts";
import { finish } from "./run/values.ts";
import { libc } from "./sys/libc.ts";

export async function main(argv: readonly string[]): Promise<number> {
  const cwd = process.cwd();
  // made on first use: a run that misses nothing needs neither HOME nor a vault
  let made: ReturnType<typeof makeResolver> | undefined;
  const resolver = () => (made ??= makeResolver(process.env, cwd));
  const code = await run({
    argv,
    env: programEnvironment(),
    cwd,
    resolver: {
      resolve: (request, meanwhile) => resolver().resolve(request, meanwhile),
      unseal: (meanwhile) => resolver().unseal(meanwhile),
    },
  });
  made?.close();
  return code;
}

/** As our caller gave it to us (`withoutDebug` in main.ts). */
function programEnvironment(): NodeJS.ProcessEnv {
  const debug = process.env["ZVAULT_NODE_DEBUG"];
  return debug === undefined ? process.env : { ...process.env, NODE_DEBUG: debug };
}

/** What the build runs once, so that the code cache holds compiled functions: the way of a run, without vault, agent or program. */
export async function warm(): Promise<void> {
  const options = parseArgs(["-e", "warm", "--no-mask", "--", "sh"]);
  const text =
    '# a comment\nPLAIN=1\nQUOTED="two words" # why\nexport A=zvault://env/shop/A\nB=http://${zvault://env/shop/B}@host\n';
  const file = { name: ".env.zvault", label: ".env.zvault", folder: "/", bytes: new TextEncoder().encode(text) };
  const made = plan({ files: [file], environment: process.env, cwd: "/", options });
  const value = { bytes: new TextEncoder().encode("a value"), class: "secret" as const, expand: false };
  finish(made, new Map(made.requests.map((one) => [one.key, value])));
  findProgram("sh", "/usr/bin:/bin", "/");
  libc();
  const head = printHead({ v: 1, build: "warm", ok: true, result: {}, body: [3] });
  const reader = new FrameReader(parseAnswer, plainRoom);
  reader.push(Buffer.concat([head, new TextEncoder().encode("abc")]));
  // a run that fails early, with everything that it loads
  const missing = { resolve: () => Promise.reject(new Error("warm")), unseal: () => Promise.resolve() };
  await run({ argv: ["--dry-run", "--quiet", "--", "true"], env: {}, cwd: "/", resolver: missing });
}
