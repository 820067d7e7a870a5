/** What is chosen where readers differ, and that a run gives just that. */
import fc from "fast-check";
import t from "tap";
import { answerKey, type Choice } from "../../src/envfile/expressions.ts";
import { Readings } from "../../src/envfile/dialects/dialects.ts";
import { dialects, type Dialect } from "../../src/envfile/dialects/reader.ts";
import { fillLayout } from "../../src/envfile/layout.ts";
import { fileSet } from "../../src/envfile/file-set.ts";
import { planImport, type Plan } from "../../src/envfile/plan.ts";
import { ZvaultError } from "../../src/errors.ts";
import { plan as planRun } from "../../src/run/plan.ts";
import { finish, type Value } from "../../src/run/values.ts";
import { judge } from "../../src/scan/judge.ts";
import { syntax } from "./syntax.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
const numRuns = process.env["ZVAULT_TEST_SLOW"] === "1" ? 20_000 : 600;

type Files = Record<string, string>;
type Options = { dialect?: Dialect; answers?: Map<string, Choice>; environment?: Record<string, string>; secret?: string[] };

function planOf(files: Files, { secret = [], ...options }: Options = {}): Plan {
  const list = Object.entries(files).map(([name, text]) => ({ name, bytes: encode(text) }));
  return planImport({ files: list, project: "shop", vault: "0".repeat(32), options: { plain: [], secret, ...options }, judge });
}

/** What a program gets that is started with the imported files. */
function run(plan: Plan, environment: Record<string, string> = {}): Record<string, string> {
  const names = fileSet(
    ".env",
    plan.files.map((file) => file.name),
  );
  const files = names.map((name) => {
    const file = plan.files.find((one) => one.name === name);
    return { folder: "/", name: `${name}.zvault`, label: `${name}.zvault`, bytes: file?.envZvault ?? new Uint8Array() };
  });
  const made = planRun({ files, environment, cwd: "/", options: { clearEnv: false, override: false } });
  const values = new Map<string, Value>();
  for (const { path, value, expand, class: kind } of plan.files.flatMap((file) => file.entries)) {
    values.set(`zvault://${path}`, { bytes: value, class: kind, expand });
  }
  const done = finish(made, values);
  if ("more" in done) throw new Error(`not there: ${JSON.stringify(done.more)}`);
  return Object.fromEntries(done.environment);
}

/** What the dialect's own reader gives, the files merged as a run merges them. */
function readAs(dialect: Dialect, files: Files, environment: Record<string, string> = {}): Record<string, string> | undefined {
  const readings = new Readings(new Map(Object.entries(files)), new Map(Object.entries(environment)));
  const all: Record<string, string> = { ...environment };
  for (const name of fileSet(".env", Object.keys(files))) {
    const reading = readings.of(dialect, name);
    if (reading.kind === "refused") return undefined;
    for (const [key, one] of reading.bound) all[key] = one.value;
  }
  return all;
}

function textOf(plan: Plan, name = ".env"): string {
  const file = plan.files.find((one) => one.name === name);
  return decode(file?.envZvault ?? new Uint8Array()).replace(/^.*\n.*\n/, "");
}

const url = "DB_USER=shop\nDB_PASSWORD=Tr0ub4dor-and-3\nDATABASE_URL=postgres://${DB_USER}:$DB_PASSWORD@db:5432/shop\n";

t.test("a variable of the same files goes on as one: readable where only references are in it", async (t) => {
  const plan = planOf({ ".env": url });
  t.equal(
    textOf(plan),
    "DB_USER=shop\nDB_PASSWORD=zvault://env/shop/DB_PASSWORD\n" +
      "DATABASE_URL=postgres://${zvault:DB_USER}:${zvault:DB_PASSWORD}@db:5432/shop\n",
  );
  t.match(run(plan), { DATABASE_URL: "postgres://shop:Tr0ub4dor-and-3@db:5432/shop" });
  t.match(run(plan, { DB_USER: "mira" }), { DATABASE_URL: "postgres://mira:Tr0ub4dor-and-3@db:5432/shop" });
  const [note] = plan.files[0]?.notes ?? [];
  t.match(note, { kind: "interpolation", line: 3, name: "DATABASE_URL", decision: true });
  t.match(note?.text, "uses ${DB_USER}, ${DB_PASSWORD}");
  t.equal(decode(fillLayout(plan.files[0]?.layout ?? new Uint8Array(), valuesOf(plan))), url);
});

function valuesOf(plan: Plan): Map<string, Uint8Array> {
  return new Map(plan.files.flatMap((file) => file.entries.map((one) => [one.path, one.value])));
}

t.test("an expression with a secret in its text is stored, and expanded when it runs", async (t) => {
  const text = "DB_HOST=db.internal\nDATABASE_URL=postgres://admin:S3cretPw-91@${DB_HOST}/shop\n";
  const plan = planOf({ ".env": text });
  t.equal(textOf(plan), "DB_HOST=db.internal\nDATABASE_URL=zvault://env/shop/DATABASE_URL\n");
  const entry = plan.files[0]?.entries.find((one) => one.key === "DATABASE_URL");
  t.match(entry, { expand: true, to: "vault", class: "secret" });
  t.equal(decode(entry?.value ?? new Uint8Array()), "postgres://admin:S3cretPw-91@${zvault:DB_HOST}/shop");
  t.match(run(plan), { DATABASE_URL: "postgres://admin:S3cretPw-91@db.internal/shop" });
  const layout = plan.files[0]?.layout ?? new Uint8Array();
  t.equal(decode(fillLayout(layout, valuesOf(plan))), text, "the layout gives the old text back");
  const changed = new Map([["env/shop/DATABASE_URL", encode("postgres://x")]]);
  t.equal(decode(fillLayout(layout, changed)), "DB_HOST=db.internal\nDATABASE_URL=postgres://x\n");
});

t.test("what no file has, what stands behind a backslash and in single quotes is text", async (t) => {
  const text = "B=b\nW=${NOBODY}/x\nX=\\$B\nY='${B}'\nZ=${B:-other}-${B:+x}\n";
  const plan = planOf({ ".env": text });
  t.match(run(plan), { W: "${NOBODY}/x", X: "\\$B", Y: "${B}", Z: "b-${B:+x}" });
  t.match(run(planOf({ ".env": "B=\nZ=${B:-other}\n" })), { Z: "other" });
});

t.test("files that are read together are one set, an environment's files another", async (t) => {
  const files = {
    ".env": "URL=x://${HOST}/${PORT}\nHOST=a\n",
    ".env.local": "HOST=b\n",
    ".env.production": "PORT=1\nAPP_URL=http://${HOST}/p\n",
  };
  const plan = planOf(files);
  t.match(run(plan), { URL: "x://b/${PORT}", HOST: "b" });
  t.match(textOf(plan, ".env.production"), "APP_URL=http://${zvault:HOST}/p");
});

t.test("variables that name each other, or themselves, are refused with their lines", async (t) => {
  const circle = { code: "usage", message: ".env:1 A, .env:3 B name each other in a circle", names: ["A", "B"] };
  t.throws(() => planOf({ ".env": "A=${B}x\nC=1\nB=$A\n" }), circle);
  t.throws(() => planOf({ ".env": "LIST=${LIST}:/x\n" }), { code: "usage", message: ".env:1 LIST names itself" });
  t.match(run(planOf({ ".env": "A=${B}x\nC=1\nB=$A\n" }, { dialect: "node" })), { A: "${B}x", B: "$A" });
  t.match(run(planOf({ ".env": "A=${A:-1}\n" }, { dialect: "compose" })), { A: "1" });
  t.throws(() => planOf({ ".env": "A=$A/x\n" }, { dialect: "next" }), { code: "usage", message: /^\.env:1: next refuses/ });
});

t.test("a dialect's reading is what a run gives", async (t) => {
  const text = `${url}A=x#y\nB="a\\tb"\nC='$DB_USER'\nD=$$DB_USER\nE: colon\nF=\`tick\`\n`;
  for (const dialect of dialects) {
    const plan = planOf({ ".env": text }, { dialect });
    t.same(run(plan), readAs(dialect, { ".env": text }), dialect);
    t.ok(
      plan.files[0]?.notes.every((note) => note.options === undefined),
      "nothing is asked",
    );
  }
});

t.test("whatever the files, a run gives what the dialect's reader gave, and the layout the file", async (t) => {
  const files = fc.record({ ".env": syntax, ".env.local": syntax }, { requiredKeys: [".env"] });
  let compared = 0;
  for (const dialect of dialects) {
    fc.assert(
      fc.property(files, (some) => {
        const texts = Object.fromEntries(Object.entries(some).filter(([, text]) => text !== undefined)) as Files;
        const environment = { OUTSIDE: "o" };
        const expected = readAs(dialect, texts, environment);
        if (!expected) return;
        // names that no .env.zvault can hold, and values that no environment can
        for (const [name, value] of Object.entries(expected)) {
          if (!/^[\w.-]+$/.test(name) || name === "__proto__") delete expected[name];
          fc.pre(!value.includes("\0") && value.isWellFormed());
        }
        let plan: Plan;
        try {
          plan = planOf(texts, { dialect, environment });
        } catch (error) {
          // quotes that cannot be written again, or a reference that is malformed
          if (error instanceof ZvaultError && /ambiguous|cannot be written|malformed/.test(error.message)) return;
          throw error;
        }
        const dropped = plan.files
          .flatMap((file) => file.leftOut)
          .some((one) => one.name !== undefined && !one.rule.startsWith("not read"));
        if (dropped || plan.files.some((file) => file.requoted.length > 0)) return;
        compared++;
        t.strictSame(run(plan, environment), expected, JSON.stringify({ dialect, texts }));
        for (const file of plan.files) {
          const back = decode(fillLayout(file.layout, valuesOf(plan)));
          if (back !== texts[file.name]) t.fail(JSON.stringify({ dialect, texts, back }));
        }
      }),
      { numRuns },
    );
  }
  t.ok(compared > numRuns, `${compared} files were compared`);
});

t.test("an answer holds for its variable only", async (t) => {
  const files = { ".env": "A=x#y\nB=x#y\nC-C=x\n" };
  const [file] = planOf(files).files;
  const asked = file?.notes.filter((note) => note.options).map((note) => [note.name, note.options?.map((one) => one.choice)]);
  t.same(asked, [
    ["A", ["node", "compose"]],
    ["B", ["node", "compose"]],
    ["C-C", ["node", "leave"]],
  ]);
  const answers = new Map<string, Choice>([
    [answerKey(".env", "A"), "compose"],
    [answerKey(".env", "C-C"), "leave"],
  ]);
  const plan = planOf(files, { answers });
  t.same(run(plan), { A: "x#y", B: "x" });
  const [a, b, c] = textOf(plan).split("\n");
  t.equal(a, "A=zvault://env/shop/A # ‹left out by zvault›");
  t.equal(b, "B=x#y");
  t.equal(c, "# C-C=‹left out by zvault›");
});

t.test("of a secret nothing behind a glued # is shown, whoever reads it as a part of the value", async (t) => {
  const text = "DB_PASSWORD=Tr0ub4dor#and-3-more # why\nTITLE=a#b\nA_KEY=abcdefgh12345678 # a remark\n";
  const shown = textOf(planOf({ ".env": text }));
  t.notMatch(shown, "and-3-more");
  t.match(shown, "TITLE=a#b\n");
  t.match(shown, "A_KEY=zvault://env/shop/A_KEY # a remark\n");
  t.notMatch(textOf(planOf({ ".env": text }, { dialect: "compose" })), "and-3-more");
});

/** Every way we know to write a secret, S, on a line of a dotenv file. A word in a comment that nothing gives away is none. */
const spellings = [
  "A_SECRET=S",
  'A_SECRET="S" # why',
  "export B_TOKEN='S'",
  "C_KEY=`S`",
  "D_PASSWORD=x#S",
  "D_PASSWORD=x\t#S",
  'D_PASSWORD="x"S',
  "D_PASSWORD='x'S'",
  "# OLD_KEY=S",
  "'E_SECRET'=S",
  "F_SECRET: S",
  "URL=postgres://u:S@h/${A_SECRET}",
  "URL=postgres://u:${A_SECRET}S@h/db",
  'G_TOKEN="a\nS\n"',
  "H_SECRET='S",
  'H_SECRET="S',
  "I_KEY=\tS ",
  "J_SECRET=S\r",
  "K_SECRET=${A_SECRET}-S",
  "K_SECRET=${NOBODY:-S}",
  "K_SECRET=${A_SECRET:-S}",
  "K_SECRET=\\$S",
  "M_SECRET=$(echo S)",
  "N_SECRET=S\\",
  "NO-NAME_KEY=S",
  "S",
  "A_SECRET=first\nA_SECRET=S",
  "\ufeffO_SECRET=S",
];

t.test("whatever the spelling, no secret stands in what is committed", async (t) => {
  const lines = fc.array(fc.tuple(fc.constantFrom(...spellings), fc.integer({ min: 0, max: 999 })), { minLength: 1, maxLength: 6 });
  let planned = 0;
  fc.assert(
    fc.property(lines, fc.constantFrom(undefined, ...dialects), (some, dialect) => {
      const secrets = some.map(([, seed], at) => `tulip-${at}-sofa-${seed}`);
      const text = some
        .map(([line], at) =>
          line.replaceAll("S", (unit, place: number) =>
            /[A-Z_]/.test(line[place + 1] ?? "") || /[A-Z_]/.test(line[place - 1] ?? "") || line.startsWith("Shop", place)
              ? unit
              : (secrets[at] ?? ""),
          ),
        )
        .join("\n");
      let plan: Plan;
      try {
        plan = planOf({ ".env": text }, dialect ? { dialect } : {});
      } catch (error) {
        if (error instanceof ZvaultError && error.code === "usage") return;
        throw error;
      }
      planned++;
      const shown = textOf(plan);
      for (const secret of secrets) if (shown.includes(secret)) t.fail(JSON.stringify({ dialect, text, shown }));
    }),
    { numRuns: numRuns * 2 },
  );
  t.ok(planned > numRuns / 2, `${planned} files`);
});

t.test("variables that stand in each other too deep, or double each other, are refused, whoever reads them", async (t) => {
  const deep = `${Array.from({ length: 3000 }, (_, at) => `N${at}=\${N${at + 1}}`).join("\n")}\nN3000=x\n`;
  t.throws(() => planOf({ ".env": deep }), { code: "usage", message: /put together over more than 100 variables/ });
  const double = `N0=xxxx\n${Array.from({ length: 60 }, (_, at) => `N${at + 1}=\${N${at}}\${N${at}}`).join("\n")}\n`;
  t.throws(() => planOf({ ".env": double }), { code: "too-large", message: /^\.env:\d+ N\d+ comes to more than 1 MiB/ });
  for (const dialect of ["next", "compose", "python"] as const) {
    t.throws(() => planOf({ ".env": double }, { dialect }), { message: /^\.env:?\d*/ }, dialect);
  }
  t.equal(planOf({ ".env": double }, { dialect: "node" }).files.length, 1);
});
