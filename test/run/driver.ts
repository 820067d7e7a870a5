/**
 * `zvault run` with fixed values instead of a client: `node driver.ts VALUES.json ARGS…`. VALUES.json: {"values": {REF: {"base64", "class"?,
 * "expand"?}}, "dangerous"?: [allowed names], "sealed"?: "once" | "always"}. Started as a process of its own by the tests.
 */
import { appendFileSync, readFileSync } from "node:fs";
import type { Verdict } from "../../src/calls/vault.ts";
import { printReference } from "../../src/envfile/reference.ts";
import { ZvaultError } from "../../src/errors.ts";
import { run } from "../../src/run/run.ts";
import type { Resolver } from "../../src/run/resolver.ts";

type Given = {
  values: Record<string, { base64: string; class?: "secret" | "setting"; expand?: boolean }>;
  dangerous?: string[];
  sealed?: "once" | "always";
  /** how the agent sees the caller; a person without it */
  caller?: { verdict: Verdict; tool?: string };
  /** file that gets a line for every question */
  log?: string;
};

const given = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Given;
let sealed = given.sealed !== undefined;

const resolver: Resolver = {
  async resolve(request, meanwhile) {
    meanwhile.sent?.();
    meanwhile.begun();
    if (given.log !== undefined) appendFileSync(given.log, `${JSON.stringify(request)}\n`);
    if (sealed) throw new ZvaultError("sealed", "sealed, and only a person can unseal");
    const refused = request.dangerous.filter((name) => !(given.dangerous ?? []).includes(name));
    if (refused.length > 0) throw new ZvaultError("dangerous-name", "dangerous names", { names: refused });
    const missing = request.refs.filter((ref) => given.values[printReference(ref)] === undefined);
    if (missing.length > 0) throw new ZvaultError("unresolved", "no value", { names: missing.map((ref) => ref.path) });
    const values = request.refs.map((ref) => {
      const one = given.values[printReference(ref)];
      const bytes = new Uint8Array(Buffer.from(one?.base64 ?? "", "base64"));
      return { bytes, class: one?.class ?? "secret", expand: one?.expand ?? false } as const;
    });
    return {
      values,
      caller: { signs: [], ...(given.caller ?? { verdict: "plain" }) },
      release: () => values.forEach((value) => value.bytes.fill(0)),
    };
  },
  begin() {},
  async unseal() {
    if (given.sealed === "once") sealed = false;
    else throw new ZvaultError("would-ask", "no terminal");
  },
};

process.exit(await run({ argv: process.argv.slice(3), env: process.env, cwd: process.cwd(), resolver }));
