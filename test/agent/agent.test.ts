import "../helpers/detached.ts";
import * as fs from "node:fs";
import t from "tap";
import { connect } from "../../src/client.ts";
import { locateVault } from "../../src/locate.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { processStat } from "../../src/process-stat.ts";
import { agentCommand, gone, makePlaces, realAgent } from "./real.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const passphrase = (text: string) => ({ kind: "passphrase" as const, parts: [bytes(text)] });

t.test("without an agent the vault is sealed, and nothing is started", async (t) => {
  const { base, places } = makePlaces();
  t.teardown(() => fs.rmSync(base, { recursive: true }));
  await t.rejects(connect({ places, start: false }), { code: "sealed" });
  t.notOk(fs.existsSync(places.runtime));
});

t.test("an agent is hardened before it listens, and says so", async (t) => {
  const { client } = await realAgent(t);
  const { result } = await client.ask("agent.status", {});
  t.equal(result.pid, client.agentPid);
  t.strictSame(
    result.hardening.filter((one) => !one.ok),
    [],
  );
  t.ok(result.hardening.length >= 6);
  t.notOk(result.identityOpen);
  if (result.memory.kind !== "unlocked") t.ok(result.memory.locked > 0);
});

t.test("init, put and get go over the socket, sealed and unsealed", async (t) => {
  const { client, base, options } = await realAgent(t);
  const project = `${base}/shop`;
  fs.mkdirSync(project);
  await client.ask("vault.init", { dir: project, slot: "identity" }, { credential: passphrase("correct horse") });
  const vault = locateVault({ cwd: project, places: options.places, home: base });
  if (!vault) return t.fail("the vault that was made is not found");
  t.equal(vault.how, "ancestor");
  t.equal(vault.root, project);
  await client.ask("agent.unseal", {}, { vault, credential: passphrase("correct horse") });
  const value = new Uint8Array(1024 * 1024).fill(0x5a);
  const put = await client.ask("kv.put", { path: "env/shop/BIG" }, { vault, body: [value] });
  t.equal(put.result.version, 1);
  const got = await client.ask("kv.get", { path: "env/shop/BIG" }, { vault, credential: passphrase("correct horse") });
  t.equal(Buffer.compare(got.body[0] ?? new Uint8Array(), value), 0);
  const [view] = got.body;
  got.release();
  t.ok(
    view?.every((byte) => byte === 0),
    "released bytes are zero",
  );
  await t.rejects(client.ask("agent.unseal", {}, { vault, credential: passphrase("wrong") }), { code: "wrong-passphrase" });

  const pid = client.agentPid;
  await client.ask("agent.seal", {});
  t.ok(processStat(pid) === undefined || processStat(pid)?.state === "Z", "when seal returns the process is gone");
  t.notOk(fs.existsSync(`${options.places.runtime}/agent.sock`));
  await t.rejects(connect({ ...options, start: false }), { code: "sealed" });
  const second = await connect(options);
  t.teardown(() => second.close());
  await t.rejects(second.ask("kv.list", { prefix: "" }, { vault }), { code: "sealed" });
  const opened = await second.ask("agent.unseal", {}, { vault, credential: passphrase("correct horse") });
  t.equal(opened.result.opened, "identity");
  t.equal((await second.ask("kv.list", { prefix: "" }, { vault })).result.secrets.length, 1);
  await second.ask("agent.seal", {});
});

t.test("a key file opens a vault over the socket, a wrong one does not", async (t) => {
  const { client, base, options } = await realAgent(t);
  fs.mkdirSync(`${base}/shop`);
  const key = makeKeyFile();
  const credential = { kind: "key-file" as const, parts: [key] };
  await client.ask("vault.init", { dir: `${base}/shop`, slot: "key-file" }, { credential });
  const vault = locateVault({ cwd: `${base}/shop`, places: options.places, home: base });
  if (!vault) return t.fail("not found");
  await t.rejects(client.ask("agent.unseal", {}, { vault, credential: { kind: "key-file", parts: [makeKeyFile()] } }), {
    code: "wrong-key",
  });
  t.equal((await client.ask("agent.unseal", {}, { vault, credential })).result.opened, "vault");
});

t.test("ten clients that start at once share one agent", async (t) => {
  const { base, places } = makePlaces();
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect({ places, start: true, command: agentCommand() })));
  t.equal(new Set(clients.map((one) => one.agentPid)).size, 1);
  await clients[0]?.ask("agent.seal", {});
  for (const one of clients) one.close();
  fs.rmSync(base, { recursive: true });
});

t.test("with nothing open and nobody connected the agent goes away by itself", async (t) => {
  const { client, places } = await realAgent(t, { grace: 100 });
  const pid = client.agentPid;
  const since = processStat(pid)?.startTime ?? "";
  await client.ask("agent.status", {});
  client.close();
  await gone(pid, since);
  t.notOk(fs.existsSync(`${places.runtime}/agent.sock`));
});

t.test("a client whose agent is on its way out is served by the next one", async (t) => {
  const { options } = await realAgent(t, { grace: 1 });
  for (let round = 0; round < 5; round += 1) {
    const client = await connect(options);
    t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
    client.close();
  }
});

t.test("when its time is up a vault is sealed, and the agent goes", async (t) => {
  const { client, base, options } = await realAgent(t, { grace: 100 });
  const pid = client.agentPid;
  const since = processStat(pid)?.startTime ?? "";
  fs.mkdirSync(`${base}/shop`);
  const credential = { kind: "key-file" as const, parts: [makeKeyFile()] };
  await client.ask("vault.init", { dir: `${base}/shop`, slot: "key-file" }, { credential });
  const vault = locateVault({ cwd: `${base}/shop`, places: options.places, home: base });
  if (!vault) return t.fail("not found");
  await client.ask("agent.seal", {});
  await gone(pid, since);
  const next = await connect(options);
  await next.ask("agent.unseal", { lifetime: 3 }, { vault, credential });
  t.equal((await next.ask("agent.status", {})).result.vaults.length, 1);
  const [second, began] = [next.agentPid, processStat(next.agentPid)?.startTime ?? ""];
  next.close();
  await gone(second, began);
  t.match(fs.readFileSync(`${options.places.state}/agent.log`, "utf8"), /ending: nothing open/);
});

t.test("TERM, HUP and INT seal and end it", async (t) => {
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) {
    const { client, places } = await realAgent(t);
    const pid = client.agentPid;
    const since = processStat(pid)?.startTime ?? "";
    process.kill(pid, signal);
    await gone(pid, since);
    t.notOk(fs.existsSync(`${places.runtime}/agent.sock`), signal);
    t.match(fs.readFileSync(`${places.state}/agent.log`, "utf8"), `ending: ${signal}`);
    t.equal(fs.statSync(`${places.state}/agent.log`).mode & 0o777, 0o600);
  }
});

t.test("a killed agent leaves a stale socket, and the next one takes its place", async (t) => {
  const { client, places, options } = await realAgent(t);
  const pid = client.agentPid;
  const since = processStat(pid)?.startTime ?? "";
  process.kill(pid, "SIGKILL");
  await gone(pid, since);
  t.ok(fs.existsSync(`${places.runtime}/agent.sock`));
  await t.rejects(client.ask("agent.status", {}), { code: "agent-start" });
  await t.rejects(connect({ ...options, start: false }), { code: "sealed" });
  const next = await connect(options);
  t.not(next.agentPid, pid);
  await next.ask("agent.seal", {});
});

t.test("a change that was asked of an agent that dies is not said to be undone", async (t) => {
  const { client } = await realAgent(t);
  process.kill(client.agentPid, "SIGSTOP");
  const asked = client.ask("backup.restore", { dir: "/nowhere", from: "mirror" });
  setTimeout(() => process.kill(client.agentPid, "SIGKILL"), 100);
  await t.rejects(asked, { code: "internal", message: /not known/ });
});

t.test("another build is refused by name, but may ask for the status and seal", async (t) => {
  const { client, options } = await realAgent(t);
  const other = await connect({ ...options, build: "9.9.9+other" });
  await t.rejects(other.ask("identity.show", {}), { code: "other-build", hint: /zvault seal/ });
  t.equal((await other.ask("agent.status", {})).result.pid, client.agentPid);
  await other.ask("agent.seal", {});
});

t.test("another home is refused by name", async (t) => {
  const { places, options } = await realAgent(t);
  const other = await connect({ ...options, places: { ...places, state: "/elsewhere/zvault" } });
  t.teardown(() => other.close());
  await t.rejects(other.ask("identity.show", {}), { code: "other-home", names: [places.config, places.state] });
});

t.test("an agent that cannot start says why", async (t) => {
  const { base, places } = makePlaces();
  t.teardown(() => fs.rmSync(base, { recursive: true }));
  const long = { ...places, runtime: `${base}/run/${"x".repeat(100)}` };
  await t.rejects(connect({ places: long, start: true, command: agentCommand() }), {
    code: "no-runtime",
    message: /107 bytes/,
    hint: /XDG_RUNTIME_DIR/,
  });
  fs.mkdirSync(places.runtime, { mode: 0o755 });
  await t.rejects(connect({ places, start: true, command: agentCommand() }), { code: "no-runtime", message: /chmod 700/ });
  fs.chmodSync(places.runtime, 0o700);
  fs.writeFileSync(`${places.runtime}/agent.sock`, "");
  await t.rejects(connect({ places, start: true, command: agentCommand() }), { code: "no-runtime", message: /not a socket/ });
  await t.rejects(
    connect({ places: { ...places, runtime: `${base}/run/a` }, start: true, command: { file: "/bin/false", args: [] } }),
    {
      code: "agent-start",
      message: /exit code 1/,
    },
  );
  await t.rejects(connect({ places: { ...places, runtime: `${base}/none/a` }, start: true, command: agentCommand() }), {
    code: "no-runtime",
    message: /cannot be made/,
  });
});
