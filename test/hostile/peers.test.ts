import "../helpers/detached.ts";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { connect } from "../../src/client.ts";
import { frameLimits, printHead } from "../../src/frame.ts";
import { gone, makePlaces, realAgent } from "../agent/real.ts";
import { processStat } from "../../src/process-stat.ts";
import { goodHeader, Peer, rawHead } from "./peer.ts";

const root = process.geteuid?.() === 0;

t.test("whatever a peer sends, it gets an error or is cut, and the agent serves the next one", async (t) => {
  const { client, places } = await realAgent(t, { time: 500 });
  const good = JSON.stringify(goodHeader(places, { verb: "kv.put" }));
  const body = (length: string): Buffer => rawHead(good.replace('"body":[]', `"body":[${length}]`));
  const rows: [string, Uint8Array, string][] = [
    ["garbage", Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), "protocol"],
    ["zeroes", new Uint8Array(100_000), "protocol"],
    ["a header of 4 GiB", rawHead("", 0xffff_ffff), "protocol"],
    ["a header a byte too long", rawHead("", frameLimits.header + 1), "protocol"],
    ["a whole header of brackets", rawHead("[".repeat(frameLimits.header)), "protocol"],
    ["deep nesting, well formed", rawHead(`${"[".repeat(4_000_000)}${"]".repeat(4_000_000)}`), "protocol"],
    ["millions of lengths", rawHead(good.replace('"body":[]', `"body":[${"0,".repeat(4_000_000)}0]`)), "protocol"],
    ["__proto__", rawHead(good.replace('"args":{', '"args":{"__proto__":{"a":1}')), "protocol"],
    ["a name twice", rawHead(good.replace('"v":1', '"v":1,"v":1')), "protocol"],
    ["body of 2^32-1", body("4294967295"), "protocol"],
    ["body of -1", body("-1"), "protocol"],
    ["body of 2^53", body("9007199254740992"), "protocol"],
    ["body of NaN", body("NaN"), "protocol"],
    ["body of 1.5", body("1.5"), "protocol"],
    ["body of 64 MiB and one", body(`${Array(64).fill(frameLimits.part).join()},1`), "protocol"],
    ["no such verb", printHead(goodHeader(places, { verb: "kv.steal" })), "usage"],
    ["toString as a verb", printHead(goodHeader(places, { verb: "toString" })), "usage"],
    ["another user's name", printHead(goodHeader(places, { env: { ...goodHeader(places).env, uid: 4242 } })), "protocol"],
    ["wrong arguments", printHead(goodHeader(places, { verb: "vault.init", args: { dir: 7, slot: [] } })), "usage"],
    ["arguments that are no path", printHead(goodHeader(places, { verb: "kv.get", args: { path: "../../etc/passwd" } })), "usage"],
  ];
  for (const [name, bytes, code] of rows) {
    const peer = new Peer(places).send(bytes);
    const [answer] = await peer.take(1);
    t.match(answer, { ok: false, error: { code } }, name);
    peer.close();
    t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
  }
});

t.test("a peer that begins a frame and falls silent is cut; one that is silent between frames is not", async (t) => {
  const { client, places } = await realAgent(t, { time: 300 });
  const whole = printHead(goodHeader(places, { verb: "kv.put", body: [1000], credential: { kind: "passphrase", parts: [10] } }));
  const quiet = new Peer(places);
  for (const part of [
    whole.subarray(0, 1),
    whole.subarray(0, 8),
    whole.subarray(0, 100),
    whole,
    Buffer.concat([whole, Buffer.alloc(1005)]),
  ]) {
    const peer = new Peer(places).send(part);
    await peer.closed;
    t.strictSame(peer.answers, [], `cut after ${part.length} bytes`);
  }
  t.match(await quiet.send(goodHeader(places)).take(1), [{ ok: true }]);
  quiet.close();
  t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
});

t.test("several frames in one packet are answered in order, a half-closed peer too", async (t) => {
  const { places } = await realAgent(t);
  const packet = Buffer.concat([
    printHead(goodHeader(places)),
    printHead(goodHeader(places, { verb: "no.verb" })),
    printHead(goodHeader(places, { verb: "identity.show" })),
  ]);
  const peer = new Peer(places);
  peer.socket.end(packet);
  t.match(await peer.take(3), [{ ok: true }, { ok: false, error: { code: "usage" } }, { ok: true, result: { exists: false } }]);
  await peer.closed;
});

t.test("a peer that leaves before its answer, or does not take it, hurts nobody", async (t) => {
  const { client, places } = await realAgent(t, { time: 500 });
  for (let round = 0; round < 50; round += 1) {
    const peer = new Peer(places);
    await new Promise((resolve) => peer.socket.write(printHead(goodHeader(places)), resolve));
    peer.close();
  }
  const lazy = new Peer(places);
  lazy.socket.pause();
  const many = Buffer.concat(Array(5000).fill(printHead(goodHeader(places))));
  lazy.socket.write(many);
  t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  lazy.socket.resume();
  await lazy.closed;
  t.ok(lazy.answers.length < 5000, "it was cut");
  t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
});

t.test("a client killed in the middle of a frame leaves the agent unharmed", async (t) => {
  const { client, places } = await realAgent(t);
  const head = Buffer.from(printHead(goodHeader(places, { verb: "kv.put", body: [1024 * 1024] }))).toString("base64");
  const script = `const c=require("net").connect(${JSON.stringify(`${places.runtime}/agent.sock`)});
    c.write(Buffer.from("${head}","base64"));c.write(Buffer.alloc(500000),()=>process.kill(process.pid,"SIGKILL"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
  const signal = await new Promise((resolve) => child.on("exit", (_code, by) => resolve(by)));
  t.equal(signal, "SIGKILL");
  t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
});

t.test("500 idle connections do not keep the next one out, and of more the quietest are cut", async (t) => {
  const { client, places } = await realAgent(t);
  const idle: Peer[] = [];
  // a busy agent's queue of connections may be full: the kernel then refuses (EAGAIN), and one tries again
  const openOne = async (): Promise<Peer> => {
    for (;;) {
      const peer = new Peer(places);
      const opened = await new Promise<boolean>((resolve) => {
        peer.socket.once("connect", () => resolve(true));
        peer.socket.once("error", () => resolve(false));
      });
      if (opened) return peer;
      await wait(20);
    }
  };
  const open = async (count: number): Promise<void> => {
    idle.push(...(await Promise.all(Array.from({ length: count }, openOne))));
  };
  await open(500);
  t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
  for (let round = 0; round < 4; round += 1) await open(100);
  const last = new Peer(places);
  t.match(await last.send(goodHeader(places)).take(1), [{ ok: true }]);
  last.close();
  await Promise.all(idle.slice(0, 300).map((peer) => peer.closed));
  for (const peer of idle) peer.close();
});

t.test("many peers that send large requests and never end them do not fill the memory, and the next one is served", async (t) => {
  const { client, places } = await realAgent(t);
  const part = frameLimits.part;
  const head = printHead(goodHeader(places, { verb: "kv.put", body: Array<number>(64).fill(part) }));
  const rest = Buffer.alloc(60 * part, 1);
  const peers = Array.from({ length: 5 }, () => new Peer(places).send(head, rest));
  await Promise.race(peers.map((peer) => peer.closed));
  t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
  const resident = Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${client.agentPid}/status`, "latin1"))?.[1]);
  t.ok(resident < 500 * 1024, `${resident} KiB`);
  for (const peer of peers) peer.close();
});

t.test("another user is cut before a byte is read", async (t) => {
  if (!root) return t.comment("not run: other users need root");
  const { client, base, places } = await realAgent(t);
  const path = `${places.runtime}/agent.sock`;
  const say = async (): Promise<string> => {
    const script = `const c=require("net").connect(${JSON.stringify(path)});let got="";c.on("data",d=>got+=d);
      c.on("error",e=>console.log(e.code));c.on("close",()=>console.log("closed "+got.length));
      c.write(Buffer.from("${Buffer.from(printHead(goodHeader(places))).toString("base64")}","base64"))`;
    const child = spawn("/usr/bin/env", ["-i", process.execPath, "-e", script], {
      uid: 65534,
      gid: 65534,
      cwd: "/",
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    for await (const chunk of child.stdout) text += String(chunk);
    return text;
  };
  t.match(await say(), "EACCES", "the folder keeps it out");
  for (const folder of [base, `${base}/run`, places.runtime]) fs.chmodSync(folder, 0o711);
  fs.chmodSync(path, 0o777);
  t.match(await say(), /closed 0/, "and where it does not, the agent does");
  fs.chmodSync(places.runtime, 0o700);
  t.equal((await client.ask("agent.status", {})).result.pid, client.agentPid);
  t.match(fs.readFileSync(`${places.state}/agent.log`, "utf8"), "cut a connection of uid 65534");
});

t.test("a client does not speak to a socket on which another user listens", async (t) => {
  if (!root) return t.comment("not run: other users need root");
  const { base, places } = makePlaces();
  t.teardown(() => fs.rmSync(base, { recursive: true }));
  fs.mkdirSync(places.runtime, { mode: 0o700 });
  const script = `import os,socket,sys
s=socket.socket(socket.AF_UNIX); s.bind(${JSON.stringify(`${places.runtime}/agent.sock`)}); os.setuid(65534); s.listen()
print("up",flush=True); c,_=s.accept(); print(len(c.recv(1000)),flush=True)`;
  const child = spawn("python3", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  const said: string[] = [];
  const up = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk) => {
      said.push(String(chunk));
      resolve();
    });
  });
  await up;
  await t.rejects(connect({ places, start: false }), { code: "unsafe-file", message: /65534/ });
  await new Promise((resolve) => child.on("close", resolve));
  t.equal(said.join(""), "up\n0\n", "not a byte was sent");
});

t.test("an agent whose socket was taken away ends", async (t) => {
  const { client, places, options } = await realAgent(t);
  const pid = client.agentPid;
  const since = processStat(pid)?.startTime ?? "";
  fs.rmSync(`${places.runtime}/agent.sock`);
  const next = await connect(options);
  t.not(next.agentPid, pid);
  await gone(pid, since);
  await next.ask("agent.seal", {});
});
