import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { rawNames, rawNotes } from "../../src/run/raw.ts";
import { callerName, forgetRequests, programOf, rememberRequest, waitingRequests } from "../../src/run/waiting.ts";

const folder = mkdtempSync(join(tmpdir(), "zvault-waiting-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const now = Date.parse("2026-11-25T12:00:00Z");

t.test("of a command only words that are no arguments are kept", (t) => {
  t.equal(programOf(["npm", "test"]), "npm test");
  t.equal(programOf(["/usr/bin/npm", "run", "test:unit"]), "npm run test:unit");
  t.equal(programOf(["curl", "-H", "Authorization: Bearer abc"]), "curl …");
  t.equal(programOf(["psql", "postgres://u:secret@h/db"]), "psql …");
  t.equal(programOf(["node", "Sk4LiVe0123456789"]), "node …");
  t.equal(programOf(["npm", "run", "dev", "--", "--token=x"]), "npm run dev …");
  t.end();
});

t.test("a request is kept a quarter of an hour, once for a program and caller, sixteen at most, 0600", (t) => {
  rememberRequest(folder, ["npm", "test"], 7, "claude", now);
  rememberRequest(folder, ["npm", "test"], 8, "claude", now + 1000);
  t.same(waitingRequests(folder, now + 2000), [
    { time: "2026-11-25T12:00:01.000Z", program: "npm test", count: 8, caller: "claude" },
  ]);
  t.equal(statSync(`${folder}/waiting`).mode & 0o777, 0o600);
  t.same(waitingRequests(folder, now + 16 * 60_000), []);
  t.same(waitingRequests(folder, now - 60_000), [], "from the future: a clock that was set back, or a claim");
  for (let at = 0; at < 40; at++) rememberRequest(folder, [`p${at}`], 1, "x".repeat(200), now + at);
  const all = waitingRequests(folder, now + 100);
  t.equal(all.length, 16);
  t.equal(all.at(-1)?.program, "p39");
  t.equal(all[0]?.caller.length, 64);
  forgetRequests(folder);
  t.same(waitingRequests(folder, now), []);
  t.end();
});

t.test("what stands there is a claim: links, large files and other forms are passed over", (t) => {
  const path = `${folder}/waiting`;
  const line = JSON.stringify({ time: new Date(now).toISOString(), program: "x", count: 1, caller: "y" });
  writeFileSync(`${folder}/target`, `${line}\n`);
  symlinkSync(`${folder}/target`, path);
  t.same(waitingRequests(folder, now), []);
  rememberRequest(folder, ["npm"], 1, "z", now);
  t.equal(readFileSync(`${folder}/target`, "utf8"), `${line}\n`, "the link's target is not written");
  t.equal(lstatSync(path).isSymbolicLink(), false);
  writeFileSync(path, `${line}\n`.repeat(1000));
  t.same(waitingRequests(folder, now), []);
  writeFileSync(path, `no json\n[]\n{"time":1}\n${line}\n{"time":"x","program":"p","count":1,"caller":"c"}\n`);
  t.equal(waitingRequests(folder, now).length, 1);
  forgetRequests(folder);
  mkdirSync(path);
  t.doesNotThrow(() => forgetRequests(folder), "an unseal does not fail for a folder in its place");
  t.doesNotThrow(() => rememberRequest(`${folder}/no`, ["npm"], 1, "z", now));
  t.type(callerName({}), "string");
  t.equal(callerName({ CLAUDECODE: "1" }), "Claude Code");
  t.end();
});

t.test("raw values are secrets, and whatever has a reference beside it", (t) => {
  const bytes = new TextEncoder().encode(
    "PORT=3000\nNAME=plain\nAPI_KEY=sk_live_0123456789abcdefABCDEF\nREF=zvault://env/shop/A\nEMPTY=\n",
  );
  t.same(rawNames(bytes, new Set()), ["API_KEY"]);
  t.same(rawNames(bytes, new Set(["NAME", "REF", "EMPTY"])), ["NAME", "API_KEY"]);
  t.end();
});

t.test("raw values are told once a day a file, again when the day is over, and not from a file that did not change", (t) => {
  const state = `${folder}/state`;
  const path = `${folder}/.env`;
  writeFileSync(path, "API_KEY=sk_live_0123456789abcdefABCDEF\nB_TOKEN=kjh345kjh34kj5h\n");
  const file = (stamp: string) => [{ path, label: ".env", stamp }];
  const line = ".env has 2 raw values (API_KEY, …): zvault import .env";
  t.same(rawNotes(file("1"), new Set(), state, now), [line]);
  t.same(rawNotes(file("1"), new Set(), state, now + 3600_000), []);
  t.same(rawNotes(file("2"), new Set(), state, now + 3600_000), []);
  t.same(rawNotes(file("2"), new Set(), state, now + 25 * 3600_000), [line]);
  rmSync(path);
  t.same(rawNotes(file("2"), new Set(), state, now + 50 * 3600_000), [line], "not read again while it is the same");
  t.same(rawNotes(file("3"), new Set(), state, now + 90 * 3600_000), []);
  t.notMatch(readFileSync(`${state}/raw`, "utf8"), "sk_live");
  t.equal(statSync(`${state}/raw`).mode & 0o777, 0o600);
  writeFileSync(`${state}/raw`, "what\n{}\n[1]\n");
  t.same(rawNotes(file("4"), new Set(), state, now), []);
  t.end();
});

t.test(
  "a state folder that cannot be written is no failure",
  { skip: process.geteuid?.() === 0 ? "root may write anything" : false },
  (t) => {
    chmodSync(folder, 0o500);
    t.doesNotThrow(() => rawNotes([{ path: "/none", label: "x", stamp: "1" }], new Set(), `${folder}/closed`, now));
    chmodSync(folder, 0o700);
    t.equal(existsSync(`${folder}/closed`), false);
    t.end();
  },
);
