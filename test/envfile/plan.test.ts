import { readFileSync } from "node:fs";
import dotenv from "dotenv";
import fc from "fast-check";
import t from "tap";
import { assignments, expressionsOf, valueBytes } from "../../src/envfile/document.ts";
import { parseHead } from "../../src/envfile/head.ts";
import { fillLayout } from "../../src/envfile/layout.ts";
import { parse } from "../../src/envfile/parse.ts";
import { planImport, type Plan, type PlanInput, type PlannedFile } from "../../src/envfile/plan.ts";
import { formsOf } from "../../src/envfile/traces.ts";
import { judge } from "../../src/scan/judge.ts";
import { chars, tokens } from "../scan/tokens.ts";

const vault = "0123456789abcdef".repeat(2);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const shown = (bytes: Uint8Array | undefined): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
const dash = "-".repeat(5);

function planOf(files: Record<string, string | Uint8Array>, more: Partial<PlanInput> = {}): Plan {
  const list = Object.entries(files).map(([name, text]) => ({ name, bytes: typeof text === "string" ? encode(text) : text }));
  return planImport({ files: list, project: "shop", options: { plain: [], secret: [] }, judge, ...more });
}

function one(text: string | Uint8Array, more: Partial<PlanInput> = {}): PlannedFile & { text: string } {
  const [file] = planOf({ ".env": text }, more).files;
  if (!file) throw new Error("no file");
  return { ...file, text: shown(file.envZvault) };
}

/** The original, from layout and values. */
function back(file: PlannedFile): string {
  return Buffer.from(fillLayout(file.layout, new Map(file.entries.map((entry) => [entry.path, entry.value])))).toString("latin1");
}

t.test("a password that is an everyday word takes no setting with it", async (t) => {
  const text = [
    "# postgres in development",
    "POSTGRES_USER=postgres",
    "POSTGRES_PASSWORD=postgres",
    "DB_HOST=postgres-7.example.com",
    "NODE_ENV=development",
    "SESSION_SECRET=development",
    "DB_USER=jan-erik",
    "DB_PASSWORD=jan-erik",
    "",
  ];
  const file = one(text.join("\n"));
  const kept = file.entries.filter((entry) => entry.to === "file").map((entry) => entry.key);
  t.same(kept, ["POSTGRES_USER", "DB_HOST", "NODE_ENV"]);
  t.match(file.text, "# postgres in development\n");
  t.notMatch(file.text, "jan-erik", "any other password does");
});

t.test("the example's file becomes names, its values are what dotenv reads, and its layout gives it back", async (t) => {
  const bytes = readFileSync(new URL("../../examples/shop/env.example-values", import.meta.url));
  const file = one(bytes, { vault });
  t.equal(file.entries.length, 20);
  t.same(Object.fromEntries(file.entries.map((entry) => [entry.key, shown(entry.value)])), { ...dotenv.parse(bytes) });
  const settings = file.entries.filter((entry) => entry.to === "file").map((entry) => entry.key);
  t.same(settings, [
    "NODE_ENV",
    "PORT",
    "HOST",
    "LOG_LEVEL",
    "SHOP_TITLE",
    "PUBLIC_API_URL",
    "STRIPE_PUBLISHABLE_KEY",
    "AWS_REGION",
  ]);
  t.same(parseHead(file.text), { project: "shop", vault });
  for (const entry of file.entries.filter((found) => found.to === "vault")) {
    for (const form of formsOf(entry.value)) t.notOk(file.text.includes(form) || shown(file.layout).includes(form), entry.key);
    t.equal(expressionsOf(parse(file.envZvault)).get(entry.key)?.text, `zvault://env/shop/${entry.key}`);
  }
  t.same(file.leftOut, [{ line: 27, name: "STRIPE_SECRET_KEY", rule: "commented-out assignment", looks: "stripe-key" }]);
  t.same(file.requoted, []);
  t.equal(back(file), bytes.toString("latin1"));
  t.equal(file.layoutPath, "env/shop/.layout/.env");
  const lines = bytes.toString().split("\n").length;
  t.equal(file.text.split("\n").length, lines + 2 - 5, "two lines of head more, five of the key less");
});

t.test("settings, empty values and references stay as they stand", async (t) => {
  const text = "PORT=3000\nE=\nQ=\"\"\nR=zvault://env/other/R\nT='postgres://u:${zvault://env/x/PW}@h/d'\n";
  const file = one(text);
  t.equal(file.text, text);
  t.ok(file.entries.every((entry) => entry.to === "file" && entry.class === "setting"));
});

t.test("what a person says overrules the judgement, and so does the vault's memory", async (t) => {
  const text = "A_KEY=abc12345\nB=plain\nC_KEY=abc67890\n";
  const existing = new Map([["env/shop/C_KEY", "setting" as const]]);
  const file = one(text, { existing, options: { plain: ["A_KEY"], secret: ["B"] } });
  t.same(
    file.entries.map((entry) => [entry.class, entry.why]),
    [
      ["setting", "--plain"],
      ["secret", "--secret"],
      ["setting", "as before"],
    ],
  );
  t.equal(file.text, "A_KEY=abc12345\nB=zvault://env/shop/B\nC_KEY=abc67890\n");
  t.throws(() => one(text, { options: { plain: ["NOPE"], secret: ["B", "ALSO"] } }), { code: "usage", names: ["NOPE", "ALSO"] });
  t.throws(() => one(text, { options: { plain: ["B"], secret: ["B"] } }), { code: "usage", names: ["B"] });
});

t.test("every commented-out assignment with a value is left out, whatever its marks", async (t) => {
  const rows: [string, string][] = [
    ["# KEY=abc", "# KEY=‹left out by zvault›"],
    ["  #KEY = 'a b'", "# KEY=‹left out by zvault›"],
    ["## export KEY=abc # x", "# KEY=‹left out by zvault›"],
    ["# - PORT=1", "# PORT=‹left out by zvault›"],
    ["# was OLD_KEY=abc until May", "# OLD_KEY=‹left out by zvault›"],
    ['#KEY: "abc"', "# KEY=‹left out by zvault›"],
    ["A=1 # OLD_KEY=abc", "A=1 # OLD_KEY=‹left out by zvault›"],
    ["A=1# OLD_KEY=abc", "A=1 # OLD_KEY=‹left out by zvault›"],
  ];
  for (const [line, want] of rows) t.equal(one(`${line}\r\nB=1\r\n`).text, `${want}\r\nB=1\r\n`, line);
  for (const line of ["# KEY=", "# KEY", "# a comment: with a colon", "# ==== part ====", "# https://x.example/?a=b"])
    t.equal(one(`${line}\n`).text, `${line}\n`);
  const quoted = one('# KEY="first\n# second-part\n# third"\n# stays\nA=1\n');
  t.equal(quoted.text, `${"# KEY=‹left out by zvault›\n".repeat(3)}# stays\nA=1\n`);
  t.equal(back(quoted), '# KEY="first\n# second-part\n# third"\n# stays\nA=1\n');
});

t.test("a secret in a comment, a stray line or a name is left out", async (t) => {
  for (const [rule, token] of tokens) {
    const multi = token.replaceAll("\n", "\n# ");
    for (const text of [
      `# ask mira: ${multi}\nA=1\n`,
      `A=1 # ${token.split("\n")[0]}\n`,
      `${token.includes("\n") ? token : `>> ${token}`}\nA=1\n`,
    ]) {
      const file = one(text);
      if (text.startsWith("A=1 #") && token.includes("\n")) continue;
      t.ok(file.leftOut.length > 0, `${rule}: ${JSON.stringify(text.slice(0, 20))}`);
      const secret = tokens.find(([, found]) => found === token)?.[2] ?? token;
      for (const line of secret.split("\n")) if (!line.startsWith(dash)) t.notOk(file.text.includes(line), rule);
      t.match(file.text, /^A=1\b/m);
      t.equal(back(file), Buffer.from(text).toString("latin1"));
    }
  }
  const named = one(`${chars(32)}=1\n`);
  t.equal(named.text, "# ‹left out by zvault›\n");
  t.same([named.entries, named.notes], [[], []]);
});

t.test("a key that was pasted without quotes is taken out with all its lines", async (t) => {
  const text = `KEY=${dash}BEGIN RSA PRIVATE KEY${dash}\n${chars(64)}\nAb3dEf==\nx=\n${dash}END RSA PRIVATE KEY${dash}\nA=1\n`;
  const file = one(text);
  t.equal(file.text, `KEY=zvault://env/shop/KEY\n${"# ‹left out by zvault›\n".repeat(4)}A=1\n`);
  t.same(
    file.entries.map((entry) => entry.key),
    ["KEY", "A"],
  );
  t.equal(back(file), text);
});

t.test("a secret's value that shows elsewhere is taken out there too, in any file and any encoding", async (t) => {
  const secret = "tr0ub4dor&3-marker";
  const base64 = Buffer.from(secret).toString("base64");
  const shifted = Buffer.from(`u:${secret}`).toString("base64");
  const hex = Buffer.from(secret).toString("hex");
  const files = planOf({
    ".env": `# it was ${secret} before\nDB_PASSWORD=${secret}\nTITLE=x # ${hex}\n`,
    ".env.local":
      `NAME=${encodeURIComponent(secret)}\nTITLE="see ${hex.toUpperCase()}"\nSTAGE=${secret}\n` +
      `HELLO=${base64}\nGREETING='${shifted}'\nPORT=1\n`,
  }).files;
  for (const file of files)
    for (const form of formsOf(encode(secret))) t.notOk(shown(file.envZvault).includes(form), form.slice(0, 4));
  t.same(
    files[1]?.entries.filter((entry) => entry.to === "file").map((entry) => entry.key),
    ["PORT"],
  );
  t.equal(files[1]?.entries[0]?.why, "holds the value of DB_PASSWORD");
  const plain = one(`DB_PASSWORD=${secret}\nTITLE=${secret}\n`, { options: { plain: ["TITLE"], secret: [] } });
  t.match(plain.notes, [{ kind: "shows-secret", name: "TITLE", line: 2, decision: true }]);
});

t.test("of several lines of one name the last counts, and no earlier secret stays", async (t) => {
  const same = one("KEY=abcdef-1\nPORT=1\nKEY='abcdef-2'\nPORT=2\n");
  t.equal(same.text, "KEY=zvault://env/shop/KEY\nPORT=1\nKEY=zvault://env/shop/KEY\nPORT=2\n");
  t.equal(shown(same.entries[0]?.value), "abcdef-2");
  t.same(
    same.notes.map((note) => [note.kind, note.line]),
    [
      ["duplicate", 3],
      ["duplicate", 4],
    ],
  );
  t.equal(back(same), "KEY=abcdef-1\nPORT=1\nKEY='abcdef-2'\nPORT=2\n");
  for (const last of ["", "zvault://env/other/KEY"]) {
    const text = `KEY=abcdef-1\nKEY=${last}\n`;
    const file = one(text);
    t.equal(file.text, `# KEY=‹left out by zvault›\nKEY=${last}\n`);
    t.equal(back(file), text);
  }
});

t.test("what readers see differently, and what is dangerous, is told with its line", async (t) => {
  const rows: [string, string, boolean][] = [
    ["NODE_OPTIONS=--require=./x.js", "dangerous-name", true],
    ["URL=${HOST}/a", "interpolation", true],
    ["URL=$NOBODY/a", "interpolation", true],
    ["A='open", "unterminated-quote", true],
    ["A='Let's go'", "inner-quote", true],
    ['A="x" y', "text-after-quote", true],
    ["A=x#y", "glued-hash", true],
    ["A=$(date)", "command-substitution", true],
    ["A: x", "colon", false],
    ["my-name=x", "odd-name", true],
    ["__proto__=x", "odd-name", true],
    ["A=x\rB=y", "bare-cr", true],
    ["A=x\0y", "nul", true],
    [`NEXT_PUBLIC_X=${["sk", "live", chars(24)].join("_")}`, "public-secret", true],
  ];
  for (const [line, kind, decision] of rows) {
    const file = one(`HOST=localhost\n${line}\n`);
    t.match(
      file.notes.find((note) => note.kind === kind),
      { kind, line: 2, decision },
      line,
    );
  }
  t.same(one("A='$HOST'\nQ=\"x # y\" #z\nR='\\$HOST'\n").notes, [], "single quotes and quoted marks are clear to all");
  t.match(one(Buffer.from("A=\xff\xfe1\n", "latin1")).notes, [{ kind: "not-utf8" }]);
});

t.test("files that cannot be imported are refused with the place", async (t) => {
  t.throws(() => one(`A=1\nBIG=${"x".repeat(1024 * 1024 + 1)}\n`), { code: "too-large", message: /^\.env:2: .*BIG/ });
  t.throws(() => planOf({ "prod.env": "A=1" }), { code: "usage" });
  t.throws(() => one(Buffer.from("\ufeffA=1\n", "utf16le")), { code: "usage", message: /UTF-16/ });
  t.throws(() => one(`${"K".repeat(129)}=1\n`), { code: "usage" });
  t.throws(() => one("A=zvault://env/../x\n"), { code: "usage", message: /^\.env:1: A: / });
  t.same(one("").text, "");
});

t.test("ten thousand variables and a value of 1 MiB are planned", async (t) => {
  const many = Array.from({ length: 10_000 }, (_, at) => `NAME_${at}_KEY=${chars(20)}${at}\n`).join("");
  t.equal(one(many).entries.filter((entry) => entry.to === "vault").length, 10_000);
  t.equal(one(`BIG_KEY="${"line of text, more text\n".repeat(43_000)}"\n`).entries.length, 1);
});

t.test("whatever the file: no value of a secret is in what is written, and the layout gives the file back", async () => {
  const unit = fc.oneof(
    fc.constantFrom(
      "A_KEY",
      "PORT",
      "B",
      "=",
      "=",
      ": ",
      "\n",
      "\n",
      "\r\n",
      "# ",
      "'",
      '"',
      "`",
      "export ",
      " ",
      "\\n",
      "3000",
      "$B",
      "\0",
      "\r",
    ),
    fc.constantFrom("swordfish", "hunter2222", "c2Vzc2lvbnM", ...tokens.slice(0, 12).map(([, token]) => token)),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
      const text = units.join("");
      let file: PlannedFile;
      try {
        file = one(text, { vault });
      } catch (error) {
        return (error as { code?: string }).code === "usage";
      }
      const written = shown(file.envZvault);
      const stored = new Set(file.entries.filter((entry) => entry.to === "vault").map((entry) => entry.key));
      const told = new Set(file.notes.filter((note) => note.kind === "shows-secret").map((note) => note.line));
      const leaks = assignments(parse(encode(text)))
        .filter((found) => stored.has(found.name))
        .some((found) => formsOf(valueBytes(found)).some((form) => written.includes(form)));
      return (!leaks || told.size > 0) && (back(file) === Buffer.from(text).toString("latin1") || file.requoted.length > 0);
    }),
    { numRuns: 3000 },
  );
});

t.test("what is written in no syntax that dotenv knows is not written again", async (t) => {
  const secret = "Xq7hunter2plum";
  const lines = [
    `$env:FOO="${secret}"`,
    `declare -x FOO='${secret}'`,
    `set FOO=${secret}`,
    `foo:${secret}`,
    `{"foo": "${secret}"}`,
    `- foo: ${secret}`,
    `<a foo="${secret}"/>`,
    `FOO ${secret}`,
    secret,
    `// FOO=${secret}`,
    `; FOO=${secret}`,
    `PASSWORD="abc\n${secret}\nA=1`,
    `PASSWORD=<<EOF\n${secret}\nEOF`,
    `PASSWORD=abc\\\n${secret}`,
    `PASSWORD=abc#${secret}`,
    `PASSWORD="abc"#${secret}`,
    `PASSWORD=${secret}\n# ${Array.from(secret).toReversed().join("")}`,
    `# the password is ${secret}`,
    `PASSWORD=plum42\n# remember plum42 for bob`,
    `A=1 # pw ${secret}`,
    `DB=\${zvault:X}${secret}`,
    `DB=postgres://u:${secret}@h/\${zvault:X}`,
  ];
  for (const text of lines) {
    const file = one(`${text}\n`, { vault });
    t.notMatch(file.text, /Xq7hunter2plum|mulp2retnuh7qX|plum42/, text);
    t.equal(back(file), `${text}\n`, "and nothing is lost");
  }
  t.match(one("COLOR=red#dark\n# set the key to sha256 of the file\n# token v2.1\n").text, /red#dark\n# set.*\n# token v2.1\n/);
});

t.test("a secret beside a reference is stored as a text that run expands", async (t) => {
  const file = one("DB_URL=postgres://u:Xq7hunter2plum@h/${zvault:NAME}\nU=http://${zvault:HOST}/v1\n", { vault });
  t.match(file.entries, [
    { key: "DB_URL", class: "secret", to: "vault", expand: true },
    { key: "U", to: "file" },
  ]);
  t.equal(expressionsOf(parse(file.envZvault)).get("DB_URL")?.text, "zvault://env/shop/DB_URL");
});

t.test("UTF-16 without a byte order mark is refused, not copied", async (t) => {
  for (const bytes of [
    Buffer.from("PASSWORD=hunter2hunter2\n", "utf16le"),
    Buffer.from("PASSWORD=hunter2hunter2\n", "utf16le").swap16(),
  ])
    t.throws(() => one(bytes), { code: "usage", message: /UTF-16/ });
});

t.test("names that say so in one word are secrets, whatever the value", async (t) => {
  const names = ["DBPASSWORD", "DB_PW", "MYSQLPASS", "APITOKEN", "ROOTPWD", "JWTSECRET", "PASSWORD2", "DB_PASS1", "dbpassword"];
  const file = one(`${names.map((name) => `${name}=letmein\n`).join("")}COMPASS=north\nBYPASS=never\n`);
  t.same(
    file.entries.filter((entry) => entry.to === "vault").map((entry) => entry.key),
    names,
  );
});
