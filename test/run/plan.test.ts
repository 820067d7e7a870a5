import t from "tap";
import fc from "fast-check";
import { plan, withHosts } from "../../src/run/plan.ts";
import { compareKept, finish, openTexts, type Value } from "../../src/run/values.ts";
import { rowsOf } from "../../src/run/listing.ts";
import type { EnvFile } from "../../src/run/files.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const secretValue = (text: string, expand = false): Value => ({ bytes: bytes(text), class: "secret", expand });

function file(text: string, name = ".env.zvault", folder = "/w"): EnvFile {
  return { folder, name, label: name, bytes: bytes(text) };
}

function make(
  files: EnvFile[],
  environment: Record<string, string> = {},
  options: { only?: string[]; clearEnv?: boolean; override?: boolean } = {},
) {
  return plan({ files, environment, cwd: "/w", options: { clearEnv: false, override: false, ...options } });
}

function environment(planned: ReturnType<typeof make>, values: Record<string, Value> = {}): Record<string, string> {
  const done = finish(planned, new Map(Object.entries(values)));
  if ("more" in done) throw new Error("asks for more");
  return Object.fromEntries(done.environment);
}

t.test("later files win, and a reference used twice is asked for once", (t) => {
  const planned = make([
    file("A=zvault://env/p/A\nB=1\nC=${zvault://env/p/A}!\n"),
    file("B=2\nD=zvault://env/p/D#user?version=3\n", ".env.local.zvault"),
  ]);
  t.same(
    planned.requests.map((one) => one.key),
    ["zvault://env/p/A", "zvault://env/p/D#user?version=3"],
  );
  t.same(
    planned.requests[0]?.uses.map((use) => `${use.place.file}:${use.place.line} ${use.name}`),
    [".env.zvault:1 A", ".env.zvault:3 C"],
  );
  const got = environment(planned, { "zvault://env/p/A": secretValue("x"), "zvault://env/p/D#user?version=3": secretValue("y") });
  t.same(got, { A: "x", B: "2", C: "x!", D: "y" });
  t.end();
});

t.test("a variable that is set already wins; then nothing is asked for", (t) => {
  const planned = make([file("A=zvault://env/p/A\nP=1\nQ=2\n")], { A: "mine", P: "1", Q: "3", X: "y" });
  t.same(planned.requests, []);
  t.same(environment(planned), { A: "mine", P: "1", Q: "3", X: "y" });
  t.same(compareKept(planned, new Map()).different, ["Q"], "equal ones and ones that cannot be compared are silent");
  t.same(compareKept(planned, new Map([["zvault://env/p/A", secretValue("other")]])).different, ["A", "Q"]);
  t.same(compareKept(planned, new Map([["zvault://env/p/A", secretValue("mine")]])).different, ["Q"]);
  t.end();
});

t.test("an empty variable counts as set", (t) => {
  t.same(make([file("A=zvault://env/p/A\n")], { A: "" }).requests, []);
  t.end();
});

t.test("--override turns it round, --clear-env leaves nothing of the caller's, --only leaves the others out", (t) => {
  t.same(environment(make([file("P=1\n")], { P: "2" }, { override: true })), { P: "1" });
  t.same(environment(make([file("P=1\n")], { P: "2", Q: "3" }, { clearEnv: true })), { P: "1" });
  const only = make([file("A=zvault://env/p/A\nP=${zvault:HOST}:1\nHOST=h\n")], {}, { only: ["P"] });
  t.same(only.requests, []);
  t.same(environment(only), { P: "h:1" });
  t.throws(() => make([file("PORT=1\n")], {}, { only: ["PROT"] }), { code: "not-found", hint: "did you mean PORT?" });
  t.end();
});

t.test("an inherited reference is resolved, never passed on as text", (t) => {
  const planned = make([], { A: "zvault://env/p/A", U: "x${zvault://env/p/A}", T: "see zvault://env/p/A there" });
  t.same(environment(planned, { "zvault://env/p/A": secretValue("v") }), { A: "v", U: "xv", T: "see zvault://env/p/A there" });
  t.throws(() => make([], { A: "zvault://env/../x" }), { code: "usage", names: ["A"] });
  t.end();
});

t.test("variables of zvault's own are not passed on", (t) => {
  t.same(environment(make([file("P=1\n")], { ZVAULT_KEY: "k", ZVAULT_DIR: "d", OTHER: "o" })), { P: "1", OTHER: "o" });
  t.end();
});

t.test("dangerous names of the files are told, those that the caller set himself are not", (t) => {
  const planned = make([file("NODE_OPTIONS=--require=./x\nLD_PRELOAD=zvault://env/p/L\nPATH=/evil\n")], { PATH: "/bin" });
  t.same(planned.dangerous, ["NODE_OPTIONS", "LD_PRELOAD"]);
  t.equal(environment(planned, { "zvault://env/p/L": secretValue("x") })["PATH"], "/bin");
  t.same(make([file("PATH=/evil\n")], { PATH: "/bin" }, { override: true }).dangerous, ["PATH"]);
  t.end();
});

t.test("a stored text is expanded within the run and may ask for more", (t) => {
  const planned = make([file("URL=zvault://env/p/URL\nUSER=zvault://env/p/USER\n")]);
  const url = secretValue("pg://${zvault:USER}:${zvault://env/p/PW}@h $HOME ${HOME}", true);
  const values = new Map([
    ["zvault://env/p/URL", url],
    ["zvault://env/p/USER", secretValue("u")],
  ]);
  t.same(finish(planned, values), { more: [{ path: "env/p/PW" }] });
  values.set("zvault://env/p/PW", secretValue("pw"));
  const done = finish(planned, values);
  if ("more" in done) return t.fail("asks for more");
  t.equal(done.environment.get("URL"), "pg://u:pw@h $HOME ${HOME}");
  t.same(done.secrets.map((one) => one.name).sort(), ["PW", "URL", "USER"]);
  t.end();
});

t.test("text of a value is not expanded unless it was stored as an expression", (t) => {
  const planned = make([file("A=zvault://env/p/A\n")]);
  t.equal(environment(planned, { "zvault://env/p/A": secretValue("${zvault:B} zvault://x") })["A"], "${zvault:B} zvault://x");
  t.end();
});

t.test("circles are refused by name", (t) => {
  const planned = make([file("A=1${zvault:B}\nB=2${zvault:C}\nC=3${zvault:A}\n")]);
  t.throws(() => environment(planned), { code: "usage", message: /circle: A → B → C → A/ });
  const stored = make([file("A=zvault://env/p/A\n")]);
  t.throws(() => environment(stored, { "zvault://env/p/A": secretValue("${zvault:A}", true) }), { message: /circle/ });
  t.throws(() => environment(stored, { "zvault://env/p/A": secretValue("${zvault://env/p/A}", true) }), { message: /circle/ });
  t.throws(() => environment(make([file("A=1${zvault:GONE}\n")])), { code: "unresolved", message: /\.env\.zvault:1 A needs GONE/ });
  t.end();
});

t.test("values that no environment can hold are refused by the name of the variable, never shown", (t) => {
  const planned = make([file("A=zvault://env/p/A\n")]);
  t.throws(() => environment(planned, { "zvault://env/p/A": secretValue("se\0cret") }), {
    message: ".env.zvault:1 A has a NUL byte, which no environment can hold",
  });
  const odd: Value = { bytes: new Uint8Array([115, 255, 254]), class: "secret", expand: false };
  t.throws(() => environment(planned, { "zvault://env/p/A": odd }), { message: /A is not UTF-8/ });
  t.end();
});

t.test("any UTF-8 value without NUL arrives exactly", (t) => {
  const planned = make([file("A=zvault://env/p/A\n")]);
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 200 }).filter((text) => !text.includes("\0") && text.isWellFormed()),
      (text) => {
        return environment(planned, { "zvault://env/p/A": secretValue(text) })["A"] === text;
      },
    ),
  );
  t.end();
});

t.test("settings are no secrets of the mask", (t) => {
  const planned = make([file("A=zvault://env/p/A\n")]);
  const done = finish(
    planned,
    new Map([["zvault://env/p/A", { bytes: bytes("localhost:3000"), class: "setting" as const, expand: false }]]),
  );
  t.same("secrets" in done && done.secrets, []);
  t.end();
});

t.test("malformed references and heads are refused with file and line", (t) => {
  t.throws(() => make([file("# zvault 1 project=p vault=00112233445566778899aabbccddeeff\nA=1\nB=zvault://env//B\n")]), {
    message: /^\.env\.zvault:3 B: /,
  });
  t.throws(() => make([file("# zvault 2 project=p\nA=1\n")]), { message: /^\.env\.zvault:1: / });
  t.equal(
    make([file("# zvault 1 project=p vault=00112233445566778899aabbccddeeff\n")]).headVault,
    "00112233445566778899aabbccddeeff",
  );
  t.end();
});

t.test("references of two folders cannot be asked for in one run", (t) => {
  const two = () => make([file("A=zvault://env/p/A\n", "x", "/a"), file("B=zvault://env/p/B\n", "y", "/b")]);
  t.throws(two, { code: "usage" });
  t.equal(make([file("A=1\n", "x", "/a"), file("B=zvault://env/p/B\n", "y", "/b")]).folder, "/b");
  t.end();
});

t.test("the listing of a dry run has names, places and sources, and no value", (t) => {
  const rows = rowsOf(make([file("A=zvault://env/p/A\nB=plain-text\nC=zvault://env/p/C\n")], { C: "have-it" }));
  t.same(rows, [
    { name: "A", file: ".env.zvault", line: 1, source: "vault", references: ["zvault://env/p/A"] },
    { name: "B", file: ".env.zvault", line: 2, source: "file", references: [] },
    { name: "C", file: ".env.zvault", line: 3, source: "environment", references: ["zvault://env/p/C"] },
  ]);
  t.end();
});

t.test("10,000 variables are planned and finished", (t) => {
  const planned = make([file(Array.from({ length: 10_000 }, (_, i) => `V${i}=zvault://env/p/V${i}\n`).join(""))]);
  const values = new Map(planned.requests.map((one) => [one.key, secretValue(one.key)]));
  const done = finish(planned, values);
  t.equal("environment" in done && done.environment.size, 10_000);
  t.end();
});

t.test("everybody may read the plain values of the files and the user's name, and nothing else of the environment", (t) => {
  const planned = make([file("DB_USER=alice\nDB_PASSWORD=zvault://env/p/DB_PASSWORD\nURL=x${zvault://env/p/A}\n")], {
    USER: "ann",
    OTHER_PASSWORD: "hello",
  });
  t.same([...openTexts(planned)], ["alice", "ann"]);
  t.end();
});

t.test("where the texts of the files send a reference goes along with it, also by way of names, and with its place", (t) => {
  const sent = (planned: ReturnType<typeof make>) => Object.fromEntries(planned.requests.map((one) => [one.key, one.ref.hosts]));
  const text =
    "PW=zvault://env/p/PW\nHOST=DB.example\nURL=postgres://u:${zvault:PW}@${zvault:HOST}/x\n" +
    "A=http://${zvault://env/p/A}@one/ http://two\nB=Bearer ${zvault://env/p/B}\nALL=${zvault:URL}\n";
  const planned = make([file(text)]);
  t.same(sent(planned), {
    "zvault://env/p/PW": ["db.example"],
    "zvault://env/p/A": ["one", "two"],
    "zvault://env/p/B": undefined,
  });
  t.same(
    planned.requests[0]?.sendings?.map((one) => `${one.place.file}:${one.place.line} ${one.name}`),
    [".env.zvault:3 URL", ".env.zvault:6 ALL"],
  );
  t.same(sent(make([file(text), file("HOST=evil.example\n", ".env.local.zvault")]))["zvault://env/p/PW"], ["evil.example"]);
  t.same(sent(make([file(text)], { HOST: "mine" }))["zvault://env/p/PW"], ["db.example"], "the caller's word needs no leave");
  t.same(sent(make([file("URL=http://${zvault://env/p/PW}@${zvault:MINE}/\n")], { MINE: "secret-of-mine" })), {
    "zvault://env/p/PW": ["${zvault:MINE}"],
  });
  t.same(
    sent(make([], { URL: "http://evil/${zvault://env/p/PW}" })),
    { "zvault://env/p/PW": ["evil"] },
    "direnv loads files as text",
  );
  t.end();
});

t.test("what a stored text names is sent where the files say, also by variables that --only leaves out", (t) => {
  const planned = make([file("URL=zvault://env/p/URL\nPW=x@evil/${zvault://env/p/PW}\n")], {}, { only: ["URL"] });
  const finished = finish(
    planned,
    new Map([["zvault://env/p/URL", secretValue("pg://u:${zvault:PW}@db/x ${zvault://env/p/B}", true)]]),
  );
  t.same("more" in finished && withHosts(planned, finished.more), [{ path: "env/p/PW", hosts: ["evil"] }, { path: "env/p/B" }]);
  t.end();
});

t.test("texts of names upon names are looked through within bounds, or refused with their place", (t) => {
  const doubled = Array.from({ length: 30 }, (_, at) => `A${at + 1}=\${zvault:A${at}}\${zvault:A${at}}`);
  t.throws(() => make([file(["A0=${zvault://env/p/A}", ...doubled].join("\n"))]), {
    code: "usage",
    message: /longer than an environment/,
  });
  const chain = Array.from({ length: 10_000 }, (_, at) => `A${at + 1}=\${zvault:A${at}}`);
  t.throws(() => make([file(["A0=x@${zvault://env/p/A}", ...chain].join("\n"))]), {
    code: "usage",
    message: /\.env\.zvault:\d+ A\d+ needs names/,
  });
  const many = Array.from({ length: 100 }, (_, at) => `A${at}=http://h${at}/\${zvault://env/p/A}`);
  t.throws(() => make([file(many.join("\n"))]), { code: "usage", message: /A64 sends zvault:\/\/env\/p\/A to more hosts/ });
  t.throws(() => make([file(`A=http://${"h".repeat(600)}/\${zvault://env/p/A}\n`)]), { code: "usage", message: /longer ones/ });
  t.end();
});
