/**
 * The hot lane: `zvault run`, with the agent as the one who gives the values. A chunk of its own, because code that has run once when it
 * was built need not be compiled when it starts.
 */
import { selfCommand } from "./chunks.ts";
import { placesOf } from "./locate.ts";
import { makeResolver } from "./resolve.ts";
import { run } from "./run/run.ts";

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
      begin: () => resolver().begin(),
      resolve: (request, meanwhile) => resolver().resolve(request, meanwhile),
      unseal: (meanwhile) => resolver().unseal(meanwhile),
      versions: (request, seen) => resolver().versions(request, seen),
    },
    places: () => placesOf(process.env),
    self: () => selfCommand("run"),
  });
  made?.close();
  return code;
}

/** As our caller gave it to us (`withoutDebug` in main.ts). */
function programEnvironment(): NodeJS.ProcessEnv {
  const debug = process.env["ZVAULT_NODE_DEBUG"];
  return debug === undefined ? process.env : { ...process.env, NODE_DEBUG: debug };
}
