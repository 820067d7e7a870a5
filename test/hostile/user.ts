/**
 * Run as an unprivileged user: starts an agent, makes a vault with a value in it, prints where all that is as one line of JSON, and
 * seals when its standard input ends. "ask" as third word: a foreign program, that only asks.
 */
import * as fs from "node:fs";
import { connect } from "../../src/client.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { locateVault, type Places } from "../../src/locate.ts";
import type { VerbName } from "../../src/verbs.ts";
import { agentCommand, makePlaces } from "../agent/real.ts";

export type Said = { pid: number; base: string; places: Places; project: string };
export type Asked = Record<string, { code: string } | { shown: number }>;

const path = "env/shop/TOKEN";

async function own(): Promise<void> {
  const value = fs.readFileSync(3);
  const { base, places } = makePlaces();
  const project = `${base}/shop`;
  fs.mkdirSync(project);
  const client = await connect({ places, start: true, command: agentCommand() });
  const key = makeKeyFile();
  const credential = { kind: "key-file" as const, parts: [key] };
  await client.ask("vault.init", { dir: project, slot: "key-file" }, { credential });
  const vault = locateVault({ cwd: project, places, home: base });
  if (!vault) throw new Error("no vault");
  await client.ask("agent.unseal", {}, { vault, credential });
  for (let round = 0; round < 20; round += 1) {
    await client.ask("kv.put", { path }, { vault, body: [value] });
    await client.ask("kv.put", { path: `env/shop/N${round}` }, { vault, body: [new Uint8Array(100).fill(round)] });
    if (round % 7 === 0) (await client.ask("kv.get", { path }, { vault, credential })).release();
  }
  process.stdout.write(`${JSON.stringify({ pid: client.agentPid, base, places, project } satisfies Said)}\n`);
  for await (const _chunk of process.stdin);
  await client.ask("agent.seal", {});
  fs.rmSync(base, { recursive: true });
}

/** Every verb that shows a value, without a proof of presence. */
async function ask({ base, places, project }: Said): Promise<void> {
  const client = await connect({ places, start: false });
  const vault = locateVault({ cwd: project, places, home: base });
  if (!vault) throw new Error("no vault");
  const asked: Asked = {};
  const tries: [VerbName, object][] = [
    ["kv.get", { path }],
    ["access.add", { kind: "shares", shares: 3, threshold: 2 }],
    ["vault.rekey", { newShares: { shares: 3, threshold: 2 } }],
    ["project.allow", { folder: ".", refs: [path] }],
    ["kv.resolve", { folder: ".", refs: [{ path }] }],
  ];
  for (const [verb, args] of tries) {
    asked[verb] = await client.ask(verb, args as never, { vault }).then(
      ({ body }) => ({ shown: body.length }),
      (failure: { code: string }) => ({ code: failure.code }),
    );
  }
  process.stdout.write(`${JSON.stringify(asked)}\n`);
  client.close();
}

await (process.argv[2] === "ask" ? ask(JSON.parse(process.argv[3] ?? "{}") as Said) : own());
